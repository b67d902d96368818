/** SRTP as desk phones speak it: AES_CM_128_HMAC_SHA1_80 (RFC 3711), keys by SDES (RFC 4568). No MKI, no replay list. */
import { createCipheriv, createHmac, timingSafeEqual } from 'node:crypto';

export const SUITE = 'AES_CM_128_HMAC_SHA1_80';
export const MASTER_BYTES = 30;
const TAG_BYTES = 10;

/** RFC 3711 4.3.1 and 4.3.3. */
function derive(master: Buffer, label: number, bytes: number): Buffer {
  const salt = Buffer.alloc(16);
  master.copy(salt, 0, 16, 30);
  salt[7] = (salt[7] ?? 0) ^ label;
  const cipher = createCipheriv('aes-128-ctr', master.subarray(0, 16), salt);
  return cipher.update(Buffer.alloc(bytes));
}

export class SrtpStream {
  readonly #key: Buffer;
  readonly #salt: Buffer;
  readonly #auth: Buffer;
  #rollOver = 0;
  #lastSequence: number | undefined;

  /** @param master 16 bytes of key and 14 of salt */
  constructor(master: Buffer) {
    this.#key = derive(master, 0, 16);
    this.#auth = derive(master, 1, 20);
    this.#salt = derive(master, 2, 14);
  }

  protect(packet: Buffer): Buffer {
    const rollOver = this.#advance(packet.readUInt16BE(2));
    const sealed = this.#crypt(packet, rollOver);
    return Buffer.concat([sealed, this.#tag(sealed, rollOver)]);
  }

  /** @returns undefined when it was not sent by whoever has the key */
  unprotect(packet: Buffer): Buffer | undefined {
    if (packet.length < 12 + TAG_BYTES) return undefined;
    const sealed = packet.subarray(0, packet.length - TAG_BYTES);
    const rollOver = this.#guess(packet.readUInt16BE(2));
    if (!timingSafeEqual(this.#tag(sealed, rollOver), packet.subarray(-TAG_BYTES))) return undefined;
    this.#rollOver = rollOver;
    this.#lastSequence = packet.readUInt16BE(2);
    return this.#crypt(sealed, rollOver);
  }

  #advance(sequence: number): number {
    if (this.#lastSequence !== undefined && sequence < this.#lastSequence) this.#rollOver += 1;
    this.#lastSequence = sequence;
    return this.#rollOver;
  }

  /** RFC 3711 appendix A. */
  #guess(sequence: number): number {
    const last = this.#lastSequence;
    if (last === undefined) return this.#rollOver;
    if (last - sequence > 32_768) return this.#rollOver + 1;
    return sequence - last > 32_768 ? Math.max(0, this.#rollOver - 1) : this.#rollOver;
  }

  #crypt(packet: Buffer, rollOver: number): Buffer {
    const counter = Buffer.alloc(16);
    this.#salt.copy(counter);
    for (let index = 0; index < 4; index += 1)
      counter[4 + index] = (counter[4 + index] ?? 0) ^ (packet[8 + index] ?? 0);
    const head = Buffer.alloc(6);
    head.writeUInt32BE(rollOver, 0);
    head.writeUInt16BE(packet.readUInt16BE(2), 4);
    for (let index = 0; index < 6; index += 1)
      counter[8 + index] = (counter[8 + index] ?? 0) ^ (head[index] ?? 0);
    const cipher = createCipheriv('aes-128-ctr', this.#key, counter);
    return Buffer.concat([packet.subarray(0, 12), cipher.update(packet.subarray(12))]);
  }

  #tag(sealed: Buffer, rollOver: number): Buffer {
    const behind = Buffer.alloc(4);
    behind.writeUInt32BE(rollOver);
    return createHmac('sha1', this.#auth).update(sealed).update(behind).digest().subarray(0, TAG_BYTES);
  }
}
