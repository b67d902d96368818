/** A call while one event is worked on: a copy that is changed, with what is to be done about it. */
import type {
  CallEffect,
  CallEvent,
  CallState,
  CallStep,
  CallTransition,
  EndReason,
  Leg,
  Party,
  RingingLeg,
  Target,
} from './call-types.js';

export class CallDraft {
  readonly effects: CallEffect[] = [];
  readonly nowWallMs: number;
  state: CallState;

  constructor(state: CallState, nowWallMs: number) {
    this.state = state;
    this.nowWallMs = nowWallMs;
  }

  toTransition(): CallTransition {
    return { state: this.state, effects: this.effects };
  }

  do(effect: CallEffect): void {
    this.effects.push(effect);
  }

  change(changes: Partial<CallState>): void {
    this.state = { ...this.state, ...changes };
  }

  ignore(event: CallEvent, why: string): void {
    this.do({ kind: 'ignored', event: event.kind, why });
  }

  note(kind: CallStep['kind'], detail: CallStep['detail'] = {}): void {
    this.do({ kind: 'note', step: { kind, detail } });
  }

  findLeg(legId: string): Leg | undefined {
    const { caller, other } = this.state;
    if (caller.legId === legId) return caller;
    return other?.legId === legId ? other : undefined;
  }

  /** Who else is in the call. */
  counterpart(legId: string): Leg | undefined {
    const { caller, other } = this.state;
    return caller.legId === legId ? other : caller;
  }

  changeLeg(legId: string, changes: Partial<Leg>): void {
    const { caller, other } = this.state;
    if (caller.legId === legId) this.change({ caller: { ...caller, ...changes } });
    else if (other?.legId === legId) this.change({ other: { ...other, ...changes } });
  }

  ring(target: Target, offerId: string | undefined): void {
    const { callId, legsMade, ringing } = this.state;
    const legId = `${callId}-${String(legsMade)}`;
    const leg: RingingLeg = { legId, target, offerId, hasRung: false };
    this.change({ legsMade: legsMade + 1, ringing: { ...ringing, [legId]: leg } });
    this.do({ kind: 'ring', legId, target });
  }

  forget(legId: string): void {
    this.change({
      ringing: Object.fromEntries(Object.entries(this.state.ringing).filter(([id]) => id !== legId)),
    });
  }

  findRinging(offerId: string, seatId: string): RingingLeg | undefined {
    return Object.values(this.state.ringing).find(
      (leg) => leg.offerId === offerId && leg.target.kind === 'seat' && leg.target.seatId === seatId,
    );
  }

  stopRinging(except?: string): void {
    for (const { legId } of Object.values(this.state.ringing)) {
      if (legId === except) continue;
      this.do({ kind: 'endLeg', legId });
      this.forget(legId);
    }
  }

  /** The party is out of this call, and its seat is free again. */
  dismiss(leg: Leg, isOnThePhone: boolean): void {
    if (isOnThePhone) this.do({ kind: 'endLeg', legId: leg.legId });
    this.freeSeat(leg.party);
  }

  occupySeat(party: Party): void {
    if (party.kind === 'seat') this.do({ kind: 'seatBusy', seatId: party.seatId });
  }

  freeSeat(party: Party): void {
    if (party.kind !== 'seat') return;
    const needsWrapUp = this.state.departmentId !== undefined && this.state.answeredWallMs !== undefined;
    this.do({ kind: 'seatFree', seatId: party.seatId, needsWrapUp });
  }

  /** Everything of the call ends; legs that have ended are not in the state any more, or are named in `gone`. */
  end(reason: EndReason, gone?: string): void {
    const { caller, other, place, transfer, joining } = this.state;
    this.stopRinging();
    if (place !== undefined)
      this.do({ kind: 'leaveQueue', why: reason === 'abandoned' ? 'abandoned' : 'elsewhere' });
    if (transfer?.isReferred === true && transfer.byLegId !== gone)
      this.do({ kind: 'notifyTransfer', legId: transfer.byLegId, status: 487 });
    for (const leg of [caller, other, joining?.leg])
      if (leg !== undefined) this.dismiss(leg, leg.legId !== gone);
    this.note('ended', { reason });
    this.change({
      name: 'ended',
      endReason: reason,
      place: undefined,
      joining: undefined,
      transfer: undefined,
    });
    this.do({ kind: 'close', reason });
  }
}
