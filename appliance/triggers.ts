/**
 * What people and recognisers say of a call that is here: a key, a word, the call-taker's hot key. Decided by rules
 * (routing/decide-trigger.ts), done to the call, noted with what came of it.
 */
import type { Log } from '../cluster/base/log.js';
import type { CallState, Leg } from './call/call-types.js';
import type { CallbackDesk } from './callback-desk.js';
import type { CallObserver } from './call-control.js';
import { decideTrigger, type TriggerDecision, type TriggerInput } from './routing/decide-trigger.js';
import type { RoutingDocument } from './routing/routing-document.js';
import type { RunningCall } from './running-call.js';

export interface TriggersOptions {
  readonly routing: () => RoutingDocument;
  /** By call id. */
  readonly running: () => ReadonlyMap<string, RunningCall>;
  /** It is being taken over: nothing can be done with its legs yet. */
  readonly isExpected: (callId: string) => boolean;
  readonly callbacks: Pick<CallbackDesk, 'canKeep'>;
  readonly observer: Pick<CallObserver, 'onTrigger' | 'onUndone'>;
  readonly log: Log;
}

export class Triggers {
  readonly #options: TriggersOptions;

  constructor(options: TriggersOptions) {
    this.#options = options;
  }

  /**
   * @returns what was decided, and what came of it: `done`, `nothing` when no rule fits, `tooLate` when the call does
   * not wait any more; undefined for a call that is not here
   */
  trigger(callId: string, input: TriggerInput): (TriggerDecision & { readonly outcome: string }) | undefined {
    const { running, routing, observer, log } = this.#options;
    const call = running().get(callId);
    if (call === undefined) return undefined;
    const decision = decideTrigger(routing(), input);
    const outcome = this.#act(call, decision, input);
    log.info({ call: callId, reason: decision.reason, outcome }, 'trigger');
    observer.onTrigger(callId, input, decision, outcome);
    return { ...decision, outcome };
  }

  /** @returns false when there is nothing to undo */
  undo(callId: string): boolean {
    const call = this.#options.running().get(callId);
    if (call?.state.place?.trigger === undefined) return false;
    call.apply({ kind: 'emergencyUndone' });
    this.#options.observer.onUndone(callId);
    return true;
  }

  /** The call that the seat is in becomes an emergency: whoever talks stays until an emergency seat has it. @returns prompt */
  hotKey(seatId: string): string {
    const { running, isExpected } = this.#options;
    const call = [...running().values()].find(({ state }) => {
      return state.name === 'talking' && legOfSeat(state, seatId) !== undefined && !isExpected(state.callId);
    });
    if (call === undefined) return 'noCall';
    const result = this.trigger(call.state.callId, { kind: 'hotKey' });
    return result?.outcome === 'done' ? 'emergencyRaised' : 'noCall';
  }

  onKey(call: RunningCall, legId: string, key: string): void {
    const { place, caller, callId } = call.state;
    if (place === undefined || legId !== caller.legId) return;
    this.trigger(callId, { kind: 'key', key, departmentId: place.departmentId });
  }

  #act(call: RunningCall, { action, reason }: TriggerDecision, input: TriggerInput): string {
    const { state } = call;
    if (action.kind === 'none') return 'nothing';
    const word = reason.values['word'] ?? reason.values['key'] ?? '';
    const trigger = `${input.kind}${word === '' ? '' : ` ${word}`}`;
    if (action.kind === 'emergency') {
      if (state.place === undefined) return this.#handToEmergency(call, trigger);
      if (state.place.trigger !== undefined) return 'already';
      call.apply({ kind: 'emergencyRaised', trigger });
      return 'done';
    }
    if (state.place === undefined) return 'tooLate';
    if (action.kind === 'callback') return this.#keepFor(call);
    const { departmentId, priority, skills } = action;
    call.apply({ kind: 'movedByTrigger', place: { ...state.place, departmentId, priority, skills } });
    return 'done';
  }

  #keepFor(call: RunningCall): string {
    if (call.state.place?.trigger !== undefined) return 'emergency';
    if (!this.#options.callbacks.canKeep(call.state)) return 'noNumber';
    call.apply({ kind: 'callbackAsked' });
    return 'done';
  }

  /** Somebody talks already: he goes on until an emergency seat has taken the call. */
  #handToEmergency(call: RunningCall, trigger: string): string {
    const { state } = call;
    const by = [state.other, state.caller].find((leg) => leg?.party.kind === 'seat');
    const department = this.#options.routing().numbers.find(({ isEmergency }) => isEmergency);
    if (state.name !== 'talking' || by === undefined || department === undefined) return 'tooLate';
    const { departmentId, priority, skills } = department;
    const place = { departmentId, priority, skills, arrivedWallMs: state.openedWallMs, trigger };
    call.apply({ kind: 'transferAsked', legId: by.legId, isReferred: false, to: { kind: 'queue', place } });
    return 'done';
  }
}

function legOfSeat({ caller, other }: CallState, seatId: string): Leg | undefined {
  return [caller, other].find((leg) => leg?.party.kind === 'seat' && leg.party.seatId === seatId);
}
