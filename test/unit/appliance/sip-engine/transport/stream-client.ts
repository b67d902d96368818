/** A peer over TCP or TLS that remembers what it hears. */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from 'node:tls';
import type { TestContext } from '../../../../support/spec.js';
import { waitFor } from '../../../../support/wait.js';
import { LOCALHOST } from './transport-bench.js';

export class StreamClient<S extends Socket = Socket> {
  readonly socket: S;
  heard = '';
  isClosed = false;

  constructor(t: TestContext, socket: S) {
    this.socket = socket;
    t.defer(() => socket.destroy());
    socket.on('data', (chunk: Buffer) => {
      this.heard += chunk.toString('latin1');
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.isClosed = true;
    });
  }

  say(text: string): void {
    this.socket.write(text, 'latin1');
  }

  async hears(text: string): Promise<void> {
    await waitFor(`the peer to hear ${JSON.stringify(text)}`, () => this.heard.includes(text), {
      intervalMs: 2,
    });
  }

  async closes(): Promise<void> {
    await waitFor('the connection to be closed', () => this.isClosed, { intervalMs: 2 });
  }
}

export function tcpClient(t: TestContext, port: number, host = LOCALHOST): StreamClient {
  return new StreamClient(t, connect({ port, host, localAddress: LOCALHOST }));
}

/** Once the handshake is over, with the first session ticket. */
export async function tlsClient(
  t: TestContext,
  port: number,
  options: ConnectionOptions,
): Promise<StreamClient<TLSSocket>> {
  const client = new StreamClient(t, connectTls({ ...options, port, host: LOCALHOST }));
  await new Promise((resolve, reject) => {
    client.socket.once('secureConnect', resolve);
    client.socket.once('error', reject);
  });
  return client;
}

/** A listening peer; `accepted` grows. */
export async function tcpPeer(t: TestContext): Promise<{ port: number; accepted: StreamClient[] }> {
  const accepted: StreamClient[] = [];
  const server = createServer((socket) => accepted.push(new StreamClient(t, socket)));
  await new Promise<void>((resolve) => server.listen(0, LOCALHOST, resolve));
  t.defer(() => {
    for (const { socket } of accepted) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  return { port: (server.address() as AddressInfo).port, accepted };
}
