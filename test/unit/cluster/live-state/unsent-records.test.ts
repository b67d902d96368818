import { UnsentRecords, type RecordChange } from '../../../../cluster/live-state/unsent-records.js';
import { assert, spec } from '../../../support/spec.js';

function change(key: string, record?: string, addressId = 'a'): RecordChange {
  return { addressId, key, record };
}

function shown(changes: readonly RecordChange[]): string[] {
  return changes.map(({ key, record }) => (record === undefined ? `-${key}` : `${key}=${record}`));
}

spec('unsent records', (it) => {
  it('leave in the order of their last change, each once', () => {
    const unsent = new UnsentRecords();
    for (const one of [change('x', '1'), change('y', '1'), change('x', '2'), change('z'), change('y')]) {
      unsent.add(one);
    }
    assert.equal(shown(unsent.take(Infinity)), ['x=2', '-z', '-y']);
    assert.ok(unsent.isEmpty);
    assert.is(unsent.size, 0);
  });

  it('keep apart what differs in the address only', () => {
    const unsent = new UnsentRecords();
    unsent.add(change('x', '1', 'a'));
    unsent.add(change('x', '2', 'b'));
    assert.ok(unsent.has('a', 'x') && unsent.has('b', 'x') && !unsent.has('a', 'y'));
    assert.equal(shown(unsent.take(Infinity)), ['x=1', 'x=2']);
  });

  it('are taken up to a size, but one at least', () => {
    const unsent = new UnsentRecords();
    for (const key of ['u', 'v', 'w']) unsent.add(change(key, '12345678'));
    assert.is(unsent.size, 30);
    assert.equal(shown(unsent.take(1)), ['u=12345678']);
    assert.is(unsent.size, 20);
    assert.equal(shown(unsent.take(11)), ['v=12345678', 'w=12345678']);
    assert.equal(unsent.take(11), []);
  });

  it('that were taken in vain come before the others, unless changed meanwhile', () => {
    const unsent = new UnsentRecords();
    for (const key of ['u', 'v', 'w']) unsent.add(change(key, '1'));
    const taken = unsent.take(Infinity);
    unsent.add(change('x', '1'));
    unsent.add(change('v', '2'));
    unsent.giveBack(taken);
    assert.equal(shown(unsent.take(Infinity)), ['u=1', 'w=1', 'x=1', 'v=2']);
    assert.is(unsent.size, 0);
  });
});
