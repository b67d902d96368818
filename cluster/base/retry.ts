/** Tries again what may succeed later: bounded in attempts and, over all attempts together, in time. */
import { baseErrors } from './base-errors.js';
import type { Clock } from './clock.js';
import { isOperatingError } from './errors.js';
import type { Rng } from './rng.js';

export interface Attempt {
  /** 1 for the first. */
  readonly attempt: number;
  /** Aborted at the deadline and when the caller aborts. */
  readonly signal: AbortSignal;
  /** What is left of the deadline over all attempts; more than 0. */
  readonly remainingMs: number;
}

export interface RetryOptions {
  /** What is tried, for the error: "writing to the store". */
  readonly what?: string;
  readonly clock: Clock;
  readonly rng: Rng;
  readonly deadlineMs: number;
  /** From 1; Infinity leaves the bound to the deadline. */
  readonly attemptsMax: number;
  /** The wait after attempt n is uniform between 0 and delayMs * 2^(n-1), at most delayMsMax ("full jitter"). */
  readonly delayMs: number;
  readonly delayMsMax: number;
  readonly signal?: AbortSignal;
  /** Default: operating errors that say so themselves. */
  readonly isRetryable?: (error: unknown) => boolean;
}

/** Beyond it the wait is at its maximum anyway, and 2^1024 is Infinity. */
const DOUBLINGS_MAX = 52;

/**
 * Full jitter (M. Brooker, "Exponential Backoff And Jitter", 2015): of the usual forms it spreads a herd of callers
 * best after a common outage.
 */
function jitteredDelayMs(attempt: number, options: RetryOptions): number {
  const capMs = Math.min(options.delayMs * 2 ** Math.min(attempt - 1, DOUBLINGS_MAX), options.delayMsMax);
  return options.rng.fraction() * capMs;
}

function isRetryableByItself(error: unknown): boolean {
  return isOperatingError(error) && error.retryable;
}

/** One signal for the deadline and the caller's abort, whichever comes first. */
class Limit {
  readonly endMs: number;
  readonly #options: RetryOptions;
  readonly #deadlineError: () => Error;
  readonly #controller = new AbortController();
  readonly #close: () => void;

  constructor(options: RetryOptions, deadlineError: () => Error) {
    const { clock, deadlineMs, signal } = options;
    this.#options = options;
    this.#deadlineError = deadlineError;
    this.endMs = clock.monotonicMs() + deadlineMs;
    const timer = clock.schedule(deadlineMs, () => {
      this.#controller.abort(deadlineError());
    });
    const forward = (): void => {
      this.#controller.abort(signal?.reason);
    };
    signal?.addEventListener('abort', forward, { once: true });
    if (signal?.aborted === true) forward();
    this.#close = () => {
      timer.cancel();
      signal?.removeEventListener('abort', forward);
    };
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get remainingMs(): number {
    return this.endMs - this.#options.clock.monotonicMs();
  }

  throwIfAborted(): void {
    if (this.signal.aborted) throw this.#reason();
  }

  /** The deadline's timer may be late: behind a long turn of the event loop nothing new must begin. */
  throwIfOver(): void {
    if (this.remainingMs <= 0) this.#controller.abort(this.#deadlineError());
    this.throwIfAborted();
  }

  /** @returns what `running` does, unless the limit is reached first; what it does afterwards is ignored */
  race<T>(running: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const fail = (): void => {
        reject(this.#reason());
      };
      if (this.signal.aborted) fail();
      this.signal.addEventListener('abort', fail, { once: true });
      running.then(resolve, reject).finally(() => {
        this.signal.removeEventListener('abort', fail);
      });
    });
  }

  close(): void {
    this.#close();
  }

  #reason(): Error {
    const reason: unknown = this.signal.reason;
    return reason instanceof Error ? reason : new Error('aborted', { cause: reason });
  }
}

/**
 * Runs `operation` until it succeeds. It must be safe to repeat: an attempt whose answer was lost may have worked.
 * @returns the first success
 * @throws RETRY_DEADLINE_EXCEEDED or RETRY_ATTEMPTS_EXHAUSTED with the last failure as cause; a failure that is
 * not retryable, or the caller's abort reason, as it is
 */
export async function retry<T>(
  operation: (attempt: Attempt) => Promise<T>,
  options: RetryOptions,
): Promise<T> {
  const {
    clock,
    what = 'the operation',
    deadlineMs,
    attemptsMax,
    isRetryable = isRetryableByItself,
  } = options;
  if (!(attemptsMax >= 1)) throw new RangeError(`attemptsMax must be at least 1, not ${String(attemptsMax)}`);
  let attempt = 0;
  let last: unknown;
  const limit = new Limit(options, () =>
    baseErrors.RETRY_DEADLINE_EXCEEDED({ what, deadlineMs, attempts: attempt }, last),
  );
  try {
    for (;;) {
      limit.throwIfOver();
      attempt += 1;
      try {
        return await limit.race(operation({ attempt, signal: limit.signal, remainingMs: limit.remainingMs }));
      } catch (error) {
        limit.throwIfAborted();
        if (!isRetryable(error)) throw error;
        last = error;
      }
      if (attempt >= attemptsMax)
        throw baseErrors.RETRY_ATTEMPTS_EXHAUSTED({ what, attempts: attempt }, last);
      await clock.sleep(jitteredDelayMs(attempt, options), limit.signal);
    }
  } finally {
    limit.close();
  }
}
