/**
 * The node service of one node: who owns the service addresses, and how the node is (docs/adr/0002).
 *
 *     node dist/cluster/main.js --site <site document> --node <node document>
 *
 * Invariant: its death moves nothing. keepalived keeps what it was told last; a new node service begins from the live
 * state, from what keepalived said meanwhile and from what is on the interface.
 */
import { RealClock, type Clock } from './base/clock.js';
import { describeErrorChain, isOperatingError } from './base/errors.js';
import { createIdSource } from './base/ids.js';
import { callRpc, serveRpc, type RpcMethods, type RpcParams } from './base/local-rpc.js';
import { openLog, type Log } from './base/log.js';
import { systemRng } from './base/rng.js';
import { openServiceNotify } from './base/service-notify.js';
import { findPartner, virtualRouterId } from '../firmware-config/site-nodes.js';
import { readDocuments, type Documents } from '../firmware-config/read-documents.js';
import { vrrpFiles, vrrpInstance } from '../firmware-config/vrrp-files.js';
import { clusterErrors } from './errors.js';
import {
  HealthWatch,
  keepalivedProbe,
  PROBE_DEADLINE_MS,
  rqliteProbe,
  rtpengineProbe,
  type DaemonProbe,
} from './health/daemon-probe.js';
import { describeNode, writeNodeReport, type NodeReport } from './health/node-report.js';
import { RedisConnection } from './live-state/redis-connection.js';
import { RedisOwnershipFacts } from './live-state/redis-ownership-facts.js';
import { redisOwnProbe, redisPartnerProbe } from './live-state/redis-probe.js';
import { LinuxServiceAddress } from './ownership/linux-service-address.js';
import { Ownership } from './ownership/ownership.js';
import { ensureSoleAddress } from './ownership/sole-address.js';
import { VrrpListener } from './ownership/vrrp-listener.js';
import { VrrpNotify } from './ownership/vrrp-notify.js';
import { RqliteClient } from './store/rqlite-client.js';

const HEALTH_INTERVAL_MS = 1000;
const ALIVE_MS_MAX = 1000;
/** keepalived's start-up delay counts whole seconds from a moment before its first word. */
const LISTEN_MARGIN_MS = 300;
const LOOPBACK = '127.0.0.1';

interface Parts extends Documents {
  readonly clock: Clock;
  readonly log: Log;
  readonly interface: LinuxServiceAddress;
}

/** What a node knows of its service addresses; null for a node that shares none with a partner. */
async function openOwnership(parts: Parts): Promise<Ownership | null> {
  const { site, node, own, clock, log } = parts;
  const partner = findPartner(site, own.id);
  if (partner === undefined) return null;
  const files = vrrpFiles(node);
  const addresses = [own, partner].map(({ id, serviceAddress }) => ({
    home: id,
    address: serviceAddress ?? '',
    weightFile: files.weight(id),
  }));
  const facts = new RedisOwnershipFacts({
    host: LOOPBACK,
    ownPort: site.ports.redisOwn,
    partnerPort: site.ports.redisPartner,
    clock,
    log,
  });
  await facts.open();
  const vrrp = await VrrpNotify.open({
    fifo: files.notifyFifo,
    memory: files.lastStates,
    // Deaf, this process would decide from what was true once; a new one opens the FIFO anew.
    onLost: () => process.exit(1),
    clock,
    log,
  });
  const listenMs = site.vrrp.startupDelaySeconds * 1000 + LISTEN_MARGIN_MS;
  const ownership = await Ownership.start({
    identity: { own: own.id, partner: partner.id },
    addresses,
    facts,
    interface: parts.interface,
    heartbeat: new VrrpListener({
      partnerAddress: partner.address,
      routerIdOf: (home) => virtualRouterId(site, home),
      clock,
    }),
    isMaster: (home) => vrrp.findState(vrrpInstance(home)) === 'MASTER',
    // In its start-up delay keepalived is BACKUP and takes nothing: an address moved then is nobody's (measured).
    canTake: (home) =>
      vrrp.findState(vrrpInstance(home)) === 'BACKUP' && vrrp.unchangedForMs(vrrpInstance(home)) > listenMs,
    clock,
    log,
  });
  vrrp.onState((instance, state) => {
    log.info({ instance, state }, 'keepalived changed state');
    ownership.look();
  });
  return ownership;
}

function openHealthWatch(parts: Parts): HealthWatch {
  const { site, node, own, clock, log } = parts;
  const redis = (port: number): RedisConnection => {
    const connection = new RedisConnection({
      host: LOOPBACK,
      port,
      deadlineMs: PROBE_DEADLINE_MS,
      clock,
      log,
    });
    void connection.open();
    return connection;
  };
  const store = new RqliteClient({ host: own.address, port: site.ports.rqliteHttp, clock });
  const hasPartner = findPartner(site, own.id) !== undefined;
  const probes: DaemonProbe[] = [
    redisOwnProbe(redis(site.ports.redisOwn)),
    rqliteProbe(store),
    rtpengineProbe(site.ports.rtpengineHttp),
    ...(hasPartner ? [redisPartnerProbe(redis(site.ports.redisPartner))] : []),
    ...(hasPartner ? [keepalivedProbe(vrrpFiles(node).pid)] : []),
  ];
  return new HealthWatch(probes, clock);
}

