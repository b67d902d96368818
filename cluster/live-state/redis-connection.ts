/**
 * One connection to a Redis of this machine, which comes back by itself. A command that cannot be answered in time
 * fails; none is kept for later, because what was true then may be false by the time Redis is back.
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
  /** Called at each connection made, the first one included. */
  readonly onConnected?: () => void;
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
      options.onConnected?.();
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
