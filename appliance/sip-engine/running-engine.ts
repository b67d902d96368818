/**
 * One engine with everything it needs: sockets, control port, metrics, admin socket. Opened in the order that
 * applications rely on (SIP before control, so that the first one gets the complete list of addresses), closed in
 * reverse.
 */
import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import type { Clock } from '../../cluster/base/clock.js';
import { serveRpc, type RpcServer } from '../../cluster/base/local-rpc.js';
import type { Log } from '../../cluster/base/log.js';
import type { Rng } from '../../cluster/base/rng.js';
import { placeListens } from './config/address-labels.js';
import type { EngineConfig } from './config/engine-config.js';
import { readKeyFile } from './config/read-key-file.js';
import type { ContinuityPort } from './continuity/continuity-port.js';
import { ControlServer } from './control/control-server.js';
import { adminMethods, type ContinuityStatus } from './engine/admin-methods.js';
import type { EngineSettings } from './engine/engine-context.js';
import { LocalIdentities } from './engine/local-identity.js';
import type { DigestGate } from './engine/digest-gate.js';
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
import type { SipFlow } from './transport/sip-flow.js';
import { TransportLayer } from './transport/transport-layer.js';
import type { TlsMaterial } from './transport/transport-port.js';

/** drachtio-srf pings from v0.8.2 on and compares nothing else. */
const COMPATIBLE_VERSION = 'v0.9.10';
const BINDINGS_MAX = 20_000;

export interface EngineParts {
  readonly config: EngineConfig;
  readonly clock: Clock;
  readonly rng: Rng;
  readonly log: Log;
  readonly continuity?: ContinuityPort & ContinuityStatus;
}

/** @throws the system's error when a file is not there */
export function readTlsMaterial(config: EngineConfig): TlsMaterial | undefined {
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

const PROXY_KEY_BYTES_MIN = 16;

function machineAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((all = []) => all.map(({ address }) => address));
}

function settingsOf(config: EngineConfig): EngineSettings {
  const { timers, mtu, natDetection, sessionTimers, limits, pendingInviteMs } = config;
  return {
    ...{ t1Ms: timers.t1Ms, t2Ms: timers.t2Ms, mtu, natDetection, sessionTimers, pendingInviteMs },
    dialogsMax: limits.dialogsMax,
    ...(config.outboundProxy === undefined ? {} : { outboundProxy: hopText(config.outboundProxy) }),
    ...(config.server === undefined ? {} : { server: config.server }),
    ...(config.userAgent === undefined ? {} : { userAgent: config.userAgent }),
  };
}

export class RunningEngine {
  readonly engine: SipEngine;
  readonly #parts: EngineParts;
  readonly #transport: TransportLayer;
  readonly #control: ControlServer;
  readonly #metricsServer: MetricsServer;
  readonly #trace: LadderTrace;
  readonly #lag: LoopLag;
  readonly #watch: MessageWatch;
  readonly #identities: LocalIdentities;
  readonly #digest: DigestGate | undefined;
  #controls: readonly string[] = [];
  #admin: RpcServer | undefined;

  /** @throws an OperatingError that names what could not be opened; nothing is left open then */
  static async open(parts: EngineParts): Promise<RunningEngine> {
    const { config, clock, rng, log } = parts;
    const places = placeListens(config.listen, config.serviceAddresses, machineAddresses());
    // Messages cannot come before `open` has returned to the event loop, when all of it is there.
    const late: { running?: RunningEngine } = {};
    const gate = new InterfaceGate({ clock });
    const { limits } = config;
    const tls = readTlsMaterial(config);
    const rate = limits.datagramsPerSecondPerSource === 0 ? Infinity : limits.datagramsPerSecondPerSource;
    const transport = new TransportLayer({
      ...{ clock, rng, log, gate, listens: places, ...(tls === undefined ? {} : { tls }) },
      limits: {
        connectionsMax: limits.connectionsMax,
        connectionsPerSourceMax: limits.connectionsPerSource,
        messagesPerSecond: rate,
        messageBurst: 2 * rate,
        trustedSources: limits.trustedSources,
      },
      onMessage: (bytes, flow, problem) => {
        late.running?.receive(bytes, flow, problem);
      },
      onConnectionClosed: (flow) => {
        late.running?.engine.onConnectionClosed(flow);
      },
    });
    const opened = await transport.open();
    const listens = places.map((place, index) => ({ ...place, port: opened[index]?.port ?? place.port }));
    const running = new RunningEngine(parts, transport, gate, new LocalIdentities(listens));
    late.running = running;
    try {
      await running.#resume((address) => gate.isOwned(address));
      await running.#openRest();
    } catch (error) {
      await running.close();
      throw error;
    }
    return running;
  }