function describe(parts: Parts, health: HealthWatch, ownership: Ownership | null): NodeReport {
  const { own } = parts;
  const sole = own.serviceAddress === undefined ? [] : [own.serviceAddress];
  const known = ownership?.status() ?? [];
  const serviceAddresses =
    ownership === null
      ? sole.map((address) => ({ address, isHeld: parts.interface.has(address) }))
      : known.map(({ address, isMaster, isOnInterface }) => ({ address, isHeld: isMaster && isOnInterface }));
  const alarms = known
    .filter(({ state }) => state === 'Yielding')
    .map(({ address }) => `heartbeat path lost: the partner holds ${address} and its adverts do not arrive`);
  const daemons = health.last;
  return { sentence: describeNode(daemons, serviceAddresses, alarms), daemons, serviceAddresses };
}

const FAILURES = {
  notPrepared: 'the partner did not put it on its interface in time',
  notTaken: 'the partner did not become its owner in time',
  lost: 'this node lost it meanwhile',
} as const;

async function move(ownership: Ownership | null, params: RpcParams, id: string): Promise<unknown> {
  const { home } = params;
  if (typeof home !== 'string') {
    throw clusterErrors.NODE_BAD_ORDER({
      field: 'home',
      problem: 'give the node whose address shall be moved',
    });
  }
  if (ownership === null)
    throw clusterErrors.NODE_UNKNOWN_ADDRESS({ home, known: 'none: it has no partner' });
  const how = await ownership.move(home, id);
  if (how !== 'moved') throw clusterErrors.NODE_MOVE_FAILED({ address: `of ${home}`, reason: FAILURES[how] });
  return { moved: home };
}

/** Every second, for the panel: how the node is. */
async function keepReporting(parts: Parts, health: HealthWatch, ownership: Ownership | null): Promise<never> {
  const path = `${parts.node.paths.run}/node/status.json`;
  const { clock, log } = parts;
  let isFailing = false;
  for (;;) {
    await health.look();
    try {
      await writeNodeReport(path, describe(parts, health, ownership));
      isFailing = false;
    } catch (error) {
      if (!isFailing) log.warn({ err: error }, 'node report cannot be written, not logged again');
      isFailing = true;
    }
    await clock.sleep(HEALTH_INTERVAL_MS);
  }
}

/** Waits for nothing but the interface: no daemon that hangs keeps the address off it. */
async function keepSoleAddress(parts: Parts, address: string): Promise<never> {
  for (;;) {
    await ensureSoleAddress(address, parts.interface, parts.log);
    await parts.clock.sleep(HEALTH_INTERVAL_MS);
  }
}

async function main(): Promise<void> {
  const documents = await readDocuments(process.argv.slice(2));
  const { node, own } = documents;
  const clock = new RealClock();
  const log = openLog({ name: 'node', node: own.id, level: node.logLevel });
  const parts: Parts = {
    ...documents,
    clock,
    log,
    interface: new LinuxServiceAddress({ interface: node.interface, clock, log }),
  };
  const nextId = createIdSource({ node: own.id, clock, rng: systemRng() });

  const ownership = await openOwnership(parts);
  const health = openHealthWatch(parts);
  const methods: RpcMethods = {
    status: () => ({ ...describe(parts, health, ownership), ownership: ownership?.status() ?? [] }),
    move: (params) => move(ownership, params, nextId()),
  };
  const socket = `${node.paths.run}/node/admin.sock`;
  const admin = await serveRpc(socket, methods, 0o660);
  void keepReporting(parts, health, ownership);
  if (ownership === null && own.serviceAddress !== undefined) void keepSoleAddress(parts, own.serviceAddress);

  const { NOTIFY_SOCKET, WATCHDOG_USEC } = process.env;
  const notify = openServiceNotify({ socketPath: NOTIFY_SOCKET, watchdogUsec: WATCHDOG_USEC, clock, log });
  notify.ready('node service decides');
  notify.startWatchdog(async () => {
    await callRpc({ path: socket, method: 'status', deadlineMs: ALIVE_MS_MAX, clock });
    return (ownership?.sinceLookMs ?? 0) < ALIVE_MS_MAX;
  });

  process.once('SIGTERM', () => {
    // The addresses stay where they are: keepalived goes on with what it was told last.
    ownership?.stop();
    notify.stop();
    void admin.close().then(() => process.exit(0));
  });
}

main().catch((error: unknown) => {
  const action = isOperatingError(error) ? `\n${error.action}` : '';
  process.stderr.write(`${describeErrorChain(error)}${action}\n`);
  process.exit(1);
});
