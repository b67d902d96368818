/**
 * Outbound mode: the engine calls an application that listens, one connection per request. The application still
 * speaks first and authenticates itself; whoever answers at that address without the secret gets nothing.
 */
import { connect, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';
import type { Clock, Timer } from '../../../cluster/base/clock.js';
import type { ControlConnection } from './control-connection.js';
import type { GoneReason } from './control-session-state.js';

export type DialFailure =
  /** Nobody listens there, or TLS failed. */
  | 'unreachable'
  | 'tooSlow'
  | 'notAuthenticated'
  /** We have too many connections. */
  | 'tooMany'
  /** The engine ends. */
  | 'closing';

/** The request that waits is answered 480, as in drachtio-server. */
export class ControlDialError extends Error {
  override readonly name = 'ControlDialError';
  readonly failure: DialFailure;

  constructor(host: string, port: number, failure: DialFailure, cause?: unknown) {
    const where = `application at ${host}:${String(port)}`;
    super(`${where}: ${failure}`, cause === undefined ? undefined : { cause });
    this.failure = failure;
  }
}

export interface DialOptions {
  /** Certificates are verified unless it says otherwise; give `ca` for the site's own. */
  readonly tls?: Pick<ConnectionOptions, 'ca' | 'servername' | 'rejectUnauthorized' | 'key' | 'cert'>;
  /** For connection, handshake and authentication together; default DIAL_MS_MAX. */
  readonly deadlineMs?: number;
}

/** A caller hears nothing meanwhile. */
export const DIAL_MS_MAX = 4000;

export interface DialWatch {
  readonly onAuthenticated: (connection: ControlConnection) => void;
  readonly onClosed: (connection: ControlConnection, reason: GoneReason) => void;
}

export interface DialContext extends DialOptions {
  readonly host: string;
  readonly port: number;
  readonly clock: Clock;
  readonly isAllowed: () => boolean;
  readonly closing: AbortSignal;
  /** Makes a session of the connected socket. */
  readonly adopt: (socket: Socket, watch: DialWatch) => ControlConnection;
}

function openSocket({ host, port, tls }: DialContext, onConnected: () => void): Socket {
  return tls === undefined
    ? connect({ host, port }, onConnected)
    : connectTls({ ...tls, host, port, minVersion: 'TLSv1.2' }, onConnected);
}

/** One attempt: it ends once, in one of two ways, and leaves nothing behind. */
class Dial {
  readonly #context: DialContext;
  readonly #resolve: (connection: ControlConnection) => void;
  readonly #reject: (error: ControlDialError) => void;
  readonly #socket: Socket;
  readonly #timer: Timer;
  #isDone = false;

  constructor(
    context: DialContext,
    resolve: (connection: ControlConnection) => void,
    reject: (error: ControlDialError) => void,
  ) {
    this.#context = context;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#socket = openSocket(context, () => {
      this.#adopt();
    });
    this.#socket.on('error', (error) => {
      this.#fail('unreachable', error);
    });
    this.#timer = context.clock.schedule(context.deadlineMs ?? DIAL_MS_MAX, () => {
      this.#fail('tooSlow');
    });
    context.closing.addEventListener('abort', this.#onClosing);
  }

  readonly #onClosing = (): void => {
    this.#fail('closing');
  };

  /** The session has listeners of its own from here on. */
  #adopt(): void {
    this.#context.adopt(this.#socket, {
      onAuthenticated: (connection) => {
        if (this.#end()) this.#resolve(connection);
      },
      onClosed: () => {
        this.#fail('notAuthenticated');
      },
    });
  }

  #fail(failure: DialFailure, cause?: unknown): void {
    if (!this.#end()) return;
    this.#socket.destroy();
    this.#reject(new ControlDialError(this.#context.host, this.#context.port, failure, cause));
  }

  /** @returns false when it had ended before */
  #end(): boolean {
    if (this.#isDone) return false;
    this.#isDone = true;
    this.#timer.cancel();
    this.#context.closing.removeEventListener('abort', this.#onClosing);
    return true;
  }
}

function begin(context: DialContext, ...ends: [(one: ControlConnection) => void, (e: Error) => void]): void {
  try {
    new Dial(context, ...ends);
  } catch (error) {
    // A port above 65535 or a key that is none; the address may come out of somebody's configuration.
    ends[1](new ControlDialError(context.host, context.port, 'unreachable', error));
  }
}

/** @throws ControlDialError */
export function dialApplication(context: DialContext): Promise<ControlConnection> {
  const { host, port, closing } = context;
  return new Promise((resolve, reject) => {
    if (closing.aborted) reject(new ControlDialError(host, port, 'closing'));
    else if (!context.isAllowed()) reject(new ControlDialError(host, port, 'tooMany'));
    else begin(context, resolve, reject);
  });
}
