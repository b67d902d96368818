/** All UDP sockets. */
import type { RemoteInfo } from 'node:dgram';
import type { WireSender } from '../transaction/transaction-port.js';
import { InterfaceGate } from './default-gate.js';
import type { SipFlow } from './sip-flow.js';
import { reportNotSent, type TransportContext } from './transport-context.js';
import type { ListenAddress } from './transport-port.js';
import { UdpListener } from './udp-listener.js';

/** What Linux says when the source address has gone from the machine, before it looks at the destination. */
const SOURCE_GONE = new Set(['ENETUNREACH', 'EADDRNOTAVAIL', 'EINVAL']);

function keyOf(address: string, port: number): string {
  return `${address} ${String(port)}`;
}

export class UdpTransport {
  readonly #context: TransportContext;
  readonly #listeners = new Map<string, UdpListener>();
  /** The gate may have heard of a loss later than the kernel. */
  readonly #interfaces: InterfaceGate;

  constructor(context: TransportContext) {
    this.#context = context;
    this.#interfaces = new InterfaceGate({ clock: context.clock, cacheMs: 1 });
  }

  /** @returns the port; @throws the system's error */
  async open({ address, port }: ListenAddress): Promise<number> {
    const listener: UdpListener = await UdpListener.open({
      address,
      port,
      onDatagram: (bytes, remote) => {
        this.#receive(listener, bytes, remote);
      },
      onError: (error) => {
        this.#context.log.write('warn', { err: error, address }, 'receiving from a SIP socket failed');
      },
    });
    this.#listeners.set(keyOf(address, listener.port), listener);
    return listener.port;
  }

  send(bytes: Buffer, flow: SipFlow, sender: WireSender): void {
    const listener = this.#listeners.get(keyOf(flow.localAddress, flow.localPort));
    if (listener === undefined) {
      reportNotSent(this.#context, { flow, sender, reason: 'noTransport' });
      return;
    }
    this.#context.meter.sent('udp', bytes.length);
    listener.send(bytes, flow.remoteAddress, flow.remotePort, (error) => {
      if (error !== null) this.#onSendFailed(error, flow, sender);
    });
  }

  async close(): Promise<void> {
    const listeners = [...this.#listeners.values()];
    this.#listeners.clear();
    await Promise.all(listeners.map((listener) => listener.close()));
  }

  #onSendFailed(cause: NodeJS.ErrnoException, flow: SipFlow, sender: WireSender): void {
    const isSourceGone = SOURCE_GONE.has(cause.code ?? '') && !this.#isStillOwned(flow.localAddress);
    const reason = isSourceGone ? 'notOwner' : 'failed';
    reportNotSent(this.#context, { flow, sender, reason, cause });
  }

  #isStillOwned(address: string): boolean {
    return this.#context.gate.isOwned(address) && this.#interfaces.isOwned(address);
  }

  #receive(listener: UdpListener, bytes: Buffer, remote: RemoteInfo): void {
    const { guard, gate, meter, deliver } = this.#context;
    const fault = guard.refuseDatagram(remote.address, bytes);
    const refusal = fault ?? (gate.isOwned(listener.address) ? undefined : 'notOwner');
    // Port 0 can be forged, and not be answered.
    if (refusal !== undefined || remote.port === 0) {
      meter.refused(refusal ?? 'garbage');
      return;
    }
    meter.received('udp', bytes.length);
    deliver(bytes, {
      isReliable: false,
      protocol: 'udp',
      localAddress: listener.address,
      localPort: listener.port,
      remoteAddress: remote.address,
      remotePort: remote.port,
    });
  }
}
