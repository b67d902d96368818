/**
 * What is written into the store about calls. Pure. Each statement may come twice, late, or from a node that has lost the
 * call since: a row is replaced only by one of a higher (generation, revision) (continuity rule 15), a step and a trigger
 * are written once, and an older disposition does not replace a newer one.
 */
import type { CallbackRecord, TriggerRecord } from './call-record-port.js';
import type { OutboxEntry } from './journal-line.js';
import type { SqlValue, Statement } from './store-port.js';

/** As in the table `calls`, but for the disposition, which comes by its own way. */
export interface CallRow {
  readonly call_id: string;
  readonly node: string;
  readonly generation: number;
  readonly revision: number;
  readonly direction: string;
  readonly caller: string;
  readonly dialled: string;
  readonly department: string | null;
  readonly priority: number;
  readonly is_emergency: number;
  readonly opened_wall_ms: number;
  readonly answered_wall_ms: number | null;
  readonly ended_wall_ms: number | null;
  readonly waited_ms: number | null;
  readonly talked_ms: number | null;
  readonly seat: string | null;
  readonly call_taker: string | null;
  readonly end_reason: string | null;
  readonly mos: number | null;
  readonly recording: number | null;
}

export interface StepRow {
  readonly call_id: string;
  readonly step_no: number;
  readonly wall_ms: number;
  readonly kind: string;
  readonly node: string;
  readonly detail: Readonly<Record<string, string>>;
}

type SinceThree = 'home' | 'trunkId' | 'reason' | 'skills' | 'trigger';
/** A journal may be older than what is needed to go on with a place. */
type OldCallback = Omit<CallbackRecord, SinceThree> & Partial<Pick<CallbackRecord, SinceThree>>;

/** Entries of the outbox by their kind. Journals outlive an upgrade: add fields and kinds, never change one. */
export interface CallEntries {
  readonly call: { readonly row: CallRow; readonly step?: StepRow };
  readonly 'call-step': StepRow;
  readonly 'call-disposition': {
    readonly callId: string;
    readonly node: string;
    readonly code: string;
    readonly wallMs: number;
  };
  readonly trigger: TriggerRecord & { readonly node: string; readonly wallMs: number };
  readonly 'trigger-undone': { readonly triggerId: string; readonly wallMs: number };
  readonly callback: OldCallback & {
    readonly node: string;
    readonly revision: number;
    readonly changedWallMs: number;
  };
}

export type CallEntryKind = keyof CallEntries;

type Values = Readonly<Record<string, SqlValue>>;

function insert(table: string, values: Values, onConflict: string): Statement {
  const columns = Object.keys(values);
  const places = columns.map(() => '?').join(', ');
  const sql = `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${places}) ON CONFLICT ${onConflict}`;
  return [sql, ...Object.values(values)];
}

/** The row as a whole, unless the store has a newer one. */
function upsert(table: string, key: string, values: Values): Statement {
  const columns = Object.keys(values).filter((column) => column !== key);
  const sets = columns.map((column) => `${column} = excluded.${column}`).join(', ');
  const isNewer = `(excluded.generation, excluded.revision) > (${table}.generation, ${table}.revision)`;
  return insert(table, values, `(${key}) DO UPDATE SET ${sets} WHERE ${isNewer}`);
}

function stepStatement({ call_id, step_no, wall_ms, kind, node, detail }: StepRow): Statement {
  const values = { call_id, step_no, wall_ms, kind, node, detail: JSON.stringify(detail) };
  return insert('call_steps', values, 'DO NOTHING');
}

type Plans = {
  readonly [Kind in CallEntryKind]: (data: CallEntries[Kind]) => readonly Statement[];
};

const PLANS: Plans = {
  call: ({ row, step }) => [
    upsert('calls', 'call_id', { ...row }),
    ...(step === undefined ? [] : [stepStatement(step)]),
  ],
  'call-step': (step) => [stepStatement(step)],
  // The call's own row may be on its way from another node: then this one is its beginning, older than any other.
  'call-disposition': ({ callId, node, code, wallMs }) => [
    insert(
      'calls',
      {
        ...{ call_id: callId, node, generation: 0, revision: 0 },
        ...{ disposition: code, disposition_wall_ms: wallMs },
      },
      '(call_id) DO UPDATE SET disposition = excluded.disposition, ' +
        'disposition_wall_ms = excluded.disposition_wall_ms ' +
        'WHERE excluded.disposition_wall_ms >= COALESCE(calls.disposition_wall_ms, 0)',
    ),
  ],
  trigger: ({ triggerId, callId, wallMs, node, input, word, source, confidence, reason, outcome }) => [
    insert(
      'trigger_log',
      {
        ...{ trigger_id: triggerId, call_id: callId, wall_ms: wallMs, node, input, word, source },
        ...{ confidence, reason, outcome },
      },
      'DO NOTHING',
    ),
  ],
  'trigger-undone': ({ triggerId, wallMs }) => [
    [
      'UPDATE trigger_log SET undone_wall_ms = ? WHERE trigger_id = ? AND undone_wall_ms IS NULL',
      wallMs,
      triggerId,
    ],
  ],
  callback: (entry) => [
    upsert('queue_entries', 'entry_id', {
      ...{ entry_id: entry.entryId, call_id: entry.callId, node: entry.node },
      ...{ generation: entry.generation, revision: entry.revision },
      ...{ department: entry.department, priority: entry.priority, number: entry.number },
      ...{ arrived_wall_ms: entry.arrivedWallMs, state: entry.state, attempts: entry.attempts },
      ...{ home: entry.home ?? '', trunk: entry.trunkId ?? '', reason: entry.reason ?? 'asked' },
      ...{ skills: JSON.stringify(entry.skills ?? []), trigger_name: entry.trigger ?? null },
      changed_wall_ms: entry.changedWallMs,
    }),
  ],
};

function isCallEntryKind(kind: string): kind is CallEntryKind {
  return Object.hasOwn(PLANS, kind);
}

/** @throws RangeError for an entry of another kind */
export function planCallStatements({ kind, data }: OutboxEntry): readonly Statement[] {
  if (!isCallEntryKind(kind)) throw new RangeError(`"${kind}" is nothing about a call`);
  const plan = PLANS[kind] as (data: object) => readonly Statement[];
  return plan(data);
}
