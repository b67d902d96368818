/**
 * The lines of a journal: `<16 hex digits of SHA-256> <JSON>\n`. A line that was cut off or changed is known by its sum,
 * and because JSON has no raw newline, the lines after it are found again. Pure.
 */
import { createHash } from 'node:crypto';

/** What must be known after the process has died, whatever has left the journal since; undefined: not any more. */
export interface Keep {
  readonly key: string;
  /** As JSON. */
  readonly value: object | undefined;
}

/** What is written into the store later. */
export interface OutboxEntry {
  /** How it becomes statements. */
  readonly kind: string;
  /** As JSON. */
  readonly data: object;
  readonly keep?: Keep;
}

export interface JournalledEntry extends OutboxEntry {
  /** 1, 2, 3 ... without an end, over all processes that have this journal one after another. */
  readonly seq: number;
  readonly putWallMs: number;
  /** Of its line. */
  readonly bytes: number;
}

/** The first line of a segment: with it, no older segment is needed for anything but its entries. */
export interface SegmentHead {
  /** Entries up to this one are in the store. */
  readonly done: number;
  readonly kept: readonly (readonly [key: string, value: object])[];
}

export type JournalRecord =
  | ({ readonly type: 'head' } & SegmentHead)
  | { readonly type: 'put'; readonly entry: JournalledEntry }
  | { readonly type: 'done'; readonly seq: number };

export interface DecodedJournal {
  readonly records: readonly JournalRecord[];
  /** Whole lines whose sum is wrong. */
  readonly damagedLines: number;
  /** The last line was not written to its end. */
  readonly isTorn: boolean;
}

const SUM_LENGTH = 16;
const NEWLINE = 0x0a;

function sumOf(json: string | Buffer): string {
  return createHash('sha256').update(json).digest('hex').slice(0, SUM_LENGTH);
}

function encode(line: object): Buffer {
  const json = JSON.stringify(line);
  return Buffer.from(`${sumOf(json)} ${json}\n`);
}

export function encodeHead({ done, kept }: SegmentHead): Buffer {
  return encode({ head: done, kept });
}

export function encodeDone(seq: number): Buffer {
  return encode({ done: seq });
}

/** @throws TypeError for what cannot be JSON */
export function encodePut(seq: number, putWallMs: number, { kind, data, keep }: OutboxEntry): Buffer {
  const kept = keep === undefined ? {} : { keep: [keep.key, keep.value ?? null] };
  return encode({ put: seq, wall: putWallMs, kind, data, ...kept });
}

interface Line {
  readonly head?: number;
  readonly kept?: SegmentHead['kept'];
  readonly done?: number;
  readonly put?: number;
  readonly wall?: number;
  readonly kind?: string;
  readonly data?: object;
  readonly keep?: readonly [string, object | null];
}

/** The sum is ours, so the fields are: only their presence tells the kinds of lines apart. */
function recordOf(line: Line, bytes: number): JournalRecord | undefined {
  const { head, kept = [], done, put, wall = 0, kind = '', data = {}, keep } = line;
  if (head !== undefined) return { type: 'head', done: head, kept };
  if (done !== undefined) return { type: 'done', seq: done };
  if (put === undefined) return undefined;
  const kept1 = keep === undefined ? {} : { keep: { key: keep[0], value: keep[1] ?? undefined } };
  return { type: 'put', entry: { seq: put, putWallMs: wall, bytes, kind, data, ...kept1 } };
}

function decode(line: Buffer): JournalRecord | undefined {
  const json = line.subarray(SUM_LENGTH + 1);
  if (line.toString('latin1', 0, SUM_LENGTH + 1) !== `${sumOf(json)} `) return undefined;
  return recordOf(JSON.parse(json.toString()) as Line, line.length + 1);
}

/** Never throws, whatever the disk has made of the file. */
export function decodeJournal(bytes: Buffer): DecodedJournal {
  const records: JournalRecord[] = [];
  let damagedLines = 0;
  let start = 0;
  for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, start)) {
    const record = decode(bytes.subarray(start, end));
    if (record === undefined) damagedLines += 1;
    else records.push(record);
    start = end + 1;
  }
  return { records, damagedLines, isTorn: start < bytes.length };
}
