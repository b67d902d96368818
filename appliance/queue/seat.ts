/** A desk phone with whoever sits at it, as the queue sees it. Facts only, as JSON. */

/** Whether it rings is no state of its own: the offer of a call says so (queue-entry.ts). */
export type SeatState =
  /** Nobody has logged in. */
  | 'loggedOut'
  | 'ready'
  /** The call-taker has said so, or did not answer; `reason` says which. */
  | 'notReady'
  | 'talking'
  | 'wrapUp';

export interface Seat {
  readonly seatId: string;
  readonly callTakerId: string | undefined;
  readonly state: SeatState;
  /** Of `notReady`. */
  readonly reason: string | undefined;
  readonly departmentIds: readonly string[];
  /** Level by skill, larger is better. */
  readonly skills: Readonly<Record<string, number>>;
  /** It may be rung for an emergency, and counts for the reserve. */
  readonly takesEmergencies: boolean;
  /** The phone is registered. */
  readonly isReachable: boolean;
  /** The node that alone offers calls to it (continuity.md, rule 16). */
  readonly dispatchNode: string;
  /** Since when it has been ready; longest idle goes by it. */
  readonly idleSinceWallMs: number;
  readonly callsTaken: number;
  /** Offers in a row that it did not answer. */
  readonly unanswered: number;
}

/** What others say of a seat; the rest the queue keeps itself. */
export type SeatFacts = Omit<Seat, 'idleSinceWallMs' | 'callsTaken' | 'unanswered'>;

/** Whether a call can be offered, unless one rings there. */
export function isFree(seat: Seat): boolean {
  return seat.state === 'ready' && seat.isReachable;
}

/** Whether it goes on ringing: who says that he is not ready does not want the call, but an emergency rings on. */
export function canRing(
  { isReachable, state }: Pick<Seat, 'isReachable' | 'state'>,
  isEmergency: boolean,
): boolean {
  const isThere = isReachable && state !== 'loggedOut' && state !== 'talking';
  return isThere && (state === 'ready' || isEmergency);
}
