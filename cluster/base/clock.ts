/**
 * Time, injected. Timers run on the monotonic clock, so that a wall clock that steps (NTP, a leap second, a wrong
 * BIOS battery) moves no deadline; the wall clock is only for what people read.
 *
 * An exception out of a timer's action is never swallowed: on the real clock it ends the process like any other
 * programmer's error, on the fake one it comes out of `advance`.
 */

export interface Timer {
  /** Idempotent; a timer that has fired is cancelled without effect. */
  cancel(): void;
}

export interface Clock {
  /** Milliseconds since an arbitrary point, with fractions; never goes back. */
  monotonicMs(): number;
  /** Milliseconds since 1970-01-01T00:00:00Z; may step in both directions. */
  wallMs(): number;
  /**
   * Calls `action` once, never before `delayMs` have passed (negative counts as 0, Infinity as never).
   * @throws RangeError when the delay is not a number
   */
  schedule(delayMs: number, action: () => void): Timer;
  /** Resolves after `delayMs`. @throws the signal's reason when it is aborted before */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>;
}

/** The longest delay setTimeout knows (24.8 days); anything above fires at once. */
const DELAY_MS_MAX = 2 ** 31 - 1;

function dueAfter(nowMs: number, delayMs: number): number {
  if (Number.isNaN(delayMs)) throw new RangeError('the delay of a timer is not a number');
  return nowMs + Math.max(0, delayMs);
}

function abortReason(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new Error('aborted', { cause: signal.reason });
}

function sleepOn(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(abortReason(signal));
      return;
    }
    const abort = (): void => {
      timer.cancel();
      if (signal !== undefined) reject(abortReason(signal));
    };
    const timer = clock.schedule(delayMs, () => {
      signal?.removeEventListener('abort', abort);
      resolve();
    });
    signal?.addEventListener('abort', abort, { once: true });
  });
}

export class RealClock implements Clock {
  /** CLOCK_MONOTONIC, which NTP slews but nobody sets. */
  monotonicMs(): number {
    return performance.now();
  }

  wallMs(): number {
    return Date.now();
  }

  schedule(delayMs: number, action: () => void): Timer {
    const dueMs = dueAfter(this.monotonicMs(), delayMs);
    let handle: NodeJS.Timeout;
    const arm = (): void => {
      handle = setTimeout(fire, Math.min(dueMs - this.monotonicMs(), DELAY_MS_MAX));
    };
    // setTimeout counts whole milliseconds and can be early by a fraction of one.
    const fire = (): void => {
      if (this.monotonicMs() < dueMs) arm();
      else action();
    };
    arm();
    return {
      cancel: () => {
        clearTimeout(handle);
      },
    };
  }

  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return sleepOn(this, delayMs, signal);
  }
}

interface FakeTimer {
  readonly dueMs: number;
  readonly action: () => void;
}

/** Virtual time for tests and simulations: nothing happens until `advance`. */
export class FakeClock implements Clock {
  #monotonicMs: number;
  #wallOffsetMs: number;
  #isAdvancing = false;
  /** By due time, equal ones in the order they were scheduled. */
  readonly #timers: FakeTimer[] = [];

  constructor(options: { readonly monotonicMs?: number; readonly wallMs?: number } = {}) {
    this.#monotonicMs = options.monotonicMs ?? 0;
    this.#wallOffsetMs = (options.wallMs ?? 1_700_000_000_000) - this.#monotonicMs;
  }

  monotonicMs(): number {
    return this.#monotonicMs;
  }

  wallMs(): number {
    return this.#monotonicMs + this.#wallOffsetMs;
  }

  get pendingTimers(): number {
    return this.#timers.length;
  }

  schedule(delayMs: number, action: () => void): Timer {
    const timer: FakeTimer = { dueMs: dueAfter(this.#monotonicMs, delayMs), action };
    this.#timers.splice(this.#placeAfter(timer.dueMs), 0, timer);
    return {
      cancel: () => {
        const index = this.#timers.indexOf(timer);
        if (index >= 0) this.#timers.splice(index, 1);
      },
    };
  }

  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return sleepOn(this, delayMs, signal);
  }

  /** Moves only the wall clock, as an administrator or NTP does. */
  jumpWall(byMs: number): void {
    this.#wallOffsetMs += byMs;
  }

  /**
   * Moves time on by `byMs` and fires what falls due, in order of time, then of scheduling. Promise continuations
   * run before the first timer and after each, so that timers they set within the span fire too.
   * @throws what an action throws; time then stands where that timer was due, and later timers are still pending
   * @throws RangeError for a negative span; Error while another `advance` runs (two would mix up the order)
   */
  async advance(byMs: number): Promise<void> {
    if (!(byMs >= 0)) throw new RangeError(`time cannot advance by ${String(byMs)} ms`);
    if (this.#isAdvancing) throw new Error('the clock is advancing already: await the advance before');
    this.#isAdvancing = true;
    try {
      await this.#runUntil(this.#monotonicMs + byMs);
    } finally {
      this.#isAdvancing = false;
    }
  }

  async #runUntil(endMs: number): Promise<void> {
    await settle();
    for (let next = this.#timers[0]; next !== undefined && next.dueMs <= endMs; next = this.#timers[0]) {
      this.#timers.shift();
      this.#monotonicMs = next.dueMs;
      next.action();
      await settle();
    }
    this.#monotonicMs = endMs;
  }

  /** Where a timer due at `dueMs` belongs: behind every other that is due no later. */
  #placeAfter(dueMs: number): number {
    let low = 0;
    let high = this.#timers.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const isLater = (this.#timers[middle]?.dueMs ?? Infinity) > dueMs;
      if (isLater) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

/** Lets every promise continuation that is ready run, also those that become ready meanwhile. */
function settle(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
