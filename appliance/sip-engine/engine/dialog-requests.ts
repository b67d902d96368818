/**
 * Requests in dialogs: whether they can be accepted now (RFC 3261 12.2.2, 14.2; RFC 3311 5.2; RFC 3262), and who gets
 * them; those of dialogs whose application is gone wait for it.
 */
import { writeDialogMessage } from '../control/control-reply.js';
import type { Dialog } from '../dialog/dialog.js';
import { canonicalText } from '../message/canonical-text.js';
import type { SipMessage } from '../message/sip-message.js';
import { ignoringSyntax } from '../message/sip-syntax-error.js';
import { Deadline } from '../transaction/deadline.js';
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
import type { NewRequests } from './new-requests.js';
import type { ServerRequestTable } from './server-request-table.js';
import type { ServerRequest } from './server-request.js';

export const NOT_FOUND: Refusal = { status: 481, reason: 'Call/Transaction Does Not Exist' };
export const TERMINATED: Refusal = { status: 487, reason: 'Request Terminated' };
/** Out of a dialog that nobody knows, drachtio-server hands these to an application as new (facts: loss). */
const GIVEN_WITHOUT_DIALOG = new Set(['INFO', 'OPTIONS', 'NOTIFY', 'MESSAGE', 'SUBSCRIBE', 'PUBLISH']);

function hasOwnInvite({ underWay, state, role }: Dialog): boolean {
  return underWay.outgoingInvites > 0 || (state === 'early' && role === 'uac');
}

function hasOwnOffer({ underWay, state }: Dialog): boolean {
  return underWay.outgoingUpdates > 0 || (underWay.outgoingInvites > 0 && state !== 'early');
}

export interface DialogRequestsParts {
  readonly context: EngineContext;
  readonly keeper: DialogKeeper;
  readonly table: ServerRequestTable;
  /** Takes what belongs to no dialog that anybody knows. */
  readonly news: NewRequests;
}

export class DialogRequests {
  readonly #context: EngineContext;
  readonly #keeper: DialogKeeper;
  readonly #table: ServerRequestTable;
  readonly #news: NewRequests;
  /** In dialogs whose application is gone, or that may come with an import. */
  readonly #waiting = new Set<ServerRequest>();
  readonly #awaited: AdoptionQueue;
  #isImporting = false;

