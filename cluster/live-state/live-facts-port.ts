/**
 * What call control knows of its calls, seats and queues, for whoever goes on with them: the process after this one,
 * and the partner, whose replica has it a millisecond later. Facts are JSON of their owner's making.
 */

/** `call` by call id, `seat` by seat id, `queueEntry` by call id, `takeover` by the home of the address. */
export type FactKind = 'call' | 'seat' | 'queueEntry' | 'takeover' | 'drain';

export const FACT_KINDS: readonly FactKind[] = ['call', 'seat', 'queueEntry', 'takeover', 'drain'];

export interface LiveFactsStatus {
  readonly isReachable: boolean;
  /** Facts that live state does not have as they are now. */
  readonly unsent: number;
}

export interface LiveFactsPort {
  /** The newest is what counts. Never waits, never throws; while live state is away it is kept. */
  put(kind: FactKind, id: string, fact: object): void;
  remove(kind: FactKind, id: string): void;
  /**
   * What stands there of this node, by id; damaged ones are left out, and logged.
   * @throws LIVE_STATE_AWAY
   */
  all(kind: FactKind): Promise<ReadonlyMap<string, unknown>>;
  status(): LiveFactsStatus;
}
