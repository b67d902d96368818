/** A request from the network that an application has to answer, for as long as its transaction lives. */
import type { Wanted } from '../control/application-router.js';
import type { WireMeta } from '../control/control-reply.js';
import type { Dialog } from '../dialog/dialog.js';
import type { SipMessage } from '../message/sip-message.js';
import type { WheelTimer } from '../transaction/timer-wheel.js';
import type { SipFlow } from '../transport/sip-flow.js';
import type { ServerTx } from './engine-context.js';
import type { ReliableProvisionals } from './reliable-provisionals.js';

/** Whoever answers a request in the place of its application (proxy/). */
export interface RequestProxy {
  /** @param cancel as it came */
  cancel(cancel: SipMessage): void;
}

export interface ServerRequestOptions {
  /** How applications name it. */
  readonly id: string;
  readonly tx: ServerTx;
  readonly message: SipMessage;
  /** Where it really came from; responses go where its Via says. */
  readonly source: SipFlow;
  readonly meta: WireMeta;
  readonly addressId: string;
  readonly localTag: string;
  readonly dialog?: Dialog;
}

export class ServerRequest {
  readonly id: string;
  readonly tx: ServerTx;
  readonly method: string;
  /** Of a request that was not in a dialog when it came. */
  readonly isNew: boolean;
  readonly source: SipFlow;
  readonly meta: WireMeta;
  readonly addressId: string;
  /** To tag of our responses; an application may choose another one before the first. */
  localTag: string;
  dialog: Dialog | undefined;
  /** A final response is decided on: nobody may give another one. */
  isAnswered = false;
  /** Its call record has begun and needs an end. */
  isRecorded = false;
  /** Of an INVITE, once a reliable provisional response was sent. */
  reliable: ReliableProvisionals | undefined;
  /** An UPDATE inside the early dialog, which the application answers under this id (facts: UPDATE). */
  pendingUpdate: ServerRequest | undefined;
  /** What it needs, while it can still go to another application. */
  wanted: Wanted | undefined;
  /** Of a proxied one, which is settled: its targets answer it. */
  proxy: RequestProxy | undefined;
  /** Runs while no application has it. */
  deadline: WheelTimer | undefined;
  #message: SipMessage | undefined;

  constructor(options: ServerRequestOptions) {
    this.id = options.id;
    this.tx = options.tx;
    this.method = options.message.method;
    this.isNew = options.dialog === undefined;
    this.source = options.source;
    this.meta = options.meta;
    this.addressId = options.addressId;
    this.localTag = options.localTag;
    this.dialog = options.dialog;
    this.#message = options.message;
  }

  /** Undefined after the final response: its bytes are all that is needed then. */
  get message(): SipMessage | undefined {
    return this.#message;
  }

  /** No other final response will be sent. */
  settle(): void {
    this.isAnswered = true;
    this.deadline?.cancel();
    this.reliable?.stop();
  }

  forgetMessage(): void {
    this.#message = undefined;
  }
}