  private constructor(
    parts: EngineParts,
    transport: TransportLayer,
    gate: InterfaceGate,
    identities: LocalIdentities,
  ) {
    const { clock, rng, log, config, continuity } = parts;
    this.#parts = parts;
    this.#transport = transport;
    this.#identities = identities;
    this.#trace = new LadderTrace({ clock, rng });
    const metrics = this.#makeMetrics();
    this.#lag = new LoopLag({
      clock,
      onLook: (lagMs) => {
        metrics.observeLoopLag(lagMs);
      },
    });
    this.#watch = new MessageWatch(metrics, this.#trace);
    this.#control = this.#makeControl();
    const requests = openRequestGate({
      ...{ clock, log, config, metrics, control: this.#control },
      penalise: (address) => {
        transport.penalise(address);
      },
    });
    this.#digest = requests.digest;
    this.engine = new SipEngine({
      ...{ clock, rng, log, identities, settings: settingsOf(config) },
      transactionSettings: config.timers,
      transactionsMax: config.limits.transactionsMax,
      bindingsMax: BINDINGS_MAX,
      cdrs: config.cdrs,
      wire: this.#watch.around(transport),
      flows: transport,
      resolver: uriTargets(new DnsResolver({ clock, rng, dns: nodeDns() })),
      preferredFrom: (protocol) => identities.findAddress(protocol, (address) => gate.isOwned(address)),
      ...(continuity === undefined ? {} : { continuity }),
      heldMs: config.continuity?.heldMs ?? 0,
      tryingHeldMs: config.continuity?.tryingHeldMs ?? 0,
      ...(requests.gate === undefined ? {} : { gate: requests.gate }),
      ...(config.proxyKeyFile === undefined
        ? {}
        : { proxyKey: readKeyFile(config.proxyKeyFile, 'proxyKeyFile', PROXY_KEY_BYTES_MIN) }),
      onRefused: (why) => {
        metrics.countRefused(why);
      },
    });
    continuity?.onState((state) => {
      log.warn({ state }, 'the way to the partner has changed');
    });
    this.#metricsServer = new MetricsServer({
      ...{ clock, log },
      metrics: { contentType: metrics.contentType, text: () => metrics.text() },
      health: () => ({
        ok: !this.#lag.isOverloaded,
        sentence: this.#lag.isOverloaded ? 'overloaded' : 'serving',
      }),
    });
  }

  /** `udp/10.77.0.11:5060` */
  get sipHostPorts(): readonly string[] {
    return this.#identities.internalHostPorts;
  }

  /** `tcp/127.0.0.1:9022` */
  get controlHostPorts(): readonly string[] {
    return this.#controls;
  }

  /** A message from the network. */
  receive(bytes: Buffer, flow: SipFlow, problem: string | undefined): void {
    this.#watch.onReceived(bytes, flow);
    this.engine.receive(bytes, flow, problem);
  }

  /** Connections stay. @throws SIP_BAD_CERTIFICATE or the system's error; the old certificate is still used */
  reloadTls(): void {
    const material = readTlsMaterial(this.#parts.config);
    if (material !== undefined) this.#transport.replaceTls(material);
  }

  /** @throws SIP_BAD_CREDENTIALS; the old users still count */
  reloadUsers(): void {
    this.#digest?.reload();
  }

  async close(): Promise<void> {
    this.#lag.stop();
    await this.#control.close();
    this.engine.close();
    await Promise.all([this.#transport.close(), this.#admin?.close(), this.#metricsServer.close()]);
  }

  /** The process before this one may have died in the middle of calls. */
  async #resume(isOwned: (address: string) => boolean): Promise<void> {
    const { config, continuity, log } = this.#parts;
    if (continuity === undefined) return;
    for (const { id, address } of config.serviceAddresses) {
      if (!isOwned(address)) continue;
      try {
        const report = await this.engine.resume(id);
        if (report.dialogs + report.pendingServer > 0) log.info(report, 'goes on with the calls of before');
      } catch (err) {
        log.warn({ err, addressId: id }, 'what was there before cannot be read');
      }
    }
  }

  async #openRest(): Promise<void> {
    const { config, continuity } = this.#parts;
    if (config.admin !== undefined) {
      const { engine } = this;
      const parts = { engine, transport: this.#transport, control: this.#control, continuity };
      const methods = adminMethods({ ...parts, trace: this.#trace, lag: this.#lag });
      // Whoever may look into its folder may order a takeover: call control.
      this.#admin = await serveRpc(config.admin, methods, 0o660);
    }
    if (config.metrics !== undefined)
      await this.#metricsServer.open(config.metrics.host, config.metrics.port);
    this.#controls = await this.#openControl();
    this.#lag.start();
  }

  async #openControl(): Promise<readonly string[]> {
    const opened: string[] = [];
    for (const { address, port, tls } of this.#parts.config.control) {
      const pair =
        tls === undefined
          ? {}
          : { tls: { key: readFileSync(tls.keyFile), cert: readFileSync(tls.certFile) } };
      const bound = await this.#control.open({ host: address, port, ...pair });
      opened.push(`${tls === undefined ? 'tcp' : 'tls'}/${address}:${String(bound.port)}`);
    }
    return opened;
  }

  #makeMetrics(): EngineMetrics {
    return new EngineMetrics({
      version: COMPATIBLE_VERSION,
      startedWallMs: this.#parts.clock.wallMs(),
      readings: {
        stableDialogs: () => this.engine.counts().dialogs,
        appConnections: () => this.#control.applications.length,
        registeredEndpoints: () => this.engine.counts().bindings,
        transactionsByState: () => this.engine.counts().transactions.byState,
        controlQueueBytes: () =>
          this.#control.applications.reduce((sum, { outgoingBytes }) => sum + outgoingBytes, 0),
        loopLag: () => this.#lag.read(),
        isOverloaded: () => this.#lag.isOverloaded,
      },
    });
  }

  #makeControl(): ControlServer {
    const { clock, rng, log, config } = this.#parts;
    return new ControlServer({
      ...{ clock, rng, log, secret: config.secret },
      greeting: () => ({
        hostports: this.#identities.externalHostPorts,
        localHostports: this.#identities.internalHostPorts,
        version: COMPATIBLE_VERSION,
      }),
      handlers: {
        onAuthenticated: (application) => {
          this.engine.onApplicationAuthenticated(application);
        },
        onRouteAdded: () => {
          this.engine.onRouteAdded();
        },
        onCommand: (application, command) => {
          this.engine.onCommand(application, command);
        },
        onApplicationGone: (application) => {
          this.engine.onApplicationGone(application);
        },
      },
    });
  }
}
