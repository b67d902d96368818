/**
 * Frames of the control connection: `<len>#<payload>`, where `len` is the decimal count of UTF-8 bytes of the payload.
 *
 * TCP may cut a frame anywhere, also inside a character, and may join several. Hence the decoder counts bytes and
 * hands out bytes; only a whole payload is ever decoded as text. What is held back is one payload at most, in one
 * buffer of exactly the announced size: a sender that drips single bytes costs no more than one that does not.
 */

/** What drachtio-server accepts from applications; a sixth digit closes the connection there as well. */
export const LENGTH_DIGITS_MAX = 5;
export const PAYLOAD_BYTES_MAX = 99_999;

const HASH = 0x23;
const DIGIT_ZERO = 0x30;
const DIGIT_NINE = 0x39;

export type FrameViolation =
  /** Something else than digits before `#`, or `#` without any. */
  | 'lengthNotDecimal'
  | 'lengthTooLong'
  /** No message is empty; drachtio-srf itself throws on this length. */
  | 'lengthZero'
  /** Within the digits, but above what this connection may send now. */
  | 'payloadTooLong';

/** A payload: text, or a first line and a message that is already bytes. */
export interface ControlReply {
  /** Fields separated by `|`, without line break. */
  readonly line: string;
  /** The SIP message that follows the line, as it was on the wire. */
  readonly sip?: string | Uint8Array;
}

/** One frame, ready to be written. There is no limit in this direction. */
export function encodeFrame(reply: ControlReply): Buffer {
  const { line, sip = '' } = reply;
  const text = reply.sip === undefined ? line : `${line}\r\n`;
  const textBytes = Buffer.byteLength(text, 'utf8');
  const sipBytes = typeof sip === 'string' ? Buffer.byteLength(sip, 'utf8') : sip.byteLength;
  const head = `${String(textBytes + sipBytes)}#`;
  const frame = Buffer.allocUnsafe(head.length + textBytes + sipBytes);
  frame.write(head + text, 'utf8');
  if (typeof sip === 'string') frame.write(sip, head.length + textBytes, 'utf8');
  else frame.set(sip, head.length + textBytes);
  return frame;
}

/** Cuts a stream of bytes into payloads. After a violation it takes nothing more: the stream has lost its frame. */
export class FrameDecoder {
  readonly #onPayload: (payload: Buffer) => void;
  #payloadBytesMax: number;
  #violation: FrameViolation | undefined;
  #isStopped = false;
  #digits = 0;
  #length = 0;
  /** The payload that is being collected; undefined while its length is being read. */
  #payload: Buffer | undefined;
  #filled = 0;

  /**
   * @param onPayload called within `push`, once per whole payload, in order; the buffer is the callee's
   * @param payloadBytesMax see `allowPayloads`
   */
  constructor(onPayload: (payload: Buffer) => void, payloadBytesMax = PAYLOAD_BYTES_MAX) {
    this.#onPayload = onPayload;
    this.#payloadBytesMax = payloadBytesMax;
  }

  /** From the next frame on, payloads may have this many bytes: strangers get less room than applications. */
  allowPayloads(bytesMax: number): void {
    this.#payloadBytesMax = bytesMax;
  }

  /** Nothing more is handed out, also not of the chunk that is being taken apart. */
  stop(): void {
    this.#isStopped = true;
    this.#payload = undefined;
  }

  /** @returns why the connection has to be closed; what came before has been handed out */
  push(chunk: Uint8Array): FrameViolation | undefined {
    let offset = 0;
    while (offset < chunk.length && this.#violation === undefined && !this.#isStopped) {
      offset = this.#payload === undefined ? this.#readLength(chunk, offset) : this.#fill(chunk, offset);
    }
    return this.#violation;
  }

  /** Takes one byte of the length. */
  #readLength(chunk: Uint8Array, offset: number): number {
    const byte = chunk[offset] ?? 0;
    if (byte === HASH && this.#digits > 0) this.#beginPayload();
    else if (byte < DIGIT_ZERO || byte > DIGIT_NINE) this.#violation = 'lengthNotDecimal';
    else if (this.#digits === LENGTH_DIGITS_MAX) this.#violation = 'lengthTooLong';
    else {
      this.#digits += 1;
      this.#length = this.#length * 10 + byte - DIGIT_ZERO;
    }
    return offset + 1;
  }

  #beginPayload(): void {
    if (this.#length === 0) this.#violation = 'lengthZero';
    else if (this.#length > this.#payloadBytesMax) this.#violation = 'payloadTooLong';
    else {
      this.#payload = Buffer.allocUnsafe(this.#length);
      this.#filled = 0;
    }
  }

  #fill(chunk: Uint8Array, offset: number): number {
    const payload = this.#payload;
    if (payload === undefined) return offset;
    const taken = Math.min(chunk.length - offset, payload.length - this.#filled);
    payload.set(chunk.subarray(offset, offset + taken), this.#filled);
    this.#filled += taken;
    if (this.#filled === payload.length) {
      this.#payload = undefined;
      this.#digits = 0;
      this.#length = 0;
      this.#onPayload(payload);
    }
    return offset + taken;
  }
}
