/** A call that nobody talks to yet: its place in a queue, and the legs that ring for it. */
import type { CallDraft } from './call-draft.js';
import type { CallEvent, EndReason, Leg, Party, Place, RingingLeg, Target } from './call-types.js';

/** Relay failures in a row after which a call is given up. */
const JOINS_FAILED_MAX = 3;

/** Emergencies hear ringing until a person answers; everybody else is answered and hears music. */
export function queue(draft: CallDraft, place: Place): void {
  draft.note('queued', { department: place.departmentId, priority: String(place.priority) });
  draft.change({ place, departmentId: place.departmentId });
  draft.do({ kind: 'enqueue', place });
  if (draft.state.caller.isAnswered) return;
  draft.do({ kind: place.trigger === undefined ? 'answerCaller' : 'ringBack' });
}

export function describeTarget(target: Target): Readonly<Record<string, string>> {
  return target.kind === 'seat' ? { seat: target.seatId } : { number: target.number };
}

type OfferEvent = Extract<CallEvent, { readonly kind: 'seatOffered' | `offer${string}` }>;

export function applyToOffer(draft: CallDraft, event: OfferEvent): void {
  const { name, place, joining } = draft.state;
  const { offerId, seatId } = event;
  const leg = draft.findRinging(offerId, seatId);
  if (event.kind === 'seatOffered') {
    if (leg !== undefined) draft.ignore(event, 'it rings already');
    else if (name === 'seeking' && place !== undefined) {
      draft.note('offered', { seat: seatId });
      draft.ring({ kind: 'seat', seatId }, offerId);
    } else draft.do({ kind: 'refuseOffer', offerId, seatId });
    return;
  }
  if (joining?.offerId === offerId && isSeat(joining.leg.party, seatId))
    settleClaim(draft, joining.leg, event);
  else if (leg === undefined || event.kind === 'offerGranted') draft.ignore(event, 'nothing rings for it');
  else {
    draft.do({ kind: 'endLeg', legId: leg.legId });
    draft.forget(leg.legId);
    draft.note('notTaken', { seat: seatId });
  }
}

function isSeat(party: Party, seatId: string): boolean {
  return party.kind === 'seat' && party.seatId === seatId;
}

/** The seat that answered has the call, or somebody else was quicker. */
function settleClaim(draft: CallDraft, leg: Leg, { kind }: OfferEvent): void {
  if (kind === 'offerGranted') {
    join(draft, leg);
    return;
  }
  draft.dismiss(leg, true);
  seekAgain(draft);
}

function join(draft: CallDraft, leg: Leg): void {
  draft.stopRinging();
  const { caller, place, joining } = draft.state;
  // Who answers outside of the queue, for instance the outside line, takes the call out of it.
  if (place !== undefined && joining?.offerId === undefined)
    draft.do({ kind: 'leaveQueue', why: 'elsewhere' });
  if (caller.isAnswered) draft.do({ kind: 'stopMusic', legId: caller.legId });
  draft.do({ kind: 'join', legId: leg.legId, sdp: leg.sdp });
}

/** Nobody was joined: the place, if there was one, is taken again with the clock it had. */
export function seekAgain(draft: CallDraft, reason: EndReason = 'noAnswer', status = 480): void {
  const { place, caller } = draft.state;
  draft.change({ name: 'seeking', joining: undefined });
  if (place !== undefined) draft.do({ kind: 'enqueue', place });
  if (place !== undefined && caller.isAnswered) draft.do({ kind: 'startMusic', legId: caller.legId });
  endIfNobody(draft, reason, status);
}

type RingingEvent = Extract<CallEvent, { readonly kind: 'legRinging' | 'legAnswered' | 'legFailed' }>;

export function applyToRinging(draft: CallDraft, event: RingingEvent): void {
  const leg = draft.state.ringing[event.legId];
  if (leg === undefined) {
    draft.ignore(event, 'nothing rings there');
    // It has answered although it was told to stop: both crossed.
    if (event.kind === 'legAnswered') draft.do({ kind: 'endLeg', legId: event.legId });
  } else if (event.kind === 'legRinging') hasRung(draft, leg);
  else if (event.kind === 'legAnswered') answered(draft, leg, event.sdp);
  else failed(draft, leg, event.status);
}

function hasRung(draft: CallDraft, leg: RingingLeg): void {
  const { ringing, caller, place, transfer } = draft.state;
  draft.change({ ringing: { ...ringing, [leg.legId]: { ...leg, hasRung: true } } });
  if (transfer?.isReferred === true) notifyTransfer(draft, 180);
  else if (place === undefined && !caller.isAnswered && !leg.hasRung) draft.do({ kind: 'ringBack' });
}

function answered(draft: CallDraft, { legId, target, offerId }: RingingLeg, sdp: string): void {
  if (draft.state.name === 'connecting') {
    draft.do({ kind: 'endLeg', legId });
    draft.forget(legId);
    return;
  }
  draft.forget(legId);
  const party: Party = target.kind === 'seat' ? target : { ...target, trunkId: target.trunkIds[0] ?? '' };
  const leg: Leg = { legId, party, sdp, isAnswered: true, isHolding: false };
  draft.change({ name: 'connecting', joining: { leg, offerId } });
  const isClaimed = offerId !== undefined && target.kind === 'seat';
  // Claimed first: the queue would take the offer back from a seat that is in a call.
  if (isClaimed) draft.do({ kind: 'claimOffer', offerId, seatId: target.seatId });
  // From now on, and not when it is joined: whoever has picked up is not to be offered another call.
  draft.occupySeat(party);
  if (!isClaimed) join(draft, leg);
}

