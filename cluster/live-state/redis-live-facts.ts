/**
 * Live facts in the node's own Redis, a hash for each kind. One write on its way at a time, with everything that has
 * changed meanwhile; a Redis that was away, or is another one, is told everything again (continuity rule 10).
 */
import type { Clock } from '../base/clock.js';
import type { Log } from '../base/log.js';
import { FACT_KINDS, type FactKind, type LiveFactsPort, type LiveFactsStatus } from './live-facts-port.js';
import { RedisConnection } from './redis-connection.js';
import { UnsentRecords, type RecordChange } from './unsent-records.js';

export interface RedisLiveFactsOptions {
  readonly host: string;
  readonly port: number;
  readonly clock: Clock;
  readonly log: Log;
}

const DEADLINE_MS = 500;
const RETRY_MS = 200;
/** Far below what a partner waits for; a write for each change costs more than the call (measured: 6 of 16 ms of CPU). */
const GATHER_MS = 5;
/** Of one write, in characters. */
const WRITE_MAX = 256 * 1024;

function keyOf(kind: string): string {
  return `facts/${kind}`;
}

export class RedisLiveFacts implements LiveFactsPort {
  readonly #options: RedisLiveFactsOptions;
  readonly #connection: RedisConnection;
  readonly #facts = new Map<FactKind, Map<string, string>>(FACT_KINDS.map((kind) => [kind, new Map()]));
  readonly #unsent = new UnsentRecords();
  #isReachable = false;
  #isWriting = false;
  #isClosed = false;

  constructor(options: RedisLiveFactsOptions) {
    this.#options = options;
    this.#connection = new RedisConnection({
      ...options,
      deadlineMs: DEADLINE_MS,
      onUp: () => {
        this.#isReachable = true;
        this.#sayAllAgain();
      },
      onDown: () => {
        this.#isReachable = false;
      },
    });
  }

  /** Resolves when connected, or half a second later. */
  open(): Promise<void> {
    return this.#connection.open();
  }

  close(): void {
    this.#isClosed = true;
    this.#connection.close();
  }

  put(kind: FactKind, id: string, fact: object): void {
    const record = JSON.stringify(fact);
    const known = this.#facts.get(kind);
    if (known?.get(id) === record) return;
    known?.set(id, record);
    this.#change({ addressId: kind, key: id, record });
  }

  remove(kind: FactKind, id: string): void {
    this.#facts.get(kind)?.delete(id);
    this.#change({ addressId: kind, key: id, record: undefined });
  }

  async all(kind: FactKind): Promise<ReadonlyMap<string, unknown>> {
    const texts = await this.#connection.ask('tell its facts', (client) => client.hGetAll(keyOf(kind)));
    const facts = new Map<string, unknown>();
    for (const [id, text] of Object.entries(texts)) {
      try {
        facts.set(id, JSON.parse(text));
      } catch {
        this.#options.log.error({ kind, id }, 'a damaged fact is left out');
      }
    }
    return facts;
  }

  status(): LiveFactsStatus {
    return { isReachable: this.#isReachable, unsent: this.#unsent.count };
  }

  #change(change: RecordChange): void {
    this.#unsent.add(change);
    if (!this.#isWriting) void this.#write();
  }

  #sayAllAgain(): void {
    for (const [kind, facts] of this.#facts)
      for (const [key, record] of facts)
        if (!this.#unsent.has(kind, key)) this.#unsent.add({ addressId: kind, key, record });
    if (!this.#isWriting && !this.#unsent.isEmpty) void this.#write();
  }

  /** Never rejects. What changes several times while a call is worked on is written once. */
  async #write(): Promise<void> {
    const { clock, log } = this.#options;
    this.#isWriting = true;
    await clock.sleep(GATHER_MS);
    while (!this.#unsent.isEmpty && !this.#isClosed) {
      const taken = this.#unsent.take(WRITE_MAX);
      try {
        await this.#connection.ask('store facts', (client) => {
          const batch = client.multi();
          for (const { addressId, key, record } of taken) {
            if (record === undefined) batch.hDel(keyOf(addressId), key);
            else batch.hSet(keyOf(addressId), key, record);
          }
          return batch.exec();
        });
      } catch (error) {
        log.debug({ err: error, count: taken.length }, 'facts are told again');
        this.#unsent.giveBack(taken);
        await clock.sleep(RETRY_MS);
      }
    }
    this.#isWriting = false;
  }
}
