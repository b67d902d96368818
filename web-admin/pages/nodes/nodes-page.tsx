/** Every machine: what runs on it, what it holds, and what would happen if it died now. */
import { App, Button, Card, Popconfirm, Skeleton, Table, Tag } from 'antd';
import { useState, type ReactNode } from 'react';
import type { LivePicture, PictureNode } from '../../live/live-picture.ts';
import { ask } from '../base/api.ts';
import { durationText, timeText } from '../base/clock.ts';
import { useTexts, wordOf } from '../base/i18n.tsx';
import { useLive } from '../base/live.ts';
import { hasRole, useSite } from '../base/site-context.ts';
import { toApiError } from '../base/use-asked.ts';
import { moodOf } from '../overview/site-picture.tsx';
import { decideLoss } from '../../live/decide-loss.ts';

const MOODS = { up: 'green', starting: 'gold', down: 'red' } as const;

function moodColour(state: string): string {
  return Object.hasOwn(MOODS, state) ? MOODS[state as keyof typeof MOODS] : 'default';
}

function Loss({ node, picture }: { readonly node: PictureNode; readonly picture: LivePicture }): ReactNode {
  const t = useTexts();
  return (
    <section className="loss">
      <h3>{t('loss.title')}</h3>
      <ul>
        {decideLoss(node, picture).map(({ code, params }) => (
          <li key={code}>{t(`loss.${code}`, params)}</li>
        ))}
      </ul>
    </section>
  );
}

function MoveButton({ home, holder }: { readonly home: string; readonly holder: string }): ReactNode {
  const t = useTexts();
  const { message } = App.useApp();
  const [isBusy, setBusy] = useState(false);
  const move = (): void => {
    setBusy(true);
    ask('POST /api/addresses/:home/move', { params: { home } })
      .then(
        () => {
          void message.success(t('move.done'));
        },
        (error: unknown) => {
          void message.error(toApiError(error).body.message);
        },
      )
      .finally(() => {
        setBusy(false);
      });
  };
  return (
    <Popconfirm title={t('move.sure')} description={t('move.effect')} onConfirm={move}>
      <Button size="small" loading={isBusy}>
        {t(holder === home ? 'move.away' : 'move.home')}
      </Button>
    </Popconfirm>
  );
}

function DrainButton({ node }: { readonly node: PictureNode }): ReactNode {
  const t = useTexts();
  const { message } = App.useApp();
  const [isBusy, setBusy] = useState(false);
  const { nodeId, isDraining } = node;
  const drain = (): void => {
    setBusy(true);
    ask('POST /api/nodes/:node/drain', { params: { node: nodeId }, body: { isDraining: !isDraining } })
      .then(
        () => message.success(t('drain.done')),
        (error: unknown) => message.error(toApiError(error).body.message),
      )
      .finally(() => {
        setBusy(false);
      });
  };
  const button = (onClick?: () => void): ReactNode => (
    <Button size="small" loading={isBusy} onClick={onClick}>
      {t(isDraining ? 'drain.stop' : 'drain.start')}
    </Button>
  );
  if (isDraining) return button(drain);
  return (
    <Popconfirm
      title={t('drain.sure', { node: nodeId.toUpperCase() })}
      description={t('drain.effect')}
      onConfirm={drain}
    >
      {button()}
    </Popconfirm>
  );
}

function Addresses({
  node,
  picture,
}: {
  readonly node: PictureNode;
  readonly picture: LivePicture;
}): ReactNode {
  const t = useTexts();
  const { account } = useSite();
  const mayMove = hasRole(account, 'operations', 'systemAdministrator');
  const pair = picture.nodes.filter(({ place }) => place === 'site').length > 1;
  const held = picture.addresses.filter(({ holder }) => holder === node.nodeId);
  return (
    <p>
      {t('node.holds')}: {held.length === 0 ? t('node.holdsNone') : null}
      {held.map(({ address, home }) => (
        <span key={address} className="held">
          <Tag color={home === node.nodeId ? 'cyan' : 'gold'}>{address}</Tag>
          {mayMove && pair && node.place === 'site' ? <MoveButton home={home} holder={node.nodeId} /> : null}
        </span>
      ))}
    </p>
  );
}

function NodeCard({
  node,
  picture,
}: {
  readonly node: PictureNode;
  readonly picture: LivePicture;
}): ReactNode {
  const t = useTexts();
  const { settings, account } = useSite();
  const mayDrain = hasRole(account, 'operations', 'systemAdministrator');
  const mood = moodOf(node);
  const title = (
    <>
      <span className={`dot dot-${mood}`} aria-hidden="true" /> {node.nodeId.toUpperCase()}{' '}
      <span className="node-place">{wordOf(t, 'place', node.place)}</span>
    </>
  );
  return (
    <Card size="small" title={title} extra={node.address}>
      {node.state === 'fresh' ? null : (
        <p className="bad-text">
          {wordOf(t, 'nodeState', node.state)}
          {node.seenWallMs === null
            ? ''
            : ` · ${t('node.seen', { time: timeText(node.seenWallMs, settings.zone) })}`}
        </p>
      )}
      <p>
        {t('node.calls', { count: node.calls })} · {t('node.opened', { count: node.opened })} ·{' '}
        {node.backlog === 0
          ? t('node.noBacklog')
          : t('node.backlog', { count: node.backlog, age: durationText(node.backlogAgeMs) })}
      </p>
      <Addresses node={node} picture={picture} />
      {mayDrain && node.isControlReachable && node.place === 'site' ? <DrainButton node={node} /> : null}
      <Table
        size="small"
        rowKey="name"
        pagination={false}
        dataSource={[...node.daemons]}
        columns={[
          { title: t('daemon.name'), dataIndex: 'name' },
          {
            title: t('daemon.state'),
            dataIndex: 'state',
            render: (state: string) => <Tag color={moodColour(state)}>{wordOf(t, 'daemonState', state)}</Tag>,
          },
          { title: t('daemon.detail'), dataIndex: 'detail' },
        ]}
      />
      <Loss node={node} picture={picture} />
    </Card>
  );
}

export default function NodesPage(): ReactNode {
  const t = useTexts();
  const { picture } = useLive();
  if (picture === undefined) return <Skeleton active />;
  return (
    <>
      <h1>{t('nav.nodes')}</h1>
      <div className="nodes">
        {picture.nodes.map((node) => (
          <NodeCard key={node.nodeId} node={node} picture={picture} />
        ))}
      </div>
    </>
  );
}
