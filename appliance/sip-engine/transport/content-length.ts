/**
 * How long the body of a message in a stream is. Reads headers with the parser's own index: a framer that finds
 * another Content-Length than the parser does can be talked into seeing a message where there is a body.
 */
import { HEADER } from '../message/header-names.js';
import { indexHeaders, STRIDE } from '../message/message-index.js';
import { findNumber, isBlank } from '../message/sip-characters.js';

/** What a length may be at most that is told from one that is no number. */
const LENGTH_MAX = 2 ** 31 - 1;

/** Without white space at its ends, that of a folded line included. */
function trimFolded(text: string, start: number, end: number): string {
  const isSpace = (at: number): boolean => isBlank(text.charCodeAt(at)) || '\r\n'.includes(text.charAt(at));
  let [from, to] = [start, end];
  while (from < to && isSpace(from)) from += 1;
  while (to > from && isSpace(to - 1)) to -= 1;
  return text.slice(from, to);
}

export type BodyLength = { readonly bytes: number } | { readonly problem: string };

/**
 * @param text the header section without its empty line
 * @param isCrLf how its lines end
 */
export function readBodyLength(text: string, isCrLf: boolean): BodyLength {
  const { names, offsets } = indexHeaders(text, text.indexOf('\n') + 1, isCrLf);
  let bytes: number | undefined;
  for (let index = 0; index < names.length; index += 1) {
    if (names[index] !== HEADER.contentLength) continue;
    const at = index * STRIDE;
    const digits = trimFolded(text, offsets[at + 2] ?? 0, offsets[at + 3] ?? 0);
    const length = findNumber(digits, LENGTH_MAX);
    if (length === undefined) return { problem: 'Content-Length is no number' };
    if (bytes !== undefined && bytes !== length) return { problem: 'two different Content-Length' };
    bytes = length;
  }
  // RFC 3261 20.14: over a stream it must be there.
  return bytes === undefined ? { problem: 'there is no Content-Length' } : { bytes };
}
