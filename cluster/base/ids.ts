/**
 * Ids that two nodes can make at the same moment without asking each other, and that sort by time as text.
 *
 *     0v5k3g9m2a  a1---  00  6b1y8jr3wz2
 *     time        node   n   random
 *
 * - time: 10 characters, the wall clock's ms (50 bits: until the year 37,000). It never goes back within a process:
 *   when the wall clock does, the last time is used on and the counter tells the ids apart.
 * - node: the node's name padded with `-` to NODE_LENGTH characters, so that two nodes can never meet.
 * - n: counter within one ms, 3 characters (32,768); when it is used up the time moves on by one ms.
 * - random: 8 characters (40 bits), so that a restarted process does not repeat itself within one ms.
 *
 * Alphabet: Crockford's base 32 in lower case, whose order in ASCII is its order in value.
 */
import type { Clock } from './clock.js';
import type { Rng } from './rng.js';

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const TIME_LENGTH = 10;
const COUNTER_LENGTH = 3;
const RANDOM_LENGTH = 8;
const NODE_LENGTH = 8;
const COUNTER_MAX = 32 ** COUNTER_LENGTH - 1;

export const NODE_NAME_PATTERN = /^[a-z0-9]{1,8}$/;

function encode(value: number, length: number): string {
  let text = '';
  let rest = value;
  for (let index = 0; index < length; index += 1) {
    text = (ALPHABET[rest % 32] ?? '') + text;
    rest = Math.floor(rest / 32);
  }
  return text;
}

/**
 * @param node the node's name: 1 to 8 characters of a-z and 0-9
 * @throws RangeError for another name
 */
export function createIdSource(options: { readonly node: string; readonly clock: Clock; readonly rng: Rng }): () => string {
  const { node, clock, rng } = options;
  if (!NODE_NAME_PATTERN.test(node)) throw new RangeError(`"${node}" is no node name: 1 to 8 characters of a-z and 0-9`);
  const nodePart = node.padEnd(NODE_LENGTH, '-');
  let timeMs = 0;
  let counter = 0;
  return () => {
    const nowMs = Math.floor(clock.wallMs());
    counter = nowMs > timeMs ? 0 : counter + 1;
    timeMs = Math.max(nowMs, timeMs);
    if (counter > COUNTER_MAX) {
      timeMs += 1;
      counter = 0;
    }
    const random = Array.from({ length: RANDOM_LENGTH }, () => ALPHABET[rng.integer(0, 31)] ?? '').join('');
    return `${encode(timeMs, TIME_LENGTH)}${nodePart}${encode(counter, COUNTER_LENGTH)}${random}`;
  };
}

/** @returns the wall time in ms at which the id was made. @throws RangeError when it is none of ours */
export function idTimeMs(id: string): number {
  const length = TIME_LENGTH + NODE_LENGTH + COUNTER_LENGTH + RANDOM_LENGTH;
  const digits = [...id.slice(0, TIME_LENGTH)].map((character) => ALPHABET.indexOf(character));
  if (id.length !== length || digits.includes(-1)) throw new RangeError('not an id of ours');
  return digits.reduce((value, digit) => value * 32 + digit, 0);
}
