/**
 * A SIP device that does nothing by itself: it sends what a test writes and keeps what arrives. No retransmission, no
 * automatic answer, so that a test sees exactly what the engine does.
 */
import { createSocket, type RemoteInfo, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import { notYet, waitFor } from '../wait.js';
import type { SipPort } from './engine-process.js';
import { cseqOf, headerOf, parseSipText, token, type SipText } from './sip-text.js';

export type PeerProtocol = 'udp' | 'tcp' | 'tls';

export interface ReceivedSip extends SipText {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly atMs: number;
  /** Back the way it came. */
  readonly reply: (text: string) => void;
}

export interface PeerOptions {
  readonly protocol?: PeerProtocol;
  readonly address?: string;
  /** Default: any free one. */
  readonly port?: number;
  /** For TLS. */
  readonly certificate?: { readonly key: string; readonly cert: string };
}

/** Cuts a stream into messages by Content-Length (RFC 3261 18.3); CRLF between them is keep-alive. */
class StreamCutter {
  #bytes = Buffer.alloc(0);

  /** The keep-alives since the last call are counted, not returned. */
  push(chunk: Buffer): string[] {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    const messages: string[] = [];
    for (let next = this.#take(); next !== undefined; next = this.#take()) messages.push(next);
    return messages;
  }

  #take(): string | undefined {
    while (this.#bytes.subarray(0, 2).toString('latin1') === '\r\n') this.#bytes = this.#bytes.subarray(2);
    const end = this.#bytes.indexOf('\r\n\r\n');
    if (end < 0) return undefined;
    const head = this.#bytes.subarray(0, end).toString('latin1');
    const length = Number(/^(?:content-length|l)\s*:\s*(\d+)/im.exec(head)?.[1] ?? 0);
    if (this.#bytes.length < end + 4 + length) return undefined;
    const message = this.#bytes.subarray(0, end + 4 + length).toString('utf8');
    this.#bytes = this.#bytes.subarray(end + 4 + length);
    return message;
  }
}

interface Arrival {
  readonly text: string;
  readonly address: string;
  readonly port: number;
  readonly reply: (text: string) => void;
}

/** The way a peer is reached and reaches others. */
interface Link {
  readonly port: number;
  send(text: string | Uint8Array, to: SipPort): void;
  close(): void;
}

async function openUdp(address: string, port: number, onArrival: (arrival: Arrival) => void): Promise<Link> {
  const socket: UdpSocket = createSocket('udp4');
  socket.on('message', (bytes: Buffer, from: RemoteInfo) => {
    const reply = (text: string): void => socket.send(text, from.port, from.address);
    onArrival({ text: bytes.toString('utf8'), address: from.address, port: from.port, reply });
  });
  socket.bind(port, address);
  await once(socket, 'listening');
  socket.setRecvBufferSize(4 * 1024 * 1024);
  return {
    port: socket.address().port,
    send: (text, to) => socket.send(text, to.port, to.address),
    close: () => socket.close(),
  };
}

class StreamLink implements Link {
  readonly #options: PeerOptions;
  readonly #onArrival: (arrival: Arrival) => void;
  readonly #sockets = new Map<string, Socket>();
  readonly #all = new Set<Socket>();
  #server: Server | undefined;

  constructor(options: PeerOptions, onArrival: (arrival: Arrival) => void) {
    this.#options = options;
    this.#onArrival = onArrival;
  }

  async open(address: string): Promise<void> {
    const accept = (socket: Socket): void => this.#watch(socket);
    this.#server =
      this.#options.protocol === 'tls'
        ? createTlsServer({ ...this.#options.certificate }, accept)
        : createServer(accept);
    this.#server.listen(this.#options.port ?? 0, address);
    await once(this.#server, 'listening');
  }

  get port(): number {
    return (this.#server?.address() as AddressInfo).port;
  }

  /** Over the connection that leads there, or a new one. */
  send(text: string | Uint8Array, to: SipPort): void {
    const key = `${to.address}:${String(to.port)}`;
    const known = this.#sockets.get(key);
    const socket = known ?? this.#connect(to);
    this.#sockets.set(key, socket);
    socket.write(text);
  }

  close(): void {
    for (const socket of this.#all) socket.destroy();
    this.#server?.close();
  }

  closeConnections(): void {
    for (const socket of this.#all) socket.destroy();
    this.#sockets.clear();
  }

  #connect(to: SipPort): Socket {
    const place = { host: to.address, port: to.port };
    // Whom it talks to is the test's business; the certificate is one that signs itself.
    const socket =
      this.#options.protocol === 'tls' ? connectTls({ ...place, rejectUnauthorized: false }) : connect(place);
    this.#watch(socket);
    return socket;
  }

  #watch(socket: Socket): void {
    const cutter = new StreamCutter();
    this.#all.add(socket);
    socket.setNoDelay();
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      this.#all.delete(socket);
      for (const [key, known] of this.#sockets) if (known === socket) this.#sockets.delete(key);
    });
    socket.on('data', (chunk: Buffer) => {
      for (const text of cutter.push(chunk)) {
        const reply = (answer: string): void => void socket.write(answer);
        const { remoteAddress: address = '', remotePort: port = 0 } = socket;
        this.#onArrival({ text, address, port, reply });
      }
    });
  }
}

/** How a peer's messages are recognised: by a request's method, or a response's status and CSeq method. */
export type Fits = (message: SipText) => boolean;

export function isRequest(method: string): Fits {
  return (message) => message.method === method;
}

export function isResponse(status: number, method?: string): Fits {
  return (message) =>
    message.status === status && (method === undefined || cseqOf(message).method === method);
}

export class RawSipPeer {
  readonly protocol: PeerProtocol;
  readonly address: string;
  /** All that ever arrived. */
  readonly received: ReceivedSip[] = [];
  readonly #byCall = new Map<string, ReceivedSip[]>();
  readonly #taken = new Set<ReceivedSip>();
  readonly #link: Link;

  private constructor(options: Required<Pick<PeerOptions, 'protocol' | 'address'>>, link: Link) {
    this.protocol = options.protocol;
    this.address = options.address;
    this.#link = link;
  }

  static async open(options: PeerOptions = {}): Promise<RawSipPeer> {
    const place = { protocol: options.protocol ?? 'udp', address: options.address ?? '127.0.0.1' };
    const early: Arrival[] = [];
    let keep = (arrival: Arrival): void => void early.push(arrival);
    const onArrival = (arrival: Arrival): void => keep(arrival);
    const stream = place.protocol === 'udp' ? undefined : new StreamLink({ ...options, ...place }, onArrival);
    await stream?.open(place.address);
    const peer = new RawSipPeer(
      place,
      stream ?? (await openUdp(place.address, options.port ?? 0, onArrival)),
    );
    keep = (arrival) => peer.#keep(arrival);
    for (const arrival of early) keep(arrival);
    return peer;
  }

  get port(): number {
    return this.#link.port;
  }

  /** `sip:name@address:port`, with the transport unless it is UDP. */
  uri(name = 'peer'): string {
    const transport = this.protocol === 'udp' ? '' : `;transport=${this.protocol}`;
    return `sip:${name}@${this.address}:${String(this.port)}${transport}`;
  }

  via(branch = `z9hG4bK${token(8)}`): string {
    return `SIP/2.0/${this.protocol.toUpperCase()} ${this.address}:${String(this.port)};branch=${branch};rport`;
  }

  send(text: string | Uint8Array, to: SipPort): void {
    this.#link.send(text, to);
  }

  /**
   * Waits for a message that fits and that nobody has taken yet.
   * @param callId looks at that call only, where a peer has hundreds
   * @throws with what arrived instead
   */
  expect(sentence: string, fits: Fits, deadlineMs = 5_000, callId?: string): Promise<ReceivedSip> {
    return waitFor(
      sentence,
      () => {
        const received = callId === undefined ? this.received : (this.#byCall.get(callId) ?? []);
        const found = received.find((message) => !this.#taken.has(message) && fits(message));
        if (found === undefined) return notYet(received.slice(-12).map(({ startLine }) => startLine));
        this.#taken.add(found);
        return found;
      },
      { deadlineMs, intervalMs: 3 },
    );
  }

  expectRequest(method: string, deadlineMs?: number): Promise<ReceivedSip> {
    return this.expect(`a ${method} arrives`, isRequest(method), deadlineMs);
  }

  expectResponse(status: number, method?: string, deadlineMs?: number): Promise<ReceivedSip> {
    const sentence = `a ${String(status)}${method === undefined ? '' : ` to ${method}`} arrives`;
    return this.expect(sentence, isResponse(status, method), deadlineMs);
  }

  /** How many have arrived that fit, taken or not. */
  count(fits: Fits): number {
    return this.received.filter(fits).length;
  }

  /** Drops the connections as a phone does that loses its network; nothing for UDP. */
  closeConnections(): void {
    if (this.#link instanceof StreamLink) this.#link.closeConnections();
  }

  close(): void {
    this.#link.close();
  }

  #keep({ text, address, port, reply }: Arrival): void {
    if (text.trim() === '') return;
    const atMs = performance.now();
    const message = { ...parseSipText(text), remoteAddress: address, remotePort: port, atMs, reply };
    this.received.push(message);
    const callId = headerOf(message, 'Call-ID');
    const ofCall = this.#byCall.get(callId);
    if (ofCall === undefined) this.#byCall.set(callId, [message]);
    else ofCall.push(message);
  }
}
