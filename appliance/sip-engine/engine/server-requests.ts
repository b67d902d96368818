/**
 * Requests from the network on their way to an application: who gets it, who waits for one, and what the engine
 * answers when there is nobody. What applications answer is in server-answers.ts.
 *
 * Invariant: each request gets a final response within `pendingInviteMs` after its last application is gone.
 */
import { refusalStatus, type Wanted } from '../control/application-router.js';
import { writeDialogMessage, writeNewRequest } from '../control/control-reply.js';
import type { Dialog } from '../dialog/dialog.js';
import { canonicalText } from '../message/canonical-text.js';
import type { SipMessage } from '../message/sip-message.js';
import { ignoringSyntax } from '../message/sip-syntax-error.js';
import { Deadline } from '../transaction/deadline.js';
import type { SipFlow } from '../transport/sip-flow.js';
import { buildResponse } from './build-response.js';
import type { StopReason } from './call-records.js';
import { AdoptionQueue } from './adoption-queue.js';
import { decideRefusal, type Refusal } from './decide-refusal.js';
import type { DialogKeeper } from './dialog-keeper.js';
import {
  arrivalMeta,
  type Arrival,
  type EngineApplication,
  type EngineContext,
  type ServerTx,
} from './engine-context.js';
import { findDescription } from './make-dialog.js';
import { ServerRequest } from './server-request.js';

/** How a request is to be proxied; see the command `proxy`. */
export interface ProxyPlan {
  /** SIP URIs; at least one. */
  readonly destinations: readonly string[];
  readonly remainInDialog: boolean;
  readonly followRedirects: boolean;
  readonly simultaneous: boolean;
  readonly provisionalTimeoutMs?: number;
  readonly finalTimeoutMs?: number;
}

/** Where a new request goes, decided by somebody outside (request-handler.ts, digest). */
export type RequestRouting =
  | { readonly kind: 'route'; readonly tag?: string }
  | { readonly kind: 'application'; readonly application: EngineApplication }
  | { readonly kind: 'proxy'; readonly plan: ProxyPlan }
  | { readonly kind: 'refuse'; readonly refusal: Refusal };

/** Asked for each new request. `undefined`: the first application that routed its method. */
export type RequestGate = (
  request: SipMessage,
  source: SipFlow,
) => RequestRouting | undefined | Promise<RequestRouting | undefined>;

const NOT_FOUND: Refusal = { status: 481, reason: 'Call/Transaction Does Not Exist' };
const TERMINATED: Refusal = { status: 487, reason: 'Request Terminated' };
/** Out of a dialog that nobody knows, drachtio-server hands these to an application as new (facts: loss). */
const GIVEN_WITHOUT_DIALOG = new Set(['INFO', 'OPTIONS', 'NOTIFY', 'MESSAGE', 'SUBSCRIBE', 'PUBLISH']);

function hasOwnInvite({ underWay, state, role }: Dialog): boolean {
  return underWay.outgoingInvites > 0 || (state === 'early' && role === 'uac');
}

function hasOwnOffer({ underWay, state }: Dialog): boolean {
  return underWay.outgoingUpdates > 0 || (underWay.outgoingInvites > 0 && state !== 'early');
}

export class ServerRequests {
  readonly #context: EngineContext;
  readonly #keeper: DialogKeeper;
  readonly #gate: RequestGate | undefined;
  readonly #byId = new Map<string, ServerRequest>();
  readonly #byTx = new Map<ServerTx, ServerRequest>();
  /** In dialogs whose application is gone. */
  readonly #waiting = new Set<ServerRequest>();
  /** Monotonic ms until which a method may wait for its application to come back, by verb. */
  readonly #expectedBack = new Map<string, number>();
  readonly #awaited: AdoptionQueue;
  #isImporting = false;
  #onProxy: ((request: ServerRequest, plan: ProxyPlan) => void) | undefined;

