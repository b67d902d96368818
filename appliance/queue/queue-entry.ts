/** A caller in a queue. Facts only, as JSON: they live in live state, and a partner goes on from them. */

export interface Offer {
  /** `<call id>:<count>`: whoever hears of it twice knows that it is the same. */
  readonly offerId: string;
  /** Seats that ring for it now. */
  readonly seatIds: readonly string[];
  readonly sinceWallMs: number;
  /** It rings no longer than this; for ever for an emergency that rings everywhere. */
  readonly deadlineWallMs: number | undefined;
}

/** Why a call counts as an emergency. */
export interface EmergencyMark {
  readonly sinceWallMs: number;
  /** As the trigger names itself: `number`, `key 1`, `word 胸痛`, `hot key`. */
  readonly trigger: string;
  readonly isOutsideRung: boolean;
}

export interface QueueEntry {
  readonly callId: string;
  readonly departmentId: string;
  /** Larger goes first; 0 is ordinary. */
  readonly priority: number;
  /** All of them are needed. */
  readonly skills: readonly string[];
  /** The waiting clock: it goes on when the call changes its department, its node, or is put back. */
  readonly arrivedWallMs: number;
  /** Of the department it is in now: its maximum wait counts from here. */
  readonly enteredWallMs: number;
  /** Which node has the caller's media. */
  readonly mediaNode: string;
  readonly emergency: EmergencyMark | undefined;
  readonly offer: Offer | undefined;
  /** Offers that were made, for the next id. */
  readonly offersMade: number;
  /** Seats that did not take it, and until when they are passed over. */
  readonly passedOver: Readonly<Record<string, number>>;
  readonly isCallbackOffered: boolean;
  /** Undefined before the first announcement. */
  readonly announcedWallMs: number | undefined;
}

/** What has to be said of a caller; the rest begins empty. */
export type NewEntry = Pick<
  QueueEntry,
  'callId' | 'departmentId' | 'priority' | 'skills' | 'arrivedWallMs' | 'mediaNode'
>;

export function openEntry(entry: NewEntry, nowWallMs: number): QueueEntry {
  return {
    ...entry,
    enteredWallMs: nowWallMs,
    emergency: undefined,
    offer: undefined,
    offersMade: 0,
    passedOver: {},
    isCallbackOffered: false,
    announcedWallMs: undefined,
  };
}
