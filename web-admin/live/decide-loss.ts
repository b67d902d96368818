/** "What would happen if this node died now", from what is known of it. Pure. */
import type { LivePicture, PictureNode } from './live-picture.js';

export interface LossLine {
  readonly code:
    | 'already'
    | 'addresses'
    | 'noAddress'
    | 'callsMove'
    | 'callsLost'
    | 'noPartner'
    | 'quorumKept'
    | 'quorumLost';
  readonly params: Readonly<Record<string, string | number>>;
}

function isReplicating(partner: PictureNode): boolean {
  return partner.daemons.some(({ name, state }) => name === 'redis-partner' && state === 'up');
}

/** A voter that cannot be seen counts as gone: better a warning too many. */
function votersLeft(
  node: PictureNode,
  picture: LivePicture,
): { readonly left: number; readonly all: number } {
  const all = picture.nodes.length;
  const isVoting = (one: PictureNode): boolean =>
    one.state === 'voter' || one.daemons.some(({ name, state }) => name === 'rqlited' && state === 'up');
  const left = picture.nodes.filter((one) => one.nodeId !== node.nodeId && isVoting(one)).length;
  return { left, all };
}

function ofPair(node: PictureNode, picture: LivePicture): readonly LossLine[] {
  const partner = picture.nodes.find(
    ({ place, nodeId, role }) => place === node.place && nodeId !== node.nodeId && role === 'full',
  );
  const isThere = partner !== undefined && partner.state === 'fresh' && partner.isControlReachable;
  const held = picture.addresses.filter(({ holder }) => holder === node.nodeId).map(({ address }) => address);
  if (!isThere) return [{ code: 'noPartner', params: { count: node.calls } }];
  const other = partner.nodeId.toUpperCase();
  const addresses: LossLine =
    held.length === 0
      ? { code: 'noAddress', params: {} }
      : { code: 'addresses', params: { addresses: held.join(', '), node: other } };
  const calls: LossLine = isReplicating(partner)
    ? { code: 'callsMove', params: { count: node.calls, node: other } }
    : { code: 'callsLost', params: { count: node.calls } };
  return [addresses, calls];
}

export function decideLoss(node: PictureNode, picture: LivePicture): readonly LossLine[] {
  if (node.state === 'silent') return [{ code: 'already', params: {} }];
  const { left, all } = votersLeft(node, picture);
  const quorum: LossLine = { code: left * 2 > all ? 'quorumKept' : 'quorumLost', params: { left, all } };
  return [...(node.place === 'site' ? ofPair(node, picture) : []), quorum];
}
