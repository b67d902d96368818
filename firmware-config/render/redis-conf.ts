/**
 * Redis for live state: on each node its own master, and a read-only replica of the partner's (architecture decision
 * 3). Neither outlives a power cut and neither touches a disk: the data holds SRTP keys. Pure.
 */
import { findPartner, getNode, type Site } from '../site-nodes.js';
import type { NodeDocument } from '../schema/node.js';

function common(node: NodeDocument, which: 'own' | 'partner', port: number): string[] {
  return [
    'daemonize no',
    'supervised systemd',
    `port ${String(port)}`,
    `dir ${node.paths.run}/live-state/${which}`,
    '# The folder is on tmpfs: a crash of the process loses nothing, a power cut everything (continuity rule 10).',
    '# Without the log, a master restarted after 100 ms comes back empty and wipes its replica (measured).',
    'save ""',
    'appendonly yes',
    'appendfsync no',
    '# rtpengine learns of calls by these events; a replica emits them for what it replicates too (measured).',
    'notify-keyspace-events KEA',
    '# A partner that lost power sends no FIN: find out by itself.',
    'tcp-keepalive 10',
    'repl-timeout 5',
    'repl-ping-replica-period 1',
    '# A full copy goes through the socket, never through a file.',
    'repl-diskless-sync yes',
    'repl-diskless-sync-delay 0',
    'repl-diskless-load swapdb',
    '# Full memory is an alarm, never silently forgotten calls.',
    'maxmemory-policy noeviction',
  ];
}

/** This node's own facts. */
export function renderRedisOwnConf(site: Site, node: NodeDocument): string {
  const { address } = getNode(site, node.nodeId);
  const hasPartner = findPartner(site, node.nodeId) !== undefined;
  const lines = [
    ...common(node, 'own', site.ports.redisOwn),
    hasPartner ? `bind 127.0.0.1 ${address}` : 'bind 127.0.0.1',
    ...(hasPartner ? ['# nftables lets only the partner in.', 'protected-mode no'] : []),
  ];
  return `${lines.join('\n')}\n`;
}

/** The partner's facts, readable when the partner is gone. @throws RangeError for a node without a partner */
export function renderRedisPartnerConf(site: Site, node: NodeDocument): string {
  const partner = findPartner(site, node.nodeId);
  if (partner === undefined) throw new RangeError(`node ${node.nodeId} has no partner`);
  const lines = [
    ...common(node, 'partner', site.ports.redisPartner),
    'bind 127.0.0.1',
    `replicaof ${partner.address} ${String(site.ports.redisOwn)}`,
    "# rtpengine deletes a call it cannot restore from every Redis it may write to: it must not reach the owner's.",
    'replica-read-only yes',
    'replica-serve-stale-data yes',
  ];
  return `${lines.join('\n')}\n`;
}
