/**
 * Records of calls as people and the dry run of routing look at them. All answers are this node's own copy, however old:
 * they are there without a leader. Times are ms of the wall clock.
 */
import type { Backlog } from './batching-writer.js';
import type { CallFacts, CallStepRecord, OpenedCall, TriggerRecord } from './call-record-port.js';

export interface CallFilter {
  /** By the time of the first INVITE, both ends included. */
  readonly fromWallMs: number;
  readonly toWallMs: number;
  /** Digits that the caller's or the dialled number contains. */
  readonly number?: string;
  readonly department?: string;
  readonly isEmergency?: boolean;
  readonly isOpen?: boolean;
  /** The last call of the page before. */
  readonly before?: { readonly openedWallMs: number; readonly callId: string };
  /** 1 to 1000. */
  readonly limit: number;
}

export interface CallRecord extends Omit<OpenedCall, keyof CallFacts | 'direction'>, CallFacts {
  readonly node: string;
  readonly direction: string;
  readonly endedWallMs: number | null;
  readonly waitedMs: number | null;
  readonly talkedMs: number | null;
  readonly endReason: string | null;
  readonly mos: number | null;
  readonly disposition: string | null;
}

export interface RecordedStep extends Required<CallStepRecord> {
  readonly node: string;
  readonly wallMs: number;
}

export interface RecordedTrigger extends TriggerRecord {
  readonly node: string;
  readonly wallMs: number;
  readonly undoneWallMs: number | null;
}

export interface CallHistory {
  readonly call: CallRecord;
  /** Of all nodes that had the call, by time. */
  readonly steps: readonly RecordedStep[];
  readonly triggers: readonly RecordedTrigger[];
}

export interface CallRecordCounts {
  readonly openCalls: number;
  readonly callbacksWaiting: number;
  /** Of this node: what is not in the store yet. Undefined: this process does not write. */
  readonly backlog: Backlog | undefined;
}

/** Each throws STORE_AWAY, STORE_NO_LEADER, STORE_NO_TABLES or STORE_REFUSED. */
export interface CallRecordReadPort {
  /** The latest first. @throws RangeError for a limit that is out of bounds */
  findCalls(filter: CallFilter): Promise<readonly CallRecord[]>;
  findCall(callId: string): Promise<CallHistory | undefined>;
  /** In their order; at most `limit`. */
  findTriggers(fromWallMs: number, toWallMs: number, limit: number): Promise<readonly RecordedTrigger[]>;
  counts(): Promise<CallRecordCounts>;
}
