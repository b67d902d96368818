/**
 * The transaction layer (RFC 3261 section 17): finds the transaction a message belongs to, makes new ones for new
 * requests, and forgets them when they have ended. What happens within one is decided by the four *-state.ts
 * machines and done by base-transaction.ts.
 *
 * Invariants: a request that came twice reaches the user once; every transaction ends by itself once it is answered;
 * no more than `transactionsMax` exist, whoever sends what. It never sends a request or a response of its own but
 * the 100, the ACK for a refusal and the CANCEL that it was asked for, and never resends a 2xx to INVITE or its ACK:
 * those belong to the dialog.
 *
 * Where a record goes and when is not decided here: `exportRecord` tells what is to be kept of one transaction at
 * this moment, and `restore` goes on with it on another node.
 */
import type { Clock } from '../../../cluster/base/clock.js';
import type { TransactionCore } from './base-transaction.js';
import { ClientTransaction, type ClientTransactionOptions } from './client-transaction.js';
import { startInviteClient } from './invite-client-state.js';
import { startInviteServer } from './invite-server-state.js';
import { startNonInviteClient } from './non-invite-client-state.js';
import { startNonInviteServer } from './non-invite-server-state.js';
import {
  restoredAnsweredOptions,
  restoredClientOptions,
  restoredPendingOptions,
} from './restore-transaction.js';
import { ServerTransaction, type ServerTransactionOptions } from './server-transaction.js';
import { loadMessage, storeMessage } from './stored-message.js';
import type { TimerWheel } from './timer-wheel.js';
import {
  acknowledgedKeys,
  cancelledKey,
  clientCancelKey,
  clientKey,
  hasUniqueBranch,
  mergeKey,
  serverKey,
  type KeyFields,
} from './transaction-key.js';
import type { Flow, MessageAccess, Transaction, TransactionUser, Wire } from './transaction-port.js';
import type {
  PendingInviteClientRecord,
  PendingInviteServerRecord,
  RecentInviteFinalRecord,
  TransactionRecord,
} from './transaction-record.js';
import { completeSettings, type TransactionSettings } from './transaction-step.js';

export interface TransactionLayerOptions<M, F extends Flow> {
  readonly clock: Clock;
  /** Of the same clock; dialogs may share it. */
  readonly wheel: TimerWheel;
  readonly wire: Wire<F>;
  readonly messages: MessageAccess<M>;
  readonly user: TransactionUser<M, F>;
  /** Told what the user throws, or the making of an ACK, CANCEL or 100; must not throw itself. */
  readonly onUserError: (error: unknown, transaction: Transaction<M, F> | undefined) => void;
  readonly transactionsMax: number;
  /** Of these, how many are kept for requests inside dialogs and for CANCEL: calls that exist come first. */
  readonly transactionsReserved?: number;
  readonly settings?: Partial<TransactionSettings>;
}

/** `full` and `draining`: no transaction was made; answer 503 without one (an ACK never gets this). */
export type ReceiveRequestResult = 'new' | 'retransmission' | 'ack' | 'strayAck' | 'full' | 'draining';

/** `duplicate`: a request with this branch and method is under way; branches must be unique. */
export type SendRequestResult<M, F extends Flow> =
  | { readonly kind: 'sent'; readonly transaction: ClientTransaction<M, F> }
  | { readonly kind: 'refused'; readonly why: 'full' | 'duplicate' };

/**
 * `request`: of a pending INVITE, for the user to go on with. Refused: `expired` (nobody waits for its ACK any
 * more), `duplicate` (the transaction exists), `full`.
 */
export type RestoreResult<M, F extends Flow> =
  | { readonly kind: 'restored'; readonly transaction: Transaction<M, F>; readonly request?: M }
  | { readonly kind: 'refused'; readonly why: 'expired' | 'duplicate' | 'full' };

export interface TransactionCounts {
  readonly transactions: number;
  /** Such as `inviteServer.Proceeding`; only those that exist. */
  readonly byState: Readonly<Record<string, number>>;
  readonly timers: number;
  /** Since the start. */
  readonly refused: number;
  readonly retransmissionsReceived: number;
  readonly strayResponses: number;
  readonly strayAcks: number;
  readonly userErrors: number;
}

