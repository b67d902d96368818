/**
 * A deadline for an answer from the network. After a pause of this process (garbage collection, a busy machine) the
 * event loop runs timers first and reads sockets after that: an answer that has been here for long would count as
 * missing. A deadline that fires late is therefore given once more the time to read.
 */
import type { Clock, Timer } from '../base/clock.js';

/** What counts as late, and how long reading takes at most. */
const LATE_MS = 10;

export function schedulePatiently(clock: Clock, delayMs: number, run: () => void): Timer {
  let timer: Timer;
  const arm = (afterMs: number): void => {
    const dueMs = clock.monotonicMs() + afterMs;
    timer = clock.schedule(afterMs, () => {
      if (clock.monotonicMs() - dueMs > LATE_MS) arm(LATE_MS);
      else run();
    });
  };
  arm(delayMs);
  return {
    cancel: () => {
      timer.cancel();
    },
  };
}
