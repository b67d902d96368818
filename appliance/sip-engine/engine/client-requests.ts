/**
 * Requests that applications send: new ones, those in dialogs, CANCEL; and every request of ours while its transaction
 * lives. What comes back is dealt with in client-responses.ts.
 */
import type { SipCancelCommand, SipInDialogCommand, SipNewCommand } from '../control/control-command.js';
import { writeNok, writeRequestEcho, type AnswerIds } from '../control/control-reply.js';
import { CONTROL_TEXTS, unknownCancelText } from '../control/control-texts.js';
import type { Dialog } from '../dialog/dialog.js';
import type { SipMessage } from '../message/sip-message.js';
import type { SipFlow } from '../transport/sip-flow.js';
import {
  findApplicationHeader,
  parseApplicationMessage,
  SEND_FROM,
  type ApplicationMessage,
} from './application-message.js';
import { buildRequest } from './build-request.js';
import { findInDialogProblem, findNewProblem } from './check-application-message.js';
import { learnOurs, type ClientAcks, type ClientParts } from './client-acks.js';
import { ClientRequest } from './client-request.js';
import type { DialogKeeper } from './dialog-keeper.js';
import type { DialogRoutes } from './dialog-routes.js';
import { sentMeta, type ClientTx, type EngineApplication, type EngineContext } from './engine-context.js';
import { tagOf } from './header-rules.js';
import { makeCancel, parseOwnMessage } from './message-access.js';
import { cseqNumberOf, timerHeaders, type RequestPlanner } from './request-planner.js';

export interface ClientRequestsParts extends ClientParts {
  readonly acks: ClientAcks;
}

export class ClientRequests {
  readonly #context: EngineContext;
  readonly #keeper: DialogKeeper;
  readonly #planner: RequestPlanner;
  readonly #routes: DialogRoutes;
  readonly #acks: ClientAcks;
  readonly #byId = new Map<string, ClientRequest>();
  readonly #byTx = new Map<ClientTx, ClientRequest>();
  /** The one whose transaction is being made: the layer may call back before it hands it over. */
  #starting: ClientRequest | undefined;
  #onInternalFailure: ((request: ClientRequest, status: 408 | 491 | 503, reason: string) => void) | undefined;

  constructor(parts: ClientRequestsParts) {
    this.#context = parts.context;
    this.#keeper = parts.keeper;
    this.#planner = parts.planner;
    this.#routes = parts.routes;
    this.#acks = parts.acks;
  }

  /** @param onInternalFailure tells an application of a response that never came (client-responses.ts) */
  connect(
    onInternalFailure: (request: ClientRequest, status: 408 | 491 | 503, reason: string) => void,
  ): void {
    this.#onInternalFailure = onInternalFailure;
  }

  get size(): number {
    return this.#byId.size;
  }

  findByTx(tx: ClientTx): ClientRequest | undefined {
    return this.#byTx.get(tx) ?? this.#starting;
  }

  /** The SUBSCRIBE of ours, not answered yet, that a NOTIFY belongs to (RFC 6665 4.4.1). */
  findSubscribe(notify: SipMessage): ClientRequest | undefined {
    for (const request of this.#byTx.values()) {
      const { method, dialog, isFinished, localTag, message } = request;
      const isPending = method === 'SUBSCRIBE' && dialog === undefined && !isFinished;
      const isSame = isPending && message?.callId === notify.callId && localTag === notify.to.tag;
      if (isSame && message.event?.name === notify.event?.name) return request;
    }
    return undefined;
  }

  /** Of a restored transaction. */
  adopt(request: ClientRequest, tx: ClientTx): void {
    request.tx = tx;
    this.#byId.set(request.id, request);
    this.#byTx.set(tx, request);
  }

