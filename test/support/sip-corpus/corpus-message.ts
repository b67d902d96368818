/** A message of a collection that others made to test SIP implementations. */
export interface CorpusMessage {
  /** As the collection calls it. */
  readonly name: string;
  readonly section: string;
  readonly title: string;
  /** What the collection says should happen, in few words. */
  readonly prescribed: string;
  readonly bytes: Buffer;
}

/** Lines joined by CR LF, as UTF-8; a last line that is empty ends the one before it. */
export function ofLines(...lines: readonly string[]): Buffer {
  return Buffer.from(lines.join('\r\n'), 'utf8');
}

export function ofHex(...digits: readonly string[]): Buffer {
  return Buffer.from(digits.join(''), 'hex');
}
