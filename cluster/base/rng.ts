/** Randomness, injected: seeded for tests and simulations, the system's for everything that must not be guessed. */
import { createHash, randomBytes } from 'node:crypto';

export interface Rng {
  /** Uniform in [0, 1) with 32 bits. */
  fraction(): number;
  /** Uniform whole number, both ends included. @throws RangeError when the range is empty or wider than 2^32 */
  integer(min: number, max: number): number;
  /** @throws RangeError for an empty list */
  pick<T>(items: readonly T[]): T;
  /** @throws RangeError when `count` is not a whole number from 0 */
  bytes(count: number): Uint8Array;
}

const WORD_VALUES = 2 ** 32;

function rngOver(nextWord: () => number): Rng {
  const integer = (min: number, max: number): number => {
    const span = max - min + 1;
    if (!Number.isSafeInteger(min) || !Number.isSafeInteger(max) || span < 1 || span > WORD_VALUES) {
      throw new RangeError(`no range to draw a whole number from: ${String(min)} to ${String(max)}`);
    }
    // Words beyond the last whole multiple of the span would make small results more likely.
    const limit = WORD_VALUES - (WORD_VALUES % span);
    let word = nextWord();
    while (word >= limit) word = nextWord();
    return min + (word % span);
  };
  return {
    fraction: () => nextWord() / WORD_VALUES,
    integer,
    pick: (items) => {
      if (items.length === 0) throw new RangeError('nothing to pick from');
      return items[integer(0, items.length - 1)] as (typeof items)[number];
    },
    bytes: (count) => {
      if (!Number.isSafeInteger(count) || count < 0)
        throw new RangeError(`no count of bytes: ${String(count)}`);
      return Uint8Array.from({ length: count }, () => nextWord() & 0xff);
    },
  };
}

/**
 * The same seed gives the same sequence on every machine. Never for ids or keys of a real site.
 *
 * Generator: sfc32, the "small fast counting" generator of Chris Doty-Humphrey (PractRand, sfc.h); three 32-bit
 * words of state and a counter, hence a period of at least 2^32. The state is the SHA-256 of the seed, so that
 * similar seeds give unrelated sequences.
 */
export function seededRng(seed: string): Rng {
  const hash = createHash('sha256').update(seed).digest();
  let [a, b, c] = [hash.readUInt32LE(0), hash.readUInt32LE(4), hash.readUInt32LE(8)];
  let counter = 1;
  return rngOver(() => {
    const word = (a + b + counter) >>> 0;
    counter = (counter + 1) >>> 0;
    a = (b ^ (b >>> 9)) >>> 0;
    b = (c + (c << 3)) >>> 0;
    c = (((c << 21) | (c >>> 11)) + word) >>> 0;
    return word;
  });
}

/** One call to the system costs as much as some hundred bytes: an id for each message would notice it. */
const POOL_BYTES = 4096;

/** Cryptographically strong; use it for ids, nonces and keys. */
export function systemRng(): Rng {
  let pool = Buffer.alloc(0);
  let used = 0;
  const take = (count: number): Buffer => {
    if (!Number.isSafeInteger(count) || count < 0 || count > POOL_BYTES) return randomBytes(count);
    if (pool.length - used < count) {
      pool = randomBytes(POOL_BYTES);
      used = 0;
    }
    used += count;
    // Each byte is handed out once; the view shares nothing with the next one.
    return pool.subarray(used - count, used);
  };
  return { ...rngOver(() => take(4).readUInt32LE(0)), bytes: take };
}
