/** Live facts in memory, under the same contract as those in Redis. */
import type {
  FactKind,
  LiveFactsPort,
  LiveFactsStatus,
} from '../../../cluster/live-state/live-facts-port.js';

export class FakeLiveFacts implements LiveFactsPort {
  readonly #texts = new Map<string, string>();

  put(kind: FactKind, id: string, fact: object): void {
    this.#texts.set(`${kind} ${id}`, JSON.stringify(fact));
  }

  remove(kind: FactKind, id: string): void {
    this.#texts.delete(`${kind} ${id}`);
  }

  all(kind: FactKind): Promise<ReadonlyMap<string, unknown>> {
    const own = [...this.#texts].filter(([key]) => key.startsWith(`${kind} `));
    return Promise.resolve(
      new Map(own.map(([key, text]) => [key.slice(kind.length + 1), JSON.parse(text) as unknown])),
    );
  }

  status(): LiveFactsStatus {
    return { isReachable: true, unsent: 0 };
  }
}
