/**
 * Requests from the network on their way to an application: new ones (new-requests.ts), those in dialogs
 * (dialog-requests.ts), CANCEL. What applications answer is in server-answers.ts.
 *
 * Invariant: each request gets a final response within `pendingInviteMs` after its last application is gone.
 */
import { writeDialogMessage } from '../control/control-reply.js';
import type { Dialog } from '../dialog/dialog.js';
import { canonicalText } from '../message/canonical-text.js';
import type { SipMessage } from '../message/sip-message.js';
import type { StopReason } from './call-records.js';
import type { Refusal } from './decide-refusal.js';
import type { DialogKeeper } from './dialog-keeper.js';
import { DialogRequests, NOT_FOUND, TERMINATED } from './dialog-requests.js';
import {
  arrivalMeta,
  type Arrival,
  type EngineApplication,
  type EngineContext,
  type ServerTx,
} from './engine-context.js';
import { NewRequests, type ProxyPlan, type RequestGate } from './new-requests.js';
import { ServerRequestTable } from './server-request-table.js';
import type { ServerRequest } from './server-request.js';

export class ServerRequests {
  readonly #context: EngineContext;
  readonly #table: ServerRequestTable;
  readonly #news: NewRequests;
  readonly #inDialogs: DialogRequests;

  constructor(context: EngineContext, keeper: DialogKeeper, gate: RequestGate | undefined) {
    this.#context = context;
    this.#table = new ServerRequestTable(context, keeper);
    this.#news = new NewRequests(context, this.#table, gate);
    this.#inDialogs = new DialogRequests({ context, keeper, table: this.#table, news: this.#news });
  }

  /** Before anything else; the two need each other. */
  connect(onProxy: (request: ServerRequest, plan: ProxyPlan) => void): void {
    this.#news.connect(onProxy);
  }

  find(transactionId: string): ServerRequest | undefined {
    return this.#table.find(transactionId);
  }

  findByTx(tx: ServerTx): ServerRequest | undefined {
    return this.#table.findByTx(tx);
  }

  onRequest(tx: ServerTx, message: SipMessage, arrival: Arrival): void {
    if (message.to.tag === undefined) this.#news.onRequest(tx, message, arrival);
    else this.#inDialogs.onRequest(tx, message, arrival, message.to.tag);
  }

  onCancel(tx: ServerTx, message: SipMessage, inviteTx: ServerTx | undefined, arrival: Arrival): void {
    const invite = inviteTx === undefined ? undefined : this.#table.findByTx(inviteTx);
    if (invite === undefined) {
      this.#table.respond(
        tx,
        message,
        NOT_FOUND,
        this.#context.names.tag(this.#table.addressIdOf(arrival.flow)),
      );
      return;
    }
    this.#table.respond(tx, message, { status: 200, reason: 'OK' }, invite.localTag);
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
    this.#inDialogs.onAck(ack, arrival);
  }

  onTerminated(tx: ServerTx): void {
    this.#table.onTerminated(tx);
  }

  /** An application may take what waits now. */
  onApplicationReady(): void {
    const { router } = this.#context;
    for (const id of router.waitingInvites) {
      const request = this.find(id);
      const successor = router.findSuccessor(id);
      if (request !== undefined && successor !== undefined) this.#news.give(request, successor);
    }
    this.#inDialogs.onApplicationReady();
  }

  /** Its pending INVITEs go to the next one, what it had half answered is given up. */
  onApplicationGone(application: EngineApplication): void {
    const { router } = this.#context;
    if (application.hasRoute('invite')) this.#news.expectApplication('invite');
    const loss = router.remove(application);
    for (const id of loss.pendingInvites) {
      const request = this.find(id);
      if (request !== undefined) this.#news.offerAgain(request, router.findSuccessor(id));
    }
    for (const id of loss.lostTransactions) this.#onLost(id);
  }

  beginImport(): void {
    this.#inDialogs.beginImport();
  }

  endImport(): void {
    this.#inDialogs.endImport();
  }

  /** A final response of the engine. */
  refuse(request: ServerRequest, refusal: Refusal, record?: StopReason): void {
    this.#table.refuse(request, refusal, record);
  }

  /** A final response is on its way: nobody else may answer. */
  settle(request: ServerRequest): void {
    this.#table.settle(request);
  }

  onAdopted(dialog: Dialog): void {
    this.#inDialogs.onAdopted(dialog);
  }

  /** An INVITE of the partner goes on here (takeover.ts). */
  adopt(request: ServerRequest): void {
    this.#table.keep(request);
    request.isRecorded = true;
    this.#news.expectApplication('invite');
    this.#news.offer(request, { verb: 'invite' });
  }

  /** A re-INVITE of the partner's dialog goes on here. */
  adoptInDialog(request: ServerRequest, dialog: Dialog, seq: number): void {
    this.#inDialogs.adopt(request, dialog, seq);
  }

  publishInvite(request: ServerRequest): void {
    this.#table.publishInvite(request);
  }

  publishAll(): void {
    this.#table.publishAll();
  }

  #onLost(transactionId: string): void {
    const request = this.find(transactionId);
    if (request === undefined || request.isAnswered) return;
    if (request.isNew) this.refuse(request, { status: 503, reason: 'Service Unavailable' });
    else this.#inDialogs.offer(request);
  }
}
