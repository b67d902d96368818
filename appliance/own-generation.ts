/**
 * Who holds the service addresses of the pair, as the node service tells it in live state; and the highest generation
 * of them, under which records are written: after a takeover it is higher than whatever the dead node wrote under.
 */
import type { Clock } from '../cluster/base/clock.js';
import type { Log } from '../cluster/base/log.js';
import { RedisOwnershipFacts } from '../cluster/live-state/redis-ownership-facts.js';
import { parseOwnershipFact } from '../cluster/ownership/ownership-fact.js';

export interface OwnGenerationOptions {
  readonly ownPort: number;
  readonly partnerPort: number;
  /** Told at each look: the node that holds the service address of `home`. */
  readonly onHolder: (home: string, holder: string, generation: number) => void;
  readonly clock: Clock;
  readonly log: Log;
}

const LOOK_EVERY_MS = 50;

export class OwnGeneration {
  readonly #options: OwnGenerationOptions;
  readonly #facts: RedisOwnershipFacts;
  #generation = 0;
  #isStopped = false;

  constructor(options: OwnGenerationOptions) {
    this.#options = options;
    this.#facts = new RedisOwnershipFacts({ host: '127.0.0.1', ...options });
  }

  /** 0: nobody has told it yet. */
  get current(): number {
    return this.#generation;
  }

  start(): void {
    void this.#watch();
  }

  stop(): void {
    this.#isStopped = true;
    this.#facts.close();
  }

  async #watch(): Promise<void> {
    const { clock, log, onHolder } = this.#options;
    await this.#facts.open();
    while (!this.#isStopped) {
      try {
        for (const [address, text] of await this.#facts.readOwn()) {
          const fact = parseOwnershipFact(text);
          if (fact === undefined) continue;
          this.#generation = Math.max(this.#generation, fact.generation);
          onHolder(address, fact.holder, fact.generation);
        }
      } catch (error) {
        log.debug({ err: error }, 'the generation is not known anew');
      }
      await clock.sleep(LOOK_EVERY_MS);
    }
  }
}
