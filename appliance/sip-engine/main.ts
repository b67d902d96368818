/**
 * The SIP engine as a process: `npm run sip-engine -- --help`.
 *
 * Order of the start: configuration, stores, SIP sockets, control port last, so that the first application already
 * gets the complete list of addresses. SIGTERM drains: no new calls, those that exist go on; a second one, or
 * DRAIN_MS_MAX, ends it.
 */
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { RealClock, type Clock } from '../../cluster/base/clock.js';
import { describeErrorChain, isOperatingError } from '../../cluster/base/errors.js';
import { serveRpc, type RpcServer } from '../../cluster/base/local-rpc.js';
import { openLog, type Log } from '../../cluster/base/log.js';
import { systemRng } from '../../cluster/base/rng.js';
import { openServiceNotify } from '../../cluster/base/service-notify.js';
import { RedisContinuity } from '../../cluster/live-state/redis-continuity.js';
import type { ContinuityConfig, EngineConfig } from './config/engine-config.js';
import { ENGINE_HELP, parseEngineArguments, wantsHelp } from './config/parse-engine-arguments.js';
import { ControlServer } from './control/control-server.js';
import { adminMethods } from './engine/admin-methods.js';
import { labelListens } from './engine/label-listens.js';
import { LocalIdentities } from './engine/local-identity.js';
import { openRequestGate } from './engine/open-request-gate.js';
import { SipEngine } from './engine/sip-engine.js';
import { hopText, uriTargets } from './engine/uri-targets.js';
import { EngineMetrics } from './observability/engine-metrics.js';
import { LadderTrace } from './observability/ladder-trace.js';
import { LoopLag } from './observability/loop-lag.js';
import { MessageWatch } from './observability/message-watch.js';
import { MetricsServer } from './observability/metrics-server.js';
import { DnsResolver } from './resolve/dns-resolver.js';
import { nodeDns } from './resolve/node-dns.js';
import { InterfaceGate } from './transport/default-gate.js';
import { TransportLayer } from './transport/transport-layer.js';
import type { ListenAddress, TlsMaterial } from './transport/transport-port.js';

/** drachtio-srf pings from v0.8.2 on and compares nothing else. */
const COMPATIBLE_VERSION = 'v0.9.10';
const DRAIN_MS_MAX = 3_600_000;
const BINDINGS_MAX = 20_000;
const DESCRIPTION = 'SIP engine';

function readTls(config: EngineConfig): TlsMaterial | undefined {
  const { tls } = config;
  if (tls === undefined) return undefined;
  return {
    key: readFileSync(tls.keyFile),
    cert: readFileSync(tls.certFile),
    rejectUnauthorized: tls.rejectUnauthorized,
    ...(tls.caFile === undefined ? {} : { ca: readFileSync(tls.caFile) }),
    ...(tls.ticketKeysFile === undefined ? {} : { ticketKeys: readFileSync(tls.ticketKeysFile) }),
  };
}

async function openContinuity(
  config: ContinuityConfig | undefined,
  clock: Clock,
  log: Log,
): Promise<RedisContinuity | undefined> {
  if (config === undefined) return undefined;
  const { own, partner, passwordFile, tls } = config;
  const password = passwordFile === undefined ? undefined : readFileSync(passwordFile, 'utf8').trim();
  const access = {
    ...(password === undefined ? {} : { password }),
    ...(tls === undefined
      ? {}
      : {
          tls: {
            key: readFileSync(tls.keyFile),
            cert: readFileSync(tls.certFile),
            ...(tls.caFile === undefined ? {} : { ca: readFileSync(tls.caFile) }),
          },
        }),
  };
  const continuity = new RedisContinuity({
    ...{ host: own.host, ownPort: own.port, partnerPort: partner.port, access, clock, log },
  });
  await continuity.open();
  return continuity;
}

async function openControl(config: EngineConfig, control: ControlServer): Promise<readonly string[]> {
  const opened: string[] = [];
  for (const { address, port, tls } of config.control) {
    const pair =
      tls === undefined ? {} : { tls: { key: readFileSync(tls.keyFile), cert: readFileSync(tls.certFile) } };
    const bound = await control.open({ host: address, port, ...pair });
    opened.push(`${tls === undefined ? 'tcp' : 'tls'}/${address}:${String(bound.port)}`);
  }
  return opened;
}

