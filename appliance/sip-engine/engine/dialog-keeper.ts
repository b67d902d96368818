/**
 * Keeps dialogs: in the table, in the application router and in the partner's store, with the timers that belong to
 * them, until they end. It decides when the engine itself ends or refreshes a session, and has others send what that
 * takes.
 */
import { writeUnsolicitedBye } from '../control/control-reply.js';
import type { UnacknowledgedSuccess } from '../dialog/dialog-snapshot.js';
import type { Dialog } from '../dialog/dialog.js';
import { ResponseRepeater } from '../dialog/response-repeater.js';
import { remainingMs, type SessionTimer } from '../dialog/session-timer.js';
import { storeMessage } from '../transaction/stored-message.js';
import type { TimerTarget, WheelTimer } from '../transaction/timer-wheel.js';
import type { SipFlow } from '../transport/sip-flow.js';
import { sentMeta, type EngineApplication, type EngineContext } from './engine-context.js';
import type { StopReason } from './call-records.js';

/** Requests that the engine sends on its own account; client-requests.ts. */
export interface OwnRequests {
  /** @returns what is sent and where */
  sendBye(dialog: Dialog, reason: string): { readonly bytes: Buffer; readonly flow: SipFlow };
  /** A re-INVITE with the session that is agreed on. */
  refresh(dialog: Dialog): void;
  /** Gives up re-INVITEs under way: their dialog ends. */
  cancelWithin(dialog: Dialog): void;
}

export interface SuccessUnderWay {
  readonly seq: number;
  readonly bytes: Buffer;
  readonly flow: SipFlow;
  readonly transactionId: string;
}

class SessionClock implements TimerTarget {
  readonly dialog: Dialog;
  readonly #onDue: (dialog: Dialog) => void;
  timer: WheelTimer | undefined;

  constructor(dialog: Dialog, onDue: (dialog: Dialog) => void) {
    this.dialog = dialog;
    this.#onDue = onDue;
  }

  onTimer(): void {
    this.#onDue(this.dialog);
  }
}

interface Waiting extends SuccessUnderWay {
  readonly repeater: ResponseRepeater;
}

export class DialogKeeper {
  readonly #context: EngineContext;
  /** Newest last: a re-INVITE may be answered before the ACK of the first INVITE is here (RFC 5407 3.1.5). */
  readonly #successes = new Map<Dialog, readonly Waiting[]>();
  /** What an application wants done in a dialog whose first ACK is not here. */
  readonly #afterAck = new Map<Dialog, (() => void)[]>();
  readonly #sessions = new Map<Dialog, SessionClock>();
  #requests: OwnRequests | undefined;

  constructor(context: EngineContext) {
    this.#context = context;
  }

  /** Before anything else; the two need each other. */
  connect(requests: OwnRequests): void {
    this.#requests = requests;
  }

  add(dialog: Dialog, owner: EngineApplication | undefined): void {
    this.#context.dialogs.add(dialog);
    if (owner === undefined) this.#context.router.restoreDialog(dialog.id, dialog.appTags);
    else this.#context.router.bindDialog(dialog.id, owner);
  }

