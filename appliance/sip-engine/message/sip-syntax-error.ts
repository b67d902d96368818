/**
 * The one error that text from the network can cause in this folder. It is an answer (400), not an incident: nobody
 * has to act on it, so it has no code in the catalogue of operating errors.
 */
export class SipSyntaxError extends Error {
  override readonly name = 'SipSyntaxError';
}

/** How much of what was read a sentence may quote; the rest is not worth a line of the log. */
const QUOTED_MAX = 40;

/** A piece of hostile text for a sentence: bounded, printable ASCII only. */
export function quoteForSentence(text: string): string {
  let shown = '';
  for (let index = 0; index < text.length && index < QUOTED_MAX; index += 1) {
    const code = text.charCodeAt(index);
    shown += code >= 0x20 && code < 0x7f ? text.charAt(index) : '.';
  }
  return text.length > QUOTED_MAX ? `"${shown}"...` : `"${shown}"`;
}

/** The value of a view, undefined when the text cannot be read. */
export function ignoringSyntax<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof SipSyntaxError) return undefined;
    throw error;
  }
}
