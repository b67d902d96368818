/** What of one RTP stream is missing, by its sequence numbers. Pure. */

/** RFC 3550 A.1, MAX_DROPOUT: beyond it a sender has begun anew. */
const DROPOUT_MAX = 3000;

export class SequenceLedger {
  #highest: number | undefined;
  readonly #missing = new Set<number>();
  /** Missing ones that nobody waits for any more. */
  #givenUp = 0;
  duplicates = 0;
  /** Packets that came behind a later one. */
  reordered = 0;
  restarts = 0;

  get lost(): number {
    return this.#givenUp + this.#missing.size;
  }

  /** @param sequence 0 to 65535 */
  note(sequence: number): void {
    const highest = this.#highest;
    const ahead = highest === undefined ? 1 : (sequence - highest) & 0xffff;
    if (ahead === 0) this.duplicates += 1;
    else if (ahead <= DROPOUT_MAX) this.#advance(sequence, ahead);
    else if (this.#missing.delete(sequence)) this.reordered += 1;
    else if (65_536 - ahead <= DROPOUT_MAX) this.duplicates += 1;
    else this.#restart(sequence);
  }

  #advance(sequence: number, ahead: number): void {
    for (let back = ahead - 1; back > 0; back -= 1) this.#missing.add((sequence - back) & 0xffff);
    // Oldest first: a set keeps the order of insertion.
    for (const old of this.#missing) {
      if (this.#missing.size <= DROPOUT_MAX && ((sequence - old) & 0xffff) <= DROPOUT_MAX) break;
      this.#missing.delete(old);
      this.#givenUp += 1;
    }
    this.#highest = sequence;
  }

  #restart(sequence: number): void {
    this.#givenUp += this.#missing.size;
    this.#missing.clear();
    this.#highest = sequence;
    this.restarts += 1;
  }
}
