/**
 * Digest authentication of requests (RFC 7616, RFC 8760, RFC 3261 22), server side. Decides and counts; sends
 * nothing. Never to be asked about an ACK or a CANCEL: nobody can answer a challenge to them (RFC 3261 22.1).
 *
 * A wrong password and an unknown user get the same answer after the same work, a fresh challenge: a 403 would tell
 * one from the other, and many phones give up at a 403 to REGISTER until somebody restarts them, which after a change
 * of passwords is a whole ward. A phone gives up by itself at the second challenge that is not stale (RFC 3261 22.2).
 *
 * Counts of nonces are not replicated: whoever has read a request on the wire can have it pass once more at the
 * partner, or after a restart, within `nonceLifeMs`. Against that there is TLS.
 */
import { createHmac } from 'node:crypto';
import type { Clock } from '../../../cluster/base/clock.js';
import { isAllOf, QUOTED } from '../message/sip-characters.js';
import { SipSyntaxError } from '../message/sip-syntax-error.js';
import { isSameUri, parseSipUri } from '../message/sip-uri.js';
import { toWireText } from '../message/wire-text.js';
import { findNonceCount, parseDigestCredentials, type DigestCredentials } from './digest-credentials.js';
import { DigestNonces } from './digest-nonce.js';
import {
  DIGEST_ALGORITHMS,
  DIGEST_LENGTH,
  digestResponseOf,
  isSameDigest,
  type DigestAlgorithm,
} from './digest-response.js';
import { NonceCounts } from './nonce-counts.js';

/** What is kept of a user: HA1 in lower-case hexadecimal digits (@see ha1Of). One that is missing lets nobody in. */
export interface DigestSecrets {
  readonly sha256?: string;
  readonly md5?: string;
}

export interface DigestOptions {
  /** Shown to people by some phones; a change makes every HA1 worthless. Printable, without quotes. */
  readonly realm: string;
  /** At least 32 bytes, the same on both nodes. */
  readonly key: Buffer;
  readonly addressId: string;
  readonly clock: Clock;
  /** Has to take the same time for a name it does not know: a look into a map. */
  readonly find: (username: string) => DigestSecrets | undefined;
  /**
   * In the order they are offered; default SHA-256, then MD5 (RFC 8760 2.4). Of clients that know MD5 alone, SIPp 3.6.1
   * gives up when the first challenge is of another, baresip 1.0.0 when any is (ADR 18).
   */
  readonly algorithms?: readonly DigestAlgorithm[];
  /** Default 60 s. */
  readonly nonceLifeMs?: number;
  /** Nonces whose counts are kept, about 250 bytes each; default 16384. */
  readonly nonceCountsMax?: number;
}

export interface DigestRequest {
  readonly method: string;
  readonly requestUri: string;
  /** Each line of Authorization, or of Proxy-Authorization. */
  readonly headerValues: readonly string[];
}

/** Why a challenge is sent (401 or 407). */
export type ChallengeReason =
  /** None for this realm: the first request of an honest phone. */
  | 'no-credentials'
  /** Right, but the nonce is too old. */
  | 'expired'
  /** Right, but this nonce and count were used before, or may have been. */
  | 'replayed'
  /** A nonce that no node with this key has made; also that of a server before this one. */
  | 'forged-nonce'
  /** Wrong password, or no such user. */
  | 'wrong-response';

/** Why a 400 is sent: the phone would do the same again, so a challenge would be asked for without end. */
export type RefusalReason =
  | 'malformed'
  /** RFC 3261 22.3: one for each realm. */
  | 'several-credentials'
  /** `username*` or `userhash`, which were not offered. */
  | 'hidden-username'
  | 'algorithm-not-offered'
  | 'qop-not-offered'
  | 'bad-nonce-count'
  /** RFC 7616 3.4.6: made for another resource. */
  | 'wrong-uri';

