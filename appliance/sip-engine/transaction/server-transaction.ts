/** A request that we received: runs one of the two server machines. Made by TransactionLayer. */
import { BaseTransaction, type Occasion, type TransactionCore } from './base-transaction.js';
import { nextInviteServerState, type InviteServerState } from './invite-server-state.js';
import { nextNonInviteServerState, type NonInviteServerState } from './non-invite-server-state.js';
import { loadMessage, storeMessage, type StoredMessage } from './stored-message.js';
import type { Flow, Transaction } from './transaction-port.js';
import type { PendingInviteServerRecord, RecentInviteFinalRecord } from './transaction-record.js';
import type {
  RefusedWhy,
  ServerEvent,
  Step,
  TimerName,
  TransactionEffect,
  TransactionSettings,
} from './transaction-step.js';

export type ServerState = InviteServerState | NonInviteServerState;

export interface ServerTransactionOptions<F> {
  readonly key: string;
  readonly method: string;
  readonly flow: F;
  readonly first: Step<ServerState>;
  readonly request?: StoredMessage | undefined;
  readonly response?: StoredMessage | undefined;
  readonly lastStatus?: number;
  /** When the layer finds it under this merge key, too. */
  readonly mergeKey?: string | undefined;
  /** A request of RFC 2543, whose ACK has to show the To tag of the response. */
  readonly hasOldKey?: boolean;
  readonly answeredTag?: string | undefined;
}

function nextServerState(
  state: ServerState,
  event: ServerEvent,
  settings: TransactionSettings,
): Step<ServerState> {
  return state.machine === 'inviteServer'
    ? nextInviteServerState(state, event, settings)
    : nextNonInviteServerState(state, event, settings);
}

function findRefusal(effects: readonly TransactionEffect[]): RefusedWhy | undefined {
  for (const effect of effects) if (effect.kind === 'refuse') return effect.why;
  return undefined;
}

export class ServerTransaction<M, F extends Flow> extends BaseTransaction<M, F> {
  readonly side = 'server';
  readonly mergeKey: string | undefined;
  readonly hasOldKey: boolean;
  #state: ServerState;
  #request: StoredMessage | undefined;
  #response: StoredMessage | undefined;
  #lastStatus: number;
  #answeredTag: string | undefined;
  #first: readonly TransactionEffect[];

  constructor(core: TransactionCore<M, F>, options: ServerTransactionOptions<F>) {
    super(core, options.key, options.method, options.flow);
    this.#state = options.first.state;
    this.#first = options.first.effects;
    this.#request = options.request;
    this.#response = options.response;
    this.#lastStatus = options.lastStatus ?? 0;
    this.mergeKey = options.mergeKey;
    this.hasOldKey = options.hasOldKey ?? false;
    this.#answeredTag = options.answeredTag;
  }

  get state(): ServerState {
    return this.#state;
  }

  /** Of the last response that was sent, 0 when none was. */
  get lastStatus(): number {
    return this.#lastStatus;
  }

  /** As it was received; undefined once it is finally answered. */
  requestBytes(): Buffer | undefined {
    return this.#request === undefined ? undefined : loadMessage(this.#request);
  }

  /** Of the last response. */
  responseBytes(): Buffer | undefined {
    return this.#response === undefined ? undefined : loadMessage(this.#response);
  }

