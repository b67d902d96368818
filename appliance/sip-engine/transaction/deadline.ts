/** Something to be done once on the timer wheel, for those that have no timers with names. */
import type { TimerTarget } from './timer-wheel.js';

export class Deadline implements TimerTarget {
  readonly #run: () => void;

  constructor(run: () => void) {
    this.#run = run;
  }

  onTimer(): void {
    this.#run();
  }
}
