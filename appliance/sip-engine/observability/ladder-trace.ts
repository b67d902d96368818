/**
 * A trace of single calls, on demand, for whoever looks for a fault: which message went where and when. Without a
 * trace that runs nothing is kept, and nothing is looked at but one flag.
 *
 * Kept are the start line, CSeq and whether there is a tag in To; bodies and all other headers never. A start line
 * holds numbers that were dialled, so every trace ends by itself, and what it kept goes with it.
 */
import type { Clock, Timer } from '../../../cluster/base/clock.js';
import type { Rng } from '../../../cluster/base/rng.js';
import { parseSipMessage } from '../message/parse-sip-message.js';
import { SipSyntaxError } from '../message/sip-syntax-error.js';
import type { SipMessage } from '../message/sip-message.js';
import type { SipFlow } from '../transport/sip-flow.js';
import { ladderText } from './ladder-text.js';

export interface LadderOrder {
  /** Only this call. */
  readonly callId?: string;
  /** Only messages that have this text, a number mostly, in their header section. */
  readonly containing?: string;
  /** The newest of them are kept; default and limit 1000. */
  readonly maxMessages?: number;
  /** How long the trace runs and may be read; default 5 minutes, limit 1 hour. */
  readonly ttlMs?: number;
}

export type LadderDirection = 'in' | 'out';

export interface LadderMessage {
  readonly wallMs: number;
  readonly direction: LadderDirection;
  /** `192.0.2.1:5060`, `[2001:db8::1]:5060` */
  readonly from: string;
  readonly to: string;
  /** Printable, cut when it is long. */
  readonly firstLine: string;
  /** `7 INVITE`; empty when there is none to be read. */
  readonly cseq: string;
  /** The request is within a dialog, the response makes or has one. */
  readonly hasToTag: boolean;
}

export interface LadderReading {
  readonly messages: readonly LadderMessage[];
  /** How many older ones had to make room. */
  readonly dropped: number;
  /** For a terminal, one line a message. */
  readonly text: string;
}

export interface LadderTraceOptions {
  readonly clock: Clock;
  readonly rng: Rng;
}

const MESSAGES_MAX = 1000;
const TTL_MS = 300_000;
const TTL_MS_MAX = 3_600_000;
const TRACES_MAX = 8;
const FIRST_LINE_MAX = 160;
const ID_BYTES = 8;

/** The newest messages, in a ring. */
class Trace {
  readonly #callId: string | undefined;
  readonly #containing: string | undefined;
  readonly #max: number;
  readonly #ring: LadderMessage[] = [];
  #seen = 0;

  constructor(order: LadderOrder) {
    this.#callId = order.callId;
    this.#containing = order.containing;
    this.#max = bounded(order.maxMessages, MESSAGES_MAX, MESSAGES_MAX);
  }

  wants(bytes: Buffer, callId: string | undefined): boolean {
    if (this.#callId !== undefined && this.#callId !== callId) return false;
    return this.#containing === undefined || hasInHeaders(bytes, this.#containing);
  }

  add(message: LadderMessage): void {
    this.#ring[this.#seen % this.#max] = message;
    this.#seen += 1;
  }

  read(): LadderReading {
    const oldest = this.#seen <= this.#max ? 0 : this.#seen % this.#max;
    const messages = [...this.#ring.slice(oldest), ...this.#ring.slice(0, oldest)];
    const dropped = this.#seen - messages.length;
    return { messages, dropped, text: ladderText(messages, dropped) };
  }
}

/** @throws RangeError for what is no whole number from 1 to `max` */
function bounded(value: number | undefined, usual: number, max: number): number {
  const number = value ?? usual;
  if (Number.isSafeInteger(number) && number >= 1 && number <= max) return number;
  throw new RangeError(`expected a whole number from 1 to ${String(max)}, not ${String(number)}`);
}

function hasInHeaders(bytes: Buffer, text: string): boolean {
  const end = bytes.indexOf('\r\n\r\n');
  return bytes.subarray(0, end < 0 ? bytes.length : end).includes(text, 0, 'latin1');
}

function hostPort(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${String(port)}` : `${address}:${String(port)}`;
}

/** A copy: the bytes of the message are not to be kept alive. */
function firstLineOf(bytes: Buffer): string {
  let line = '';
  for (const byte of bytes.subarray(0, FIRST_LINE_MAX)) {
    if (byte === 0x0d || byte === 0x0a) break;
    line += byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.';
  }
  return line;
}

function findMessage(bytes: Buffer): SipMessage | undefined {
  const parsed = parseSipMessage(bytes);
  if (parsed.kind === 'message') return parsed.message;
  return parsed.kind === 'malformed' ? parsed.partial : undefined;
}

/** Of a message that cannot be read there is only its first line. */
function dialogFields(bytes: Buffer): Pick<LadderMessage, 'cseq' | 'hasToTag'> {
  try {
    const message = findMessage(bytes);
    if (message === undefined) return { cseq: '', hasToTag: false };
    const { number, method } = message.cseq;
    return { cseq: `${String(number)} ${method}`, hasToTag: message.to.tag !== undefined };
  } catch (error) {
    if (error instanceof SipSyntaxError) return { cseq: '', hasToTag: false };
    throw error;
  }
}

export class LadderTrace {
  readonly #options: LadderTraceOptions;
  readonly #traces = new Map<string, { readonly trace: Trace; readonly end: Timer }>();
  #isOn = false;

  constructor(options: LadderTraceOptions) {
    this.#options = options;
  }

  /** Ask before anything is made ready for `note`. */
  get isOn(): boolean {
    return this.#isOn;
  }

  /**
   * @returns the id to read and stop it by
   * @throws RangeError for an order out of bounds, or when too many run
   */
  start(order: LadderOrder = {}): string {
    if (this.#traces.size >= TRACES_MAX) throw new RangeError(`${String(TRACES_MAX)} traces run already`);
    const { clock, rng } = this.#options;
    const id = Buffer.from(rng.bytes(ID_BYTES)).toString('hex');
    const trace = new Trace(order);
    const end = clock.schedule(bounded(order.ttlMs, TTL_MS, TTL_MS_MAX), () => {
      this.stop(id);
    });
    this.#traces.set(id, { trace, end });
    this.#isOn = true;
    return id;
  }

  /** Idempotent. Forgets what was kept. */
  stop(id: string): void {
    this.#traces.get(id)?.end.cancel();
    this.#traces.delete(id);
    this.#isOn = this.#traces.size > 0;
  }

  /** Undefined for a trace that has ended. */
  read(id: string): LadderReading | undefined {
    return this.#traces.get(id)?.trace.read();
  }

  /**
   * Never throws.
   * @param callId undefined when the message could not be read
   */
  note(direction: LadderDirection, flow: SipFlow, bytes: Buffer, callId: string | undefined): void {
    if (!this.#isOn) return;
    let message: LadderMessage | undefined;
    for (const { trace } of this.#traces.values()) {
      if (trace.wants(bytes, callId)) trace.add((message ??= this.#summary(direction, flow, bytes)));
    }
  }

  #summary(direction: LadderDirection, flow: SipFlow, bytes: Buffer): LadderMessage {
    const ours = hostPort(flow.localAddress, flow.localPort);
    const theirs = hostPort(flow.remoteAddress, flow.remotePort);
    const [from, to] = direction === 'in' ? [theirs, ours] : [ours, theirs];
    const wallMs = this.#options.clock.wallMs();
    return { wallMs, direction, from, to, firstLine: firstLineOf(bytes), ...dialogFields(bytes) };
  }
}
