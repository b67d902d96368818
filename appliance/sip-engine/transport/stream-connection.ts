/**
 * One TCP or TLS connection, whoever opened it.
 *
 * Invariants: it holds at most one message that has not ended and `outgoingBytesMax` for a peer that does not read;
 * every message given to `send` is either taken by the kernel or told to its sender; all its timers end with it.
 */
import type { Socket } from 'node:net';
import type { Timer } from '../../../cluster/base/clock.js';
import type { WireSender } from '../transaction/transaction-port.js';
import type { SipFlow } from './sip-flow.js';
import { StreamFramer, type FramedMessage } from './stream-framer.js';
import { reasonOf, reportNotSent, type TransportContext } from './transport-context.js';
import type { NotSentReason, RefusalReason } from './transport-port.js';

/** With the message that waits for it to be open. */
interface Waiting {
  readonly bytes: Buffer;
  readonly sender: WireSender;
}

export interface StreamConnectionOptions {
  readonly context: TransportContext;
  /** With connectionId. */
  readonly flow: SipFlow & { readonly connectionId: number };
  readonly socket: Socket;
  /** Of an opened one: the event after which the peer is known and may be written to. Accepted ones are there. */
  readonly openEvent?: 'connect' | 'secureConnect';
  /** The last call. */
  readonly onClosed: (connection: StreamConnection) => void;
}

/** For the answer to a message that could not be framed. */
const LINGER_MS = 1000;
/** A peer whose machine is gone, or whose NAT has forgotten it, is noticed after this and ten probes. */
const KEEP_ALIVE_IDLE_MS = 30_000;
const PONG = Buffer.from('\r\n');

export class StreamConnection {
  readonly flow: SipFlow & { readonly connectionId: number };
  readonly isAccepted: boolean;
  /** Resolves when nothing is left of it. */
  readonly closed: Promise<void>;
  #resolveClosed: () => void = () => undefined;
  readonly #context: TransportContext;
  readonly #socket: Socket;
  readonly #onClosed: (connection: StreamConnection) => void;
  readonly #framer: StreamFramer;
  /** Until the connection is open: a server whose certificate is wrong gets nothing. */
  #waiting: Waiting[] | undefined;
  #waitingBytes = 0;
  /** Why it was destroyed, when we did that. */
  #failure: NotSentReason | undefined;
  #error: Error | undefined;
  #isEnding = false;
  /** Until it is open; then, of an accepted one, until its first message. */
  #openTimer: Timer | undefined;
  #messageTimer: Timer | undefined;
  /** While nothing is read, and before the end. */
  #pauseTimer: Timer | undefined;

  constructor({ context, flow, socket, openEvent, onClosed }: StreamConnectionOptions) {
    this.flow = flow;
    this.isAccepted = openEvent === undefined;
    this.#context = context;
    this.#socket = socket;
    this.#onClosed = onClosed;
    this.#framer = new StreamFramer(context.limits);
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    this.#listen();
    if (openEvent === undefined) this.#expectFirstMessage();
    else this.#expectOpening(openEvent);
  }

  get isClosed(): boolean {
    return this.#socket.destroyed;
  }

