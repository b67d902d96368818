/** How long a caller will wait, as far as anybody can say. Pure. */

export interface HandlingTimes {
  /** Mean of recent calls with wrap-up, ms; undefined before the first one. */
  readonly meanMs: number | undefined;
}

/** Of this many last calls the mean is made, roughly: older ones fade. */
const MEMORY_CALLS = 20;

export function withHandlingTime(times: HandlingTimes, durationMs: number): HandlingTimes {
  if (!(durationMs >= 0)) return times;
  const { meanMs } = times;
  return { meanMs: meanMs === undefined ? durationMs : meanMs + (durationMs - meanMs) / MEMORY_CALLS };
}

/**
 * The next seat becomes free after meanMs / seats, and it takes one for everybody ahead and one for the caller.
 * @param position from 1
 * @param seats that are logged in for the department, in a call or not
 * @returns ms; undefined when nobody can say: no seats, or no call yet
 */
export function estimateWait(position: number, seats: number, times: HandlingTimes): number | undefined {
  if (seats <= 0 || times.meanMs === undefined) return undefined;
  return (position * times.meanMs) / seats;
}
