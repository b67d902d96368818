/** A store that notes what it is told and fails when it is told to. It knows no SQL. */
import { clusterErrors } from '../../../cluster/errors.js';
import { refusalOf } from '../../../cluster/store/refusal.js';
import type { Row, Statement, StorePort } from '../../../cluster/store/store-port.js';

const WHERE = { host: 'fake', port: 0 };

export class FakeStore implements StorePort {
  /** Requests that were written, in their order. */
  readonly requests: (readonly Statement[])[] = [];
  /** Of all requests, also those that failed. */
  attempts = 0;
  /** `away`: not written. `unknown`: written, and said to be without a leader. */
  state: 'up' | 'away' | 'unknown' = 'up';
  /** Why a statement is refused; undefined: it is not. */
  refusal: (statement: Statement) => string | undefined = () => undefined;
  /** Answers of the queries to come. */
  readonly answers: (readonly Row[])[] = [];

  get statements(): readonly Statement[] {
    return this.requests.flat();
  }

  execute(statements: readonly Statement[]): Promise<void> {
    return this.#answer(() => {
      for (const statement of statements) {
        const problem = this.refusal(statement);
        if (problem !== undefined) throw refusalOf(statement[0], problem);
      }
      this.requests.push(statements);
    });
  }

  query(): Promise<readonly Row[]> {
    return this.#answer(() => this.answers.shift() ?? []);
  }

  async #answer<T>(act: () => T): Promise<T> {
    this.attempts += 1;
    await Promise.resolve();
    if (this.state === 'away') throw clusterErrors.STORE_AWAY({ ...WHERE, problem: 'it is away' });
    const result = act();
    if (this.state === 'unknown') throw clusterErrors.STORE_NO_LEADER(WHERE);
    return result;
  }
}
