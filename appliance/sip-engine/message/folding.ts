/** Header lines that go on in the next one (RFC 3261 7.3.1). */
import { trimBlanks } from './sip-characters.js';

function trimLine(line: string): string {
  return trimBlanks(line.endsWith('\r') ? line.slice(0, -1) : line);
}

/** A line end with the white space around it is one space. */
export function unfold(text: string): string {
  if (!text.includes('\n')) return text;
  return text.split('\n').map(trimLine).join(' ');
}

/** The same line with CR LF at each fold: a message whose lines end in two ways is read by nobody for sure. */
export function foldedWithCrLf(raw: string): string {
  return !raw.includes('\n') || raw.includes('\r') ? raw : raw.replaceAll('\n', '\r\n');
}
