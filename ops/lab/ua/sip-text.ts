/**
 * SIP messages as a user agent of the laboratory writes and reads them. Pure; never throws, whatever it is given: what
 * cannot be understood is undefined or empty.
 */

export interface SipMessage {
  /** Empty for a response. */
  readonly method: string;
  readonly uri: string;
  /** 0 for a request. */
  readonly status: number;
  /** By lower-case name, in the order in which they came. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
  readonly body: string;
}

const COMPACT: Readonly<Record<string, string>> = {
  v: 'via',
  f: 'from',
  t: 'to',
  i: 'call-id',
  m: 'contact',
  l: 'content-length',
  c: 'content-type',
  r: 'refer-to',
  o: 'event',
  k: 'supported',
};

function readHeaders(lines: readonly string[]): Map<string, string[]> {
  const headers = new Map<string, string[]>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon < 1) continue;
    const written = line.slice(0, colon).trim().toLowerCase();
    const name = COMPACT[written] ?? written;
    const values = headers.get(name);
    if (values === undefined) headers.set(name, [line.slice(colon + 1).trim()]);
    else values.push(line.slice(colon + 1).trim());
  }
  return headers;
}

export function parseSip(text: string): SipMessage | undefined {
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  // A line that begins with a blank belongs to the one before (RFC 3261 7.3.1).
  const head = text.slice(0, end).replace(/\r\n[ \t]+/g, ' ');
  const [start = '', ...lines] = head.split('\r\n');
  const headers = readHeaders(lines);
  const body = text.slice(end + 4);
  const status = /^SIP\/2\.0 ([1-6]\d\d)(?: |$)/.exec(start)?.[1];
  if (status !== undefined) return { method: '', uri: '', status: Number(status), headers, body };
  const [, method = '', uri = ''] = /^([A-Z]+) (\S+) SIP\/2\.0$/.exec(start) ?? [];
  return method === '' ? undefined : { method, uri, status: 0, headers, body };
}

export function headerOf(message: SipMessage, name: string): string {
  return message.headers.get(name)?.[0] ?? '';
}

/** Each value of a header that may stand in one line with others, such as Route: no comma within <> or quotes parts them. */
export function splitValues(values: readonly string[]): readonly string[] {
  return values
    .flatMap((value) => value.match(/(?:"(?:[^"\\]|\\.)*"|<[^>]*>|[^,])+/g) ?? [])
    .map((value) => value.trim());
}

export function tagOf(value: string): string {
  return /;\s*tag=([^;>\s]+)/i.exec(value)?.[1] ?? '';
}

export function uriIn(value: string): string {
  return /<([^>]*)>/.exec(value)?.[1] ?? value.split(';')[0]?.trim() ?? '';
}

export function userIn(value: string): string {
  return /^sips?:([^@;>]*)@/.exec(uriIn(value))?.[1] ?? '';
}

/** Where a message to this URI goes, when that is written in numbers. */
export function placeOf(uri: string): { readonly address: string; readonly port: number } | undefined {
  const [, scheme, address, port] =
    /^(sips?):(?:[^@]*@)?(\d+\.\d+\.\d+\.\d+)(?::(\d+))?(?:[;?]|$)/i.exec(uri) ?? [];
  if (address === undefined) return undefined;
  const isTls = scheme?.toLowerCase() === 'sips' || /;transport=tls/i.test(uri);
  return { address, port: port === undefined ? (isTls ? 5061 : 5060) : Number(port) };
}

export function cseqOf(message: SipMessage): { readonly number: number; readonly method: string } {
  const [number = '0', method = ''] = headerOf(message, 'cseq').split(/\s+/);
  return { number: Number(number), method };
}

export function branchOf(message: SipMessage): string {
  return /;\s*branch=([^;,\s]+)/i.exec(headerOf(message, 'via'))?.[1] ?? '';
}

export type HeaderLines = readonly (readonly [name: string, value: string])[];

export function buildSip(start: string, headers: HeaderLines, body = ''): string {
  const lines = headers.map(([name, value]) => `${name}: ${value}`);
  const length = `Content-Length: ${String(Buffer.byteLength(body))}`;
  return [start, ...lines, length, '', body].join('\r\n');
}

const REASONS: Readonly<Record<number, string>> = {
  100: 'Trying',
  180: 'Ringing',
  200: 'OK',
  202: 'Accepted',
  302: 'Moved Temporarily',
  403: 'Forbidden',
  404: 'Not Found',
  420: 'Bad Extension',
  480: 'Temporarily Unavailable',
  481: 'Call/Transaction Does Not Exist',
  486: 'Busy Here',
  487: 'Request Terminated',
  488: 'Not Acceptable Here',
  491: 'Request Pending',
  500: 'Server Internal Error',
  503: 'Service Unavailable',
  603: 'Decline',
};

/** Via, From, To (with our tag), Call-ID and CSeq are those of the request (RFC 3261 8.2.6.2). */
export function buildResponse(
  request: SipMessage,
  status: number,
  toTag: string,
  more: HeaderLines = [],
  body = '',
): string {
  const to = headerOf(request, 'to');
  const copied: HeaderLines = [
    ...(request.headers.get('via') ?? []).map((via) => ['Via', via] as const),
    ...(request.headers.get('record-route') ?? []).map((route) => ['Record-Route', route] as const),
    ['From', headerOf(request, 'from')],
    ['To', tagOf(to) === '' && status > 100 ? `${to};tag=${toTag}` : to],
    ['Call-ID', headerOf(request, 'call-id')],
    ['CSeq', headerOf(request, 'cseq')],
  ];
  return buildSip(`SIP/2.0 ${String(status)} ${REASONS[status] ?? 'Status'}`, [...copied, ...more], body);
}

/** No message of a laboratory is longer. */
const STREAM_CHARACTERS_MAX = 256 * 1024;

/**
 * The first message in a stream, and what follows it (RFC 3261 18.3).
 * @returns undefined when it is not complete; 'hopeless' when it never will be
 */
export function takeFromStream(
  text: string,
): { readonly message: string; readonly rest: string } | undefined | 'hopeless' {
  const start = text.replace(/^(?:\r\n)+/, '');
  const end = start.indexOf('\r\n\r\n');
  if (end < 0) return start.length > STREAM_CHARACTERS_MAX ? 'hopeless' : undefined;
  const length = Number(/^(?:content-length|l)\s*:\s*(\d+)/im.exec(start.slice(0, end + 2))?.[1] ?? 0);
  const total = end + 4 + length;
  if (total > STREAM_CHARACTERS_MAX) return 'hopeless';
  return start.length < total ? undefined : { message: start.slice(0, total), rest: start.slice(total) };
}
