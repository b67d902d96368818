/**
 * What a process wants in the store, on its own disk until it is there.
 *
 * - `put` takes an entry into memory; at most `flushMs` later it is on the disk, with all others of that time, by one
 *   fdatasync. A process that is killed loses what it put within that time, and nothing else.
 * - The writer takes entries from the oldest on and acknowledges them in order, and only those that are on the disk: what
 *   the store knows, the next process knows too, and does not close a call that was closed. Beyond `memoryBytesMax` entries stand on
 *   the disk only and are read again when their turn comes: the store may be away for a day.
 * - When the disk is full or broken, entries stay in memory up to `undurableBytesMax` and reach the store all the same;
 *   it is tried again every `retryMs`, and `isJournalFailing` says so.
 *
 * Must never: throw at who puts, make him wait, write an entry into the store before an older one.
 */
import type { Clock, Timer } from '../base/clock.js';
import { describeErrorChain } from '../base/errors.js';
import type { Log } from '../base/log.js';
import { Journal, type EncodedEntry, type JournalFindings } from './journal.js';
import type { JournalFiles } from './journal-files.js';
import { encodePut, type JournalledEntry, type OutboxEntry } from './journal-line.js';
import type { OutboxPort, OutboxStatus } from './outbox-port.js';

export interface OutboxOptions {
  /** Of this process alone. */
  readonly files: JournalFiles;
  readonly clock: Clock;
  readonly log: Log;
  /** Between two writes to the disk. Default 50. */
  readonly flushMs?: number;
  /** For the note of what is in the store, when nothing else is written; losing it means writing twice. Default 1000. */
  readonly checkpointMs?: number;
  /** Between two attempts at a disk that refuses. Default 1000. */
  readonly retryMs?: number;
  /** Default 4 MiB. */
  readonly segmentBytesMax?: number;
  /** Default 16 MiB. */
  readonly memoryBytesMax?: number;
  /** Default 64 MiB. */
  readonly undurableBytesMax?: number;
}

const MIB = 2 ** 20;
const DEFAULTS = {
  flushMs: 50,
  checkpointMs: 1000,
  retryMs: 1000,
  segmentBytesMax: 4 * MIB,
  memoryBytesMax: 16 * MIB,
  undurableBytesMax: 64 * MIB,
};

/** A disk that has not answered for so long is as good as one that refuses. */
const STALLED_MS = 5000;

interface Waiter {
  readonly seq: number;
  readonly resolve: (isDurable: boolean) => void;
}

export class Outbox implements OutboxPort {
  readonly inherited: ReadonlyMap<string, object>;
  readonly inheritedWallMs: number;
  readonly #options: OutboxOptions & typeof DEFAULTS;
  readonly #journal: Journal;
  readonly #findings: JournalFindings;
  /** The oldest entries that are not done, without a gap. Those behind `#queuedUpTo` are on the disk or undurable. */
  readonly #queue: JournalledEntry[] = [];
  #queueBytes = 0;
  #queuedUpTo: number;
  /** Not on the disk yet, by `seq`. */
  #undurable: EncodedEntry[] = [];
  #undurableBytes = 0;
  #lastSeq: number;
  #done: number;
  #entries: number;
  #bytes: number;
  #lost = 0;
  #problem: string | undefined;
  #timer: { readonly dueMs: number; readonly timer: Timer } | undefined;
  #flushing: Promise<void> | undefined;
  #flushStartMs = 0;
  #isClosed = false;
  readonly #waiters: Waiter[] = [];
  #onReady: () => void = () => undefined;

  private constructor(options: OutboxOptions, journal: Journal, findings: JournalFindings) {
    this.#options = { ...DEFAULTS, ...options };
    this.#journal = journal;
    this.#findings = findings;
    this.inherited = new Map(journal.kept);
    this.inheritedWallMs = findings.lastPutWallMs;
    this.#done = this.#queuedUpTo = journal.done;
    this.#lastSeq = journal.lastSeq;
    this.#entries = findings.entries;
    this.#bytes = findings.bytes;
  }

  /** Reads the journal that earlier processes have left. Never throws: what cannot be read is told by the status. */
  static async open(options: OutboxOptions): Promise<Outbox> {
    const { files, log } = options;
    const segmentBytesMax = options.segmentBytesMax ?? DEFAULTS.segmentBytesMax;
    const { journal, findings } = await Journal.open({ files, log, segmentBytesMax });
    return new Outbox(options, journal, findings);
  }

