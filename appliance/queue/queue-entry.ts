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

/** Nobody is on the line: when it is his turn, a seat rings, and then he is called. */
export interface Callback {
  /** As the trunk knows it. */
  readonly number: string;
  /** By which he called. */
  readonly trunkId: string;
  /** asked: he pressed the key; lost: his line was cut, and it was not he who hung up. */
  readonly reason: 'asked' | 'lost';
  /** His call. */
  readonly ofCallId: string;
  /** The service address that it came to: with it the place goes to the partner. */
  readonly home: string;
  /** Calls that were made to him, and not answered. */
  readonly attempts: number;
  /** Not sooner. */
  readonly dueWallMs: number;
}

export interface QueueEntry {
  /** Of a place of a callback: an id of its own. */
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
  /** Only of who is to be called back. */
  readonly callback?: Callback;
}

/** What has to be said of a caller; the rest begins empty. */
export type NewEntry = Pick<
  QueueEntry,
  'callId' | 'departmentId' | 'priority' | 'skills' | 'arrivedWallMs' | 'mediaNode' | 'callback'
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
