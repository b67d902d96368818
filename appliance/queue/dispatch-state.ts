/**
 * The queues of one dispatching node: who waits, which seats ring for whom. Pure; a partner that has the same entries
 * and seats decides the same.
 *
 *                 offered                accepted
 *     waiting ───────────────► offered ───────────► (connected: gone from here)
 *        ▲  ▲                   │  │
 *        │  └── refused, silent ┘  │ 5 s (emergency)
 *        │                         ▼
 *        │   seats all gone    everywhere ── 15 s ──► everywhere and outside
 *        └─────────────────────────┘
 *     any state ── caller gone, moved elsewhere, waited too long ──► (gone from here)
 *
 * - waiting: in its place; `offer` is undefined. Its clock never restarts.
 * - offered: one seat rings, or all of a department that rings all; nobody else is offered these seats.
 * - everywhere: an emergency that its first seat has not taken: whoever is there and in no call rings.
 *
 * Two nodes dispatch (ADR 15): each knows the callers of both and offers the seats it dispatches itself to whoever is
 * first of all. The node that has the caller's media decides: it rings its own seats at once, and those of the partner
 * when the partner asks it to (partner-events.ts). Emergencies ring any seat without asking.
 *
 * An entry with `callback` is a place whose caller has gone and is called back: nothing is said to him and no maximum
 * wait counts; before `dueWallMs` it is passed over.
 *
 * Promises: a seat rings for one call at a time; a call that nobody took keeps its place; no emergency waits for a
 * seat that rings for an ordinary call; every event, also one that makes no sense any more, gives a state.
 */
import { DispatchDraft } from './dispatch-draft.js';
import type { DispatchSettings } from './dispatch-settings.js';
import type { DispatchEvent, DispatchState, DispatchStep } from './dispatch-types.js';
import { withHandlingTime } from './estimate-wait.js';
import { offerCalls } from './offer-calls.js';
import { applyPartner, forgetAsked, type PartnerEvent } from './partner-events.js';
import { announcePlace, passTime } from './pass-time.js';
import { openEntry, type QueueEntry } from './queue-entry.js';
import type { Seat, SeatFacts } from './seat.js';

export function openDispatch(node: string, settings: DispatchSettings): DispatchState {
  return { node, settings, entries: {}, seats: {}, handling: {}, asked: {} };
}

/** @returns what is to be done, in the order to do it */
export function nextDispatchState(
  state: DispatchState,
  event: DispatchEvent,
  nowWallMs: number,
): DispatchStep {
  const draft = new DispatchDraft(state, nowWallMs);
  apply(draft, event);
  forgetAsked(draft);
  draft.forEach(passTime);
  offerCalls(draft);
  draft.forEach(announcePlace);
  return draft.toStep();
}

function apply(draft: DispatchDraft, event: DispatchEvent): void {
  if (isOfEntry(event)) applyToEntry(draft, event);
  else if (isOfOffer(event)) applyToOffer(draft, event);
  else if (isOfSeat(event)) applyToSeat(draft, event);
  else if (isOfPartner(event)) applyPartner(draft, event);
  else if (event.kind === 'callHandled') learn(draft, event.departmentId, event.durationMs);
  else if (event.kind === 'settingsChanged') draft.settings = event.settings;
  // What time does is done after every event: a tick is nothing else.
}

function isOfEntry(event: DispatchEvent): event is EntryEvent {
  return event.kind.startsWith('entry') || event.kind.startsWith('emergency');
}

function isOfOffer(event: DispatchEvent): event is OfferEvent {
  return event.kind.startsWith('offer');
}

function isOfSeat(event: DispatchEvent): event is SeatEvent {
  return event.kind.startsWith('seat');
}

function isOfPartner(event: DispatchEvent): event is PartnerEvent {
  return event.kind.startsWith('partner');
}

type SeatEvent = Extract<DispatchEvent, { readonly kind: `seat${string}` }>;

function applyToSeat(draft: DispatchDraft, event: SeatEvent): void {
  if (event.kind === 'seatChanged') changeSeat(draft, event.seat);
  else if (event.kind === 'seatRestored') draft.seats.set(event.seat.seatId, event.seat);
  else removeSeat(draft, event.seatId);
}

type EntryEvent = Extract<DispatchEvent, { readonly kind: `entry${string}` | `emergency${string}` }>;

function applyToEntry(draft: DispatchDraft, event: EntryEvent): void {
  const callId = 'entry' in event ? event.entry.callId : event.callId;
  const entry = draft.entries.get(callId);
  if (event.kind === 'entryRestored') restore(draft, entry, event.entry);
  else if (event.kind === 'entryArrived') arrive(draft, entry, event);
  else if (entry === undefined) draft.ignore(event.kind, 'it does not wait here');
  else if (event.kind === 'entryLeft') {
    draft.withdrawAll(entry, 'callerGone');
    draft.entries.delete(callId);
  } else if (event.kind === 'entryMoved') move(draft, entry, event);
  else if (event.kind === 'emergencyRaised') raise(draft, entry, event.trigger);
  else undo(draft, entry);
}

