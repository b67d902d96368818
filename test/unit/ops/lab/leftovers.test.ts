import { chooseBox } from '../../../../ops/lab/command/lab-client.js';
import { checkClaim, decideLeftover, groupNamespaces, type BoxTrace } from '../../../../ops/lab/leftovers.js';
import { assert, spec } from '../../../support/spec.js';

const trace: BoxTrace = { id: 'x1', owner: 'unknown', namespaces: ['wl-x1-hub'], processCount: 0 };

spec('what is left of a box', (it) => {
  it('is removed when its owner is dead, whatever else is seen', () => {
    assert.is(decideLeftover({ ...trace, owner: 'dead', processCount: 3, folderAgeMs: 1 }).isLeftover, true);
  });

  it('is never touched while its owner lives', () => {
    assert.is(decideLeftover({ ...trace, owner: 'alive', folderAgeMs: 1e9 }).isLeftover, false);
  });

  it('is judged by what runs in it when nobody knows its owner', () => {
    assert.is(decideLeftover(trace).isLeftover, true);
    assert.is(decideLeftover({ ...trace, processCount: 1 }).isLeftover, false);
    assert.is(decideLeftover({ ...trace, folderAgeMs: 1000 }).isLeftover, false);
    assert.is(decideLeftover({ ...trace, folderAgeMs: 61_000 }).isLeftover, true);
  });

  it('is found by the names of its namespaces, those of others are not', () => {
    const listed = 'wl-x1-a (id: 3)\nwl-x1-hub-dr\nwl-y-b\nwl-NO-a\nother\nxwl-x1-a\n';
    assert.equal(
      [...groupNamespaces(listed)],
      [
        ['x1', ['wl-x1-a', 'wl-x1-hub-dr']],
        ['y', ['wl-y-b']],
      ],
    );
  });
});

spec('a new box', (it) => {
  it('is refused when one of its id is there, or is attached to the same interface', () => {
    const running: BoxTrace = { ...trace, owner: 'alive', attach: 'eth0' };
    checkClaim('x2', 'eth1', [running]);
    checkClaim('x2', undefined, [running]);
    assert.throws(() => checkClaim('x1', undefined, [running]), /box "x1" is there already/);
    assert.throws(() => checkClaim('x2', 'eth0', [running]), /^--attach: box "x1" is attached to eth0/);
  });
});

spec('the box that a command is for', (it) => {
  const ready = (id: string) => ({ id, isReady: true });
  const starting = { id: 'new', isReady: false };

  it('is the only one that takes commands', () => {
    assert.is(chooseBox(undefined, [ready('x1')]), 'x1');
    assert.is(chooseBox(undefined, [starting, ready('x1')]), 'x1');
    assert.is(chooseBox('x2', [ready('x1'), ready('x2')]), 'x2');
  });

  it('has to be named when there are several, and the sentence names them', () => {
    assert.throws(
      () => chooseBox(undefined, [ready('x1'), ready('x2')]),
      /several boxes are running: x1, x2/,
    );
    assert.throws(() => chooseBox('z', [ready('x1')]), /there is no box "z"/);
    assert.throws(() => chooseBox(undefined, []), /no box is running/);
    assert.throws(() => chooseBox(undefined, [starting]), /box "new" takes no commands/);
    assert.throws(() => chooseBox('new', [starting, ready('x1')]), /box "new" takes no commands/);
  });
});
