/**
 * One lasting connection between the same process of two partners: messages both ways, in order, for as long as it
 * lives. What was under way when it is cut is lost: whoever uses it says everything again when it is up.
 *
 *     lower id ── dials ──► higher id        TLS 1.2, ECDHE with a key that both nodes have (RFC 8442)
 *              ◄─ lines of JSON ─►
 *
 * A link over which nothing has been heard for 300 ms counts as cut, whatever TCP believes: a partner that has lost
 * its power says nothing for minutes. Must never: wait, throw at whoever sends, or grow without bound while the
 * partner reads slowly.
 */
import { createHmac } from 'node:crypto';
import { connect, createServer, type Server, type TLSSocket } from 'node:tls';
import type { Clock, Timer } from '../base/clock.js';
import type { Log } from '../base/log.js';

export interface NodeLinkOptions {
  readonly own: { readonly id: string; readonly address: string };
  readonly partner: { readonly id: string; readonly address: string };
  readonly port: number;
  /** Secret of the site, at least 32 bytes; the key of the link is derived from it. */
  readonly siteKey: Buffer;
  readonly clock: Clock;
  readonly log: Log;
  readonly onUp: () => void;
  readonly onDown: () => void;
  /** Whatever the partner sent that is an object of JSON. */
  readonly onMessage: (message: Readonly<Record<string, unknown>>) => void;
}

export const BEAT_MS = 100;
export const SILENT_MS_MAX = 300;
const DIAL_EVERY_MS = 200;
const DIAL_MS_MAX = 1000;
const LINE_MAX = 256 * 1024;
/** A partner that does not read is as good as gone; it is told everything anew when it is back. */
const UNSENT_BYTES_MAX = 8 * 1024 * 1024;
/** With forward secrecy: a key that leaks later opens no recorded connection. */
const CIPHERS = 'ECDHE-PSK-CHACHA20-POLY1305';
const BEAT = '{}\n';

function linkKey(siteKey: Buffer): Buffer {
  return createHmac('sha256', siteKey).update('wardline node link').digest();
}

export class NodeLink {
  readonly #options: NodeLinkOptions;
  readonly #key: Buffer;
  #server: Server | undefined;
  #socket: TLSSocket | undefined;
  #isUp = false;
  #heardMs = 0;
  #pending = '';
  #beat: Timer | undefined;
  #isStopped = false;

  constructor(options: NodeLinkOptions) {
    this.#options = options;
    this.#key = linkKey(options.siteKey);
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  start(): void {
    const { own, partner } = this.#options;
    if (own.id < partner.id) void this.#dialOnAndOn();
    else this.#listen();
    this.#keepBeat();
  }

  stop(): void {
    this.#isStopped = true;
    this.#beat?.cancel();
    this.#server?.close();
    this.#drop('this node stops');
  }

  /** @returns false when the link is down: nothing is kept for later */
  send(message: object): boolean {
    const socket = this.#socket;
    if (!this.#isUp || socket === undefined) return false;
    socket.write(`${JSON.stringify(message)}\n`);
    if (socket.writableLength > UNSENT_BYTES_MAX) this.#drop('the partner does not read');
    return this.#isUp;
  }

  #listen(): void {
    const { own, partner, port, log } = this.#options;
    const server = createServer({
      ...this.#tls(),
      pskCallback: (_socket, identity) => (identity === partner.id ? this.#key : null),
    });
    this.#server = server;
    server.on('secureConnection', (socket) => {
      this.#adopt(socket);
    });
    // Whoever cannot prove who he is: his address is told, once a connection, at a level that floods no log.
    server.on('tlsClientError', (error, socket) => {
      log.debug({ err: error, address: socket.remoteAddress }, 'node link refused a connection');
    });
    server.on('error', (error) => {
      log.error({ err: error, port }, 'node link cannot listen, it tries again');
      void this.#options.clock.sleep(DIAL_MS_MAX).then(() => {
        if (!this.#isStopped) server.listen(port, own.address);
      });
    });
    server.listen(port, own.address);
  }

  async #dialOnAndOn(): Promise<void> {
    const { clock } = this.#options;
    while (!this.#isStopped) {
      if (this.#socket === undefined) this.#dial();
      await clock.sleep(DIAL_EVERY_MS);
    }
  }

  #dial(): void {
    const { own, partner, port, clock, log } = this.#options;
    const socket = connect({
      ...this.#tls(),
      ...{ host: partner.address, port, localAddress: own.address },
      pskCallback: () => ({ psk: this.#key, identity: own.id }),
      // A key that both have proves more than a name in a certificate.
      checkServerIdentity: () => undefined,
    });
    this.#socket = socket;
    const deadline = clock.schedule(DIAL_MS_MAX, () => socket.destroy());
    socket.once('secureConnect', () => {
      deadline.cancel();
      this.#adopt(socket);
    });
    socket.on('error', (error) => {
      log.debug({ err: error }, 'node link');
    });
    socket.once('close', () => {
      deadline.cancel();
      if (this.#socket === socket) this.#drop('the connection was closed');
    });
  }

  #tls() {
    return { ciphers: CIPHERS, minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' } as const;
  }

  /** A new connection of the partner's takes the place of the old one, which it has given up. */
  #adopt(socket: TLSSocket): void {
    const { clock, log, partner, onUp } = this.#options;
    if (this.#socket !== socket) this.#drop('the partner has connected anew');
    this.#socket = socket;
    this.#pending = '';
    this.#heardMs = clock.monotonicMs();
    socket.setNoDelay(true);
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      if (this.#socket === socket) this.#read(chunk);
    });
    socket.on('error', (error) => {
      log.debug({ err: error }, 'node link');
    });
    socket.once('close', () => {
      if (this.#socket === socket) this.#drop('the connection was closed');
    });
    this.#isUp = true;
    log.info({ partner: partner.id }, 'node link is up');
    onUp();
  }

  #drop(why: string): void {
    const { log, partner, onDown } = this.#options;
    this.#socket?.destroy();
    this.#socket = undefined;
    if (!this.#isUp) return;
    this.#isUp = false;
    log.warn({ partner: partner.id, why }, 'node link is down');
    onDown();
  }

  #read(chunk: string): void {
    const { clock } = this.#options;
    this.#heardMs = clock.monotonicMs();
    const lines = (this.#pending + chunk).split('\n');
    this.#pending = lines.pop() ?? '';
    if (this.#pending.length > LINE_MAX) {
      this.#drop('a line is too long');
      return;
    }
    for (const line of lines) this.#take(line);
  }

  /** One message that cannot be worked on costs that message, not the link. */
  #take(line: string): void {
    const { log, onMessage } = this.#options;
    try {
      const message: unknown = JSON.parse(line);
      const isMessage = typeof message === 'object' && message !== null && 'kind' in message;
      if (isMessage) onMessage(message);
    } catch (error) {
      log.error({ err: error }, 'a message of the partner is left out');
    }
  }

  #keepBeat(): void {
    const { clock } = this.#options;
    this.#beat = clock.schedule(BEAT_MS, () => {
      if (this.#isStopped) return;
      if (this.#isUp) {
        if (clock.monotonicMs() - this.#heardMs > SILENT_MS_MAX) this.#drop('nothing is heard of it');
        else this.#socket?.write(BEAT);
      }
      this.#keepBeat();
    });
  }
}
