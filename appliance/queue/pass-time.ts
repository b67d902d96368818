/** What the clock does to calls that wait. All deadlines are wall-clock times: a partner goes on with them. */
import type { DispatchDraft } from './dispatch-draft.js';
import type { DepartmentSettings } from './dispatch-settings.js';
import type { DispatchState } from './dispatch-types.js';
import { estimateWait } from './estimate-wait.js';
import type { QueueEntry } from './queue-entry.js';
import { positionOf } from './queue-order.js';

/** A day later nobody knows any more why he is called. */
const CALLBACK_MS_MAX = 86_400_000;

/** The clock of a caller of the partner's runs there. */
export function passTime(draft: DispatchDraft, entry: QueueEntry): void {
  if (!draft.isOurs(entry)) return;
  const rung = passRing(draft, isStranded(draft, entry) ? moveStranded(draft, entry) : entry);
  if (rung.emergency === undefined) passWait(draft, rung);
  else passEmergency(draft, rung, rung.emergency);
}

/** Another routing is active since it came. */
function isStranded({ settings }: DispatchDraft, { departmentId }: QueueEntry): boolean {
  const { departments, strandedTo } = settings;
  return departments[departmentId] === undefined && departments[strandedTo] !== undefined;
}

function moveStranded(draft: DispatchDraft, entry: QueueEntry): QueueEntry {
  const { callId, departmentId: from } = entry;
  const to = draft.settings.strandedTo;
  draft.effects.push({ kind: 'overflowed', callId, from, to });
  return draft.put(entry, { departmentId: to, enteredWallMs: draft.nowWallMs, passedOver: {} });
}

function passRing(draft: DispatchDraft, entry: QueueEntry): QueueEntry {
  const { offer } = entry;
  const isDue = offer?.deadlineWallMs !== undefined && offer.deadlineWallMs <= draft.nowWallMs;
  if (!isDue) return entry;
  let passed = entry;
  for (const seatId of offer.seatIds) {
    passed = draft.passOver(draft.withdraw(passed, seatId, 'noAnswer'), seatId);
    draft.noteOutcome(seatId, 'noAnswer');
  }
  return passed;
}

function passEmergency(
  draft: DispatchDraft,
  entry: QueueEntry,
  emergency: NonNullable<QueueEntry['emergency']>,
): void {
  const sinceMs = draft.nowWallMs - emergency.sinceWallMs;
  if (emergency.isOutsideRung || sinceMs < draft.settings.emergencyOutsideAfterMs) return;
  draft.put(entry, { emergency: { ...emergency, isOutsideRung: true } });
  draft.effects.push({ kind: 'ringOutside', callId: entry.callId });
}

function passWait(draft: DispatchDraft, entry: QueueEntry): void {
  const department = draft.departmentOf(entry);
  if (department === undefined) return;
  if (entry.callback !== undefined) {
    passCallback(draft, entry);
    return;
  }
  const { callId, offer, enteredWallMs, isCallbackOffered } = entry;
  const waitedMs = draft.nowWallMs - enteredWallMs;
  // Whoever is rung for now may answer in this moment.
  if (waitedMs >= department.maxWaitMs && offer === undefined) {
    overflow(draft, entry, department);
    return;
  }
  const { callbackAfterMs = Infinity } = department;
  if (waitedMs < callbackAfterMs || isCallbackOffered) return;
  draft.put(entry, { isCallbackOffered: true });
  draft.effects.push({ kind: 'offerCallback', callId });
}

function passCallback(draft: DispatchDraft, { callId, arrivedWallMs, offer }: QueueEntry): void {
  if (draft.nowWallMs - arrivedWallMs < CALLBACK_MS_MAX || offer !== undefined) return;
  draft.entries.delete(callId);
  draft.effects.push({ kind: 'expired', callId });
}

