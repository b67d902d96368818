/**
 * Call records by way of the outbox. Each change writes the whole row anew under a higher revision, so that the newest
 * one alone is enough; the row of an open call is kept in the journal until it is closed, so that whoever starts after a
 * process that died knows what was open.
 *
 * Revisions and the numbers of steps are stamps: the wall clock's ms, or one more than the last stamp. A process that
 * died may have sent rows that its journal never had; the next one's stamps are higher without asking anybody.
 */
import type { Clock } from '../base/clock.js';
import type { Log } from '../base/log.js';
import type {
  CallbackRecord,
  CallEnd,
  CallFacts,
  CallRecordPort,
  CallStepRecord,
  OpenedCall,
  TriggerRecord,
} from './call-record-port.js';
import type { Keep, OutboxPort } from './outbox-port.js';
import type { CallEntries, CallEntryKind, CallRow, StepRow } from './plan-call-statements.js';

export interface OutboxCallRecordsOptions {
  readonly outbox: OutboxPort;
  /** Of this node. */
  readonly node: string;
  readonly clock: Clock;
  readonly log: Log;
}

const KEEP_PREFIX = 'call/';

export class OutboxCallRecords implements CallRecordPort {
  readonly #options: OutboxCallRecordsOptions;
  /** By call id. */
  readonly #open = new Map<string, CallRow>();
  /** Of earlier processes, until it is known which live on. */
  readonly #inherited = new Set<string>();
  #lastStamp = 0;

  constructor(options: OutboxCallRecordsOptions) {
    this.#options = options;
    for (const [key, value] of options.outbox.inherited) {
      if (!key.startsWith(KEEP_PREFIX)) continue;
      const row = value as CallRow;
      this.#open.set(row.call_id, row);
      this.#inherited.add(row.call_id);
      this.#lastStamp = Math.max(this.#lastStamp, row.revision);
    }
  }

  /** Ids of the calls whose records are open. */
  get openCallIds(): ReadonlySet<string> {
    return new Set(this.#open.keys());
  }

  open(call: OpenedCall): void {
    const { callId, generation, direction, caller, dialled, openedWallMs } = call;
    this.#inherited.delete(callId);
    const known = this.#open.get(callId);
    const row: CallRow = {
      ...(known ?? UNKNOWN),
      ...{ call_id: callId, node: this.#options.node, direction, caller, dialled },
      generation: Math.max(generation, known?.generation ?? 0),
      revision: this.#stamp(),
      opened_wall_ms: Math.floor(openedWallMs),
      ...columnsOf(call),
    };
    this.#write(row, known === undefined ? this.#newStep(callId, { kind: 'opened' }) : undefined);
  }

  change(callId: string, facts: Partial<CallFacts>): void {
    const row = this.#find(callId, 'change');
    if (row !== undefined) this.#write(this.#changed(row, facts));
  }

  step(callId: string, step: CallStepRecord, facts?: Partial<CallFacts>): void {
    const stepRow = this.#newStep(callId, step);
    const row = facts === undefined ? undefined : this.#find(callId, step.kind);
    if (row === undefined || facts === undefined) this.#put('call-step', stepRow);
    else this.#write(this.#changed(row, facts), stepRow);
  }

  close(callId: string, end: CallEnd): void {
    const row = this.#find(callId, 'close');
    if (row !== undefined) this.#end(row, end, Math.floor(this.#options.clock.wallMs()), {});
  }

  leave(callId: string): void {
    const row = this.#open.get(callId);
    this.#open.delete(callId);
    this.#inherited.delete(callId);
    // Its row is told once more, so that the journal forgets that it is open here.
    if (row !== undefined) this.#put('call', { row }, { key: `${KEEP_PREFIX}${callId}`, value: undefined });
  }

  disposition(callId: string, code: string): void {
    this.#put('call-disposition', { callId, code, node: this.#options.node, wallMs: this.#wallMs() });
  }

  trigger(trigger: TriggerRecord): void {
    this.#put('trigger', { ...trigger, node: this.#options.node, wallMs: this.#wallMs() });
  }

  undoTrigger(triggerId: string): void {
    this.#put('trigger-undone', { triggerId, wallMs: this.#wallMs() });
  }

  callback(entry: CallbackRecord): void {
    const { node } = this.#options;
    this.#put('callback', { ...entry, node, revision: this.#stamp(), changedWallMs: this.#wallMs() });
  }

  closeOrphans(reason: string, livesOn: ReadonlySet<string>): readonly string[] {
    const orphans = [...this.#inherited].filter((callId) => !livesOn.has(callId));
    this.#inherited.clear();
    // When the process died nobody wrote down; it lived at least until its last entry.
    const diedWallMs = this.#options.outbox.inheritedWallMs;
    for (const callId of orphans) {
      const row = this.#open.get(callId);
      if (row === undefined) continue;
      const endedWallMs = Math.max(diedWallMs, row.answered_wall_ms ?? row.opened_wall_ms);
      this.#end(row, { reason }, Math.floor(endedWallMs), { foundWallMs: String(this.#wallMs()) });
    }
    return orphans;
  }

  #end(row: CallRow, { reason, mos }: CallEnd, endedWallMs: number, detail: StepRow['detail']): void {
    const { call_id, answered_wall_ms, opened_wall_ms } = row;
    const answeredMs = answered_wall_ms ?? endedWallMs;
    const ended: CallRow = {
      ...row,
      revision: this.#stamp(),
      ended_wall_ms: endedWallMs,
      end_reason: reason,
      // A wall clock that was set back makes no negative times.
      waited_ms: Math.max(0, answeredMs - opened_wall_ms),
      talked_ms: Math.max(0, endedWallMs - answeredMs),
      mos: mos ?? null,
    };
    this.#open.delete(call_id);
    this.#inherited.delete(call_id);
    const step = this.#newStep(call_id, { kind: 'ended', detail: { reason, ...detail } });
    this.#put('call', { row: ended, step }, { key: `${KEEP_PREFIX}${call_id}`, value: undefined });
  }

  #write(row: CallRow, step?: StepRow): void {
    this.#open.set(row.call_id, row);
    const data = step === undefined ? { row } : { row, step };
    this.#put('call', data, { key: `${KEEP_PREFIX}${row.call_id}`, value: row });
  }

  #changed(row: CallRow, facts: Partial<CallFacts>): CallRow {
    return { ...row, ...columnsOf(facts), revision: this.#stamp() };
  }

  #find(callId: string, what: string): CallRow | undefined {
    const row = this.#open.get(callId);
    if (row === undefined)
      this.#options.log.warn({ call: callId, what }, 'the record of the call is not open: left as it is');
    return row;
  }

