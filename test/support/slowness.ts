/** One multiplier for every deadline of the tests, for machines slower than the reference (WARDLINE_TEST_SLOWNESS). */

/** @throws RangeError when the text is not a number from 0.1 to 100 */
export function parseSlowness(text: string | undefined): number {
  if (text === undefined || text === '') return 1;
  const factor = Number(text);
  if (!(factor >= 0.1 && factor <= 100)) {
    throw new RangeError(`WARDLINE_TEST_SLOWNESS must be a number from 0.1 to 100, not "${text}"`);
  }
  return factor;
}

/** Milliseconds as written in a test -> milliseconds on this machine. */
export function scaledMs(deadlineMs: number): number {
  return deadlineMs * parseSlowness(process.env['WARDLINE_TEST_SLOWNESS']);
}
