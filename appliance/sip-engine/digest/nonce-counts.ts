/**
 * Which counts of which nonce have been used (RFC 7616 3.4, nc): each passes once. A window behind the highest one
 * lets two requests pass that a network has put into another order; what is older than the window is used up.
 *
 * Only nonces that were used with a right digest are kept, so a stranger fills nothing. What is removed raises a
 * floor: a nonce made at or before the floor that is not kept might be one that was removed, and is used up.
 * Forgetting costs a phone one round trip and never lets a request pass twice.
 */
import { detachedText } from '../message/wire-text.js';

interface Used {
  readonly madeAtMs: number;
  highest: number;
  /** Bit n: `highest - n` was used. */
  window: number;
}

const WINDOW = 32;

export class NonceCounts {
  readonly #max: number;
  /** In the order of their first use. */
  readonly #used = new Map<string, Used>();
  #floorMs = -Infinity;

  /** @throws RangeError for a limit below 1 */
  constructor(max: number) {
    if (!(max >= 1)) throw new RangeError('at least one nonce has to be kept');
    this.#max = max;
  }

  get size(): number {
    return this.#used.size;
  }

  /** What is made at or before it is refused unless it is kept. */
  get floorMs(): number {
    return this.#floorMs;
  }

  /** @returns false when this count of the nonce is used up */
  use(nonce: string, madeAtMs: number, count: number): boolean {
    const used = this.#used.get(nonce);
    if (used !== undefined) return useOf(used, count);
    if (madeAtMs <= this.#floorMs) return false;
    if (this.#used.size >= this.#max) this.#removeOldest();
    this.#used.set(detachedText(nonce), { madeAtMs, highest: count, window: 1 });
    return true;
  }

  /** Removes what was made before, as far as it stands at the front; the rest goes later. */
  forgetBefore(timeMs: number): void {
    for (const used of this.#used.values()) {
      if (used.madeAtMs >= timeMs) return;
      this.#removeOldest();
    }
  }

  #removeOldest(): void {
    for (const [nonce, used] of this.#used) {
      this.#used.delete(nonce);
      this.#floorMs = Math.max(this.#floorMs, used.madeAtMs);
      return;
    }
  }
}

function useOf(used: Used, count: number): boolean {
  const ahead = count - used.highest;
  if (ahead > 0) {
    // A shift by 32 is a shift by 0.
    used.window = ahead >= WINDOW ? 1 : (used.window << ahead) | 1;
    used.highest = count;
    return true;
  }
  const bit = -ahead;
  if (bit >= WINDOW || ((used.window >>> bit) & 1) === 1) return false;
  used.window |= 1 << bit;
  return true;
}
