/** What all parts of one transport layer share. */
import type { Clock } from '../../../cluster/base/clock.js';
import type { WireSender } from '../transaction/transaction-port.js';
import type { LimitedLog } from '../observability/limited-log.js';
import type { SipFlow } from './sip-flow.js';
import type { SourceGuard } from './source-guard.js';
import type { TransportMeter } from './transport-meter.js';
import {
  NotOwnerError,
  NotSentError,
  type AddressGate,
  type NotSentReason,
  type TransportLimits,
} from './transport-port.js';

export interface TransportContext {
  readonly clock: Clock;
  readonly log: LimitedLog;
  readonly limits: TransportLimits;
  readonly gate: AddressGate;
  /** What the machine has: the gate may hear of a loss later than the kernel. */
  readonly interfaces: AddressGate;
  readonly guard: SourceGuard;
  readonly meter: TransportMeter;
  /** Hands a message to the user. Never throws. */
  readonly deliver: (bytes: Buffer, flow: SipFlow, problem?: string) => void;
}

export interface NotSent {
  readonly flow: SipFlow;
  readonly sender: WireSender;
  readonly reason: NotSentReason;
  readonly cause?: unknown;
}

/** Counts a failure and tells it to the sender, whose own failure ends nothing. */
export function reportNotSent(
  { meter, log }: TransportContext,
  { flow, sender, reason, cause }: NotSent,
): void {
  meter.notSent(reason);
  const error =
    reason === 'notOwner' ? new NotOwnerError(flow, cause) : new NotSentError(reason, flow, cause);
  try {
    sender.onSendError(error);
  } catch (failure) {
    meter.handlerFailed();
    log.write('error', { err: failure }, 'handler of a message that was not sent failed');
  }
}

/** What Linux says when the source address has gone from the machine, before it looks at the destination. */
const SOURCE_GONE = new Set(['ENETUNREACH', 'EADDRNOTAVAIL', 'EINVAL']);

/** Whether an error of the system is the peer's, or comes of an address that is not ours any more. */
export function reasonOf({ gate, interfaces }: TransportContext, flow: SipFlow, cause: Error): NotSentReason {
  const isSourceGone = 'code' in cause && SOURCE_GONE.has(String(cause.code));
  const isOwned = gate.isOwned(flow.localAddress) && interfaces.isOwned(flow.localAddress);
  return isSourceGone && !isOwned ? 'notOwner' : 'failed';
}
