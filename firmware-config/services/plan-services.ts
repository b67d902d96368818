/**
 * Which processes a node runs, in the order in which they are started. Pure.
 *
 * | node | processes |
 * |---|---|
 * | full, with a partner | redis-own, redis-partner, rqlited, rtpengine, sip-engine, keepalived, node, admin |
 * | full, alone at its place | redis-own, rqlited, rtpengine, sip-engine, node, admin |
 * | witness | rqlited |
 */
import { findPartner, getNode, type Site } from '../site-nodes.js';
import { rqlitedArguments } from '../render/rqlited-arguments.js';
import type { NodeDocument } from '../schema/node.js';
import { vrrpFiles, vrrpInstance } from '../vrrp-files.js';
import { panelFiles } from '../panel-files.js';
import { makeCertificate } from './own-certificate.js';
import { planCalls, planSipEngine } from './plan-telephony.js';
import { REALTIME } from './realtime.js';
import { ADMIN_USER, COMMON, ourCommand, OUT_OF_MEMORY, WATCHDOG_SECONDS } from './service-defaults.js';
import type { Command, DirectorySpec, ServiceSpec } from './service-spec.js';

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
    outOfMemoryScore: OUT_OF_MEMORY.liveState,
    openFilesMax: 65_535,
    directories: [{ path: directory, mode: 0o700, owner: 'redis', group: 'redis' }],
    writablePaths: [directory],
  };
}

function planRqlited(site: Site, node: NodeDocument, startedBy: ServiceSpec['startedBy']): ServiceSpec {
  const directory = `${node.paths.data}/rqlite`;
  return {
    ...COMMON,
    name: 'rqlited',
    description: 'durable state, by Raft over all voters',
    command: [node.paths.rqlited, ...rqlitedArguments(site, node)],
    user: 'rqlite',
    group: 'rqlite',
    startedBy,
    needs: ['interfaces'],
    outOfMemoryScore: OUT_OF_MEMORY.store,
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
    // It asks for its priority itself (rtpengine.conf).
    capabilities: ['sys_nice'],
    realtimePriorityMax: REALTIME.rtpengine,
    needs: ['interfaces'],
    outOfMemoryScore: OUT_OF_MEMORY.media,
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

/** Root without the right to pass by file modes must be able to write here too, hence the group. */
function vrrpFolder(node: NodeDocument): DirectorySpec {
  return { path: vrrpFiles(node).folder, mode: 0o770, owner: 'wardline-node', group: 'root' };
}

/** Whichever of the two starts first makes it; keepalived removes a FIFO that it has made itself. */
function makeNotifyFifo(node: NodeDocument): Command[] {
  const fifo = vrrpFiles(node).notifyFifo;
  return [
    ['sh', '-c', '[ -p "$1" ] || mkfifo "$1"', 'sh', fifo],
    ['chown', 'wardline-node:root', fifo],
    ['chmod', '660', fifo],
  ];
}

/**
 * A keepalived that was killed cannot say that it is master no more, and the node service would believe its last word.
 * Opened for reading as well, so that nothing waits when nobody reads.
 */
function sayStopped(site: Site, node: NodeDocument): Command {
  const homes = [node.nodeId, findPartner(site, node.nodeId)?.id ?? node.nodeId].toSorted();
  const lines = homes.map((home) => `INSTANCE "${vrrpInstance(home)}" STOP 0`);
  const script = 'fifo="$1"; shift; [ ! -p "$fifo" ] || for line; do echo "$line"; done 1<>"$fifo"';
  return ['sh', '-c', script, 'sh', vrrpFiles(node).notifyFifo, ...lines];
}

function planKeepalived(site: Site, node: NodeDocument): ServiceSpec {
  const files = vrrpFiles(node);
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
      files.pid,
      '--vrrp_pid',
      files.childPid,
    ],
    prepare: [
      // A pid file left by SIGKILL stops the next start ("daemon is already running", measured).
      ['rm', '-f', files.pid, files.childPid, files.lastStates],
      ...makeNotifyFifo(node),
      ...dropServiceAddresses(site, node),
    ],
    cleanUp: [...dropServiceAddresses(site, node), ['rm', '-f', files.lastStates], sayStopped(site, node)],
    user: 'root',
    group: 'root',
    // Addresses; VRRP and ARP packets; its priority; staying in memory (keepalived.conf).
    capabilities: ['net_admin', 'net_raw', 'sys_nice', 'ipc_lock'],
    realtimePriorityMax: REALTIME.keepalived,
    needs: ['interfaces', 'packets'],
    outOfMemoryScore: OUT_OF_MEMORY.keepalived,
    // It tells readiness only to a parent that is systemd itself (measured); its states come through the FIFO anyway.
    readiness: 'started',
    directories: [vrrpFolder(node)],
    writablePaths: [files.folder],
  };
}

