/** What can happen to the queues of one dispatching node, and what it wants done. All is data, as JSON. */
import type { HandlingTimes } from './estimate-wait.js';
import type { DispatchSettings } from './dispatch-settings.js';
import type { NewEntry, QueueEntry } from './queue-entry.js';
import type { Seat, SeatFacts } from './seat.js';

export interface DispatchState {
  /** The node that decides by this state. */
  readonly node: string;
  readonly settings: DispatchSettings;
  /** By call id. */
  readonly entries: Readonly<Record<string, QueueEntry>>;
  /** By seat id; also those that the partner dispatches, which are only counted. */
  readonly seats: Readonly<Record<string, Seat>>;
  /** By department. */
  readonly handling: Readonly<Record<string, HandlingTimes>>;
  /** Seats of ours that the partner was asked to ring for its callers, by seat id: they ring for nobody else meanwhile. */
  readonly asked: Readonly<Record<string, Asked>>;
}

export interface Asked {
  readonly callId: string;
  /** Without an answer until then the seat is free again. */
  readonly untilWallMs: number;
}

/** What became of a seat that rang, for the node that dispatches it. */
export type SeatOutcome = 'answered' | 'refused' | 'noAnswer';

export type LeaveReason =
  /** The caller hung up. */
  | 'abandoned'
  /** It goes on elsewhere: transferred, outside line, callback. */
  | 'elsewhere';

export type DispatchEvent =
  | { readonly kind: 'entryArrived'; readonly entry: NewEntry; readonly trigger?: string }
  /** An entry as live state has it: after a takeover, or from the other side of a link that is whole again. */
  | { readonly kind: 'entryRestored'; readonly entry: QueueEntry }
  | { readonly kind: 'entryLeft'; readonly callId: string; readonly why: LeaveReason }
  | {
      readonly kind: 'entryMoved';
      readonly callId: string;
      readonly departmentId: string;
      readonly priority: number;
      readonly skills: readonly string[];
    }
  | { readonly kind: 'emergencyRaised'; readonly callId: string; readonly trigger: string }
  | { readonly kind: 'emergencyUndone'; readonly callId: string }
  /** A seat is as it is told here; one that is new is added. */
  | { readonly kind: 'seatChanged'; readonly seat: SeatFacts }
  /** A seat as live state has it. */
  | { readonly kind: 'seatRestored'; readonly seat: Seat }
  | { readonly kind: 'seatRemoved'; readonly seatId: string }
  | { readonly kind: 'offerAccepted'; readonly offerId: string; readonly seatId: string }
  /** Busy, declined, unreachable: anything but silence. */
  | { readonly kind: 'offerRefused'; readonly offerId: string; readonly seatId: string }
  /** A call of the department is over, with its wrap-up. */
  | { readonly kind: 'callHandled'; readonly departmentId: string; readonly durationMs: number }
  /** A caller of the partner's, as the partner has him. */
  | { readonly kind: 'partnerEntry'; readonly entry: QueueEntry }
  | { readonly kind: 'partnerEntryGone'; readonly callId: string }
  /** A seat that the partner dispatches, as it is there. */
  | { readonly kind: 'partnerSeat'; readonly seat: Seat }
  /** The partner's seat is free for a caller of ours. */
  | { readonly kind: 'partnerAsks'; readonly callId: string; readonly seatId: string }
  /** The partner's caller has a seat already, or is gone. */
  | { readonly kind: 'partnerTurnedDown'; readonly callId: string; readonly seatId: string }
  /** A seat of ours rang for a caller of the partner's. */
  | { readonly kind: 'partnerRang'; readonly seatId: string; readonly outcome: SeatOutcome }
  /** Nothing is known of the partner's callers any more; its seats stay as they were last seen. */
  | { readonly kind: 'partnerLost' }
  | { readonly kind: 'settingsChanged'; readonly settings: DispatchSettings }
  /** Time has passed; see `nextDispatchDeadline`. */
  | { readonly kind: 'tick' };

export type WithdrawReason = 'answeredElsewhere' | 'callerGone' | 'noAnswer' | 'escalated' | 'seatGone';

export type DispatchEffect =
  | { readonly kind: 'offer'; readonly offerId: string; readonly callId: string; readonly seatId: string }
  | {
      readonly kind: 'withdraw';
      readonly offerId: string;
      readonly callId: string;
      readonly seatId: string;
      readonly why: WithdrawReason;
    }
  /** The seat has the call: the entry is gone. */
  | { readonly kind: 'connect'; readonly callId: string; readonly seatId: string; readonly offerId: string }
  /** Seats go on ringing; who answers first has it. */
  | { readonly kind: 'ringOutside'; readonly callId: string }
  | {
      readonly kind: 'announce';
      readonly callId: string;
      readonly position: number;
      /** ms; undefined when nobody can say. */
      readonly estimateMs: number | undefined;
    }
  | { readonly kind: 'offerCallback'; readonly callId: string }
  /** The entry is in another department now. */
  | { readonly kind: 'overflowed'; readonly callId: string; readonly from: string; readonly to: string }
  /** It has waited for too long and nobody else takes it: the entry is gone. */
  | { readonly kind: 'expired'; readonly callId: string }
  | { readonly kind: 'seatSilent'; readonly seatId: string }
  /** To the partner: a seat of ours is free for its caller. */
  | { readonly kind: 'askPartner'; readonly callId: string; readonly seatId: string }
  /** To the partner: our caller does not need its seat. */
  | { readonly kind: 'turnDown'; readonly callId: string; readonly seatId: string }
  /** To the partner: its seat rang for a caller of ours. */
  | { readonly kind: 'rang'; readonly seatId: string; readonly outcome: SeatOutcome }
  /** What was asked for is of no effect, and why; for the log. */
  | { readonly kind: 'ignored'; readonly event: DispatchEvent['kind']; readonly why: string };

export interface DispatchStep {
  readonly state: DispatchState;
  readonly effects: readonly DispatchEffect[];
}
