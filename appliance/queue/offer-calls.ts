/** Which seats ring for a call that waits, in the order of the queue. */
import { chooseAllSeats, chooseEmergencySeat, chooseSeats, isOrdinarySeatFree } from './choose-seats.js';
import type { DispatchDraft } from './dispatch-draft.js';
import { ASKED_MS_MAX } from './partner-events.js';
import type { QueueEntry } from './queue-entry.js';
import { inOrder } from './queue-order.js';
import type { Seat } from './seat.js';

/** In order, each call as it is when its turn comes. */
export function offerCalls(draft: DispatchDraft): void {
  const isAnybodyFree = isOrdinarySeatFree(draft.quietSeats(), draft.settings.reserve);
  // Emergencies ring where ordinary calls may not. With nobody free there is no need to sort hundreds of the others.
  const some = [...draft.entries.values()].filter(
    ({ emergency, callback }) =>
      emergency !== undefined || (isAnybodyFree && (callback?.dueWallMs ?? 0) <= draft.nowWallMs),
  );
  for (const { callId } of inOrder(some, draft.settings.ageingMs, draft.nowWallMs)) {
    const entry = draft.entries.get(callId);
    if (entry?.emergency !== undefined) {
      // Its own node rings any seat, ours too.
      if (draft.isOurs(entry)) offerEmergency(draft, entry, entry.emergency.sinceWallMs);
    } else if (entry !== undefined && isWaiting(draft, entry) && !offerOrdinary(draft, entry)) return;
  }
}

/** Where all ring for a caller of the partner's, ours ring too when others do already. */
function isWaiting(draft: DispatchDraft, entry: QueueEntry): boolean {
  if (draft.isOurs(entry)) return entry.offer === undefined;
  const isAsked = [...draft.asked.values()].some(({ callId }) => callId === entry.callId);
  return !isAsked && (entry.offer === undefined || draft.departmentOf(entry)?.strategy === 'ringAll');
}

/** @returns false when nobody is free for anybody */
function offerOrdinary(draft: DispatchDraft, entry: QueueEntry): boolean {
  const quiet = draft.quietSeats();
  if (!isOrdinarySeatFree(quiet, draft.settings.reserve)) return false;
  const department = draft.departmentOf(entry);
  if (department === undefined) return true;
  const { nowWallMs, settings } = draft;
  const { strategy, ringMs } = department;
  const seats = chooseSeats({
    entry,
    seats: quiet,
    strategy,
    reserve: settings.reserve,
    nowWallMs,
  });
  if (draft.isOurs(entry)) draft.ring(entry, seats, ringMs);
  else for (const { seatId } of seats) ask(draft, entry.callId, seatId);
  return true;
}

function ask(draft: DispatchDraft, callId: string, seatId: string): void {
  draft.asked.set(seatId, { callId, untilWallMs: draft.nowWallMs + ASKED_MS_MAX });
  draft.effects.push({ kind: 'askPartner', callId, seatId });
}

/** One seat at once; everybody who is there when that one has not answered in time. Who rings goes on ringing. */
function offerEmergency(draft: DispatchDraft, entry: QueueEntry, sinceWallMs: number): void {
  const { nowWallMs, settings } = draft;
  const isEverywhere = nowWallMs - sinceWallMs >= settings.emergencyRingAllAfterMs;
  const all = [...draft.quietSeats(), ...draft.quietPartnerSeats()];
  if (isEverywhere) addRinging(draft, entry, chooseAllSeats(entry, all, nowWallMs));
  else if (entry.offer?.seatIds.some((one) => isEmergencySeat(draft, one)) === true)
    addRinging(draft, entry, []);
  else addRinging(draft, entry, firstSeat(draft, entry));
}

function firstSeat(draft: DispatchDraft, entry: QueueEntry): readonly Seat[] {
  const { nowWallMs } = draft;
  const quiet = draft.quietSeats();
  const partners = draft.quietPartnerSeats();
  const seat =
    chooseEmergencySeat(entry, quiet.filter(takesEmergencies), nowWallMs) ??
    // Rung without asking (continuity.md, rule 19a): at worst it is busy, and the next one rings.
    chooseEmergencySeat(entry, partners.filter(takesEmergencies), nowWallMs) ??
    takeFromOrdinary(draft, entry) ??
    // Who has not learned to take emergencies is better than nobody.
    (entry.offer === undefined ? chooseEmergencySeat(entry, [...quiet, ...partners], nowWallMs) : undefined);
  return seat === undefined ? [] : [seat];
}

/** For as long as it takes: an emergency does not stop ringing anywhere by itself. */
function addRinging(draft: DispatchDraft, entry: QueueEntry, more: readonly Seat[]): void {
  const { offer } = entry;
  if (offer === undefined) draft.ring(entry, more, undefined);
  else if (more.length > 0 || offer.deadlineWallMs !== undefined)
    draft.addSeats(entry, { ...offer, deadlineWallMs: undefined }, more);
}

/** A seat that rings for an ordinary call: the one of the call that would be served last. */
function takeFromOrdinary(draft: DispatchDraft, entry: QueueEntry): Seat | undefined {
  for (const other of draft.inOrder().reverse()) {
    if (other.emergency !== undefined || other.callId === entry.callId || !draft.isOurs(other)) continue;
    const seatId = other.offer?.seatIds.find(
      (one) => isEmergencySeat(draft, one) && (entry.passedOver[one] ?? 0) <= draft.nowWallMs,
    );
    if (seatId === undefined) continue;
    draft.withdraw(other, seatId, 'escalated');
    return draft.seats.get(seatId);
  }
  return undefined;
}

function takesEmergencies(seat: Seat): boolean {
  return seat.takesEmergencies;
}

function isEmergencySeat(draft: DispatchDraft, seatId: string): boolean {
  return draft.seats.get(seatId)?.takesEmergencies === true;
}
