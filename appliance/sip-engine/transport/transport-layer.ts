/**
 * Where SIP messages come in and go out: UDP, TCP and TLS on the service addresses of both nodes of a pair.
 *
 * Invariants: nothing leaves from a service address that this node does not own, and nothing that comes for one is
 * handed on, whatever the kernel would do; no source can make this process hold memory or time without bound; an
 * error of the network, or of whoever is handed a message, ends neither a handler nor the process.
 */
import { isIPv6 } from 'node:net';
import { isOperatingError } from '../../../cluster/base/errors.js';
import { sipErrors } from '../errors.js';
import type { Wire, WireSender } from '../transaction/transaction-port.js';
import { InterfaceGate } from './default-gate.js';
import { LimitedLog } from '../observability/limited-log.js';
import { canonicalAddress, expandListens } from './listen-address.js';
import type { SipFlow } from './sip-flow.js';
import { SourceGuard } from './source-guard.js';
import { StreamTransport } from './stream-transport.js';
import { reportNotSent, type TransportContext } from './transport-context.js';
import { TransportMeter } from './transport-meter.js';
import {
  TRANSPORT_LIMITS,
  type FlowTarget,
  type ListenAddress,
  type TlsMaterial,
  type TransportCounts,
  type TransportOptions,
} from './transport-port.js';
import { UdpTransport } from './udp-transport.js';

/** For judging an error of the system, as good as not cached. */
const INTERFACES_MS = 1;

export class TransportLayer implements Wire<SipFlow> {
  readonly #options: TransportOptions;
  readonly #context: TransportContext;
  readonly #udp: UdpTransport;
  readonly #streams: StreamTransport;
  #listens: readonly ListenAddress[] = [];

  constructor(options: TransportOptions) {
    this.#options = options;
    const { clock, gate } = options;
    const limits = { ...TRANSPORT_LIMITS, ...options.limits };
    this.#context = {
      clock,
      gate,
      limits,
      interfaces: new InterfaceGate({ clock, cacheMs: INTERFACES_MS }),
      log: new LimitedLog(options.log, clock),
      guard: new SourceGuard(clock, limits),
      meter: new TransportMeter(),
      deliver: (bytes, flow, problem) => {
        this.#runHandler(() => {
          options.onMessage(bytes, flow, problem);
        });
      },
    };
    this.#udp = new UdpTransport(this.#context);
    this.#streams = new StreamTransport({
      context: this.#context,
      rng: options.rng,
      tls: options.tls,
      onConnectionClosed: (flow) => {
        this.#runHandler(() => options.onConnectionClosed?.(flow));
      },
    });
  }

  /**
   * All or none.
   * @returns what is listened to, wildcards expanded and with the real ports
   * @throws SIP_CANNOT_LISTEN, SIP_BAD_CERTIFICATE
   */
  async open(): Promise<readonly ListenAddress[]> {
    const opened: ListenAddress[] = [];
    try {
      // One after the other: the first one that fails is named.
      for (const listen of expandListens(this.#options.listens)) opened.push(await this.#openOne(listen));
    } catch (error) {
      await this.close();
      throw error;
    }
    this.#listens = opened;
    return opened;
  }

  /** Never throws; every failure is told to `sender`, at once or later. @see NotSentError */
  send(bytes: Buffer, flow: SipFlow, sender: WireSender): void {
    if (!this.#context.gate.isOwned(flow.localAddress)) {
      reportNotSent(this.#context, { flow, sender, reason: 'notOwner' });
      return;
    }
    try {
      if (flow.protocol === 'udp') this.#udp.send(bytes, flow, sender);
      else this.#streams.send(bytes, flow, sender);
    } catch (cause) {
      // A port of 0 or above 65535 out of somebody's Contact.
      reportNotSent(this.#context, { flow, sender, reason: 'failed', cause });
    }
  }

  /**
   * A flow to a destination from one of our listens: of the same protocol and family, the one `from` names when it
   * is among them, otherwise the first that this node owns.
   */
  flowTo(
    target: FlowTarget,
    from?: { readonly address: string; readonly port?: number },
  ): SipFlow | undefined {
    const { protocol, port, serverName } = target;
    const remoteAddress = canonicalAddress(target.address);
    const listen = this.#chooseListen(protocol, isIPv6(remoteAddress), from);
    if (listen === undefined) return undefined;
    return {
      isReliable: protocol !== 'udp',
      protocol,
      localAddress: listen.address,
      localPort: listen.port,
      remoteAddress,
      remotePort: port,
      ...(serverName === undefined ? {} : { serverName }),
    };
  }

  /** Whether a connection is still open, for a flow that was kept. */
  hasConnection(id: number): boolean {
    return this.#streams.has(id);
  }

  /**
   * For the moment at which this node loses a service address: its phones have to connect to the partner, and find
   * out now instead of at their next message.
   */
  dropConnectionsOf(localAddress: string): void {
    this.#streams.dropConnectionsOf(localAddress);
  }

  /** New connections get it, open ones stay. @throws SIP_BAD_CERTIFICATE; the old one is still used */
  replaceTls(material: TlsMaterial): void {
    this.#streams.replaceTls(material);
  }

  /** @see SourceGuard.penalise */
  penalise(address: string): void {
    this.#context.guard.penalise(address);
  }

  counts(): TransportCounts {
    const { guard, meter } = this.#context;
    const { connections, handshakes } = this.#streams;
    return meter.counts({ connections, handshakes, trackedSources: guard.trackedSources });
  }

  /** Idempotent. */
  async close(): Promise<void> {
    this.#listens = [];
    await Promise.all([this.#udp.close(), this.#streams.close()]);
  }

  async #openOne(listen: ListenAddress): Promise<ListenAddress> {
    try {
      const transport = listen.protocol === 'udp' ? this.#udp : this.#streams;
      return { ...listen, port: await transport.open(listen) };
    } catch (error) {
      if (isOperatingError(error)) throw error;
      const { protocol, address, port } = listen;
      const reason = error instanceof Error ? error.message : String(error);
      throw sipErrors.SIP_CANNOT_LISTEN({ protocol, address, port, reason }, error);
    }
  }

  #chooseListen(
    protocol: SipFlow['protocol'],
    isV6: boolean,
    from: { readonly address: string; readonly port?: number } | undefined,
  ): ListenAddress | undefined {
    const usable = this.#listens.filter(
      (listen) => listen.protocol === protocol && isIPv6(listen.address) === isV6,
    );
    const wanted = usable.filter(({ address }) => address === from?.address);
    return (
      wanted.find(({ port }) => port === from?.port) ??
      wanted[0] ??
      usable.find(({ address }) => this.#context.gate.isOwned(address)) ??
      usable[0]
    );
  }

  /** What the user's code throws ends that one call. */
  #runHandler(handler: () => void): void {
    try {
      handler();
    } catch (error) {
      this.#context.meter.handlerFailed();
      this.#context.log.write('error', { err: error }, 'handler of the SIP transports failed');
    }
  }
}
