/**
 * Who is next. One order for all who wait, whichever department and node they came by:
 *
 * 1. emergencies, the one that has been one for longest first,
 * 2. then by priority, which grows by one with each `ageingMs` of waiting,
 * 3. then by arrival; two of the same millisecond by their ids, so that both nodes see one order.
 *
 * Bound on starvation: once a call of priority p has waited (q - p) * ageingMs, no call of priority q that arrives
 * after that goes before it.
 */
import type { QueueEntry } from './queue-entry.js';

export function effectivePriority(entry: QueueEntry, ageingMs: number, nowWallMs: number): number {
  const waitedMs = Math.max(0, nowWallMs - entry.arrivedWallMs);
  return entry.priority + Math.floor(waitedMs / ageingMs);
}

function compareEmergency(a: QueueEntry, b: QueueEntry): number {
  if (a.emergency === undefined || b.emergency === undefined)
    return Number(a.emergency === undefined) - Number(b.emergency === undefined);
  return a.emergency.sinceWallMs - b.emergency.sinceWallMs;
}

/** Negative when `a` goes first. */
export function compareEntries(a: QueueEntry, b: QueueEntry, ageingMs: number, nowWallMs: number): number {
  const byEmergency = compareEmergency(a, b);
  if (byEmergency !== 0) return byEmergency;
  const isOrdinary = a.emergency === undefined;
  const byPriority = isOrdinary
    ? effectivePriority(b, ageingMs, nowWallMs) - effectivePriority(a, ageingMs, nowWallMs)
    : 0;
  if (byPriority !== 0) return byPriority;
  if (a.arrivedWallMs !== b.arrivedWallMs) return a.arrivedWallMs - b.arrivedWallMs;
  return a.callId < b.callId ? -1 : 1;
}

/** First to last. */
export function inOrder(entries: Iterable<QueueEntry>, ageingMs: number, nowWallMs: number): QueueEntry[] {
  return [...entries].sort((a, b) => compareEntries(a, b, ageingMs, nowWallMs));
}

/** Place in its department, from 1: what the caller is told. */
export function positionOf(entry: QueueEntry, order: readonly QueueEntry[]): number {
  const ahead = order.filter(({ departmentId }) => departmentId === entry.departmentId);
  return ahead.findIndex(({ callId }) => callId === entry.callId) + 1;
}
