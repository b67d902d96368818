/**
 * Who may send a new request: digest authentication before any application sees it. An application finds the name of
 * who was let in as `username` of the request's Authorization; sources that are exempt are known to it by their address.
 */
import { readFileSync } from 'node:fs';
import type { Clock } from '../../../cluster/base/clock.js';
import type { DigestConfig } from '../config/engine-config.js';
import { readKeyFile } from '../config/read-key-file.js';
import { DigestAuthenticator, type DigestSecrets } from '../digest/digest-authenticator.js';
import { sipErrors } from '../errors.js';
import { reasonPhrase } from '../message/reason-phrases.js';
import type { SipMessage } from '../message/sip-message.js';
import { NetworkSet } from '../transport/network-set.js';
import type { SipFlow } from '../transport/sip-flow.js';
import type { Refusal } from './decide-refusal.js';

export interface DigestGateOptions {
  readonly digest: DigestConfig;
  readonly clock: Clock;
  readonly addressId: string;
  readonly metrics: { countRefused(reason: string): void };
  /** Feeds the guard of the transports. */
  readonly penalise: (address: string) => void;
}

/** Of the nonces; see DigestOptions. */
const KEY_BYTES_MIN = 32;

type Credentials = ReadonlyMap<string, DigestSecrets>;

/** Hexadecimal digits of each hash. */
const HASH_DIGITS: Readonly<Record<string, number>> = { sha256: 64, md5: 32 };

/** Whoever wrote a password there would wonder for long why nobody is let in. */
function findSecretsProblem(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'has no hashes';
  const hashes = Object.entries(value);
  if (hashes.length === 0) return 'has no hashes';
  for (const [name, hex] of hashes) {
    const digits = Object.hasOwn(HASH_DIGITS, name) ? HASH_DIGITS[name] : undefined;
    if (digits === undefined) return `has "${name}", where only sha256 and md5 are known`;
    const isHash = typeof hex === 'string' && hex.length === digits && /^[0-9a-f]*$/.test(hex);
    if (!isHash) return `needs ${String(digits)} digits 0-9 and a-f for ${name}`;
  }
  return undefined;
}

/** What the parser says quotes the text, and the text are secrets. */
function reasonOf(error: unknown): string {
  return error instanceof SyntaxError ? 'it is no JSON' : (error as Error).message;
}

/** @throws SIP_BAD_CREDENTIALS */
function readCredentials(file: string): Credentials {
  try {
    const read: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (typeof read !== 'object' || read === null || Array.isArray(read))
      throw new TypeError('it is no object of users');
    const users = new Map<string, DigestSecrets>();
    for (const [user, secrets] of Object.entries(read as Record<string, unknown>)) {
      const problem = findSecretsProblem(secrets);
      if (problem !== undefined) throw new TypeError(`user "${user}" ${problem}`);
      users.set(user, secrets as DigestSecrets);
    }
    return users;
  } catch (error) {
    throw sipErrors.SIP_BAD_CREDENTIALS({ file, reason: reasonOf(error) });
  }
}

export class DigestGate {
  readonly #options: DigestGateOptions;
  readonly #methods: ReadonlySet<string>;
  readonly #exempt: NetworkSet;
  readonly #authenticator: DigestAuthenticator;
  #credentials: Credentials;

  /** @throws SIP_BAD_CREDENTIALS, SIP_BAD_KEY */
  constructor(options: DigestGateOptions) {
    const { digest, clock, addressId } = options;
    this.#options = options;
    this.#methods = new Set(digest.methods);
    this.#exempt = new NetworkSet(digest.exemptSources);
    this.#credentials = readCredentials(digest.credentialsFile);
    this.#authenticator = new DigestAuthenticator({
      realm: digest.realm,
      algorithms: digest.algorithms,
      key: readKeyFile(digest.keyFile, 'digest.keyFile', KEY_BYTES_MIN),
      addressId,
      clock,
      find: (username) => this.#credentials.get(username),
    });
  }

  /** Phones that were added or removed count from now on. @throws SIP_BAD_CREDENTIALS; the old ones still count */
  reload(): void {
    this.#credentials = readCredentials(this.#options.digest.credentialsFile);
  }

  /** @returns undefined for a request that may pass */
  refuse(request: SipMessage, source: SipFlow): Refusal | undefined {
    if (!this.#methods.has(request.method) || this.#exempt.has(source.remoteAddress)) return undefined;
    const { metrics, penalise } = this.#options;
    const { method, requestUri } = request;
    const headerValues = request.headerAll('Authorization');
    const verdict = this.#authenticator.verify({ method, requestUri, headerValues });
    if (verdict.kind === 'accepted') return undefined;
    metrics.countRefused(verdict.why);
    if (verdict.isFailure) penalise(source.remoteAddress);
    if (verdict.kind === 'refused') return { status: verdict.status, reason: reasonPhrase(verdict.status) };
    const headers = this.#authenticator
      .challenges(verdict.stale)
      .map((value) => ({ name: 'WWW-Authenticate', value }));
    return { status: 401, reason: reasonPhrase(401), headers };
  }
}
