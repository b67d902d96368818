/**
 * Time, injected. Timers run on the monotonic clock, so that a wall clock that steps (NTP, a leap second, a wrong
 * BIOS battery) moves no deadline; the wall clock is only for what people read.
 */

export interface Timer {
  /** Idempotent; a timer that has fired is cancelled without effect. */
  cancel(): void;
}

export interface Clock {
  /** Milliseconds since an arbitrary point; never goes back. */
  monotonicMs(): number;
  /** Milliseconds since 1970-01-01T00:00:00Z; may step in both directions. */
  wallMs(): number;
  /** Calls `action` once after `delayMs` (negative counts as 0). */
  schedule(delayMs: number, action: () => void): Timer;
  /** Resolves after `delayMs`. @throws the signal's reason when aborted before */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>;
}

/** setTimeout fires at once for longer delays. */
const DELAY_MS_MAX = 2 ** 31 - 1;

function sleepOn(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      timer.cancel();
      reject(signal?.reason instanceof Error ? signal.reason : new Error('aborted', { cause: signal?.reason }));
    };
    const timer = clock.schedule(delayMs, () => {
      signal?.removeEventListener('abort', abort);
      resolve();
    });
    if (signal?.aborted === true) abort();
    else signal?.addEventListener('abort', abort, { once: true });
  });
}

export class RealClock implements Clock {
  monotonicMs(): number {
    return performance.now();
  }

  wallMs(): number {
    return Date.now();
  }

  schedule(delayMs: number, action: () => void): Timer {
    const dueMs = this.monotonicMs() + delayMs;
    let handle: NodeJS.Timeout;
    const arm = (): void => {
      const leftMs = dueMs - this.monotonicMs();
      handle = setTimeout(leftMs > DELAY_MS_MAX ? arm : action, Math.min(Math.max(leftMs, 0), DELAY_MS_MAX));
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
  readonly order: number;
  readonly action: () => void;
}

/** Virtual time for tests and simulations: nothing happens until `advance`. */
export class FakeClock implements Clock {
  #monotonicMs: number;
  #wallOffsetMs: number;
  #order = 0;
  readonly #timers = new Set<FakeTimer>();

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
    return this.#timers.size;
  }

  schedule(delayMs: number, action: () => void): Timer {
    const timer: FakeTimer = { dueMs: this.#monotonicMs + Math.max(0, delayMs), order: this.#order++, action };
    this.#timers.add(timer);
    return { cancel: () => void this.#timers.delete(timer) };
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
   */
  async advance(byMs: number): Promise<void> {
    const endMs = this.#monotonicMs + byMs;
    await settle();
    for (let next = this.#nextDue(endMs); next !== undefined; next = this.#nextDue(endMs)) {
      this.#timers.delete(next);
      this.#monotonicMs = next.dueMs;
      next.action();
      await settle();
    }
    this.#monotonicMs = endMs;
  }

  #nextDue(endMs: number): FakeTimer | undefined {
    let next: FakeTimer | undefined;
    for (const timer of this.#timers) {
      const isEarlier =
        next === undefined || timer.dueMs < next.dueMs || (timer.dueMs === next.dueMs && timer.order < next.order);
      if (timer.dueMs <= endMs && isEarlier) next = timer;
    }
    return next;
  }
}

/** Lets every promise continuation that is ready run, also those that become ready meanwhile. */
function settle(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
