/**
 * How late the event loop is. The engine has one thread: a loop that is late makes every timer late and every answer
 * slow, for all calls at once. A timer measures it that is due every 100 ms.
 *
 * Overload is decided on several looks in a row, in both directions: one long collection of garbage must turn no
 * call away, and one quiet moment must not let a flood in again. Who asks `isOverloaded` answers new INVITEs with
 * 503 and Retry-After; requests within dialogs always pass.
 */
import type { Clock, Timer } from '../../../cluster/base/clock.js';

const INTERVAL_MS = 100;
/** 100 s; when nobody reads for longer, the oldest go. */
const SAMPLES_MAX = 1000;

export interface OverloadLimits {
  /** Late by at least this much is a bad look. */
  readonly enterMs: number;
  /** Late by at most this much is a good look; below enterMs. */
  readonly leaveMs: number;
  readonly badLooks: number;
  readonly goodLooks: number;
}

/** In by a third of a second of trouble, out after two seconds of peace. */
const LIMITS: OverloadLimits = { enterMs: 50, leaveMs: 20, badLooks: 3, goodLooks: 20 };

/** How many looks in a row speak against what is decided now. */
export interface Overload {
  readonly isOverloaded: boolean;
  readonly against: number;
}

const CALM: Overload = { isOverloaded: false, against: 0 };

/** Pure. */
export function nextOverload(now: Overload, lagMs: number, limits: OverloadLimits): Overload {
  const { isOverloaded } = now;
  const isAgainst = isOverloaded ? lagMs <= limits.leaveMs : lagMs >= limits.enterMs;
  if (!isAgainst) return now.against === 0 ? now : { isOverloaded, against: 0 };
  const against = now.against + 1;
  const needed = isOverloaded ? limits.goodLooks : limits.badLooks;
  return against >= needed ? { isOverloaded: !isOverloaded, against: 0 } : { isOverloaded, against };
}

/** Milliseconds; all 0 when there was no look since the last reading. */
export interface LagReading {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export interface LoopLagOptions {
  readonly clock: Clock;
  readonly limits?: OverloadLimits;
  /** Told of each look, for a histogram. */
  readonly onLook?: (lagMs: number) => void;
  /** Told when the decision changes. */
  readonly onOverload?: (isOverloaded: boolean) => void;
}

/** The smallest value that `share` of the sorted ones do not exceed. */
function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;
}

export class LoopLag {
  readonly #options: LoopLagOptions;
  readonly #limits: OverloadLimits;
  readonly #samples: number[] = [];
  #next = 0;
  #maxMs = 0;
  #overload = CALM;
  #timer: Timer | undefined;

  /** @throws RangeError for limits that leave no room between in and out */
  constructor(options: LoopLagOptions) {
    this.#options = options;
    this.#limits = options.limits ?? LIMITS;
    if (!(this.#limits.leaveMs < this.#limits.enterMs))
      throw new RangeError('leaveMs has to be below enterMs');
  }

  get isOverloaded(): boolean {
    return this.#overload.isOverloaded;
  }

  /** Idempotent. */
  start(): void {
    if (this.#timer === undefined) this.#arm();
  }

  /** Ends an overload without telling: nobody looks any more. */
  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#overload = CALM;
  }

  /** Since the last reading: one reader only. */
  read(): LagReading {
    const sorted = this.#samples.splice(0).sort((a, b) => a - b);
    const reading = { p50: quantile(sorted, 0.5), p99: quantile(sorted, 0.99), max: this.#maxMs };
    this.#next = 0;
    this.#maxMs = 0;
    return reading;
  }

  #arm(): void {
    const { clock } = this.#options;
    const dueMs = clock.monotonicMs() + INTERVAL_MS;
    this.#timer = clock.schedule(INTERVAL_MS, () => {
      this.#arm();
      this.#look(Math.max(0, clock.monotonicMs() - dueMs));
    });
  }

  #look(lagMs: number): void {
    this.#samples[this.#next] = lagMs;
    this.#next = (this.#next + 1) % SAMPLES_MAX;
    this.#maxMs = Math.max(this.#maxMs, lagMs);
    const before = this.#overload.isOverloaded;
    this.#overload = nextOverload(this.#overload, lagMs, this.#limits);
    this.#options.onLook?.(lagMs);
    if (this.#overload.isOverloaded !== before) this.#options.onOverload?.(!before);
  }
}
