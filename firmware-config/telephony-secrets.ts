/**
 * Hashes that a telephony document holds in place of passwords and PINs, and the key that is made from them. Pure
 * but for node:crypto.
 */
import { createHash, createHmac, scrypt, scryptSync, timingSafeEqual } from 'node:crypto';
import type { Telephony } from './schema/telephony.js';

export interface Ha1 {
  readonly sha256: string;
  readonly md5: string;
}

/** H(user:realm:password) in both algorithms (RFC 7616 3.4.2). MD5 is for phones that know nothing better. */
export function makeHa1(user: string, realm: string, password: string): Ha1 {
  const hash = (algorithm: 'sha256' | 'md5'): string =>
    createHash(algorithm).update(`${user}:${realm}:${password}`).digest('hex');
  return { sha256: hash('sha256'), md5: hash('md5') };
}

export interface ScryptCost {
  /** A power of two; 128 * N * r bytes of memory are needed. */
  readonly N: number;
  readonly r: number;
  readonly p: number;
}

/**
 * 16 MiB and about 50 ms of a core, what a login may cost. It delays whoever has the file, no more: to guess a PIN of
 * four digits takes some minutes.
 */
export const PIN_COST: ScryptCost = { N: 16_384, r: 8, p: 1 };

const HASH_BYTES = 32;
/** Below, guessing is free; above, every login would hold a core for longer than a phone waits. */
const N_RANGE = { min: 1024, max: 131_072 };
const BYTES_MAX = 256 * 1024 * 1024;

function memoryOf({ N, r, p }: ScryptCost): number {
  return 128 * r * (N + p);
}

/** Twice what is needed: Node refuses at the limit. */
function optionsOf(cost: ScryptCost) {
  return { ...cost, maxmem: 2 * memoryOf(cost) };
}

/** @returns `scrypt$N$r$p$salt$hash`, both in base64. @param salt 16 random bytes, of nobody else */
export function hashPin(pin: string, salt: Buffer, cost: ScryptCost = PIN_COST): string {
  const { N, r, p } = cost;
  const hash = scryptSync(pin, salt, HASH_BYTES, optionsOf(cost));
  return ['scrypt', N, r, p, salt.toString('base64'), hash.toString('base64')].join('$');
}

interface PinHash extends ScryptCost {
  readonly salt: Buffer;
  readonly hash: Buffer;
}

function readPinHash(text: string): PinHash {
  const [, N = '', r = '', p = '', salt = '', hash = ''] = text.split('$');
  const bytes = (base64: string): Buffer => Buffer.from(base64, 'base64');
  return { N: Number(N), r: Number(r), p: Number(p), salt: bytes(salt), hash: bytes(hash) };
}

/** @param text of the shape that the schema checks. @returns what scrypt would refuse, or who logs in would wait for */
export function findPinHashProblem(text: string): string | undefined {
  const cost = readPinHash(text);
  const { N } = cost;
  const isPower = Number.isInteger(Math.log2(N));
  if (!isPower || N < N_RANGE.min || N > N_RANGE.max)
    return `N is ${String(N)}, no power of two from ${String(N_RANGE.min)} to ${String(N_RANGE.max)}`;
  if (memoryOf(cost) > BYTES_MAX) return 'N and r ask for more than 256 MiB of memory';
  return undefined;
}

/** Takes as long for a wrong PIN as for the right one, on a thread of its own. @param pinHash of a checked document */
export function isPinRight(pin: string, pinHash: string): Promise<boolean> {
  const { salt, hash, ...cost } = readPinHash(pinHash);
  return new Promise((resolve, reject) => {
    scrypt(pin, salt, HASH_BYTES, optionsOf(cost), (error, made) => {
      if (error === null) resolve(timingSafeEqual(made, hash));
      else reject(error);
    });
  });
}

/**
 * A key that both nodes have without a further secret to carry there: it is made from the hashes of the passwords, and
 * whoever has those needs no key.
 */
function makeSharedKey({ realm, seats }: Pick<Telephony, 'realm' | 'seats'>, purpose: string): Buffer {
  const secrets = seats.map(({ user, ha1 }) => `${user}:${ha1.sha256}`).toSorted();
  return createHmac('sha256', secrets.join('\n')).update(`wardline ${purpose} of ${realm}`).digest();
}

/** Of the nonces that phones are challenged with. @returns 64 hexadecimal digits */
export function makeNonceKey(telephony: Pick<Telephony, 'realm' | 'seats'>): string {
  return makeSharedKey(telephony, 'nonce key').toString('hex');
}

/** Of the link between the call controls of two partners. @returns 32 bytes */
export function makeLinkKey(telephony: Pick<Telephony, 'realm' | 'seats'>): Buffer {
  return makeSharedKey(telephony, 'call link key');
}

/** By which either node resumes a phone's TLS session. @returns 48 characters: a name, and two keys of OpenSSL's */
export function makeTicketKeys(telephony: Pick<Telephony, 'realm' | 'seats'>): string {
  const parts = ['ticket name', 'ticket keys'].map((purpose) => makeSharedKey(telephony, purpose));
  return Buffer.concat(parts).subarray(0, 36).toString('base64');
}
