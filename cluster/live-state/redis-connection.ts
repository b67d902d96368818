/**
 * One connection to a Redis of this machine, which comes back by itself. A command that is not answered in time fails
 * for whoever asked; one that was sent to a Redis that hangs may still be carried out when it goes on, so whoever
 * writes says again what is true (ownership does so with every beat). None is kept while there is no connection.
 */
import type { ConnectionOptions } from 'node:tls';
import { createClient } from 'redis';
import type { Clock } from '../base/clock.js';
import type { Log } from '../base/log.js';
import { clusterErrors } from '../errors.js';

/** What a Redis asks of whoever connects, when it is not open to all of this machine. */
export interface RedisAccess {
  readonly username?: string;
  readonly password?: string;
  /** Certificates and the like; given at all, the connection is encrypted. */
  readonly tls?: ConnectionOptions;
}

export interface RedisConnectionOptions {
  readonly host: string;
  readonly port: number;
  /** For each command, waiting for the connection included. */
  readonly deadlineMs: number;
  readonly access?: RedisAccess;
  /** Called at each connect, before any command is sent: it may be another Redis than before. */
  readonly onUp?: () => void;
  /** Called when the connection has ended or could not be made; again and again while that lasts. */
  readonly onDown?: () => void;
  readonly clock: Clock;
  readonly log: Log;
}

const RECONNECT_MS = 100;

export type Client = ReturnType<typeof createClient>;

/** After so many questions in a row without any answer the connection is made anew: seen once after a restart of Redis. */
const SILENCES_MAX = 3;

export class RedisConnection {
  readonly #options: RedisConnectionOptions;
  #client: Client;
  #isFailing = false;
  #silences = 0;
  #isClosed = false;

  constructor(options: RedisConnectionOptions) {
    this.#options = options;
    this.#client = this.#makeClient();
  }

  /** Begins to connect, for ever. Resolves when connected or when the deadline is over; never fails. */
  async open(): Promise<void> {
    const connected = this.#client.connect().catch((error: unknown) => {
      // Only an end before the first connection comes here; while it lasts, `error` has told.
      this.#options.log.debug({ err: error }, 'redis connection ended before it was made');
    });
    const { clock, deadlineMs } = this.#options;
    await new Promise<void>((resolve) => {
      const timer = clock.schedule(deadlineMs, resolve);
      void connected.then(() => {
        timer.cancel();
        resolve();
      });
    });
  }

  close(): void {
    this.#isClosed = true;
    this.#client.destroy();
  }

  /** @param what for the error: "answer HGETALL". @throws LIVE_STATE_AWAY */
  async ask<T>(what: string, command: (client: Client) => Promise<T>): Promise<T> {
    const { host, port, deadlineMs, clock } = this.#options;
    return new Promise((resolve, reject) => {
      const fail = (cause?: unknown): void => {
        timer.cancel();
        reject(clusterErrors.LIVE_STATE_AWAY({ host, port, what, deadlineMs }, cause));
      };
      const timer = clock.schedule(deadlineMs, () => {
        fail();
        this.#countSilence();
      });
      command(this.#client).then((value) => {
        timer.cancel();
        this.#silences = 0;
        resolve(value);
      }, fail);
    });
  }

  #countSilence(): void {
    this.#silences += 1;
    if (this.#silences < SILENCES_MAX || this.#isClosed) return;
    this.#silences = 0;
    const { log, port } = this.#options;
    log.warn({ port }, 'redis answers nothing, connecting anew');
    const silent = this.#client;
    this.#client = this.#makeClient();
    void this.open();
    try {
      silent.destroy();
    } catch (error) {
      log.debug({ err: error }, 'the silent connection had ended already');
    }
  }

  #makeClient(): Client {
    const { host, port, deadlineMs, access = {}, log } = this.#options;
    const { tls, ...credentials } = access;
    const socket = { host, port, connectTimeout: deadlineMs, reconnectStrategy: () => RECONNECT_MS };
    const client: Client = createClient({
      ...credentials,
      socket: tls === undefined ? socket : { ...tls, ...socket, tls: true },
      disableOfflineQueue: true,
    });
    client.on('error', (error: unknown) => {
      if (!this.#isFailing) log.warn({ err: error, port }, 'redis is away, not logged again');
      this.#isFailing = true;
      if (client === this.#client) this.#options.onDown?.();
    });
    client.on('ready', () => {
      this.#isFailing = false;
      if (client === this.#client) this.#options.onUp?.();
    });
    return client;
  }
}
