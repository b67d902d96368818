/** Classes of characters of RFC 3261 25.1, as bits of one table, so that a scanner asks with one load and one `and`. */
import { codeAt } from './code-at.js';

const ALPHANUMERIC = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const MARK = "-_.!~*'()";
const UNRESERVED = ALPHANUMERIC + MARK;

export const TOKEN = 1;
/** `word` of Call-ID, with the `@` between two of them. */
export const CALL_ID = 2;
/** Of a host name; the underscore is no letter of DNS but of many names in use. */
export const HOST = 4;
/** `#` belongs escaped (RFC 3261 25.1), but phones dial `*72#` as they are told. */
export const USER = 8;
export const PASSWORD = 16;
export const URI_PARAM = 32;
export const URI_HEADER = 64;
/** Anything that a URI of any scheme may hold (RFC 2396 uric, and the brackets of RFC 2732). */
export const URI = 128;
/** Value of a header parameter that is not quoted: token or host, IPv6 included. */
export const PARAM_VALUE = 256;
export const DIGIT = 512;
export const HEX = 1024;
export const SCHEME = 2048;
/** What may stand between two quotes besides `\` and `"` (qdtext of RFC 3261 25.1): UTF-8, no control character. */
export const QUOTED = 4096;

/** As long as there are characters: an index beyond the end of a table is found by the slow way. */
const classes = new Uint16Array(0x1_0000);

function mark(bit: number, characters: string): void {
  for (let index = 0; index < characters.length; index += 1) {
    const code = codeAt(characters, index);
    classes[code] = (classes[code] ?? 0) | bit;
  }
}

mark(TOKEN, `${ALPHANUMERIC}-.!%*_+\`'~`);
mark(CALL_ID, `${ALPHANUMERIC}-.!%*_+\`'~()<>:\\"/[]?{}@`);
mark(HOST, `${ALPHANUMERIC}-._`);
mark(USER, `${UNRESERVED}%&=+$,;?/#`);
mark(PASSWORD, `${UNRESERVED}%&=+$,`);
mark(URI_PARAM, `${UNRESERVED}%[]/:&+$`);
mark(URI_HEADER, `${UNRESERVED}%[]/?:+$`);
mark(URI, `${UNRESERVED}%;/?:@&=+$,#[]`);
mark(PARAM_VALUE, `${ALPHANUMERIC}-.!%*_+\`'~[]:`);
mark(DIGIT, '0123456789');
mark(HEX, '0123456789abcdefABCDEF');
mark(SCHEME, `${ALPHANUMERIC}+-.`);
mark(QUOTED, '\t');
for (let code = 0x20; code < 0x100; code += 1) if (code !== 0x7f) mark(QUOTED, String.fromCharCode(code));

export function isInClass(code: number, bits: number): boolean {
  // NaN, which charCodeAt gives beyond the end, becomes 0, which is in no class.
  return ((classes[code | 0] ?? 0) & bits) !== 0;
}

/** @returns the first index from `start` whose character is not of the class, or `end` */
export function skipClass(text: string, start: number, end: number, bits: number): number {
  let index = start;
  while (index < end && ((classes[codeAt(text, index) | 0] ?? 0) & bits) !== 0) index += 1;
  return index;
}

/** True for at least one character, all of the class. */
export function isAllOf(text: string, bits: number): boolean {
  return text.length > 0 && skipClass(text, 0, text.length, bits) === text.length;
}

/** SP or HTAB. */
export function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

/** @returns the text without SP and HTAB at its ends */
export function trimBlanks(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(codeAt(text, start))) start += 1;
  while (end > start && isBlank(codeAt(text, end - 1))) end -= 1;
  return start === 0 && end === text.length ? text : text.slice(start, end);
}

/** Every `%` is followed by two hexadecimal digits (RFC 3261 25.1, `escaped`). */
export function hasWholeEscapes(text: string): boolean {
  for (let at = text.indexOf('%'); at >= 0; at = text.indexOf('%', at + 3)) {
    if (!isInClass(codeAt(text, at + 1), HEX) || !isInClass(codeAt(text, at + 2), HEX)) return false;
  }
  return true;
}

/**
 * A whole number as the protocol writes them. Never Number(): it takes "", "1e3" and "0x10", and rounds beyond 2^53.
 * @returns undefined for anything but digits, or above `max`
 */
export function findNumber(text: string, max: number): number | undefined {
  if (!isAllOf(text, DIGIT)) return undefined;
  let value = 0;
  for (let index = 0; index < text.length; index += 1) {
    value = value * 10 + codeAt(text, index) - 0x30;
    if (value > max) return undefined;
  }
  return value;
}
