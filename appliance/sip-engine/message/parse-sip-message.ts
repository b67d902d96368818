/**
 * Bytes of one datagram, or of one framed message of a stream, -> message. Structure only: whether the headers are
 * the right ones is for check-message.ts to say.
 */
import { findStartLine, indexHeaders } from './message-index.js';
import { SipMessage } from './sip-message.js';
import { SipSyntaxError } from './sip-syntax-error.js';

export interface MalformedMessage {
  readonly kind: 'malformed';
  /** Why, as a sentence without an end. */
  readonly reason: string;
  /** A request that can be told to its sender (400): start line, Via, From, To, Call-ID and CSeq are good. */
  readonly partial?: SipMessage;
}

export type ParseResult =
  | { readonly kind: 'message'; readonly message: SipMessage }
  | MalformedMessage
  | { readonly kind: 'keep-alive' };

const CR = 0x0d;
const LF = 0x0a;

/** RFC 5626 3.5.1 and 4.4.1: CRLFs keep a flow alive. Some phones send zero bytes for the same purpose. */
function isKeepAlive(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === CR || byte === LF || byte === 0);
}

interface HeaderSection {
  readonly start: number;
  /** Offset of the body. */
  readonly bodyStart: number;
  readonly isCrLf: boolean;
  /** With an end of line at its end, the empty line left out. */
  readonly text: string;
  readonly isEnded: boolean;
}

/**
 * The start line decides how lines end in the whole section. LF alone is taken from simple senders, both mixed are
 * not: a proxy that knows only one of the two would see another message than we do.
 */
function findHeaderSection(bytes: Buffer, start: number): HeaderSection | undefined {
  const firstEnd = bytes.indexOf(LF, start);
  if (firstEnd < 0) return undefined;
  const isCrLf = firstEnd > start && bytes[firstEnd - 1] === CR;
  const endOfLine = isCrLf ? '\r\n' : '\n';
  const end = bytes.indexOf(endOfLine + endOfLine, start, 'latin1');
  if (end < 0) {
    const text = `${bytes.toString('latin1', start)}${endOfLine}`;
    return { start, bodyStart: bytes.length, isCrLf, text, isEnded: false };
  }
  const textEnd = end + endOfLine.length;
  const text = bytes.toString('latin1', start, textEnd);
  return { start, bodyStart: textEnd + endOfLine.length, isCrLf, text, isEnded: true };
}

interface Framed {
  readonly bodyEnd: number;
  readonly problem?: string;
}

/** RFC 3261 18.3: bytes beyond Content-Length are ignored, a body shorter than it is an error. */
function frameBody(bytes: Buffer, bodyStart: number, header: SipMessage): Framed {
  const bodyEnd = bytes.length;
  try {
    const length = header.contentLength ?? bodyEnd - bodyStart;
    if (bodyStart + length <= bodyEnd) return { bodyEnd: bodyStart + length };
    return { bodyEnd, problem: 'the body is shorter than Content-Length says' };
  } catch (error) {
    if (!(error instanceof SipSyntaxError)) throw error;
    return { bodyEnd, problem: error.message };
  }
}

/** True when a response can be made that finds its way and its transaction (RFC 3261 8.2.6). */
function isAnswerable(message: SipMessage): boolean {
  // Nobody answers an ACK (RFC 3261 17), and an error for a response would go round in circles.
  if (!message.isRequest || message.method === 'ACK') return false;
  try {
    return [message.via, message.from, message.to, message.callId, message.cseq].length > 0;
  } catch (error) {
    if (error instanceof SipSyntaxError) return false;
    throw error;
  }
}

function malformed(reason: string, message: SipMessage): MalformedMessage {
  return isAnswerable(message)
    ? { kind: 'malformed', reason, partial: message }
    : { kind: 'malformed', reason };
}

function parseSection(bytes: Buffer, section: HeaderSection): ParseResult {
  const { start, text, isCrLf, bodyStart } = section;
  const lineEnd = text.indexOf('\n');
  const line = text.slice(0, isCrLf ? lineEnd - 1 : lineEnd);
  const startLine = line.includes('\r') ? undefined : findStartLine(line);
  if (startLine === undefined) return { kind: 'malformed', reason: 'the start line is not one of SIP' };
  const index = indexHeaders(text, lineEnd + 1, isCrLf);
  const whole = new SipMessage({ bytes, start, text, startLine, index, body: bytes.subarray(bodyStart) });
  const { bodyEnd, problem } = frameBody(bytes, bodyStart, whole);
  const unended = section.isEnded ? undefined : 'the header section does not end';
  const reason = startLine.problem ?? index.problem ?? unended ?? problem;
  if (reason !== undefined) return malformed(reason, whole);
  if (bodyEnd === bytes.length) return { kind: 'message', message: whole };
  const body = bytes.subarray(bodyStart, bodyEnd);
  return { kind: 'message', message: new SipMessage({ bytes, start, text, startLine, index, body }) };
}

/** Never throws. The message keeps `bytes`: they must not be written to afterwards. */
export function parseSipMessage(bytes: Buffer): ParseResult {
  let start = 0;
  while (bytes[start] === CR || bytes[start] === LF) start += 1;
  if (isKeepAlive(bytes)) return { kind: 'keep-alive' };
  const section = findHeaderSection(bytes, start);
  if (section === undefined) return { kind: 'malformed', reason: 'there is no line' };
  return parseSection(bytes, section);
}
