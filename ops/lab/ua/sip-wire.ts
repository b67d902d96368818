/** How messages of a user agent travel: a UDP socket, or one TCP or TLS connection to its server. */
import { createSocket, type Socket } from 'node:dgram';
import { connect as connectTcp, createServer, type Server, type Socket as TcpSocket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { takeFromStream } from './sip-text.js';

export type WireProtocol = 'udp' | 'tcp' | 'tls';

export interface HostPort {
  readonly address: string;
  readonly port: number;
}

export interface Wire {
  readonly protocol: WireProtocol;
  /** Where we are reached: in Via and Contact. */
  readonly local: HostPort;
  /** @param to ignored where a connection to it exists */
  send(text: string, to: HostPort): void;
  close(): void;
}

type OnMessage = (text: string, from: HostPort) => void;

async function openUdp(local: HostPort, onMessage: OnMessage): Promise<Wire> {
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
    send: (text, { address, port }) => {
      if (isOpen) socket.send(text, port, address, () => undefined);
    },
    close: () => {
      if (!isOpen) return;
      isOpen = false;
      socket.close();
    },
  };
}

function readStream(socket: TcpSocket, onMessage: OnMessage): void {
  let pending = '';
  socket.setEncoding('latin1');
  socket.on('data', (chunk: string) => {
    pending += chunk;
    for (let taken = takeFromStream(pending); taken !== undefined; taken = takeFromStream(pending)) {
      pending = taken.rest;
      const text = Buffer.from(taken.message, 'latin1').toString('utf8');
      onMessage(text, { address: socket.remoteAddress ?? '', port: socket.remotePort ?? 0 });
    }
  });
  socket.on('error', () => socket.destroy());
}

/** Connects when something is first sent; a connection that broke is made again. Listens as well on TCP. */
async function openStream(protocol: 'tcp' | 'tls', local: HostPort, onMessage: OnMessage): Promise<Wire> {
  const open = new Map<string, TcpSocket>();
  const server: Server = createServer((socket) => {
    open.set(`${socket.remoteAddress ?? ''}:${String(socket.remotePort)}`, socket);
    readStream(socket, onMessage);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(local.port, local.address, resolve);
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : local.port;
  const connect = ({ address: host, port: to }: HostPort): TcpSocket => {
    const options = { host, port: to, localAddress: local.address };
    return protocol === 'tcp' ? connectTcp(options) : connectTls({ ...options, rejectUnauthorized: false });
  };
  return {
    protocol,
    local: { address: local.address, port },
    send: (text, to) => {
      const name = `${to.address}:${String(to.port)}`;
      const known = open.get(name);
      const socket = known ?? connect(to);
      if (known === undefined) {
        open.set(name, socket);
        readStream(socket, onMessage);
        socket.on('close', () => open.delete(name));
      }
      socket.write(text);
    },
    close: () => {
      for (const socket of open.values()) socket.destroy();
      server.close();
    },
  };
}

/** @throws the system's error when the port is taken */
export function openWire(protocol: WireProtocol, local: HostPort, onMessage: OnMessage): Promise<Wire> {
  return protocol === 'udp' ? openUdp(local, onMessage) : openStream(protocol, local, onMessage);
}
