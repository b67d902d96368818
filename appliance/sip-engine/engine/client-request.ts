/** A request that we sent, for an application or for the engine itself, until its transaction is forgotten. */
import type { Dialog } from '../dialog/dialog.js';
import type { SipMessage } from '../message/sip-message.js';
import type { SipFlow } from '../transport/sip-flow.js';
import type { RequestPlan } from './build-request.js';
import type { ClientTx } from './engine-context.js';

/** Told of the outcome of a request that the engine sent on its own account. */
export type OwnRequestWatcher = (status: number, response: SipMessage | undefined) => void;

export interface ClientRequestOptions {
  /** How applications name it. */
  readonly id: string;
  readonly plan: RequestPlan;
  readonly localTag: string;
  readonly addressId: string;
  readonly dialog: Dialog | undefined;
  readonly watcher?: OwnRequestWatcher | undefined;
}

export class ClientRequest {
  readonly id: string;
  readonly plan: RequestPlan;
  readonly localTag: string;
  readonly addressId: string;
  /** The dialog it was sent in; undefined for one that is to make a dialog, or needs none. */
  readonly dialog: Dialog | undefined;
  readonly watcher: OwnRequestWatcher | undefined;
  tx: ClientTx | undefined;
  /** Where it was sent. */
  flow: SipFlow | undefined;
  /** As sent. */
  message: SipMessage | undefined;
  /** Where to send it when its way is closed: UDP for what was too long for it (RFC 3261 18.1.1), or the Contact. */
  fallback: SipFlow | undefined;
  /** By remote tag: the dialogs that provisional responses have made, and the RSeq that each has seen last. */
  readonly early = new Map<string, Dialog>();
  readonly lastRSeq = new Map<string, number>();
  /** The dialog that the first 2xx has confirmed. */
  answered: Dialog | undefined;
  isCancelled = false;
  /** Nobody wants the answer any more: the application is gone. */
  isAbandoned = false;
  /** Some response has come: it arrived. */
  isHeard = false;
  /** A final response, or an internal one, has been told. */
  isFinished = false;
  /** While the first sending goes on: what fails meanwhile is told after the application knows of the request. */
  isStarting = false;
  startFailure: 'transport' | undefined;

  constructor(options: ClientRequestOptions) {
    this.id = options.id;
    this.plan = options.plan;
    this.localTag = options.localTag;
    this.addressId = options.addressId;
    this.dialog = options.dialog;
    this.watcher = options.watcher;
  }

  get method(): string {
    return this.plan.method;
  }

  get isInvite(): boolean {
    return this.plan.method === 'INVITE';
  }

  /** Its 2xx makes a dialog. */
  get formsDialog(): boolean {
    const { method } = this.plan;
    return this.dialog === undefined && (method === 'INVITE' || method === 'SUBSCRIBE');
  }
}
