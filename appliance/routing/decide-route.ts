/** Where a call goes: by the number that was dialled, by who calls, by the hour. Pure. */
import { isOpen, type LocalTime } from './business-hours.js';
import { findNumberRule, normaliseNumber } from './normalise-number.js';
import type { CallerRule, Department, Reason, RoutingDocument, Target } from './routing-document.js';

export interface CallFacts {
  /** As dialled: user part of the Request-URI. */
  readonly dialled: string;
  /** As the trunk says; empty when it is withheld. */
  readonly caller: string;
  readonly at: LocalTime;
}

export type Route =
  | {
      readonly kind: 'queue';
      readonly departmentId: string;
      readonly priority: number;
      readonly skills: readonly string[];
      readonly isEmergency: boolean;
      readonly reason: Reason;
    }
  /** The caller hears that the department is closed. */
  | { readonly kind: 'closed'; readonly departmentId: string; readonly reason: Reason }
  /** Nothing is known of the number. */
  | { readonly kind: 'unknown'; readonly reason: Reason };

interface Found extends Target {
  readonly isEmergency: boolean;
  readonly reason: Reason;
}

type Otherwise = RoutingDocument['otherwise'];

function findTarget(document: RoutingDocument, dialled: string, otherwise: Otherwise): Found | undefined {
  const rule = findNumberRule(document.numbers, dialled);
  if (rule !== undefined) {
    const reason = { key: 'route.number', ruleId: rule.id, values: { number: dialled } };
    return { ...targetOf(rule), isEmergency: rule.isEmergency, reason };
  }
  if (otherwise === undefined) return undefined;
  const reason = { key: 'route.otherwise', ruleId: undefined, values: { number: dialled } };
  return { ...targetOf(otherwise), isEmergency: false, reason };
}

function targetOf({ departmentId, priority, skills }: Target): Target {
  return { departmentId, priority, skills };
}

/** Nobody lowers an emergency, and nobody sends it elsewhere. */
function withCaller(found: Found, rule: CallerRule | undefined): Found {
  if (rule === undefined || found.isEmergency) return found;
  const departmentId = rule.departmentId ?? found.departmentId;
  const reason = {
    key: 'route.caller',
    ruleId: rule.id,
    values: { ...found.reason.values, caller: rule.number },
  };
  return { ...found, departmentId, priority: found.priority + rule.priority, reason };
}

/** Follows who stands in for a closed department; a circle ends where it began. */
function findOpen(document: RoutingDocument, departmentId: string, at: LocalTime): Department | undefined {
  const byId = new Map(document.departments.map((one) => [one.id, one]));
  const seen = new Set<string>();
  for (let id: string | undefined = departmentId; id !== undefined && !seen.has(id);) {
    seen.add(id);
    const department: Department | undefined = byId.get(id);
    if (department === undefined) return undefined;
    if (isOpen(department.hours, at)) return department;
    id = department.closedTo;
  }
  return undefined;
}

export function decideRoute(document: RoutingDocument, facts: CallFacts): Route {
  return decide(document, facts, document.otherwise);
}

/** Only by rules that name the number: `otherwise` fits all of them. */
export function decideNamedRoute(document: RoutingDocument, facts: CallFacts): Route {
  return decide(document, facts, undefined);
}

function decide(document: RoutingDocument, { dialled, caller, at }: CallFacts, otherwise: Otherwise): Route {
  const number = normaliseNumber(dialled, document.numberPlan);
  const target = number === undefined ? undefined : findTarget(document, number, otherwise);
  if (target === undefined) {
    const reason = { key: 'route.unknown', ruleId: undefined, values: { number: number ?? dialled } };
    return { kind: 'unknown', reason };
  }
  const from = normaliseNumber(caller, document.numberPlan);
  const found = withCaller(target, from === undefined ? undefined : findNumberRule(document.callers, from));
  const { departmentId, priority, skills, isEmergency, reason } = found;
  if (isEmergency) return { kind: 'queue', departmentId, priority, skills, isEmergency, reason };
  const open = findOpen(document, departmentId, at);
  if (open === undefined) {
    const { ruleId } = reason;
    return { kind: 'closed', departmentId, reason: { key: 'route.closed', ruleId, values: reason.values } };
  }
  const isElsewhere = open.id !== departmentId;
  const values = { ...reason.values, closed: departmentId };
  const why = isElsewhere ? { key: 'route.closedTo', ruleId: reason.ruleId, values } : reason;
  return { kind: 'queue', departmentId: open.id, priority, skills, isEmergency, reason: why };
}

export type OutboundRoute =
  | {
      readonly kind: 'trunks';
      /** Normalised. */
      readonly number: string;
      readonly trunkIds: readonly string[];
      readonly reason: Reason;
    }
  | { readonly kind: 'refused'; readonly reason: Reason };

/** For a call-taker who dials out. */
export function decideOutbound(document: RoutingDocument, dialled: string): OutboundRoute {
  const number = normaliseNumber(dialled, document.numberPlan);
  const rule = number === undefined ? undefined : findNumberRule(document.outbound, number);
  if (number === undefined || rule === undefined) {
    const reason = { key: 'outbound.unknown', ruleId: undefined, values: { number: number ?? dialled } };
    return { kind: 'refused', reason };
  }
  const reason = { key: 'outbound.rule', ruleId: rule.id, values: { number } };
  return { kind: 'trunks', number, trunkIds: rule.trunkIds, reason };
}
