/**
 * A dialog (RFC 3261 12) as the engine knows it: everything that is needed to send a request in it and to judge one
 * that comes in, and nothing of what the call is about. It outlives the application that made it and, as a snapshot
 * (dialog-snapshot.ts), the node.
 *
 *     early ──2xx──► confirmedNoAck ──ACK──► confirmed
 *       │                  │                    │
 *       └── refused, BYE, ACK timeout, session ─┴──► terminated
 *           expired, last subscription ended
 *
 * - early: a provisional response with a To tag has been sent or received.
 * - confirmedNoAck: answered; the ACK for the 2xx of the first INVITE has not been seen (UAS) or sent (UAC).
 * - confirmed: as long as the call lasts. A SUBSCRIBE dialog is confirmed by its 2xx.
 * - terminated: forgotten, only answers to what was under way still come.
 */
import type { Timer } from '../../../cluster/base/clock.js';
import { parseNameAddress } from '../message/name-address.js';
import { ignoringSyntax } from '../message/sip-syntax-error.js';
import { parseSipUri } from '../message/sip-uri.js';
import type { SipFlow } from '../transport/sip-flow.js';
import type { SessionTimer } from './session-timer.js';

export type DialogState = 'early' | 'confirmedNoAck' | 'confirmed' | 'terminated';
export type DialogKind = 'INVITE' | 'SUBSCRIBE';

/** What a session is described by; opaque, wire text. */
export interface SessionDescription {
  readonly contentType: string;
  readonly body: string;
}

/** Everything that a snapshot holds. Strings are wire text and detached from the messages they came in. */
export interface DialogFields {
  /** `<Call-ID>;from-tag=<tag of the UAC>`: how applications name it. */
  readonly id: string;
  readonly kind: DialogKind;
  readonly role: 'uas' | 'uac';
  /** The service address it belongs to. */
  readonly addressId: string;
  readonly callId: string;
  readonly localTag: string;
  /** Values of From and To without their tags, as they are written in requests of ours. */
  readonly localParty: string;
  readonly createdWallMs: number;
  state: DialogState;
  remoteTag: string;
  remoteParty: string;
  /** CSeq of our last request; 0 before the first. */
  localSeq: number;
  /** CSeq of the last request that came in. */
  remoteSeq: number | undefined;
  /** CSeq of the INVITE whose ACK is due or was the last. */
  inviteSeq: number;
  remoteTarget: string;
  /** Value of the Contact that we showed. */
  localContact: string;
  /** Values of Route, in order. */
  routeSet: readonly string[];
  /** sips, or TLS end to end as far as we see. */
  readonly isSecure: boolean;
  flow: SipFlow;
  /** Requests go to the flow's remote address rather than to the target (drachtio-server's NAT detection). */
  isNated: boolean;
  sessionTimer: SessionTimer | undefined;
  localSdp: SessionDescription | undefined;
  remoteSdp: SessionDescription | undefined;
  /** Tags of the application that handles it. */
  appTags: readonly string[];
  /** What the application stored with it. */
  payload: string;
}

/** How a request in the dialog has to be addressed (RFC 3261 12.2.1.1). */
export interface RequestRoute {
  readonly requestUri: string;
  /** Values of Route headers. */
  readonly routes: readonly string[];
  /** The URI that says where to send it. */
  readonly nextHop: string;
}

function uriOf(route: string): string {
  const open = route.indexOf('<');
  const close = route.indexOf('>');
  return open >= 0 && close > open ? route.slice(open + 1, close) : route;
}

/** Loose routing, and strict routing for the elements of RFC 2543 (RFC 3261 12.2.1.1). */
export function planRoute(remoteTarget: string, routeSet: readonly string[]): RequestRoute {
  const [first, ...rest] = routeSet;
  if (first === undefined) return { requestUri: remoteTarget, routes: [], nextHop: remoteTarget };
  const nextHop = uriOf(first);
  const uri = ignoringSyntax(() => parseSipUri(parseNameAddress(first, 'Route').uri));
  if (uri?.params['lr'] !== undefined) return { requestUri: remoteTarget, routes: routeSet, nextHop };
  // A strict router takes the Request-URI for itself; what may not stand there is left out (19.1.1 table 1).
  const headers = nextHop.indexOf('?');
  return {
    requestUri: headers < 0 ? nextHop : nextHop.slice(0, headers),
    routes: [...rest, `<${remoteTarget}>`],
    nextHop,
  };
}

export class Dialog implements DialogFields {
  readonly id: string;
  readonly kind: DialogKind;
  readonly role: 'uas' | 'uac';
  readonly addressId: string;
  readonly callId: string;
  readonly localTag: string;
  readonly localParty: string;
  readonly createdWallMs: number;
  readonly isSecure: boolean;
  state: DialogState;
  remoteTag: string;
  remoteParty: string;
  localSeq: number;
  remoteSeq: number | undefined;
  inviteSeq: number;
  remoteTarget: string;
  localContact: string;
  routeSet: readonly string[];
  flow: SipFlow;
  isNated: boolean;
  sessionTimer: SessionTimer | undefined;
  localSdp: SessionDescription | undefined;
  remoteSdp: SessionDescription | undefined;
  appTags: readonly string[];
  payload: string;

