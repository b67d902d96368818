/**
 * The requests from the network that are not over, and the answers that the engine itself gives them.
 *
 * Invariant: each gets one final response; who gives it says so by `settle` first.
 */
import type { Dialog } from '../dialog/dialog.js';
import type { SipMessage } from '../message/sip-message.js';
import type { SipFlow } from '../transport/sip-flow.js';
import { buildResponse } from './build-response.js';
import type { StopReason } from './call-records.js';
import type { Refusal } from './decide-refusal.js';
import type { DialogKeeper } from './dialog-keeper.js';
import { arrivalMeta, type Arrival, type EngineContext, type ServerTx } from './engine-context.js';
import { ServerRequest } from './server-request.js';

export class ServerRequestTable {
  readonly #context: EngineContext;
  readonly #keeper: DialogKeeper;
  readonly #byId = new Map<string, ServerRequest>();
  readonly #byTx = new Map<ServerTx, ServerRequest>();
  #onSettled: ((request: ServerRequest) => void) | undefined;

  constructor(context: EngineContext, keeper: DialogKeeper) {
    this.#context = context;
    this.#keeper = keeper;
  }

  /** @param onSettled told of each request that nobody has to answer any more */
  connect(onSettled: (request: ServerRequest) => void): void {
    this.#onSettled = onSettled;
  }

  find(transactionId: string): ServerRequest | undefined {
    return this.#byId.get(transactionId);
  }

  findByTx(tx: ServerTx): ServerRequest | undefined {
    return this.#byTx.get(tx);
  }

  open(tx: ServerTx, message: SipMessage, arrival: Arrival, dialog: Dialog | undefined): ServerRequest {
    const { names } = this.#context;
    const addressId = dialog?.addressId ?? this.addressIdOf(arrival.flow);
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
    this.keep(request);
    return request;
  }

  keep(request: ServerRequest): void {
    this.#byId.set(request.id, request);
    this.#byTx.set(request.tx, request);
  }

  /** Its client gave up, or nobody acknowledged the refusal. */
  onTerminated(tx: ServerTx): void {
    const request = this.#byTx.get(tx);
    this.#byTx.delete(tx);
    if (request === undefined) return;
    request.settle();
    this.#onSettled?.(request);
    this.#byId.delete(request.id);
    this.#context.router.closeTransaction(request.id);
    this.#forgetUnderWay(request);
    if (request.method === 'INVITE') this.#context.publisher.removeInvite(request.addressId, tx.key);
  }

  /** A final response of the engine. */
  refuse(request: ServerRequest, refusal: Refusal, record: StopReason = 'call-rejected'): void {
    const { message } = request;
    if (request.isAnswered || message === undefined) return;
    const dialog = request.isNew ? request.dialog : undefined;
    this.settle(request);
    const bytes = this.respond(request.tx, message, refusal, request.localTag);
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
    this.#onSettled?.(request);
    this.#context.router.settleTransaction(request.id);
    this.#forgetUnderWay(request);
  }

  /** Outside of the life of a request: CANCEL, and what has no dialog. */
  respond(tx: ServerTx, message: SipMessage, refusal: Refusal, toTag: string): Buffer {
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

  /** Continuity.md rule 14: a 100 stops the caller from asking again, so the partner has to hold the INVITE first. */
  sayTrying(request: ServerRequest): void {
    this.publishInvite(request);
    this.#context.publisher.beforeTrying(() => {
      const { message } = request;
      if (request.isAnswered || message === undefined || request.tx.lastStatus > 0) return;
      this.#trying(request, message);
    });
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

  addressIdOf(flow: SipFlow): string {
    return this.#context.identities.of(flow).addressId;
  }

  #trying(request: ServerRequest, message: SipMessage): void {
    const bytes = buildResponse({ request: message, status: 100, reason: 'Trying', toTag: undefined });
    request.tx.respond(100, bytes);
  }

  #forgetUnderWay(request: ServerRequest): void {
    const underWay = request.dialog?.underWay;
    if (underWay === undefined) return;
    if (underWay.incomingInvite === request.id) underWay.incomingInvite = undefined;
    if (underWay.incomingUpdate === request.id) underWay.incomingUpdate = undefined;
  }
}
