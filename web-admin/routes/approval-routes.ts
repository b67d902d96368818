/** Two persons: one asks, another decides. */
import type { ApprovalRecord } from '../../cluster/store/identity-port.js';
import type { ApprovalView } from '../api/accounts-api.js';
import { panelErrors } from '../errors.js';
import {
  approvalStateOf,
  nextApprovalState,
  type ApprovalEvent,
  type ApprovalRefusal,
} from '../identity/approval-state.js';
import type { Identity } from '../identity/identity.js';
import type { RouteBook, RouteParts } from './route-book.js';

const HOUR_MS = 3_600_000;

const REFUSALS: Readonly<Record<ApprovalRefusal, string>> = {
  samePerson: 'whoever asks cannot approve or refuse it',
  notRequester: 'only whoever asked can withdraw it',
  decided: 'it is decided already',
  expired: 'its time is over',
};

function nameOf(identity: Identity, accountId: string | null): string | null {
  if (accountId === null) return null;
  return identity.options.book.findAccount(accountId)?.displayName ?? accountId;
}

function viewApproval(identity: Identity, record: ApprovalRecord, nowWallMs: number): ApprovalView {
  const { approvalId, revision, kind, sentence, reason, requestedBy, requestedWallMs, expiresWallMs } =
    record;
  const { decidedBy, decidedWallMs, decisionNote } = record;
  return {
    ...{ approvalId, revision, kind, sentence, reason, requestedBy, requestedWallMs, expiresWallMs },
    ...{ decidedBy, decidedWallMs, decisionNote, state: approvalStateOf(record, nowWallMs) },
    requestedByName: nameOf(identity, requestedBy) ?? requestedBy,
    decidedByName: nameOf(identity, decidedBy),
  };
}

export function addApprovalRoutes(book: RouteBook, { identity, clock }: RouteParts): void {
  const { book: known, journal, nextId } = identity.options;
  const keep = (record: ApprovalRecord): void => {
    known.learn({ approvals: [record] });
    journal.approval(record);
  };
  book.add('GET /api/approvals', () =>
    known.approvals.map((record) => viewApproval(identity, record, clock.wallMs())),
  );
  book.add('POST /api/approvals', ({ body, session }) => {
    const nowWallMs = Math.floor(clock.wallMs());
    const by = session.account.accountId;
    const record: ApprovalRecord = {
      ...{ approvalId: nextId(), revision: 1, kind: 'general', details: {} },
      ...{ sentence: body.sentence, reason: body.reason, requestedBy: by, requestedWallMs: nowWallMs },
      ...{ expiresWallMs: nowWallMs + body.hours * HOUR_MS, state: 'pending' },
      ...{ decidedBy: null, decidedWallMs: null, decisionNote: null },
    };
    keep(record);
    identity.audit(by, 'approvalRequested', record.approvalId, 'done', { kind: record.kind });
    return viewApproval(identity, record, nowWallMs);
  });
  book.add('POST /api/approvals/:approvalId/decision', ({ params, body, session }) => {
    const record = known.approvals.find((one) => one.approvalId === params.approvalId);
    if (record === undefined) throw panelErrors.PANEL_NOT_FOUND({ what: 'request', id: params.approvalId });
    const by = session.account.accountId;
    const { decision: kind, note = '' } = body;
    const event: ApprovalEvent =
      kind === 'withdraw' ? { kind, by } : { kind, by, note: note === '' ? null : note };
    const step = nextApprovalState(record, event, clock.wallMs());
    if (step.refusal !== undefined) {
      identity.audit(by, `approval:${kind}`, record.approvalId, 'refused', { why: step.refusal });
      throw panelErrors.PANEL_APPROVAL_REFUSED({ problem: REFUSALS[step.refusal] });
    }
    keep(step.record);
    identity.audit(by, `approval:${kind}`, record.approvalId, 'done', {});
    return viewApproval(identity, step.record, clock.wallMs());
  });
  book.add('GET /api/audit', ({ query }) => {
    const { before = Number.MAX_SAFE_INTEGER, limit } = query;
    return identity.options.store.findAudit(before, limit);
  });
}