function checkLimits(max: number, reserved: number): void {
  if (Number.isSafeInteger(max) && max > reserved && Number.isSafeInteger(reserved) && reserved >= 0) return;
  throw new RangeError(`no limits of transactions: ${String(max)}, of these ${String(reserved)} reserved`);
}

export class TransactionLayer<M, F extends Flow> {
  readonly settings: TransactionSettings;
  readonly #options: TransactionLayerOptions<M, F>;
  readonly #core: TransactionCore<M, F>;
  readonly #max: number;
  readonly #reserved: number;
  readonly #clients = new Map<string, ClientTransaction<M, F>>();
  readonly #servers = new Map<string, ServerTransaction<M, F>>();
  /** The first of each set of merged requests. */
  readonly #merged = new Map<string, ServerTransaction<M, F>>();
  readonly #counters = {
    refused: 0,
    retransmissionsReceived: 0,
    strayResponses: 0,
    strayAcks: 0,
    userErrors: 0,
  };
  readonly #drained: (() => void)[] = [];
  #isDraining = false;

  /** @throws RangeError for limits or settings that make no sense */
  constructor(options: TransactionLayerOptions<M, F>) {
    this.#options = options;
    this.#max = options.transactionsMax;
    this.#reserved = options.transactionsReserved ?? 0;
    checkLimits(this.#max, this.#reserved);
    this.settings = completeSettings(options.settings ?? {});
    this.#core = this.#makeCore();
  }

  get size(): number {
    return this.#clients.size + this.#servers.size;
  }

  /** @param bytes as received; copied */
  receiveRequest(request: M, bytes: Buffer, flow: F): ReceiveRequestResult {
    const fields = this.#options.messages.keyFields(request);
    if (fields.method === 'ACK') return this.#receiveAck(request, fields, flow);
    const known = this.#servers.get(serverKey(fields));
    if (known !== undefined) {
      this.#counters.retransmissionsReceived += 1;
      known.receiveAgain();
      return 'retransmission';
    }
    const isInitial = fields.toTag === undefined && fields.method !== 'CANCEL';
    const refusal = this.#isDraining && isInitial ? 'draining' : this.#findFullness(isInitial);
    if (refusal === undefined) this.#startServer(request, bytes, flow, fields);
    else this.#counters.refused += 1;
    return refusal ?? 'new';
  }

  receiveResponse(response: M, flow: F): 'matched' | 'stray' {
    const transaction = this.#clients.get(clientKey(this.#options.messages.keyFields(response)));
    if (transaction !== undefined) {
      transaction.receive(response);
      return 'matched';
    }
    this.#counters.strayResponses += 1;
    this.#guard(undefined, () => {
      this.#options.user.onStrayResponse(response, flow);
    });
    return 'stray';
  }

  /**
   * Sends a request, which must not be an ACK, and takes care of it until its end.
   * @param bytes as to be sent, with a branch of createBranchSource; copied
   * @param options.isProxied an INVITE gets a timer C
   */
  sendRequest(
    request: M,
    bytes: Buffer,
    flow: F,
    options: { readonly isProxied?: boolean } = {},
  ): SendRequestResult<M, F> {
    const fields = this.#options.messages.keyFields(request);
    const key = clientKey(fields);
    if (this.#clients.has(key)) return { kind: 'refused', why: 'duplicate' };
    const why = this.#findFullness(fields.toTag === undefined);
    if (why !== undefined) {
      this.#counters.refused += 1;
      return { kind: 'refused', why };
    }
    const first = this.#firstClientStep(fields.method, flow, options.isProxied ?? false);
    const { method } = fields;
    const transaction = this.#addClient({ key, method, flow, request: storeMessage(bytes), first });
    transaction.begin();
    return { kind: 'sent', transaction };
  }

  /** The INVITE that a CANCEL means. */
  findCancelled(cancel: M): ServerTransaction<M, F> | undefined {
    return this.#servers.get(cancelledKey(this.#options.messages.keyFields(cancel)));
  }

  /**
   * Another transaction of the same request, which has come by another way before (forked and merged again). The
   * user answers 482 to the later one (RFC 3261 section 8.2.2.2).
   */
  findMerged(request: M): ServerTransaction<M, F> | undefined {
    const fields = this.#options.messages.keyFields(request);
    const merge = mergeKey(fields);
    const first = merge === undefined ? undefined : this.#merged.get(merge);
    return first?.key === serverKey(fields) ? undefined : first;
  }

  counts(): TransactionCounts {
    const byState: Record<string, number> = {};
    for (const { state } of this.#all()) {
      const name = `${state.machine}.${state.name}`;
      byState[name] = (byState[name] ?? 0) + 1;
    }
    return { transactions: this.size, byState, timers: this.#options.wheel.size, ...this.#counters };
  }

  /**
   * From now on no request outside a dialog makes a transaction (REGISTER and OPTIONS included); those inside
   * dialogs do, because their calls still run here.
   * @returns resolves when no transaction is left for the first time
   */
  drain(): Promise<void> {
    this.#isDraining = true;
    return new Promise((resolve) => {
      this.#drained.push(resolve);
      this.#reportDrained();
    });
  }

  /** Ends everything at once, without a word to the network. */
  close(): void {
    for (const transaction of [...this.#all()]) transaction.abandon();
  }

  /** What the partner needs of this transaction now; undefined when nothing. */
  exportRecord(transaction: Transaction<M, F>): TransactionRecord | undefined {
    return transaction.isEnded ? undefined : transaction.toRecord();
  }

  /** With the flow of each, which the caller alone can write down. */
  exportRecords(): { readonly record: TransactionRecord; readonly flow: F }[] {
    return [...this.#all()].flatMap((transaction) => {
      const record = this.exportRecord(transaction);
      return record === undefined ? [] : [{ record, flow: transaction.flow }];
    });
  }

  /**
   * Goes on with a transaction of another node. Over UDP nothing is sent before its next timer, but for the CANCEL of
   * a cancelled INVITE.
   * @throws what MessageAccess.parse throws when the record's message is unreadable
   */
  restore(record: TransactionRecord, flow: F): RestoreResult<M, F> {
    const known = record.kind === 'pendingInviteClient' ? this.#clients : this.#servers;
    if (known.has(record.key)) return { kind: 'refused', why: 'duplicate' };
    if (this.#findFullness(false) !== undefined) return { kind: 'refused', why: 'full' };
    switch (record.kind) {
      case 'pendingInviteServer':
        return this.#restoreServer(record, flow);
      case 'pendingInviteClient':
        return this.#restoreClient(record, flow);
      case 'recentInviteFinal':
        return this.#restoreFinal(record, flow);
    }
  }

  #makeCore(): TransactionCore<M, F> {
    const { clock, wheel, wire, messages, user } = this.#options;
    return {
      clock,
      wheel,
      wire,
      messages,
      user,
      settings: this.settings,
      guard: this.#guard.bind(this),
      forget: this.#forget.bind(this),
      sendCancel: this.#sendCancel.bind(this),
      findCancelled: this.findCancelled.bind(this),
    };
  }

  #guard(transaction: Transaction<M, F> | undefined, run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#counters.userErrors += 1;
      this.#options.onUserError(error, transaction);
    }
  }

  *#all(): Generator<Transaction<M, F>> {
    yield* this.#clients.values();
    yield* this.#servers.values();
  }

  #findFullness(isInitial: boolean): 'full' | undefined {
    return this.size >= this.#max - (isInitial ? this.#reserved : 0) ? 'full' : undefined;
  }

  #receiveAck(ack: M, fields: KeyFields, flow: F): 'ack' | 'strayAck' {
    const invite = this.#findAcknowledged(fields);
    if (invite !== undefined) {
      invite.receiveAck(ack);
      return 'ack';
    }
    this.#counters.strayAcks += 1;
    this.#guard(undefined, () => {
      this.#options.user.onStrayAck(ack, flow);
    });
    return 'strayAck';
  }

  #findAcknowledged(fields: KeyFields): ServerTransaction<M, F> | undefined {
    for (const key of acknowledgedKeys(fields)) {
      const invite = this.#servers.get(key);
      if (invite?.isAcknowledgedBy(fields.toTag) === true) return invite;
    }
    return undefined;
  }

  #startServer(request: M, bytes: Buffer, flow: F, fields: KeyFields): void {
    const { method } = fields;
    const start = method === 'INVITE' ? startInviteServer : startNonInviteServer;
    const transaction = this.#addServer({
      key: serverKey(fields),
      method,
      flow,
      request: storeMessage(bytes),
      first: start(flow, this.settings),
      mergeKey: this.#freeMergeKey(fields),
      hasOldKey: !hasUniqueBranch(fields),
    });
    transaction.begin(request);
  }

  /** Only the first of merged requests is found by its merge key. */
  #freeMergeKey(fields: KeyFields): string | undefined {
    const merge = mergeKey(fields);
    return merge === undefined || this.#merged.has(merge) ? undefined : merge;
  }

  #addServer(options: ServerTransactionOptions<F>): ServerTransaction<M, F> {
    const transaction = new ServerTransaction<M, F>(this.#core, options);
    this.#servers.set(transaction.key, transaction);
    if (transaction.mergeKey !== undefined) this.#merged.set(transaction.mergeKey, transaction);
    return transaction;
  }

  #firstClientStep(method: string, flow: F, isProxied: boolean) {
    const { isReliable } = flow;
    return method === 'INVITE'
      ? startInviteClient({ isReliable, isProxied }, this.settings)
      : startNonInviteClient({ isReliable }, this.settings);
  }

  #addClient(options: ClientTransactionOptions<F>): ClientTransaction<M, F> {
    const transaction = new ClientTransaction<M, F>(this.#core, options);
    this.#clients.set(transaction.key, transaction);
    return transaction;
  }

  /** Beyond the limit, too: there is at most one for each INVITE, and it ends something. */
  #sendCancel(inviteKey: string, cancel: Buffer, flow: F): void {
    const key = clientCancelKey(inviteKey);
    if (this.#clients.has(key)) return;
    const first = startNonInviteClient(flow, this.settings);
    const request = storeMessage(cancel);
    this.#addClient({ key, method: 'CANCEL', flow, request, first, isSilent: true }).begin();
  }

  #forget(transaction: Transaction<M, F>): void {
    if (transaction.side === 'client') {
      this.#clients.delete(transaction.key);
    } else {
      this.#servers.delete(transaction.key);
      if (transaction.mergeKey !== undefined) this.#merged.delete(transaction.mergeKey);
    }
    this.#reportDrained();
  }

  #reportDrained(): void {
    if (this.size === 0) for (const resolve of this.#drained.splice(0)) resolve();
  }

  #restoreServer(record: PendingInviteServerRecord, flow: F): RestoreResult<M, F> {
    const { messages } = this.#options;
    const request = messages.parse(loadMessage(record.request));
    const transaction = this.#addServer({
      ...restoredPendingOptions(record, flow, this.settings),
      mergeKey: this.#freeMergeKey(messages.keyFields(request)),
    });
    transaction.begin();
    return { kind: 'restored', transaction, request };
  }

  #restoreClient(record: PendingInviteClientRecord, flow: F): RestoreResult<M, F> {
    const request = this.#options.messages.parse(loadMessage(record.request));
    const transaction = this.#addClient(restoredClientOptions(record, flow, this.settings));
    transaction.begin();
    return { kind: 'restored', transaction, request };
  }

  #restoreFinal(record: RecentInviteFinalRecord, flow: F): RestoreResult<M, F> {
    const wallMs = this.#options.clock.wallMs();
    const options = restoredAnsweredOptions(record, flow, this.settings, wallMs);
    if (options === undefined) return { kind: 'refused', why: 'expired' };
    const transaction = this.#addServer(options);
    transaction.begin();
    return { kind: 'restored', transaction };
  }
}
