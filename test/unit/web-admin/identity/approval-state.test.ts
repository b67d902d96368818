import type { ApprovalRecord } from '../../../../cluster/store/identity-port.js';
import {
  approvalStateOf,
  nextApprovalState,
  type ApprovalEvent,
  type ApprovalStateName,
} from '../../../../web-admin/identity/approval-state.js';
import { assert, spec } from '../../../support/spec.js';

const PENDING: ApprovalRecord = {
  ...{ approvalId: 'x', revision: 1, kind: 'general', sentence: 's', reason: 'r', details: {} },
  ...{ requestedBy: 'li', requestedWallMs: 1000, expiresWallMs: 5000, state: 'pending' },
  ...{ decidedBy: null, decidedWallMs: null, decisionNote: null },
};
const EVENTS = {
  approveByOther: { kind: 'approve', by: 'wang', note: 'yes' },
  approveBySame: { kind: 'approve', by: 'li', note: null },
  refuseByOther: { kind: 'refuse', by: 'wang', note: null },
  refuseBySame: { kind: 'refuse', by: 'li', note: null },
  withdrawByOther: { kind: 'withdraw', by: 'wang' },
  withdrawBySame: { kind: 'withdraw', by: 'li' },
} as const satisfies Record<string, ApprovalEvent>;

const OF_PENDING: Readonly<Record<keyof typeof EVENTS, string>> = {
  approveByOther: 'approved',
  approveBySame: 'samePerson',
  refuseByOther: 'refused',
  refuseBySame: 'samePerson',
  withdrawByOther: 'notRequester',
  withdrawBySame: 'withdrawn',
};

function outcome(state: ApprovalStateName, event: ApprovalEvent): string {
  const record: ApprovalRecord = { ...PENDING, state: state === 'expired' ? 'pending' : state };
  const step = nextApprovalState(record, event, state === 'expired' ? 5000 : 2000);
  return step.refusal ?? step.record.state;
}

spec('an approval by a second person', (it) => {
  it('goes through the whole matrix of states and events as it is drawn', () => {
    for (const name of Object.keys(EVENTS) as (keyof typeof EVENTS)[]) {
      assert.is(outcome('pending', EVENTS[name]), OF_PENDING[name], name);
      assert.is(outcome('expired', EVENTS[name]), 'expired', name);
      for (const state of ['approved', 'refused', 'withdrawn'] as const)
        assert.is(outcome(state, EVENTS[name]), 'decided', `${state} ${name}`);
    }
  });

  it('says who decided when and why, in a later revision', () => {
    const { record } = nextApprovalState(PENDING, EVENTS.approveByOther, 2000.7);
    const { revision, decidedBy, decidedWallMs, decisionNote } = record ?? PENDING;
    assert.equal([revision, decidedBy, decidedWallMs, decisionNote], [2, 'wang', 2000, 'yes']);
  });

  it('is expired at the very moment that its time is over', () => {
    assert.is(approvalStateOf(PENDING, 4999), 'pending');
    assert.is(approvalStateOf(PENDING, 5000), 'expired');
    assert.is(approvalStateOf({ ...PENDING, state: 'approved' }, 9000), 'approved');
  });
});
