import { FakeClock } from '../../../../cluster/base/clock.js';
import { FailoverStore } from '../../../../cluster/store/failover-store.js';
import { FakeStore } from '../../../support/fakes/fake-store.js';
import { assert, assertRejects, spec } from '../../../support/spec.js';

spec('the stores of several nodes as one', (it) => {
  it('ask the next one after one that is away, and the first again after a time', async () => {
    const clock = new FakeClock();
    const [own, partner] = [new FakeStore(), new FakeStore()];
    const store = new FailoverStore({ stores: [own, partner], clock, returnMs: 1000 });
    own.state = 'away';
    await assertRejects(store.execute([['A']], 100), /away/);
    await store.execute([['A']], 100);
    assert.equal([own.attempts, partner.requests.length], [1, 1]);
    await clock.advance(999);
    await store.execute([['B']], 100);
    assert.is(own.attempts, 1);
    own.state = 'up';
    await clock.advance(1);
    await store.execute([['C']], 100);
    assert.equal(own.statements, [['C']]);
  });

  it('stay with the one that refuses a statement: another would refuse it, too', async () => {
    const [own, partner] = [new FakeStore(), new FakeStore()];
    const store = new FailoverStore({ stores: [own, partner], clock: new FakeClock() });
    own.refusal = () => 'syntax error';
    await assertRejects(store.execute([['A']], 100), /refused/);
    own.refusal = () => undefined;
    await store.query(['B'], 'none', 100);
    assert.equal([own.attempts, partner.attempts], [2, 0]);
  });

  it('come round to the first when all are away', async () => {
    const [own, partner] = [new FakeStore(), new FakeStore()];
    const store = new FailoverStore({ stores: [own, partner], clock: new FakeClock() });
    own.state = partner.state = 'away';
    for (let attempt = 0; attempt < 4; attempt += 1) await assertRejects(store.execute([['A']], 100), /away/);
    assert.equal([own.attempts, partner.attempts], [2, 2]);
  });
});
