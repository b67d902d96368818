/** The site drawn as it stands: two nodes in the house, DR across the WAN, who answers on which address. */
import { Card } from 'antd';
import type { ReactNode } from 'react';
import type { LivePicture, PictureNode } from '../../live/live-picture.ts';
import { useTexts, wordOf } from '../base/i18n.tsx';

type Mood = 'good' | 'warn' | 'bad' | 'unknown';

export function moodOf(node: PictureNode): Mood {
  if (node.state === 'voter') return 'unknown';
  if (node.state === 'silent' || !node.isControlReachable) return 'bad';
  const hasDown = node.daemons.some(({ state }) => state === 'down');
  return node.state !== 'fresh' || hasDown || !node.isMediaReachable ? 'warn' : 'good';
}

function NodeBox({
  node,
  picture,
}: {
  readonly node: PictureNode;
  readonly picture: LivePicture;
}): ReactNode {
  const t = useTexts();
  const mood = moodOf(node);
  const held = picture.addresses.filter(({ holder }) => holder === node.nodeId);
  const up = node.daemons.filter(({ state }) => state === 'up').length;
  const isSilent = node.state === 'silent' || node.state === 'voter';
  return (
    <div className={`node-box node-${mood}`}>
      <div className="node-name">
        <span className={`dot dot-${mood}`} aria-hidden="true" /> {node.nodeId.toUpperCase()}
        <span className="node-place">{wordOf(t, 'place', node.place)}</span>
      </div>
      <div className="node-calls">
        {isSilent ? wordOf(t, 'nodeState', node.state) : t('node.calls', { count: node.calls })}
      </div>
      <div className="node-daemons">
        {isSilent ? node.address : t('node.daemons', { up, all: node.daemons.length })}
      </div>
      <ul className="node-addresses" aria-label={t('node.holds')}>
        {held.map(({ address, home }) => (
          <li key={address} className={home === node.nodeId ? 'address' : 'address address-away'}>
            {address}
          </li>
        ))}
        {held.length === 0 ? <li className="address address-none">{t('node.holdsNone')}</li> : null}
      </ul>
    </div>
  );
}

function isLinkUp(one: PictureNode | undefined, two: PictureNode | undefined): boolean {
  return one !== undefined && two !== undefined && one.state !== 'silent' && two.state !== 'silent';
}

/** Both write to each other's memory: each says of its replica whether it is in step. */
function isReplicated(nodes: readonly PictureNode[]): boolean {
  return nodes.every(({ daemons }) =>
    daemons.some(({ name, state }) => name === 'redis-partner' && state === 'up'),
  );
}

function Link({ isUp, label }: { readonly isUp: boolean; readonly label: string }): ReactNode {
  return (
    <div className={`link ${isUp ? 'link-up' : 'link-down'}`}>
      <span className="link-line" aria-hidden="true" />
      <span className="link-label">{label}</span>
    </div>
  );
}

export function SitePicture({ picture }: { readonly picture: LivePicture }): ReactNode {
  const t = useTexts();
  const site = picture.nodes.filter(({ place }) => place === 'site');
  const remote = picture.nodes.filter(({ place }) => place !== 'site');
  const trunks = picture.trunks.filter(({ node }) => site.some(({ nodeId }) => nodeId === node));
  const hasDown = trunks.some(({ isUp }) => isUp === false);
  const upTrunks = trunks.filter(({ isUp }) => isUp === true).length;
  const pairUp = isLinkUp(site[0], site[1]);
  const replicated = pairUp && isReplicated(site);
  return (
    <Card size="small" title={t('site.title')}>
      <div className="site">
        <div className="site-outside">
          <div className={`carrier ${hasDown ? 'carrier-down' : upTrunks > 0 ? 'carrier-up' : ''}`}>
            {t('site.carrier', { up: upTrunks, all: trunks.length })}
          </div>
        </div>
        <div className="site-pair">
          {site.map((node, index) => [
            index === 0 ? null : (
              <Link
                key="link"
                isUp={replicated}
                label={t(replicated ? 'site.replicated' : 'site.notReplicated')}
              />
            ),
            <NodeBox key={node.nodeId} node={node} picture={picture} />,
          ])}
        </div>
        <div className="site-remote">
          {remote.map((node) => (
            <div key={node.nodeId} className="site-remote-one">
              <Link
                isUp={node.state !== 'silent'}
                label={t(node.state === 'silent' ? 'site.wanDown' : 'site.wanUp')}
              />
              <NodeBox node={node} picture={picture} />
            </div>
          ))}
        </div>
      </div>
    </Card>
  );
}
