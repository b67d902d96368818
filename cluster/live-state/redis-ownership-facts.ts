/** Ownership facts as one hash in the node's own Redis; the partner's is read from the local replica. */
import type { Clock } from '../base/clock.js';
import type { Log } from '../base/log.js';
import type { OwnershipFactsPort } from '../ownership/ownership-facts-port.js';
import { RedisConnection } from './redis-connection.js';

const KEY = 'ownership';
/** Far above what a healthy Redis on this machine needs (below 1 ms), far below what a person would notice. */
const DEADLINE_MS = 500;

export interface RedisOwnershipFactsOptions {
  readonly host: string;
  readonly ownPort: number;
  /** The replica of the partner. */
  readonly partnerPort: number;
  readonly clock: Clock;
  readonly log: Log;
}

export class RedisOwnershipFacts implements OwnershipFactsPort {
  readonly #own: RedisConnection;
  readonly #partner: RedisConnection;

  constructor(options: RedisOwnershipFactsOptions) {
    const { host, ownPort, partnerPort, clock, log } = options;
    const common = { host, deadlineMs: DEADLINE_MS, clock, log };
    this.#own = new RedisConnection({ ...common, port: ownPort });
    this.#partner = new RedisConnection({ ...common, port: partnerPort });
  }

  /** Resolves when both are connected or 500 ms later: they go on trying. */
  async open(): Promise<void> {
    await Promise.all([this.#own.open(), this.#partner.open()]);
  }

  close(): void {
    this.#own.close();
    this.#partner.close();
  }

  readOwn(): Promise<ReadonlyMap<string, string>> {
    return this.#read(this.#own);
  }

  readPartner(): Promise<ReadonlyMap<string, string>> {
    return this.#read(this.#partner);
  }

  async publish(texts: ReadonlyMap<string, string>): Promise<void> {
    const fields = Object.fromEntries(texts);
    await this.#own.ask('store the ownership facts', (client) => client.hSet(KEY, fields));
  }

  async #read(connection: RedisConnection): Promise<ReadonlyMap<string, string>> {
    const record = await connection.ask('answer for ownership', (client) => client.hGetAll(KEY));
    return new Map(Object.entries(record));
  }
}
