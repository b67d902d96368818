/** Dialogs made of the two messages that create them (RFC 3261 12.1), and what later messages change (12.2). */
import { controlDialogId } from '../control/control-reply.js';
import { Dialog, type DialogKind, type DialogState, type SessionDescription } from '../dialog/dialog.js';
import { isSameHost } from '../message/ip-address.js';
import type { NameAddress } from '../message/name-address.js';
import type { SipMessage } from '../message/sip-message.js';
import { ignoringSyntax } from '../message/sip-syntax-error.js';
import { parseSipUri } from '../message/sip-uri.js';
import { detachedText } from '../message/wire-text.js';
import type { SipFlow } from '../transport/sip-flow.js';
import { withoutTag } from './header-rules.js';

export interface UasDialogOptions {
  readonly request: SipMessage;
  readonly source: SipFlow;
  readonly addressId: string;
  readonly localTag: string;
  /** Value of the Contact that our response shows. */
  readonly localContact: string;
  readonly state: DialogState;
  readonly natDetection: boolean;
  readonly appTags: readonly string[];
  readonly wallMs: number;
}

export interface UacDialogOptions {
  /** As we sent it. */
  readonly request: SipMessage;
  readonly response: SipMessage;
  /** The way the response came: of a fork, each branch has its own. */
  readonly flow: SipFlow;
  readonly addressId: string;
  readonly state: DialogState;
  readonly natDetection: boolean;
  readonly appTags: readonly string[];
  readonly wallMs: number;
}

/** The first Contact; undefined when there is none or `*`. */
export function findContact(message: SipMessage): NameAddress | undefined {
  const { contacts } = message;
  return contacts === '*' ? undefined : contacts[0];
}

export function findDescription(message: SipMessage): SessionDescription | undefined {
  if (message.body.length === 0) return undefined;
  const contentType = detachedText(message.header('Content-Type') ?? 'application/sdp');
  return { contentType, body: message.body.toString('latin1') };
}

function party(message: SipMessage, header: 'From' | 'To'): string {
  return detachedText(withoutTag(message.header(header) ?? ''));
}

function kindOf(method: string): DialogKind {
  return method === 'SUBSCRIBE' ? 'SUBSCRIBE' : 'INVITE';
}

function recordRoutes(message: SipMessage): string[] {
  return message.headerList('Record-Route').map(detachedText);
}

/**
 * drachtio-server's NAT detection: a Contact that is not where the UDP request came from, with no proxy in between,
 * is an address behind a NAT; requests go where the messages come from.
 */
function isBehindNat(contact: string, flow: SipFlow, hasRoute: boolean): boolean {
  if (flow.protocol !== 'udp' || hasRoute) return false;
  const uri = ignoringSyntax(() => parseSipUri(contact));
  if (uri === undefined || uri.params['transport'] !== undefined) return false;
  return !isSameHost(uri.host, flow.remoteAddress) || (uri.port ?? 5060) !== flow.remotePort;
}

export function makeUasDialog(options: UasDialogOptions): Dialog {
  const { request, source, addressId, localTag, natDetection } = options;
  const { callId, cseq } = request;
  const remoteTag = request.from.tag ?? '';
  const contact = findContact(request)?.uri ?? request.from.uri;
  const routeSet = recordRoutes(request);
  return new Dialog({
    id: detachedText(controlDialogId(callId, remoteTag)),
    kind: kindOf(request.method),
    role: 'uas',
    addressId,
    callId: detachedText(callId),
    localTag,
    localParty: party(request, 'To'),
    createdWallMs: options.wallMs,
    state: options.state,
    remoteTag: detachedText(remoteTag),
    remoteParty: party(request, 'From'),
    localSeq: 0,
    remoteSeq: cseq.number,
    inviteSeq: cseq.number,
    remoteTarget: detachedText(contact),
    localContact: options.localContact,
    routeSet,
    isSecure: source.protocol === 'tls' && request.requestUri.startsWith('sips:'),
    flow: source,
    isNated: natDetection && isBehindNat(contact, source, routeSet.length > 0),
    sessionTimer: undefined,
    localSdp: undefined,
    remoteSdp: findDescription(request),
    appTags: options.appTags,
    payload: '',
  });
}

export function makeUacDialog(options: UacDialogOptions): Dialog {
  const { response } = options;
  const dialog = newUacDialog(options, response.to.tag ?? '');
  learnFromResponse(dialog, response, options.natDetection);
  return dialog;
}

export type NotifiedDialogOptions = Omit<UacDialogOptions, 'response' | 'state'> & {
  readonly notify: SipMessage;
};

/** Of a NOTIFY that is here before the response to its SUBSCRIBE: the notifier's route, in its order (12.1.1). */
export function makeNotifiedDialog(options: NotifiedDialogOptions): Dialog {
  const { notify, flow } = options;
  const dialog = newUacDialog({ ...options, state: 'confirmed' }, notify.from.tag ?? '');
  dialog.routeSet = recordRoutes(notify);
  refreshTarget(dialog, notify, flow, options.natDetection);
  return dialog;
}

function newUacDialog(options: Omit<UacDialogOptions, 'response'>, remoteTag: string): Dialog {
  const { request, flow, addressId } = options;
  const { callId, cseq } = request;
  const localTag = request.from.tag ?? '';
  return new Dialog({
    id: detachedText(controlDialogId(callId, localTag)),
    kind: kindOf(request.method),
    role: 'uac',
    addressId,
    callId: detachedText(callId),
    localTag: detachedText(localTag),
    localParty: party(request, 'From'),
    createdWallMs: options.wallMs,
    state: options.state,
    remoteTag: detachedText(remoteTag),
    remoteParty: party(request, 'To'),
    localSeq: cseq.number,
    remoteSeq: undefined,
    inviteSeq: cseq.number,
    remoteTarget: detachedText(request.requestUri),
    localContact: detachedText(request.header('Contact') ?? ''),
    routeSet: [],
    isSecure: request.requestUri.startsWith('sips:'),
    flow,
    isNated: false,
    sessionTimer: undefined,
    localSdp: findDescription(request),
    remoteSdp: undefined,
    appTags: options.appTags,
    payload: '',
  });
}

/** What a response to the request that makes the dialog says of the other side (12.1.2); a later one says it anew. */
export function learnFromResponse(dialog: Dialog, response: SipMessage, natDetection: boolean): void {
  const contact = findContact(response)?.uri;
  dialog.routeSet = recordRoutes(response).reverse();
  if (contact !== undefined) dialog.remoteTarget = detachedText(contact);
  const hasRoute = dialog.routeSet.length > 0;
  dialog.isNated = natDetection && contact !== undefined && isBehindNat(contact, dialog.flow, hasRoute);
  const description = findDescription(response);
  if (description !== undefined) dialog.remoteSdp = description;
  dialog.underWay.route = undefined;
}

/** A target refresh (12.2.1.2, 12.2.2): the Contact of a re-INVITE, UPDATE, or of their 2xx. */
export function refreshTarget(
  dialog: Dialog,
  message: SipMessage,
  source: SipFlow,
  natDetection: boolean,
): void {
  const contact = findContact(message)?.uri;
  if (contact === undefined) return;
  dialog.flow = source;
  dialog.isNated = natDetection && isBehindNat(contact, source, dialog.routeSet.length > 0);
  if (contact === dialog.remoteTarget) return;
  dialog.remoteTarget = detachedText(contact);
  dialog.underWay.route = undefined;
}
