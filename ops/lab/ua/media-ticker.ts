/** One timer for all streams of a process: at 200 calls, a timer for each would cost more than their packets. */
import type { Clock, Timer } from '../../../cluster/base/clock.js';

const TICK_MS = 20;
/** Longer standstills (a process that was stopped) are not made up for: nobody would send that burst. */
const BEHIND_MS_MAX = 400;

export interface Ticking {
  tick(): void;
}

export class MediaTicker {
  readonly #clock: Clock;
  readonly #streams = new Set<Ticking>();
  #timer: Timer | undefined;
  #nextMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(stream: Ticking): void {
    this.#streams.add(stream);
    if (this.#timer !== undefined) return;
    this.#nextMs = this.#clock.monotonicMs() + TICK_MS;
    this.#arm();
  }

  remove(stream: Ticking): void {
    this.#streams.delete(stream);
    if (this.#streams.size > 0) return;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** Keeps time by the clock, not by the number of ticks: a late one is made up for at once. */
  #run(): void {
    const nowMs = this.#clock.monotonicMs();
    this.#nextMs = Math.max(this.#nextMs, nowMs - BEHIND_MS_MAX);
    for (; this.#nextMs <= nowMs; this.#nextMs += TICK_MS) for (const stream of this.#streams) stream.tick();
    if (this.#streams.size > 0) this.#arm();
    else this.#timer = undefined;
  }

  #arm(): void {
    this.#timer = this.#clock.schedule(this.#nextMs - this.#clock.monotonicMs(), () => {
      this.#run();
    });
  }
}
