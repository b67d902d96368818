import type { ApprovalRecord } from '../../../../cluster/store/identity-port.js';
import { mergeApprovals, mergeRevocations } from '../../../../web-admin/identity/identity-book.js';
import { assert, spec } from '../../../support/spec.js';

const approval = (approvalId: string, revision: number): ApprovalRecord => ({
  ...{ approvalId, revision, kind: 'general', sentence: 's', reason: 'r', details: {} },
  ...{ requestedBy: 'li', requestedWallMs: 1, expiresWallMs: 2, state: 'pending' },
  ...{ decidedBy: null, decidedWallMs: null, decisionNote: null },
});

spec('what two nodes know of people', (it) => {
  it('of an approval is the later word, whoever has it', () => {
    const [early, late] = [approval('x', 1), approval('x', 2)];
    assert.equal(mergeApprovals([late], [early]), [late]);
    assert.equal(mergeApprovals([early], [late]), [late]);
    assert.is(mergeApprovals([approval('x', 1)], [approval('y', 1)]).length, 2);
  });

  it('of a revocation is the stricter one', () => {
    const [early, late] = [1, 2].map((beforeWallMs) => ({ subject: 'li', beforeWallMs }));
    if (early === undefined || late === undefined) throw new Error('two are made');
    assert.equal(mergeRevocations([late], [early]), [late]);
    assert.equal(mergeRevocations([early], [late]), [late]);
  });
});
