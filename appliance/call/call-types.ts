/** One telephone call: its parties, what can happen to it, and what it wants done. All is data, as JSON. */

export type Party =
  /** @property number normalised; empty when withheld */
  | { readonly kind: 'trunk'; readonly trunkId: string; readonly number: string }
  | { readonly kind: 'seat'; readonly seatId: string };

/** A dialog with one party, and its media. */
export interface Leg {
  /** `<call id>-<count>`; also its tag at the media relay. */
  readonly legId: string;
  readonly party: Party;
  /** What the party has offered or answered last. */
  readonly sdp: string;
  /** False for a caller whose INVITE has no final response yet. */
  readonly isAnswered: boolean;
  readonly isHolding: boolean;
}

/** Whom to ring. */
export type Target =
  | { readonly kind: 'seat'; readonly seatId: string }
  /** @property trunkIds tried in this order */
  | { readonly kind: 'trunk'; readonly trunkIds: readonly string[]; readonly number: string };

export interface RingingLeg {
  readonly legId: string;
  readonly target: Target;
  /** The offer of the queue that it serves; undefined: somebody dialled. */
  readonly offerId: string | undefined;
  readonly hasRung: boolean;
}

/** Where a call waits. */
export interface Place {
  readonly departmentId: string;
  readonly priority: number;
  readonly skills: readonly string[];
  /** The waiting clock; it never restarts. */
  readonly arrivedWallMs: number;
  /** Undefined: an ordinary call. */
  readonly trigger: string | undefined;
}

export type CallDirection = 'inbound' | 'internal' | 'outbound';

export type CallStateName = 'seeking' | 'connecting' | 'talking' | 'ended';

/** Stable words: records and statistics are made of them. */
export type EndReason =
  /** After a talk, whoever hung up. */
  | 'completed'
  /** The caller hung up before anybody answered. */
  | 'abandoned'
  | 'refused'
  | 'busy'
  | 'noAnswer'
  /** It waited longer than the department allows. */
  | 'maxWait'
  /** The department was closed, and no other stands in for it. */
  | 'closed'
  /** He is called back, and keeps his place. */
  | 'callback'
  /** The other party went on to another call. */
  | 'transferred'
  | 'mediaFailed'
  | 'closedByOperator'
  /** A fault of the program; the log has it. */
  | 'internalError';

/** A place of somebody who is not on the line. */
export interface KeptPlace {
  readonly entryId: string;
  readonly place: Place;
  /** As the trunk knows it. */
  readonly number: string;
  readonly trunkId: string;
  /** lost: his line was cut. */
  readonly reason: 'asked' | 'lost';
  /** The call in which he had the place first. */
  readonly ofCallId: string;
  /** With this one. */
  readonly attempts: number;
}

export interface CallState {
  readonly callId: string;
  /** Call-ID of the INVITE with which it began. */
  readonly sipCallId: string;
  /** The node whose service address it came to: with the address the call moves. */
  readonly home: string;
  readonly name: CallStateName;
  readonly direction: CallDirection;
  /** User part of the Request-URI of the first INVITE. */
  readonly dialled: string;
  readonly mediaCallId: string;
  /** Who began it; after a transfer by that party, who stayed. */
  readonly caller: Leg;
  /** Who is talked to; while a transfer is tried, who has asked for it and is still there. */
  readonly other: Leg | undefined;
  /** By leg id. */
  readonly ringing: Readonly<Record<string, RingingLeg>>;
  /** Undefined: in no queue. */
  readonly place: Place | undefined;
  /** Of `connecting`. */
  readonly joining: Joining | undefined;
  /** Leg whose REFER is not decided yet, and the seat that is rung again when its target fails. */
  readonly transfer: Transfer | undefined;
  readonly legsMade: number;
  /** In a row: legs that answered and that the relay could not join. */
  readonly joinsFailed: number;
  readonly openedWallMs: number;
  /** When somebody first answered it; undefined: nobody yet. */
  readonly answeredWallMs: number | undefined;
  /** It was an emergency when somebody answered it. */
  readonly isEmergency: boolean;
  /** We call somebody back: the place that he has had. */
  readonly callback?: KeptPlace;
  /** A call of a queue has to be written up by the seat that took it. */
  readonly departmentId: string | undefined;
  readonly endReason: EndReason | undefined;
}

