/**
 * Nonces that carry their own proof: time, number and address id under an HMAC. Whoever holds the key knows a nonce
 * of its own kind without having stored it, so that a phone that was challenged by one node is understood by the
 * other one after a takeover.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';

const TIME_BYTES = 6;
const SERIAL_BYTES = 4;
/** Half of SHA-256, the least that RFC 2104 5 allows: there are phones that cut long nonces. */
const MAC_BYTES = 16;
const HEAD_BYTES = TIME_BYTES + SERIAL_BYTES + MAC_BYTES;
const SERIAL_VALUES = 2 ** 32;

export const KEY_BYTES_MIN = 32;
export const ADDRESS_ID_BYTES_MAX = 32;
const NONCE_LENGTH_MAX = Math.ceil(((HEAD_BYTES + ADDRESS_ID_BYTES_MAX) * 4) / 3);

export interface NonceOptions {
  /** @see KEY_BYTES_MIN; the same on both nodes */
  readonly key: Buffer;
  readonly realm: string;
  /** Of the service address that challenges; no secret, but readable by whoever gets the nonce. */
  readonly addressId: string;
}

export class DigestNonces {
  readonly #key: Buffer;
  readonly #realm: string;
  readonly #addressId: Buffer;
  #serial = 0;

  /** @throws RangeError for a short key or a long address id */
  constructor({ key, realm, addressId }: NonceOptions) {
    this.#key = key;
    this.#realm = realm;
    this.#addressId = Buffer.from(addressId, 'utf8');
    if (key.length < KEY_BYTES_MIN) throw new RangeError(`the key has ${String(key.length)} bytes, not 32`);
    if (this.#addressId.length > ADDRESS_ID_BYTES_MAX) throw new RangeError('the address id is too long');
  }

  /** Never the same twice: two phones that are challenged in one millisecond must not share their counts. */
  make(atMs: number): string {
    const stamp = Buffer.alloc(TIME_BYTES + SERIAL_BYTES);
    stamp.writeUIntBE(Math.floor(atMs), 0, TIME_BYTES);
    stamp.writeUInt32BE(this.#serial, TIME_BYTES);
    this.#serial = (this.#serial + 1) % SERIAL_VALUES;
    const mac = this.#macOf(stamp, this.#addressId);
    return Buffer.concat([stamp, mac, this.#addressId]).toString('base64url');
  }

  /** @returns when it was made; undefined when this key did not make it for this realm */
  findTime(nonce: string): number | undefined {
    if (nonce.length > NONCE_LENGTH_MAX) return undefined;
    const bytes = Buffer.from(nonce, 'base64url');
    // Node skips what is no base64; the same bytes under another name would have counts of their own.
    if (bytes.length < HEAD_BYTES || bytes.toString('base64url') !== nonce) return undefined;
    const stamp = bytes.subarray(0, TIME_BYTES + SERIAL_BYTES);
    const mac = bytes.subarray(TIME_BYTES + SERIAL_BYTES, HEAD_BYTES);
    const expected = this.#macOf(stamp, bytes.subarray(HEAD_BYTES));
    return timingSafeEqual(mac, expected) ? stamp.readUIntBE(0, TIME_BYTES) : undefined;
  }

  #macOf(stamp: Buffer, addressId: Buffer): Buffer {
    const mac = createHmac('sha256', this.#key).update(stamp).update(addressId).update('\0');
    return mac.update(this.#realm, 'utf8').digest().subarray(0, MAC_BYTES);
  }
}
