/** Records of calls, read out of the store. */
import type { Backlog } from './batching-writer.js';
import type {
  CallFilter,
  CallHistory,
  CallRecord,
  CallRecordCounts,
  CallRecordReadPort,
  RecordedStep,
  RecordedTrigger,
} from './call-record-read-port.js';
import type { Row, SqlValue, Statement, StorePort } from './store-port.js';

export interface RqliteCallRecordsOptions {
  readonly store: StorePort;
  /** For each query. */
  readonly deadlineMs: number;
  /** Of the writer of this process. */
  readonly backlog?: () => Backlog;
}

export const CALLS_LIMIT_MAX = 1000;

type Condition = readonly [sql: string, ...parameters: readonly SqlValue[]];

/** A row that has only a disposition is none yet. */
const IS_CALL: Condition = ['revision > 0'];

function conditionsOf(filter: CallFilter): readonly Condition[] {
  const { fromWallMs, toWallMs, number, department, isEmergency, isOpen, before } = filter;
  return [
    IS_CALL,
    ['opened_wall_ms BETWEEN ? AND ?', fromWallMs, toWallMs],
    ...(number === undefined ? [] : [containing(number)]),
    ...(department === undefined ? [] : [['department = ?', department] as const]),
    ...(isEmergency === undefined ? [] : [['is_emergency = ?', Number(isEmergency)] as const]),
    ...(isOpen === undefined ? [] : [[`ended_wall_ms IS ${isOpen ? '' : 'NOT '}NULL`] as const]),
    ...(before === undefined
      ? []
      : [['(opened_wall_ms, call_id) < (?, ?)', before.openedWallMs, before.callId] as const]),
  ];
}

function containing(number: string): Condition {
  return ['(instr(caller, ?) > 0 OR instr(dialled, ?) > 0)', number, number];
}

/** Pure. @throws RangeError for a limit that is out of bounds */
export function planFindCalls(filter: CallFilter): Statement {
  const { limit } = filter;
  if (!Number.isSafeInteger(limit) || limit < 1 || limit > CALLS_LIMIT_MAX)
    throw new RangeError(`the limit of calls is 1 to ${String(CALLS_LIMIT_MAX)}, not ${String(limit)}`);
  const conditions = conditionsOf(filter);
  const where = conditions.map(([sql]) => sql).join(' AND ');
  const parameters = conditions.flatMap(([, ...values]) => values);
  const order = 'ORDER BY opened_wall_ms DESC, call_id DESC LIMIT ?';
  return [`SELECT * FROM calls WHERE ${where} ${order}`, ...parameters, limit];
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const textOrNull = (value: unknown): string | null => (typeof value === 'string' ? value : null);
const numberOrNull = (value: unknown): number | null => (typeof value === 'number' ? value : null);

function callOf(row: Row): CallRecord {
  return {
    callId: text(row['call_id']),
    node: text(row['node']),
    generation: Number(row['generation']),
    direction: text(row['direction']),
    caller: text(row['caller']),
    dialled: text(row['dialled']),
    department: textOrNull(row['department']),
    priority: Number(row['priority']),
    isEmergency: row['is_emergency'] === 1,
    openedWallMs: Number(row['opened_wall_ms']),
    answeredWallMs: numberOrNull(row['answered_wall_ms']),
    endedWallMs: numberOrNull(row['ended_wall_ms']),
    waitedMs: numberOrNull(row['waited_ms']),
    talkedMs: numberOrNull(row['talked_ms']),
    seat: textOrNull(row['seat']),
    callTaker: textOrNull(row['call_taker']),
    endReason: textOrNull(row['end_reason']),
    mos: numberOrNull(row['mos']),
    recording: row['recording'] === null ? null : row['recording'] === 1,
    disposition: textOrNull(row['disposition']),
  };
}

function stepOf(row: Row): RecordedStep {
  return {
    kind: text(row['kind']),
    node: text(row['node']),
    wallMs: Number(row['wall_ms']),
    detail: JSON.parse(text(row['detail'])) as RecordedStep['detail'],
  };
}

function triggerOf(row: Row): RecordedTrigger {
  return {
    triggerId: text(row['trigger_id']),
    callId: text(row['call_id']),
    wallMs: Number(row['wall_ms']),
    node: text(row['node']),
    input: text(row['input']),
    word: text(row['word']),
    source: text(row['source']),
    confidence: Number(row['confidence']),
    reason: text(row['reason']),
    outcome: text(row['outcome']),
    undoneWallMs: numberOrNull(row['undone_wall_ms']),
  };
}

const STEPS = 'SELECT * FROM call_steps WHERE call_id = ? ORDER BY wall_ms, node, step_no';
const TRIGGERS_OF_CALL = 'SELECT * FROM trigger_log WHERE call_id = ? ORDER BY wall_ms, trigger_id';
const TRIGGERS =
  'SELECT * FROM trigger_log WHERE wall_ms BETWEEN ? AND ? ORDER BY wall_ms, trigger_id LIMIT ?';
const COUNTS =
  'SELECT (SELECT COUNT(*) FROM calls WHERE ended_wall_ms IS NULL AND revision > 0) AS open_calls, ' +
  "(SELECT COUNT(*) FROM queue_entries WHERE state = 'waiting') AS callbacks_waiting";

export class RqliteCallRecords implements CallRecordReadPort {
  readonly #options: RqliteCallRecordsOptions;

  constructor(options: RqliteCallRecordsOptions) {
    this.#options = options;
  }

  async findCalls(filter: CallFilter): Promise<readonly CallRecord[]> {
    return (await this.#query(planFindCalls(filter))).map(callOf);
  }

  async findCall(callId: string): Promise<CallHistory | undefined> {
    const [row] = await this.#query([`SELECT * FROM calls WHERE call_id = ? AND ${IS_CALL[0]}`, callId]);
    if (row === undefined) return undefined;
    const [steps, triggers] = await Promise.all([
      this.#query([STEPS, callId]),
      this.#query([TRIGGERS_OF_CALL, callId]),
    ]);
    return { call: callOf(row), steps: steps.map(stepOf), triggers: triggers.map(triggerOf) };
  }

  async findTriggers(
    fromWallMs: number,
    toWallMs: number,
    limit: number,
  ): Promise<readonly RecordedTrigger[]> {
    return (await this.#query([TRIGGERS, fromWallMs, toWallMs, limit])).map(triggerOf);
  }

  async counts(): Promise<CallRecordCounts> {
    const [row] = await this.#query([COUNTS]);
    return {
      openCalls: Number(row?.['open_calls'] ?? 0),
      callbacksWaiting: Number(row?.['callbacks_waiting'] ?? 0),
      backlog: this.#options.backlog?.(),
    };
  }

  #query(statement: Statement): Promise<readonly Row[]> {
    const { store, deadlineMs } = this.#options;
    return store.query(statement, 'none', deadlineMs);
  }
}
