/** How messages of a user agent travel: a UDP socket, or TCP or TLS connections, in both directions. */
import { createSocket, type Socket } from 'node:dgram';
import { connect as connectTcp, createServer, isIPv4, type Server, type Socket as TcpSocket } from 'node:net';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import { takeFromStream } from './sip-text.js';

export type WireProtocol = 'udp' | 'tcp' | 'tls';

export interface HostPort {
  readonly address: string;
  readonly port: number;
}

/** PEM. */
export interface WireCertificate {
  readonly key: string;
  readonly cert: string;
}

export interface Wire {
  readonly protocol: WireProtocol;
  /** Where we are reached: in Via and Contact. */
  readonly local: HostPort;
  /** Never throws: what cannot be sent is lost, as on a network. */
  send(text: string, to: HostPort): void;
  close(): void;
}

export interface WireOptions {
  readonly protocol: WireProtocol;
  /** Port 0: a free one. */
  readonly local: HostPort;
  /** For connections that others make by TLS; without it there are none. */
  readonly certificate: WireCertificate | undefined;
  readonly onMessage: (text: string, from: HostPort) => void;
}

function isReachable({ address, port }: HostPort): boolean {
  return isIPv4(address) && Number.isInteger(port) && port > 0 && port < 65_536;
}

async function openUdp({ local, onMessage }: WireOptions): Promise<Wire> {
  const socket: Socket = createSocket({ type: 'udp4', recvBufferSize: 1 << 20 });
  socket.on('message', (bytes, { address, port }) => {
    onMessage(bytes.toString('utf8'), { address, port });
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(local.port, local.address, resolve);
  });
  socket.removeAllListeners('error');
  socket.on('error', () => undefined);
  let isOpen = true;
  return {
    protocol: 'udp',
    local: { address: local.address, port: socket.address().port },
    send: (text, to) => {
      if (isOpen && isReachable(to)) socket.send(text, to.port, to.address, () => undefined);
    },
    close: () => {
      if (!isOpen) return;
      isOpen = false;
      socket.close();
    },
  };
}

/** Bytes stay bytes until a message is whole: a chunk may end within a character. */
function readStream(socket: TcpSocket, from: HostPort, onMessage: WireOptions['onMessage']): void {
  let pending = '';
  socket.setEncoding('latin1');
  socket.on('data', (chunk: string) => {
    let taken = takeFromStream(pending + chunk);
    pending += chunk;
    for (; typeof taken === 'object'; taken = takeFromStream(pending)) {
      pending = taken.rest;
      onMessage(Buffer.from(taken.message, 'latin1').toString('utf8'), from);
    }
    if (taken === 'hopeless') socket.destroy();
  });
}

class StreamWire implements Wire {
  readonly protocol: WireProtocol;
  readonly #options: WireOptions;
  readonly #server: Server;
  readonly #open = new Map<string, TcpSocket>();
  /** What was written since the other side was last heard. */
  readonly #unheard = new Map<TcpSocket, string[]>();
  #isOpen = true;

  constructor(options: WireOptions) {
    this.#options = options;
    this.protocol = options.protocol;
    const accept = (socket: TcpSocket): void => {
      this.#keep(socket, { address: socket.remoteAddress ?? '', port: socket.remotePort ?? 0 });
    };
    const { protocol, certificate } = options;
    this.#server = protocol === 'tls' ? createTlsServer({ ...certificate }, accept) : createServer(accept);
  }

  async listen(): Promise<void> {
    const { port, address } = this.#options.local;
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, address, resolve);
    });
  }

  get local(): HostPort {
    const { address, port } = this.#options.local;
    const bound = this.#server.address();
    return { address, port: typeof bound === 'object' && bound !== null ? bound.port : port };
  }

  /** Over the connection that leads there; one that broke is made again. */
  send(text: string, to: HostPort): void {
    if (!isReachable(to)) return;
    const known = this.#open.get(nameOf(to));
    const socket = known?.writable === true ? known : this.#connect(to);
    socket.write(text);
    this.#unheard.get(socket)?.push(text);
  }

  close(): void {
    this.#isOpen = false;
    for (const socket of this.#open.values()) socket.destroy();
    this.#server.close();
  }

  #connect(to: HostPort): TcpSocket {
    const options = { host: to.address, port: to.port, localAddress: this.#options.local.address };
    const socket =
      this.protocol === 'tls' ? connectTls({ ...options, rejectUnauthorized: false }) : connectTcp(options);
    this.#keep(socket, to);
    return socket;
  }

  #keep(socket: TcpSocket, peer: HostPort): void {
    const name = nameOf(peer);
    this.#open.set(name, socket);
    socket.setNoDelay();
    readStream(socket, peer, this.#options.onMessage);
    this.#unheard.set(socket, []);
    socket.on('data', () => this.#unheard.set(socket, []));
    socket.on('error', () => socket.destroy());
    socket.on('close', (hadError) => {
      if (this.#open.get(name) === socket) this.#open.delete(name);
      const unheard = this.#unheard.get(socket) ?? [];
      this.#unheard.delete(socket);
      // As phones do whose server has forgotten the connection: what a reset answered goes over a new one, once.
      if (hadError && socket.bytesRead > 0 && this.#isOpen) for (const text of unheard) this.send(text, peer);
    });
  }
}

function nameOf({ address, port }: HostPort): string {
  return `${address}:${String(port)}`;
}

/** @throws the system's error when the port is taken */
export async function openWire(options: WireOptions): Promise<Wire> {
  if (options.protocol === 'udp') return openUdp(options);
  const wire = new StreamWire(options);
  await wire.listen();
  return wire;
}
