/**
 * Runs the session of one application over one socket, TCP or TLS, whoever opened it. Decides nothing: what bytes
 * and deadlines mean is in control-session-state.ts.
 *
 * Invariant: one connection never waits for another, and never holds more than `outgoingBytesMax` for a reader that
 * does not read; beyond that the connection is destroyed, and its calls belong to whoever stands in.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Socket } from 'node:net';
import type { Clock, Timer } from '../../../cluster/base/clock.js';
import { childLog, type Log } from '../../../cluster/base/log.js';
import type { Rng } from '../../../cluster/base/rng.js';
import type { Application } from './application-router.js';
import { ControlParseError, parseControlCommand, type EngineCommand } from './control-command.js';
import { encodeFrame, FrameDecoder, PAYLOAD_BYTES_MAX, type ControlReply } from './control-framing.js';
import {
  uuidV4,
  writeAuthenticated,
  writeNo,
  writeNok,
  writeOk,
  type ControlGreeting,
} from './control-reply.js';
import {
  firstSessionStep,
  nextSessionState,
  type GoneReason,
  type SessionEffect,
  type SessionEvent,
  type SessionState,
  type SessionStateName,
  type SessionStep,
} from './control-session-state.js';

/**
 * - taken: it is on its way; the peer may still die before it reads it
 * - queueFull: not taken, the connection has been destroyed
 * - notServing: not taken, the application is not there any more
 */
export type SendOutcome = 'taken' | 'queueFull' | 'notServing';

/** Called synchronously, never before the connection is complete. What one of them throws is logged, not thrown. */
export interface ControlConnectionHandlers {
  /** The secret was right. An outbound connection gets its waiting request now. */
  readonly onAuthenticated?: (connection: ControlConnection) => void;
  /** Authenticated and with its first route. */
  readonly onApplicationReady?: (connection: ControlConnection) => void;
  /** Every route, the first one included (after onApplicationReady). Waiting requests of this verb can be given. */
  readonly onRouteAdded?: (connection: ControlConnection, verb: string) => void;
  readonly onCommand: (connection: ControlConnection, command: EngineCommand) => void;
  /** Once for every onAuthenticated. */
  readonly onApplicationGone: (connection: ControlConnection, reason: GoneReason) => void;
}

export interface ControlConnectionOptions {
  readonly socket: Socket;
  /** outbound: we called the application, which then serves one request. */
  readonly origin: 'inbound' | 'outbound';
  readonly secret: string;
  readonly greeting: () => ControlGreeting;
  readonly handlers: ControlConnectionHandlers;
  readonly clock: Clock;
  readonly rng: Rng;
  readonly log: Log;
  /** Default OUTGOING_BYTES_MAX. */
  readonly outgoingBytesMax?: number;
  /** The last call; nothing comes from this connection any more. */
  readonly onClosed?: (connection: ControlConnection, reason: GoneReason) => void;
}

/** Some thousand messages: a second of the heaviest load that one application was measured to bear. */
export const OUTGOING_BYTES_MAX = 8 * 1024 * 1024;
/** The secret and the tags fit; a stranger needs no more room. */
export const STRANGER_PAYLOAD_BYTES_MAX = 8 * 1024;
/** As in drachtio-server. With the probes' interval of 1 s, a machine that is gone is noticed after some 11 s. */
const KEEP_ALIVE_IDLE_MS = 1000;

/** Compares in a time that tells nothing of the secret, its length included. */
function isSameSecret(one: string, other: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(one), digest(other));
}

export class ControlConnection implements Application {
  /** Of this process only; never reused. */
  readonly id: string;
  readonly origin: 'inbound' | 'outbound';
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly #options: ControlConnectionOptions;
  readonly #socket: Socket;
  readonly #log: Log;
  readonly #decoder: FrameDecoder;
  readonly #outgoingBytesMax: number;
  readonly #events: SessionEvent[] = [];
  #isRunning = false;
  #state: SessionState;
  #timer: Timer | undefined;

