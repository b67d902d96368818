/** Messages of others on their way through us (RFC 3261 16.4, 16.6 and 16.7): what we change of them, and no more. */
import type { ApplicationHeader } from '../engine/application-message.js';
import { contactUri, type LocalIdentities, type LocalIdentity } from '../engine/local-identity.js';
import { findHeaderName } from '../message/header-names.js';
import { splitTrimmed } from '../message/header-values.js';
import { MessageBuilder } from '../message/message-builder.js';
import { isAllOf, URI } from '../message/sip-characters.js';
import type { SipMessage } from '../message/sip-message.js';
import { SipSyntaxError } from '../message/sip-syntax-error.js';
import { findUriScheme, parseSipUri, type SipUri } from '../message/sip-uri.js';

/** RFC 3261 16.6, step 3 */
const MAX_FORWARDS = 70;
/** Parameter of our URI in Record-Route: the proof that it is ours. */
const PROOF_PARAM = 'wl';
/** Of the call, not of one hop: nobody on the way changes them. */
const KEPT = new Set(['From', 'To', 'Call-ID', 'CSeq', 'Max-Forwards', 'Content-Type']);

/** How a forwarded request differs from the one that came. */
export interface Forwarding {
  /** Undefined: it stays. */
  readonly requestUri?: string | undefined;
  readonly via: string;
  /** How many values of Route, from the top, are used up: those that name us. */
  readonly usedRoutes: number;
  /** Values of Record-Route, or of Path; the top one first. */
  readonly recordRoutes?: readonly string[];
  readonly headers?: readonly ApplicationHeader[];
}

/** Takes the topmost value away, which may share its line with others. */
function dropTop(builder: MessageBuilder, name: string): void {
  const rest = splitTrimmed(builder.get(name) ?? '').slice(1);
  if (rest.length === 0) builder.removeFirst(name);
  else builder.setFirst(name, rest.join(', '));
}

function applyHeader(builder: MessageBuilder, { name, value }: ApplicationHeader): void {
  if (KEPT.has(name)) return;
  if (findHeaderName(name)?.isSingle === true) builder.set(name, value);
  else builder.add(name, value);
}

/** @throws TypeError for a Request-URI that cannot stand in its line */
export function buildForwarded(request: SipMessage, forwarding: Forwarding): Buffer {
  const { requestUri, via, usedRoutes, recordRoutes = [], headers = [] } = forwarding;
  const builder = MessageBuilder.from(request);
  if (requestUri !== undefined) builder.setRequestLine(request.method, requestUri);
  for (let count = 0; count < usedRoutes; count += 1) dropTop(builder, 'Route');
  const recorded = request.method === 'REGISTER' ? 'Path' : 'Record-Route';
  for (const value of recordRoutes.toReversed()) builder.prepend(recorded, value);
  builder.set('Max-Forwards', String((request.maxForwards ?? MAX_FORWARDS + 1) - 1));
  for (const header of headers) applyHeader(builder, header);
  return builder.prepend('Via', via).build();
}

/**
 * The response of a target as the caller gets it: with the Vias of its request, whatever the target made of them, so
 * that one that lost some cannot leave the caller without an answer.
 * @param challenges of other targets: the caller can answer all of them at once (RFC 3261 16.7, step 7)
 */
export function buildAnswer(
  response: SipMessage,
  request: SipMessage,
  challenges: readonly SipMessage[] = [],
): Buffer {
  const builder = MessageBuilder.from(response).remove('Via');
  for (const via of request.headerAll('Via').toReversed()) builder.prepend('Via', via);
  for (const other of challenges) builder.copyHeaders(other, 'WWW-Authenticate', 'Proxy-Authenticate');
  return builder.build();
}

/** A response without the Via that is ours; the next one says where it goes. */
export function buildReturned(response: SipMessage): Buffer {
  const builder = MessageBuilder.from(response);
  dropTop(builder, 'Via');
  return builder.build();
}

/** Two where the sides differ (RFC 5658): each side has to find an address of ours that it can reach. */
export function recordRoutesOf(
  from: LocalIdentity,
  to: LocalIdentity,
  proof: string | undefined,
): readonly string[] {
  const param = proof === undefined ? '' : `;${PROOF_PARAM}=${proof}`;
  const values = [to, from].map((identity) => `<${contactUri(identity)};lr${param}>`);
  return [...new Set(values)];
}

/** Undefined for a URI of another scheme. @throws SipSyntaxError, which those of a checked message do not */
function findSipUri(text: string): SipUri | undefined {
  const scheme = findUriScheme(text);
  return scheme === 'sip' || scheme === 'sips' ? parseSipUri(text) : undefined;
}

/** Whether it can be the Request-URI of a request that we send (RFC 3261 19.1.1: without headers). */
export function isTarget(text: string): boolean {
  try {
    const uri = findSipUri(text);
    return uri !== undefined && isAllOf(text, URI) && Object.keys(uri.headers).length === 0;
  } catch (error) {
    if (error instanceof SipSyntaxError) return false;
    throw error;
  }
}

function isSecure(uri: SipUri): boolean {
  return uri.scheme === 'sips' || uri.params['transport'] === 'tls';
}

/** Whether a URI of a checked message leads to us. */
export function isOurUri(text: string, identities: LocalIdentities): boolean {
  const uri = findSipUri(text);
  return uri !== undefined && identities.isOurs(uri.host, uri.port ?? (isSecure(uri) ? 5061 : 5060));
}

export interface OwnRoutes {
  /** How many values of Route, from the top, name us as a loose router (RFC 3261 16.4). */
  readonly count: number;
  /** Of the topmost one. */
  readonly proof: string | undefined;
  /** The first that is not ours. */
  readonly next: string | undefined;
}

export function findOwnRoutes(request: SipMessage, identities: LocalIdentities): OwnRoutes {
  const uris = request.routes.map(({ uri }) => uri);
  const isOwn = (uri: string): boolean =>
    isOurUri(uri, identities) && findSipUri(uri)?.params['lr'] !== undefined;
  const other = uris.findIndex((uri) => !isOwn(uri));
  const count = other < 0 ? uris.length : other;
  const proof = count === 0 ? undefined : findSipUri(uris[0] ?? '')?.params[PROOF_PARAM];
  return { count, proof: typeof proof === 'string' ? proof : undefined, next: uris[count] };
}

/** Where a 3xx sends us, the most wanted first (RFC 3261 20.10: without `q` it is 1). */
export function redirectTargets(response: SipMessage): readonly string[] {
  const { contacts } = response;
  if (contacts === '*') return [];
  const wanted = contacts
    .filter(({ uri }) => isTarget(uri))
    .map(({ uri, params }) => ({ uri, q: Number(params['q'] ?? 1) }));
  return wanted.sort((a, b) => (b.q || 0) - (a.q || 0)).map(({ uri }) => uri);
}
