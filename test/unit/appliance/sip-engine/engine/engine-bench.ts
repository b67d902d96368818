/**
 * A whole SipEngine on virtual time: phones and applications stand around it, and what it sends reaches the phone at
 * that address at once. Time passes only in `advance`; loss, delay and repetition are what a test does or leaves out.
 */
import { FakeClock } from '../../../../../cluster/base/clock.js';
import { openLog } from '../../../../../cluster/base/log.js';
import { seededRng } from '../../../../../cluster/base/rng.js';
import type { ContinuityPort } from '../../../../../appliance/sip-engine/continuity/continuity-port.js';
import type { EngineSettings } from '../../../../../appliance/sip-engine/engine/engine-context.js';
import { LocalIdentities } from '../../../../../appliance/sip-engine/engine/local-identity.js';
import type { ResolvedTarget } from '../../../../../appliance/sip-engine/engine/outbound-routes.js';
import { SipEngine, type SipEngineOptions } from '../../../../../appliance/sip-engine/engine/sip-engine.js';
import { parseSipMessage } from '../../../../../appliance/sip-engine/message/parse-sip-message.js';
import type { SipMessage } from '../../../../../appliance/sip-engine/message/sip-message.js';
import type { SipFlow, SipProtocol } from '../../../../../appliance/sip-engine/transport/sip-flow.js';
import { VirtualApplication, type ApplicationOptions } from './virtual-application.js';
import { nameOf, VirtualPhone } from './virtual-phone.js';

export { SDP } from './virtual-phone.js';

/** The service addresses: `a` and `b`, each with UDP and TCP. */
export const ADDRESS_A = '10.77.0.11';
export const ADDRESS_B = '10.77.0.12';
/** What ACK and PRACK time-outs and transactions last: 64 * T1. */
export const GIVE_UP_MS = 32_000;

const SETTINGS: EngineSettings = {
  t1Ms: 500,
  t2Ms: 4000,
  mtu: 0,
  natDetection: true,
  sessionTimers: { minSe: 90, defaultRefresher: 'none' },
  dialogsMax: 1000,
  pendingInviteMs: 5000,
};

function listensOf(address: string, addressId: string) {
  return (['udp', 'tcp'] as const).map((protocol) => ({
    ...{ protocol, address, addressId, port: 5060, localNets: [] },
  }));
}

export interface Sent {
  readonly atMs: number;
  readonly message: SipMessage;
  readonly bytes: Buffer;
  readonly flow: SipFlow;
}

export interface BenchOptions {
  readonly clock?: FakeClock;
  readonly seed?: string;
  readonly settings?: Partial<EngineSettings>;
  readonly continuity?: ContinuityPort;
  readonly heldMs?: number;
  readonly tryingHeldMs?: number;
  readonly cdrs?: boolean;
  readonly gate?: SipEngineOptions['gate'];
  readonly transactionsMax?: number;
}

function placeKey(protocol: string, address: string, port: number): string {
  return `${protocol} ${address} ${String(port)}`;
}