/** `isFailure`: the guard counts it against the source. A replay is none: phones that count badly are honest. */
export type DigestVerdict =
  | { readonly kind: 'accepted'; readonly username: string }
  | {
      readonly kind: 'challenge';
      readonly stale: boolean;
      readonly why: ChallengeReason;
      readonly isFailure: boolean;
    }
  | { readonly kind: 'refused'; readonly status: 400; readonly why: RefusalReason; readonly isFailure: true };

const SECRET_NAMES: Readonly<Record<DigestAlgorithm, keyof DigestSecrets>> = {
  'SHA-256': 'sha256',
  MD5: 'md5',
};
const NONCE_LIFE_MS = 60_000;
const NONCE_COUNTS_MAX = 16_384;
/** How far the clock of the partner may be ahead. Beyond it a nonce is stale, which costs a round trip. */
const AHEAD_MS_MAX = 10_000;

function challenge(why: ChallengeReason): DigestVerdict {
  const stale = why === 'expired' || why === 'replayed';
  return { kind: 'challenge', stale, why, isFailure: !stale && why !== 'no-credentials' };
}

function refuse(why: RefusalReason): DigestVerdict {
  return { kind: 'refused', status: 400, why, isFailure: true };
}

function isForThis(uri: string, requestUri: string): boolean {
  if (uri === requestUri) return true;
  try {
    return isSameUri(parseSipUri(uri), parseSipUri(requestUri));
  } catch (error) {
    if (error instanceof SipSyntaxError) return false;
    throw error;
  }
}

/** What needs no escape and is the same on the wire, in a digest and in the site document. */
function isPlainRealm(realm: string): boolean {
  return (
    isAllOf(realm, QUOTED) && toWireText(realm) === realm && !realm.includes('"') && !realm.includes('\\')
  );
}

/** What can be said of credentials without a secret. */
interface Readable {
  readonly credentials: DigestCredentials;
  readonly algorithm: DigestAlgorithm;
  readonly cnonce: string;
  readonly nc: string;
  readonly count: number;
}

export class DigestAuthenticator {
  readonly #options: DigestOptions;
  readonly #algorithms: readonly DigestAlgorithm[];
  readonly #nonces: DigestNonces;
  readonly #nonceLifeMs: number;
  readonly #counts: NonceCounts;
  readonly #wallOffsetMs: number;
  /** Stands for the HA1 of a user who does not exist. */
  readonly #decoys: Readonly<Record<DigestAlgorithm, string>>;

  /** @throws RangeError for an option that cannot be */
  constructor(options: DigestOptions) {
    const { realm, clock, key } = options;
    if (!isPlainRealm(realm)) throw new RangeError('the realm must be printable ASCII without quotes');
    this.#options = options;
    this.#algorithms = options.algorithms ?? DIGEST_ALGORITHMS;
    this.#nonces = new DigestNonces(options);
    this.#nonceLifeMs = options.nonceLifeMs ?? NONCE_LIFE_MS;
    this.#counts = new NonceCounts(options.nonceCountsMax ?? NONCE_COUNTS_MAX);
    this.#wallOffsetMs = clock.wallMs() - clock.monotonicMs();
    const decoy = createHmac('sha256', key).update('decoy').digest('hex');
    this.#decoys = { 'SHA-256': decoy, MD5: decoy.slice(0, DIGEST_LENGTH.MD5) };
  }

  /** How many nonces have counts kept. */
  get noncesKept(): number {
    return this.#counts.size;
  }

