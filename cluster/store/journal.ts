/**
 * Entries on the disk, in segments `journal-<number>`. Each segment begins with a head (what is done, what is kept), so
 * a segment can go as soon as all its entries are in the store and a later segment has a head on the disk.
 *
 * Invariant: what was durable stays readable until it is done. After a failure the segment is given up and what was in
 * hand is written again into a new one: an fsync that is tried again can report success for pages that were lost
 * (PostgreSQL's fsync errors of 2018), and a torn line must not get another one behind it. So the same entry can stand
 * twice; its number tells.
 */
import type { Log } from '../base/log.js';
import type { AppendableFile, JournalFiles } from './journal-files.js';
import {
  decodeJournal,
  encodeDone,
  encodeHead,
  type JournalledEntry,
  type JournalRecord,
  type Keep,
} from './journal-line.js';

/** An entry on its way to the disk. */
export interface EncodedEntry {
  readonly entry: JournalledEntry;
  readonly line: Buffer;
}

export interface JournalOptions {
  readonly files: JournalFiles;
  readonly log: Log;
  /** A segment that has reached it is followed by another. */
  readonly segmentBytesMax: number;
}

interface Segment {
  readonly number: number;
  bytes: number;
  /** 0: it has no entries. */
  lastSeq: number;
  /** Of its first entry. */
  firstWallMs: number | undefined;
}

/** What was found at the start. */
export interface JournalFindings {
  /** Not in the store yet. */
  readonly entries: number;
  readonly bytes: number;
  readonly tornLines: number;
  readonly damagedLines: number;
  /** Segments that could not be read; they are left where they are. */
  readonly unreadable: readonly string[];
  /** When the last entry was put: the process lived until then. 0: never. */
  readonly lastPutWallMs: number;
}

const NAME = /^journal-(\d{10})$/;

function nameOf(number: number): string {
  return `journal-${String(number).padStart(10, '0')}`;
}

export class Journal {
  readonly #options: JournalOptions;
  readonly #segments: Segment[] = [];
  readonly #kept = new Map<string, object>();
  #file: AppendableFile | undefined;
  #lastNumber = 0;
  #lastSeq = 0;
  #done = 0;
  #doneOnDisk = 0;

  private constructor(options: JournalOptions) {
    this.#options = options;
  }

