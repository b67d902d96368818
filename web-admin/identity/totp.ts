/** One-time passwords by time: RFC 6238 over RFC 4226, SHA-1, 6 digits, 30 s, which is what every authenticator knows. Pure. */
import { createHmac, timingSafeEqual } from 'node:crypto';

const STEP_SECONDS = 30;
const DIGITS = 6;
/** One step of a clock that is late, one of one that is early (RFC 6238 section 5.2). */
const DRIFT_STEPS = 1;
/** 160 bits (RFC 4226 section 4, R6). */
export const TOTP_KEY_BYTES = 20;

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** RFC 4648 section 6, without padding. */
export function encodeBase32(bytes: Uint8Array): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  return (bits.match(/.{1,5}/g) ?? [])
    .map((chunk) => BASE32.charAt(Number.parseInt(chunk.padEnd(5, '0'), 2)))
    .join('');
}

/** @throws RangeError for another character */
export function decodeBase32(text: string): Uint8Array {
  const bits = Array.from(text.toUpperCase(), (character) => {
    const value = BASE32.indexOf(character);
    if (value < 0) throw new RangeError('a key of a one-time password has A to Z and 2 to 7 only');
    return value.toString(2).padStart(5, '0');
  });
  return Uint8Array.from(bits.join('').match(/.{8}/g) ?? [], (byte) => Number.parseInt(byte, 2));
}

export function totpStepOf(wallMs: number): number {
  return Math.floor(wallMs / 1000 / STEP_SECONDS);
}

/** RFC 4226 section 5.3. */
export function totpCode(key: Uint8Array, step: number, digits = DIGITS): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const mac = createHmac('sha1', key).update(counter).digest();
  const offset = (mac.at(-1) ?? 0) & 0xf;
  const value = mac.readUInt32BE(offset) & 0x7fffffff;
  return String(value % 10 ** digits).padStart(digits, '0');
}

function isSame(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
}

/** @returns the step that the code is of, for whoever must refuse it a second time; undefined: it is wrong */
export function findTotpStep(keyText: string, code: string, wallMs: number): number | undefined {
  const key = decodeBase32(keyText);
  const now = totpStepOf(wallMs);
  for (let step = now - DRIFT_STEPS; step <= now + DRIFT_STEPS; step += 1)
    if (isSame(totpCode(key, step), code)) return step;
  return undefined;
}

/** What a QR code for an authenticator says. */
export function totpUri(keyText: string, account: string, issuer: string): string {
  const label = `${encodeURIComponent(issuer)}:${encodeURIComponent(account)}`;
  const query = new URLSearchParams({
    secret: keyText,
    issuer,
    algorithm: 'SHA1',
    digits: '6',
    period: '30',
  });
  return `otpauth://totp/${label}?${query.toString()}`;
}
