/** A request that we sent: runs one of the two client machines. Made by TransactionLayer. */
import { BaseTransaction, type Occasion, type TransactionCore } from './base-transaction.js';
import { nextInviteClientState, type InviteClientState } from './invite-client-state.js';
import { nextNonInviteClientState, type NonInviteClientState } from './non-invite-client-state.js';
import { loadMessage, storeMessage, type StoredMessage } from './stored-message.js';
import type { Flow, Transaction } from './transaction-port.js';
import type { PendingInviteClientRecord } from './transaction-record.js';
import type {
  ClientEvent,
  Step,
  TimerName,
  TransactionEffect,
  TransactionSettings,
} from './transaction-step.js';

export type ClientState = InviteClientState | NonInviteClientState;

export interface ClientTransactionOptions<F> {
  readonly key: string;
  readonly method: string;
  readonly flow: F;
  readonly request: StoredMessage;
  readonly first: Step<ClientState>;
  /** Of the last response that was seen; 0 when there was none. */
  readonly lastStatus?: number;
  /** The user hears nothing of it. */
  readonly isSilent?: boolean;
}

/**
 * - sent: the CANCEL is on its way, or was before
 * - remembered: it will be sent after the first provisional response
 * - tooLate: there is a final response, or it has ended; end the dialog with BYE instead, if there is one
 */
export type CancelResult = 'sent' | 'remembered' | 'tooLate';

function nextClientState(
  state: ClientState,
  event: ClientEvent,
  settings: TransactionSettings,
): Step<ClientState> {
  return state.machine === 'inviteClient'
    ? nextInviteClientState(state, event, settings)
    : nextNonInviteClientState(state, event, settings);
}

export class ClientTransaction<M, F extends Flow> extends BaseTransaction<M, F> {
  readonly side = 'client';
  #state: ClientState;
  #request: StoredMessage | undefined;
  #ack: StoredMessage | undefined;
  #cancel: StoredMessage | undefined;
  #lastStatus: number;
  readonly #isSilent: boolean;
  #first: readonly TransactionEffect[];

  constructor(core: TransactionCore<M, F>, options: ClientTransactionOptions<F>) {
    super(core, options.key, options.method, options.flow);
    this.#state = options.first.state;
    this.#first = options.first.effects;
    this.#request = options.request;
    this.#lastStatus = options.lastStatus ?? 0;
    this.#isSilent = options.isSilent ?? false;
  }

  get state(): ClientState {
    return this.#state;
  }

  /** Of the last response, 0 when none has come. */
  get lastStatus(): number {
    return this.#lastStatus;
  }

  /** As it was sent; undefined once it is refused or answered and not needed any more. */
  requestBytes(): Buffer | undefined {
    return this.#request === undefined ? undefined : loadMessage(this.#request);
  }

  /**
   * @param bytes the CANCEL, with headers of the user such as Reason; made from the INVITE when absent
   * @throws TypeError for anything but an INVITE (RFC 3261 section 9.1)
   */
  cancel(bytes?: Buffer): CancelResult {
    if (this.#state.machine !== 'inviteClient') throw new TypeError(`${this.method} cannot be cancelled`);
    if (bytes !== undefined) this.#cancel = storeMessage(bytes);
    this.#handle({ kind: 'cancel' }, {});
    if (this.isEnded) return 'tooLate';
    if (this.#state.name === 'Calling') return 'remembered';
    return this.#state.name === 'Proceeding' ? 'sent' : 'tooLate';
  }

  /** For the layer: does the first step, when it can be found. */
  begin(): void {
    const effects = this.#first;
    this.#first = [];
    this.run(effects, {});
  }

  /** For the layer. */
  receive(response: M): void {
    const status = this.core.messages.statusOf(response);
    this.#lastStatus = status;
    this.#handle({ kind: 'response', status }, { message: response });
  }

  override onTimer(timer: string): void {
    this.#handle({ kind: 'timer', timer: timer as TimerName }, {});
  }

  /** What another node needs to go on with it; undefined for what need not survive. */
  toRecord(): PendingInviteClientRecord | undefined {
    const state = this.#state;
    const isPending = state.name === 'Calling' || state.name === 'Proceeding';
    if (state.machine !== 'inviteClient' || !isPending || this.#request === undefined) return undefined;
    return {
      kind: 'pendingInviteClient',
      key: this.key,
      request: this.#request,
      lastStatus: this.#lastStatus,
      cancel: state.cancel,
      isProxied: state.isProxied,
    };
  }

  protected override get self(): Transaction<M, F> {
    return this;
  }

  protected override onTransportError(error: unknown): void {
    this.#handle({ kind: 'transportError' }, { error });
  }

  protected override send(what: string, { message }: Occasion<M>): void {
    if (what === 'request') this.sendStored(this.#request);
    else if (what === 'cancel') this.#sendCancel();
    else if (what === 'ack') this.#sendAck(message);
  }

  protected override deliver(what: string, { message, error }: Occasion<M>): void {
    const { user } = this.core;
    if (this.#isSilent) return;
    if (what === 'timeout') user.onTimeout(this);
    else if (what === 'transport-error') user.onTransportError(this, error);
    else if (message === undefined) return;
    else if (what === 'response') user.onResponse(this, message);
    else if (what === 'stray') user.onStrayResponse(message, this.flow);
  }

  #handle(event: ClientEvent, occasion: Occasion<M>): void {
    if (this.isEnded) return;
    const step = nextClientState(this.#state, event, this.core.settings);
    this.#state = step.state;
    this.run(step.effects, occasion);
    if (this.#state.name === 'Completed') this.#request = undefined;
  }

  #sendCancel(): void {
    const { messages } = this.core;
    if (this.#request === undefined) return;
    const cancel =
      this.#cancel === undefined
        ? messages.makeCancel(messages.parse(loadMessage(this.#request)))
        : loadMessage(this.#cancel);
    this.core.sendCancel(this.key, cancel, this.flow);
  }

  /** Made from the first refusal; the same one again for each that follows. */
  #sendAck(response: M | undefined): void {
    const { messages } = this.core;
    if (this.#ack === undefined && this.#request !== undefined && response !== undefined) {
      const request = messages.parse(loadMessage(this.#request));
      this.#ack = storeMessage(messages.makeAck(request, response));
    }
    this.sendStored(this.#ack);
  }
}
