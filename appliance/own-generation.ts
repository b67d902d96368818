/** The generation of this node's service address, as the node service tells it in live state. */
import type { Clock } from '../cluster/base/clock.js';
import type { Log } from '../cluster/base/log.js';
import { RedisOwnershipFacts } from '../cluster/live-state/redis-ownership-facts.js';
import { parseOwnershipFact } from '../cluster/ownership/ownership-fact.js';

export interface OwnGenerationOptions {
  readonly home: string;
  readonly ownPort: number;
  readonly partnerPort: number;
  readonly clock: Clock;
  readonly log: Log;
}

const LOOK_EVERY_MS = 1000;

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
    const { home, clock, log } = this.#options;
    await this.#facts.open();
    while (!this.#isStopped) {
      try {
        const fact = parseOwnershipFact((await this.#facts.readOwn()).get(home));
        if (fact !== undefined) this.#generation = fact.generation;
      } catch (error) {
        log.debug({ err: error }, 'the generation is not known anew');
      }
      await clock.sleep(LOOK_EVERY_MS);
    }
  }
}
