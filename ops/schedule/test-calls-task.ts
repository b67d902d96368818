/** Test calls over the outside path: which are due is asked of call control, which makes them one after the other. */
import type { Log } from '../../cluster/base/log.js';
import type { Task } from './schedule.js';

/** As call control tells it (appliance/test-calls.ts). */
export interface DueTest {
  readonly number: string;
  readonly trunkId: string;
  readonly dueWallMs: number;
}

export interface TestCallsTaskOptions {
  readonly ask: (method: string, params?: Readonly<Record<string, unknown>>) => Promise<unknown>;
  readonly isOurs: () => boolean;
  readonly wallMs: () => number;
  readonly log: Log;
}

/** A waking is never exact: what is due within it is due now. */
const EARLY_MS = 30_000;

export function testCallsTask({ ask, isOurs, wallMs, log }: TestCallsTaskOptions): Task {
  return {
    name: 'test-calls',
    expression: '* * * * *',
    isOurs,
    run: async () => {
      const { isOn, tests } = (await ask('testCalls')) as {
        readonly isOn: boolean;
        readonly tests: readonly DueTest[];
      };
      if (!isOn) return;
      for (const { number, trunkId, dueWallMs } of tests) {
        if (dueWallMs > wallMs() + EARLY_MS || !isOurs()) continue;
        try {
          await ask('runTestCall', { number, trunk: trunkId });
        } catch (error) {
          log.warn({ err: error, number, trunkId }, 'a test call was not made');
        }
      }
    },
  };
}