async function main(): Promise<void> {
  const argv = process.argv.slice(2);
  if (wantsHelp(argv)) {
    process.stdout.write(ENGINE_HELP);
    return;
  }
  const config = parseEngineArguments(argv, process.env, (path) => readFileSync(path, 'utf8'));
  const clock = new RealClock();
  const rng = systemRng();
  const log = openLog({ name: 'sip-engine', level: config.log.level, destination: process.stderr });
  const parts = { clock, rng, log };

  const lag = new LoopLag({
    clock,
    onLook: (lagMs) => {
      metrics.observeLoopLag(lagMs);
    },
  });
  const metrics: EngineMetrics = new EngineMetrics({
    version: COMPATIBLE_VERSION,
    startedWallMs: clock.wallMs(),
    readings: {
      stableDialogs: () => engine.counts().dialogs,
      appConnections: () => control.applications.length,
      registeredEndpoints: () => engine.counts().bindings,
      transactionsByState: () => engine.counts().transactions.byState,
      controlQueueBytes: () =>
        control.applications.reduce((sum, { outgoingBytes }) => sum + outgoingBytes, 0),
      loopLag: () => lag.read(),
      isOverloaded: () => lag.isOverloaded,
    },
  });
  const trace = new LadderTrace({ clock, rng });
  const watch = new MessageWatch(metrics, trace);
  const continuity = await openContinuity(config.continuity, clock, log);

  const gate = new InterfaceGate({ clock });
  const { limits } = config;
  const tls = readTls(config);
  const transport = new TransportLayer({
    ...parts,
    ...{ gate, listens: config.listen, ...(tls === undefined ? {} : { tls }) },
    limits: {
      connectionsMax: limits.connectionsMax,
      connectionsPerSourceMax: limits.connectionsPerSource,
      messagesPerSecond: limits.datagramsPerSecondPerSource || Infinity,
      messageBurst: 2 * limits.datagramsPerSecondPerSource || Infinity,
      trustedSources: limits.trustedSources,
    },
    onMessage: (bytes, flow, problem) => {
      watch.onReceived(bytes, flow);
      engine.receive(bytes, flow, problem);
    },
    onConnectionClosed: (flow) => {
      engine.onConnectionClosed(flow);
    },
  });
  const opened: readonly ListenAddress[] = await transport.open();
  const listens = labelListens(opened, config);
  const identities = new LocalIdentities(listens);

  const control = new ControlServer({
    ...parts,
    secret: config.secret,
    greeting: () => ({
      hostports: identities.externalHostPorts,
      localHostports: identities.internalHostPorts,
      version: COMPATIBLE_VERSION,
    }),
    handlers: {
      onAuthenticated: (application) => {
        engine.onApplicationAuthenticated(application);
      },
      onRouteAdded: () => {
        engine.onRouteAdded();
      },
      onCommand: (application, command) => {
        engine.onCommand(application, command);
      },
      onApplicationGone: (application) => {
        engine.onApplicationGone(application);
      },
    },
  });

  const resolver = new DnsResolver({ clock, rng, dns: nodeDns() });
  const engine: SipEngine = new SipEngine({
    ...parts,
    settings: {
      t1Ms: config.timers.t1Ms,
      t2Ms: config.timers.t2Ms,
      mtu: config.mtu,
      natDetection: config.natDetection,
      sessionTimers: config.sessionTimers,
      dialogsMax: limits.dialogsMax,
      pendingInviteMs: config.pendingInviteMs,
      ...(config.outboundProxy === undefined ? {} : { outboundProxy: hopText(config.outboundProxy) }),
      ...(config.server === undefined ? {} : { server: config.server }),
      ...(config.userAgent === undefined ? {} : { userAgent: config.userAgent }),
    },
    transactionSettings: config.timers,
    transactionsMax: limits.transactionsMax,
    bindingsMax: BINDINGS_MAX,
    cdrs: config.cdrs,
    wire: watch.around(transport),
    flows: transport,
    identities,
    resolver: uriTargets(resolver),
    preferredFrom: (protocol) =>
      listens.find((listen) => listen.protocol === protocol && gate.isOwned(listen.address))?.address,
    ...(continuity === undefined ? {} : { continuity }),
    heldMs: config.continuity?.heldMs ?? 0,
    tryingHeldMs: config.continuity?.tryingHeldMs ?? 0,
    ...openRequestGate({
      ...parts,
      config,
      control,
      metrics,
      penalise: (address) => {
        transport.penalise(address);
      },
    }),
    onRefused: (why) => {
      metrics.countRefused(why);
    },
  });

  const admin: RpcServer | undefined =
    config.admin === undefined
      ? undefined
      : await serveRpc(config.admin, adminMethods({ engine, transport, control, trace, lag, continuity }));
  const metricsServer = new MetricsServer({
    ...parts,
    metrics: { contentType: metrics.contentType, text: () => metrics.text() },
    health: () => ({ ok: !lag.isOverloaded, sentence: lag.isOverloaded ? 'overloaded' : 'serving' }),
  });
  if (config.metrics !== undefined) await metricsServer.open(config.metrics.host, config.metrics.port);
  const controls = await openControl(config, control);
  lag.start();

  const { NOTIFY_SOCKET, WATCHDOG_USEC } = process.env;
  const notify = openServiceNotify({ socketPath: NOTIFY_SOCKET, watchdogUsec: WATCHDOG_USEC, clock, log });
  process.stdout.write(
    `sip-engine ready control=${controls.join(',')} sip=${identities.internalHostPorts.join(',')}\n`,
  );
  notify.ready(`${DESCRIPTION} serves ${identities.internalHostPorts.join(', ')}`);
  notify.startWatchdog(() => Promise.resolve(true));

  let isEnding = false;
  const end = async (): Promise<void> => {
    if (isEnding) return;
    isEnding = true;
    notify.stop();
    lag.stop();
    await control.close();
    engine.close();
    await Promise.all([transport.close(), admin?.close(), metricsServer.close()]);
    continuity?.close();
    process.exit(0);
  };
  const drain = async (): Promise<void> => {
    log.info('no new calls, waiting for those that exist');
    notify.status(`${DESCRIPTION} takes no new calls and waits for those that exist`);
    const untilMs = clock.monotonicMs() + DRAIN_MS_MAX;
    await engine.drain(() => clock.monotonicMs() >= untilMs);
    await end();
  };
  process.once('SIGTERM', () => {
    process.once('SIGTERM', () => void end());
    void drain();
  });
  process.once('SIGINT', () => void end());
}

main().catch((error: unknown) => {
  const action = isOperatingError(error) ? `\n${error.action}` : '';
  process.stderr.write(`${describeErrorChain(error)}${action}\n`);
  process.exit(1);
});
