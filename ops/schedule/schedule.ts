/**
 * What a node does again and again by the clock on the wall. The clock only wakes (node-cron); each task asks what is
 * due, so that one that was missed is done at the next waking, and says whether it is this node's turn.
 */
import { schedule } from 'node-cron';
import type { Log } from '../../cluster/base/log.js';

export interface Task {
  readonly name: string;
  /** Five fields, minute first; the machine's time zone is the hospital's. */
  readonly expression: string;
  /** Whether it is this node that does it now. */
  isOurs(): boolean;
  run(): Promise<void>;
}

/** A waking that comes late is one all the same. */
const LATE_MS = 30_000;

/** @returns how to stop all of them */
export function startSchedule(tasks: readonly Task[], log: Log): { stop(): void } {
  const started = tasks.map((task) =>
    schedule(
      task.expression,
      async () => {
        try {
          if (task.isOurs()) await task.run();
        } catch (error) {
          log.warn({ err: error, task: task.name }, 'a task has failed; it is tried again at its next time');
        }
      },
      {
        name: task.name,
        noOverlap: true,
        missedExecutionTolerance: LATE_MS,
        unref: true,
        suppressMissedWarning: true,
      },
    ),
  );
  return {
    stop: () => {
      for (const one of started) void one.stop();
    },
  };
}