  constructor(options: ControlConnectionOptions) {
    const { socket, origin, rng, log } = options;
    this.#options = options;
    this.#socket = socket;
    this.#outgoingBytesMax = options.outgoingBytesMax ?? OUTGOING_BYTES_MAX;
    this.id = uuidV4(rng);
    this.origin = origin;
    this.remoteAddress = socket.remoteAddress ?? '';
    this.remotePort = socket.remotePort ?? 0;
    const remote = `${this.remoteAddress} ${String(this.remotePort)}`;
    this.#log = childLog(log, { connection: this.id, remote });
    this.#decoder = new FrameDecoder((payload) => {
      this.#onPayload(payload);
    }, STRANGER_PAYLOAD_BYTES_MAX);
    const first = firstSessionStep();
    this.#state = first.state;
    this.#apply(first);
    this.#listen();
  }

  get tags(): readonly string[] {
    return this.#state.tags;
  }

  get routes(): readonly string[] {
    return this.#state.routes;
  }

  get state(): SessionStateName {
    return this.#state.name;
  }

  hasRoute(verb: string): boolean {
    return this.#state.routes.includes(verb);
  }

  /** Bytes that the peer has not taken yet. */
  get outgoingBytes(): number {
    return this.#socket.writableLength;
  }

  /** A fresh id for a message of ours. */
  newMessageId(): string {
    return uuidV4(this.#options.rng);
  }

  /** Never waits and never throws. */
  send(reply: ControlReply): SendOutcome {
    if (this.#state.name !== 'Serving') return 'notServing';
    return this.#write(reply) ? 'taken' : 'queueFull';
  }

  /** What was sent before still goes out. Idempotent. */
  close(): void {
    this.#dispatch({ type: 'closeAsked' });
  }

  /** For a process that ends, and for a stranger who has to make room. */
  destroy(): void {
    this.#dispatch({ type: 'closeAsked' });
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
      this.#log.debug({ err: error }, 'control connection broke');
    });
    socket.on('end', () => {
      this.#dispatch({ type: 'peerEnded' });
    });
    socket.on('close', () => {
      this.#dispatch({ type: 'socketClosed' });
    });
    // The peer may have gone between accept and here; 'close' was then emitted to nobody.
    if (socket.destroyed) this.#dispatch({ type: 'socketClosed' });
  }

  #onData(chunk: Buffer): void {
    const violation = this.#decoder.push(chunk);
    if (violation === undefined || this.#state.name === 'Ending' || this.#state.name === 'Gone') return;
    this.#log.warn({ violation }, 'control connection lost its framing');
    this.#dispatch({ type: 'frameViolated' });
  }

  #onPayload(payload: Buffer): void {
    this.#dispatch(this.#read(payload));
  }

  #read(payload: Buffer): SessionEvent {
    try {
      const command = parseControlCommand(payload);
      const isSecretRight =
        command.type === 'authenticate' && isSameSecret(command.secret, this.#options.secret);
      return { type: 'command', command, isSecretRight };
    } catch (error) {
      if (!(error instanceof ControlParseError)) throw error;
      return { type: 'refused', id: error.id, outcome: error.outcome, text: error.message };
    }
  }

  /** One event after the other: an effect may cause the next event (a queue that is full), but not overtake. */
  #dispatch(event: SessionEvent): void {
    this.#events.push(event);
    if (this.#isRunning) return;
    this.#isRunning = true;
    try {
      for (let next = this.#events.shift(); next !== undefined; next = this.#events.shift()) {
        this.#apply(nextSessionState(this.#state, next));
      }
    } finally {
      this.#isRunning = false;
    }
  }

  #apply({ state, effects }: SessionStep): void {
    const before = this.#state;
    this.#state = state;
    for (const effect of effects) this.#run(effect);
    if (state.name === 'Gone' && before.name !== 'Gone') {
      this.#decoder.stop();
      this.#options.onClosed?.(this, state.reason ?? 'closedByPeer');
    }
  }

  #run(effect: SessionEffect): void {
    switch (effect.type) {
      case 'greet':
        this.#decoder.allowPayloads(PAYLOAD_BYTES_MAX);
        this.#greet(effect.requestId);
        break;
      case 'answer':
        this.#answer(effect);
        break;
      case 'deliver':
        this.#deliver(effect.command);
        break;
      case 'announceAuthenticated':
        this.#announce('onAuthenticated', (handlers) => handlers.onAuthenticated?.(this));
        break;
      case 'announceRoute':
        this.#announceRoute(effect.verb, effect.isFirst);
        break;
      case 'announceGone':
        this.#log.info({ reason: effect.reason, tags: this.tags }, 'application gone');
        this.#announce('onApplicationGone', (handlers) => {
          handlers.onApplicationGone(this, effect.reason);
        });
        break;
      case 'startTimer':
        this.#startTimer(effect.delayMs);
        break;
      case 'stopTimer':
        this.#timer?.cancel();
        break;
      case 'endSocket':
        this.#decoder.stop();
        this.#socket.end();
        break;
      case 'destroySocket':
        this.#socket.destroy();
        break;
    }
  }

  #greet(requestId: string): void {
    const ids = { messageId: this.newMessageId(), requestId };
    this.#log.info({ tags: this.tags, origin: this.origin }, 'application authenticated');
    this.#write(writeAuthenticated(ids, this.#options.greeting()));
  }

  #answer(effect: Extract<SessionEffect, { type: 'answer' }>): void {
    const ids = { messageId: this.newMessageId(), requestId: effect.requestId };
    const { outcome, text } = effect;
    if (outcome === 'NO') this.#log.warn({ said: text }, 'control connection refused');
    if (outcome === 'OK') this.#write(text === undefined ? writeOk(ids) : writeOk(ids, text));
    else this.#write(outcome === 'NO' ? writeNo(ids, text ?? '') : writeNok(ids, text ?? ''));
  }

  #announceRoute(verb: string, isFirst: boolean): void {
    if (isFirst) this.#announce('onApplicationReady', (handlers) => handlers.onApplicationReady?.(this));
    this.#announce('onRouteAdded', (handlers) => handlers.onRouteAdded?.(this, verb));
  }

  /** An application that waits for its answer gets one, also when we have made a mistake. */
  #deliver(command: EngineCommand): void {
    const isDone = this.#announce('onCommand', (handlers) => {
      handlers.onCommand(this, command);
    });
    if (isDone) return;
    const ids = { messageId: this.newMessageId(), requestId: command.id };
    this.#write(writeNok(ids, 'Server error: the command failed; see the log of the engine'));
  }

  /** The one place where foreign code runs: what it throws must end neither the session nor the process. */
  #announce(handler: string, call: (handlers: ControlConnectionHandlers) => void): boolean {
    try {
      call(this.#options.handlers);
      return true;
    } catch (error) {
      this.#log.error({ err: error, handler }, 'handler of a control connection failed');
      return false;
    }
  }

  #startTimer(delayMs: number): void {
    this.#timer?.cancel();
    this.#timer = this.#options.clock.schedule(delayMs, () => {
      this.#dispatch({ type: 'deadline' });
    });
  }

  /** @returns false when the queue is full */
  #write(reply: ControlReply): boolean {
    if (!this.#socket.writable) return true;
    const frame = encodeFrame(reply);
    if (this.#socket.writableLength + frame.length > this.#outgoingBytesMax) {
      this.#log.warn({ outgoingBytes: this.#socket.writableLength }, 'application does not read');
      this.#dispatch({ type: 'queueFull' });
      return false;
    }
    this.#socket.write(frame);
    return true;
  }
}