  #newStep(callId: string, { kind, detail = {} }: CallStepRecord): StepRow {
    const { node } = this.#options;
    return { call_id: callId, step_no: this.#stamp(), wall_ms: this.#wallMs(), kind, node, detail };
  }

  #put<Kind extends CallEntryKind>(kind: Kind, data: CallEntries[Kind], keep?: Keep): void {
    this.#options.outbox.put({ kind, data, ...(keep === undefined ? {} : { keep }) });
  }

  #wallMs(): number {
    return Math.floor(this.#options.clock.wallMs());
  }

  #stamp(): number {
    this.#lastStamp = Math.max(this.#lastStamp + 1, this.#wallMs());
    return this.#lastStamp;
  }
}

/** A call of which nothing is known yet. */
const UNKNOWN = {
  ...{ department: null, priority: 0, is_emergency: 0, answered_wall_ms: null, ended_wall_ms: null },
  ...{ waited_ms: null, talked_ms: null, seat: null, call_taker: null, end_reason: null, mos: null },
  recording: null,
};

/** Only what is given. */
function columnsOf(facts: Partial<CallFacts>): Partial<CallRow> {
  const { department, priority, isEmergency, answeredWallMs, seat, callTaker, recording } = facts;
  return {
    ...(department === undefined ? {} : { department }),
    ...(priority === undefined ? {} : { priority }),
    ...(isEmergency === undefined ? {} : { is_emergency: isEmergency ? 1 : 0 }),
    ...(answeredWallMs === undefined ? {} : { answered_wall_ms: floor(answeredWallMs) }),
    ...(seat === undefined ? {} : { seat }),
    ...(callTaker === undefined ? {} : { call_taker: callTaker }),
    ...(recording === undefined ? {} : { recording: recording === null ? null : Number(recording) }),
  };
}

function floor(ms: number | null): number | null {
  return ms === null ? null : Math.floor(ms);
}
