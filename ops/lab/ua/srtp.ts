/** SRTP as desk phones speak it: AES_CM_128_HMAC_SHA1_80 (RFC 3711), keys by SDES (RFC 4568). No MKI, no replay list. */
import { createCipheriv, createHmac, timingSafeEqual, type Cipher } from 'node:crypto';

export const SUITE = 'AES_CM_128_HMAC_SHA1_80';
export const MASTER_BYTES = 30;
const KEY_BYTES = 16;
const HEADER_BYTES = 12;
const TAG_BYTES = 10;
const BLOCK_BYTES = 16;
/** No packet of a phone is longer (one Ethernet frame). */
const PACKET_BYTES_MAX = 1500;

/**
 * Key stream of AES in counter mode (RFC 3711 4.1.1), made with ECB: a cipher that is opened once for the stream, where
 * CTR would need one for each packet because each has its own start.
 */
export class CounterMode {
  readonly #cipher: Cipher;
  readonly #counters = Buffer.alloc(PACKET_BYTES_MAX + BLOCK_BYTES);

  constructor(key: Buffer) {
    this.#cipher = createCipheriv('aes-128-ecb', key, null).setAutoPadding(false);
  }

  /** @param start 14 bytes; the counter behind it begins at 0 @returns at least so many bytes */
  keyStream(start: Buffer, bytes: number): Buffer {
    const length = Math.ceil(bytes / BLOCK_BYTES) * BLOCK_BYTES;
    for (let at = 0; at < length; at += BLOCK_BYTES) {
      start.copy(this.#counters, at, 0, 14);
      this.#counters.writeUInt16BE(at / BLOCK_BYTES, at + 14);
    }
    return this.#cipher.update(this.#counters.subarray(0, length));
  }
}

export interface SessionKeys {
  readonly cipherKey: Buffer;
  readonly authKey: Buffer;
  readonly salt: Buffer;
}

/** RFC 3711 4.3.1 and 4.3.3, with a key derivation rate of 0. @param master 16 bytes of key and 14 of salt */
export function deriveSessionKeys(master: Buffer): SessionKeys {
  const mode = new CounterMode(master.subarray(0, KEY_BYTES));
  const derive = (label: number, bytes: number): Buffer => {
    const start = Buffer.from(master.subarray(KEY_BYTES, MASTER_BYTES));
    start.writeUInt8(start.readUInt8(7) ^ label, 7);
    return Buffer.from(mode.keyStream(start, bytes).subarray(0, bytes));
  };
  return { cipherKey: derive(0, 16), authKey: derive(1, 20), salt: derive(2, 14) };
}

/** One direction of one key. */
class SrtpKeys {
  readonly #mode: CounterMode;
  readonly #salt: Buffer;
  readonly #auth: Buffer;
  readonly #start = Buffer.alloc(14);
  readonly #rollOver = Buffer.alloc(4);

  constructor(master: Buffer) {
    const { cipherKey, authKey, salt } = deriveSessionKeys(master);
    [this.#mode, this.#auth, this.#salt] = [new CounterMode(cipherKey), authKey, salt];
  }

  /** In place; encrypts and decrypts. */
  crypt(packet: Buffer, rollOver: number): void {
    const start = this.#start;
    this.#salt.copy(start);
    for (let at = 0; at < 4; at += 1) start[4 + at] = (start[4 + at] ?? 0) ^ (packet[8 + at] ?? 0);
    start.writeUInt32BE((start.readUInt32BE(8) ^ rollOver) >>> 0, 8);
    start.writeUInt16BE(start.readUInt16BE(12) ^ packet.readUInt16BE(2), 12);
    const stream = this.#mode.keyStream(start, packet.length - HEADER_BYTES);
    for (let at = HEADER_BYTES; at < packet.length; at += 1)
      packet[at] = (packet[at] ?? 0) ^ (stream[at - HEADER_BYTES] ?? 0);
  }

  tag(sealed: Buffer, rollOver: number): Buffer {
    this.#rollOver.writeUInt32BE(rollOver);
    const digest = createHmac('sha1', this.#auth).update(sealed).update(this.#rollOver).digest();
    return digest.subarray(0, TAG_BYTES);
  }
}

/** What one synchronisation source sends. */
export class SrtpSender {
  readonly #keys: SrtpKeys;
  readonly #sealed = Buffer.alloc(PACKET_BYTES_MAX + TAG_BYTES);
  #rollOver = 0;
  #lastSequence = 0;

  constructor(master: Buffer) {
    this.#keys = new SrtpKeys(master);
  }

  /** @param packet without extensions and CSRCs @returns valid until the next call */
  protect(packet: Buffer): Buffer {
    const sequence = packet.readUInt16BE(2);
    if (sequence < this.#lastSequence) this.#rollOver += 1;
    this.#lastSequence = sequence;
    const body = this.#sealed.subarray(0, packet.length);
    packet.copy(body);
    this.#keys.crypt(body, this.#rollOver);
    this.#keys.tag(body, this.#rollOver).copy(this.#sealed, packet.length);
    return this.#sealed.subarray(0, packet.length + TAG_BYTES);
  }
}

interface Inbound {
  rollOver: number;
  lastSequence: number;
}

/** RFC 3711 appendix A. */
function guessRollOver({ rollOver, lastSequence }: Inbound, sequence: number): number {
  if (lastSequence - sequence > 32_768) return rollOver + 1;
  return sequence - lastSequence > 32_768 ? Math.max(0, rollOver - 1) : rollOver;
}

/** What comes in under one key: a relay that changes the party sends another source, which counts for itself. */
export class SrtpReceiver {
  readonly #keys: SrtpKeys;
  readonly #sources = new Map<number, Inbound>();

  constructor(master: Buffer) {
    this.#keys = new SrtpKeys(master);
  }

  /** Decrypts in place. @returns undefined when it was not sent by whoever has the key */
  unprotect(packet: Buffer): Buffer | undefined {
    if (packet.length < HEADER_BYTES + TAG_BYTES || packet.length > PACKET_BYTES_MAX) return undefined;
    const body = packet.subarray(0, packet.length - TAG_BYTES);
    const [sequence, source] = [packet.readUInt16BE(2), packet.readUInt32BE(8)];
    const known = this.#sources.get(source) ?? { rollOver: 0, lastSequence: sequence };
    const rollOver = guessRollOver(known, sequence);
    if (!timingSafeEqual(this.#keys.tag(body, rollOver), packet.subarray(body.length))) return undefined;
    const isNewest = rollOver === known.rollOver ? sequence > known.lastSequence : rollOver > known.rollOver;
    if (isNewest) [known.rollOver, known.lastSequence] = [rollOver, sequence];
    this.#sources.set(source, known);
    this.#keys.crypt(body, rollOver);
    return body;
  }
}
