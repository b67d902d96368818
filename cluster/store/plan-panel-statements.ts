/**
 * What is written into the store about people's work at the panel, out of the node's journal. Pure. Each statement may
 * come twice, or late: an audit entry is written once, a revocation only grows, an approval is replaced by a later
 * revision only, so that a decision is never undone by its own request.
 */
import type { ApprovalRecord, AuditEntry, Revocation } from './identity-port.js';
import type { OutboxEntry } from './journal-line.js';
import type { Statement } from './store-port.js';

/** Journals outlive an upgrade: add kinds and fields, never change one. */
export interface PanelEntries {
  readonly audit: AuditEntry;
  readonly revocation: Revocation;
  readonly approval: ApprovalRecord;
}

type PanelPlans = {
  readonly [Kind in keyof PanelEntries]: (data: PanelEntries[Kind]) => readonly Statement[];
};

const PLANS: PanelPlans = {
  audit: ({ entryId, node, wallMs, actor, action, subject, outcome, detail }) => [
    [
      `INSERT INTO panel_audit (entry_id, node, wall_ms, actor, action, subject, outcome, detail)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
      ...[entryId, node, Math.floor(wallMs), actor, action, subject, outcome, JSON.stringify(detail)],
    ],
  ],
  revocation: ({ subject, beforeWallMs }) => [
    [
      `INSERT INTO session_revocations (subject, before_wall_ms) VALUES (?, ?)
       ON CONFLICT (subject) DO UPDATE SET before_wall_ms = MAX(before_wall_ms, excluded.before_wall_ms)`,
      ...[subject, Math.floor(beforeWallMs)],
    ],
  ],
  approval: (record) => [
    [
      `INSERT INTO approvals (approval_id, revision, requested_wall_ms, json) VALUES (?, ?, ?, ?)
       ON CONFLICT (approval_id) DO UPDATE SET revision = excluded.revision, json = excluded.json
       WHERE excluded.revision > approvals.revision`,
      ...[record.approvalId, record.revision, Math.floor(record.requestedWallMs), JSON.stringify(record)],
    ],
  ],
};

function isPanelKind(kind: string): kind is keyof PanelEntries {
  return Object.hasOwn(PLANS, kind);
}

/** @throws RangeError for an entry of another kind */
export function planPanelStatements({ kind, data }: OutboxEntry): readonly Statement[] {
  if (!isPanelKind(kind)) throw new RangeError(`"${kind}" is nothing about the panel`);
  const plan = PLANS[kind] as (data: object) => readonly Statement[];
  return plan(data);
}