function arrive(
  draft: DispatchDraft,
  known: QueueEntry | undefined,
  { entry, trigger }: Extract<EntryEvent, { readonly kind: 'entryArrived' }>,
): void {
  if (known !== undefined) {
    draft.ignore('entryArrived', 'it waits already');
    return;
  }
  const opened = draft.put(openEntry(entry, draft.nowWallMs), {});
  if (trigger !== undefined) raise(draft, opened, trigger);
}

/**
 * The older of two clocks counts: the same caller may have been noted on both sides of a cut link. One that was the
 * partner's is ours when his media has come here.
 */
function restore(draft: DispatchDraft, known: QueueEntry | undefined, entry: QueueEntry): void {
  if (known === undefined || (draft.isOurs(entry) && !draft.isOurs(known))) {
    draft.put(entry, { offer: undefined });
    return;
  }
  draft.put(known, {
    arrivedWallMs: Math.min(known.arrivedWallMs, entry.arrivedWallMs),
    emergency: known.emergency ?? entry.emergency,
  });
}

function move(
  draft: DispatchDraft,
  entry: QueueEntry,
  { departmentId, priority, skills }: Extract<EntryEvent, { readonly kind: 'entryMoved' }>,
): void {
  const waiting = draft.withdrawAll(entry, 'escalated');
  const fresh = { enteredWallMs: draft.nowWallMs, passedOver: {} };
  draft.put(waiting, { departmentId, priority, skills, ...fresh });
}

function raise(draft: DispatchDraft, entry: QueueEntry, trigger: string): void {
  if (entry.emergency !== undefined) {
    draft.ignore('emergencyRaised', 'it is one already');
    return;
  }
  const emergency = { sinceWallMs: draft.nowWallMs, trigger, isOutsideRung: false };
  draft.put(entry, { emergency, passedOver: {} });
}

function undo(draft: DispatchDraft, entry: QueueEntry): void {
  if (entry.emergency === undefined) draft.ignore('emergencyUndone', 'it is no emergency');
  else draft.put(draft.withdrawAll(entry, 'escalated'), { emergency: undefined });
}

type OfferEvent = Extract<DispatchEvent, { readonly kind: `offer${string}` }>;

function applyToOffer(draft: DispatchDraft, { kind, offerId, seatId }: OfferEvent): void {
  const entry = draft.findByOffer(offerId);
  if (entry?.offer?.seatIds.includes(seatId) !== true) draft.ignore(kind, 'the offer is over');
  else if (kind === 'offerAccepted') accept(draft, entry, offerId, seatId);
  else refuse(draft, entry, seatId);
}

function accept(draft: DispatchDraft, entry: QueueEntry, offerId: string, seatId: string): void {
  const { callId } = entry;
  draft.withdrawAll(draft.withoutSeat(entry, seatId), 'answeredElsewhere');
  draft.entries.delete(callId);
  draft.noteOutcome(seatId, 'answered');
  draft.effects.push({ kind: 'connect', callId, seatId, offerId });
}

/** The call keeps its place, the seat goes behind the others. */
function refuse(draft: DispatchDraft, entry: QueueEntry, seatId: string): void {
  draft.noteOutcome(seatId, 'refused');
  draft.passOver(draft.withoutSeat(entry, seatId), seatId);
}

function changeSeat(draft: DispatchDraft, facts: SeatFacts): void {
  const before = draft.seats.get(facts.seatId);
  const seat = { ...facts, ...countsAfter(before, facts.state === 'ready', draft.nowWallMs) };
  draft.seats.set(facts.seatId, seat);
  draft.quieten(seat);
}

/** Who becomes ready begins to be idle, and is forgiven what it did not answer. */
function countsAfter(
  before: Seat | undefined,
  isReady: boolean,
  nowWallMs: number,
): Pick<Seat, 'idleSinceWallMs' | 'callsTaken' | 'unanswered'> {
  const callsTaken = before?.callsTaken ?? 0;
  const wasIdle = before?.state === 'ready';
  if (before === undefined || (isReady && !wasIdle))
    return { idleSinceWallMs: nowWallMs, callsTaken, unanswered: 0 };
  const { idleSinceWallMs, unanswered } = before;
  return { idleSinceWallMs, callsTaken, unanswered };
}

function removeSeat(draft: DispatchDraft, seatId: string): void {
  const seat = draft.seats.get(seatId);
  if (seat !== undefined) draft.quieten({ ...seat, isReachable: false });
  draft.seats.delete(seatId);
}

function learn(draft: DispatchDraft, departmentId: string, durationMs: number): void {
  const before = draft.handling[departmentId] ?? { meanMs: undefined };
  draft.handling = { ...draft.handling, [departmentId]: withHandlingTime(before, durationMs) };
}
