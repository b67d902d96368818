/**
 * One connection to a Redis of this machine, which comes back by itself. A command that is not answered in time fails
 * for whoever asked; one that was sent to a Redis that hangs may still be carried out when it goes on, so whoever
 * writes says again what is true (ownership does so with every beat). None is kept while there is no connection.
 */
import { createClient } from 'redis';
import type { Clock } from '../base/clock.js';
import type { Log } from '../base/log.js';
import { clusterErrors } from '../errors.js';

export interface RedisConnectionOptions {
  readonly host: string;
  readonly port: number;
  /** For each command, waiting for the connection included. */
  readonly deadlineMs: number;
  readonly clock: Clock;
  readonly log: Log;
}

const RECONNECT_MS = 100;

type Client = ReturnType<typeof createClient>;

export class RedisConnection {
  readonly #options: RedisConnectionOptions;
  readonly #client: Client;
  #isFailing = false;

  constructor(options: RedisConnectionOptions) {
    this.#options = options;
    const { host, port, deadlineMs } = options;
    this.#client = createClient({
      socket: { host, port, connectTimeout: deadlineMs, reconnectStrategy: () => RECONNECT_MS },
      disableOfflineQueue: true,
    });
    this.#client.on('error', (error: unknown) => {
      if (!this.#isFailing) options.log.warn({ err: error, port }, 'redis is away, not logged again');
      this.#isFailing = true;
    });
    this.#client.on('ready', () => {
      this.#isFailing = false;
    });
  }

  /** Begins to connect, for ever. Resolves when connected or when the deadline is over; never fails. */
  async open(): Promise<void> {
    const connected = this.#client.connect().catch((error: unknown) => {
      // Only an end before the first connection comes here; while it lasts, `error` has told.
      this.#options.log.debug({ err: error }, 'redis connection ended before it was made');
    });
    await Promise.race([connected, this.#options.clock.sleep(this.#options.deadlineMs)]);
  }

  close(): void {
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
      const timer = clock.schedule(deadlineMs, fail);
      command(this.#client).then((value) => {
        timer.cancel();
        resolve(value);
      }, fail);
    });
  }
}
