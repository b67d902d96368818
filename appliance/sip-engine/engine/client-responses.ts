/**
 * What comes back to requests of ours: provisional and final responses, none at all, and 2xx that come again. Told
 * to the application that asked; where that is gone, the engine ends what it began.
 */
import { writeDialogMessage, type WireMeta } from '../control/control-reply.js';
import type { Dialog } from '../dialog/dialog.js';
import { startTimer } from '../dialog/session-timer.js';
import { canonicalText } from '../message/canonical-text.js';
import type { SipMessage } from '../message/sip-message.js';
import { arrivalMeta, type Arrival, type ClientTx, type EngineContext } from './engine-context.js';
import { buildResponse } from './build-response.js';
import type { ClientAcks } from './client-acks.js';
import type { ClientRequest } from './client-request.js';
import type { ClientRequests } from './client-requests.js';
import type { DialogKeeper, OwnRequests } from './dialog-keeper.js';
import {
  findDescription,
  learnFromResponse,
  makeNotifiedDialog,
  makeUacDialog,
  refreshTarget,
} from './make-dialog.js';
import { parseOwnMessage } from './message-access.js';
import { Deadline } from '../transaction/deadline.js';

const NOBODY_THERE = {
  cause: 480,
  text: 'nobody is there any more',
  record: 'system-initiated-termination',
} as const;

/** The peer has given up long before, and says BYE where it still can (RFC 3261 13.3.1.4). */
const NOT_ACKNOWLEDGED = { cause: 200, text: 'ACK timeout', record: 'ack-timeout' } as const;

const CREDENTIALS = ['Authorization', 'Proxy-Authorization'];

function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}

export interface ClientResponsesParts {
  readonly context: EngineContext;
  readonly keeper: DialogKeeper;
  readonly clients: ClientRequests;
  readonly acks: ClientAcks;
  readonly own: OwnRequests;
}

export class ClientResponses {
  readonly #context: EngineContext;
  readonly #keeper: DialogKeeper;
  readonly #clients: ClientRequests;
  readonly #acks: ClientAcks;
  readonly #own: OwnRequests;

  constructor({ context, keeper, clients, acks, own }: ClientResponsesParts) {
    this.#context = context;
    this.#keeper = keeper;
    this.#clients = clients;
    this.#acks = acks;
    this.#own = own;
    clients.connect((request, status, reason) => {
      this.#failInternally(request, status, reason);
    });
  }

  onResponse(tx: ClientTx, response: SipMessage, arrival: Arrival): void {
    const request = this.#clients.findByTx(tx);
    if (request === undefined) return;
    request.isHeard = true;
    const { status } = response;
    if (request.isInvite && isSuccess(status)) this.#onInviteSuccess(request, response, arrival);
    else if (request.isFinished) return;
    else if (status < 200) this.#onProvisional(request, response, arrival);
    else this.#onFinal(request, response, arrival);
  }

  /** A 2xx whose transaction is over: its ACK was lost (RFC 3261 13.2.2.4). */
  onStray(response: SipMessage): void {
    const dialog = this.#context.dialogs.findOfResponse(response);
    if (dialog !== undefined && isSuccess(response.status) && response.cseq.method === 'INVITE') {
      this.#acks.repeat(dialog, response.cseq.number);
    }
  }

  /** One that overtakes the response to its SUBSCRIBE makes the dialog (RFC 6665 4.1.2.4). */
  onNotify(notify: SipMessage, arrival: Arrival): void {
    const { dialogs, router, settings, clock } = this.#context;
    if (notify.to.tag === undefined || dialogs.findOfRequest(notify) !== undefined) return;
    const request = this.#clients.findSubscribe(notify);
    const sent = request?.message;
    if (request === undefined || sent === undefined) return;
    const owner = router.findTransactionOwner(request.id);
    if (owner === undefined) return;
    const dialog = makeNotifiedDialog({
      request: sent,
      notify,
      flow: arrival.flow,
      addressId: request.addressId,
      natDetection: settings.natDetection,
      appTags: owner.tags,
      wallMs: clock.wallMs(),
    });
    this.#keeper.add(dialog, owner);
    this.#keeper.publish(dialog);
  }

  onTimeout(tx: ClientTx): void {
    const request = this.#clients.findByTx(tx);
    if (request !== undefined) this.#failInternally(request, 408, 'Request Timeout');
  }