  constructor({ context, keeper, table, news }: DialogRequestsParts) {
    this.#context = context;
    this.#keeper = keeper;
    this.#table = table;
    this.#news = news;
    this.#awaited = new AdoptionQueue(context, (request, dialog) => {
      this.#answerForNobody(request, dialog);
    });
    table.connect((request) => {
      this.#waiting.delete(request);
      this.#awaited.forget(request);
    });
  }

  onRequest(tx: ServerTx, message: SipMessage, arrival: Arrival, toTag: string): void {
    const dialog = this.#context.dialogs.findOfRequest(message);
    if (dialog !== undefined) {
      this.#accept(this.#table.open(tx, message, arrival, dialog), dialog, message);
      return;
    }
    const request = this.#table.open(tx, message, arrival, undefined);
    request.localTag = toTag;
    if (this.#isImporting) this.#waiting.add(request);
    else this.#onUnknownDialog(request);
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
      const meta = arrivalMeta(arrival, '');
      const notice = { meta, transactionId, dialogId: dialog.id, sip: canonicalText(ack) };
      owner.send(writeDialogMessage(owner.newMessageId(), notice));
    }
    this.#keeper.runAfterAck(dialog);
  }

  /** Requests in dialogs that are not known wait for the import that may bring them (takeover.ts). */
  beginImport(): void {
    this.#isImporting = true;
  }

  endImport(): void {
    this.#isImporting = false;
    for (const request of [...this.#waiting]) this.#resumeAfterImport(request);
  }

  /** An application may take what waits now. */
  onApplicationReady(): void {
    for (const request of [...this.#waiting]) this.offer(request);
  }

  /** An application has adopted it, or speaks in it. */
  onAdopted(dialog: Dialog): void {
    this.#awaited.release(dialog);
  }

  /** A re-INVITE of the partner's dialog goes on here. */
  adopt(request: ServerRequest, dialog: Dialog, seq: number): void {
    this.#table.keep(request);
    dialog.remoteSeq = Math.max(dialog.remoteSeq ?? 0, seq);
    dialog.underWay.incomingInvite = request.id;
    this.offer(request);
  }

  offer(request: ServerRequest): void {
    const { dialog } = request;
    if (dialog === undefined || request.isAnswered) return;
    if (this.#awaited.isAwaited(dialog)) {
      this.#awaited.hold(request, dialog, () => {
        this.offer(request);
      });
      return;
    }
    const owner = this.#context.router.findDialogOwner(dialog.id);
    if (owner === undefined) {
      if (dialog.isOver) this.#table.refuse(request, { status: 200, reason: 'OK' });
      else if (!this.#waiting.has(request)) {
        this.#waiting.add(request);
        this.#startDeadline(request);
      }
      return;
    }
    this.#waiting.delete(request);
    this.#context.router.openTransaction(request.id, owner);
    this.#give(request, owner, dialog);
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
    this.#accept(request, dialog, message);
  }

  #onUnknownDialog(request: ServerRequest): void {
    const wanted = { verb: request.method.toLowerCase() };
    const application = GIVEN_WITHOUT_DIALOG.has(request.method)
      ? this.#context.router.findApplication(wanted)
      : undefined;
    if (application === undefined) {
      this.#table.refuse(request, NOT_FOUND);
      return;
    }
    this.#context.router.openTransaction(request.id, application);
    this.#news.give(request, application);
  }

  #accept(request: ServerRequest, dialog: Dialog, message: SipMessage): void {
    const refusal = this.#findRefusal(dialog, message);
    if (refusal !== undefined) {
      this.#table.refuse(request, refusal);
      return;
    }
    dialog.remoteSeq = Math.max(dialog.remoteSeq ?? 0, message.cseq.number);
    if (message.method === 'INVITE') {
      dialog.underWay.incomingInvite = request.id;
      this.#table.sayTrying(request);
    }
    if (message.method === 'UPDATE') this.#noteUpdate(request, dialog);
    if (message.method === 'PRACK' && !this.#acceptPrack(dialog, message)) {
      this.#table.refuse(request, NOT_FOUND);
      return;
    }
    if (message.method === 'PRACK') this.#learnAnswer(dialog, message);
    if (message.method === 'BYE') this.#offerBye(request, dialog, message);
    else this.offer(request);
    if (message.method === 'PRACK') this.#inviteOf(dialog)?.reliable?.runWaiting();
  }

  /** RFC 3261 12.2.2, RFC 4028 9, and what cannot be done now. */
  #findRefusal(dialog: Dialog, message: SipMessage): Refusal | undefined {
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
    const reinvite = incomingInvite === undefined ? undefined : this.#table.find(incomingInvite)?.message;
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
    const request = initialInvite === undefined ? undefined : this.#table.find(initialInvite);
    return request?.isAnswered === false ? request : undefined;
  }

  #acceptPrack(dialog: Dialog, message: SipMessage): boolean {
    const rack = ignoringSyntax(() => message.rack);
    // Also when the INVITE is answered: the PRACK may have been on its way (RFC 3262 3).
    const { initialInvite } = dialog.underWay;
    const reliable = initialInvite === undefined ? undefined : this.#table.find(initialInvite)?.reliable;
    return rack !== undefined && reliable?.acknowledge(rack) === true;
  }

  /** The answer to an offer of ours may stand in an ACK or a PRACK (RFC 3261 13.2.1, RFC 3262 5). */
  #learnAnswer(dialog: Dialog, message: SipMessage): void {
    const description = findDescription(message);
    if (description === undefined) return;
    dialog.remoteSdp = description;
    this.#keeper.publish(dialog);
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
      this.#table.refuse(request, { status: 200, reason: 'OK' });
      return;
    }
    const headers = [{ name: 'Retry-After', value: String(this.#context.names.retrySeconds()) }];
    this.#table.refuse(request, { status: 500, reason: 'Server Internal Error', headers });
  }

  /** The dialog is over when the BYE is here, whatever the application says (RFC 3261 15.1.2). */
  #onBye(request: ServerRequest, dialog: Dialog, message: SipMessage): void {
    const { router } = this.#context;
    // Before the INVITE that made an early dialog is refused, with which the dialog is gone.
    const owner = router.findDialogOwner(dialog.id);
    this.#endByPeer(dialog, message);
    if (owner === undefined) {
      this.#table.refuse(request, { status: 200, reason: 'OK' });
      return;
    }
    router.openTransaction(request.id, owner);
    this.#give(request, owner, dialog);
  }

  #endByPeer(dialog: Dialog, bye: SipMessage): void {
    // A second BYE may have waited behind the first.
    if (dialog.isOver) return;
    this.#terminatePending(dialog);
    this.#context.records.stop('network', 'normal-release', bye);
    this.#keeper.end(dialog);
  }

  /** INVITEs that nobody has answered get their answer before the dialog is forgotten (RFC 3261 15.1.2). */
  #terminatePending({ underWay }: Dialog): void {
    for (const id of [underWay.initialInvite, underWay.incomingInvite]) {
      const invite = id === undefined ? undefined : this.#table.find(id);
      if (invite === undefined) continue;
      // The BYE is the end that is recorded.
      invite.isRecorded = false;
      this.#table.refuse(invite, TERMINATED);
    }
  }

  #give(request: ServerRequest, owner: EngineApplication, dialog: Dialog): void {
    const { message } = request;
    if (message === undefined) return;
    request.deadline?.cancel();
    // An UPDATE before the answer goes by the name of its INVITE (facts: UPDATE during an unanswered INVITE).
    const invite = request.method === 'UPDATE' ? this.#inviteOf(dialog) : undefined;
    const transactionId = invite?.id ?? request.id;
    const notice = { meta: request.meta, transactionId, dialogId: dialog.id, sip: canonicalText(message) };
    owner.send(writeDialogMessage(owner.newMessageId(), notice));
  }

  #startDeadline(request: ServerRequest): void {
    const { wheel, settings } = this.#context;
    request.deadline?.cancel();
    const onDue = new Deadline(() => {
      this.#table.refuse(request, { status: 503, reason: 'Service Unavailable' });
      this.#context.router.closeTransaction(request.id);
    });
    request.deadline = wheel.schedule(settings.pendingInviteMs, onDue);
  }
}
