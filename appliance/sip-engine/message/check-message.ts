/**
 * Whether a message that could be read is one to act on (RFC 3261 8.2, 16.3, 18 and 20). A message that is `good`
 * has every header it must have, once, and no view of SipMessage throws on it; canonical-text.ts relies on that.
 *
 * Not judged here, because it takes more than the message: the method (405), extensions (420), dialogs (481), merged
 * requests (482), Max-Forwards of 0 (483), the type of the body (415). Dates, warnings and what else is advice may be
 * wrong (RFC 3261 8.2: ignore what is not necessary for processing).
 *
 * An answer is sent without a transaction, to where the request came from, with a copy of the lines of Via, From, To,
 * Call-ID and CSeq that it has: they need not be readable.
 */
import { HEADER, type HeaderName } from './header-names.js';
import { hasReadablePartTypes } from './multipart-guard.js';
import type { NameAddress } from './name-address.js';
import type { MalformedMessage } from './parse-sip-message.js';
import type { SipMessage } from './sip-message.js';
import { SipSyntaxError } from './sip-syntax-error.js';
import { assertUri, findUriScheme, parseSipUri, URI_BYTES_MAX } from './sip-uri.js';

export type CheckVerdict =
  | { readonly kind: 'good' }
  | {
      readonly kind: 'answer';
      readonly status: number;
      /** A phrase that says what is wrong (RFC 3261 21.4.1); ASCII. */
      readonly reason: string;
      /** For the checks of others that give the same verdict: 420 comes with Unsupported, 423 with Min-Expires. */
      readonly headers?: readonly (readonly [string, string])[];
    }
  | { readonly kind: 'drop'; readonly reason: string };

/** What is wrong, before it is known whether anybody is told. */
interface Fault {
  readonly status: number;
  readonly reason: string;
}

/**
 * Bounds of what an application gets; its parser is quadratic in some values. 413 (21.4.11) speaks of the body, 513
 * of the message; but a 5xx invites a proxy to try the same elsewhere, and it is the request that is at fault. One
 * header that is too long is a bad header (400). Nobody dials a URI of this length (414, RFC 3261 21.4.12).
 */
const HEADER_SECTION_BYTES_MAX = 16_384;
const HEADER_LINE_BYTES_MAX = 4096;

/** `urn:service:sos` (RFC 5031) is an emergency call: whether it can be routed is not for a check of syntax. */
const SCHEMES = new Set(['sip', 'sips', 'tel', 'urn']);

/** RFC 3261 8.1.1: without one of these there is no transaction and no answer. */
const MANDATORY = [HEADER.via, HEADER.from, HEADER.to, HEADER.callId, HEADER.cseq];

/** What has to be readable when it is there. */
const VIEWS = new Map<HeaderName, (message: SipMessage) => unknown>([
  [HEADER.via, (message) => message.vias],
  [HEADER.from, (message) => message.from],
  [HEADER.to, (message) => message.to],
  [HEADER.callId, (message) => message.callId],
  [HEADER.cseq, (message) => message.cseq],
  [HEADER.maxForwards, (message) => message.maxForwards],
  [HEADER.contact, (message) => message.contacts],
  [HEADER.route, (message) => message.routes],
  [HEADER.recordRoute, (message) => message.recordRoutes],
  [HEADER.path, (message) => message.path],
  [HEADER.contentLength, (message) => message.contentLength],
  [HEADER.contentType, (message) => message.contentType],
  [HEADER.expires, (message) => message.expires],
  [HEADER.sessionExpires, (message) => message.sessionExpires],
  [HEADER.minSe, (message) => message.minSe],
  [HEADER.require, (message) => message.require],
  [HEADER.proxyRequire, (message) => message.proxyRequire],
  [HEADER.supported, (message) => message.supported],
  [HEADER.rack, (message) => message.rack],
  [HEADER.rseq, (message) => message.rseq],
  [HEADER.replaces, (message) => message.replaces],
  [HEADER.referTo, (message) => message.referTo],
  [HEADER.event, (message) => message.event],
]);

function badRequest(reason: string): Fault {
  return { status: 400, reason };
}

/** @returns true when `read` throws SipSyntaxError */
function isUnreadable(read: () => unknown): boolean {
  try {
    read();
    return false;
  } catch (error) {
    if (error instanceof SipSyntaxError) return true;
    throw error;
  }
}

function findSizeFault(message: SipMessage): Fault | undefined {
  if (message.requestUri.length > URI_BYTES_MAX) return { status: 414, reason: 'Request-URI Too Long' };
  if (message.headerSectionBytes > HEADER_SECTION_BYTES_MAX)
    return { status: 413, reason: 'Header Section Too Large' };
  for (let index = 0; index < message.headerCount; index += 1) {
    if (message.rawLengthAt(index) > HEADER_LINE_BYTES_MAX) return badRequest('Header Too Long');
  }
  return undefined;
}

function findVersionFault(message: SipMessage): Fault | undefined {
  return message.version === '2.0' ? undefined : { status: 505, reason: 'Version Not Supported' };
}

function findMissing(message: SipMessage): Fault | undefined {
  const missing = MANDATORY.find((known) => message.firstOf(known) < 0);
  return missing === undefined ? undefined : badRequest(`Missing ${missing.name}`);
}

