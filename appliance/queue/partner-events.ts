/**
 * What the partner tells of its callers and seats, and asks of ours (continuity.md, rule 16).
 *
 *     dispatches the seat                  has the caller
 *         │  askPartner(call, seat) ───────────► │  first of all, rings for nobody: the seat rings
 *         │ ◄─────── partnerEntry, with the offer│
 *         │ ◄─────── turnDown(call, seat)        │  otherwise
 *         │ ◄─────── rang(seat, outcome)         │
 *
 * Everything may come twice, late or never: what is known of the other side is replaced as a whole, and a question that
 * nobody answers is forgotten.
 */
import type { DispatchDraft } from './dispatch-draft.js';
import type { DispatchEvent } from './dispatch-types.js';
import type { QueueEntry } from './queue-entry.js';
import type { Seat } from './seat.js';

export type PartnerEvent = Extract<DispatchEvent, { readonly kind: `partner${string}` }>;

/** Two control rooms that are well answer in a few milliseconds. */
export const ASKED_MS_MAX = 100;
const ASK_AGAIN_MS = 1000;

export function applyPartner(draft: DispatchDraft, event: PartnerEvent): void {
  switch (event.kind) {
    case 'partnerEntry':
      takeEntry(draft, event.entry);
      break;
    case 'partnerEntryGone':
      if (isPartners(draft, event.callId)) draft.entries.delete(event.callId);
      break;
    case 'partnerSeat':
      takeSeat(draft, event.seat);
      break;
    case 'partnerAsks':
      answer(draft, event.callId, event.seatId);
      break;
    case 'partnerTurnedDown':
      turnAway(draft, event.callId, event.seatId);
      break;
    case 'partnerRang': {
      const seat = draft.seats.get(event.seatId);
      if (seat?.dispatchNode === draft.node) draft.applyOutcome(seat, event.outcome);
      break;
    }
    case 'partnerLost':
      draft.asked.clear();
      for (const entry of draft.entries.values())
        if (!draft.isOurs(entry)) draft.entries.delete(entry.callId);
  }
}

/** Whoever was asked and said nothing is not waited for. */
export function forgetAsked(draft: DispatchDraft): void {
  for (const [seatId, { callId, untilWallMs }] of draft.asked)
    if (untilWallMs <= draft.nowWallMs || !draft.entries.has(callId)) draft.asked.delete(seatId);
}

function isPartners(draft: DispatchDraft, callId: string): boolean {
  const entry = draft.entries.get(callId);
  return entry !== undefined && !draft.isOurs(entry);
}

function takeEntry(draft: DispatchDraft, entry: QueueEntry): void {
  const known = draft.entries.get(entry.callId);
  // Taken over meanwhile, or told by a partner that does not know yet that it is ours.
  if (draft.isOurs(entry) || (known !== undefined && draft.isOurs(known))) return;
  draft.entries.set(entry.callId, entry);
  for (const seatId of entry.offer?.seatIds ?? []) {
    draft.asked.delete(seatId);
    if (entry.emergency !== undefined) makeWay(draft, entry, seatId);
  }
}

function takeSeat(draft: DispatchDraft, seat: Seat): void {
  if (seat.dispatchNode === draft.node) return;
  draft.seats.set(seat.seatId, seat);
  draft.quieten(seat);
}

/** Asked again at once it would say the same, should the two never come to see the same. */
function turnAway(draft: DispatchDraft, callId: string, seatId: string): void {
  if (draft.asked.get(seatId)?.callId !== callId) return;
  draft.asked.delete(seatId);
  const entry = draft.entries.get(callId);
  if (entry === undefined || draft.isOurs(entry)) return;
  const untilWallMs = draft.nowWallMs + ASK_AGAIN_MS;
  draft.put(entry, { passedOver: { ...entry.passedOver, [seatId]: untilWallMs } });
}

/** The partner's emergency rings there already: an ordinary call of ours does not. */
function makeWay(draft: DispatchDraft, emergency: QueueEntry, seatId: string): void {
  for (const other of draft.entries.values()) {
    const isInTheWay = other.callId !== emergency.callId && draft.isOurs(other);
    if (isInTheWay && other.emergency === undefined && other.offer?.seatIds.includes(seatId) === true)
      draft.withdraw(other, seatId, 'escalated');
  }
}

function answer(draft: DispatchDraft, callId: string, seatId: string): void {
  const entry = draft.entries.get(callId);
  const seat = draft.seats.get(seatId);
  const department = entry === undefined ? undefined : draft.departmentOf(entry);
  const isWanted = entry !== undefined && draft.isOurs(entry) && entry.emergency === undefined;
  const ringsFor = draft.findRinging(seatId);
  // Asked twice: the answer to the first question is on its way.
  if (isWanted && ringsFor === entry) return;
  if (!isWanted || seat === undefined || department === undefined || ringsFor !== undefined)
    draft.effects.push({ kind: 'turnDown', callId, seatId });
  else if (entry.offer === undefined) draft.ring(entry, [seat], department.ringMs);
  else if (department.strategy === 'ringAll') draft.addSeats(entry, entry.offer, [seat]);
  else draft.effects.push({ kind: 'turnDown', callId, seatId });
}
