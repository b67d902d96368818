/**
 * How this engine recognises what it has written into the messages of others: the Record-Route of a call that it
 * proxied, and the Via of a request that it forwarded without a transaction. Without such proof it would forward
 * for everybody who writes our address into a Route, or a victim's into a Via.
 *
 * The key must not change while calls last. A partner that is to go on with them after a takeover needs the same one.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';

/** 96 bits, more than anybody can try over the network. */
export const PROOF_CHARACTERS = 24;

export class ProxyKey {
  readonly #key: Buffer;

  /** @param key at least 16 bytes. @throws RangeError */
  constructor(key: Buffer) {
    if (key.length < 16) throw new RangeError('the key of the proxy needs at least 16 bytes');
    this.#key = key;
  }

  /** @param tag of the caller: what both sides of the call repeat until its end */
  routeProof(callId: string, tag: string): string {
    return this.#prove('route', callId, tag);
  }

  isRouteProof(proof: string, callId: string, tag: string): boolean {
    return isSame(proof, this.routeProof(callId, tag));
  }

  /**
   * The same for a request, what comes again of it, its CANCEL and its ACK (RFC 3261 16.11).
   * @param via under ours @param way the flow by which the request came
   */
  viaProof(parts: ViaParts): string {
    const { way, via, callId, cseqNumber } = parts;
    return this.#prove('via', way, via, callId, String(cseqNumber));
  }

  isViaProof(proof: string, parts: ViaParts): boolean {
    return isSame(proof, this.viaProof(parts));
  }

  #prove(...parts: readonly string[]): string {
    const hash = createHmac('sha256', this.#key).update(JSON.stringify(parts)).digest('hex');
    return hash.slice(0, PROOF_CHARACTERS);
  }
}

export interface ViaParts {
  readonly way: string;
  readonly via: string;
  readonly callId: string;
  readonly cseqNumber: number;
}

function isSame(given: string, right: string): boolean {
  const [a, b] = [Buffer.from(given, 'latin1'), Buffer.from(right, 'latin1')];
  return a.length === b.length && timingSafeEqual(a, b);
}