  /** Requests whose answers an application waits for. */
  ownedBy(applicationId: string): readonly string[] {
    const { router } = this.#context;
    return [...this.#byId.values()]
      .filter(({ id, isFinished }) => !isFinished && router.findTransactionOwner(id)?.id === applicationId)
      .map(({ id }) => id);
  }

  /** Whoever adopts an early dialog of ours gets the answer to its INVITE. */
  adoptPending(dialog: Dialog, application: EngineApplication): void {
    if (dialog.state !== 'early' || dialog.role !== 'uac') return;
    for (const request of this.#byId.values()) {
      if (request.early.get(dialog.remoteTag) !== dialog) continue;
      request.isAbandoned = false;
      this.#context.router.openTransaction(request.id, application);
    }
  }

  onTerminated(tx: ClientTx): void {
    const request = this.#byTx.get(tx);
    this.#byTx.delete(tx);
    if (request === undefined) return;
    if (request.isInvite) this.#context.publisher.removeInvite(request.addressId, tx.key);
    // A request that went on over another transport has another transaction by now.
    if (request.tx !== tx) return;
    this.#byId.delete(request.id);
    this.#context.router.closeTransaction(request.id);
  }

  /** A request outside of dialogs (facts: `sip||` and a text). */
  sendNew(application: EngineApplication, command: SipNewCommand): void {
    const message = parseApplicationMessage(command.text);
    const ids = this.#ids(application, command.id);
    if (message.method === 'ACK') {
      // Of a refusal: drachtio-srf sends one for every final response; the transaction layer did it (17.1.1.3).
      application.send(writeNok(ids, CONTROL_TEXTS.ackIsAutomatic));
      return;
    }
    const problem = findNewProblem(message);
    if (problem !== undefined) {
      application.send(writeNok(ids, problem));
      return;
    }
    const nextHop = command.nextHopUri ?? this.#context.settings.outboundProxy ?? message.uri;
    const flow = this.#context.routes.findFlow(nextHop, findApplicationHeader(message, SEND_FROM));
    const send = (found: SipFlow | undefined): void => {
      this.#sendNewOn(application, ids, message, found, nextHop);
    };
    if (flow instanceof Promise) void flow.then(send);
    else send(flow);
  }

  /** A request inside a dialog; also ACK and PRACK. */
  sendInDialog(application: EngineApplication, command: SipInDialogCommand): void {
    const message = parseApplicationMessage(command.text);
    const ids = this.#ids(application, command.id);
    const dialog = this.#context.dialogs.findById(command.dialogId);
    if (message.method === 'ACK') {
      this.#acks.send(application, ids, dialog, message);
      return;
    }
    if (dialog === undefined) {
      application.send(writeNok(ids, CONTROL_TEXTS.unknownDialog));
      return;
    }
    const problem = findInDialogProblem(message);
    if (problem !== undefined) {
      application.send(writeNok(ids, problem));
      return;
    }
    const send = (): void => {
      this.#routes.withFlow(dialog, (flow) => {
        this.#sendInDialogOn(application, ids, dialog, message, flow);
      });
    };
    if (message.method !== 'BYE') {
      send();
      return;
    }
    this.cancelWithin(dialog);
    this.#keeper.whenAcknowledged(dialog, send);
  }

  cancel(application: EngineApplication, command: SipCancelCommand): void {
    const ids = this.#ids(application, command.id);
    const request = this.#byId.get(command.transactionId);
    const { tx, message, flow } = request ?? {};
    const isPending = request?.isInvite === true && !request.isFinished;
    if (!isPending || tx === undefined || message === undefined || flow === undefined) {
      application.send(writeNok(ids, unknownCancelText(command.transactionId)));
      return;
    }
    const { headers } = parseApplicationMessage(command.text);
    const bytes = makeCancel(
      message,
      headers.filter(({ name }) => name === 'Reason'),
    );
    request.isCancelled = true;
    if (tx.cancel(bytes) === 'tooLate') {
      application.send(writeNok(ids, unknownCancelText(command.transactionId)));
      return;
    }
    this.publishInvite(request);
    const { clock, names } = this.#context;
    const meta = sentMeta(flow, bytes.length, clock.wallMs(), 'local');
    application.send(writeRequestEcho(ids, { meta, transactionId: names.id(), sip: bytes }));
  }

  /** The application that wanted the answers is gone: nobody shall be rung for nothing. */
  abandon(transactionId: string): void {
    const request = this.#byId.get(transactionId);
    if (request === undefined) return;
    request.isAbandoned = true;
    if (!request.isInvite || request.dialog !== undefined || request.isFinished) return;
    request.isCancelled = true;
    request.tx?.cancel();
  }

  /** The answer of somebody whom we no longer want: the INVITE is given up (200 without To tag). */
  cancelQuietly(request: ClientRequest): void {
    request.isCancelled = true;
    request.tx?.cancel();
  }

  cancelWithin(dialog: Dialog): void {
    if (dialog.underWay.outgoingInvites === 0) return;
    for (const request of this.#byTx.values()) {
      if (request.dialog === dialog && request.isInvite && !request.isFinished) request.tx?.cancel();
    }
  }

  publishAll(): void {
    for (const request of this.#byTx.values()) this.publishInvite(request);
  }

  /** Goes on over its second way when the first is closed (see `fallback`). @returns whether it does */
  retryElsewhere(request: ClientRequest): boolean {
    const { fallback } = request;
    if (fallback === undefined || request.isFinished) return false;
    request.fallback = undefined;
    return this.#start(request, fallback) !== undefined;
  }

  /** What was sent over a connection that is gone may never have arrived: where nothing was heard it goes again. */
  onConnectionClosed(connectionId: number): void {
    for (const [tx, request] of [...this.#byTx]) {
      const isOfIt = request.tx === tx && request.flow?.connectionId === connectionId;
      if (isOfIt && !request.isHeard && this.retryElsewhere(request)) tx.abandon();
    }
  }

  #ids(application: EngineApplication, requestId: string): AnswerIds {
    return { messageId: application.newMessageId(), requestId };
  }

  #sendNewOn(
    application: EngineApplication,
    ids: AnswerIds,
    message: ApplicationMessage,
    flow: SipFlow | undefined,
    nextHop: string,
  ): void {
    const { identities, names } = this.#context;
    if (flow === undefined) {
      application.send(writeNok(ids, CONTROL_TEXTS.noTransport));
      return;
    }
    if (identities.isOurs(flow.remoteAddress, flow.remotePort)) {
      application.send(writeNok(ids, CONTROL_TEXTS.sendToMyself));
      return;
    }
    const plan = this.#planner.planNew(message, flow);
    const localTag = tagOf(plan.from) ?? '';
    const { addressId } = identities.of(flow);
    const request = new ClientRequest({ id: names.id(), plan, localTag, addressId, dialog: undefined });
    this.#sendFor(application, ids, request, this.#planner.chooseFlow(request, flow, nextHop));
  }

  #sendInDialogOn(
    application: EngineApplication,
    ids: AnswerIds,
    dialog: Dialog,
    message: ApplicationMessage,
    flow: SipFlow | undefined,
  ): void {
    if (dialog.isOver || flow === undefined) {
      application.send(
        writeNok(ids, dialog.isOver ? CONTROL_TEXTS.unknownDialog : CONTROL_TEXTS.noTransport),
      );
      return;
    }
    const { names } = this.#context;
    const headers = [...message.headers, ...timerHeaders(dialog, message)];
    const seq = dialog.takeSeq(cseqNumberOf(message));
    const plan = this.#planner.planInDialog(dialog, { ...message, headers }, seq, flow);
    const { localTag, addressId } = dialog;
    const request = new ClientRequest({ id: names.id(), plan, localTag, addressId, dialog });
    this.#keeper.bind(dialog, application);
    if (message.method === 'PRACK') learnOurs(dialog, message);
    const hasGlare = message.method === 'INVITE' && this.#isInviteUnderWay(dialog);
    dialog.underWay.count(message.method, 1);
    request.fallback = this.#routes.findContactFlow(dialog, flow);
    if (hasGlare) this.#refuseGlare(application, ids, request, flow);
    else
      this.#sendFor(application, ids, request, this.#planner.chooseFlow(request, flow, dialog.remoteTarget));
  }

  /** RFC 3261 14.1: no second INVITE while one is under way, whoever sent it. */
  #isInviteUnderWay({ underWay }: Dialog): boolean {
    return underWay.outgoingInvites > 0 || underWay.incomingInvite !== undefined;
  }

  /** Not sent; the application hears what the other side would have had to say. */
  #refuseGlare(application: EngineApplication, ids: AnswerIds, request: ClientRequest, flow: SipFlow): void {
    const { router, clock } = this.#context;
    const bytes = buildRequest(request.plan, this.#planner.via(request, flow));
    request.flow = flow;
    request.message = parseOwnMessage(bytes);
    router.openTransaction(request.id, application);
    const meta = sentMeta(flow, bytes.length, clock.wallMs(), 'local');
    application.send(writeRequestEcho(ids, { meta, transactionId: request.id, sip: bytes }));
    this.#onInternalFailure?.(request, 491, 'Request Pending');
    router.closeTransaction(request.id);
  }

  #sendFor(application: EngineApplication, ids: AnswerIds, request: ClientRequest, flow: SipFlow): void {
    const { router, clock, records } = this.#context;
    router.openTransaction(request.id, application);
    const bytes = this.#start(request, flow);
    if (bytes === undefined) {
      router.closeTransaction(request.id);
      application.send(writeNok(ids, 'Server error: too many transactions'));
      return;
    }
    const meta = sentMeta(request.flow ?? flow, bytes.length, clock.wallMs(), 'local');
    application.send(writeRequestEcho(ids, { meta, transactionId: request.id, sip: bytes }));
    if (request.isInvite && request.dialog === undefined) records.attempt('application', bytes);
    this.#finishStart(request);
  }

  /** What failed while it was sent is told now that its application knows of it. */
  #finishStart(request: ClientRequest): void {
    request.isStarting = false;
    if (request.startFailure === undefined) return;
    if (!this.retryElsewhere(request)) this.#onInternalFailure?.(request, 503, 'Service Unavailable');
  }

  /** @returns the bytes; undefined when there are too many transactions */
  #start(request: ClientRequest, flow: SipFlow): Buffer | undefined {
    const bytes = buildRequest(request.plan, this.#planner.via(request, flow));
    const message = parseOwnMessage(bytes);
    const { layer } = this.#context;
    request.flow = flow;
    request.message = message;
    request.isStarting = true;
    this.#starting = request;
    const result = layer.sendRequest(message, bytes, flow);
    this.#starting = undefined;
    if (result.kind === 'refused') {
      this.#giveBack(request);
      return undefined;
    }
    request.tx = result.transaction;
    this.#byId.set(request.id, request);
    if (!result.transaction.isEnded) this.#byTx.set(result.transaction, request);
    this.publishInvite(request);
    return bytes;
  }

  /** One of the engine itself, of which no application hears. @returns undefined when there are too many transactions */
  startOwn(request: ClientRequest, flow: SipFlow): Buffer | undefined {
    const bytes = this.#start(request, flow);
    if (bytes !== undefined) this.#finishStart(request);
    return bytes;
  }

  /** It never began: nothing in its dialog may wait for it. One that goes on over UDP is told as failed instead. */
  #giveBack(request: ClientRequest): void {
    if (request.tx !== undefined) return;
    request.isFinished = true;
    request.dialog?.underWay.count(request.method, -1);
  }

  /** Writes an INVITE under way for the partner. */
  publishInvite(request: ClientRequest): void {
    const { publisher, layer, router } = this.#context;
    const { tx, flow } = request;
    if (!publisher.isActive || !request.isInvite || tx === undefined || flow === undefined) return;
    const record = layer.exportRecord(tx);
    if (record === undefined) return;
    const appTags = router.findTransactionOwner(request.id)?.tags ?? [];
    const { id: transactionId, addressId } = request;
    publisher.putInvite(addressId, { record, flow, transactionId, localTag: '', appTags });
  }
}