  /**
   * The values of WWW-Authenticate or Proxy-Authenticate, one header line each, in this order (RFC 8760 2.3: the
   * first one that a phone understands counts).
   */
  challenges(stale: boolean): string[] {
    const nonce = this.#nonces.make(Math.max(this.#nowMs(), this.#counts.floorMs + 1));
    const end = stale ? ', stale=true' : '';
    return this.#algorithms.map(
      (algorithm) =>
        `Digest realm="${this.#options.realm}", nonce="${nonce}", algorithm=${algorithm}, qop="auth"${end}`,
    );
  }

  /** Never throws for what a request holds. */
  verify(request: DigestRequest): DigestVerdict {
    const credentials = this.#findCredentials(request.headerValues);
    if (credentials === undefined) return challenge('no-credentials');
    if (typeof credentials === 'string') return refuse(credentials);
    const madeAtMs = this.#nonces.findTime(credentials.nonce);
    // Before anything that is refused: a phone may come with the habits of the server it had before.
    if (madeAtMs === undefined) return challenge('forged-nonce');
    const readable = this.#findReadable(credentials);
    if (typeof readable === 'string') return refuse(readable);
    if (!isForThis(credentials.uri, request.requestUri)) return refuse('wrong-uri');
    if (!this.#isRight(readable, request.method)) return challenge('wrong-response');
    // RFC 7616 3.3: stale is said only to who has proved to know the password.
    return this.#verdictOnNonce(readable, madeAtMs);
  }

  /**
   * Runs with the monotonic clock from the wall clock of the start: a wall clock that steps back would let old
   * nonces live again. When it has stepped, the partner's nonces may be stale here, which costs a round trip.
   */
  #nowMs(): number {
    return this.#options.clock.monotonicMs() + this.#wallOffsetMs;
  }

  #findCredentials(values: readonly string[]): DigestCredentials | RefusalReason | undefined {
    let found: DigestCredentials | undefined;
    try {
      for (const value of values) {
        const credentials = parseDigestCredentials(value);
        if (credentials?.realm !== this.#options.realm) continue;
        if (found !== undefined) return 'several-credentials';
        found = credentials;
      }
    } catch (error) {
      if (error instanceof SipSyntaxError) return 'malformed';
      throw error;
    }
    // Some phones name themselves before they are challenged, with all else empty (3GPP TS 24.229 5.1.1.2.2).
    return found?.nonce === '' ? undefined : found;
  }

  #findReadable(credentials: DigestCredentials): Readable | RefusalReason {
    if (credentials.hidesUsername) return 'hidden-username';
    const named = (credentials.algorithm ?? 'MD5').toUpperCase();
    const algorithm = this.#algorithms.find((offered) => offered === named);
    if (algorithm === undefined) return 'algorithm-not-offered';
    const { cnonce, nc, qop } = credentials;
    if (qop !== 'auth') return 'qop-not-offered';
    const count = findNonceCount(nc);
    if (nc === undefined || count === undefined) return 'bad-nonce-count';
    return cnonce === undefined ? 'malformed' : { credentials, algorithm, cnonce, nc, count };
  }

  #isRight({ credentials, algorithm, cnonce, nc }: Readable, method: string): boolean {
    const { username, uri, nonce, response } = credentials;
    const ha1 = this.#options.find(username)?.[SECRET_NAMES[algorithm]];
    const input = { method, uri, nonce, nc, cnonce };
    const expected = digestResponseOf(algorithm, ha1 ?? this.#decoys[algorithm], input);
    return isSameDigest(response, expected) && ha1 !== undefined;
  }

  #verdictOnNonce({ credentials, count }: Readable, madeAtMs: number): DigestVerdict {
    const nowMs = this.#nowMs();
    this.#counts.forgetBefore(nowMs - this.#nonceLifeMs);
    if (madeAtMs < nowMs - this.#nonceLifeMs || madeAtMs > nowMs + AHEAD_MS_MAX) return challenge('expired');
    if (!this.#counts.use(credentials.nonce, madeAtMs, count)) return challenge('replayed');
    return { kind: 'accepted', username: detachedUnicode(credentials.username) };
  }
}

/** A copy that does not keep the header line alive: bindings hold it for hours. */
function detachedUnicode(text: string): string {
  return Buffer.from(text, 'utf8').toString('utf8');
}
