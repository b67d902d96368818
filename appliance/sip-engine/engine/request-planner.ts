/** What requests of ours say: those of applications, and those of the engine itself. */
import type { Dialog } from '../dialog/dialog.js';
import { findNumber } from '../message/sip-characters.js';
import { ignoringSyntax } from '../message/sip-syntax-error.js';
import { parseSipUri } from '../message/sip-uri.js';
import type { SipFlow } from '../transport/sip-flow.js';
import {
  findApplicationHeader,
  SEND_FROM,
  type ApplicationHeader,
  type ApplicationMessage,
} from './application-message.js';
import { buildRequest, type RequestPlan } from './build-request.js';
import type { ClientRequest } from './client-request.js';
import type { EngineContext } from './engine-context.js';
import { tagOf, wireHeaders, withLocalhost, withTag } from './header-rules.js';
import { contactUri, viaValue } from './local-identity.js';

/** RFC 3261 8.1.1.8, RFC 3515, RFC 6665: these tell the other side where to send what follows. */
const WITH_CONTACT = new Set(['INVITE', 'SUBSCRIBE', 'REFER']);
/** In a dialog: those that refresh the target, besides (RFC 3261 12.2, RFC 3311 5.1). */
const WITH_CONTACT_IN_DIALOG = new Set(['INVITE', 'SUBSCRIBE', 'REFER', 'UPDATE', 'NOTIFY']);
const CSEQ_MAX = 2 ** 31 - 1;

/** An application that answers a challenge numbers its request itself. */
export function cseqNumberOf(message: ApplicationMessage): number | undefined {
  const value = findApplicationHeader(message, 'CSeq');
  return value === undefined ? undefined : findNumber(value.split(' ')[0] ?? '', CSEQ_MAX);
}

function namesUdp(uri: string): boolean {
  return ignoringSyntax(() => parseSipUri(uri))?.params['transport'] === 'udp';
}

/** A change that says nothing of the timer would end it (RFC 4028 7.4): roles and interval stay as they are. */
export function timerHeaders(
  { sessionTimer }: Dialog,
  { method, headers }: ApplicationMessage,
): readonly ApplicationHeader[] {
  const isChange = method === 'INVITE' || method === 'UPDATE';
  const isGiven = headers.some(({ name }) => name === 'Session-Expires');
  if (sessionTimer === undefined || !isChange || isGiven) return [];
  const refresher = sessionTimer.isRefresher ? 'uac' : 'uas';
  return [
    { name: 'Supported', value: 'timer' },
    { name: 'Session-Expires', value: `${String(sessionTimer.interval)};refresher=${refresher}` },
  ];
}

export class RequestPlanner {
  readonly #context: EngineContext;

  constructor(context: EngineContext) {
    this.#context = context;
  }

  planNew(message: ApplicationMessage, flow: SipFlow): RequestPlan {
    const { identities, names, settings } = this.#context;
    const identity = identities.of(flow);
    const said = message.headers.filter(({ name }) => name !== SEND_FROM);
    const headers = wireHeaders(said, identity);
    const contact = `<${contactUri(identity)}>`;
    const from = findApplicationHeader({ headers }, 'From') ?? contact;
    const to = findApplicationHeader({ headers }, 'To') ?? `<${message.uri}>`;
    const { method } = message;
    return {
      method,
      headers,
      body: message.body,
      routes: [],
      requestUri: withLocalhost(message.uri, identity.hostPort),
      from: withTag(from, tagOf(from) ?? names.tag(identity.addressId)),
      to: withTag(to, tagOf(to)),
      callId: findApplicationHeader({ headers }, 'Call-ID') ?? names.callId(),
      cseq: cseqNumberOf(message) ?? names.sequence(),
      contact: WITH_CONTACT.has(method) ? contact : undefined,
      userAgent: settings.userAgent,
    };
  }

  planInDialog(
    dialog: Dialog,
    message: Pick<ApplicationMessage, 'method' | 'headers' | 'body'>,
    cseq: number,
    flow: SipFlow,
  ): RequestPlan {
    const { identities, settings } = this.#context;
    const { method, body } = message;
    const { requestUri, routes } = dialog.planRoute();
    return {
      method,
      requestUri,
      routes,
      body,
      cseq,
      callId: dialog.callId,
      headers: wireHeaders(message.headers, identities.of(flow)),
      from: `${dialog.localParty};tag=${dialog.localTag}`,
      to: dialog.remoteTag === '' ? dialog.remoteParty : `${dialog.remoteParty};tag=${dialog.remoteTag}`,
      contact: WITH_CONTACT_IN_DIALOG.has(method) ? dialog.localContact : undefined,
      userAgent: settings.userAgent,
    };
  }

  /** RFC 3261 18.1.1: what does not surely fit into one packet goes over TCP, when there is TCP. */
  chooseFlow(request: ClientRequest, flow: SipFlow, uri: string): SipFlow {
    const { mtu } = this.#context.settings;
    if (mtu === 0 || flow.protocol !== 'udp' || namesUdp(uri)) return flow;
    const length = buildRequest(request.plan, this.via(request, flow)).length;
    const tcp = length > mtu ? this.#context.routes.overTcp(flow) : undefined;
    if (tcp === undefined) return flow;
    request.fallback = flow;
    return tcp;
  }

  /** Value of the Via of a request of ours. */
  via({ addressId }: { readonly addressId: string }, flow: SipFlow): string {
    const { identities, names } = this.#context;
    return viaValue(identities.of(flow), names.branch(addressId));
  }
}