/** Somebody who has answered and is not heard yet. */
export interface Joining {
  readonly leg: Leg;
  /** Undefined: nobody has to be asked whose call it is. */
  readonly offerId: string | undefined;
}

export interface Transfer {
  readonly byLegId: string;
  /** It waits for a NOTIFY (RFC 3515). */
  readonly isReferred: boolean;
  /** Rung again when the target does not answer and the transferring party has hung up already. */
  readonly recallSeatId: string | undefined;
}

export type CallEvent =
  | { readonly kind: 'queued'; readonly place: Place }
  | { readonly kind: 'dialled'; readonly target: Target }
  /** His INVITE, which the process before had, has come to this one. */
  | { readonly kind: 'callerBack' }
  /** Our 200 is out. */
  | { readonly kind: 'callerAnswered' }
  | { readonly kind: 'callerAnswerFailed'; readonly status: number }
  /** The queue wants a seat to ring. */
  | { readonly kind: 'seatOffered'; readonly offerId: string; readonly seatId: string }
  | { readonly kind: 'offerWithdrawn'; readonly offerId: string; readonly seatId: string }
  | { readonly kind: 'legRinging'; readonly legId: string }
  | { readonly kind: 'legAnswered'; readonly legId: string; readonly sdp: string }
  /** @property status SIP status code; 408 for silence */
  | { readonly kind: 'legFailed'; readonly legId: string; readonly status: number }
  /** The queue says who has the call; or that the offer was over. */
  | { readonly kind: 'offerGranted'; readonly offerId: string; readonly seatId: string }
  | { readonly kind: 'offerOver'; readonly offerId: string; readonly seatId: string }
  /** Both parties hear each other. */
  | { readonly kind: 'joined'; readonly legId: string }
  | { readonly kind: 'joinFailed'; readonly legId: string; readonly status: number }
  /** BYE, CANCEL, session timer, a dead connection. */
  | { readonly kind: 'legEnded'; readonly legId: string }
  /** A re-INVITE or UPDATE that we have answered. @property isHold nobody is to be heard by the party */
  | {
      readonly kind: 'legRenegotiated';
      readonly legId: string;
      readonly sdp: string;
      readonly isHold: boolean;
    }
  | {
      readonly kind: 'transferAsked';
      readonly legId: string;
      readonly isReferred: boolean;
      readonly to: Target | { readonly kind: 'queue'; readonly place: Place };
    }
  /** An attended transfer: the third party's leg comes over from the call in which it was asked. */
  | { readonly kind: 'legTaken'; readonly byLegId: string; readonly isReferred: boolean; readonly leg: Leg }
  /** The other half of it: the leg lives on in another call, and this one is over. */
  | { readonly kind: 'legGiven'; readonly legId: string }
  /** The queue moved it. */
  | { readonly kind: 'overflowed'; readonly departmentId: string }
  | { readonly kind: 'movedByTrigger'; readonly place: Place }
  | { readonly kind: 'emergencyRaised'; readonly trigger: string }
  | { readonly kind: 'emergencyUndone' }
  /** Seats go on ringing, the outside line rings as well. */
  | { readonly kind: 'outsideAsked'; readonly target: Target }
  | { readonly kind: 'waitedTooLong' }
  | { readonly kind: 'departmentClosed' }
  /** He would rather be called back than wait. */
  | { readonly kind: 'callbackAsked' }
  /** The relay has it under another id, with a party that was offered anew. */
  | {
      readonly kind: 'mediaRenewed';
      readonly mediaCallId: string;
      readonly legId: string;
      readonly sdp: string;
    }
  /** The media relay does not know the call any more. */
  | { readonly kind: 'mediaLost' }
  | { readonly kind: 'closeAsked'; readonly reason: EndReason };

