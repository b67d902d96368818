/** The arithmetic of RFC 7616 3.4.1 to 3.4.3, without a decision in it. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { toWireText } from '../message/wire-text.js';

/** As `algorithm` names them (RFC 8760 2.2). */
export const DIGEST_ALGORITHMS = ['SHA-256', 'MD5'] as const;
export type DigestAlgorithm = (typeof DIGEST_ALGORITHMS)[number];

export function isDigestAlgorithm(name: string): name is DigestAlgorithm {
  return DIGEST_ALGORITHMS.some((one) => one === name);
}

const HASHES: Readonly<Record<DigestAlgorithm, string>> = { 'SHA-256': 'sha256', MD5: 'md5' };

/** Hexadecimal digits of a hash. */
export const DIGEST_LENGTH: Readonly<Record<DigestAlgorithm, number>> = { 'SHA-256': 64, MD5: 32 };

function hashOf(algorithm: DigestAlgorithm, wire: string): string {
  return createHash(HASHES[algorithm]).update(wire, 'latin1').digest('hex');
}

/**
 * What is kept of a password. Whoever reads it can log in at this realm with this algorithm, and nowhere else.
 * @param username and the others in Unicode (RFC 7616 4: UTF-8)
 */
export function ha1Of(algorithm: DigestAlgorithm, username: string, realm: string, password: string): string {
  return hashOf(algorithm, toWireText(`${username}:${realm}:${password}`));
}

export interface DigestInput {
  readonly method: string;
  readonly uri: string;
  readonly nonce: string;
  /** As sent. */
  readonly nc: string;
  readonly cnonce: string;
}

/** For qop=auth. Everything is wire text. */
export function digestResponseOf(algorithm: DigestAlgorithm, ha1: string, input: DigestInput): string {
  const ha2 = hashOf(algorithm, `${input.method}:${input.uri}`);
  return hashOf(algorithm, `${ha1}:${input.nonce}:${input.nc}:${input.cnonce}:auth:${ha2}`);
}

/** The time it takes tells nothing about where two texts differ; their lengths are no secret. */
export function isSameDigest(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a, 'latin1'), Buffer.from(b, 'latin1'));
}
