/** How a transaction of another node begins here: the options of its object, made from its record. Pure. */
import type { ClientTransactionOptions } from './client-transaction.js';
import { resumeInviteClient } from './invite-client-state.js';
import { resumeAnsweredInviteServer, resumeInviteServer } from './invite-server-state.js';
import type { ServerTransactionOptions } from './server-transaction.js';
import type { Flow } from './transaction-port.js';
import type {
  PendingInviteClientRecord,
  PendingInviteServerRecord,
  RecentInviteFinalRecord,
} from './transaction-record.js';
import { transactionEndMs, type TransactionSettings } from './transaction-step.js';

export function restoredClientOptions<F extends Flow>(
  record: PendingInviteClientRecord,
  flow: F,
  settings: TransactionSettings,
): ClientTransactionOptions<F> {
  const { key, request, lastStatus, cancel, isProxied } = record;
  const { isReliable } = flow;
  const first = resumeInviteClient({ isReliable, isProxied, lastStatus, cancel }, settings);
  return { key, method: 'INVITE', flow, request, first, lastStatus };
}

export function restoredPendingOptions<F extends Flow>(
  record: PendingInviteServerRecord,
  flow: F,
  settings: TransactionSettings,
): ServerTransactionOptions<F> {
  const { key, hasOldKey, request, response, lastStatus } = record;
  const { isReliable } = flow;
  const first = resumeInviteServer({ isReliable, hasResponse: response !== undefined }, settings);
  return { key, method: 'INVITE', flow, request, response, lastStatus, hasOldKey, first };
}

/** @returns undefined when nobody waits for the ACK any more */
export function restoredAnsweredOptions<F extends Flow>(
  record: RecentInviteFinalRecord,
  flow: F,
  settings: TransactionSettings,
  wallMs: number,
): ServerTransactionOptions<F> | undefined {
  const { key, hasOldKey, response, lastStatus, answeredTag } = record;
  const { isReliable } = flow;
  const leftMs = record.expiresWallMs - wallMs;
  if (leftMs <= 0) return undefined;
  // Never longer than on the node it began on, however far the two wall clocks are apart.
  const remainingMs = Math.min(leftMs, transactionEndMs(settings));
  const first = resumeAnsweredInviteServer({ isReliable, status: lastStatus, remainingMs }, settings);
  return { key, method: 'INVITE', flow, response, lastStatus, hasOldKey, answeredTag, first };
}
