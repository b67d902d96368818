/** A dispatching node on paper: says what it does as short lines, `offer c1 s1`, and keeps what seats ring for. */
import type { DepartmentSettings, DispatchSettings } from '../../../../appliance/queue/dispatch-settings.js';
import { nextDispatchState, openDispatch } from '../../../../appliance/queue/dispatch-state.js';
import type {
  DispatchEffect,
  DispatchEvent,
  DispatchState,
} from '../../../../appliance/queue/dispatch-types.js';
import { nextDispatchDeadline } from '../../../../appliance/queue/pass-time.js';
import type { NewEntry } from '../../../../appliance/queue/queue-entry.js';
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
      return `${effect.kind} ${effect.callId} ${effect.seatId}`;
    case 'withdraw':
      return `withdraw ${effect.callId} ${effect.seatId} ${effect.why}`;
    case 'announce':
      return `announce ${effect.callId} ${String(effect.position)} ${String(effect.estimateMs ?? '?')}`;
    case 'overflowed':
      return `overflowed ${effect.callId} ${effect.to}`;
    case 'seatSilent':
      return `silent ${effect.seatId}`;
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

  constructor(changes: Partial<DispatchSettings> = {}) {
    this.state = openDispatch('a', settings(changes));
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
      mediaNode: 'a',
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
      dispatchNode: 'a',
      ...changes,
    };
    this.do({ kind: 'seatChanged', seat });
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