  onTransportError(tx: ClientTx): void {
    const request = this.#clients.findByTx(tx);
    if (request === undefined || request.isFinished) return;
    if (request.isStarting) request.startFailure = 'transport';
    else if (!this.#clients.retryElsewhere(request))
      this.#failInternally(request, 503, 'Service Unavailable');
  }

  #onProvisional(request: ClientRequest, response: SipMessage, arrival: Arrival): void {
    if (request.watcher !== undefined) return;
    const tag = response.to.tag;
    const makesDialog = request.formsDialog && request.isInvite && response.status > 100;
    if (tag !== undefined && makesDialog) this.#ensureEarly(request, response, tag, arrival);
    if (!this.#isNextReliable(request, response, tag ?? '')) return;
    this.#clients.publishInvite(request);
    const dialog = request.dialog ?? (tag === undefined ? undefined : request.early.get(tag));
    this.#tell(request, response, arrival, dialog?.id ?? '');
  }

  /** RFC 3262 4: what came before, or too early, is not told; the other side sends it again. */
  #isNextReliable(request: ClientRequest, response: SipMessage, tag: string): boolean {
    const { rseq } = response;
    if (rseq === undefined || !response.require.includes('100rel')) return true;
    const last = request.lastRSeq.get(tag);
    if (last !== undefined && rseq !== last + 1) return false;
    request.lastRSeq.set(tag, rseq);
    return true;
  }

