/**
 * Places of callbacks that live state has lost: both nodes were without power. The store still has them, and whoever
 * holds the service address goes on with them, once in the life of a process. Nothing waits for the store.
 */
import type { Clock } from '../cluster/base/clock.js';
import type { Log } from '../cluster/base/log.js';
import type { CallbackReadPort } from '../cluster/store/callback-read-port.js';
import type { CallbackRecord } from '../cluster/store/call-record-port.js';

export interface StoredCallbacksOptions {
  readonly store: CallbackReadPort;
  /** How long the oldest record of this node has waited for the store, in ms; 0: it has all of them. */
  readonly oldestUnwrittenMs: () => number;
  /** Live state is read, and the calls that go on do. */
  readonly settled: () => Promise<unknown>;
  /** Somebody has this place, talks to whoever had it, or has done so since this process began. */
  readonly isKnown: (entryId: string) => boolean;
  readonly recall: (record: CallbackRecord) => void;
  readonly clock: Clock;
  readonly log: Log;
}

const ASK_EVERY_MS = 2000;

export class StoredCallbacks {
  readonly #options: StoredCallbacksOptions;
  /** What is newer is in live state. */
  readonly #startedWallMs: number;
  /** Of the addresses that are or were here. */
  readonly #homes = new Set<string>();
  readonly #held = new Set<string>();
  #isStopped = false;

  constructor(options: StoredCallbacksOptions) {
    this.#options = options;
    this.#startedWallMs = options.clock.wallMs();
  }

  stop(): void {
    this.#isStopped = true;
  }

  /** @param home whose service address it is */
  onHolder(home: string, isHere: boolean): void {
    if (!isHere) this.#held.delete(home);
    else {
      this.#held.add(home);
      if (this.#homes.has(home)) return;
      this.#homes.add(home);
      void this.#recallAll(home);
    }
  }

  async #recallAll(home: string): Promise<void> {
    const { settled, isKnown, recall, clock, log } = this.#options;
    await settled();
    while (!this.#isStopped) {
      const records = await this.#ask(home);
      // Gone meanwhile: it is the partner who goes on.
      if (!this.#held.has(home)) {
        this.#homes.delete(home);
        return;
      }
      if (records !== undefined) {
        const lost = records.filter(({ entryId }) => !isKnown(entryId));
        for (const record of lost) recall(record);
        if (lost.length > 0)
          log.warn({ home, places: lost.length }, 'places of callbacks come from the store');
        return;
      }
      await clock.sleep(ASK_EVERY_MS);
    }
  }

  /** @returns undefined: ask again; what the process before wrote may say that somebody has been called */
  async #ask(home: string): Promise<readonly CallbackRecord[] | undefined> {
    const { store, oldestUnwrittenMs, clock, log } = this.#options;
    if (oldestUnwrittenMs() > clock.wallMs() - this.#startedWallMs) return undefined;
    try {
      return await store.findCallbacks(home, this.#startedWallMs);
    } catch (error) {
      log.debug({ err: error, home }, 'the store does not say who is to be called back');
      return undefined;
    }
  }
}
