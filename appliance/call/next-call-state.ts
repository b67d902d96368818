/**
 * One telephone call from its first INVITE to its end. Pure; the runner does what the effects say and tells what came
 * of it. Media: the caller's side stays as it is whoever the other party is (media-port.ts).
 *
 *     open ──► seeking ──a leg answers──► connecting ──joined──► talking ──BYE──► ended
 *                 ▲  │                        │                   │
 *                 │  │ nobody left, caller    │ joinFailed        │ transferAsked
 *                 │  ▼ gone, too long         ▼                   ▼
 *                 │ ended ◄──────────── (seeking) ◄───────────────┘
 *                 └── target of a transfer failed, who asked for it has gone: that seat is rung again, once
 *
 * - seeking: nobody talks to the caller yet. He has a place in a queue, or legs that ring for him, or both; he hears
 *   ringing, or music once his INVITE is answered. After `transferAsked` the party that asked is still there (`other`).
 * - connecting: a leg has answered; the queue is asked whose call it is, then the relay joins both.
 * - talking: two parties, each of which may be holding.
 * - ended: the record is closed; whatever still comes is answered by ending its leg.
 *
 * Promises: every leg that was rung or answered is ended or lives in another call; `close` comes once and last; a call
 * that had a place keeps its waiting clock wherever it goes; every event in every state gives a state.
 */
import { CallDraft } from './call-draft.js';
import {
  applyToJoin,
  applyToOffer,
  applyToPlace,
  applyToRinging,
  describeParty,
  describeTarget,
  failed,
  queue,
  reasonOf,
  seekAgain,
} from './call-seeking.js';
import { resume } from './resume-call.js';
import { applyTransfer } from './call-transfer.js';
import type { CallDirection, CallEvent, CallState, CallTransition, Party } from './call-types.js';

export interface NewCall {
  readonly callId: string;
  readonly sipCallId: string;
  readonly home: string;
  readonly direction: CallDirection;
  readonly mediaCallId: string;
  readonly party: Party;
  /** The offer in the INVITE. */
  readonly sdp: string;
  readonly dialled: string;
}

export function callerLegId(callId: string): string {
  return `${callId}-0`;
}

export function openCall(
  { callId, sipCallId, home, direction, mediaCallId, party, sdp, dialled }: NewCall,
  nowWallMs: number,
): CallState {
  const legId = callerLegId(callId);
  return {
    ...{
      callId,
      sipCallId,
      home,
      name: 'seeking',
      direction,
      mediaCallId,
      ringing: {},
      legsMade: 1,
      joinsFailed: 0,
      isEmergency: false,
      openedWallMs: nowWallMs,
      dialled,
    },
    caller: { legId, party, sdp, isAnswered: false, isHolding: false },
    ...{ other: undefined, place: undefined, joining: undefined, transfer: undefined },
    ...{ answeredWallMs: undefined, departmentId: undefined, endReason: undefined },
  };
}

/** @returns what is to be done, in the order to do it */
export function nextCallState(state: CallState, event: CallEvent, nowWallMs: number): CallTransition {
  const draft = new CallDraft(state, nowWallMs);
  if (state.name === 'ended') afterEnd(draft, event);
  else apply(draft, event);
  return draft.toTransition();
}

/** Whoever answers a call that is over is told so. */
function afterEnd(draft: CallDraft, event: CallEvent): void {
  if (event.kind === 'legAnswered') draft.do({ kind: 'endLeg', legId: event.legId });
  else if (event.kind === 'callerAnswered') draft.do({ kind: 'endLeg', legId: draft.state.caller.legId });
  else draft.ignore(event, 'the call is over');
}

type Handlers = {
  readonly [K in CallEvent['kind']]: (draft: CallDraft, event: Extract<CallEvent, { kind: K }>) => void;
};