  #ensureEarly(request: ClientRequest, response: SipMessage, tag: string, arrival: Arrival): Dialog {
    const known = request.early.get(tag);
    if (known !== undefined) {
      // Route and target are those of the response that made it, until the 2xx (RFC 3261 12.1.2, 13.2.2.4).
      known.remoteSdp = findDescription(response) ?? known.remoteSdp;
      return known;
    }
    const dialog = this.#makeDialog(request, response, arrival, 'early');
    request.early.set(tag, dialog);
    this.#keeper.publish(dialog);
    return dialog;
  }

  #makeDialog(
    request: ClientRequest,
    response: SipMessage,
    arrival: Arrival,
    state: 'early' | 'confirmedNoAck' | 'confirmed',
  ): Dialog {
    const { clock, settings, router } = this.#context;
    const owner = router.findTransactionOwner(request.id);
    const sent = request.message;
    if (sent === undefined) throw new Error('a request without its message');
    const dialog = makeUacDialog({
      request: sent,
      response,
      state,
      addressId: request.addressId,
      flow: arrival.flow,
      natDetection: settings.natDetection,
      appTags: owner?.tags ?? [],
      wallMs: clock.wallMs(),
    });
    this.#keeper.add(dialog, owner);
    return dialog;
  }

  #onInviteSuccess(request: ClientRequest, response: SipMessage, arrival: Arrival): void {
    if (request.dialog !== undefined) this.#onReinviteSuccess(request, request.dialog, response, arrival);
    else if (response.to.tag === undefined) this.#onTaglessSuccess(request, response, arrival);
    else this.#onFirstSuccess(request, response, arrival, response.to.tag);
  }

  #onReinviteSuccess(request: ClientRequest, dialog: Dialog, response: SipMessage, arrival: Arrival): void {
    const seq = request.plan.cseq;
    if (request.isFinished) {
      this.#acks.repeat(dialog, seq);
      return;
    }
    this.#finish(request);
    if (dialog.isOver) {
      // Accepted before the BYE that crossed it: nobody can ask for the ACK in a dialog that is gone (RFC 5407 3.1.3).
      this.#tell(request, response, arrival, dialog.id);
      this.#acks.acknowledgeOwn(dialog, seq);
      return;
    }
    dialog.inviteSeq = seq;
    refreshTarget(dialog, response, arrival.flow, this.#context.settings.natDetection);
    this.#learnSession(request, dialog, response);
    this.#awaitAck(request, dialog, seq);
    this.#keeper.publish(dialog);
    if (request.watcher !== undefined) request.watcher(response.status, response);
    else this.#tellOrAcknowledge(request, dialog, response, arrival, seq);
  }

  #onFirstSuccess(request: ClientRequest, response: SipMessage, arrival: Arrival, tag: string): void {
    const seq = request.plan.cseq;
    const { answered } = request;
    if (answered?.remoteTag === tag) {
      this.#onRepeatedSuccess(request, answered, seq);
      return;
    }
    const dialog = request.early.get(tag) ?? this.#makeDialog(request, response, arrival, 'confirmedNoAck');
    learnFromResponse(dialog, response, this.#context.settings.natDetection);
    dialog.state = 'confirmedNoAck';
    request.early.delete(tag);
    this.#awaitAck(request, dialog, seq);
    if (answered !== undefined) {
      this.#endFork(dialog, seq);
      return;
    }
    request.answered = dialog;
    this.#finish(request);
    for (const other of request.early.values()) this.#keeper.end(other);
    request.early.clear();
    // Forked early dialogs had the same name; it means the one that is answered.
    this.#keeper.add(dialog, this.#context.router.findTransactionOwner(request.id));
    this.#startSessionTimer(dialog, response);
    if (findNoContact(response)) dialog.underWay.byeAfterAck = 'no Contact in the response';
    if (request.isCancelled) dialog.underWay.byeAfterAck = 'call was canceled';
    this.#keeper.publish(dialog);
    this.#context.records.start('network', 'uac', response);
    this.#tellOrAcknowledge(request, dialog, response, arrival, seq);
  }

  /** Its ACK was lost, or has never been sent: when its application is gone nobody else will (13.2.2.4). */
  #onRepeatedSuccess(request: ClientRequest, dialog: Dialog, seq: number): void {
    const isLeft = this.#context.router.findTransactionOwner(request.id) === undefined;
    if (dialog.underWay.unacknowledged === undefined || !isLeft) {
      this.#acks.repeat(dialog, seq);
      return;
    }
    this.#acks.acknowledgeOwn(dialog, seq);
    this.#keeper.endByEngine(dialog, NOBODY_THERE);
  }

  /** Somebody else picked up, too: a fork (RFC 3261 13.2.2.4). One of them is enough. */
  #endFork(dialog: Dialog, seq: number): void {
    this.#acks.acknowledgeOwn(dialog, seq);
    this.#own.sendBye(dialog, 'SIP;cause=200;text="Call completed elsewhere"');
    dialog.state = 'terminated';
    this.#context.dialogs.remove(dialog);
    this.#context.publisher.removeDialog(dialog);
  }

  /**
   * A 200 that makes no dialog: without a tag nobody can be acknowledged or sent a BYE. The application hears of it;
   * the other side, which believes to be in a call, gets a CANCEL, which is what drachtio-server does.
   */
  #onTaglessSuccess(request: ClientRequest, response: SipMessage, arrival: Arrival): void {
    if (request.isFinished) return;
    this.#tell(request, response, arrival, '');
    this.#finish(request);
    this.#clients.cancelQuietly(request);
  }

  #awaitAck(request: ClientRequest, dialog: Dialog, seq: number): void {
    const { headers } = request.plan;
    dialog.underWay.credentials = headers.filter(({ name }) => CREDENTIALS.includes(name));
    const { wheel, settings, names } = this.#context;
    const onDue = new Deadline(() => {
      this.#onUnacknowledged(dialog, seq);
    });
    const deadline = wheel.schedule(64 * settings.t1Ms, onDue);
    dialog.underWay.acknowledge();
    dialog.underWay.unacknowledged = { seq, transactionId: names.id(), deadline };
  }

  /** Its application is gone, or has forgotten the call. */
  #onUnacknowledged(dialog: Dialog, seq: number): void {
    if (dialog.isOver || dialog.underWay.unacknowledged?.seq !== seq) return;
    this.#acks.acknowledgeOwn(dialog, seq);
    this.#keeper.endByEngine(dialog, NOT_ACKNOWLEDGED);
  }

  #tellOrAcknowledge(
    request: ClientRequest,
    dialog: Dialog,
    response: SipMessage,
    arrival: Arrival,
    seq: number,
  ): void {
    const isTold = !request.isAbandoned && this.#tell(request, response, arrival, dialog.id);
    if (isTold) return;
    this.#acks.acknowledgeOwn(dialog, seq);
    if (request.dialog !== undefined) return;
    this.#keeper.endByEngine(dialog, NOBODY_THERE);
  }

  #onFinal(request: ClientRequest, response: SipMessage, arrival: Arrival): void {
    const { status } = response;
    this.#finish(request);
    const dialog = this.#dialogAfterFinal(request, response, arrival);
    if (request.watcher !== undefined) request.watcher(status, response);
    else if (!this.#tell(request, response, arrival, dialog?.id ?? '')) this.#forgetUntold(request, dialog);
    this.#endAfterFinal(request, status);
  }

  /** A subscription of which nobody heard: its NOTIFYs get 481, with which the other side ends it (RFC 6665 4.1.3). */
  #forgetUntold(request: ClientRequest, made: Dialog | undefined): void {
    if (made !== undefined && request.dialog === undefined) this.#keeper.end(made);
  }

  /** The dialog that the response belongs to, or makes. */
  #dialogAfterFinal(request: ClientRequest, response: SipMessage, arrival: Arrival): Dialog | undefined {
    const { dialog } = request;
    if (dialog !== undefined) {
      if (isSuccess(response.status)) this.#onInDialogSuccess(request, dialog, response, arrival);
      return dialog;
    }
    if (request.isInvite) {
      this.#endEarly(request, response);
      return undefined;
    }
    const makesDialog = request.formsDialog && isSuccess(response.status) && response.to.tag !== undefined;
    if (!makesDialog) return undefined;
    // A NOTIFY that overtook this response may have made it already (RFC 6665 4.1.2.4).
    const known = this.#context.dialogs.findOfResponse(response);
    const made = known ?? this.#makeDialog(request, response, arrival, 'confirmed');
    this.#keeper.publish(made);
    return made;
  }

  #onInDialogSuccess(request: ClientRequest, dialog: Dialog, response: SipMessage, arrival: Arrival): void {
    if (request.method !== 'UPDATE') return;
    refreshTarget(dialog, response, arrival.flow, this.#context.settings.natDetection);
    this.#learnSession(request, dialog, response);
    this.#keeper.publish(dialog);
  }

  #endEarly(request: ClientRequest, response: SipMessage): void {
    for (const dialog of request.early.values()) this.#keeper.end(dialog);
    request.early.clear();
    const reason = request.isCancelled ? 'call-canceled' : 'call-rejected';
    this.#context.records.stop('network', reason, response);
  }

  /** What the outcome of a request means for the dialog it was sent in (RFC 3261 12.2.1.2, RFC 6665 4.4.1). */
  #endAfterFinal(request: ClientRequest, status: number): void {
    const { dialog, method } = request;
    if (dialog === undefined || dialog.isOver) return;
    const isChallenge = status === 401 || status === 407;
    if (method === 'BYE' && !isChallenge) {
      this.#context.records.stop('application', 'normal-release', request.message ?? new Uint8Array());
      this.#keeper.end(dialog);
    }
    if (dialog.kind === 'SUBSCRIBE' && !isChallenge && endsSubscription(request, status))
      this.#keeper.end(dialog);
  }

  #finish(request: ClientRequest): void {
    request.isFinished = true;
    const { dialog } = request;
    if (dialog === undefined) return;
    dialog.underWay.count(request.method, -1);
  }

  #learnSession(request: ClientRequest, dialog: Dialog, response: SipMessage): void {
    const { body } = request.plan;
    const description = findDescription(response);
    if (description !== undefined) dialog.remoteSdp = description;
    const sent = request.message;
    const local = sent === undefined || body.length === 0 ? undefined : findDescription(sent);
    if (local !== undefined) dialog.localSdp = local;
    if (request.watcher === undefined) this.#startSessionTimer(dialog, response);
  }

  /** As UAC of the request: `refresher=uac` is us; a 2xx without a timer ends the timer (RFC 4028 7.2). */
  #startSessionTimer(dialog: Dialog, response: SipMessage): void {
    const { sessionExpires } = response;
    if (sessionExpires === undefined) {
      this.#keeper.setSessionTimer(dialog, undefined);
      return;
    }
    const { interval, refresher } = sessionExpires;
    const isRefresher = (refresher ?? 'uac') === 'uac';
    this.#keeper.setSessionTimer(dialog, startTimer(interval, isRefresher, this.#context.clock.wallMs()));
  }

  /** @returns whether an application took it */
  #tell(request: ClientRequest, response: SipMessage, arrival: Arrival, dialogId: string): boolean {
    return this.#send(request, arrivalMeta(arrival), canonicalText(response), dialogId);
  }

  #send(request: ClientRequest, meta: WireMeta, sip: Uint8Array, dialogId: string): boolean {
    const owner = this.#context.router.findTransactionOwner(request.id);
    if (owner === undefined) return false;
    const notice = { meta, transactionId: request.id, dialogId, sip };
    return owner.send(writeDialogMessage(owner.newMessageId(), notice)) === 'taken';
  }

  /** No response came, or the request could not be sent: the application gets one as if it had (facts: 2.8). */
  #failInternally(request: ClientRequest, status: 408 | 491 | 503, reason: string): void {
    if (request.isFinished) return;
    this.#finish(request);
    const { message, dialog } = request;
    if (message === undefined) return;
    const bytes = buildResponse({ request: message, status, reason, toTag: undefined });
    const response = parseOwnMessage(bytes);
    if (dialog === undefined && request.isInvite) this.#endEarly(request, response);
    const meta = {
      source: 'network',
      bytes: 0,
      protocol: request.flow?.protocol ?? 'unknown',
      address: '',
      port: 0,
    } as const;
    if (request.watcher !== undefined) request.watcher(status, undefined);
    else this.#send(request, { ...meta, atMs: this.#context.clock.wallMs() }, bytes, dialog?.id ?? '');
    this.#endAfterFinal(request, status);
  }
}

/** The last NOTIFY; or the other side does not know the subscription, or is gone (RFC 6665 4.1.2.2, 4.2.2). */
function endsSubscription(request: ClientRequest, status: number): boolean {
  const { method } = request;
  if (method === 'NOTIFY' && saysTerminated(request)) return true;
  return (method === 'NOTIFY' || method === 'SUBSCRIBE') && (status === 481 || status === 408);
}

function findNoContact(response: SipMessage): boolean {
  return response.header('Contact') === undefined;
}

function saysTerminated(request: ClientRequest): boolean {
  const state = request.plan.headers.find(({ name }) => name === 'Subscription-State')?.value ?? '';
  return state.trimStart().toLowerCase().startsWith('terminated');
}
