/** A dispatching node on paper: says what it does as short lines, `offer c1 s1`, and keeps what seats ring for. */
import type { DepartmentSettings, DispatchSettings } from '../../../../appliance/queue/dispatch-settings.js';
import { nextDispatchState, openDispatch } from '../../../../appliance/queue/dispatch-state.js';
import type {
  DispatchEffect,
  DispatchEvent,
  DispatchState,
} from '../../../../appliance/queue/dispatch-types.js';
import { nextDispatchDeadline } from '../../../../appliance/queue/pass-time.js';
import { openEntry, type NewEntry, type QueueEntry } from '../../../../appliance/queue/queue-entry.js';
import type { SeatFacts } from '../../../../appliance/queue/seat.js';

export const START_MS = 1_700_000_000_000;

export function department(changes: Partial<DepartmentSettings> = {}): DepartmentSettings {
  return {
    departmentId: 'appointments',
    strategy: 'longestIdle',
    ringMs: 20_000,
    maxWaitMs: 600_000,
    overflowTo: undefined,
    callbackAfterMs: undefined,
    announceEveryMs: undefined,
    ...changes,
  };
}

export function settings(changes: Partial<DispatchSettings> = {}): DispatchSettings {
  return {
    departments: { appointments: department(), fever: department({ departmentId: 'fever' }) },
    strandedTo: 'appointments',
    reserve: 0,
    emergencyRingAllAfterMs: 5000,
    emergencyOutsideAfterMs: 15_000,
    ageingMs: 60_000,
    unansweredMax: 2,
    ...changes,
  };
}

function sayEffect(effect: DispatchEffect): string {
  switch (effect.kind) {
    case 'offer':
    case 'connect':
    case 'askPartner':
    case 'turnDown':
      return `${effect.kind} ${effect.callId} ${effect.seatId}`;
    case 'withdraw':
      return `withdraw ${effect.callId} ${effect.seatId} ${effect.why}`;
    case 'announce':
      return `announce ${effect.callId} ${String(effect.position)} ${String(effect.estimateMs ?? '?')}`;
    case 'overflowed':
      return `overflowed ${effect.callId} ${effect.to}`;
    case 'seatSilent':
      return `silent ${effect.seatId}`;
    case 'rang':
      return `rang ${effect.seatId} ${effect.outcome}`;
    case 'ignored':
      return `ignored ${effect.event}`;
    case 'ringOutside':
    case 'offerCallback':
    case 'expired':
      return `${effect.kind} ${effect.callId}`;
  }
}

export class QueueBench {
  state: DispatchState;
  nowMs = START_MS;
  readonly effects: DispatchEffect[] = [];
  /** Offer that rings, by seat. */
  readonly rings = new Map<string, string>();
  #said: string[] = [];

  constructor(changes: Partial<DispatchSettings> = {}, node = 'a') {
    this.state = openDispatch(node, settings(changes));
  }

  do(event: DispatchEvent): void {
    const step = nextDispatchState(this.state, event, this.nowMs);
    // A partner gets it as JSON.
    this.state = JSON.parse(JSON.stringify(step.state)) as DispatchState;
    for (const effect of step.effects) {
      this.effects.push(effect);
      this.#said.push(sayEffect(effect));
      if (effect.kind === 'offer') this.rings.set(effect.seatId, effect.offerId);
      if (effect.kind === 'withdraw' || effect.kind === 'connect') this.rings.delete(effect.seatId);
    }
  }

  /** What it did since the last time, joined by commas. */
  take(): string {
    const said = this.#said.join(', ');
    this.#said = [];
    return said;
  }

  arrive(callId: string, changes: Partial<NewEntry> & { readonly trigger?: string } = {}): void {
    const { trigger, ...rest } = changes;
    const entry = {
      callId,
      departmentId: 'appointments',
      priority: 0,
      skills: [],
      arrivedWallMs: this.nowMs,
      mediaNode: this.state.node,
      ...rest,
    };
    this.do({ kind: 'entryArrived', entry, ...(trigger === undefined ? {} : { trigger }) });
  }

  seat(seatId: string, changes: Partial<SeatFacts> = {}): void {
    const seat = {
      seatId,
      callTakerId: `t-${seatId}`,
      state: 'ready' as const,
      reason: undefined,
      departmentIds: ['appointments', 'fever'],
      skills: {},
      takesEmergencies: true,
      isReachable: true,
      dispatchNode: this.state.node,
      ...changes,
    };
    this.do({ kind: 'seatChanged', seat });
  }

  /** Of node b, as it tells of him. */
  partnerCaller(callId: string, changes: Partial<QueueEntry> = {}): void {
    const fresh = { callId, departmentId: 'appointments', priority: 0, skills: [], mediaNode: 'b' };
    const entry = { ...openEntry({ ...fresh, arrivedWallMs: this.nowMs }, this.nowMs), ...changes };
    this.do({ kind: 'partnerEntry', entry });
  }

  /** Dispatched by node b. */
  partnerSeat(seatId: string, changes: Partial<SeatFacts> = {}): void {
    const other = new QueueBench({}, 'b');
    other.seat(seatId, changes);
    const seat = other.state.seats[seatId];
    if (seat !== undefined) this.do({ kind: 'partnerSeat', seat });
  }

  accept(seatId: string): void {
    this.do({ kind: 'offerAccepted', offerId: this.rings.get(seatId) ?? 'none', seatId });
  }

  refuse(seatId: string): void {
    const offerId = this.rings.get(seatId) ?? 'none';
    this.rings.delete(seatId);
    this.do({ kind: 'offerRefused', offerId, seatId });
  }

  /** Ticks where the state asks for it, as an executor does. */
  pass(ms: number): void {
    const endMs = this.nowMs + ms;
    for (;;) {
      const next = nextDispatchDeadline(this.state, this.nowMs);
      if (next === undefined || next > endMs) break;
      this.nowMs = next;
      this.do({ kind: 'tick' });
    }
    this.nowMs = endMs;
    this.do({ kind: 'tick' });
  }
}
