/**
 * One test: its context, its deadline and its clean-up. Knows nothing of uvu or of the process.
 *
 * Order of events: body (or its deadline, which aborts `signal`), then the clean-ups in reverse order of their
 * registration, whatever happened before. Every failure is kept; the first one stays first.
 */
import { seededRng, type Rng } from '../../cluster/base/rng.js';
import { assertionCount } from './assert.js';
import { failureText } from './failure-text.js';
import type { CaseResult } from './test-result.js';

export interface TestContext {
  /** Registers a clean-up; they run in reverse order, also after a failure or the deadline. */
  readonly defer: (cleanUp: () => unknown) => void;
  /** Aborted at the deadline, and when the test is over. */
  readonly signal: AbortSignal;
  /** The same numbers for the same seed and test name, whatever ran before. */
  readonly rng: Rng;
  readonly seed: string;
  /** Ends the test as skipped. @param reason what is missing here, as it shall appear in the summary */
  readonly skip: (reason: string) => never;
}

export type TestBody = (t: TestContext) => unknown;

export interface CaseOptions {
  readonly suite: string;
  readonly name: string;
  readonly seed: string;
  /** Real milliseconds for the body. */
  readonly deadlineMs: number;
  /** Real milliseconds for each clean-up. */
  readonly cleanUpDeadlineMs: number;
}

class SkipMarker extends Error {}

/** Rejects when `work` has not settled in time; `onLate` runs first. What `work` does later is ignored. */
async function within(
  deadlineMs: number,
  work: () => unknown,
  onLate: () => Error,
  interrupted?: Promise<never>,
): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(onLate());
    }, deadlineMs);
  });
  const done = Promise.resolve().then(work);
  done.catch(() => undefined);
  try {
    await Promise.race([done, late, ...(interrupted === undefined ? [] : [interrupted])]);
  } finally {
    clearTimeout(timer);
  }
}

/** A running test; `interrupt` is for errors that come out of no promise of it (an event handler, a timer). */
export class SpecCase {
  readonly context: TestContext;
  readonly #options: CaseOptions;
  readonly #abort = new AbortController();
  readonly #cleanUps: (() => unknown)[] = [];
  readonly #failures: string[] = [];
  readonly #interrupted: Promise<never>;
  #interrupt: (error: unknown) => void = () => undefined;
  #skipReason: string | undefined;
  #isOver = false;

  constructor(options: CaseOptions) {
    this.#options = options;
    this.#interrupted = new Promise((_, reject) => {
      this.#interrupt = reject;
    });
    this.#interrupted.catch(() => undefined);
    this.context = {
      defer: (cleanUp) => {
        this.#defer(cleanUp);
      },
      signal: this.#abort.signal,
      rng: seededRng(`${options.seed}/${options.suite}/${options.name}`),
      seed: options.seed,
      skip: (reason) => this.#skip(reason),
    };
  }

  get label(): string {
    return `${this.#options.suite}: ${this.#options.name}`;
  }

  interrupt(error: unknown): void {
    if (this.#isOver) this.#failures.push(failureText(error));
    else this.#interrupt(error);
  }

  /** Runs the body only; failures are kept for `result`. */
  async runBody(body: TestBody): Promise<void> {
    const { deadlineMs } = this.#options;
    const onLate = (): Error => {
      const error = new Error(`not finished within its deadline of ${String(deadlineMs)} ms`);
      this.#abort.abort(error);
      return error;
    };
    try {
      await within(deadlineMs, () => body(this.context), onLate, this.#interrupted);
    } catch (error) {
      if (!(error instanceof SkipMarker)) this.#failures.push(failureText(error));
    }
  }

  /** Runs the clean-ups, newest first, one after the other. */
  async cleanUp(): Promise<void> {
    if (!this.#abort.signal.aborted) this.#abort.abort(new Error('the test is over'));
    for (let next = this.#cleanUps.pop(); next !== undefined; next = this.#cleanUps.pop()) {
      const { cleanUpDeadlineMs } = this.#options;
      const onLate = (): Error => new Error(`not finished within ${String(cleanUpDeadlineMs)} ms`);
      try {
        await within(cleanUpDeadlineMs, next, onLate);
      } catch (error) {
        this.#failures.push(`a clean-up failed: ${failureText(error)}`);
      }
    }
    this.#isOver = true;
  }

  /** Notes a failure found by the caller. */
  fail(text: string): void {
    this.#failures.push(text);
  }

  result(durationMs: number): CaseResult {
    const { suite, name } = this.#options;
    if (this.#failures.length > 0) {
      return { suite, name, status: 'failed', durationMs, text: this.#failures.join('\nand then ') };
    }
    if (this.#skipReason !== undefined) {
      return { suite, name, status: 'skipped', durationMs, text: this.#skipReason };
    }
    return { suite, name, status: 'passed', durationMs, text: '' };
  }

  get hasFailed(): boolean {
    return this.#failures.length > 0;
  }

  get skipReason(): string | undefined {
    return this.#skipReason;
  }

  #defer(cleanUp: () => unknown): void {
    if (!this.#isOver) {
      this.#cleanUps.push(cleanUp);
      return;
    }
    // The body went on after its deadline and has just opened something that nobody would close any more.
    cleanUp();
    throw new Error(`"${this.#options.name}" registered a clean-up after it was over`);
  }

  #skip(reason: string): never {
    if (reason.trim() === '') throw new Error('a skip needs a reason');
    this.#skipReason = reason;
    throw new SkipMarker(reason);
  }
}

/** Body, clean-up and verdict of one test. @param specCase made by the caller, who may interrupt it meanwhile */
export async function runCase(specCase: SpecCase, body: TestBody): Promise<CaseResult> {
  const startMs = performance.now();
  const assertionsBefore = assertionCount();
  await specCase.runBody(body);
  const hasAsserted = assertionCount() > assertionsBefore;
  await specCase.cleanUp();
  if (!hasAsserted && !specCase.hasFailed && specCase.skipReason === undefined) {
    specCase.fail('it made no assertion, so it could not have failed');
  }
  return specCase.result(Math.round(performance.now() - startMs));
}
