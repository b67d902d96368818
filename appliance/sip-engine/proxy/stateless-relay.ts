/**
 * Requests inside calls that this engine has proxied and stayed in (RFC 3261 16.11, 16.12): forwarded by their Route,
 * without a transaction, so that such calls need no state here and go on at a node that never saw them.
 *
 * Invariants: only what carries our proof in its Route is forwarded (proxy-key.ts), everything else is treated as if
 * this class were not there; a response goes only where its request came from; nothing is sent in a circle.
 */
import { buildResponse } from '../engine/build-response.js';
import type { EngineContext } from '../engine/engine-context.js';
import { viaValue } from '../engine/local-identity.js';
import { plainAddress } from '../message/ip-address.js';
import { reasonPhrase } from '../message/reason-phrases.js';
import type { SipMessage } from '../message/sip-message.js';
import { viaText, type Via } from '../message/via-header.js';
import type { SipFlow } from '../transport/sip-flow.js';
import { buildForwarded, buildReturned, findOwnRoutes, isOurUri } from './forwarded-message.js';
import { PROOF_CHARACTERS, type ProxyKey } from './proxy-key.js';

/** Behind the address's id in a branch: no branch of a transaction goes on like this (transaction-key.ts). */
const MARK = '-r';
const NO_CONNECTION = 'u';

/**
 * The flow by which a request came, as far as its Via does not tell: `5060.u.10.77.0.11`, with the number of the
 * connection instead of `u` for a stream. Part of our branch, since nothing else comes back with the response.
 */
function wayText({ localPort, connectionId, localAddress }: SipFlow): string {
  const connection = connectionId === undefined ? NO_CONNECTION : String(connectionId);
  return `${String(localPort)}.${connection}.${localAddress.replaceAll(':', '_')}`;
}

/** @param via as stamped by us; the way has been proved to be ours */
function flowBack(way: string, via: Via): SipFlow {
  const [port = '', connection = '', ...address] = way.split('.');
  const { transport } = via;
  const protocol = transport === 'TLS' ? 'tls' : transport === 'TCP' ? 'tcp' : 'udp';
  const asked = typeof via.rport === 'number' ? via.rport : via.port;
  return {
    isReliable: protocol !== 'udp',
    protocol,
    localAddress: address.join('.').replaceAll('_', ':'),
    localPort: Number(port),
    remoteAddress: via.received ?? plainAddress(via.host),
    remotePort: asked ?? (protocol === 'tls' ? 5061 : 5060),
    ...(connection === NO_CONNECTION ? {} : { connectionId: Number(connection) }),
  };
}

export class StatelessRelay {
  readonly #context: EngineContext;
  readonly #key: ProxyKey;

  constructor(context: EngineContext, key: ProxyKey) {
    this.#context = context;
    this.#key = key;
  }

  /**
   * @param request with its top Via stamped @param flow on which responses go back
   * @returns whether it has been dealt with
   */
  takeRequest(request: SipMessage, flow: SipFlow): boolean {
    const { identities, dialogs } = this.#context;
    if (request.to.tag === undefined || request.findLine('Route') < 0) return false;
    const own = findOwnRoutes(request, identities);
    if (own.proof === undefined || !this.#isProved(request, own.proof)) return false;
    const next = own.next ?? request.requestUri;
    const endsHere = own.next === undefined && isOurUri(next, identities);
    if (endsHere || dialogs.findOfRequest(request) !== undefined) return false;
    if (request.maxForwards === 0) this.#reply(request, flow, 483);
    else this.#forward(request, flow, own.count, next);
    return true;
  }

  /** @returns whether it has been dealt with; one to a request of a transaction has not */
  takeResponse(response: SipMessage): boolean {
    const { branch = '' } = response.via;
    const mark = branch.indexOf('-');
    if (mark < 0 || !branch.startsWith(MARK, mark)) return false;
    const start = mark + MARK.length;
    const proof = branch.slice(start, start + PROOF_CHARACTERS);
    const way = branch.slice(start + PROOF_CHARACTERS + 1);
    const via = response.vias[1];
    if (via === undefined || !this.#key.isViaProof(proof, this.#viaParts(response, via, way))) return true;
    const back = flowBack(way, via);
    if (this.#context.routes.isAlive(back)) this.#send(buildReturned(response), back);
    return true;
  }

  /** Of whichever side called: the tag of the caller stands in From or in To. */
  #isProved(request: SipMessage, proof: string): boolean {
    const { callId, from, to } = request;
    return [from.tag, to.tag].some((tag) => this.#key.isRouteProof(proof, callId, tag ?? ''));
  }

  #viaParts(message: SipMessage, via: Via, way: string) {
    return { way, via: viaText(via), callId: message.callId, cseqNumber: message.cseq.number };
  }

  #forward(request: SipMessage, flow: SipFlow, usedRoutes: number, next: string): void {
    const found = this.#context.routes.findFlow(next);
    const go = (to: SipFlow | undefined): void => {
      this.#forwardOn(request, flow, usedRoutes, to);
    };
    if (found instanceof Promise) void found.then(go);
    else go(found);
  }

  #forwardOn(request: SipMessage, from: SipFlow, usedRoutes: number, to: SipFlow | undefined): void {
    const { identities } = this.#context;
    if (to === undefined) {
      this.#reply(request, from, 503);
      return;
    }
    if (identities.isOurs(to.remoteAddress, to.remotePort)) {
      this.#reply(request, from, 482);
      return;
    }
    const identity = identities.of(to);
    const way = wayText(from);
    const proof = this.#key.viaProof(this.#viaParts(request, request.via, way));
    const branch = `z9hG4bK${identity.addressId}${MARK}${proof}.${way}`;
    this.#send(buildForwarded(request, { via: viaValue(identity, branch), usedRoutes }), to);
  }

  #reply(request: SipMessage, flow: SipFlow, status: number): void {
    if (request.method === 'ACK') return;
    this.#send(buildResponse({ request, status, reason: reasonPhrase(status), toTag: undefined }), flow);
  }

  #send(bytes: Buffer, flow: SipFlow): void {
    this.#context.wire.send(bytes, flow, { onSendError: () => undefined });
  }
}
