/** Which seats ring for a call that waits, in the order of the queue. */
import { chooseAllSeats, chooseEmergencySeat, chooseSeats, isOrdinarySeatFree } from './choose-seats.js';
import type { DispatchDraft } from './dispatch-draft.js';
import type { QueueEntry } from './queue-entry.js';
import { inOrder } from './queue-order.js';
import type { Seat } from './seat.js';

/** In order, each call as it is when its turn comes. */
export function offerCalls(draft: DispatchDraft): void {
  const isAnybodyFree = isOrdinarySeatFree(draft.ourSeats(), draft.settings.reserve);
  // Emergencies ring where ordinary calls may not. With nobody free there is no need to sort hundreds of the others.
  const some = [...draft.entries.values()].filter(
    ({ emergency }) => emergency !== undefined || isAnybodyFree,
  );
  for (const { callId } of inOrder(some, draft.settings.ageingMs, draft.nowWallMs)) {
    const entry = draft.entries.get(callId);
    if (entry?.emergency !== undefined) offerEmergency(draft, entry, entry.emergency.sinceWallMs);
    else if (entry !== undefined && entry.offer === undefined && !offerOrdinary(draft, entry)) return;
  }
}

/** @returns false when nobody is free for anybody */
function offerOrdinary(draft: DispatchDraft, entry: QueueEntry): boolean {
  const ourSeats = draft.ourSeats();
  if (!isOrdinarySeatFree(ourSeats, draft.settings.reserve)) return false;
  const department = draft.departmentOf(entry);
  if (department === undefined) return true;
  const { nowWallMs, settings } = draft;
  const { strategy, ringMs } = department;
  const seats = chooseSeats({
    entry,
    seats: ourSeats,
    strategy,
    reserve: settings.reserve,
    nowWallMs,
  });
  draft.ring(entry, seats, ringMs);
  return true;
}

/** One seat at once; everybody who is there when that one has not answered in time. */
function offerEmergency(draft: DispatchDraft, entry: QueueEntry, sinceWallMs: number): void {
  const { nowWallMs, settings } = draft;
  if (nowWallMs - sinceWallMs >= settings.emergencyRingAllAfterMs) {
    ringEverywhere(draft, entry);
    return;
  }
  // What rang for it before it was one goes by the rules of ordinary calls, and may have rung for long.
  if (entry.offer !== undefined && entry.offer.sinceWallMs >= sinceWallMs) return;
  const ourSeats = draft.ourSeats();
  const seat =
    chooseEmergencySeat(entry, ourSeats.filter(takesEmergencies), nowWallMs) ??
    takeFromOrdinary(draft, entry) ??
    // Who has not learned to take emergencies is better than nobody.
    chooseEmergencySeat(entry, ourSeats, nowWallMs);
  if (seat === undefined) return;
  draft.ring(draft.withdrawAll(entry, 'escalated'), [seat], settings.emergencyRingAllAfterMs);
}

/** Whoever comes free while it rings everywhere rings as well; who rings already goes on ringing. */
function ringEverywhere(draft: DispatchDraft, entry: QueueEntry): void {
  const { offer } = entry;
  const more = chooseAllSeats(draft.ourSeats());
  if (offer === undefined) draft.ring(entry, more, undefined);
  else if (more.length > 0 || offer.deadlineWallMs !== undefined)
    draft.addSeats(entry, { ...offer, deadlineWallMs: undefined }, more);
}

/** A seat that rings for an ordinary call: the one of the call that would be served last. */
function takeFromOrdinary(draft: DispatchDraft, { callId }: QueueEntry): Seat | undefined {
  for (const other of draft.inOrder().reverse()) {
    if (other.emergency !== undefined || other.callId === callId) continue;
    const seatId = other.offer?.seatIds.find((one) => isOurEmergencySeat(draft, one));
    if (seatId === undefined) continue;
    draft.withdraw(other, seatId, 'escalated');
    return draft.seats.get(seatId);
  }
  return undefined;
}

function takesEmergencies(seat: Seat): boolean {
  return seat.takesEmergencies;
}

function isOurEmergencySeat(draft: DispatchDraft, seatId: string): boolean {
  const seat = draft.seats.get(seatId);
  return seat?.takesEmergencies === true && seat.dispatchNode === draft.node;
}