/** RFC 4475 3.3.8: of two values nobody can say which one the next element acts on. */
function findDoubled(message: SipMessage): Fault | undefined {
  for (let index = 0; index < message.headerCount; index += 1) {
    const known = message.knownAt(index);
    if (known?.isSingle === true && message.firstOf(known) < index)
      return badRequest(`Multiple ${known.name}`);
  }
  return undefined;
}

/** Each view once, whatever the number of its lines. One handler for all of them: it is on the way of every message. */
function findUnreadable(message: SipMessage): Fault | undefined {
  let at = 0;
  try {
    for (; at < message.headerCount; at += 1) {
      const known = message.knownAt(at);
      const read = known === undefined ? undefined : VIEWS.get(known);
      if (known !== undefined && read !== undefined && message.firstOf(known) === at) read(message);
    }
    return undefined;
  } catch (error) {
    if (!(error instanceof SipSyntaxError)) throw error;
    return badRequest(`Bad ${message.knownAt(at)?.name ?? 'header'}`);
  }
}

/** RFC 3261 8.2.2.1, and 19.1.1: a Request-URI has no headers (RFC 4475 3.1.2.11). */
function findUriFault({ requestUri }: SipMessage): Fault | undefined {
  if (
    isUnreadable(() => {
      assertUri(requestUri);
    })
  )
    return badRequest('Bad Request-URI');
  const scheme = findUriScheme(requestUri) ?? '';
  if (!SCHEMES.has(scheme)) return { status: 416, reason: 'Unsupported URI Scheme' };
  const isSip = scheme === 'sip' || scheme === 'sips';
  const hasHeaders = isSip && Object.keys(parseSipUri(requestUri).headers).length > 0;
  return hasHeaders ? badRequest('Headers in Request-URI') : undefined;
}

function isSipAddress({ uri }: NameAddress): boolean {
  const scheme = findUriScheme(uri);
  return scheme === 'sip' || scheme === 'sips';
}

/**
 * RFC 3261 8.1.1.8 and RFC 6665 8.2.1: where the requests of the dialog go. An INVITE of RFC 2543 without one
 * (RFC 4475 3.4.1) is refused too: drachtio-srf throws when it makes a dialog of it.
 */
function findTargetFault(message: SipMessage): Fault | undefined {
  if (message.method !== 'INVITE' && message.method !== 'SUBSCRIBE') return undefined;
  const { contacts } = message;
  if (contacts.length === 0) return badRequest('Missing Contact');
  const isOne = contacts !== '*' && contacts.length === 1 && contacts.every(isSipAddress);
  return isOne ? undefined : badRequest('Bad Contact');
}

/** RFC 3261 10.2.2 and 10.3: `*` stands alone, in a REGISTER, and with `Expires: 0`. */
function findWildcardFault(message: SipMessage): Fault | undefined {
  if (message.contacts !== '*') return undefined;
  const isAllowed = message.isRequest && message.method === 'REGISTER' && message.expires === 0;
  return isAllowed ? undefined : badRequest('Bad Contact');
}

/** Headers without which a method means nothing: RFC 3262 7.2, RFC 3515 2.4.1. */
function findMethodFault(message: SipMessage): Fault | undefined {
  if (message.cseq.method !== message.method) return badRequest('CSeq Method Mismatch');
  if (message.method === 'PRACK' && message.rack === undefined) return badRequest('Missing RAck');
  if (message.method === 'REFER' && message.referTo === undefined) return badRequest('Missing Refer-To');
  return undefined;
}

function findBodyFault(message: SipMessage): Fault | undefined {
  const type = message.header(HEADER.contentType.name)?.toLowerCase() ?? '';
  if (!type.includes('multipart/') || hasReadablePartTypes(message.body)) return undefined;
  return badRequest('Bad Multipart Body');
}

/** The order counts: nothing is read that may be missing, and nobody reads what is too long. */
const CHECKS_OF_ALL = [
  findSizeFault,
  findVersionFault,
  findMissing,
  findDoubled,
  findUnreadable,
  findWildcardFault,
  findBodyFault,
];
const CHECKS_OF_REQUESTS = [...CHECKS_OF_ALL, findUriFault, findMethodFault, findTargetFault];

function findFault(message: SipMessage): Fault | undefined {
  for (const find of message.isRequest ? CHECKS_OF_REQUESTS : CHECKS_OF_ALL) {
    const fault = find(message);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

const GOOD: CheckVerdict = Object.freeze({ kind: 'good' });

function verdictOn(message: SipMessage, { status, reason }: Fault): CheckVerdict {
  // RFC 3261 17: an ACK has no response, nor has a response; without a Via nobody would recognise it.
  const isAnswerable =
    message.isRequest && message.method !== 'ACK' && message.findLine(HEADER.via.name) >= 0;
  return isAnswerable ? { kind: 'answer', status, reason } : { kind: 'drop', reason };
}

/** Never throws. */
export function checkMessage(message: SipMessage): CheckVerdict {
  const fault = findFault(message);
  return fault === undefined ? GOOD : verdictOn(message, fault);
}

/** For what parseSipMessage could not make a message of; never throws. */
export function checkMalformed({ reason, partial }: MalformedMessage): CheckVerdict {
  if (partial === undefined) return { kind: 'drop', reason };
  return verdictOn(partial, findVersionFault(partial) ?? badRequest(`Bad Request: ${reason}`));
}
