/** Records of calls: searched, read step by step, taken along for a spreadsheet. */
import { App, Button, Drawer, Form, Input, Select, Switch, Table, Tag, Timeline } from 'antd';
import { useCallback, useState, type ReactNode } from 'react';
import type { CallRecord, RecordedStep } from '../../../cluster/store/call-record-read-port.ts';
import { ask, save } from '../base/api.ts';
import { durationText, startOfDayMs, timeText } from '../base/clock.ts';
import { useSpoken, wordOf } from '../base/i18n.tsx';
import { nodeNowMs } from '../base/live.ts';
import { Shown } from '../base/notice.tsx';
import { callTakerName, departmentName, useSite } from '../base/site-context.ts';
import { toApiError, useAsked } from '../base/use-asked.ts';

const DAY_MS = 86_400_000;
const PAGE = 200;

interface Wanted {
  readonly days: number;
  readonly number?: string;
  readonly department?: string;
  readonly isEmergency?: boolean;
}

function queryOf({ days, number, department, isEmergency }: Wanted, zone: string) {
  const nowMs = Math.floor(nodeNowMs());
  return {
    from: Math.max(0, startOfDayMs(nowMs, zone) - (days - 1) * DAY_MS),
    to: nowMs + 60_000,
    ...(number === undefined || number === '' ? {} : { number }),
    ...(department === undefined ? {} : { department }),
    ...(isEmergency === true ? { emergency: true } : {}),
  };
}

function stepText({ detail }: RecordedStep): string {
  return Object.entries(detail)
    .map(([name, value]) => `${name} ${value}`)
    .join(' · ');
}

function Ladder({ callId, close }: { readonly callId: string; readonly close: () => void }): ReactNode {
  const { t, language } = useSpoken();
  const { settings, directory } = useSite();
  const read = useCallback(() => ask('GET /api/calls/:callId', { params: { callId } }), [callId]);
  const [asked, again] = useAsked(read);
  return (
    <Drawer open onClose={close} title={t('calls.ladder')} size={460}>
      <Shown asked={asked} again={again}>
        {({ call, steps, triggers }) => (
          <>
            <p>
              {call.caller === '' ? t('calls.withheld') : call.caller} → {call.dialled} ·{' '}
              {departmentName(directory, call.department, language)}
            </p>
            <Timeline
              items={steps.map((step) => ({
                content: (
                  <>
                    <b>{wordOf(t, 'step', step.kind)}</b>{' '}
                    <span className="hint">
                      {timeText(step.wallMs, settings.zone)} · {step.node.toUpperCase()}
                    </span>
                    <div className="hint">{stepText(step)}</div>
                  </>
                ),
              }))}
            />
            {triggers.map((trigger) => (
              <Tag key={trigger.triggerId} color="red">
                {trigger.word} · {trigger.outcome}
              </Tag>
            ))}
          </>
        )}
      </Shown>
    </Drawer>
  );
}

function Search({
  setWanted,
  wanted,
}: {
  readonly wanted: Wanted;
  readonly setWanted: (wanted: Wanted) => void;
}): ReactNode {
  const { t, language } = useSpoken();
  const { directory, settings } = useSite();
  const { message } = App.useApp();
  const saveAll = (): void => {
    save('POST /api/calls/csv', { body: queryOf(wanted, settings.zone) }, 'calls.csv').catch(
      (error: unknown) => void message.error(toApiError(error).body.message),
    );
  };
  return (
    <Form
      layout="inline"
      initialValues={wanted}
      onFinish={(values: Wanted) => {
        setWanted(values);
      }}
      className="gap-below"
    >
      <Form.Item name="days" label={t('records.days')}>
        <Select
          className="select-short"
          options={[1, 7, 30, 90].map((days) => ({
            value: days,
            label: days === 1 ? t('records.today') : t('records.lastDays', { days }),
          }))}
        />
      </Form.Item>
      <Form.Item
        name="number"
        label={t('records.number')}
        rules={[{ pattern: /^\+?\d*$/, message: t('records.numberWrong') }]}
      >
        <Input allowClear maxLength={20} className="input-short" />
      </Form.Item>
      <Form.Item name="department" label={t('calls.department')}>
        <Select
          allowClear
          className="select-short"
          options={directory.departments.map(({ id, names }) => ({ value: id, label: names[language] }))}
        />
      </Form.Item>
      <Form.Item name="isEmergency" label={t('records.emergencies')} valuePropName="checked">
        <Switch />
      </Form.Item>
      <Button type="primary" htmlType="submit">
        {t('records.search')}
      </Button>
      <Button className="gap-left" onClick={saveAll}>
        CSV
      </Button>
    </Form>
  );
}

