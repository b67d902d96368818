/**
 * An approval by a second person. Pure.
 *
 *     request -> pending --approve, by another person--> approved
 *                   |  \--refuse, by another person----> refused
 *                   |--withdraw, by whoever asked------> withdrawn
 *                   \--its time is over: it counts as expired; nothing is written
 *
 * | state | |
 * |---|---|
 * | pending | waits for a second person |
 * | approved, refused, withdrawn | final |
 * | expired | as `pending` too long; final |
 */
import type { ApprovalRecord } from '../../cluster/store/identity-port.js';

export type ApprovalStateName = ApprovalRecord['state'] | 'expired';

export type ApprovalEvent =
  | { readonly kind: 'approve'; readonly by: string; readonly note: string | null }
  | { readonly kind: 'refuse'; readonly by: string; readonly note: string | null }
  | { readonly kind: 'withdraw'; readonly by: string };

export type ApprovalRefusal = 'samePerson' | 'notRequester' | 'decided' | 'expired';

export type ApprovalStep =
  | { readonly record: ApprovalRecord; readonly refusal?: undefined }
  | { readonly record?: undefined; readonly refusal: ApprovalRefusal };

export function approvalStateOf(record: ApprovalRecord, nowWallMs: number): ApprovalStateName {
  return record.state === 'pending' && nowWallMs >= record.expiresWallMs ? 'expired' : record.state;
}

const DECISIONS = { approve: 'approved', refuse: 'refused', withdraw: 'withdrawn' } as const;

export function nextApprovalState(
  record: ApprovalRecord,
  event: ApprovalEvent,
  nowWallMs: number,
): ApprovalStep {
  const state = approvalStateOf(record, nowWallMs);
  if (state === 'expired') return { refusal: 'expired' };
  if (state !== 'pending') return { refusal: 'decided' };
  const isRequester = event.by === record.requestedBy;
  if (event.kind === 'withdraw' && !isRequester) return { refusal: 'notRequester' };
  if (event.kind !== 'withdraw' && isRequester) return { refusal: 'samePerson' };
  return {
    record: {
      ...record,
      revision: record.revision + 1,
      state: DECISIONS[event.kind],
      decidedBy: event.by,
      decidedWallMs: Math.floor(nowWallMs),
      decisionNote: event.kind === 'withdraw' ? null : event.note,
    },
  };
}
