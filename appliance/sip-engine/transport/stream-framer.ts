/**
 * Cuts a stream into messages by Content-Length (RFC 3261 18.3). Pure: the result does not depend on how the bytes
 * are spread over chunks, and the cost is linear in the bytes, also when they come one by one.
 *
 * Between messages, CRLFs are skipped (RFC 3261 7.5); a double one is a ping to be answered (RFC 5626 3.5.1).
 */
import { readBodyLength } from './content-length.js';

export interface FramerLimits {
  readonly headerBytesMax: number;
  readonly bodyBytesMax: number;
}

export interface FramedMessage {
  readonly bytes: Buffer;
  /** The bytes are a header section only: where its message ends is not known. */
  readonly problem?: string;
}

export interface Framed {
  readonly messages: readonly FramedMessage[];
  readonly pings: number;
  /** The stream cannot be read any further; nothing comes out of the framer from now on. */
  readonly fault?: string;
}

const CR = 0x0d;
const LF = 0x0a;
const NOTHING: Framed = { messages: [], pings: 0 };
const EMPTY: Buffer = Buffer.alloc(0);
const PING = [CR, LF, CR, LF];

function isLetter(code: number | undefined): boolean {
  const lower = (code ?? 0) | 0x20;
  return lower >= 0x61 && lower <= 0x7a;
}

export class StreamFramer {
  readonly #limits: FramerLimits;
  /** Bytes that are not used up, from #start to #end; the room beyond is spare. */
  #buffer = EMPTY;
  #start = 0;
  #end = 0;
  /** Up to here there is no end of the header section. */
  #scanned = 0;
  /** Two ends of line, as the start line writes them. */
  #terminator: '\r\n\r\n' | '\n\n' | undefined;
  /** Known with the header section. */
  #messageEnd: number | undefined;
  /** How many bytes of PING have come, between messages. */
  #pingBytes = 0;
  #pings = 0;
  #fault: string | undefined;

  constructor(limits: FramerLimits) {
    this.#limits = limits;
  }

  /** A message has begun and not ended. */
  get isPartial(): boolean {
    return this.#end > this.#start;
  }

  push(chunk: Buffer): Framed {
    if (this.#fault !== undefined) return NOTHING;
    this.#append(chunk);
    this.#pings = 0;
    const messages: FramedMessage[] = [];
    for (let next = this.#next(); next !== undefined; next = this.#next()) messages.push(next);
    return this.#framed(messages);
  }

  #framed(messages: readonly FramedMessage[]): Framed {
    const [pings, fault] = [this.#pings, this.#fault];
    if (this.#start === this.#end || fault !== undefined) this.#forgetAll();
    return fault === undefined ? { messages, pings } : { messages, pings, fault };
  }

  /** Room grows by doubling, so that a message that comes byte by byte is copied a few times only. */
  #append(chunk: Buffer): void {
    if (this.#start === this.#end) {
      this.#forgetAll();
      this.#buffer = chunk;
      this.#end = chunk.length;
      return;
    }
    if (this.#end + chunk.length > this.#buffer.length) this.#makeRoom(chunk.length);
    chunk.copy(this.#buffer, this.#end);
    this.#end += chunk.length;
  }

  #makeRoom(bytes: number): void {
    const used = this.#end - this.#start;
    const larger = Buffer.allocUnsafe(2 * (used + bytes));
    this.#buffer.copy(larger, 0, this.#start, this.#end);
    this.#buffer = larger;
    this.#scanned = Math.max(0, this.#scanned - this.#start);
    if (this.#messageEnd !== undefined) this.#messageEnd -= this.#start;
    this.#start = 0;
    this.#end = used;
  }

  /** An idle connection holds no memory. */
  #forgetAll(): void {
    this.#buffer = EMPTY;
    this.#start = 0;
    this.#end = 0;
    this.#scanned = 0;
  }

  #next(): FramedMessage | undefined {
    if (this.#fault !== undefined) return undefined;
    if (this.#messageEnd !== undefined) return this.#takeMessage(this.#messageEnd);
    if (!this.#skipEmptyLines()) return undefined;
    const headerEnd = this.#findHeaderEnd();
    const headerBytes = (headerEnd ?? this.#end) - this.#start;
    if (headerBytes > this.#limits.headerBytesMax) {
      this.#fault = 'the header section is too large';
      return undefined;
    }
    return headerEnd === undefined ? undefined : this.#measure(headerEnd);
  }

  /** @returns whether a message begins */
  #skipEmptyLines(): boolean {
    while (this.#start < this.#end) {
      const byte = this.#buffer[this.#start];
      if (byte !== CR && byte !== LF) break;
      this.#countPing(byte);
      this.#start += 1;
    }
    this.#scanned = Math.max(this.#scanned, this.#start);
    if (this.#start === this.#end) return false;
    this.#pingBytes = 0;
    if (isLetter(this.#buffer[this.#start])) return true;
    this.#fault = 'this is no SIP';
    return false;
  }

  #countPing(byte: number): void {
    if (byte === PING[this.#pingBytes]) this.#pingBytes += 1;
    else this.#pingBytes = byte === CR ? 1 : 0;
    if (this.#pingBytes < PING.length) return;
    this.#pingBytes = 0;
    this.#pings += 1;
  }

  /** Of the empty line, inclusive. */
  #findHeaderEnd(): number | undefined {
    const bytes = this.#buffer.subarray(0, this.#end);
    if (this.#terminator === undefined) {
      const lineEnd = bytes.indexOf(LF, this.#scanned);
      this.#scanned = lineEnd < 0 ? this.#end : lineEnd - 1;
      if (lineEnd < 0) return undefined;
      this.#terminator = bytes[lineEnd - 1] === CR ? '\r\n\r\n' : '\n\n';
    }
    const at = bytes.indexOf(this.#terminator, this.#scanned, 'latin1');
    if (at >= 0) return at + this.#terminator.length;
    this.#scanned = Math.max(this.#scanned, this.#end - this.#terminator.length + 1);
    return undefined;
  }

  #measure(headerEnd: number): FramedMessage | undefined {
    const isCrLf = this.#terminator === '\r\n\r\n';
    const text = this.#buffer.toString('latin1', this.#start, headerEnd - (isCrLf ? 2 : 1));
    const length = readBodyLength(text, isCrLf);
    if ('problem' in length) return this.#giveUp(headerEnd, length.problem);
    if (length.bytes > this.#limits.bodyBytesMax) return this.#giveUp(headerEnd, 'the body is too large');
    this.#messageEnd = headerEnd + length.bytes;
    return this.#takeMessage(this.#messageEnd);
  }

  #giveUp(headerEnd: number, problem: string): FramedMessage {
    this.#fault = problem;
    return { bytes: Buffer.from(this.#buffer.subarray(this.#start, headerEnd)), problem };
  }

  #takeMessage(end: number): FramedMessage | undefined {
    if (end > this.#end) return undefined;
    // A copy: a message that is kept must not keep everything that came with it.
    const bytes = Buffer.from(this.#buffer.subarray(this.#start, end));
    this.#start = end;
    this.#scanned = end;
    this.#messageEnd = undefined;
    this.#terminator = undefined;
    return { bytes };
  }
}
