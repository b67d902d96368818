/**
 * Reliable provisional responses of one INVITE (RFC 3262 3): one at a time, sent again until its PRACK comes; what
 * follows waits its turn, also a 2xx when the one under way carries a session description.
 */
import type { RAck } from '../message/header-values.js';
import { ResponseRepeater } from '../dialog/response-repeater.js';
import type { TimerWheel } from '../transaction/timer-wheel.js';

interface Unacknowledged {
  readonly rseq: number;
  readonly hasBody: boolean;
  readonly repeater: ResponseRepeater;
}

export interface ReliableProvisionalsOptions {
  readonly wheel: TimerWheel;
  readonly t1Ms: number;
  readonly firstRSeq: number;
  readonly inviteSeq: number;
  readonly isReliable: boolean;
  readonly send: (bytes: Buffer) => void;
  /** No PRACK came: the INVITE is to be refused (5xx). */
  readonly onGivenUp: () => void;
}

export class ReliableProvisionals {
  readonly #options: ReliableProvisionalsOptions;
  readonly #waiting: (() => void)[] = [];
  #nextRSeq: number;
  #unacknowledged: Unacknowledged | undefined;

  constructor(options: ReliableProvisionalsOptions) {
    this.#options = options;
    this.#nextRSeq = options.firstRSeq;
  }

  /** True while a 2xx would overtake an offer or answer. */
  get holdsSuccess(): boolean {
    return this.#unacknowledged?.hasBody === true || this.#waiting.length > 0;
  }

  /**
   * @param begin makes and sends the response with the RSeq that it is given, now or when its turn has come
   * @returns nothing is sent yet when it has to wait
   */
  provide(begin: (rseq: number) => { readonly bytes: Buffer; readonly hasBody: boolean } | undefined): void {
    const run = (): void => {
      const rseq = this.#nextRSeq;
      const sent = begin(rseq);
      if (sent === undefined) return;
      this.#nextRSeq += 1;
      this.#watch(rseq, sent.bytes, sent.hasBody);
    };
    this.#inTurn(run);
  }

  /** Runs when no response with a session description waits for its PRACK. */
  afterPrack(run: () => void): void {
    if (this.holdsSuccess) this.#waiting.push(run);
    else run();
  }

  /** @returns whether it acknowledges what is under way; a PRACK for anything else gets 481 */
  acknowledge(rack: RAck): boolean {
    const pending = this.#unacknowledged;
    const isRight =
      rack.rseq === pending?.rseq && rack.cseq === this.#options.inviteSeq && rack.method === 'INVITE';
    if (!isRight) return false;
    pending.repeater.stop();
    this.#unacknowledged = undefined;
    return true;
  }

  /** After the PRACK has been dealt with. */
  runWaiting(): void {
    while (this.#unacknowledged === undefined) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      next();
    }
  }

  /** The INVITE has its final response: nothing is repeated, but a PRACK on its way is still right. */
  stop(): void {
    this.#unacknowledged?.repeater.stop();
    this.#waiting.length = 0;
  }

  #inTurn(run: () => void): void {
    if (this.#unacknowledged === undefined && this.#waiting.length === 0) run();
    else this.#waiting.push(run);
  }

  #watch(rseq: number, bytes: Buffer, hasBody: boolean): void {
    const { wheel, t1Ms, isReliable, send } = this.#options;
    const onGivenUp = (): void => {
      this.stop();
      this.#options.onGivenUp();
    };
    const repeater = new ResponseRepeater(wheel, { bytes, isReliable, send, onGivenUp }, t1Ms);
    this.#unacknowledged = { rseq, hasBody, repeater };
  }
}
