/** Mutations of all messages there are, each against the contract. */
import type { Rng } from '../../../cluster/base/rng.js';
import { assertContract, type InputFate } from './message-contract.js';
import { mutated } from './mutate.js';
import { REALISTIC } from './realistic.js';
import { RFC4475 } from './rfc4475.js';
import { RFC5118 } from './rfc5118.js';

const TORTURE = [...RFC4475, ...RFC5118].map(({ bytes }) => bytes);

/** @returns how many inputs met which fate. @throws Error with the input for the first that breaks the contract */
export function fuzz(inputs: number, rng: Rng): Record<InputFate, number> {
  const counts = { good: 0, answer: 0, drop: 0, 'keep-alive': 0 };
  for (let input = 0; input < inputs; input += 1) {
    const bytes = mutated(rng.pick(rng.integer(0, 1) === 0 ? TORTURE : REALISTIC), rng);
    try {
      counts[assertContract(bytes)] += 1;
    } catch (error) {
      const text = JSON.stringify(bytes.toString('latin1'));
      throw new Error(`input ${String(input)} breaks the contract: ${text}`, { cause: error });
    }
  }
  return counts;
}