export function failed(draft: CallDraft, leg: RingingLeg, status: number): void {
  const { target, offerId, legId } = leg;
  draft.forget(legId);
  draft.note('notTaken', { ...describeTarget(target), status: String(status) });
  if (target.kind === 'seat') {
    if (offerId !== undefined) draft.do({ kind: 'refuseOffer', offerId, seatId: target.seatId });
  } else if (isOfTrunk(status) && target.trunkIds.length > 1) {
    draft.ring({ ...target, trunkIds: target.trunkIds.slice(1) }, offerId);
    return;
  }
  endIfNobody(draft, reasonOf(status), status);
}

/** The trunk itself has failed, not the person who was called (RFC 3261 21.5; 408 is silence). */
function isOfTrunk(status: number): boolean {
  return status === 408 || (status >= 500 && status < 600);
}

export function reasonOf(status: number): EndReason {
  if (status === 486 || status === 600) return 'busy';
  return status === 408 || status === 480 || status === 487 ? 'noAnswer' : 'refused';
}

/** A call that waits for nobody any more goes back to who transferred it, or ends. */
function endIfNobody(draft: CallDraft, reason: EndReason, status = 480): void {
  const { name, place, ringing, caller, transfer, other } = draft.state;
  if (name !== 'seeking' || place !== undefined || Object.keys(ringing).length > 0) return;
  if (transfer !== undefined) {
    transferFailed(draft, transfer.recallSeatId, other, status);
    return;
  }
  if (!caller.isAnswered) {
    draft.do({ kind: 'refuseCaller', status });
    draft.end(reason, caller.legId);
  } else draft.end(reason);
}

function transferFailed(
  draft: CallDraft,
  recallSeatId: string | undefined,
  other: Leg | undefined,
  status: number,
): void {
  draft.note('transferFailed', { status: String(status) });
  notifyTransfer(draft, status);
  draft.change({ transfer: undefined });
  if (other !== undefined) {
    if (!other.isHolding) draft.do({ kind: 'stopMusic', legId: draft.state.caller.legId });
    draft.do({ kind: 'restoreTalk' });
    draft.change({ name: 'talking' });
  } else if (recallSeatId !== undefined) draft.ring({ kind: 'seat', seatId: recallSeatId }, undefined);
  else draft.end('noAnswer');
}

export function notifyTransfer(draft: CallDraft, status: number): void {
  const { transfer } = draft.state;
  if (transfer?.isReferred === true) draft.do({ kind: 'notifyTransfer', legId: transfer.byLegId, status });
}

type JoinEvent = Extract<CallEvent, { readonly kind: 'joined' | 'joinFailed' }>;

export function applyToJoin(draft: CallDraft, event: JoinEvent): void {
  const { joining } = draft.state;
  if (joining?.leg.legId !== event.legId) {
    draft.ignore(event, 'nothing is being joined there');
    return;
  }
  if (event.kind === 'joined') joined(draft, joining.leg);
  else {
    draft.dismiss(joining.leg, true);
    draft.note('notTaken', { ...describeParty(joining.leg.party), status: String(event.status) });
    const joinsFailed = draft.state.joinsFailed + 1;
    draft.change({ joinsFailed, joining: undefined });
    // A relay that fails for everybody would send the call from seat to seat for ever.
    if (joinsFailed < JOINS_FAILED_MAX) seekAgain(draft, 'mediaFailed', event.status);
    else draft.end('mediaFailed');
  }
}

function joined(draft: CallDraft, leg: Leg): void {
  const { caller, other, answeredWallMs, isEmergency, place } = draft.state;
  draft.note('answered', describeParty(leg.party));
  notifyTransfer(draft, 200);
  // Who transferred the call is not needed any more.
  if (other !== undefined) draft.dismiss(other, true);
  draft.change({
    ...{ name: 'talking', other: leg, joining: undefined, place: undefined, transfer: undefined },
    ...{ joinsFailed: 0, caller: { ...caller, isAnswered: true } },
    ...{ answeredWallMs: answeredWallMs ?? draft.nowWallMs },
    isEmergency: isEmergency || place?.trigger !== undefined,
  });
}

export function describeParty(party: Party): Readonly<Record<string, string>> {
  return party.kind === 'seat' ? { seat: party.seatId } : { trunk: party.trunkId, number: party.number };
}

type PlaceEvent = Extract<
  CallEvent,
  { readonly kind: 'overflowed' | 'movedByTrigger' | 'emergencyRaised' | 'emergencyUndone' }
>;

export function applyToPlace(draft: CallDraft, event: PlaceEvent): void {
  const { place } = draft.state;
  if (place === undefined) {
    draft.ignore(event, 'it waits in no queue');
    return;
  }
  if (event.kind === 'overflowed') {
    draft.note('overflowed', { department: event.departmentId });
    draft.change({ place: { ...place, departmentId: event.departmentId }, departmentId: event.departmentId });
  } else if (event.kind === 'movedByTrigger') {
    const moved = { ...event.place, arrivedWallMs: place.arrivedWallMs };
    draft.note('moved', { department: moved.departmentId });
    draft.change({ place: moved, departmentId: moved.departmentId });
    draft.do({ kind: 'moveInQueue', place: moved });
  } else if (event.kind === 'emergencyRaised') {
    draft.note('emergencyRaised', { trigger: event.trigger });
    draft.change({ place: { ...place, trigger: event.trigger } });
    draft.do({ kind: 'raiseEmergency', trigger: event.trigger });
  } else {
    draft.note('emergencyUndone');
    draft.change({ place: { ...place, trigger: undefined } });
    draft.do({ kind: 'undoEmergency' });
  }
}