export function CallRecords(): ReactNode {
  const { t, language } = useSpoken();
  const { settings, directory } = useSite();
  const [wanted, setWanted] = useState<Wanted>({ days: 1 });
  const [chosen, setChosen] = useState<string>();
  const read = useCallback(
    () => ask('POST /api/calls/search', { body: { ...queryOf(wanted, settings.zone), limit: PAGE } }),
    [wanted, settings.zone],
  );
  const [asked, again] = useAsked(read);
  const duration = (ms: number | null): string => (ms === null ? '' : durationText(ms));
  const columns = [
    {
      title: t('records.opened'),
      key: 'opened',
      render: (_: unknown, { openedWallMs, callId }: CallRecord) => (
        <button
          type="button"
          className="plain-link"
          onClick={() => {
            setChosen(callId);
          }}
        >
          {timeText(openedWallMs, settings.zone, wanted.days > 1)}
        </button>
      ),
    },
    {
      title: t('calls.caller'),
      key: 'caller',
      render: (_: unknown, { caller }: CallRecord) => (caller === '' ? t('calls.withheld') : caller),
    },
    { title: t('calls.dialled'), dataIndex: 'dialled', key: 'dialled' },
    {
      title: t('calls.department'),
      key: 'department',
      render: (_: unknown, { department, isEmergency }: CallRecord) => (
        <>
          {isEmergency ? <Tag color="red">{t('emergency.title')}</Tag> : null}
          {departmentName(directory, department, language)}
        </>
      ),
    },
    {
      title: t('records.callTaker'),
      key: 'taker',
      render: (_: unknown, { callTaker }: CallRecord) => callTakerName(directory, callTaker),
    },
    {
      title: t('calls.waited'),
      key: 'waited',
      render: (_: unknown, { waitedMs }: CallRecord) => duration(waitedMs),
    },
    {
      title: t('records.talked'),
      key: 'talked',
      render: (_: unknown, { talkedMs }: CallRecord) => duration(talkedMs),
    },
    {
      title: t('records.end'),
      key: 'end',
      render: (_: unknown, { endReason, endedWallMs }: CallRecord) =>
        endedWallMs === null ? t('records.open') : wordOf(t, 'end', endReason ?? ''),
    },
    { title: t('calls.node'), key: 'node', render: (_: unknown, { node }: CallRecord) => node.toUpperCase() },
  ];
  return (
    <>
      <Search wanted={wanted} setWanted={setWanted} />
      <Shown
        asked={asked}
        again={again}
        isEmpty={(calls) => calls.length === 0}
        emptyText={t('records.none')}
      >
        {(calls) => (
          <Table<CallRecord>
            size="small"
            rowKey="callId"
            columns={columns}
            dataSource={[...calls]}
            pagination={{ pageSize: 50, showSizeChanger: false, hideOnSinglePage: true }}
            scroll={{ x: 'max-content' }}
          />
        )}
      </Shown>
      {chosen === undefined ? null : (
        <Ladder
          callId={chosen}
          close={() => {
            setChosen(undefined);
          }}
        />
      )}
    </>
  );
}
