/**
 * Imported before uvu: it makes uvu collect its suites without running them by itself (the same two globals that
 * its own command line sets), so that spec.ts decides when they run and what their outcome means.
 */
export type UvuSuiteRun = () => Promise<unknown>;

const uvuGlobals = globalThis as { UVU_DEFER?: number; UVU_QUEUE?: UvuSuiteRun[][] };
const collected: UvuSuiteRun[] = [];
uvuGlobals.UVU_DEFER = 1;
uvuGlobals.UVU_QUEUE = [collected];

/** Takes the next collected suite out of uvu's queue; undefined when there is none. */
export function nextUvuSuite(): UvuSuiteRun | undefined {
  return collected.shift();
}
