/** Records of calls in memory: what is told can be read at once. Under the same contract as the store. */
import type { Clock } from '../../../cluster/base/clock.js';
import type {
  CallbackRecord,
  CallEnd,
  CallFacts,
  CallRecordPort,
  CallStepRecord,
  OpenedCall,
  TriggerRecord,
} from '../../../cluster/store/call-record-port.js';
import type { CallbackReadPort } from '../../../cluster/store/callback-read-port.js';
import type {
  CallFilter,
  CallHistory,
  CallRecord,
  CallRecordCounts,
  CallRecordReadPort,
  RecordedStep,
  RecordedTrigger,
} from '../../../cluster/store/call-record-read-port.js';

const UNKNOWN = {
  ...{ department: null, priority: 0, isEmergency: false, answeredWallMs: null, seat: null, callTaker: null },
  ...{ recording: null, endedWallMs: null, waitedMs: null, talkedMs: null, endReason: null, mos: null },
  disposition: null,
};

export class FakeCallRecords implements CallRecordPort, CallRecordReadPort, CallbackReadPort {
  readonly #node: string;
  readonly #clock: Clock;
  readonly #calls = new Map<string, CallRecord>();
  readonly #left = new Set<string>();
  readonly #steps: (RecordedStep & { readonly callId: string })[] = [];
  readonly #triggers: RecordedTrigger[] = [];
  readonly #callbacks = new Map<string, { readonly entry: CallbackRecord; readonly changedWallMs: number }>();

  constructor(node: string, clock: Clock) {
    this.#node = node;
    this.#clock = clock;
  }

  open(call: OpenedCall): void {
    const known = this.#calls.get(call.callId);
    this.#left.delete(call.callId);
    this.#calls.set(call.callId, { ...UNKNOWN, ...known, node: this.#node, ...call });
    if (known === undefined) this.step(call.callId, { kind: 'opened' });
  }

  change(callId: string, facts: Partial<CallFacts>): void {
    const call = this.#calls.get(callId);
    if (call !== undefined && call.endedWallMs === null && !this.#left.has(callId))
      this.#calls.set(callId, { ...call, ...facts });
  }

  step(callId: string, { kind, detail = {} }: CallStepRecord, facts: Partial<CallFacts> = {}): void {
    this.#steps.push({ callId, kind, detail, node: this.#node, wallMs: this.#clock.wallMs() });
    this.change(callId, facts);
  }

  leave(callId: string): void {
    this.#left.add(callId);
  }

  close(callId: string, { reason, mos }: CallEnd): void {
    const call = this.#calls.get(callId);
    if (call === undefined || call.endedWallMs !== null || this.#left.has(callId)) return;
    const endedWallMs = this.#clock.wallMs();
    const answeredMs = call.answeredWallMs ?? endedWallMs;
    this.#calls.set(callId, {
      ...call,
      ...{ endedWallMs, endReason: reason, mos: mos ?? null },
      ...{ waitedMs: answeredMs - call.openedWallMs, talkedMs: endedWallMs - answeredMs },
    });
    this.step(callId, { kind: 'ended', detail: { reason } });
  }

  disposition(callId: string, code: string): void {
    const call = this.#calls.get(callId);
    if (call !== undefined) this.#calls.set(callId, { ...call, disposition: code });
  }

  trigger(trigger: TriggerRecord): void {
    const wallMs = this.#clock.wallMs();
    this.#triggers.push({ ...trigger, node: this.#node, wallMs, undoneWallMs: null });
  }

  undoTrigger(triggerId: string): void {
    const index = this.#triggers.findIndex((trigger) => trigger.triggerId === triggerId);
    const found = this.#triggers[index];
    if (found !== undefined) this.#triggers[index] = { ...found, undoneWallMs: this.#clock.wallMs() };
  }

  callback(entry: CallbackRecord): void {
    this.#callbacks.set(entry.entryId, { entry, changedWallMs: this.#clock.wallMs() });
  }

  findCallbacks(home: string, beforeWallMs: number): Promise<readonly CallbackRecord[]> {
    const open = [...this.#callbacks.values()]
      .filter(({ entry, changedWallMs }) => entry.home === home && changedWallMs < beforeWallMs)
      .map(({ entry }) => entry)
      .filter(({ state }) => state === 'waiting' || state === 'calling')
      .sort((one, other) => one.arrivedWallMs - other.arrivedWallMs);
    return Promise.resolve(open);
  }

  closeOrphans(): readonly string[] {
    return [];
  }

  findCalls(filter: CallFilter): Promise<readonly CallRecord[]> {
    const { fromWallMs, toWallMs, number = '', department, isEmergency, isOpen, before, limit } = filter;
    const found = [...this.#calls.values()]
      .filter(({ openedWallMs }) => openedWallMs >= fromWallMs && openedWallMs <= toWallMs)
      .filter(({ caller, dialled }) => caller.includes(number) || dialled.includes(number))
      .filter((call) => department === undefined || call.department === department)
      .filter((call) => isEmergency === undefined || call.isEmergency === isEmergency)
      .filter((call) => isOpen === undefined || (call.endedWallMs === null) === isOpen)
      .filter((call) => before === undefined || compare(call, before) < 0)
      .sort((one, other) => compare(other, one));
    return Promise.resolve(found.slice(0, limit));
  }

  findCall(callId: string): Promise<CallHistory | undefined> {
    const call = this.#calls.get(callId);
    if (call === undefined) return Promise.resolve(undefined);
    const steps = this.#steps.filter((step) => step.callId === callId);
    const triggers = this.#triggers.filter((trigger) => trigger.callId === callId);
    return Promise.resolve({
      ...{ call, triggers },
      steps: steps.map(({ kind, detail, node, wallMs }) => ({ kind, detail, node, wallMs })),
    });
  }

  findTriggers(fromWallMs: number, toWallMs: number, limit: number): Promise<readonly RecordedTrigger[]> {
    const found = this.#triggers.filter(({ wallMs }) => wallMs >= fromWallMs && wallMs <= toWallMs);
    return Promise.resolve(found.slice(0, limit));
  }

  counts(): Promise<CallRecordCounts> {
    const openCalls = [...this.#calls.values()].filter((call) => call.endedWallMs === null).length;
    const waiting = [...this.#callbacks.values()].filter(({ entry }) => entry.state === 'waiting');
    return Promise.resolve({ openCalls, callbacksWaiting: waiting.length, backlog: undefined });
  }
}

type Place = Pick<CallRecord, 'openedWallMs' | 'callId'>;

function compare(one: Place, other: Place): number {
  return (
    one.openedWallMs - other.openedWallMs ||
    (one.callId < other.callId ? -1 : Number(one.callId > other.callId))
  );
}
