import { FakeClock } from '../../../../cluster/base/clock.js';
import { openLog } from '../../../../cluster/base/log.js';
import { refusalOf } from '../../../../cluster/store/refusal.js';
import { RqliteIdentity } from '../../../../cluster/store/rqlite-identity.js';
import type { ApprovalRecord } from '../../../../cluster/store/identity-port.js';
import {
  IdentityBook,
  mergeApprovals,
  mergeRevocations,
} from '../../../../web-admin/identity/identity-book.js';
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

spec('a store that does not say who may log in', (it) => {
  /** @returns level of each line in the log */
  async function levelsOf(problem: string): Promise<readonly unknown[]> {
    const clock = new FakeClock();
    const lines: string[] = [];
    const log = openLog({ name: 'test', destination: { write: (line: string) => void lines.push(line) } });
    const refused = refusalOf('SELECT json FROM accounts', problem);
    const store = { execute: () => Promise.reject(refused), query: () => Promise.reject(refused) };
    const book = new IdentityBook({
      store: new RqliteIdentity({ store, deadlineMs: 1 }),
      file: { read: () => Promise.resolve(undefined), write: () => Promise.resolve() },
      ...{ clock, log },
    });
    for (let times = 0; times < 2; times += 1) await book.refresh();
    return lines.map((line) => (JSON.parse(line) as { readonly level: unknown }).level);
  }

  it('is told once, as trouble', async () => {
    assert.equal(await levelsOf('disk I/O error'), ['warn']);
  });

  it('and is new, is no trouble: the tables are about to be made', async () => {
    assert.equal(await levelsOf('no such table: accounts'), ['info']);
  });
});
