/** Tries again what may succeed later: bounded in attempts and, over all attempts together, in time. */
import { baseErrors } from './base-errors.js';
import type { Clock } from './clock.js';
import { isOperatingError } from './errors.js';
import type { Rng } from './rng.js';

export interface Attempt {
  /** 1 for the first. */
  readonly number: number;
  /** Aborted at the deadline and when the caller aborts. */
  readonly signal: AbortSignal;
  readonly remainingMs: number;
}

export interface RetryOptions {
  /** What is tried, for the error: "write to the store". */
  readonly what: string;
  readonly clock: Clock;
  readonly rng: Rng;
  readonly deadlineMs: number;
  readonly attemptsMax: number;
  /** The wait before attempt n+1 is uniform between 0 and delayMs * 2^(n-1), at most delayMsMax (full jitter). */
  readonly delayMs: number;
  readonly delayMsMax: number;
  readonly signal?: AbortSignal;
  /** Default: operating errors that say so themselves. */
  readonly isRetryable?: (error: unknown) => boolean;
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}

/**
 * @returns the first success
 * @throws RETRY_DEADLINE_EXCEEDED or RETRY_ATTEMPTS_EXHAUSTED with the last failure as cause; a failure that is
 * not retryable, or the caller's abort reason, as it is
 */
export async function retry<T>(operation: (attempt: Attempt) => Promise<T>, options: RetryOptions): Promise<T> {
  const { clock, what, deadlineMs, attemptsMax } = options;
  const isRetryable = options.isRetryable ?? ((error: unknown) => isOperatingError(error) && error.retryable);
  const endMs = clock.monotonicMs() + deadlineMs;
  const overall = new AbortController();
  let attempts = 0;
  let last: unknown;
  const deadlineError = (): Error => baseErrors.RETRY_DEADLINE_EXCEEDED({ what, deadlineMs, attempts }, last);
  const timer = clock.schedule(deadlineMs, () => {
    overall.abort(deadlineError());
  });
  const forward = (): void => {
    overall.abort(options.signal?.reason);
  };
  if (options.signal?.aborted === true) forward();
  options.signal?.addEventListener('abort', forward, { once: true });
  const aborted = new Promise<never>((_, reject) => {
    const fail = (): void => {
      reject(asError(overall.signal.reason));
    };
    if (overall.signal.aborted) fail();
    overall.signal.addEventListener('abort', fail, { once: true });
  });
  aborted.catch(() => undefined);
  try {
    for (;;) {
      overall.signal.throwIfAborted();
      attempts += 1;
      const attempt = { number: attempts, signal: overall.signal, remainingMs: endMs - clock.monotonicMs() };
      try {
        return await Promise.race([operation(attempt), aborted]);
      } catch (error) {
        overall.signal.throwIfAborted();
        if (!isRetryable(error)) throw error;
        last = error;
      }
      if (attempts >= attemptsMax) throw baseErrors.RETRY_ATTEMPTS_EXHAUSTED({ what, attempts }, last);
      const capMs = Math.min(options.delayMs * 2 ** (attempts - 1), options.delayMsMax);
      await clock.sleep(options.rng.fraction() * capMs, overall.signal);
    }
  } finally {
    timer.cancel();
    options.signal?.removeEventListener('abort', forward);
  }
}
