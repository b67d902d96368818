/** The small headers: numbers, lists of tokens, and pairs of both. Each function throws SipSyntaxError only. */
import { CALL_ID, DIGIT, findNumber, isAllOf, TOKEN, trimBlanks } from './sip-characters.js';
import { quoteForSentence, SipSyntaxError } from './sip-syntax-error.js';
import { plainParam, splitList, ValueScanner, type SipParams } from './value-scanner.js';
import { fromWireText } from './wire-text.js';

/** RFC 3261 8.1.1.5: less than 2^31. */
export const CSEQ_MAX = 2 ** 31 - 1;
/** RFC 3262 7.1, and the delta-seconds of RFC 3261 20.19. */
const UINT32_MAX = 2 ** 32 - 1;
/** RFC 3261 20.22 */
const MAX_FORWARDS_MAX = 255;

export interface CSeq {
  readonly number: number;
  readonly method: string;
}

/** RFC 3262 7.2: what a PRACK acknowledges. */
export interface RAck {
  readonly rseq: number;
  readonly cseq: number;
  readonly method: string;
}

/** RFC 4028 4. */
export interface SessionExpires {
  /** Seconds. */
  readonly interval: number;
  readonly refresher?: 'uac' | 'uas';
}

/** RFC 3891 6.1. */
export interface Replaces {
  readonly callId: string;
  readonly toTag: string;
  readonly fromTag: string;
  readonly earlyOnly: boolean;
}

/** RFC 3326 2: why a request was sent. */
export interface ReasonValue {
  /** `SIP`, `Q.850`, ... as written. */
  readonly protocol: string;
  readonly cause?: number;
  /** Decoded, for people. */
  readonly text?: string;
}

/** RFC 6665 8.2.1: the package and what else identifies a subscription. */
export interface EventValue {
  readonly name: string;
  readonly id?: string;
  readonly params: SipParams;
}

/** @throws SipSyntaxError for anything but digits up to `max` */
export function parseNumber(value: string, what: string, max: number): number {
  const number = findNumber(trimBlanks(value), max);
  if (number === undefined) throw new SipSyntaxError(`${what}: not a number: ${quoteForSentence(value)}`);
  return number;
}

export function parseMaxForwards(value: string): number {
  return parseNumber(value, 'Max-Forwards', MAX_FORWARDS_MAX);
}

/** Digits beyond 2^32 - 1 mean "as long as can be" (RFC 4475 3.1.2.4); they must not become something short. */
export function parseSeconds(value: string, what: string): number {
  const digits = trimBlanks(value);
  if (isAllOf(digits, DIGIT)) return findNumber(digits, UINT32_MAX) ?? UINT32_MAX;
  throw new SipSyntaxError(`${what}: no seconds: ${quoteForSentence(value)}`);
}

/** A number with a comment or parameters behind it, as in Retry-After and Min-SE. */
export function parseLeadingSeconds(value: string, what: string): number {
  const scanner = new ValueScanner(value, what);
  scanner.skipBlanks();
  return parseSeconds(scanner.run(DIGIT, 'seconds'), what);
}

export function parseCSeq(value: string): CSeq {
  const scanner = new ValueScanner(value, 'CSeq');
  scanner.skipBlanks();
  const number = scanner.number(CSEQ_MAX, 'a sequence number');
  scanner.skipBlanks();
  const method = scanner.token('a method');
  scanner.end();
  return Object.freeze({ number, method });
}

export function parseCallId(value: string): string {
  const callId = trimBlanks(value);
  if (!isAllOf(callId, CALL_ID)) throw new SipSyntaxError(`Call-ID: not one: ${quoteForSentence(value)}`);
  return callId;
}

export function parseRSeq(value: string): number {
  return parseNumber(value, 'RSeq', UINT32_MAX);
}

/**
 * What follows the method is not read: all three parts have to fit what waits, and SIPp scenarios (one of
 * drachtio-srf's) say the method twice, which drachtio-server accepts.
 */
export function parseRAck(value: string): RAck {
  const scanner = new ValueScanner(value, 'RAck');
  scanner.skipBlanks();
  const rseq = scanner.number(UINT32_MAX, 'a response number');
  scanner.skipBlanks();
  const cseq = scanner.number(CSEQ_MAX, 'a sequence number');
  scanner.skipBlanks();
  const method = scanner.token('a method');
  return Object.freeze({ rseq, cseq, method });
}

export function parseSessionExpires(value: string): SessionExpires {
  const scanner = new ValueScanner(value, 'Session-Expires');
  scanner.skipBlanks();
  const interval = parseSeconds(scanner.run(DIGIT, 'seconds'), 'Session-Expires');
  const refresher = plainParam(scanner.params()['refresher'])?.toLowerCase();
  scanner.end();
  if (refresher === undefined) return Object.freeze({ interval });
  if (refresher !== 'uac' && refresher !== 'uas') throw new SipSyntaxError('Session-Expires: bad refresher');
  return Object.freeze({ interval, refresher });
}

export function parseReplaces(value: string): Replaces {
  const scanner = new ValueScanner(value, 'Replaces');
  scanner.skipBlanks();
  const callId = scanner.run(CALL_ID, 'a Call-ID');
  const params = scanner.params();
  scanner.end();
  const toTag = plainParam(params['to-tag']);
  const fromTag = plainParam(params['from-tag']);
  if (toTag === undefined || fromTag === undefined) throw new SipSyntaxError('Replaces: without its tags');
  return Object.freeze({ callId, toTag, fromTag, earlyOnly: params['early-only'] !== undefined });
}

export function parseReasonValue(value: string): ReasonValue {
  const scanner = new ValueScanner(value, 'Reason');
  scanner.skipBlanks();
  const protocol = scanner.token('a protocol');
  const params = scanner.params();
  scanner.end();
  const cause = plainParam(params['cause']);
  const text = plainParam(params['text']);
  return Object.freeze({
    protocol,
    ...(cause === undefined ? undefined : { cause: parseNumber(cause, 'Reason', CSEQ_MAX) }),
    ...(text === undefined ? undefined : { text: fromWireText(text) }),
  });
}

export function parseEvent(value: string): EventValue {
  const scanner = new ValueScanner(value, 'Event');
  scanner.skipBlanks();
  const name = scanner.token('an event package');
  const params = scanner.params();
  scanner.end();
  const id = plainParam(params['id']);
  return Object.freeze({ name, ...(id === undefined ? undefined : { id }), params });
}

/** The parts between commas, trimmed; what is empty (`a,,b`) says nothing and is left out. */
export function splitTrimmed(value: string): string[] {
  return splitList(value)
    .map(trimBlanks)
    .filter((part) => part !== '');
}

/** Option tags in lower case (RFC 3261 7.3.1: tokens are compared without regard to case). */
export function parseOptionTags(values: readonly string[], what: string): readonly string[] {
  const tags = values.flatMap(splitTrimmed).map((tag) => tag.toLowerCase());
  const bad = tags.find((tag) => !isAllOf(tag, TOKEN));
  if (bad !== undefined) throw new SipSyntaxError(`${what}: not an option tag: ${quoteForSentence(bad)}`);
  return Object.freeze(tags);
}

/** `type/subtype` in lower case, without parameters. */
export function parseMediaType(value: string): string {
  const scanner = new ValueScanner(value, 'Content-Type');
  scanner.skipBlanks();
  const type = scanner.token('a media type');
  if (!scanner.takeSeparator(0x2f)) throw scanner.error('expected a slash');
  const subtype = scanner.token('a media type');
  return `${type}/${subtype}`.toLowerCase();
}