const HANDLERS: Handlers = {
  queued: (draft, event) => {
    if (draft.state.name === 'seeking') queue(draft, event.place);
    else draft.ignore(event, 'somebody has answered');
  },
  dialled: dial,
  outsideAsked: dial,
  callerBack: (draft, event) => {
    if (draft.state.caller.isAnswered) draft.ignore(event, 'it was answered');
    else resume(draft);
  },
  callerAnswered: (draft) => {
    const { legId } = draft.state.caller;
    draft.changeLeg(legId, { isAnswered: true });
    if (draft.state.name === 'seeking') draft.do({ kind: 'startMusic', legId });
  },
  callerAnswerFailed: (draft, { status }) => {
    draft.do({ kind: 'refuseCaller', status });
    draft.end(reasonOf(status), draft.state.caller.legId);
  },
  seatOffered: applyToOffer,
  offerWithdrawn: applyToOffer,
  offerOver: applyToOffer,
  offerGranted: applyToOffer,
  legRinging: applyToRinging,
  legAnswered: applyToRinging,
  legFailed: applyToRinging,
  joined: applyToJoin,
  joinFailed: applyToJoin,
  legEnded,
  legRenegotiated: renegotiated,
  transferAsked: applyTransfer,
  legTaken: applyTransfer,
  legGiven: applyTransfer,
  overflowed: applyToPlace,
  movedByTrigger: applyToPlace,
  emergencyRaised: applyToPlace,
  emergencyUndone: applyToPlace,
  waitedTooLong: (draft, event) => {
    // It crossed with an answer.
    if (draft.state.name === 'seeking') turnAway(draft, 'maxWait');
    else draft.ignore(event, 'somebody has answered');
  },
  departmentClosed: (draft) => {
    if (!draft.state.caller.isAnswered) draft.do({ kind: 'answerCaller' });
    turnAway(draft, 'closed');
  },
  callbackAsked: (draft, event) => {
    const { name, place, caller } = draft.state;
    if (name !== 'seeking' || place === undefined || place.trigger !== undefined || !caller.isAnswered) {
      draft.ignore(event, 'he does not wait, or it is an emergency');
      return;
    }
    draft.note('callbackAsked');
    draft.do({ kind: 'keepPlace', place });
    turnAway(draft, 'callback');
  },
  mediaRenewed: (draft, { mediaCallId, legId, sdp }) => {
    draft.change({ mediaCallId });
    draft.changeLeg(legId, { sdp });
  },
  mediaLost: (draft) => {
    draft.note('mediaLost');
    draft.do({ kind: 'rebuildMedia' });
  },
  closeAsked: (draft, { reason }) => {
    draft.end(reason);
  },
};

function apply(draft: CallDraft, event: CallEvent): void {
  // The table has a handler for the kind of each event; TypeScript cannot tie the two together.
  (HANDLERS[event.kind] as (draft: CallDraft, event: CallEvent) => void)(draft, event);
}

function dial(draft: CallDraft, event: Extract<CallEvent, { kind: 'dialled' | 'outsideAsked' }>): void {
  const { name, caller } = draft.state;
  if (name !== 'seeking') {
    draft.ignore(event, 'somebody has answered');
    return;
  }
  if (event.kind === 'dialled') draft.occupySeat(caller.party);
  // A call-taker for whom we call somebody back.
  if (event.kind === 'dialled' && caller.isAnswered) draft.do({ kind: 'startMusic', legId: caller.legId });
  draft.note('dialled', describeTarget(event.target));
  draft.ring(event.target, undefined);
}

function turnAway(draft: CallDraft, reason: 'maxWait' | 'closed' | 'callback'): void {
  const { legId } = draft.state.caller;
  draft.do({ kind: 'farewell', legId, reason });
  draft.end(reason, legId);
}

function legEnded(draft: CallDraft, event: Extract<CallEvent, { kind: 'legEnded' }>): void {
  const { caller, other, ringing, joining, name } = draft.state;
  const { legId } = event;
  const rings = ringing[legId];
  if (legId === caller.legId) {
    draft.end(draft.state.answeredWallMs === undefined ? 'abandoned' : 'completed', legId);
  } else if (rings !== undefined) failed(draft, rings, 480);
  else if (joining?.leg.legId === legId) {
    draft.dismiss(joining.leg, false);
    seekAgain(draft);
  } else if (other?.legId !== legId) draft.ignore(event, 'it is in no call');
  else if (name === 'talking') draft.end('completed', legId);
  else {
    // The transferring party hung up before the target answered: the call goes on seeking it.
    draft.dismiss(other, false);
    draft.change({ other: undefined });
    const { transfer } = draft.state;
    if (transfer !== undefined) draft.change({ transfer: { ...transfer, isReferred: false } });
  }
}

function renegotiated(draft: CallDraft, event: Extract<CallEvent, { kind: 'legRenegotiated' }>): void {
  const { legId, sdp, isHold } = event;
  const leg = draft.findLeg(legId);
  if (leg === undefined) {
    draft.ignore(event, 'it is in no call');
    return;
  }
  draft.changeLeg(legId, { sdp, isHolding: isHold });
  const heldBy = draft.counterpart(legId);
  if (draft.state.name !== 'talking' || heldBy === undefined || leg.isHolding === isHold) return;
  draft.note(isHold ? 'held' : 'resumed', describeParty(leg.party));
  draft.do({ kind: isHold ? 'startMusic' : 'stopMusic', legId: heldBy.legId });
}
