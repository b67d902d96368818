/**
 * Sends after a takeover, paced (continuity.md, rule 17): a thousand re-INVITEs in one burst would overrun the buffers
 * of phones and LAN, and delay the calls that ring now. The most urgent job goes first, of equally urgent ones the
 * oldest; in any span of `spanMs` no more than `jobsMax` go.
 *
 * Jobs added within one turn are ordered among each other before the first one goes. Never: run a job twice, or stop
 * because one failed.
 */
import type { Clock, Timer } from '../../../cluster/base/clock.js';

export interface PacedJob {
  /** The lower, the sooner. */
  readonly priority: number;
  /** When that began which it is about: the start of a call, say. The lower, the sooner. */
  readonly bornMs: number;
  readonly run: () => void;
}

export interface PacedSenderOptions {
  readonly clock: Clock;
  /** A job threw; it counts as run. */
  readonly onError: (error: unknown) => void;
  /** Default 10. */
  readonly jobsMax?: number;
  /** Default 10. */
  readonly spanMs?: number;
}

export class PacedSender {
  readonly #clock: Clock;
  readonly #onError: (error: unknown) => void;
  readonly #jobsMax: number;
  readonly #spanMs: number;
  /** The next one last. */
  readonly #waiting: PacedJob[] = [];
  /** When the last `jobsMax` jobs ran, the oldest first: it says when the next one may. */
  readonly #ranMs: number[] = [];
  #timer: Timer | undefined;

  constructor(options: PacedSenderOptions) {
    const { clock, onError, jobsMax = 10, spanMs = 10 } = options;
    this.#clock = clock;
    this.#onError = onError;
    this.#jobsMax = jobsMax;
    this.#spanMs = spanMs;
  }

  /** Jobs that have not run. */
  get length(): number {
    return this.#waiting.length;
  }

  /** @returns cancels the job; without effect once it has run */
  add(job: PacedJob): () => void {
    // A copy: the same job may be added twice, and each is cancelled by itself.
    const own = { ...job };
    this.#waiting.splice(this.#placeOf(own), 0, own);
    this.#timer ??= this.#clock.schedule(this.#delayMs(), () => {
      this.#runDue();
    });
    return () => {
      const index = this.#waiting.indexOf(own);
      if (index >= 0) this.#waiting.splice(index, 1);
    };
  }

  /** Forgets all that has not run: the address is no longer ours, say. */
  clear(): void {
    this.#waiting.length = 0;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #runDue(): void {
    this.#timer = undefined;
    while (this.#waiting.length > 0 && this.#delayMs() === 0) this.#runNext();
    if (this.#waiting.length === 0) return;
    // A job may have added another, and so have set the timer.
    this.#timer ??= this.#clock.schedule(this.#delayMs(), () => {
      this.#runDue();
    });
  }

  #runNext(): void {
    const job = this.#waiting.pop();
    if (this.#ranMs.length === this.#jobsMax) this.#ranMs.shift();
    this.#ranMs.push(this.#clock.monotonicMs());
    try {
      job?.run();
    } catch (error) {
      this.#onError(error);
    }
  }

  /** Until the next job may run. */
  #delayMs(): number {
    const [oldestMs] = this.#ranMs;
    if (oldestMs === undefined || this.#ranMs.length < this.#jobsMax) return 0;
    return Math.max(0, oldestMs + this.#spanMs - this.#clock.monotonicMs());
  }

  /** In front of (so run after) all that are as urgent and as old. */
  #placeOf(job: PacedJob): number {
    let low = 0;
    let high = this.#waiting.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = this.#waiting[middle];
      if (other !== undefined && isSooner(job, other)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function isSooner(job: PacedJob, other: PacedJob): boolean {
  return job.priority === other.priority ? job.bornMs < other.bornMs : job.priority < other.priority;
}
