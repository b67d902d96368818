/**
 * Text of the engine is *wire text*: one character for each byte (latin1), so that offsets in it are offsets in the
 * datagram and nothing that was not understood is changed on its way through. Only what people read (display names,
 * reasons) and what applications get is decoded as UTF-8 (RFC 3261 7.3.1: TEXT-UTF8).
 */
import { codeAt } from './code-at.js';

function hasBeyond(text: string, max: number): boolean {
  for (let index = 0; index < text.length; index += 1) if (codeAt(text, index) > max) return true;
  return false;
}

/** Unicode -> wire text. */
export function toWireText(text: string): string {
  return hasBeyond(text, 0x7f) ? Buffer.from(text, 'utf8').toString('latin1') : text;
}

/** Wire text -> Unicode; bytes that are no UTF-8 become U+FFFD. */
export function fromWireText(wire: string): string {
  return hasBeyond(wire, 0x7f) ? Buffer.from(wire, 'latin1').toString('utf8') : wire;
}

/** False when a character does not fit into a byte: somebody forgot toWireText. */
export function isWireText(text: string): boolean {
  return !hasBeyond(text, 0xff);
}

/**
 * A copy that shares nothing. V8 keeps a whole text alive for any slice of it: a tag of 20 bytes kept in a dialog
 * would pin the header line it was cut from. Call it for what is stored longer than the message lives.
 */
export function detachedText(wire: string): string {
  return Buffer.from(wire, 'latin1').toString('latin1');
}
