/**
 * What both sides of a transaction have in common: doing the effects of a step. Only what the user does is allowed
 * to throw, and is caught; so a step is always done to its end and no transaction stays behind half done.
 */
import type { Clock } from '../../../cluster/base/clock.js';
import { loadMessage, type StoredMessage } from './stored-message.js';
import type { TimerTarget, TimerWheel, WheelTimer } from './timer-wheel.js';
import type {
  Flow,
  MessageAccess,
  Transaction,
  TransactionUser,
  Wire,
  WireSender,
} from './transaction-port.js';
import type { TimerName, TransactionEffect, TransactionSettings } from './transaction-step.js';

/** What transactions need of the layer they belong to. */
export interface TransactionCore<M, F extends Flow> {
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly wire: Wire<F>;
  readonly messages: MessageAccess<M>;
  readonly user: TransactionUser<M, F>;
  readonly settings: TransactionSettings;
  /** Runs code of others and reports what it throws. */
  guard(transaction: Transaction<M, F>, run: () => void): void;
  /** Takes it out of the maps. */
  forget(transaction: Transaction<M, F>): void;
  /** Sends the CANCEL of an INVITE as a transaction of its own, of which the user does not hear. */
  sendCancel(inviteKey: string, cancel: Buffer, flow: F): void;
  /** The INVITE that a CANCEL means. */
  findCancelled(cancel: M): Transaction<M, F> | undefined;
}

/** What a step is about. */
export interface Occasion<M> {
  readonly message?: M;
  readonly error?: unknown;
}

type SendEffect = Extract<TransactionEffect, { kind: 'send' }>;
type DeliverEffect = Extract<TransactionEffect, { kind: 'deliver' }>;

const NO_TIMERS: readonly WheelTimer[] = [];

export abstract class BaseTransaction<M, F extends Flow> implements TimerTarget, WireSender {
  readonly key: string;
  readonly method: string;
  /** Where it sends to; the core may put another one when the connection is gone (RFC 3261 section 18.2.2). */
  flow: F;
  protected readonly core: TransactionCore<M, F>;
  /** A new array for each change: one of the right length takes a third of the memory of one that may grow. */
  #timers: readonly WheelTimer[] = NO_TIMERS;
  /** Above 0 while effects are being done. */
  #depth = 0;
  #phase: 'live' | 'ending' | 'ended' = 'live';
  #sendError: { readonly error: unknown } | undefined;

  protected constructor(core: TransactionCore<M, F>, key: string, method: string, flow: F) {
    this.core = core;
    this.key = key;
    this.method = method;
    this.flow = flow;
  }

  protected abstract readonly self: Transaction<M, F>;
  protected abstract send(what: SendEffect['what'], occasion: Occasion<M>): void;
  protected abstract deliver(what: DeliverEffect['what'], occasion: Occasion<M>): void;
  protected abstract onTransportError(error: unknown): void;
  abstract onTimer(timer: string): void;

  get isEnded(): boolean {
    return this.#phase !== 'live';
  }

  /** Ends it without a word to anybody but `onTerminated`: the core gives up what it belongs to, or shuts down. */
  abandon(): void {
    this.run([{ kind: 'terminate' }], {});
  }

  /** An error during a step waits for its end, as it would if the network had reported it a moment later. */
  onSendError(error: unknown): void {
    if (this.#depth > 0) this.#sendError = { error };
    else this.onTransportError(error);
  }

  protected run(effects: readonly TransactionEffect[], occasion: Occasion<M>): void {
    this.#depth += 1;
    for (const effect of effects) this.#execute(effect, occasion);
    this.#depth -= 1;
    if (this.#depth > 0) return;
    const failed = this.#sendError;
    this.#sendError = undefined;
    if (failed !== undefined) this.onTransportError(failed.error);
    if (this.#phase !== 'ending') return;
    this.#phase = 'ended';
    this.core.guard(this.self, () => this.core.user.onTerminated?.(this.self));
  }

  protected sendBytes(bytes: Buffer): void {
    try {
      this.core.wire.send(bytes, this.flow, this);
    } catch (error) {
      this.onSendError(error);
    }
  }

  protected sendStored(stored: StoredMessage | undefined): void {
    if (stored !== undefined) this.sendBytes(loadMessage(stored));
  }

  /** Until the first of these timers fires; 0 when none runs. */
  protected remainingMs(...names: readonly TimerName[]): number {
    const wanted: readonly string[] = names;
    const timer = this.#timers.find(({ name }) => wanted.includes(name));
    return timer?.remainingMs() ?? 0;
  }

  #execute(effect: TransactionEffect, occasion: Occasion<M>): void {
    switch (effect.kind) {
      case 'send':
        this.core.guard(this.self, () => {
          this.send(effect.what, occasion);
        });
        return;
      case 'deliver':
        this.core.guard(this.self, () => {
          this.deliver(effect.what, occasion);
        });
        return;
      case 'startTimer':
        this.#startTimer(effect.timer, effect.delayMs);
        return;
      case 'stopTimer':
        this.#stopTimers((timer) => timer.name === effect.timer);
        return;
      case 'terminate':
        this.#end();
        return;
      case 'refuse':
        // Whoever answered has been told by the return value.
        return;
    }
  }

  #startTimer(name: TimerName, delayMs: number): void {
    if (this.isEnded) return;
    this.#stopTimers((timer) => timer.name === name);
    this.#timers = [...this.#timers, this.core.wheel.schedule(delayMs, this, name)];
  }

  /** Drops, besides, what has fired. */
  #stopTimers(isStopped: (timer: WheelTimer) => boolean): void {
    if (this.#timers.length === 0) return;
    for (const timer of this.#timers) if (isStopped(timer)) timer.cancel();
    this.#timers = this.#timers.filter((timer) => timer.isPending);
  }

  #end(): void {
    if (this.isEnded) return;
    this.#phase = 'ending';
    this.#stopTimers(() => true);
    this.core.forget(this.self);
  }
}
