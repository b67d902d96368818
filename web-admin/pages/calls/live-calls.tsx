/** Every call that is up: where it is, since when, and why. */
import { App, Button, Drawer, Empty, Input, Popconfirm, Skeleton, Table, Tag } from 'antd';
import { useState, type ReactNode } from 'react';
import type { PictureCall, PictureParty } from '../../live/live-picture.ts';
import { ask } from '../base/api.ts';
import { durationText, useNow } from '../base/clock.ts';
import { useSpoken, useTexts, wordOf } from '../base/i18n.tsx';
import { useLive } from '../base/live.ts';
import { departmentName, hasRole, useSite } from '../base/site-context.ts';
import { toApiError } from '../base/use-asked.ts';

function usePartyText(): (party: PictureParty | null) => string {
  const t = useTexts();
  const { directory } = useSite();
  return (party) => {
    if (party === null) return '';
    if (party.kind === 'trunk') return party.number === '' ? t('calls.withheld') : party.number;
    return directory.seats.find(({ id }) => id === party.seatId)?.extension ?? party.seatId;
  };
}

/** What somebody types here may move the caller: the words of the rules decide. */
function CallDrawer({ call, close }: { readonly call: PictureCall; readonly close: () => void }): ReactNode {
  const { t, language } = useSpoken();
  const { directory, account } = useSite();
  const { message } = App.useApp();
  const party = usePartyText();
  const nowMs = useNow();
  const [typed, setTyped] = useState('');
  const [isBusy, setBusy] = useState(false);
  const mayAct = hasRole(account, 'dutyManager', 'supervisor', 'callTaker');
  const act = (work: () => Promise<unknown>, done: string): void => {
    setBusy(true);
    work()
      .then(
        () => {
          void message.success(done);
        },
        (error: unknown) => {
          void message.error(toApiError(error).body.message);
        },
      )
      .finally(() => {
        setBusy(false);
      });
  };
  const { callId } = call;
  const facts = [
    [t('calls.caller'), party(call.caller)],
    [t('calls.dialled'), call.dialled],
    [t('calls.department'), departmentName(directory, call.departmentId, language)],
    [t('calls.with'), party(call.other)],
    [t('calls.since'), durationText(nowMs - call.openedWallMs)],
    [t('calls.node'), call.node.toUpperCase()],
    [t('calls.reason'), call.emergency?.trigger ?? t('calls.ordinary')],
  ] as const;
  return (
    <Drawer open onClose={close} title={t('calls.one')} size={420}>
      <dl className="facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value === '' ? '—' : value}</dd>
          </div>
        ))}
      </dl>
      {mayAct ? (
        <>
          <label htmlFor="complaint">{t('calls.complaint')}</label>
          <Input.TextArea
            id="complaint"
            rows={3}
            maxLength={500}
            value={typed}
            onChange={(event) => {
              setTyped(event.target.value);
            }}
          />
          <p className="hint">{t('calls.complaintHelp')}</p>
          <Button
            type="primary"
            loading={isBusy}
            disabled={typed.trim() === ''}
            onClick={() => {
              act(
                () => ask('POST /api/calls/:callId/complaint', { params: { callId }, body: { text: typed } }),
                t('calls.complaintDone'),
              );
            }}
          >
            {t('calls.complaintSend')}
          </Button>{' '}
          {call.emergency === null ? null : (
            <Popconfirm
              title={t('calls.undoSure')}
              onConfirm={() => {
                act(
                  () => ask('POST /api/calls/:callId/emergency/undo', { params: { callId } }),
                  t('calls.undoDone'),
                );
              }}
            >
              <Button danger>{t('calls.undo')}</Button>
            </Popconfirm>
          )}
        </>
      ) : null}
    </Drawer>
  );
}

export function LiveCalls(): ReactNode {
  const { t, language } = useSpoken();
  const { picture } = useLive();
  const { directory } = useSite();
  const party = usePartyText();
  const nowMs = useNow();
  const [chosen, setChosen] = useState<string>();
  if (picture === undefined) return <Skeleton active />;
  const call = picture.calls.find(({ callId }) => callId === chosen);
  const columns = [
    {
      title: t('calls.state'),
      key: 'state',
      render: (_: unknown, one: PictureCall) => (
        <>
          {one.emergency === null ? null : <Tag color="red">{t('emergency.title')}</Tag>}
          <Tag
            color={one.state === 'talking' ? 'green' : one.waitingSinceWallMs === null ? 'default' : 'gold'}
          >
            {one.waitingSinceWallMs === null ? wordOf(t, 'callState', one.state) : t('callState.waiting')}
          </Tag>
        </>
      ),
    },
    {
      title: t('calls.caller'),
      key: 'caller',
      render: (_: unknown, one: PictureCall) => (
        <button
          type="button"
          className="plain-link"
          onClick={() => {
            setChosen(one.callId);
          }}
        >
          {party(one.caller)}
        </button>
      ),
    },
    { title: t('calls.dialled'), dataIndex: 'dialled', key: 'dialled' },
    {
      title: t('calls.department'),
      key: 'department',
      render: (_: unknown, one: PictureCall) => departmentName(directory, one.departmentId, language),
    },
    {
      title: t('calls.place'),
      key: 'place',
      render: (_: unknown, one: PictureCall) =>
        one.position === null
          ? party(one.other)
          : one.ringingSeatIds.length > 0
            ? t('calls.rings', { seats: one.ringingSeatIds.map((id) => id.replace('seat-', '')).join(', ') })
            : t('calls.position', { position: one.position }),
    },
    {
      title: t('calls.waited'),
      key: 'waited',
      render: (_: unknown, one: PictureCall) =>
        one.waitingSinceWallMs === null ? '' : durationText(nowMs - one.waitingSinceWallMs),
    },
    {
      title: t('calls.since'),
      key: 'since',
      render: (_: unknown, one: PictureCall) => durationText(nowMs - one.openedWallMs),
    },
    { title: t('calls.node'), key: 'node', render: (_: unknown, one: PictureCall) => one.node.toUpperCase() },
  ];
  return (
    <>
      <Table<PictureCall>
        size="small"
        rowKey="callId"
        columns={columns}
        dataSource={[...picture.calls]}
        pagination={{ pageSize: 50, hideOnSinglePage: true, showSizeChanger: false }}
        locale={{ emptyText: <Empty description={t('calls.none')} /> }}
        scroll={{ x: 'max-content' }}
      />
      {call === undefined ? null : (
        <CallDrawer
          key={call.callId}
          call={call}
          close={() => {
            setChosen(undefined);
          }}
        />
      )}
    </>
  );
}