  constructor(context: EngineContext, keeper: DialogKeeper, gate: RequestGate | undefined) {
    this.#context = context;
    this.#keeper = keeper;
    this.#gate = gate;
    this.#awaited = new AdoptionQueue(context, (request, dialog) => {
      this.#answerForNobody(request, dialog);
    });
  }

  /** Before anything else; the two need each other. */
  connect(onProxy: (request: ServerRequest, plan: ProxyPlan) => void): void {
    this.#onProxy = onProxy;
  }

  find(transactionId: string): ServerRequest | undefined {
    return this.#byId.get(transactionId);
  }

  findByTx(tx: ServerTx): ServerRequest | undefined {
    return this.#byTx.get(tx);
  }

  onRequest(tx: ServerTx, message: SipMessage, arrival: Arrival): void {
    if (message.to.tag === undefined) this.#onNew(tx, message, arrival);
    else this.#onInDialog(tx, message, arrival, message.to.tag);
  }

  onCancel(tx: ServerTx, message: SipMessage, inviteTx: ServerTx | undefined, arrival: Arrival): void {
    const invite = inviteTx === undefined ? undefined : this.#byTx.get(inviteTx);
    if (invite === undefined) {
      this.#respond(tx, message, NOT_FOUND, this.#context.names.tag(this.#addressIdOf(arrival.flow)));
      return;
    }
    this.#respond(tx, message, { status: 200, reason: 'OK' }, invite.localTag);
    invite.proxy?.cancel(message);
    // Answered already: it has no effect (RFC 3261 9.2); the caller will end the call with BYE.
    if (invite.isAnswered) return;
    const dialogId = invite.dialog?.id ?? '';
    const owner = this.#context.router.findTransactionOwner(invite.id);
    this.refuse(invite, TERMINATED, 'call-canceled');
    if (owner === undefined) return;
    const notice = {
      meta: arrivalMeta(arrival),
      transactionId: invite.id,
      dialogId,
      sip: canonicalText(message),
    };
    owner.send(writeDialogMessage(owner.newMessageId(), notice));
  }

  /** The ACK for a 2xx. */
  onAck(ack: SipMessage, arrival: Arrival): void {
    const dialog = this.#context.dialogs.findOfRequest(ack);
    if (dialog === undefined) return;
    const transactionId = this.#keeper.acknowledge(dialog, ack.cseq.number);
    if (transactionId === undefined) return;
    this.#learnAnswer(dialog, ack);
    // Who adopts the dialog is told that it is confirmed.
    const isAwaited = this.#awaited.isAwaited(dialog);
    const owner = isAwaited ? undefined : this.#context.router.findDialogOwner(dialog.id);
    if (owner !== undefined) {
      const meta = { ...arrivalMeta(arrival), protocol: '' } as const;
      const notice = { meta, transactionId, dialogId: dialog.id, sip: canonicalText(ack) };
      owner.send(writeDialogMessage(owner.newMessageId(), notice));
    }
    this.#keeper.runAfterAck(dialog);
  }

  /** The answer to an offer of ours may stand in an ACK or a PRACK (RFC 3261 13.2.1, RFC 3262 5). */
  #learnAnswer(dialog: Dialog, message: SipMessage): void {
    const description = findDescription(message);
    if (description === undefined) return;
    dialog.remoteSdp = description;
    this.#keeper.publish(dialog);
  }

  /** Its client gave up, or nobody acknowledged the refusal. */
  onTerminated(tx: ServerTx): void {
    const request = this.#byTx.get(tx);
    this.#byTx.delete(tx);
    if (request === undefined) return;
    request.settle();
    this.#waiting.delete(request);
    this.#byId.delete(request.id);
    this.#context.router.closeTransaction(request.id);
    this.#forgetUnderWay(request);
    if (request.method === 'INVITE') this.#context.publisher.removeInvite(request.addressId, tx.key);
  }

  /** An application may take what waits now. */
  onApplicationReady(): void {
    for (const id of this.#context.router.waitingInvites) {
      const request = this.#byId.get(id);
      const successor = this.#context.router.findSuccessor(id);
      if (request !== undefined && successor !== undefined) this.#giveNew(request, successor);
    }
    for (const request of [...this.#waiting]) this.#offerInDialog(request);
  }

  /** Its pending INVITEs go to the next one, what it had half answered is given up. */
  onApplicationGone(application: EngineApplication): void {
    const { router, clock, settings } = this.#context;
    const untilMs = clock.monotonicMs() + settings.pendingInviteMs;
    if (application.hasRoute('invite')) this.#expectedBack.set('invite', untilMs);
    const loss = router.remove(application);
    for (const id of loss.pendingInvites) {
      const request = this.#byId.get(id);
      if (request === undefined) continue;
      const successor = router.findSuccessor(id);
      if (successor === undefined) this.#startDeadline(request);
      else this.#giveNew(request, successor);
    }
    for (const id of loss.lostTransactions) this.#onLost(id);
  }

  /** Requests in dialogs that are not known wait for the import that may bring them (takeover.ts). */
  beginImport(): void {
    this.#isImporting = true;
  }

  endImport(): void {
    this.#isImporting = false;
    for (const request of [...this.#waiting]) this.#resumeAfterImport(request);
  }

  /** A final response of the engine. */
  refuse(request: ServerRequest, refusal: Refusal, record: StopReason = 'call-rejected'): void {
    const { message } = request;
    if (request.isAnswered || message === undefined) return;
    const dialog = request.isNew ? request.dialog : undefined;
    this.settle(request);
    const bytes = this.#respond(request.tx, message, refusal, request.localTag);
    // After a takeover it must not be offered to anybody again.
    if (request.method === 'INVITE') this.publishInvite(request);
    if (request.isRecorded) {
      if (record === 'call-canceled') this.#context.records.stop('network', record, message);
      else this.#context.records.stop('application', record, bytes);
    }
    request.forgetMessage();
    if (dialog?.state === 'early') this.#keeper.end(dialog);
  }

  /** A final response is on its way: nobody else may answer. */
  settle(request: ServerRequest): void {
    request.settle();
    this.#waiting.delete(request);
    this.#context.router.settleTransaction(request.id);
    this.#forgetUnderWay(request);
  }

  /** An application has adopted it, or speaks in it. */
  onAdopted(dialog: Dialog): void {
    this.#awaited.release(dialog);
  }

  /** An INVITE of the partner goes on here (takeover.ts). */
  adopt(request: ServerRequest): void {
    this.#keep(request);
    request.isRecorded = true;
    this.#expectedBack.set(
      'invite',
      this.#context.clock.monotonicMs() + this.#context.settings.pendingInviteMs,
    );
    this.#offerNew(request, { verb: 'invite' });
  }

  /** A re-INVITE of the partner's dialog goes on here. */
  adoptInDialog(request: ServerRequest, dialog: Dialog, seq: number): void {
    this.#keep(request);
    dialog.remoteSeq = Math.max(dialog.remoteSeq ?? 0, seq);
    dialog.underWay.incomingInvite = request.id;
    this.#offerInDialog(request);
  }

  publishInvite(request: ServerRequest): void {
    const { publisher, layer, router } = this.#context;
    if (!publisher.isActive) return;
    const record = layer.exportRecord(request.tx);
    if (record === undefined) return;
    const appTags = router.findTransactionOwner(request.id)?.tags ?? [];
    const { id: transactionId, localTag, source: flow, addressId } = request;
    publisher.putInvite(addressId, { record, flow, transactionId, localTag, appTags });
  }

  publishAll(): void {
    for (const request of this.#byTx.values()) if (request.method === 'INVITE') this.publishInvite(request);
  }

  #onNew(tx: ServerTx, message: SipMessage, arrival: Arrival): void {
    const { layer, settings, dialogs, records } = this.#context;
    const request = this.#open(tx, message, arrival, undefined);
    const refusal = decideRefusal({
      request: message,
      isMerged: layer.findMerged(message) !== undefined,
      policy: settings.sessionTimers,
      findDialog: ({ callId, toTag, fromTag }) => dialogs.find(callId, toTag, fromTag),
    });
    const isFull = dialogs.size >= settings.dialogsMax && message.method === 'INVITE';
    if (refusal !== undefined) this.refuse(request, refusal);
    else if (isFull) this.refuse(request, { status: 503, reason: 'Service Unavailable' });
    else {
      if (message.method === 'INVITE') {
        records.attempt('network', message);
        request.isRecorded = true;
        this.#sayTrying(request);
      }
      this.#passGate(request, message);
    }
  }

  #open(tx: ServerTx, message: SipMessage, arrival: Arrival, dialog: Dialog | undefined): ServerRequest {
    const { names } = this.#context;
    const addressId = dialog?.addressId ?? this.#addressIdOf(arrival.flow);
    const request = new ServerRequest({
      id: names.id(),
      tx,
      message,
      source: arrival.flow,
      meta: arrivalMeta(arrival),
      addressId,
      localTag: dialog?.localTag ?? names.tag(addressId),
      ...(dialog === undefined ? {} : { dialog }),
    });
    this.#keep(request);
    return request;
  }

  #keep(request: ServerRequest): void {
    this.#byId.set(request.id, request);
    this.#byTx.set(request.tx, request);
  }

  #addressIdOf(flow: SipFlow): string {
    return this.#context.identities.of(flow).addressId;
  }

  /** Continuity.md rule 14: a 100 stops the caller from asking again, so the partner has to hold the INVITE first. */
  #sayTrying(request: ServerRequest): void {
    this.publishInvite(request);
    this.#context.publisher.beforeTrying(() => {
      const { message } = request;
      if (request.isAnswered || message === undefined || request.tx.lastStatus > 0) return;
      this.#trying(request, message);
    });
  }

  #trying(request: ServerRequest, message: SipMessage): void {
    const bytes = buildResponse({ request: message, status: 100, reason: 'Trying', toTag: undefined });
    request.tx.respond(100, bytes);
  }

  #passGate(request: ServerRequest, message: SipMessage): void {
    const routing = this.#gate?.(message, request.source);
    if (routing instanceof Promise) {
      void routing.then((decided) => {
        this.#followRouting(request, decided);
      });
      return;
    }
    this.#followRouting(request, routing);
  }

  #followRouting(request: ServerRequest, routing: RequestRouting | undefined): void {
    if (request.isAnswered) return;
    const verb = request.method.toLowerCase();
    if (routing?.kind === 'refuse') {
      this.refuse(request, routing.refusal);
    } else if (routing?.kind === 'proxy') {
      this.#onProxy?.(request, routing.plan);
    } else if (routing?.kind === 'application') {
      this.#context.router.openTransaction(request.id, routing.application);
      this.#giveNew(request, routing.application);
    } else {
      this.#offerNew(request, routing?.tag === undefined ? { verb } : { verb, tag: routing.tag });
    }
  }

  #offerNew(request: ServerRequest, wanted: Wanted): void {
    const { router, clock } = this.#context;
    request.wanted = wanted;
    const application = router.findApplication(wanted);
    const isInvite = request.method === 'INVITE';
    const mayCome = isInvite && (this.#expectedBack.get(wanted.verb) ?? 0) > clock.monotonicMs();
    if (application === undefined && !mayCome) {
      this.#refuseForNobody(request);
      return;
    }
    router.openTransaction(request.id, application, isInvite ? wanted : undefined);
    if (application === undefined) this.#startDeadline(request);
    else this.#giveNew(request, application);
  }

  #refuseForNobody(request: ServerRequest): void {
    const status = request.wanted === undefined ? 503 : refusalStatus(request.wanted);
    const reason = status === 503 ? 'Service Unavailable' : 'Temporarily Unavailable';
    this.refuse(request, { status, reason });
    this.#context.router.closeTransaction(request.id);
  }

  #giveNew(request: ServerRequest, application: EngineApplication): void {
    const { message } = request;
    if (message === undefined || request.isAnswered) return;
    request.deadline?.cancel();
    const { localAddress, localPort } = request.source;
    const notice = { meta: request.meta, transactionId: request.id, localAddress, localPort };
    application.send(writeNewRequest(application.newMessageId(), { ...notice, sip: canonicalText(message) }));
  }

  #startDeadline(request: ServerRequest): void {
    const { wheel, settings } = this.#context;
    request.deadline?.cancel();
    const onDue = new Deadline(() => {
      this.#refuseForNobody(request);
    });
    request.deadline = wheel.schedule(settings.pendingInviteMs, onDue);
  }

  #onLost(transactionId: string): void {
    const request = this.#byId.get(transactionId);
    if (request === undefined || request.isAnswered) return;
    if (request.isNew) this.refuse(request, { status: 503, reason: 'Service Unavailable' });
    else this.#offerInDialog(request);
  }

  #onInDialog(tx: ServerTx, message: SipMessage, arrival: Arrival, toTag: string): void {
    const dialog = this.#context.dialogs.findOfRequest(message);
    if (dialog !== undefined) {
      this.#acceptInDialog(this.#open(tx, message, arrival, dialog), dialog, message);
      return;
    }
    const request = this.#open(tx, message, arrival, undefined);
    request.localTag = toTag;
    if (this.#isImporting) this.#waiting.add(request);
    else this.#onUnknownDialog(request);
  }

  #resumeAfterImport(request: ServerRequest): void {
    const { message } = request;
    if (message === undefined || request.dialog !== undefined) return;
    this.#waiting.delete(request);
    const dialog = this.#context.dialogs.findOfRequest(message);
    if (dialog === undefined) {
      this.#onUnknownDialog(request);
      return;
    }
    request.dialog = dialog;
    this.#acceptInDialog(request, dialog, message);
  }

  #onUnknownDialog(request: ServerRequest): void {
    const wanted = { verb: request.method.toLowerCase() };
    const application = GIVEN_WITHOUT_DIALOG.has(request.method)
      ? this.#context.router.findApplication(wanted)
      : undefined;
    if (application === undefined) {
      this.refuse(request, NOT_FOUND);
      return;
    }
    this.#context.router.openTransaction(request.id, application);
    this.#giveNew(request, application);
  }

  #acceptInDialog(request: ServerRequest, dialog: Dialog, message: SipMessage): void {
    const refusal = this.#findInDialogRefusal(dialog, message);
    if (refusal !== undefined) {
      this.refuse(request, refusal);
      return;
    }
    dialog.remoteSeq = Math.max(dialog.remoteSeq ?? 0, message.cseq.number);
    if (message.method === 'INVITE') {
      dialog.underWay.incomingInvite = request.id;
      this.#sayTrying(request);
    }
    if (message.method === 'UPDATE') this.#noteUpdate(request, dialog);
    if (message.method === 'PRACK' && !this.#acceptPrack(dialog, message)) {
      this.refuse(request, NOT_FOUND);
      return;
    }
    if (message.method === 'PRACK') this.#learnAnswer(dialog, message);
    if (message.method === 'BYE') this.#offerBye(request, dialog, message);
    else this.#offerInDialog(request);
    if (message.method === 'PRACK') this.#inviteOf(dialog)?.reliable?.runWaiting();
  }

  /** RFC 3261 12.2.2, RFC 4028 9, and what cannot be done now. */
  #findInDialogRefusal(dialog: Dialog, message: SipMessage): Refusal | undefined {
    const { clock, settings } = this.#context;
    const { underWay, remoteSeq } = dialog;
    const { number } = message.cseq;
    const mayBeEqual = underWay.equalSeqUntilMs > clock.monotonicMs();
    const isOld = remoteSeq !== undefined && (mayBeEqual ? number < remoteSeq : number <= remoteSeq);
    if (isOld) return { status: 500, reason: 'CSeq out of order' };
    const crossing = this.#findCrossing(dialog, message);
    if (crossing !== undefined) return crossing;
    return decideRefusal({
      request: message,
      isMerged: false,
      policy: settings.sessionTimers,
      findDialog: () => dialog,
    });
  }

  /** A change of the session that crosses another one (RFC 3261 14.2, RFC 3311 5.2). */
  #findCrossing(dialog: Dialog, message: SipMessage): Refusal | undefined {
    const { method, body } = message;
    if (method !== 'INVITE' && method !== 'UPDATE') return undefined;
    // RFC 5407 3.1.3: who has sent BYE has no session any more that could be changed.
    if (dialog.underWay.outgoingByes > 0) return NOT_FOUND;
    const isOurs = method === 'INVITE' ? hasOwnInvite(dialog) : body.length > 0 && hasOwnOffer(dialog);
    const isTheirs = method === 'INVITE' ? this.#owesFinal(dialog) : this.#owesAnswer(dialog, message);
    if (isTheirs) {
      const headers = [{ name: 'Retry-After', value: String(this.#context.names.retrySeconds()) }];
      return { status: 500, reason: 'Server Internal Error', headers };
    }
    return isOurs ? { status: 491, reason: 'Request Pending' } : undefined;
  }

  /** The peer has an INVITE in this dialog that is not answered. */
  #owesFinal({ underWay, state, role }: Dialog): boolean {
    return underWay.incomingInvite !== undefined || (state === 'early' && role === 'uas');
  }

  /** Whether an UPDATE of the peer is too early: another one, or an offer of its own, waits (RFC 3311 5.2). */
  #owesAnswer({ underWay }: Dialog, update: SipMessage): boolean {
    if (underWay.incomingUpdate !== undefined) return true;
    const { incomingInvite } = underWay;
    const reinvite = incomingInvite === undefined ? undefined : this.#byId.get(incomingInvite)?.message;
    return update.body.length > 0 && reinvite !== undefined && reinvite.body.length > 0;
  }

  #noteUpdate(request: ServerRequest, dialog: Dialog): void {
    dialog.underWay.incomingUpdate = request.id;
    const invite = this.#inviteOf(dialog);
    if (invite !== undefined) invite.pendingUpdate = request;
  }

  /** The INVITE that made this early dialog and is not answered yet. */
  #inviteOf(dialog: Dialog): ServerRequest | undefined {
    if (dialog.state !== 'early' || dialog.role !== 'uas') return undefined;
    const { initialInvite } = dialog.underWay;
    const request = initialInvite === undefined ? undefined : this.#byId.get(initialInvite);
    return request?.isAnswered === false ? request : undefined;
  }

  #acceptPrack(dialog: Dialog, message: SipMessage): boolean {
    const rack = ignoringSyntax(() => message.rack);
    // Also when the INVITE is answered: the PRACK may have been on its way (RFC 3262 3).
    const { initialInvite } = dialog.underWay;
    const reliable = initialInvite === undefined ? undefined : this.#byId.get(initialInvite)?.reliable;
    return rack !== undefined && reliable?.acknowledge(rack) === true;
  }

  #offerBye(request: ServerRequest, dialog: Dialog, message: SipMessage): void {
    if (!this.#awaited.isAwaited(dialog)) {
      this.#onBye(request, dialog, message);
      return;
    }
    this.#awaited.hold(request, dialog, () => {
      this.#onBye(request, dialog, message);
    });
  }

  /** Nobody adopted the dialog: a call that has ended is ended, everything else may be asked again. */
  #answerForNobody(request: ServerRequest, dialog: Dialog): void {
    const { message, method } = request;
    if (message === undefined) return;
    if (method === 'BYE') {
      this.#endByPeer(dialog, message);
      this.refuse(request, { status: 200, reason: 'OK' });
      return;
    }
    const headers = [{ name: 'Retry-After', value: String(this.#context.names.retrySeconds()) }];
    this.refuse(request, { status: 500, reason: 'Server Internal Error', headers });
  }

  /** The dialog is over when the BYE is here, whatever the application says (RFC 3261 15.1.2). */
  #onBye(request: ServerRequest, dialog: Dialog, message: SipMessage): void {
    const { router } = this.#context;
    // Before the INVITE that made an early dialog is refused, with which the dialog is gone.
    const owner = router.findDialogOwner(dialog.id);
    this.#endByPeer(dialog, message);
    if (owner === undefined) {
      this.refuse(request, { status: 200, reason: 'OK' });
      return;
    }
    router.openTransaction(request.id, owner);
    this.#giveInDialog(request, owner, dialog);
  }

  #endByPeer(dialog: Dialog, bye: SipMessage): void {
    this.#terminatePending(dialog);
    this.#context.records.stop('network', 'normal-release', bye);
    this.#keeper.end(dialog);
  }

  /** INVITEs that nobody has answered get their answer before the dialog is forgotten (RFC 3261 15.1.2). */
  #terminatePending({ underWay }: Dialog): void {
    for (const id of [underWay.initialInvite, underWay.incomingInvite]) {
      const invite = id === undefined ? undefined : this.#byId.get(id);
      if (invite === undefined) continue;
      // The BYE is the end that is recorded.
      invite.isRecorded = false;
      this.refuse(invite, TERMINATED);
    }
  }

  #offerInDialog(request: ServerRequest): void {
    const { dialog } = request;
    if (dialog === undefined || request.isAnswered) return;
    if (this.#awaited.isAwaited(dialog)) {
      this.#awaited.hold(request, dialog, () => {
        this.#offerInDialog(request);
      });
      return;
    }
    const owner = this.#context.router.findDialogOwner(dialog.id);
    if (owner === undefined) {
      if (dialog.isOver) this.refuse(request, { status: 200, reason: 'OK' });
      else if (!this.#waiting.has(request)) {
        this.#waiting.add(request);
        this.#startDeadline(request);
      }
      return;
    }
    this.#waiting.delete(request);
    this.#context.router.openTransaction(request.id, owner);
    this.#giveInDialog(request, owner, dialog);
  }

  #giveInDialog(request: ServerRequest, owner: EngineApplication, dialog: Dialog): void {
    const { message } = request;
    if (message === undefined) return;
    request.deadline?.cancel();
    // An UPDATE before the answer goes by the name of its INVITE (facts: UPDATE during an unanswered INVITE).
    const invite = request.method === 'UPDATE' ? this.#inviteOf(dialog) : undefined;
    const transactionId = invite?.id ?? request.id;
    const notice = { meta: request.meta, transactionId, dialogId: dialog.id, sip: canonicalText(message) };
    owner.send(writeDialogMessage(owner.newMessageId(), notice));
  }

  #forgetUnderWay(request: ServerRequest): void {
    const underWay = request.dialog?.underWay;
    if (underWay === undefined) return;
    if (underWay.incomingInvite === request.id) underWay.incomingInvite = undefined;
    if (underWay.incomingUpdate === request.id) underWay.incomingUpdate = undefined;
  }

  #respond(tx: ServerTx, message: SipMessage, refusal: Refusal, toTag: string): Buffer {
    const { status, reason, headers } = refusal;
    const { server } = this.#context.settings;
    const bytes = buildResponse({
      request: message,
      status,
      reason,
      toTag,
      server,
      ...(headers && { headers }),
    });
    tx.respond(status, bytes);
    return bytes;
  }
}
