/** Where a call that has just come in goes. Pure: who calls, what was dialled, what the documents say. */
import type { Telephony, TelephonySeat } from '../firmware-config/schema/telephony.js';
import type { Place, Target } from './call/call-types.js';
import { findFeatureCommand, type FeatureCommand } from './call/feature-codes.js';
import type { LocalTime } from './routing/business-hours.js';
import { decideNamedRoute, decideOutbound, decideRoute } from './routing/decide-route.js';
import type { Reason, RoutingDocument } from './routing/routing-document.js';
import type { Peer } from './peers.js';

export interface RouteQuestion {
  readonly telephony: Telephony;
  readonly routing: RoutingDocument;
  readonly dialled: string;
  /** Of a trunk: what it says of the caller. */
  readonly callerNumber: string;
  readonly at: LocalTime;
  readonly nowWallMs: number;
  findByExtension(extension: string): TelephonySeat | undefined;
}

export type RoutePlan =
  | { readonly kind: 'queue'; readonly place: Place; readonly reason: Reason }
  | { readonly kind: 'dial'; readonly target: Target; readonly isOutbound: boolean }
  | { readonly kind: 'command'; readonly command: FeatureCommand }
  | { readonly kind: 'closed'; readonly departmentId: string; readonly reason: Reason }
  | { readonly kind: 'refuse'; readonly status: number; readonly reason: Reason };

export function planRoute(peer: Peer['kind'], question: RouteQuestion): RoutePlan {
  const { dialled, telephony } = question;
  if (peer === 'trunk') return planQueue(question);
  const command = findFeatureCommand(dialled, telephony.featureCodes);
  return command === undefined ? planTransfer(question) : { kind: 'command', command };
}

/** Where a seat's call or transfer leads: to a seat, to a department, or out. */
export function planTransfer(question: RouteQuestion): RoutePlan {
  const seat = question.findByExtension(question.dialled);
  if (seat !== undefined)
    return { kind: 'dial', target: { kind: 'seat', seatId: seat.id }, isOutbound: false };
  // What a rule names comes first, so that no outbound rule takes an emergency number out of the house; `otherwise` fits
  // every number and comes last, or no seat could ever dial out.
  const queued = planQueue(question, decideNamedRoute);
  if (queued.kind !== 'refuse') return queued;
  const outbound = planOutbound(question);
  if (outbound.kind !== 'refuse') return outbound;
  const rest = planQueue(question);
  return rest.kind === 'refuse' ? outbound : rest;
}

function planQueue(question: RouteQuestion, decide = decideRoute): RoutePlan {
  const { routing, dialled, callerNumber, at, nowWallMs } = question;
  const route = decide(routing, { dialled, caller: callerNumber, at });
  if (route.kind === 'unknown') return { kind: 'refuse', status: 404, reason: route.reason };
  if (route.kind === 'closed')
    return { kind: 'closed', departmentId: route.departmentId, reason: route.reason };
  const { departmentId, priority, skills, isEmergency, reason } = route;
  const trigger = isEmergency ? `number ${dialled}` : undefined;
  return {
    kind: 'queue',
    place: { departmentId, priority, skills, arrivedWallMs: nowWallMs, trigger },
    reason,
  };
}

function planOutbound({ routing, dialled }: RouteQuestion): RoutePlan {
  const outbound = decideOutbound(routing, dialled);
  if (outbound.kind === 'refused') return { kind: 'refuse', status: 404, reason: outbound.reason };
  const { trunkIds, number } = outbound;
  return { kind: 'dial', target: { kind: 'trunk', trunkIds, number }, isOutbound: true };
}
