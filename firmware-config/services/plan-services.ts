/**
 * Which processes a node runs, in the order in which they are started. Pure.
 *
 * | node | processes |
 * |---|---|
 * | full, with a partner | redis-own, redis-partner, rqlited, rtpengine, keepalived |
 * | full, alone at its place | redis-own, rqlited, rtpengine |
 * | witness | rqlited |
 */
import { findPartner, getNode, type Site } from '../parse-site.js';
import { rqlitedArguments } from '../render/rqlited-arguments.js';
import type { NodeDocument } from '../schema/node.js';
import type { Command, ServiceSpec } from './service-spec.js';

/** A crash is healed in place after 100 ms: cheaper than moving an address (measured: 180 ms of audio). */
const COMMON = {
  prepare: [],
  cleanUp: [],
  capabilities: [],
  environment: {},
  restartDelayMs: 100,
  restartsMax: 10,
  restartsWindowSeconds: 30,
  stopSignal: 'SIGTERM',
  stopTimeoutSeconds: 5,
  after: [],
  directories: [],
  writablePaths: [],
} as const satisfies Partial<ServiceSpec>;

function planRedis(node: NodeDocument, which: 'own' | 'partner'): ServiceSpec {
  const directory = `${node.paths.run}/live-state/${which}`;
  return {
    ...COMMON,
    name: `redis-${which}`,
    description: which === 'own' ? 'live state of this node' : "replica of the partner's live state",
    command: ['/usr/bin/redis-server', `${node.paths.config}/redis-${which}.conf`],
    user: 'redis',
    group: 'redis',
    readiness: 'notify',
    openFilesMax: 65_535,
    directories: [{ path: directory, mode: 0o700, owner: 'redis', group: 'redis' }],
    writablePaths: [directory],
  };
}

function planRqlited(site: Site, node: NodeDocument): ServiceSpec {
  const directory = `${node.paths.data}/rqlite`;
  return {
    ...COMMON,
    name: 'rqlited',
    description: 'durable state, by Raft over all voters',
    command: [node.paths.rqlited, ...rqlitedArguments(site, node)],
    user: 'rqlite',
    group: 'rqlite',
    // It knows no notification; whoever needs it asks /readyz.
    readiness: 'started',
    // A clean stop hands the leadership over, which takes an election.
    stopTimeoutSeconds: 10,
    directories: [{ path: directory, mode: 0o700, owner: 'rqlite', group: 'rqlite' }],
    writablePaths: [directory],
  };
}

function planRtpengine(node: NodeDocument, hasPartner: boolean): ServiceSpec {
  return {
    ...COMMON,
    name: 'rtpengine',
    description: 'media relay',
    command: [
      '/usr/bin/rtpengine',
      '--foreground',
      '--log-stderr',
      '--no-log-timestamps',
      '--config-file',
      `${node.paths.config}/rtpengine.conf`,
    ],
    user: 'rtpengine',
    group: 'rtpengine',
    capabilities: ['sys_nice'],
    readiness: 'notify',
    // Four descriptors a call, on both partners, and four more while it is recorded (facts/rtpengine.md section 1).
    openFilesMax: 150_000,
    after: hasPartner ? ['redis-own', 'redis-partner'] : ['redis-own'],
  };
}

/** After SIGKILL the addresses stay on the interface and two nodes would answer ARP: removed before and after. */
function dropServiceAddresses(site: Site, node: NodeDocument): Command[] {
  const own = getNode(site, node.nodeId);
  const addresses = [own.serviceAddress, findPartner(site, node.nodeId)?.serviceAddress];
  return addresses.flatMap((address): Command[] =>
    address === undefined ? [] : [['ip', 'address', 'flush', 'dev', node.interface, 'to', `${address}/32`]],
  );
}

function planKeepalived(site: Site, node: NodeDocument): ServiceSpec {
  const directory = `${node.paths.run}/vrrp`;
  const pidFiles = ['keepalived.pid', 'vrrp.pid'].map((name) => `${directory}/${name}`);
  return {
    ...COMMON,
    name: 'keepalived',
    description: 'moves the service addresses',
    command: [
      '/usr/sbin/keepalived',
      '--dont-fork',
      '--log-console',
      '--vrrp',
      '--use-file',
      `${node.paths.config}/keepalived.conf`,
      '--pid',
      pidFiles[0] ?? '',
      '--vrrp_pid',
      pidFiles[1] ?? '',
    ],
    // A pid file left by SIGKILL stops the next start ("daemon is already running", measured).
    prepare: [['rm', '-f', ...pidFiles], ...dropServiceAddresses(site, node)],
    cleanUp: dropServiceAddresses(site, node),
    user: 'root',
    group: 'root',
    // It tells readiness only to a parent that is systemd itself (measured); its states come through the FIFO anyway.
    readiness: 'started',
    directories: [{ path: directory, mode: 0o755, owner: 'root', group: 'root' }],
    writablePaths: [directory],
  };
}

/** @throws CONFIG_INVALID when the site has no such node */
export function planServices(site: Site, node: NodeDocument): readonly ServiceSpec[] {
  if (getNode(site, node.nodeId).role === 'witness') return [planRqlited(site, node)];
  const hasPartner = findPartner(site, node.nodeId) !== undefined;
  return [
    planRedis(node, 'own'),
    ...(hasPartner ? [planRedis(node, 'partner')] : []),
    planRqlited(site, node),
    planRtpengine(node, hasPartner),
    ...(hasPartner ? [planKeepalived(site, node)] : []),
  ];
}
