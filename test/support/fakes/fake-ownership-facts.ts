/** Two partners' facts in memory, under the same contract as the live state (test/contract/ownership-facts.test.ts). */
import { clusterErrors } from '../../../cluster/errors.js';
import type { OwnershipFactsPort } from '../../../cluster/ownership/ownership-facts-port.js';

export class FakeOwnershipFacts implements OwnershipFactsPort {
  readonly #own = new Map<string, string>();
  #partner: FakeOwnershipFacts | undefined;
  #isAway = false;
  #isHanging = false;

  /** Each becomes the other's partner. */
  static pair(): readonly [FakeOwnershipFacts, FakeOwnershipFacts] {
    const pair = [new FakeOwnershipFacts(), new FakeOwnershipFacts()] as const;
    pair[0].#partner = pair[1];
    pair[1].#partner = pair[0];
    return pair;
  }

  setAway(isAway: boolean): void {
    this.#isAway = isAway;
  }

  /** A live state that lost its power comes back empty. */
  restartEmpty(): void {
    this.#own.clear();
  }

  /** A live state that takes commands and answers none. */
  hang(): void {
    this.#isHanging = true;
  }

  async readOwn(): Promise<ReadonlyMap<string, string>> {
    await this.#answer();
    return new Map(this.#own);
  }

  async readPartner(): Promise<ReadonlyMap<string, string>> {
    await this.#answer();
    const partner = this.#partner;
    return new Map(partner === undefined ? [] : partner.#own);
  }

  async publish(texts: ReadonlyMap<string, string>): Promise<void> {
    await this.#answer();
    for (const [home, text] of texts) this.#own.set(home, text);
  }

  async #answer(): Promise<void> {
    await (this.#isHanging ? new Promise(() => undefined) : Promise.resolve());
    if (this.#isAway)
      throw clusterErrors.LIVE_STATE_AWAY({ host: 'fake', port: 0, what: 'answer', deadlineMs: 0 });
  }
}
