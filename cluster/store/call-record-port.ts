/**
 * The record of every call: exactly one, opened at the first INVITE, closed whatever happens. Nothing here waits, throws
 * or answers; what is told twice is written once. Times are ms of the wall clock; when none is given, it is now.
 */

export interface CallFacts {
  /** Routing's name of it; null: in no queue yet. */
  readonly department: string | null;
  /** As the queue has it. */
  readonly priority: number;
  readonly isEmergency: boolean;
  /** When somebody first answered. */
  readonly answeredWallMs: number | null;
  /** Who was talked to last. */
  readonly seat: string | null;
  readonly callTaker: string | null;
  /** Null: nobody knows whether it is recorded. */
  readonly recording: boolean | null;
}

export interface OpenedCall extends Partial<CallFacts> {
  readonly callId: string;
  /** Of the service address that has the call. */
  readonly generation: number;
  readonly direction: 'inbound' | 'internal' | 'outbound';
  /** Normalised number or seat; empty when withheld. */
  readonly caller: string;
  readonly dialled: string;
  readonly openedWallMs: number;
}

export interface CallStepRecord {
  /** A stable word: queued, offered, answered ... */
  readonly kind: string;
  readonly detail?: Readonly<Record<string, string>>;
}

export interface CallEnd {
  /** A stable word. */
  readonly reason: string;
  /** 1.0 to 5.0 of the worse leg; undefined: nothing is known. */
  readonly mos?: number;
}

export interface TriggerRecord {
  /** Of the caller's making; the same for the undo. */
  readonly triggerId: string;
  readonly callId: string;
  /** number, key, text, hotKey */
  readonly input: string;
  /** The key, the number, or the word that matched; never a whole sentence of a patient. */
  readonly word: string;
  /** A person, or a recogniser by its name. */
  readonly source: string;
  /** 0 to 1 */
  readonly confidence: number;
  /** The rule that decided. */
  readonly reason: string;
  /** What became of it. */
  readonly outcome: string;
}

/** A place in a queue whose caller has hung up and is called back. */
export interface CallbackRecord {
  readonly entryId: string;
  readonly callId: string;
  readonly generation: number;
  readonly department: string;
  readonly priority: number;
  /** All that a call-taker needs. */
  readonly skills: readonly string[];
  /** Undefined: an ordinary place. */
  readonly trigger: string | undefined;
  readonly number: string;
  /** By which he called. */
  readonly trunkId: string;
  /** asked: he pressed the key; lost: his line was cut. */
  readonly reason: 'asked' | 'lost';
  /** The service address that his call came to. */
  readonly home: string;
  /** The waiting clock, which never restarts. */
  readonly arrivedWallMs: number;
  readonly state: 'waiting' | 'calling' | 'done' | 'givenUp';
  readonly attempts: number;
}

export interface CallRecordPort {
  /** The first INVITE; or a call that came over from the partner, or from the process before, as it stands now. */
  open(call: OpenedCall): void;
  /** Something has become known. */
  change(callId: string, facts: Partial<CallFacts>): void;
  /** A line of the call's history, with what it changes. */
  step(callId: string, step: CallStepRecord, facts?: Partial<CallFacts>): void;
  /** The end, and a step that says so. */
  close(callId: string, end: CallEnd): void;
  /** Somebody else goes on with it, and with its record: this process writes nothing of it any more. */
  leave(callId: string): void;
  /** What the call was about, as the call-taker wrote it up: mostly after the end, and perhaps corrected. */
  disposition(callId: string, code: string): void;
  trigger(trigger: TriggerRecord): void;
  undoTrigger(triggerId: string): void;
  callback(entry: CallbackRecord): void;
  /**
   * Closes what was open when an earlier process of this node died.
   * @param livesOn ids of calls that go on here; they are known as if this process had opened them
   * @returns ids of the calls that were closed
   */
  closeOrphans(reason: string, livesOn: ReadonlySet<string>): readonly string[];
}