function overflow(
  draft: DispatchDraft,
  entry: QueueEntry,
  { departmentId, overflowTo }: DepartmentSettings,
): void {
  const { callId } = entry;
  if (overflowTo === undefined) {
    draft.entries.delete(callId);
    draft.effects.push({ kind: 'expired', callId });
    return;
  }
  draft.put(entry, { departmentId: overflowTo, enteredWallMs: draft.nowWallMs, passedOver: {} });
  draft.effects.push({ kind: 'overflowed', callId, from: departmentId, to: overflowTo });
}

/** Where it stands, and how long it may take. */
export function announcePlace(draft: DispatchDraft, entry: QueueEntry): void {
  if (!draft.isOurs(entry) || entry.callback !== undefined) return;
  const everyMs = draft.departmentOf(entry)?.announceEveryMs;
  if (everyMs === undefined || entry.offer !== undefined || entry.emergency !== undefined) return;
  if (draft.nowWallMs - (entry.announcedWallMs ?? entry.enteredWallMs) < everyMs) return;
  const { callId, departmentId } = entry;
  const position = positionOf(entry, draft.inOrder());
  const seats = [...draft.seats.values()].filter(
    (seat) => seat.state !== 'loggedOut' && seat.departmentIds.includes(departmentId),
  );
  const times = draft.handling[departmentId] ?? { meanMs: undefined };
  const estimateMs = estimateWait(position, seats.length, times);
  draft.put(entry, { announcedWallMs: draft.nowWallMs });
  draft.effects.push({ kind: 'announce', callId, position, estimateMs });
}

/** When a `tick` is due at the latest; undefined while nothing depends on time. */
export function nextDispatchDeadline(state: DispatchState, nowWallMs: number): number | undefined {
  const asked = Object.values(state.asked).map(({ untilWallMs }) => untilWallMs);
  const deadlines = Object.values(state.entries)
    .flatMap((entry) => deadlinesOf(entry, state))
    .concat(asked)
    // What is due and could not be done waits for a seat, not for time.
    .filter((deadlineWallMs) => deadlineWallMs > nowWallMs);
  return deadlines.length === 0 ? undefined : Math.min(...deadlines);
}

function deadlinesOf(entry: QueueEntry, { node, settings }: DispatchState): number[] {
  const { offer, emergency, passedOver } = entry;
  const ring = offer?.deadlineWallMs === undefined ? [] : [offer.deadlineWallMs];
  const seats = offer === undefined || emergency !== undefined ? Object.values(passedOver) : [];
  // Our seats may ring for him again; the rest of his time runs at the partner.
  if (entry.mediaNode !== node) return emergency === undefined ? [...seats, ...dueOf(entry)] : [];
  if (emergency !== undefined) {
    const { sinceWallMs } = emergency;
    const { emergencyRingAllAfterMs, emergencyOutsideAfterMs } = settings;
    return [...ring, ...seats, sinceWallMs + emergencyRingAllAfterMs, sinceWallMs + emergencyOutsideAfterMs];
  }
  const department = settings.departments[entry.departmentId];
  return department === undefined ? ring : [...ring, ...seats, ...waitDeadlines(entry, department)];
}

function dueOf({ callback }: QueueEntry): number[] {
  return callback === undefined ? [] : [callback.dueWallMs];
}

/** Those that have passed do not matter. */
function waitDeadlines(entry: QueueEntry, department: DepartmentSettings): number[] {
  const { enteredWallMs, announcedWallMs, arrivedWallMs } = entry;
  if (entry.callback !== undefined) return [...dueOf(entry), arrivedWallMs + CALLBACK_MS_MAX];
  const { maxWaitMs, callbackAfterMs, announceEveryMs } = department;
  const callback = callbackAfterMs === undefined ? [] : [enteredWallMs + callbackAfterMs];
  const announce =
    announceEveryMs === undefined ? [] : [(announcedWallMs ?? enteredWallMs) + announceEveryMs];
  return [enteredWallMs + maxWaitMs, ...callback, ...announce];
}
