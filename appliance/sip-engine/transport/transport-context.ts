/** What all parts of one transport layer share. */
import type { Clock } from '../../../cluster/base/clock.js';
import type { WireSender } from '../transaction/transaction-port.js';
import type { LimitedLog } from './limited-log.js';
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
  readonly guard: SourceGuard;
  readonly meter: TransportMeter;
  /** Hands a message to the user. Never throws. */
  readonly deliver: (bytes: Buffer, flow: SipFlow, problem?: string) => void;
}

/** Counts a failure and tells it to the sender, whose own failure ends nothing. */
export function reportNotSent(
  { meter, log }: Pick<TransportContext, 'meter' | 'log'>,
  {
    flow,
    sender,
    reason,
    cause,
  }: { flow: SipFlow; sender: WireSender; reason: NotSentReason; cause?: unknown },
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
