/**
 * Ids that two nodes can make at the same moment without asking each other, and that sort by time as text
 * (by code unit, as JavaScript, SQLite and Redis compare). 29 characters of 0-9, a-z and `-`:
 *
 *     01hf7yat00  a-------  000  6b1y8jr3
 *     time        node      n    random
 *
 * - time, 10 characters: 48 bits of the wall clock's ms (until the year 10889), in a field of 50. It never goes back
 *   within a process: when the wall clock does, the last time is used on and the counter tells the ids apart. After
 *   a clock that ran far ahead and was put right, ids keep the advanced time until the process is started again;
 *   so the time in an id is for sorting, never for a legal record.
 * - node, 8 characters: the node's name padded with `-`, so that two nodes can never meet. `-` sorts before all else.
 * - n, 3 characters: counter within one ms (32,768); when it is used up the time moves on by one ms.
 * - random, 8 characters: 40 bits, which keep apart the processes of one node, and a process from the one before it
 *   when the wall clock stepped back in between.
 *
 * time, n and random are written in Crockford's base 32 in lower case (no i, l, o, u), whose order in ASCII is its
 * order in value, most significant first.
 */
import type { Clock } from './clock.js';
import type { Rng } from './rng.js';

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const TIME_LENGTH = 10;
const NODE_LENGTH = 8;
const COUNTER_LENGTH = 3;
const RANDOM_LENGTH = 8;
const ID_LENGTH = TIME_LENGTH + NODE_LENGTH + COUNTER_LENGTH + RANDOM_LENGTH;

const WALL_MS_MAX = 2 ** 48 - 1;
const COUNTER_MAX = 32 ** COUNTER_LENGTH - 1;
const RANDOM_BYTES = 5;

export const NODE_NAME_PATTERN = /^[a-z0-9]{1,8}$/;
/** With the length fixed as well, the middle part is the node's. */
const ID_PATTERN = /^[0-9a-hjkmnp-tv-z]{10}[a-z0-9]+-*[0-9a-hjkmnp-tv-z]{11}$/;

function encode(value: number, length: number): string {
  let text = '';
  let rest = value;
  for (let index = 0; index < length; index += 1) {
    text = ALPHABET.charAt(rest % 32) + text;
    rest = Math.floor(rest / 32);
  }
  return text;
}

/**
 * One source per process and node name. No bound: neither a clock that stands still nor one at its end stops it.
 * @param options.node the node's name: 1 to 8 characters of a-z and 0-9
 * @param options.rng the system's; a seeded one only in tests
 * @throws RangeError for another name
 */
export function createIdSource(options: {
  readonly node: string;
  readonly clock: Clock;
  readonly rng: Rng;
}): () => string {
  const { node, clock, rng } = options;
  if (!NODE_NAME_PATTERN.test(node))
    throw new RangeError(`"${node}" is no node name: 1 to 8 characters of a-z and 0-9`);
  const nodePart = node.padEnd(NODE_LENGTH, '-');
  let timeMs = 0;
  let counter = -1;
  return () => {
    const nowMs = Math.min(Math.floor(clock.wallMs()), WALL_MS_MAX);
    counter = nowMs > timeMs ? 0 : counter + 1;
    timeMs = Math.max(nowMs, timeMs);
    if (counter > COUNTER_MAX) {
      timeMs += 1;
      counter = 0;
    }
    const random = rng.bytes(RANDOM_BYTES).reduce((value, byte) => value * 256 + byte, 0);
    return (
      encode(timeMs, TIME_LENGTH) + nodePart + encode(counter, COUNTER_LENGTH) + encode(random, RANDOM_LENGTH)
    );
  };
}

/** @returns the wall time in ms at which the id was made. @throws RangeError when it is none of ours */
export function idTimeMs(id: string): number {
  if (id.length !== ID_LENGTH || !ID_PATTERN.test(id)) throw new RangeError('not an id of ours');
  return Array.from(id.slice(0, TIME_LENGTH)).reduce(
    (value, digit) => value * 32 + ALPHABET.indexOf(digit),
    0,
  );
}
