/** All UDP sockets. */
import type { RemoteInfo } from 'node:dgram';
import type { WireSender } from '../transaction/transaction-port.js';
import type { SipFlow } from './sip-flow.js';
import { reasonOf, reportNotSent, type TransportContext } from './transport-context.js';
import type { ListenAddress } from './transport-port.js';
import { UdpListener } from './udp-listener.js';

function keyOf(address: string, port: number): string {
  return `${address} ${String(port)}`;
}

export class UdpTransport {
  readonly #context: TransportContext;
  readonly #listeners = new Map<string, UdpListener>();

  constructor(context: TransportContext) {
    this.#context = context;
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
      if (error === null) return;
      const reason = reasonOf(this.#context, flow, error);
      reportNotSent(this.#context, { flow, sender, reason, cause: error });
    });
  }

  async close(): Promise<void> {
    const listeners = [...this.#listeners.values()];
    this.#listeners.clear();
    await Promise.all(listeners.map((listener) => listener.close()));
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
