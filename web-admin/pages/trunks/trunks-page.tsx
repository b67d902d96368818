/** The ways out of the house, and whether the carrier answers each node. */
import { App, Button, Skeleton, Table, Tag } from 'antd';
import { useState, type ReactNode } from 'react';
import { ask, type ApiError } from '../base/api.ts';
import { timeText } from '../base/clock.ts';
import { useTexts, wordOf } from '../base/i18n.tsx';
import { useLive } from '../base/live.ts';
import { ErrorNotice } from '../base/notice.tsx';
import { hasRole, useSite } from '../base/site-context.ts';
import { toApiError } from '../base/use-asked.ts';
import type { PictureTest, PictureTrunk } from '../../live/live-picture.ts';

/** Each service address at the carrier. */
function Registrations({ of }: { readonly of: readonly PictureTrunk[] }): ReactNode {
  const t = useTexts();
  return of
    .flatMap(({ registrations }) => registrations)
    .map(({ home, isRegistered, lastStatus }) => (
      <Tag key={home} color={isRegistered ? 'green' : lastStatus === 0 ? 'default' : 'red'}>
        {home.toUpperCase()} {lastStatus === 0 ? t('trunk.notTried') : lastStatus}
      </Tag>
    ));
}

function TestResult({ test }: { readonly test: PictureTest }): ReactNode {
  const t = useTexts();
  const { outcome, status, returnedMs, failuresInARow } = test;
  if (outcome === null) return <Tag>{t('test.never')}</Tag>;
  if (outcome === 'ok') return <Tag color="green">{t('test.ok', { ms: Math.round(returnedMs ?? 0) })}</Tag>;
  return (
    <>
      <Tag color="red">
        {wordOf(t, 'testOutcome', outcome)} {status ?? ''}
      </Tag>
      {failuresInARow > 1 ? (
        <span className="bad-text">{t('test.failures', { count: failuresInARow })}</span>
      ) : null}
    </>
  );
}

/** Whether somebody outside who dials an emergency number is heard here. */
function TestCalls({ tests }: { readonly tests: readonly PictureTest[] }): ReactNode {
  const t = useTexts();
  const { account, settings } = useSite();
  const { message } = App.useApp();
  const [running, setRunning] = useState('');
  const [error, setError] = useState<ApiError>();
  const mayTest = hasRole(account, 'operations', 'dutyManager', 'systemAdministrator');
  const run = ({ number, trunkId }: PictureTest): void => {
    setRunning(`${number} ${trunkId}`);
    setError(undefined);
    ask('POST /api/test-calls', { body: { number, trunk: trunkId } })
      .then(() => message.success(t('test.done')))
      .catch((problem: unknown) => {
        setError(toApiError(problem));
      })
      .finally(() => {
        setRunning('');
      });
  };
  const keyOf = ({ number, trunkId }: PictureTest): string => `${number} ${trunkId}`;
  return (
    <>
      <h2 className="gap-above">{t('test.title')}</h2>
      {error === undefined ? null : <ErrorNotice error={error} />}
      <Table<PictureTest>
        size="small"
        rowKey={keyOf}
        pagination={false}
        dataSource={[...tests]}
        scroll={{ x: 'max-content' }}
        columns={[
          { title: t('test.number'), dataIndex: 'number', key: 'number' },
          { title: t('trunk.name'), dataIndex: 'trunkId', key: 'trunk' },
          { title: t('test.outcome'), key: 'outcome', render: (_, test) => <TestResult test={test} /> },
          {
            title: t('test.at'),
            key: 'at',
            render: (_, { atWallMs }) => (atWallMs === null ? '' : timeText(atWallMs, settings.zone)),
          },
          {
            title: '',
            key: 'act',
            render: (_, test) =>
              mayTest ? (
                <Button
                  size="small"
                  loading={running === keyOf(test)}
                  disabled={running !== ''}
                  onClick={() => {
                    run(test);
                  }}
                >
                  {t('test.now')}
                </Button>
              ) : null,
          },
        ]}
      />
    </>
  );
}

export default function TrunksPage(): ReactNode {
  const t = useTexts();
  const { directory, settings } = useSite();
  const { picture } = useLive();
  if (picture === undefined) return <Skeleton active />;
  const nodes = picture.nodes.filter(({ role }) => role === 'full');
  const stateOf = (trunkId: string, node: string): PictureTrunk | undefined =>
    picture.trunks.find((one) => one.trunkId === trunkId && one.node === node);
  type Trunk = (typeof directory.trunks)[number];
  const columns = [
    {
      title: t('trunk.name'),
      key: 'id',
      render: (_: unknown, { id, isEmergencyTrunk, backupFor }: Trunk) => (
        <>
          <b>{id}</b> {isEmergencyTrunk ? <Tag color="red">{t('seat.emergencies')}</Tag> : null}
          {backupFor === undefined ? null : <Tag>{t('trunk.backupFor', { trunk: backupFor })}</Tag>}
        </>
      ),
    },
    ...nodes.map(({ nodeId }) => ({
      title: nodeId.toUpperCase(),
      key: nodeId,
      render: (_: unknown, { id }: Trunk) => {
        const seen = stateOf(id, nodeId);
        if (seen === undefined) return <Tag>{t('trunk.unknown')}</Tag>;
        const text = seen.isUp === null ? t('trunk.notAsked') : t(seen.isUp ? 'trunk.up' : 'trunk.down');
        return (
          <>
            <Tag color={seen.isUp === true ? 'green' : seen.isUp === false ? 'red' : 'default'}>{text}</Tag>
            <span className="hint">{timeText(seen.sinceWallMs, settings.zone)}</span>
          </>
        );
      },
    })),
    {
      title: t('trunk.registration'),
      key: 'registration',
      render: (_: unknown, { id, kind }: Trunk) =>
        kind === 'registering' ? (
          <Registrations of={picture.trunks.filter(({ trunkId }) => trunkId === id)} />
        ) : (
          <span className="hint">{t('trunk.notNeeded')}</span>
        ),
    },
    {
      title: t('trunk.carrier'),
      key: 'host',
      render: (_: unknown, { host, port, transport }: Trunk) =>
        `${host}:${String(port)} ${transport.toUpperCase()}`,
    },
    { title: t('trunk.lines'), dataIndex: 'callsMax', key: 'lines' },
    { title: t('trunk.callerId'), dataIndex: 'callerId', key: 'callerId' },
    {
      title: t('trunk.drWay'),
      key: 'dr',
      render: (_: unknown, { drWay }: Trunk) => wordOf(t, 'drWay', drWay),
    },
  ];
  return (
    <>
      <h1>{t('nav.trunks')}</h1>
      <Table<Trunk>
        size="small"
        rowKey="id"
        pagination={false}
        columns={columns}
        dataSource={[...directory.trunks]}
        scroll={{ x: 'max-content' }}
      />
      <TestCalls tests={picture.tests} />
    </>
  );
}
