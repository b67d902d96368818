/**
 * What is written of calls: watches them and tells the records. One record for each call, opened when its first INVITE
 * is routed, closed when it closes; what changed since is told once.
 */
import type { CallFacts, CallRecordPort } from '../cluster/store/call-record-port.js';
import type { CallState, CallStep, EndReason, Party } from './call/call-types.js';
import type { MediaStatistics } from './call/media-port.js';
import type { CallbackNote } from './callback-desk.js';
import type { CallObserver } from './call-control.js';
import type { TriggerDecision, TriggerInput } from './routing/decide-trigger.js';

export interface CallRecordsOptions {
  readonly records: CallRecordPort;
  /** Of the service address whose calls these are; higher after each takeover. */
  readonly generation: () => number;
  readonly callTakerOf: (seatId: string) => string | undefined;
  readonly nextId: () => string;
}

type Known = Omit<CallFacts, 'recording'>;

function nameOf(party: Party): string {
  return party.kind === 'trunk' ? party.number : party.seatId;
}

export class CallRecords implements CallObserver {
  readonly #options: CallRecordsOptions;
  /** What the record of each open call says, by call id. */
  readonly #known = new Map<string, Known>();
  /** The last emergency of each call that may be undone. */
  readonly #triggers = new Map<string, string>();

  constructor(options: CallRecordsOptions) {
    this.#options = options;
  }

  onState(state: CallState): void {
    const { callId, name } = state;
    const before = this.#known.get(callId);
    const facts = this.#factsOf(state, before);
    const { records, generation } = this.#options;
    if (before === undefined) {
      // A call that is over is not opened again by what still comes.
      if (name === 'ended') return;
      this.#known.set(callId, facts);
      const { direction, caller, dialled, openedWallMs } = state;
      const opened = { callId, direction, dialled, openedWallMs, caller: nameOf(caller.party) };
      records.open({ ...opened, generation: generation(), ...facts });
      return;
    }
    const keys = Object.keys(facts) as (keyof Known)[];
    const changed = keys.filter((key) => facts[key] !== before[key]);
    if (changed.length === 0) return;
    this.#known.set(callId, facts);
    records.change(callId, Object.fromEntries(changed.map((key) => [key, facts[key]])));
  }

  onStep({ callId }: CallState, step: CallStep): void {
    this.#options.records.step(callId, step);
  }

  onClosed({ callId }: CallState, reason: EndReason, statistics: MediaStatistics | undefined): void {
    this.#known.delete(callId);
    this.#triggers.delete(callId);
    const mos = worstMos(statistics);
    this.#options.records.close(callId, { reason, ...(mos === undefined ? {} : { mos }) });
  }

  onLetGo(callId: string): void {
    this.#known.delete(callId);
    this.#triggers.delete(callId);
    this.#options.records.leave(callId);
  }

  onTrigger(callId: string, input: TriggerInput, { reason }: TriggerDecision, outcome: string): void {
    const triggerId = this.#options.nextId();
    if (outcome === 'done') this.#triggers.set(callId, triggerId);
    this.#options.records.trigger({
      ...{ triggerId, callId, outcome, input: input.kind },
      word: reason.values['word'] ?? reason.values['key'] ?? '',
      source: input.kind === 'text' ? input.source : 'call',
      confidence: input.kind === 'text' ? input.confidence : 1,
      reason: reason.ruleId ?? reason.key,
    });
  }

  onUndone(callId: string): void {
    const triggerId = this.#triggers.get(callId);
    if (triggerId !== undefined) this.#options.records.undoTrigger(triggerId);
  }

  onDisposition(callId: string, code: string | undefined): void {
    if (code !== undefined) this.#options.records.disposition(callId, code);
  }

  onCallback(record: CallbackNote): void {
    this.#options.records.callback({ ...record, generation: this.#options.generation() });
  }

  /** The seat that talked last stays in the record after the end. */
  #factsOf(
    { place, departmentId, answeredWallMs, other, caller }: CallState,
    before: Known | undefined,
  ): Known {
    const seat = [other, caller].find((leg) => leg?.party.kind === 'seat')?.party;
    const seatId = seat?.kind === 'seat' ? seat.seatId : (before?.seat ?? null);
    return {
      department: departmentId ?? null,
      priority: place?.priority ?? before?.priority ?? 0,
      isEmergency: place === undefined ? (before?.isEmergency ?? false) : place.trigger !== undefined,
      answeredWallMs: answeredWallMs ?? null,
      seat: seatId,
      callTaker: seatId === null ? null : (this.#options.callTakerOf(seatId) ?? before?.callTaker ?? null),
    };
  }
}

function worstMos(statistics: MediaStatistics | undefined): number | undefined {
  const all = Object.values(statistics ?? {}).flatMap(({ quality }) => quality?.mos ?? []);
  return all.length === 0 ? undefined : Math.min(...all);
}