export type CallEffect =
  /** 180 to the caller. */
  | { readonly kind: 'ringBack' }
  /** The relay takes the caller's media, then 200. Comes back as `callerAnswered` or `callerAnswerFailed`. */
  | { readonly kind: 'answerCaller' }
  | { readonly kind: 'refuseCaller'; readonly status: number }
  /** The caller hears why, then his leg ends. */
  | { readonly kind: 'farewell'; readonly legId: string; readonly reason: 'maxWait' | 'closed' | 'callback' }
  | { readonly kind: 'ring'; readonly legId: string; readonly target: Target }
  /** Joins the caller with a leg that has answered, and answers the caller if that is still to be done. */
  | { readonly kind: 'join'; readonly legId: string; readonly sdp: string }
  /** The same for a leg that comes from another call: it is asked by a re-INVITE first. */
  | { readonly kind: 'rejoin'; readonly legId: string }
  /** CANCEL, BYE or a refusal, whichever fits. */
  | { readonly kind: 'endLeg'; readonly legId: string }
  /** @property legId who hears it */
  | { readonly kind: 'startMusic'; readonly legId: string }
  | { readonly kind: 'stopMusic'; readonly legId: string }
  | { readonly kind: 'enqueue'; readonly place: Place }
  | { readonly kind: 'leaveQueue'; readonly why: 'abandoned' | 'elsewhere' }
  /** The caller goes, his place stays. */
  | { readonly kind: 'keepPlace'; readonly place: Place }
  /** A seat has answered: who has the call? Answered by `offerGranted` or `offerOver`. */
  | { readonly kind: 'claimOffer'; readonly offerId: string; readonly seatId: string }
  | { readonly kind: 'refuseOffer'; readonly offerId: string; readonly seatId: string }
  | { readonly kind: 'moveInQueue'; readonly place: Place }
  | { readonly kind: 'raiseEmergency'; readonly trigger: string }
  | { readonly kind: 'undoEmergency' }
  | { readonly kind: 'seatBusy'; readonly seatId: string }
  | { readonly kind: 'seatFree'; readonly seatId: string; readonly needsWrapUp: boolean }
  /** NOTIFY with a sipfrag (RFC 3515 2.4.5). */
  | { readonly kind: 'notifyTransfer'; readonly legId: string; readonly status: number }
  /** Whoever is in the call may be heard again. */
  | { readonly kind: 'unblockMedia' }
  /** Nobody took what was offered: the two who talked before hear each other again. */
  | { readonly kind: 'restoreTalk' }
  /** The relay is told all of it again: who talks to whom. */
  | { readonly kind: 'rebuildMedia' }
  | { readonly kind: 'note'; readonly step: CallStep }
  /** The last of all effects: media, record and live state end. */
  | { readonly kind: 'close'; readonly reason: EndReason }
  | { readonly kind: 'ignored'; readonly event: CallEvent['kind']; readonly why: string };

/** A line of the call's record. */
export interface CallStep {
  readonly kind:
    | 'adopted'
    | 'queued'
    | 'offered'
    | 'notTaken'
    | 'answered'
    | 'held'
    | 'resumed'
    | 'transferAsked'
    | 'transferFailed'
    | 'dialled'
    | 'overflowed'
    | 'callbackAsked'
    | 'emergencyRaised'
    | 'emergencyUndone'
    | 'moved'
    | 'mediaLost'
    | 'ended';
  readonly detail: Readonly<Record<string, string>>;
}

export interface CallTransition {
  readonly state: CallState;
  readonly effects: readonly CallEffect[];
}