  /** Not in a snapshot: what is under way on this node. */
  readonly underWay = new DialogWork();

  constructor(fields: DialogFields) {
    this.id = fields.id;
    this.kind = fields.kind;
    this.role = fields.role;
    this.addressId = fields.addressId;
    this.callId = fields.callId;
    this.localTag = fields.localTag;
    this.localParty = fields.localParty;
    this.createdWallMs = fields.createdWallMs;
    this.isSecure = fields.isSecure;
    this.state = fields.state;
    this.remoteTag = fields.remoteTag;
    this.remoteParty = fields.remoteParty;
    this.localSeq = fields.localSeq;
    this.remoteSeq = fields.remoteSeq;
    this.inviteSeq = fields.inviteSeq;
    this.remoteTarget = fields.remoteTarget;
    this.localContact = fields.localContact;
    this.routeSet = fields.routeSet;
    this.flow = fields.flow;
    this.isNated = fields.isNated;
    this.sessionTimer = fields.sessionTimer;
    this.localSdp = fields.localSdp;
    this.remoteSdp = fields.remoteSdp;
    this.appTags = fields.appTags;
    this.payload = fields.payload;
  }

  /** Without what is under way, which dies with this node. */
  toFields(): DialogFields {
    const { id, kind, role, addressId, callId, localTag, localParty, createdWallMs, isSecure } = this;
    const { state, remoteTag, remoteParty, localSeq, remoteSeq, inviteSeq, remoteTarget, localContact } =
      this;
    const { routeSet, flow, isNated, sessionTimer, localSdp, remoteSdp, appTags, payload } = this;
    return {
      id,
      kind,
      role,
      addressId,
      callId,
      localTag,
      localParty,
      createdWallMs,
      isSecure,
      state,
      remoteTag,
      remoteParty,
      localSeq,
      remoteSeq,
      inviteSeq,
      remoteTarget,
      localContact,
      routeSet,
      flow,
      isNated,
      sessionTimer,
      localSdp,
      remoteSdp,
      appTags,
      payload,
    };
  }

  get isOver(): boolean {
    return this.state === 'terminated';
  }

  /** CSeq for the next request of ours. */
  nextSeq(): number {
    this.localSeq += 1;
    return this.localSeq;
  }

  /** An application that answers a challenge numbers its request itself (RFC 3261 22.2). */
  takeSeq(wanted: number | undefined): number {
    if (wanted === undefined || wanted <= this.localSeq) return this.nextSeq();
    this.localSeq = wanted;
    return wanted;
  }

  planRoute(): RequestRoute {
    return planRoute(this.remoteTarget, this.routeSet);
  }
}

interface UnacknowledgedAnswer {
  /** CSeq of the INVITE. */
  readonly seq: number;
  readonly transactionId: string;
  /** Then the engine acknowledges it itself. */
  readonly deadline: Timer;
}

/** Of one dialog on this node, gone with it. */
class DialogWork {
  /** Client transactions of ours for INVITE that have no final response: a second INVITE has to wait (14.1). */
  outgoingInvites = 0;
  /** Of the INVITE that made it, as UAS, its transaction id. */
  initialInvite: string | undefined;
  /** Of the peer's re-INVITE that the application has not answered, its transaction id. */
  incomingInvite: string | undefined;
  /** The same for UPDATE (RFC 3311 5.2). */
  incomingUpdate: string | undefined;
  outgoingUpdates = 0;
  outgoingByes = 0;
  /** ACKs that we sent, by the CSeq of their INVITE; sent again when the 2xx comes again. */
  lastAck: { readonly seq: number; readonly bytes: Buffer; readonly flow: SipFlow } | undefined;
  /** The 2xx to an INVITE of ours that the application has not acknowledged. */
  unacknowledged: UnacknowledgedAnswer | undefined;
  /** The INVITE transaction id under which the ACK is told to the application. */
  ackTransactionId: string | undefined;
  /** End of the time in which an equal CSeq is taken for a retransmission (after a takeover), monotonic ms. */
  equalSeqUntilMs = 0;
  /** The dialog shall end as soon as its 2xx is acknowledged, with this Reason. */
  byeAfterAck: string | undefined;
  /** Of the INVITE that was challenged: its ACK carries them, too (RFC 3261 22.1). */
  credentials: readonly { readonly name: string; readonly value: string }[] = [];
  /** Send flow that was found for this target. */
  route: { readonly nextHop: string; readonly flow: SipFlow } | undefined;

  /** The ACK is sent. */
  acknowledge(): void {
    this.unacknowledged?.deadline.cancel();
    this.unacknowledged = undefined;
  }

  /** A request of ours has begun, or has its final response. */
  count(method: string, change: 1 | -1): void {
    if (method === 'INVITE') this.outgoingInvites += change;
    if (method === 'UPDATE') this.outgoingUpdates += change;
    if (method === 'BYE') this.outgoingByes += change;
  }
}