  /**
   * Sends a response and keeps its bytes for as long as the request may come again.
   * @param status of that response
   * @returns sent, or why neither was done
   */
  respond(status: number, bytes: Buffer): 'sent' | RefusedWhy {
    const { messages, settings } = this.core;
    const step = nextServerState(this.#state, { kind: 'respond', status }, settings);
    const refusal = this.isEnded ? 'finished' : findRefusal(step.effects);
    if (refusal !== undefined) return refusal;
    this.#keep(storeMessage(bytes), status);
    if (this.hasOldKey) this.#answeredTag = messages.keyFields(messages.parse(bytes)).toTag;
    this.#take(step, {});
    return 'sent';
  }

  /** For the layer: does the first step, when it can be found. */
  begin(request?: M): void {
    const effects = this.#first;
    this.#first = [];
    this.run(effects, request === undefined ? {} : { message: request });
  }

  /** For the layer: the request came again. */
  receiveAgain(): void {
    this.#handle({ kind: 'request' }, {});
  }

  /** For the layer: whether an ACK with this To tag can mean this INVITE (RFC 3261 section 17.2.3). */
  isAcknowledgedBy(toTag: string | undefined): boolean {
    return !this.hasOldKey || this.#answeredTag === toTag;
  }

  /** For the layer. */
  receiveAck(ack: M): void {
    this.#handle({ kind: 'ack' }, { message: ack });
  }

  override onTimer(timer: string): void {
    this.#handle({ kind: 'timer', timer: timer as TimerName }, {});
  }

  /** What another node needs to go on with it; undefined for what need not survive. */
  toRecord(): PendingInviteServerRecord | RecentInviteFinalRecord | undefined {
    if (this.#state.machine !== 'inviteServer') return undefined;
    if (this.#state.name === 'Proceeding') return this.#toPendingRecord();
    const isAwaitingAck = this.#state.name === 'Completed' || this.#state.name === 'Accepted';
    return isAwaitingAck ? this.#toFinalRecord() : undefined;
  }

  #toPendingRecord(): PendingInviteServerRecord | undefined {
    if (this.#request === undefined) return undefined;
    return {
      kind: 'pendingInviteServer',
      key: this.key,
      hasOldKey: this.hasOldKey,
      request: this.#request,
      lastStatus: this.#lastStatus,
      ...(this.#response === undefined ? {} : { response: this.#response }),
    };
  }

  #toFinalRecord(): RecentInviteFinalRecord | undefined {
    if (this.#response === undefined) return undefined;
    return {
      kind: 'recentInviteFinal',
      key: this.key,
      hasOldKey: this.hasOldKey,
      response: this.#response,
      lastStatus: this.#lastStatus,
      expiresWallMs: Math.round(this.core.clock.wallMs() + this.remainingMs('H', 'L')),
      ...(this.#answeredTag === undefined ? {} : { answeredTag: this.#answeredTag }),
    };
  }

  protected override get self(): Transaction<M, F> {
    return this;
  }

  protected override onTransportError(error: unknown): void {
    this.#handle({ kind: 'transportError' }, { error });
  }

  protected override send(what: string): void {
    if (what === 'trying') this.#makeTrying();
    this.sendStored(this.#response);
  }

  protected override deliver(what: string, { message, error }: Occasion<M>): void {
    const { user } = this.core;
    if (what === 'timeout') user.onTimeout(this);
    else if (what === 'transport-error') user.onTransportError(this, error);
    else if (message === undefined) return;
    else if (what === 'ack') user.onAck(this, message);
    else if (what === 'request') this.#deliverRequest(message);
  }

  #deliverRequest(request: M): void {
    const { user } = this.core;
    if (this.method !== 'CANCEL') {
      user.onRequest(this, request);
      return;
    }
    const invite = this.core.findCancelled(request);
    user.onCancel(this, request, invite?.side === 'server' ? invite : undefined);
  }

  /** After the end only the error of the last response still counts. */
  #handle(event: ServerEvent, occasion: Occasion<M>): void {
    if (this.isEnded && event.kind !== 'transportError') return;
    this.#take(nextServerState(this.#state, event, this.core.settings), occasion);
  }

  #take(step: Step<ServerState>, occasion: Occasion<M>): void {
    this.#state = step.state;
    this.run(step.effects, occasion);
  }

  /** After a final response the request has no further use. */
  #keep(response: StoredMessage, status: number): void {
    this.#response = response;
    this.#lastStatus = status;
    if (status >= 200) this.#request = undefined;
  }

  #makeTrying(): void {
    const { messages } = this.core;
    if (this.#request === undefined) return;
    this.#keep(storeMessage(messages.makeTrying(messages.parse(loadMessage(this.#request)))), 100);
  }
}