export class EngineBench {
  readonly clock: FakeClock;
  readonly engine: SipEngine;
  /** Everything that left, in its order. */
  readonly sent: Sent[] = [];
  /** Requests that came, by what tells their responses. */
  readonly received = new Map<string, SipMessage>();
  /** Host names that can be resolved; a promise is answered when the test says so. */
  readonly hosts = new Map<string, readonly ResolvedTarget[] | Promise<readonly ResolvedTarget[]>>();
  /** Streams that are open. */
  readonly connections = new Set<number>();
  /** True for flows over which nothing can be sent. */
  isDown: (flow: SipFlow) => boolean = () => false;
  readonly #phones = new Map<string, VirtualPhone>();
  readonly #network = {
    deliver: (bytes: Buffer, from: SipFlow): void => {
      const parsed = parseSipMessage(bytes);
      if (parsed.kind === 'message' && parsed.message.isRequest) {
        this.received.set(this.keyOf(parsed.message), parsed.message);
      }
      this.engine.receive(bytes, from);
    },
  };
  #applications = 0;

  constructor(options: BenchOptions = {}) {
    this.clock = options.clock ?? new FakeClock();
    const identities = new LocalIdentities([...listensOf(ADDRESS_A, 'a'), ...listensOf(ADDRESS_B, 'b')]);
    this.engine = new SipEngine({
      clock: this.clock,
      rng: seededRng(options.seed ?? 'engine bench'),
      log: openLog({ name: 'engine-bench', level: 'silent' }),
      settings: { ...SETTINGS, ...options.settings },
      transactionSettings: {},
      transactionsMax: options.transactionsMax ?? 1000,
      bindingsMax: 100,
      cdrs: options.cdrs ?? false,
      identities,
      wire: {
        send: (bytes, flow, sender) => {
          if (this.isDown(flow)) sender.onSendError(new Error('down'));
          else this.#carry(bytes, flow);
        },
      },
      flows: {
        flowTo: (target, from) => this.flowTo(target, from?.address),
        hasConnection: (id) => this.connections.has(id),
      },
      resolver: { resolve: ({ host, port, params }) => this.#resolve(host, port, params['transport']) },
      preferredFrom: () => ADDRESS_A,
      heldMs: options.heldMs ?? 30,
      tryingHeldMs: options.tryingHeldMs ?? 150,
      ...(options.continuity === undefined ? {} : { continuity: options.continuity }),
      ...(options.gate === undefined ? {} : { gate: options.gate }),
    });
  }

  /** @param host last number of its address in 10.77.1.0/24 */
  phone(user: string, host: number, changes: Partial<SipFlow> = {}): VirtualPhone {
    const protocol = changes.protocol ?? 'udp';
    const flow: SipFlow = {
      ...{ protocol, isReliable: protocol !== 'udp', localAddress: ADDRESS_A, localPort: 5060 },
      ...{ remoteAddress: `10.77.1.${String(host)}`, remotePort: 5060 },
      ...changes,
    };
    if (flow.connectionId !== undefined) this.connections.add(flow.connectionId);
    const phone = new VirtualPhone(this.#network, user, flow);
    this.place(phone, protocol, flow.remoteAddress, flow.remotePort);
    return phone;
  }

  /** The service address has moved here: what the phone sends comes to this engine, which reaches it. */
  moveHere(phone: VirtualPhone): void {
    const { protocol, remoteAddress, remotePort } = phone.flow;
    phone.network = this.#network;
    this.place(phone, protocol, remoteAddress, remotePort);
  }

  /** What is sent to this place reaches the phone as well. */
  place(phone: VirtualPhone, protocol: SipProtocol, address: string, port: number): void {
    this.#phones.set(placeKey(protocol, address, port), phone);
  }

  /** Connected and authenticated. */
  application(options: Partial<ApplicationOptions> = {}): VirtualApplication {
    this.#applications += 1;
    const id = options.id ?? `app${String(this.#applications)}`;
    const application = new VirtualApplication(() => this.engine, { ...options, id });
    this.engine.onApplicationAuthenticated(application);
    return application;
  }

  /** Its connection breaks. */
  loseApplication(application: VirtualApplication): void {
    application.isAlive = false;
    this.engine.onApplicationGone(application);
  }

  advance(ms: number): Promise<void> {
    return this.clock.advance(ms);
  }

  /** Lets what waits for nothing but its turn run. */
  settle(): Promise<void> {
    return this.clock.advance(0);
  }

  /** Milliseconds at which messages with this name left. */
  times(name: string): number[] {
    return this.sent.filter(({ message }) => nameOf(message) === name).map(({ atMs }) => atMs);
  }

  /** Of a request and of its responses. */
  keyOf({ via, cseq }: SipMessage): string {
    return `${via.branch ?? ''} ${cseq.method}`;
  }

  flowTo(target: ResolvedTarget, from = ADDRESS_A): SipFlow | undefined {
    if (target.protocol === 'tls') return undefined;
    return {
      ...{ protocol: target.protocol, isReliable: target.protocol !== 'udp', localAddress: from },
      ...{ localPort: 5060, remoteAddress: target.address, remotePort: target.port },
    };
  }

  #resolve(
    host: string,
    port: number | undefined,
    transport: string | true | undefined,
  ): readonly ResolvedTarget[] | Promise<readonly ResolvedTarget[]> {
    const isAddress = /^[0-9.]+$/.test(host);
    if (!isAddress) return this.hosts.get(host) ?? [];
    const protocol = transport === 'tcp' || transport === 'tls' ? transport : 'udp';
    return [{ protocol, address: host, port: port ?? 5060 }];
  }

  #carry(bytes: Buffer, flow: SipFlow): void {
    const parsed = parseSipMessage(bytes);
    if (parsed.kind !== 'message') throw new Error(`the engine sent rubbish: ${bytes.toString()}`);
    this.sent.push({ atMs: this.clock.monotonicMs(), message: parsed.message, bytes, flow });
    const { protocol, remoteAddress, remotePort } = flow;
    this.#phones.get(placeKey(protocol, remoteAddress, remotePort))?.received.push(parsed.message);
  }
}
