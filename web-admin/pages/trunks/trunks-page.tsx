/** The ways out of the house, and whether the carrier answers each node. */
import { Skeleton, Table, Tag } from 'antd';
import type { ReactNode } from 'react';
import { timeText } from '../base/clock.ts';
import { useTexts, wordOf } from '../base/i18n.tsx';
import { useLive } from '../base/live.ts';
import { useSite } from '../base/site-context.ts';
import type { PictureTrunk } from '../../live/live-picture.ts';

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
    </>
  );
}