  /** Never throws: a folder that cannot be read is a journal that begins anew, and says so. */
  static async open(options: JournalOptions): Promise<{ journal: Journal; findings: JournalFindings }> {
    const journal = new Journal(options);
    return { journal, findings: await journal.#readAll() };
  }

  /** The last entry that is on the disk, or done. */
  get lastSeq(): number {
    return this.#lastSeq;
  }

  get done(): number {
    return this.#done;
  }

  /** As of `lastSeq`. */
  get kept(): ReadonlyMap<string, object> {
    return this.#kept;
  }

  /** When the oldest entry beyond `seq` was put, or an older one of the same segment. */
  firstWallMsAfter(seq: number): number | undefined {
    return this.#segments.find((segment) => segment.lastSeq > seq)?.firstWallMs;
  }

  /** The next entries on the disk beyond `seq`, of one segment; none: `seq` is the last. @throws of the disk */
  async readAfter(seq: number): Promise<readonly JournalledEntry[]> {
    for (const segment of this.#segments.filter(({ lastSeq }) => lastSeq > seq)) {
      const { records } = decodeJournal(await this.#options.files.read(nameOf(segment.number)));
      // What stands behind the last entry that is durable is being written now.
      const entries = ordered(records, seq).filter((entry) => entry.seq <= segment.lastSeq);
      if (entries.length > 0) return entries;
    }
    return [];
  }

  /**
   * Writes entries behind the last one, and what is done by now; together they are one write to the disk.
   * @throws what the disk says; the same entries, or more, have to be given again
   */
  async append(entries: readonly EncodedEntry[], done: number): Promise<void> {
    const head = await this.#openSegment(done);
    const isDoneNew = head === undefined && done > this.#doneOnDisk;
    const lines = [
      ...(head === undefined ? [] : [head]),
      ...entries.map(({ line }) => line),
      ...(isDoneNew ? [encodeDone(done)] : []),
    ];
    const bytes = Buffer.concat(lines);
    try {
      await this.#file?.append(bytes);
    } catch (error) {
      await this.#giveUpSegment();
      throw error;
    }
    this.#onDurable(entries, bytes.length, done);
    await this.#removeDone();
  }

  /** These are in the store and shall never be on the disk; only what they keep shall be known later. */
  skip(entries: readonly JournalledEntry[]): void {
    for (const { seq, keep } of entries) {
      this.#keep(keep);
      this.#lastSeq = Math.max(this.#lastSeq, seq);
    }
  }

  async close(): Promise<void> {
    await this.#file?.close().catch(() => undefined);
    this.#file = undefined;
  }

  /** @returns its head when the segment is a new one */
  async #openSegment(done: number): Promise<Buffer | undefined> {
    const current = this.#segments.at(-1);
    const isFull = (current?.bytes ?? 0) >= this.#options.segmentBytesMax;
    if (this.#file !== undefined && !isFull) return undefined;
    await this.close();
    const number = this.#lastNumber + 1;
    const file = await this.#options.files.open(nameOf(number));
    this.#file = file;
    this.#lastNumber = number;
    this.#segments.push({ number, bytes: 0, lastSeq: 0, firstWallMs: undefined });
    return encodeHead({ done, kept: [...this.#kept] });
  }

  async #giveUpSegment(): Promise<void> {
    await this.close();
    const current = this.#segments.at(-1);
    if (current === undefined || current.bytes > 0) return;
    this.#segments.pop();
    await this.#options.files.remove(nameOf(current.number)).catch(() => undefined);
  }

  #onDurable(entries: readonly EncodedEntry[], bytes: number, done: number): void {
    const current = this.#segments.at(-1);
    if (current === undefined) return;
    current.bytes += bytes;
    current.firstWallMs ??= entries[0]?.entry.putWallMs;
    for (const { entry } of entries) {
      this.#keep(entry.keep);
      this.#lastSeq = current.lastSeq = entry.seq;
    }
    this.#done = Math.max(this.#done, done);
    this.#doneOnDisk = this.#done;
  }

  /** A segment of which nothing is wanted any more goes; the last one has the head that makes it so. */
  async #removeDone(): Promise<void> {
    const wanted = this.#segments.findIndex(({ lastSeq }) => lastSeq > this.#doneOnDisk);
    const until = wanted < 0 ? this.#segments.length - 1 : Math.min(wanted, this.#segments.length - 1);
    for (const { number } of this.#segments.splice(0, until)) {
      try {
        await this.#options.files.remove(nameOf(number));
      } catch (error) {
        // It is read again at the next start, and found to be done.
        this.#options.log.warn({ err: error, segment: number }, 'a segment of the journal cannot be removed');
      }
    }
  }

  #keep(keep: Keep | undefined): void {
    if (keep === undefined) return;
    if (keep.value === undefined) this.#kept.delete(keep.key);
    else this.#kept.set(keep.key, keep.value);
  }

  async #readAll(): Promise<JournalFindings> {
    const { files, log } = this.#options;
    const found = new Findings();
    let names: readonly string[] = [];
    try {
      names = await files.list();
    } catch (error) {
      log.error({ err: error }, 'the folder of the journal cannot be read');
      found.unreadable.push('(all)');
    }
    for (const name of names) {
      const number = Number(NAME.exec(name)?.[1]);
      if (Number.isNaN(number)) continue;
      this.#lastNumber = Math.max(this.#lastNumber, number);
      try {
        this.#readSegment(number, await files.read(name), found);
      } catch (error) {
        log.error(
          { err: error, segment: number },
          'a segment of the journal cannot be read and is left alone',
        );
        found.unreadable.push(name);
      }
    }
    this.#doneOnDisk = this.#done;
    this.#lastSeq = Math.max(this.#lastSeq, this.#done);
    return found.after(this.#done, log);
  }

  #readSegment(number: number, bytes: Buffer, found: Findings): void {
    const { records, damagedLines, isTorn } = decodeJournal(bytes);
    found.damagedLines += damagedLines;
    if (isTorn) found.tornLines += 1;
    const fresh = ordered(records, this.#lastSeq);
    for (const record of records) this.#apply(record);
    for (const entry of fresh) found.note(entry);
    const lastSeq = fresh.at(-1)?.seq ?? 0;
    this.#lastSeq = Math.max(this.#lastSeq, lastSeq);
    const firstWallMs = fresh[0]?.putWallMs;
    this.#segments.push({ number, bytes: bytes.length, lastSeq, firstWallMs });
  }

  #apply(record: JournalRecord): void {
    if (record.type === 'put') this.#keep(record.entry.keep);
    else if (record.type === 'done') this.#done = Math.max(this.#done, record.seq);
    else {
      this.#done = Math.max(this.#done, record.done);
      this.#kept.clear();
      for (const [key, value] of record.kept) this.#kept.set(key, value);
    }
  }
}

/** The entries beyond `seq`, each once. */
function ordered(records: readonly JournalRecord[], seq: number): readonly JournalledEntry[] {
  const entries: JournalledEntry[] = [];
  let last = seq;
  for (const record of records) {
    if (record.type !== 'put' || record.entry.seq <= last) continue;
    entries.push(record.entry);
    last = record.entry.seq;
  }
  return entries;
}

/** Adds up what is read; what is done is only known at the end. */
class Findings {
  readonly unreadable: string[] = [];
  damagedLines = 0;
  tornLines = 0;
  #lastPutWallMs = 0;
  /** Two lists of numbers: of an hour without the store there are a million entries. */
  readonly #seqs: number[] = [];
  readonly #sizes: number[] = [];

  note({ seq, bytes, putWallMs }: JournalledEntry): void {
    this.#seqs.push(seq);
    this.#sizes.push(bytes);
    this.#lastPutWallMs = Math.max(this.#lastPutWallMs, putWallMs);
  }

  after(done: number, log: Log): JournalFindings {
    const firstOpen = this.#seqs.findIndex((seq) => seq > done);
    const open = firstOpen < 0 ? [] : this.#sizes.slice(firstOpen);
    const { damagedLines, tornLines, unreadable } = this;
    if (damagedLines > 0) log.error({ damagedLines }, 'lines of the journal are damaged and were left out');
    if (tornLines > 0) log.warn({ tornLines }, 'the journal ends in a line that was never finished');
    const bytes = open.reduce((sum, size) => sum + size, 0);
    return {
      ...{ entries: open.length, bytes, tornLines, damagedLines, unreadable },
      lastPutWallMs: this.#lastPutWallMs,
    };
  }
}
