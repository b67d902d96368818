/**
 * Sessions as signed tokens: any node verifies what any other has issued with nothing but that node's public key, so
 * people stay logged in when a node or the quorum goes. The only file that knows the package jose.
 *
 * | audience | |
 * |---|---|
 * | second | the password was right; the second factor, or its enrolment, is still to come. 5 minutes |
 * | session | logged in. Ends IDLE_MS after the last renewal, and ABSOLUTE_MS after the login whatever happens |
 * | peer | the panel of one node asks that of another. 30 s |
 */
import type { KeyObject } from 'node:crypto';
import { jwtVerify, SignJWT } from 'jose';
import type { Clock } from '../../cluster/base/clock.js';

export const IDLE_MS = 30 * 60_000;
export const ABSOLUTE_MS = 12 * 3_600_000;
/** A token that is younger is not renewed. */
export const RENEW_AFTER_MS = 60_000;
const SECOND_MS = 5 * 60_000;
const PEER_MS = 30_000;
/** Clocks of nodes are kept by NTP; a node may be this much ahead. */
const SKEW_SECONDS = 10;

export type Audience = 'second' | 'session' | 'peer';

export interface SessionClaims {
  readonly accountId: string;
  readonly sessionId: string;
  readonly issuedWallMs: number;
  readonly startedWallMs: number;
  readonly expiresWallMs: number;
}

export interface TokenKeys {
  readonly nodeId: string;
  readonly privateKey: KeyObject;
  /** Undefined: no such node is known. */
  publicKeyOf(nodeId: string): KeyObject | undefined;
}

interface Subject {
  readonly accountId: string;
  readonly sessionId: string;
  readonly startedWallMs: number;
}

export class SessionTokens {
  readonly #keys: TokenKeys;
  readonly #clock: Clock;

  constructor(options: { readonly keys: TokenKeys; readonly clock: Clock }) {
    this.#keys = options.keys;
    this.#clock = options.clock;
  }

  issue(audience: 'second' | 'session', subject: Subject): Promise<string> {
    const nowMs = this.#clock.wallMs();
    const endMs =
      audience === 'second'
        ? nowMs + SECOND_MS
        : Math.min(nowMs + IDLE_MS, subject.startedWallMs + ABSOLUTE_MS);
    return this.#sign(audience, endMs, {
      sub: subject.accountId,
      sid: subject.sessionId,
      // Milliseconds: a session that begins in the second of a revocation must not be taken for an older one.
      ims: nowMs,
      sms: subject.startedWallMs,
    });
  }

  issuePeer(): Promise<string> {
    return this.#sign('peer', this.#clock.wallMs() + PEER_MS, { sub: this.#keys.nodeId });
  }

  /** Undefined for whatever is not a valid token of this audience. */
  async find(audience: 'second' | 'session', token: string): Promise<SessionClaims | undefined> {
    const payload = await this.#verify(audience, token);
    const { sub, sid, ims, sms, exp } = payload ?? {};
    if (typeof sub !== 'string' || typeof sid !== 'string' || typeof exp !== 'number') return undefined;
    if (typeof ims !== 'number' || typeof sms !== 'number') return undefined;
    return {
      ...{ accountId: sub, sessionId: sid, issuedWallMs: ims, startedWallMs: sms },
      expiresWallMs: exp * 1000,
    };
  }

  /** @returns the node that asks */
  async findPeer(token: string): Promise<string | undefined> {
    const payload = await this.#verify('peer', token);
    return payload !== undefined && payload['sub'] === payload['iss'] ? String(payload['sub']) : undefined;
  }

  #sign(audience: Audience, endMs: number, claims: Readonly<Record<string, unknown>>): Promise<string> {
    const { nodeId, privateKey } = this.#keys;
    return new SignJWT({ ...claims })
      .setProtectedHeader({ alg: 'EdDSA', kid: nodeId })
      .setIssuer(nodeId)
      .setAudience(audience)
      .setExpirationTime(Math.floor(endMs / 1000))
      .sign(privateKey);
  }

  async #verify(audience: Audience, token: string): Promise<Readonly<Record<string, unknown>> | undefined> {
    try {
      const { payload, protectedHeader } = await jwtVerify(token, (header) => this.#keyOf(header.kid), {
        algorithms: ['EdDSA'],
        audience,
        clockTolerance: SKEW_SECONDS,
        currentDate: new Date(this.#clock.wallMs()),
        requiredClaims: ['exp', 'sub'],
      });
      return payload.iss === protectedHeader.kid ? payload : undefined;
    } catch {
      // Forged, over, or of a node that is not known: for whoever asks it is all the same.
      return undefined;
    }
  }

  #keyOf(nodeId: string | undefined): KeyObject {
    const key = nodeId === undefined ? undefined : this.#keys.publicKeyOf(nodeId);
    if (key === undefined) throw new Error('no such node');
    return key;
  }
}