  put(entry: OutboxEntry): void {
    const { clock, log, flushMs, undurableBytesMax, memoryBytesMax } = this.#options;
    const encoded = this.#encode(entry, clock.wallMs());
    if (encoded === undefined) return;
    if (this.#isClosed || this.#undurableBytes + encoded.line.length > undurableBytesMax) {
      this.#lost += 1;
      if (this.#lost === 1) log.error({ kind: entry.kind }, 'the outbox is full or closed: entries are lost');
      return;
    }
    const { seq, bytes } = encoded.entry;
    const isAllQueued = this.#queuedUpTo === this.#lastSeq;
    this.#lastSeq = seq;
    this.#undurable.push(encoded);
    this.#undurableBytes += bytes;
    this.#entries += 1;
    this.#bytes += bytes;
    if (isAllQueued && this.#queueBytes + bytes <= memoryBytesMax) this.#enqueue(encoded.entry);
    this.#flushWithin(this.#problem === undefined ? flushMs : this.#options.retryMs);
    if (this.#isFailing()) this.#onReady();
  }

  /** Told when there may be more to take; one listener, the writer. */
  onReady(listener: () => void): void {
    this.#onReady = listener;
  }

  /**
   * The oldest entries that are not acknowledged, as far as they are on the disk, if it takes any; taking them again gives them again.
   * @param bytesMax of their lines: at least one entry comes, however long
   * @throws what the disk says
   */
  async take(entriesMax: number, bytesMax: number): Promise<readonly JournalledEntry[]> {
    while (this.#queue.length === 0 && this.#queuedUpTo < this.#lastSeq) await this.#load();
    // Lines that were damaged while they lay on the disk are nobody's any more.
    if (this.#queue.length === 0) this.#entries = this.#bytes = 0;
    const upTo = this.#isFailing() ? Infinity : this.#journal.lastSeq;
    let bytes = 0;
    const first = this.#queue.slice(0, entriesMax);
    const count = first.findIndex(({ seq, bytes: size }) => seq > upTo || (bytes += size) > bytesMax);
    if (count < 0) return first;
    return first.slice(0, count === 0 && (first[0]?.seq ?? Infinity) <= upTo ? 1 : count);
  }

  /** The entries up to this one, all of them taken, are in the store. */
  acknowledge(seq: number): void {
    const first = this.#queue.findIndex((entry) => entry.seq > seq);
    const done = this.#queue.splice(0, first < 0 ? this.#queue.length : first);
    const bytes = done.reduce((sum, entry) => sum + entry.bytes, 0);
    this.#queueBytes -= bytes;
    this.#bytes -= bytes;
    this.#entries -= done.length;
    this.#done = Math.max(this.#done, seq);
    this.#flushWithin(this.#options.checkpointMs);
  }

  /** True once everything that was put until now is on the disk; false when the disk refuses. */
  whenDurable(): Promise<boolean> {
    if (this.#undurable.length === 0) return Promise.resolve(true);
    return new Promise((resolve) => {
      this.#waiters.push({ seq: this.#lastSeq, resolve });
    });
  }

  status(): OutboxStatus {
    const { clock } = this.#options;
    const { tornLines, damagedLines, unreadable } = this.#findings;
    const oldestWallMs = this.#oldestWallMs();
    return {
      entries: this.#entries,
      bytes: this.#bytes,
      oldestAgeMs: oldestWallMs === undefined ? 0 : Math.max(0, clock.wallMs() - oldestWallMs),
      undurableEntries: this.#undurable.length,
      isJournalFailing: this.#isFailing(),
      journalError: this.#problem,
      lost: this.#lost,
      tornLines,
      damagedLines,
      unreadableSegments: unreadable.length,
    };
  }

  /** Writes what is left, once. Nothing is taken afterwards. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#flushing;
    // The last flush may have set it again.
    this.#timer?.timer.cancel();
    this.#timer = undefined;
    do await this.#flush();
    while (this.#hasWork() && this.#problem === undefined);
    await this.#journal.close();
  }

  #encode(entry: OutboxEntry, wallMs: number): EncodedEntry | undefined {
    const seq = this.#lastSeq + 1;
    try {
      const line = encodePut(seq, wallMs, entry);
      return { line, entry: { ...entry, seq, putWallMs: wallMs, bytes: line.length } };
    } catch (error) {
      this.#lost += 1;
      this.#options.log.error(
        { err: error, kind: entry.kind },
        'an entry for the store is no JSON: it is lost',
      );
      return undefined;
    }
  }

  #enqueue(entry: JournalledEntry): void {
    this.#queuedUpTo = entry.seq;
    if (entry.seq <= this.#done) return;
    this.#queue.push(entry);
    this.#queueBytes += entry.bytes;
  }

  /** Brings the next entries into memory: first what is on the disk, then what is not there yet. */
  async #load(): Promise<void> {
    const { lastSeq } = this.#journal;
    const entries = this.#queuedUpTo < lastSeq ? await this.#journal.readAfter(this.#queuedUpTo) : [];
    for (const entry of entries) this.#enqueue(entry);
    if (entries.length > 0) return;
    // A damaged line leaves a gap in the numbers.
    this.#queuedUpTo = Math.max(this.#queuedUpTo, lastSeq);
    if (this.#queuedUpTo < this.#journal.lastSeq) return;
    for (const { entry } of this.#undurable) if (entry.seq > this.#queuedUpTo) this.#enqueue(entry);
    this.#queuedUpTo = this.#lastSeq;
  }

  #oldestWallMs(): number | undefined {
    if (this.#entries === 0) return undefined;
    return (
      this.#queue[0]?.putWallMs ??
      this.#journal.firstWallMsAfter(this.#queuedUpTo) ??
      this.#undurable[0]?.entry.putWallMs
    );
  }

  #hasWork(): boolean {
    return this.#undurable.length > 0 || this.#done > this.#journal.done;
  }

  /** An earlier flush that is waited for stays. */
  #flushWithin(delayMs: number): void {
    if (this.#isClosed || this.#flushing !== undefined) return;
    const { clock } = this.#options;
    const dueMs = clock.monotonicMs() + delayMs;
    if (this.#timer !== undefined && this.#timer.dueMs <= dueMs) return;
    this.#timer?.timer.cancel();
    const timer = clock.schedule(delayMs, () => {
      this.#timer = undefined;
      this.#flushing = this.#flush().finally(() => {
        this.#flushing = undefined;
        this.#flushAgain();
      });
    });
    this.#timer = { dueMs, timer };
  }

  #flushAgain(): void {
    const { retryMs, flushMs, checkpointMs } = this.#options;
    if (!this.#hasWork()) return;
    if (this.#problem !== undefined) this.#flushWithin(retryMs);
    else this.#flushWithin(this.#undurable.length > 0 ? flushMs : checkpointMs);
  }

  #isFailing(): boolean {
    if (this.#problem !== undefined) return true;
    return (
      this.#flushing !== undefined && this.#options.clock.monotonicMs() - this.#flushStartMs > STALLED_MS
    );
  }

  /** Never rejects. */
  async #flush(): Promise<void> {
    if (!this.#hasWork()) return;
    this.#flushStartMs = this.#options.clock.monotonicMs();
    if (this.#problem !== undefined) this.#skipDone();
    const batch = this.#nextBatch();
    const done = this.#done;
    try {
      await this.#journal.append(batch, done);
      this.#onWritten(batch);
    } catch (error) {
      this.#onRefused(error);
    }
  }

  /** While the disk refuses, memory is for what is nowhere else. */
  #skipDone(): void {
    const done = this.#undurable.filter(({ entry }) => entry.seq <= this.#done);
    this.#journal.skip(done.map(({ entry }) => entry));
    this.#drop(done);
  }

  #nextBatch(): readonly EncodedEntry[] {
    let bytes = 0;
    const { segmentBytesMax } = this.#options;
    const count = this.#undurable.findIndex(({ line }) => (bytes += line.length) > segmentBytesMax);
    return this.#undurable.slice(0, count < 0 ? this.#undurable.length : Math.max(count, 1));
  }

  #drop(first: readonly EncodedEntry[]): void {
    this.#undurable = this.#undurable.slice(first.length);
    this.#undurableBytes -= first.reduce((sum, { line }) => sum + line.length, 0);
  }

  #onWritten(batch: readonly EncodedEntry[]): void {
    this.#drop(batch);
    if (this.#problem !== undefined) this.#options.log.warn('the journal of the outbox is written again');
    this.#problem = undefined;
    const durable = this.#waiters.filter(({ seq }) => seq <= this.#journal.lastSeq);
    this.#settle(durable, true);
    this.#onReady();
  }

  #onRefused(error: unknown): void {
    const { log } = this.#options;
    if (this.#problem === undefined)
      log.error({ err: error }, 'the journal of the outbox cannot be written, entries stay in memory');
    this.#problem = describeErrorChain(error);
    this.#settle([...this.#waiters], false);
    this.#onReady();
  }

  #settle(waiters: readonly Waiter[], isDurable: boolean): void {
    for (const waiter of waiters) {
      this.#waiters.splice(this.#waiters.indexOf(waiter), 1);
      waiter.resolve(isDurable);
    }
  }
}
