/** The two processes that signal calls: the SIP engine, and the call control that is its application. Pure. */
import { findPartner, type Site } from '../site-nodes.js';
import type { NodeDocument } from '../schema/node.js';
import { sipEngineFiles } from '../sip-engine-files.js';
import {
  ADMIN_USER,
  COMMON,
  ourCommand,
  ourProgram,
  OUT_OF_MEMORY,
  WATCHDOG_SECONDS,
} from './service-defaults.js';
import { makeCertificate } from './own-certificate.js';
import type { Command, ServiceSpec } from './service-spec.js';

const ENGINE_USER = 'wardline-sip';
const CALLS_USER = 'wardline-calls';

/** Files are rendered for root alone; group and mode are put right by whoever starts what reads them. */
function giveTo(group: string, ...files: readonly string[]): Command[] {
  return [
    ['chown', `root:${group}`, ...files],
    ['chmod', '640', ...files],
  ];
}

/** Once a boot; a restart of the engine keeps it, so that call control finds its way back. */
function makeControlSecret(file: string): Command[] {
  const script =
    '[ -s "$1" ] || { umask 077 && head -c 32 /dev/urandom | base64 -w 0 > "$1.new" && mv "$1.new" "$1"; }';
  return [
    ['sh', '-c', script, 'sh', file],
    ['chown', `${ENGINE_USER}:${CALLS_USER}`, file],
    ['chmod', '640', file],
  ];
}

function liveStateOf(site: Site, node: NodeDocument): readonly string[] {
  const hasPartner = findPartner(site, node.nodeId) !== undefined;
  return hasPartner ? ['redis-own', 'redis-partner'] : ['redis-own'];
}

export function planSipEngine(site: Site, node: NodeDocument): ServiceSpec {
  const files = sipEngineFiles(node);
  const { folder, dataFolder, tlsKey, tlsCertificate } = files;
  return {
    ...COMMON,
    name: 'sip-engine',
    description: 'SIP with phones and trunks',
    command: [...ourProgram(node, 'appliance/sip-engine/main.js'), '--config', files.configuration],
    prepare: [
      ...giveTo(ENGINE_USER, files.users, files.nonceKey, files.ticketKeys),
      ...makeControlSecret(files.controlSecret),
      ...makeCertificate(site, node, { key: tlsKey, certificate: tlsCertificate, user: ENGINE_USER }),
    ],
    user: ENGINE_USER,
    group: ENGINE_USER,
    // Which service addresses it speaks for is what it sees on the interfaces.
    needs: ['nodejs', 'interfaces'],
    outOfMemoryScore: OUT_OF_MEMORY.sipEngine,
    readiness: 'notify',
    watchdogSeconds: WATCHDOG_SECONDS,
    // A connection for each phone that registers over TCP or TLS, and the engine's own limit is 10 000 of them.
    openFilesMax: 65_535,
    // SIGTERM would wait for the end of every call; they go on in the next process, or at the partner.
    stopSignal: 'SIGINT',
    after: liveStateOf(site, node),
    directories: [
      { path: folder, mode: 0o2750, owner: ENGINE_USER, group: CALLS_USER },
      { path: dataFolder, mode: 0o700, owner: ENGINE_USER, group: ENGINE_USER },
    ],
    writablePaths: [folder],
  };
}

export function planCalls(site: Site, node: NodeDocument): ServiceSpec {
  const { config, run, data } = node.paths;
  const [telephony, routing] = [`${config}/telephony.json`, `${config}/routing.json`];
  const [runFolder, dataFolder] = [`${run}/calls`, `${data}/calls`];
  return {
    ...COMMON,
    name: 'calls',
    description: 'call control: calls, queues, seats, emergencies',
    command: [...ourCommand(node, 'appliance/main.js'), '--telephony', telephony, '--routing', routing],
    prepare: giveTo(CALLS_USER, telephony),
    user: CALLS_USER,
    group: CALLS_USER,
    // Which service addresses are here is what it sees on the interfaces.
    needs: ['nodejs', 'interfaces'],
    outOfMemoryScore: OUT_OF_MEMORY.calls,
    readiness: 'notify',
    watchdogSeconds: WATCHDOG_SECONDS,
    after: ['sip-engine', 'rtpengine', ...liveStateOf(site, node)],
    // The socket for orders of this machine, and the journal of what the store has not taken yet.
    directories: [
      { path: runFolder, mode: 0o2750, owner: CALLS_USER, group: ADMIN_USER },
      { path: dataFolder, mode: 0o750, owner: CALLS_USER, group: CALLS_USER },
    ],
    writablePaths: [runFolder, dataFolder],
  };
}
