/**
 * SIP messages as a test writes and reads them: text, without the engine's own parser, so that a mistake of that one
 * is seen. Good for well-formed messages only.
 */
import { randomBytes } from 'node:crypto';

export type HeaderList = readonly (readonly [name: string, value: string])[];

/** RFC 3261 7.3.3, and 3515, 6665. */
const COMPACT: Readonly<Record<string, string>> = {
  i: 'call-id',
  m: 'contact',
  l: 'content-length',
  c: 'content-type',
  e: 'content-encoding',
  f: 'from',
  s: 'subject',
  k: 'supported',
  t: 'to',
  v: 'via',
  r: 'refer-to',
  o: 'event',
  x: 'session-expires',
};

export interface SipText {
  readonly text: string;
  readonly startLine: string;
  /** Of a request, otherwise empty. */
  readonly method: string;
  readonly uri: string;
  /** Of a response, otherwise 0. */
  readonly status: number;
  readonly headers: HeaderList;
  readonly body: string;
}

function headerName(name: string): string {
  const lower = name.trim().toLowerCase();
  return COMPACT[lower] ?? lower;
}

function parseHeader(line: string): [string, string] {
  const colon = line.indexOf(':');
  return [headerName(line.slice(0, colon)), line.slice(colon + 1).trim()];
}

export function parseSipText(text: string): SipText {
  const end = text.indexOf('\r\n\r\n');
  const head = (end < 0 ? text : text.slice(0, end)).replaceAll(/\r\n[ \t]+/g, ' ');
  const [startLine = '', ...lines] = head.split('\r\n');
  const [first = '', second = ''] = startLine.split(' ');
  const isResponse = first === 'SIP/2.0';
  return {
    text,
    startLine,
    method: isResponse ? '' : first,
    uri: isResponse ? '' : second,
    status: isResponse ? Number(second) : 0,
    headers: lines.filter((line) => line !== '').map(parseHeader),
    body: end < 0 ? '' : text.slice(end + 4),
  };
}

/** Every value of a header, in order. */
export function allOf(message: SipText, name: string): string[] {
  return message.headers.filter(([known]) => known === headerName(name)).map(([, value]) => value);
}

/** The first value, or the empty text. */
export function headerOf(message: SipText, name: string): string {
  return allOf(message, name)[0] ?? '';
}

export function cseqOf(message: SipText): { readonly number: number; readonly method: string } {
  const [number = '', method = ''] = headerOf(message, 'CSeq').split(/\s+/);
  return { number: Number(number), method };
}

/** The tag of a From or To value, or the empty text. */
export function tagOf(value: string): string {
  return /;\s*tag=([^;,\s]+)/i.exec(value.slice(value.indexOf('>') + 1))?.[1] ?? '';
}

/** `<sip:x>;tag=1` -> `sip:x`. */
export function uriOf(value: string): string {
  return /<([^>]*)>/.exec(value)?.[1] ?? (value.split(';')[0] ?? '').trim();
}

export function token(bytes = 6): string {
  return randomBytes(bytes).toString('hex');
}

/** The text of a message; Content-Length is counted, and added even for an empty body. */
export function writeSipText(startLine: string, headers: HeaderList, body = ''): string {
  const lines = headers.map(([name, value]) => `${name}: ${value}`);
  return [startLine, ...lines, `Content-Length: ${String(Buffer.byteLength(body))}`, '', body].join('\r\n');
}

/** The headers a response repeats, in their order (RFC 3261 8.2.6.2). @param toTag added unless there is one */
export function responseHeaders(request: SipText, toTag: string): HeaderList {
  const to = headerOf(request, 'To');
  return [
    ...allOf(request, 'Via').map((via) => ['Via', via] as const),
    ...allOf(request, 'Record-Route').map((route) => ['Record-Route', route] as const),
    ['From', headerOf(request, 'From')],
    ['To', toTag === '' || tagOf(to) !== '' ? to : `${to};tag=${toTag}`],
    ['Call-ID', headerOf(request, 'Call-ID')],
    ['CSeq', headerOf(request, 'CSeq')],
  ];
}

/** A small offer or answer. @param direction `a=sendrecv` and its like */
export function sdp(port = 40_000, direction = 'sendrecv', version = 1): string {
  const lines = [
    'v=0',
    `o=phone 1 ${String(version)} IN IP4 127.0.0.1`,
    's=-',
    'c=IN IP4 127.0.0.1',
    't=0 0',
    `m=audio ${String(port)} RTP/AVP 8`,
    'a=rtpmap:8 PCMA/8000',
    `a=${direction}`,
  ];
  return `${lines.join('\r\n')}\r\n`;
}
