/**
 * The stores of several nodes as one: the own first, because it is near and answers while the others cannot be reached;
 * another one when it does not answer or has no leader. Any of them passes a write on to the leader.
 */
import { isOperatingError } from '../base/errors.js';
import type { Clock } from '../base/clock.js';
import type { ReadLevel, Row, Statement, StorePort } from './store-port.js';

export interface FailoverStoreOptions {
  /** The preferred one first. */
  readonly stores: readonly [StorePort, ...StorePort[]];
  readonly clock: Clock;
  /** After it the first one is tried again. Default 30 s. */
  readonly returnMs?: number;
}

const RETURN_MS = 30_000;

function mayAnotherHelp(error: unknown): boolean {
  return isOperatingError(error, 'STORE_AWAY') || isOperatingError(error, 'STORE_NO_LEADER');
}

export class FailoverStore implements StorePort {
  readonly #options: FailoverStoreOptions;
  #index = 0;
  #leftFirstMs = 0;

  constructor(options: FailoverStoreOptions) {
    this.#options = options;
  }

  execute(statements: readonly Statement[], deadlineMs: number): Promise<void> {
    return this.#ask((store) => store.execute(statements, deadlineMs));
  }

  query(statement: Statement, level: ReadLevel, deadlineMs: number): Promise<readonly Row[]> {
    return this.#ask((store) => store.query(statement, level, deadlineMs));
  }

  /** One attempt at one store: whoever asks knows whether it may be tried again, and then it is another one's turn. */
  async #ask<T>(act: (store: StorePort) => Promise<T>): Promise<T> {
    const { stores, clock, returnMs = RETURN_MS } = this.#options;
    const nowMs = clock.monotonicMs();
    if (this.#index > 0 && nowMs - this.#leftFirstMs >= returnMs) this.#index = 0;
    const index = this.#index;
    try {
      return await act(stores[index] ?? stores[0]);
    } catch (error) {
      if (mayAnotherHelp(error) && index === this.#index) {
        this.#index = (index + 1) % stores.length;
        if (index === 0) this.#leftFirstMs = clock.monotonicMs();
      }
      throw error;
    }
  }
}
