/**
 * Where the headers of a message are. One pass; nothing of a value is looked at. The result are offsets, so that a
 * header nobody asks for costs a few numbers, and a line that nobody changes can be sent on as it came.
 */
import { codeAt } from './code-at.js';
import { findHeaderName, type HeaderName } from './header-names.js';
import { findNumber, isAllOf, isBlank, skipClass, TOKEN, trimBlanks, URI } from './sip-characters.js';

export interface StartLine {
  /** Empty in a response. */
  readonly method: string;
  readonly requestUri: string;
  /** `2.0` */
  readonly version: string;
  /** 0 in a request. */
  readonly status: number;
  readonly reason: string;
  /** Readable, but not to be accepted (RFC 4475 3.1.2.7 to 3.1.2.10). */
  readonly problem?: string;
}

/** Four offsets a header, into the text: name start, name end, value start, value end (both ends exclusive). */
export const STRIDE = 4;

export interface HeaderIndex {
  /** One entry a header line; undefined for a header that the engine does not know. */
  readonly names: readonly (HeaderName | undefined)[];
  readonly offsets: readonly number[];
  readonly problem?: string;
}

/** An honest message has some dozens; the bound keeps every walk over them short. */
const HEADER_LINES_MAX = 500;

const LF = '\n';

/** @returns digits "2.0" of "SIP/2.0"; undefined when this is no SIP at all */
function findVersion(text: string): string | undefined {
  if (text.slice(0, 4).toUpperCase() !== 'SIP/') return undefined;
  const dot = text.indexOf('.');
  if (findNumber(text.slice(4, dot), 999) === undefined) return undefined;
  return findNumber(text.slice(dot + 1), 999) === undefined ? undefined : text.slice(4);
}

/** `SIP/2.0 200 OK`; the space before an empty reason is left out by some, and no harm is in it. */
function findStatusLine(line: string): StartLine | undefined {
  const end = line.indexOf(' ');
  const version = findVersion(end < 0 ? '' : line.slice(0, end));
  const digits = line.slice(end + 1, end + 4);
  const next = line.charAt(end + 4);
  const status = digits.length === 3 ? findNumber(digits, 699) : undefined;
  if (version === undefined || status === undefined || status < 100 || (next !== '' && next !== ' '))
    return undefined;
  return { method: '', requestUri: '', version, status, reason: line.slice(end + 5) };
}

function requestLineProblem(
  line: string,
  method: string,
  requestUri: string,
  version: string,
): string | undefined {
  if (!isAllOf(requestUri, URI)) return 'the Request-URI is none';
  const strict = method.length + requestUri.length + version.length + '  SIP/'.length === line.length;
  return strict ? undefined : 'white space in the start line';
}

/**
 * `INVITE sip:a@b SIP/2.0`. Superfluous white space is understood, so that it can be answered, and reported: who is
 * lenient here and strict in the next hop reads two different requests.
 */
function findRequestLine(line: string): StartLine | undefined {
  const trimmed = trimBlanks(line);
  const methodEnd = trimmed.indexOf(' ');
  const uriEnd = trimmed.lastIndexOf(' ');
  const method = trimmed.slice(0, Math.max(methodEnd, 0));
  const version = findVersion(trimmed.slice(uriEnd + 1));
  if (!isAllOf(method, TOKEN) || version === undefined || uriEnd <= methodEnd) return undefined;
  const requestUri = trimBlanks(trimmed.slice(methodEnd, uriEnd));
  const problem = requestLineProblem(line, method, requestUri, version);
  const read = { method, requestUri, version, status: 0, reason: '' };
  return problem === undefined ? read : { ...read, problem };
}

/** @returns undefined when the line is neither a request's nor a response's */
export function findStartLine(line: string): StartLine | undefined {
  return line.slice(0, 4).toUpperCase() === 'SIP/' ? findStatusLine(line) : findRequestLine(line);
}

/**
 * The end of a header line with its continuations (RFC 3261 7.3.1): the offset of the LF that ends it.
 * @returns -1 for a CR or LF that does not belong to an end of line: two elements on the way would cut differently
 */
function findLineEnd(text: string, start: number, isCrLf: boolean): number {
  let from = start;
  for (;;) {
    const end = text.indexOf(LF, from);
    if (end < 0 || (isCrLf && text.indexOf('\r', from) !== end - 1)) return -1;
    if (!isBlank(codeAt(text, end + 1))) return end;
    from = end + 1;
  }
}

/** Offset of the colon of a line. RFC 3261 7.3.1 allows white space before it. @returns -1 when there is no name */
function findColon(text: string, nameEnd: number): number {
  let index = nameEnd;
  while (isBlank(codeAt(text, index))) index += 1;
  return codeAt(text, index) === 0x3a ? index : -1;
}

/**
 * @param text the header section, each line with its end
 * @param start offset of the first header line
 * @param isCrLf lines end with CR LF; false when the whole section is written with LF alone
 */
export function indexHeaders(text: string, start: number, isCrLf: boolean): HeaderIndex {
  const names: (HeaderName | undefined)[] = [];
  const offsets: number[] = [];
  let problem = !isCrLf && text.includes('\r', start) ? 'a CR among lines that end with LF alone' : undefined;
  let pos = start;
  while (pos < text.length) {
    const lineEnd = findLineEnd(text, pos, isCrLf);
    if (lineEnd < 0) return { names, offsets, problem: 'a CR or LF within a header line' };
    if (names.length === HEADER_LINES_MAX) return { names, offsets, problem: 'too many header lines' };
    const nameEnd = skipClass(text, pos, lineEnd, TOKEN);
    const colon = nameEnd === pos ? -1 : findColon(text, nameEnd);
    if (colon < 0) problem = 'a header line without a name and a colon';
    else {
      names.push(findHeaderName(text.slice(pos, nameEnd)));
      offsets.push(pos, nameEnd, colon + 1, isCrLf ? lineEnd - 1 : lineEnd);
    }
    pos = lineEnd + 1;
  }
  return problem === undefined ? { names, offsets } : { names, offsets, problem };
}