  /** Who speaks in it has it, also when it had been somebody else's. */
  bind(dialog: Dialog, application: EngineApplication): void {
    if (this.#context.router.adoptDialog(dialog.id, application)) dialog.appTags = application.tags;
  }

  /** Writes it down as it is now. */
  publish(dialog: Dialog): void {
    if (dialog.isOver) return;
    const { publisher } = this.#context;
    if (publisher.isActive) publisher.putDialog(dialog, this.#snapshotSuccess(dialog));
  }

  /** Every dialog again: the store has lost what was written. */
  publishAll(): void {
    for (const dialog of this.#context.dialogs) this.publish(dialog);
  }

  /** A 2xx is about to be sent: it is resent until `acknowledge`; without an ACK the dialog ends (13.3.1.4). */
  awaitAck(dialog: Dialog, success: SuccessUnderWay): void {
    const { wheel, settings, wire, clock } = this.#context;
    const send = (bytes: Buffer): void => {
      wire.send(bytes, success.flow, { onSendError: () => undefined });
    };
    const onGivenUp = (): void => {
      this.#forgetSuccesses(dialog);
      this.endByEngine(dialog, { cause: 200, text: 'ACK timeout', record: 'ack-timeout' });
    };
    const { bytes, flow } = success;
    const { isReliable } = flow;
    const response = { bytes, isReliable, intervalMsMax: settings.t2Ms, send, onGivenUp };
    const repeater = new ResponseRepeater(wheel, response, settings.t1Ms);
    const { seq, transactionId } = success;
    const waiting = { seq, bytes, flow, transactionId, repeater };
    this.#successes.set(dialog, [...this.#waitingOf(dialog), waiting]);
    dialog.underWay.ackTransactionId = success.transactionId;
    dialog.underWay.equalSeqUntilMs = Math.min(dialog.underWay.equalSeqUntilMs, clock.monotonicMs());
  }

  /** @returns the transaction id to tell the application, undefined for an ACK that was seen before */
  acknowledge(dialog: Dialog, seq: number): string | undefined {
    const waiting = this.#waitingOf(dialog).find((one) => one.seq === seq);
    if (waiting === undefined) return undefined;
    waiting.repeater.stop();
    const others = this.#waitingOf(dialog).filter((one) => one !== waiting);
    if (others.length === 0) this.#successes.delete(dialog);
    else this.#successes.set(dialog, others);
    if (dialog.state === 'confirmedNoAck') dialog.state = 'confirmed';
    this.publish(dialog);
    return waiting.transactionId;
  }

  /**
   * Runs `then` when the peer has acknowledged that the call is answered, or the call has ended meanwhile; at once
   * wherever nothing is to be waited for. A BYE of the side that was called must not be sent before (RFC 3261 15).
   */
  whenAcknowledged(dialog: Dialog, then: () => void): void {
    if (dialog.role !== 'uas' || dialog.state !== 'confirmedNoAck') {
      then();
      return;
    }
    this.#afterAck.set(dialog, [...(this.#afterAck.get(dialog) ?? []), then]);
  }

  /** After the ACK has been told, or in the end. */
  runAfterAck(dialog: Dialog): void {
    const waiting = this.#afterAck.get(dialog) ?? [];
    this.#afterAck.delete(dialog);
    for (const run of waiting) run();
  }

  findSuccess(dialog: Dialog): SuccessUnderWay | undefined {
    return this.#waitingOf(dialog).at(-1);
  }

  /** A session timer was agreed on, or none. */
  setSessionTimer(dialog: Dialog, timer: SessionTimer | undefined): void {
    dialog.sessionTimer = timer;
    this.#sessions.get(dialog)?.timer?.cancel();
    if (timer === undefined) {
      this.#sessions.delete(dialog);
      return;
    }
    const clock = new SessionClock(dialog, this.#onSessionDue);
    const { wheel, clock: time } = this.#context;
    clock.timer = wheel.schedule(remainingMs(timer, time.wallMs()), clock);
    this.#sessions.set(dialog, clock);
  }

  /** It is over on both sides, or the other side does not know it. Idempotent. */
  end(dialog: Dialog): void {
    if (dialog.isOver) return;
    dialog.state = 'terminated';
    this.#forgetSuccesses(dialog);
    dialog.underWay.acknowledge();
    this.setSessionTimer(dialog, undefined);
    this.#context.dialogs.remove(dialog);
    // Another branch of a fork may go by the same name.
    if (this.#context.dialogs.findById(dialog.id) === undefined)
      this.#context.router.releaseDialog(dialog.id);
    this.#context.publisher.removeDialog(dialog);
    this.runAfterAck(dialog);
  }

  /** The engine itself ends a session: BYE with a Reason, and a word to the application. */
  endByEngine(
    dialog: Dialog,
    why: { readonly cause: number; readonly text: string; readonly record: StopReason },
  ): void {
    if (dialog.isOver) return;
    this.#requests?.cancelWithin(dialog);
    const sent = this.#requests?.sendBye(dialog, `SIP;cause=${String(why.cause)};text="${why.text}"`);
    const owner = this.#context.router.findDialogOwner(dialog.id);
    this.end(dialog);
    if (sent === undefined) return;
    this.#context.records.stop('application', why.record, sent.bytes);
    if (owner === undefined) return;
    const meta = sentMeta(sent.flow, sent.bytes.length, this.#context.clock.wallMs(), 'local');
    owner.send(writeUnsolicitedBye(owner.newMessageId(), { meta, dialogId: dialog.id, sip: sent.bytes }));
  }

  readonly #onSessionDue = (dialog: Dialog): void => {
    const { sessionTimer } = dialog;
    if (sessionTimer === undefined || dialog.isOver) return;
    if (sessionTimer.isRefresher) this.#requests?.refresh(dialog);
    else this.endByEngine(dialog, { cause: 408, text: 'Session timer expired', record: 'session-expired' });
  };

  #waitingOf(dialog: Dialog): readonly Waiting[] {
    return this.#successes.get(dialog) ?? [];
  }

  #forgetSuccesses(dialog: Dialog): void {
    for (const { repeater } of this.#waitingOf(dialog)) repeater.stop();
    this.#successes.delete(dialog);
  }

  #snapshotSuccess(dialog: Dialog): UnacknowledgedSuccess | undefined {
    const waiting = this.findSuccess(dialog);
    if (waiting === undefined) return undefined;
    const { bytes, flow, transactionId } = waiting;
    return { bytes: storeMessage(bytes), flow, transactionId };
  }
}
