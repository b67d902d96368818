/**
 * What the transaction layer needs from outside. It sees messages only through MessageAccess, so that it depends on
 * no parser, and the network only through Wire.
 */
import type { ClientTransaction } from './client-transaction.js';
import type { ServerTransaction } from './server-transaction.js';
import type { KeyFields } from './transaction-key.js';

/** Where messages of one transaction go to and come from: a UDP address pair, a connection. */
export interface Flow {
  /** The transport repeats what is lost, so this layer must not. */
  readonly isReliable: boolean;
}

export interface WireSender {
  /** At once or later, as often as something fails; after the end of the transaction, too. */
  onSendError(error: unknown): void;
}

export interface Wire<F extends Flow> {
  /** Does not wait. What it throws counts like an error reported to `sender`. */
  send(bytes: Buffer, flow: F, sender: WireSender): void;
}

/** No function may keep what it is given. */
export interface MessageAccess<M> {
  keyFields(message: M): KeyFields;
  statusOf(response: M): number;
  /** Of a request or response that this layer kept as bytes. */
  parse(bytes: Buffer): M;
  /** The ACK for a final response but 2xx (RFC 3261 section 17.1.1.3). */
  makeAck(request: M, response: M): Buffer;
  /** RFC 3261 section 9.1. */
  makeCancel(request: M): Buffer;
  /** A 100 without To tag (RFC 3261 section 8.2.6.1). */
  makeTrying(request: M): Buffer;
}

export type Transaction<M, F extends Flow> = ClientTransaction<M, F> | ServerTransaction<M, F>;

/**
 * Dialogs, proxy, registrar. Everything is called synchronously and may call back into the layer. What it throws
 * reaches no other transaction: it is caught and handed to `onUserError` of the layer's options.
 *
 * For each transaction of a client the user hears exactly one of: a final response, a timeout, a transport error.
 * Two additions: further 2xx of one INVITE (resent or forked) are all handed on, and after a refusal a transport
 * error says that the ACK could not be sent.
 */
export interface TransactionUser<M, F extends Flow> {
  /** A new request, neither ACK nor CANCEL. It has to be answered with `transaction.respond`. */
  onRequest(transaction: ServerTransaction<M, F>, request: M): void;
  /**
   * A CANCEL, to be answered with `cancel.respond`: 481 when `invite` is undefined, otherwise 200; an INVITE that has
   * no final response yet gets its 487 (RFC 3261 section 9.2).
   */
  onCancel(cancel: ServerTransaction<M, F>, request: M, invite: ServerTransaction<M, F> | undefined): void;
  /** An ACK that matches an INVITE answered with 2xx: an old client, or a proxy that kept the branch. */
  onAck(invite: ServerTransaction<M, F>, ack: M): void;
  /** The usual ACK for a 2xx, which has a branch of its own, or one that came too late. */
  onStrayAck(ack: M, flow: F): void;
  onResponse(transaction: ClientTransaction<M, F>, response: M): void;
  /**
   * A response without transaction: a 2xx that somebody still repeats, or picked up after another refused, or one to
   * a request of a node that is gone. To anything but INVITE it is to be dropped (RFC 4320 section 4.2).
   */
  onStrayResponse(response: M, flow: F): void;
  /**
   * Client: no final response came. Server: the ACK for a refusal did not come, or nobody answered a request before
   * its client gave up. The transaction has ended.
   */
  onTimeout(transaction: Transaction<M, F>): void;
  /**
   * Client: the request could not be sent, the transaction has ended. Server: a response could not be sent, the
   * transaction goes on (RFC 6026 section 8.8) unless it has ended already; may come several times.
   */
  onTransportError(transaction: Transaction<M, F>, error: unknown): void;
  /** The transaction is forgotten, also its records elsewhere may be. Once, after all else about it. */
  onTerminated?(transaction: Transaction<M, F>): void;
}
