/**
 * Which transaction a message belongs to (RFC 3261 sections 17.1.3 and 17.2.3), as text for a map:
 *
 *     server, RFC 3261   branch|host:port|METHOD
 *     server, RFC 2543   |Request-URI|To tag|From tag|Call-ID|CSeq number|top Via|METHOD
 *     client             branch|METHOD
 *     merged requests    From tag|Call-ID|CSeq number|METHOD
 *
 * An ACK is looked up as its INVITE. A CANCEL is a transaction of its own; what it cancels is looked up as INVITE.
 *
 * Branch and tags are compared to the letter: a retransmission repeats them to the letter, and so does a response.
 * Nothing here is a secret or a proof: who knows a branch and a sent-by can speak into that transaction, and whoever
 * contrives a message whose parts join to another's key could have sent those parts in the first place.
 */
import type { Rng } from '../../../cluster/base/rng.js';

/** What has to be known of a message. Of a response: method is that of the CSeq, the rest is not looked at. */
export interface KeyFields {
  /** As received: methods are case-sensitive. */
  readonly method: string;
  /** Of the topmost Via. */
  readonly branch?: string | undefined;
  readonly sentByHost: string;
  readonly sentByPort?: number | undefined;
  /** Of the topmost Via: UDP, TCP, TLS, WS, WSS; decides the port where none is written. */
  readonly transport: string;
  readonly callId: string;
  readonly cseqNumber: number;
  readonly fromTag?: string | undefined;
  readonly toTag?: string | undefined;
  readonly requestUri: string;
  /** The topmost Via as received, before received and rport are added; may be empty beside a unique branch. */
  readonly topVia: string;
}

const COOKIE = 'z9hG4bK';

/** RFC 3261 section 18.1.1 and table 3 of section 19.1.2; RFC 7118 for WebSocket. */
const DEFAULT_PORTS: Readonly<Record<string, number>> = { TLS: 5061, WS: 80, WSS: 443 };
const DEFAULT_PORT = 5060;

/**
 * Whether the sender makes branches that are unique by themselves. The bare cookie tells no two requests apart
 * (RFC 4475 section 3.2.1), so such a request is matched like one of RFC 2543.
 */
export function hasUniqueBranch<T extends Pick<KeyFields, 'branch'>>(
  fields: T,
): fields is T & { readonly branch: string } {
  const { branch } = fields;
  return branch !== undefined && branch.length > COOKIE.length && branch.startsWith(COOKIE);
}

function defaultPort(transport: string): number {
  const name = transport.toUpperCase();
  return (Object.hasOwn(DEFAULT_PORTS, name) ? DEFAULT_PORTS[name] : undefined) ?? DEFAULT_PORT;
}

function keyAs(method: string, fields: KeyFields, toTag: string): string {
  if (hasUniqueBranch(fields)) {
    const port = fields.sentByPort ?? defaultPort(fields.transport);
    return `${fields.branch}|${fields.sentByHost.toLowerCase()}:${String(port)}|${method}`;
  }
  const { requestUri, fromTag, callId, cseqNumber, topVia } = fields;
  return ['', requestUri, toTag, fromTag ?? '', callId, cseqNumber, topVia, method].join('|');
}

/** Of a request but ACK: the transaction it makes or repeats. */
export function serverKey(fields: KeyFields): string {
  return keyAs(fields.method, fields, fields.toTag ?? '');
}

/** Of a CANCEL: the INVITE it means (RFC 3261 section 9.2). */
export function cancelledKey(fields: KeyFields): string {
  return keyAs('INVITE', fields, fields.toTag ?? '');
}

/**
 * Of an ACK: the INVITE it acknowledges, most likely first. Without a unique branch the To tag of the ACK is that of
 * our response, while the INVITE may have had none; whoever finds the INVITE by the second key has to compare the
 * tag (RFC 3261 section 17.2.3).
 */
export function acknowledgedKeys(fields: KeyFields): readonly string[] {
  const key = cancelledKey(fields);
  return hasUniqueBranch(fields) || fields.toTag === undefined ? [key] : [key, keyAs('INVITE', fields, '')];
}

/** Of a request of ours, or of a response to it. */
export function clientKey(fields: KeyFields): string {
  return `${fields.branch ?? ''}|${fields.method}`;
}

/** The key of the CANCEL for an INVITE of ours: it has the same branch (RFC 3261 section 9.1). */
export function clientCancelKey(inviteKey: string): string {
  return `${inviteKey.slice(0, inviteKey.lastIndexOf('|'))}|CANCEL`;
}

/**
 * Equal for copies of one request that came by different ways (RFC 3261 section 8.2.2.2); undefined for a request
 * inside a dialog, and for ACK and CANCEL, which follow their INVITE.
 */
export function mergeKey(fields: KeyFields): string | undefined {
  const { method, toTag, fromTag, callId, cseqNumber } = fields;
  if (toTag !== undefined || method === 'ACK' || method === 'CANCEL') return undefined;
  return `${fromTag ?? ''}|${callId}|${String(cseqNumber)}|${method}`;
}

const ADDRESS_ID_PATTERN = /^[A-Za-z0-9]{1,16}$/;
const RANDOM_BYTES = 10;

/**
 * Makes the branches of one service address: cookie, the address's id, 80 random bits. With the id in it, a stray
 * message can be attributed after the address has moved to the partner; the random part has to be unguessable,
 * because it is all that keeps a third party out of the transaction.
 * @param options.rng the system's; a seeded one only in tests
 * @throws RangeError for an id that is not 1 to 16 letters and digits
 */
export function createBranchSource(options: { readonly addressId: string; readonly rng: Rng }): () => string {
  const { addressId, rng } = options;
  if (!ADDRESS_ID_PATTERN.test(addressId)) {
    throw new RangeError(`"${addressId}" is no id of a service address: 1 to 16 letters and digits`);
  }
  return () => `${COOKIE}${addressId}-${Buffer.from(rng.bytes(RANDOM_BYTES)).toString('hex')}`;
}

/** Which service address made a branch; undefined when it looks like none of ours. */
export function findBranchAddress(branch: string): string | undefined {
  const dash = branch.length - 2 * RANDOM_BYTES - 1;
  if (!branch.startsWith(COOKIE) || branch[dash] !== '-') return undefined;
  const addressId = branch.slice(COOKIE.length, dash);
  return ADDRESS_ID_PATTERN.test(addressId) ? addressId : undefined;
}