function planNodeService(node: NodeDocument, hasPartner: boolean): ServiceSpec {
  const { run } = node.paths;
  return {
    ...COMMON,
    name: 'node',
    description: 'node service: ownership of the service addresses, health',
    command: ourCommand(node, 'cluster/main.js'),
    prepare: hasPartner ? makeNotifyFifo(node) : [],
    user: 'wardline-node',
    group: 'wardline-node',
    // To put service addresses on the interface and to announce them.
    capabilities: ['net_admin', 'net_raw'],
    needs: ['nodejs', 'interfaces', 'packets', 'arping', 'otherProcesses', 'sharedFiles'],
    outOfMemoryScore: OUT_OF_MEMORY.node,
    readiness: 'notify',
    watchdogSeconds: WATCHDOG_SECONDS,
    after: hasPartner ? ['redis-own', 'redis-partner'] : ['redis-own'],
    directories: [
      // Its socket takes the folder's group: the panel orders moves of an address.
      { path: `${run}/node`, mode: 0o2755, owner: 'wardline-node', group: ADMIN_USER },
      ...(hasPartner ? [vrrpFolder(node)] : []),
    ],
    writablePaths: [`${run}/node`, ...(hasPartner ? [vrrpFiles(node).folder] : [])],
  };
}

function planAdmin(site: Site, node: NodeDocument): ServiceSpec {
  const { folder, runFolder, tlsKey, tlsCertificate } = panelFiles(node);
  const folders = [folder, `${folder}/journal`, runFolder];
  return {
    ...COMMON,
    name: 'admin',
    description: 'panel of the node',
    command: ourCommand(node, 'web-admin/main.js'),
    prepare: makeCertificate(site, node, { key: tlsKey, certificate: tlsCertificate, user: ADMIN_USER }),
    user: ADMIN_USER,
    group: ADMIN_USER,
    needs: ['nodejs', 'interfaces'],
    outOfMemoryScore: OUT_OF_MEMORY.panel,
    readiness: 'notify',
    watchdogSeconds: WATCHDOG_SECONDS,
    // Last: it is looked at by people, and a start needs two seconds of a core.
    after: ['node'],
    directories: folders.map((path) => ({ path, mode: 0o700, owner: ADMIN_USER, group: ADMIN_USER })),
    writablePaths: [folder, runFolder],
  };
}

/** @throws CONFIG_INVALID when the site has no such node */
export function planServices(site: Site, node: NodeDocument): readonly ServiceSpec[] {
  if (getNode(site, node.nodeId).role === 'witness') return [planRqlited(site, node, 'boot')];
  const hasPartner = findPartner(site, node.nodeId) !== undefined;
  return [
    planRedis(node, 'own'),
    ...(hasPartner ? [planRedis(node, 'partner')] : []),
    // Only after the epoch check: with the identity of an epoch that is over it would undo a promotion (rule 22).
    planRqlited(site, node, 'nodeService'),
    planRtpengine(node, hasPartner),
    planSipEngine(site, node),
    planCalls(site, node),
    ...(hasPartner ? [planKeepalived(site, node)] : []),
    planNodeService(node, hasPartner),
    planAdmin(site, node),
  ];
}
