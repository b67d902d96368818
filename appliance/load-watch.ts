/**
 * Whether this process keeps up with its calls: how late a timer is that should come every 50 ms. Late is what everything
 * else is, too; who cannot be served in time is better sent elsewhere at once, and those who are there are served.
 */
import type { Clock, Timer } from '../cluster/base/clock.js';

const EVERY_MS = 50;
/** One late timer is a pause of the collector; several in a row are too many calls. */
const WEIGHT = 0.2;
const LATE_MS_MAX = 250;
/** Relieved only when it is well again, or it would change its mind with each call. */
const WELL_MS_MAX = 80;

export class LoadWatch {
  readonly #clock: Clock;
  #timer: Timer | undefined;
  #lateMs = 0;
  #isOverloaded = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  start(): void {
    const dueMs = this.#clock.monotonicMs() + EVERY_MS;
    this.#timer = this.#clock.schedule(EVERY_MS, () => {
      this.note(this.#clock.monotonicMs() - dueMs);
      this.start();
    });
  }

  stop(): void {
    this.#timer?.cancel();
  }

  get isOverloaded(): boolean {
    return this.#isOverloaded;
  }

  note(lateMs: number): void {
    this.#lateMs += (lateMs - this.#lateMs) * WEIGHT;
    this.#isOverloaded = this.#lateMs > (this.#isOverloaded ? WELL_MS_MAX : LATE_MS_MAX);
  }
}
