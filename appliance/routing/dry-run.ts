/** What another routing document would have made of calls that have been: shown before it is activated. Pure. */
import { decideRoute, type CallFacts, type Route } from './decide-route.js';
import type { RoutingDocument } from './routing-document.js';

export interface PastCall extends CallFacts {
  readonly callId: string;
}

export interface ChangedCall {
  readonly callId: string;
  readonly before: Route;
  readonly after: Route;
}

export interface DryRunReport {
  readonly calls: number;
  readonly same: number;
  readonly changed: readonly ChangedCall[];
  /** How many calls go from where to where, most first. */
  readonly moves: readonly { readonly from: string; readonly to: string; readonly calls: number }[];
  /** Calls that are emergencies now and would be none: to be looked at by a person. */
  readonly emergenciesLost: readonly string[];
}

function outcomeOf(route: Route): string {
  switch (route.kind) {
    case 'queue':
      return `${route.isEmergency ? '!' : ''}${route.departmentId}`;
    case 'closed':
      return `closed ${route.departmentId}`;
    case 'unknown':
      return 'unknown';
  }
}

function isSame(a: Route, b: Route): boolean {
  if (outcomeOf(a) !== outcomeOf(b)) return false;
  if (a.kind !== 'queue' || b.kind !== 'queue') return true;
  return a.priority === b.priority && a.skills.join('\n') === b.skills.join('\n');
}

function isEmergency(route: Route): boolean {
  return route.kind === 'queue' && route.isEmergency;
}

function countMoves(changed: readonly ChangedCall[]): DryRunReport['moves'] {
  const counts = new Map<string, { from: string; to: string; calls: number }>();
  for (const { before, after } of changed) {
    const [from, to] = [outcomeOf(before), outcomeOf(after)];
    const move = counts.get(`${from}\n${to}`) ?? { from, to, calls: 0 };
    move.calls += 1;
    counts.set(`${from}\n${to}`, move);
  }
  return [...counts.values()].sort((a, b) => b.calls - a.calls);
}

export function dryRun(
  active: RoutingDocument,
  proposed: RoutingDocument,
  calls: readonly PastCall[],
): DryRunReport {
  const changed = calls.flatMap((call) => {
    const [before, after] = [decideRoute(active, call), decideRoute(proposed, call)];
    return isSame(before, after) ? [] : [{ callId: call.callId, before, after }];
  });
  return {
    calls: calls.length,
    same: calls.length - changed.length,
    changed,
    moves: countMoves(changed),
    emergenciesLost: changed
      .filter(({ before, after }) => isEmergency(before) && !isEmergency(after))
      .map(({ callId }) => callId),
  };
}
