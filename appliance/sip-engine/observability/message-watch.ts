/** Counts and traces what goes in and out, from the bytes: once a message, some microseconds at most. */
import { parseSipMessage } from '../message/parse-sip-message.js';
import { SipSyntaxError } from '../message/sip-syntax-error.js';
import type { SipFlow } from '../transport/sip-flow.js';
import type { Wire, WireSender } from '../transaction/transaction-port.js';
import type { EngineMetrics } from './engine-metrics.js';
import type { LadderTrace } from './ladder-trace.js';

const SPACE = 0x20;
const CR = 0x0d;
const METHOD_BYTES_MAX = 32;
const RESPONSE = Buffer.from('SIP/2.0 ');
const CSEQ = Buffer.from('\r\nCSeq: ');

function wordAt(bytes: Buffer, start: number): string {
  let end = start;
  while (end < bytes.length && end - start < METHOD_BYTES_MAX && bytes[end] !== SPACE && bytes[end] !== CR) {
    end += 1;
  }
  return bytes.toString('latin1', start, end);
}

/** Of a response that the engine has written, or of one in the usual spelling; others count as `other`. */
function methodOfResponse(bytes: Buffer): string {
  const at = bytes.indexOf(CSEQ);
  if (at < 0) return '';
  const space = bytes.indexOf(SPACE, at + CSEQ.length);
  return space < 0 ? '' : wordAt(bytes, space + 1);
}

export class MessageWatch {
  readonly #metrics: EngineMetrics;
  readonly #trace: LadderTrace;

  constructor(metrics: EngineMetrics, trace: LadderTrace) {
    this.#metrics = metrics;
    this.#trace = trace;
  }

  onReceived(bytes: Buffer, flow: SipFlow): void {
    if (isResponse(bytes)) this.#metrics.countResponseIn(methodOfResponse(bytes), statusOf(bytes));
    else this.#metrics.countRequestIn(wordAt(bytes, 0));
    if (this.#trace.isOn) this.#trace.note('in', flow, bytes, findCallId(bytes));
  }

  onSent(bytes: Buffer, flow: SipFlow): void {
    if (isResponse(bytes)) this.#metrics.countResponseOut(methodOfResponse(bytes), statusOf(bytes));
    else this.#metrics.countRequestOut(wordAt(bytes, 0));
    if (this.#trace.isOn) this.#trace.note('out', flow, bytes, findCallId(bytes));
  }

  /** The same wire, watched. */
  around(wire: Wire<SipFlow>): Wire<SipFlow> {
    return {
      send: (bytes: Buffer, flow: SipFlow, sender: WireSender) => {
        this.onSent(bytes, flow);
        wire.send(bytes, flow, sender);
      },
    };
  }
}

/** Only while somebody traces. */
function findCallId(bytes: Buffer): string | undefined {
  const parsed = parseSipMessage(bytes);
  if (parsed.kind === 'keep-alive') return undefined;
  try {
    return (parsed.kind === 'message' ? parsed.message : parsed.partial)?.callId;
  } catch (error) {
    if (error instanceof SipSyntaxError) return undefined;
    throw error;
  }
}

function isResponse(bytes: Buffer): boolean {
  return bytes.length > 12 && RESPONSE.compare(bytes, 0, RESPONSE.length) === 0;
}

function statusOf(bytes: Buffer): number {
  const status = Number(bytes.toString('latin1', RESPONSE.length, RESPONSE.length + 3));
  return status >= 100 && status <= 699 ? status : 0;
}
