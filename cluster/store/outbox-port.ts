/** Where everything goes that shall be in the store one day: nobody waits for it, and nothing of it is lost. */
import type { OutboxEntry } from './journal-line.js';

export type { Keep, OutboxEntry } from './journal-line.js';

export interface OutboxPort {
  /** Takes it at once; never throws, never waits. Entries reach the store in this order. */
  put(entry: OutboxEntry): void;
  /** What earlier processes had kept when the last one died, by key. */
  readonly inherited: ReadonlyMap<string, object>;
  /** When the last entry of an earlier process was put; 0: there was none. */
  readonly inheritedWallMs: number;
}

export interface OutboxStatus {
  /** Not in the store yet. */
  readonly entries: number;
  readonly bytes: number;
  /** Of the oldest of them, by the wall clock; 0 when there is none. */
  readonly oldestAgeMs: number;
  /** Taken, and not on the disk yet. */
  readonly undurableEntries: number;
  /** The disk refuses: entries are in memory only, and a process that dies loses them. */
  readonly isJournalFailing: boolean;
  readonly journalError: string | undefined;
  /** Since the start: turned away because the memory for a failing journal is full, or no JSON. */
  readonly lost: number;
  /** Of the start. */
  readonly tornLines: number;
  readonly damagedLines: number;
  readonly unreadableSegments: number;
}