  send(bytes: Buffer, sender: WireSender): void {
    const { outgoingBytesMax } = this.#context.limits;
    if (this.isClosed || !this.#socket.writable) this.#report(sender, 'connectionGone');
    else if (this.#waitingBytes + this.#socket.writableLength + bytes.length > outgoingBytesMax) {
      this.#context.log.write('warn', this.#name(), 'SIP connection closed: the peer does not read');
      this.#report(sender, 'queueFull');
      this.destroy('queueFull');
    } else if (this.#waiting === undefined) this.#write(bytes, sender);
    else {
      this.#waitingBytes += bytes.length;
      this.#waiting.push({ bytes, sender });
    }
  }

  /** What was sent before still goes out, when the peer takes it. */
  end(): void {
    if (this.#waiting === undefined) this.#socket.destroySoon();
    else this.destroy();
  }

  /** @param reason for the senders of what was not taken */
  destroy(reason?: NotSentReason): void {
    this.#failure ??= reason;
    this.#socket.destroy();
  }

  #listen(): void {
    const socket = this.#socket;
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE_IDLE_MS);
    socket.on('data', (chunk: Buffer) => {
      this.#onData(chunk);
    });
    // 'close' follows; without a listener it would end the process.
    socket.on('error', (error) => {
      this.#error = error;
      this.#context.log.write('debug', { err: error, ...this.#name() }, 'SIP connection broke');
    });
    socket.on('close', () => {
      this.#onSocketClosed();
    });
  }

  #expectOpening(event: 'connect' | 'secureConnect'): void {
    this.#waiting = [];
    this.#openTimer = this.#context.clock.schedule(this.#context.limits.connectMs, () => {
      this.destroy('connectTooSlow');
    });
    this.#socket.once(event, () => {
      this.#openTimer?.cancel();
      this.#context.meter.connectionOpened();
      const waiting = this.#waiting ?? [];
      this.#waiting = undefined;
      this.#waitingBytes = 0;
      for (const { bytes, sender } of waiting) this.#write(bytes, sender);
    });
  }

  #expectFirstMessage(): void {
    this.#openTimer = this.#context.clock.schedule(this.#context.limits.firstMessageMs, () => {
      this.#refuse('silent');
    });
  }

  #onSocketClosed(): void {
    for (const timer of [this.#openTimer, this.#messageTimer, this.#pauseTimer]) timer?.cancel();
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    for (const { sender } of waiting) this.#report(sender, this.#failure, this.#error);
    this.#onClosed(this);
    this.#resolveClosed();
  }

  #onData(chunk: Buffer): void {
    if (this.#isEnding) return;
    const { messages, pings, fault } = this.#framer.push(chunk);
    for (const message of messages) this.#receive(message);
    if (this.isClosed) return;
    if (pings > 0) this.#pong();
    if (messages.length > 0 && this.isAccepted) this.#openTimer?.cancel();
    if (fault !== undefined) this.#linger(fault, messages.at(-1)?.problem !== undefined);
    else this.#watch(messages.length);
  }

  #receive({ bytes, problem }: FramedMessage): void {
    // One before it may have closed the connection.
    if (this.isClosed) return;
    const { gate, guard, meter, deliver } = this.#context;
    const { protocol, localAddress, remoteAddress } = this.flow;
    if (!gate.isOwned(localAddress)) this.#refuse('notOwner');
    else if (guard.isPenalised(remoteAddress)) this.#refuse('penalised');
    else {
      meter.received(protocol, bytes.length);
      deliver(bytes, this.flow, problem);
    }
  }

  #pong(): void {
    // Nobody is told: a peer that misses it opens another connection (RFC 5626 4.4.1).
    this.send(PONG, { onSendError: () => undefined });
  }

  /** RFC 3261 18.3: what follows cannot be read. An answer may still go out. */
  #linger(fault: string, isAnswerable: boolean): void {
    this.#isEnding = true;
    this.#context.meter.refused('unframeable');
    this.#context.log.write('info', { fault, ...this.#name() }, 'SIP connection lost its framing');
    this.#messageTimer?.cancel();
    if (!isAnswerable) {
      this.destroy();
      return;
    }
    this.#pauseTimer?.cancel();
    this.#pauseTimer = this.#context.clock.schedule(LINGER_MS, () => {
      this.#socket.destroySoon();
    });
  }

  /** After every chunk: how long the rest of a message may take, and when the next chunk is read. */
  #watch(messages: number): void {
    const pauseMs = this.#context.guard.spendOnStream(this.flow.remoteAddress, messages);
    // A message that is not the one of the last chunk has a time of its own.
    if (messages > 0 || !this.#framer.isPartial) this.#stopMessageTimer();
    if (pauseMs === 0) this.#expectRest();
    else this.#pauseReading(pauseMs);
  }

  #pauseReading(pauseMs: number): void {
    // The peer is not to blame for what we do not read.
    this.#stopMessageTimer();
    this.#socket.pause();
    this.#pauseTimer?.cancel();
    this.#pauseTimer = this.#context.clock.schedule(pauseMs, () => {
      this.#socket.resume();
      this.#expectRest();
    });
  }

  #expectRest(): void {
    if (!this.#framer.isPartial) return;
    this.#messageTimer ??= this.#context.clock.schedule(this.#context.limits.messageMs, () => {
      this.#refuse('messageTooSlow');
    });
  }

  #stopMessageTimer(): void {
    this.#messageTimer?.cancel();
    this.#messageTimer = undefined;
  }

  #refuse(reason: RefusalReason): void {
    this.#context.meter.refused(reason);
    this.destroy();
  }

  #write(bytes: Buffer, sender: WireSender): void {
    this.#context.meter.sent(this.flow.protocol, bytes.length);
    this.#socket.write(bytes, (error) => {
      if (error instanceof Error) this.#report(sender, this.#failure, error);
    });
  }

  /** Without a reason of ours it is the system's or the peer's. */
  #report(sender: WireSender, known?: NotSentReason, cause?: Error): void {
    const reason =
      known ?? (cause === undefined ? 'connectionGone' : reasonOf(this.#context, this.flow, cause));
    reportNotSent(this.#context, {
      flow: this.flow,
      sender,
      reason,
      ...(cause === undefined ? {} : { cause }),
    });
  }

  #name(): { readonly remote: string; readonly protocol: string } {
    const { remoteAddress, remotePort, protocol } = this.flow;
    return { remote: `${remoteAddress} ${String(remotePort)}`, protocol };
  }
}
