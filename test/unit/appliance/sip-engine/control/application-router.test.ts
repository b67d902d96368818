import {
  ApplicationRouter,
  refusalStatus,
  type Application,
} from '../../../../../appliance/sip-engine/control/application-router.js';
import { assert, spec } from '../../../../support/spec.js';

const INVITE = { verb: 'invite' };

function app(id: string, tags: readonly string[] = [], routes: readonly string[] = ['invite']): Application {
  return { id, tags, hasRoute: (verb) => routes.includes(verb) };
}

function routerWith(...applications: Application[]): ApplicationRouter<Application> {
  const router = new ApplicationRouter();
  for (const one of applications) router.add(one);
  return router;
}

function turns(
  router: ApplicationRouter<Application>,
  count: number,
  wanted: { verb: string; tag?: string },
): string {
  return Array.from({ length: count }, () => router.findApplication(wanted)?.id ?? '-').join('');
}

spec('the router of applications', (it) => {
  it('new requests go round', () => {
    assert.is(turns(routerWith(app('a'), app('b'), app('c')), 7, INVITE), 'abcabca');
  });

  it('only who routed the method has a turn, and each method has a round of its own', () => {
    const router = routerWith(app('a', [], ['invite', 'info']), app('b', [], ['info']), app('c'));
    assert.is(turns(router, 3, INVITE), 'aca');
    assert.is(turns(router, 3, { verb: 'info' }), 'aba');
    assert.is(turns(router, 1, { verb: 'bye' }), '-');
  });

  it('a tag chooses among those who have it', () => {
    const router = routerWith(app('a', ['x']), app('b', ['x', 'y']), app('c', ['x'], []), app('d'));
    assert.is(turns(router, 3, { verb: 'invite', tag: 'x' }), 'aba');
    assert.is(turns(router, 2, { verb: 'invite', tag: 'y' }), 'bb');
    assert.is(turns(router, 1, { verb: 'invite', tag: 'z' }), '-');
  });

  it('nobody there is 503, nobody with the tag is 480', () => {
    assert.is(refusalStatus(INVITE), 503);
    assert.is(refusalStatus({ verb: 'invite', tag: 'x' }), 480);
  });

  it('who goes is skipped, and nobody else loses a turn', () => {
    const [a, b, c] = [app('a'), app('b'), app('c')];
    const router = routerWith(a, b, c);
    assert.is(turns(router, 1, INVITE), 'a');
    router.remove(a);
    assert.is(turns(router, 3, INVITE), 'bcb');
    router.add(app('d'));
    assert.is(turns(router, 4, INVITE), 'cdbc');
    router.remove(b);
    router.remove(b);
    assert.is(turns(router, 3, INVITE), 'dcd');
  });

  it('a transaction has its owner until it is closed', () => {
    const a = app('a');
    const router = routerWith(a);
    router.openTransaction('t', a, INVITE);
    assert.is(router.findTransactionOwner('t'), a);
    router.closeTransaction('t');
    assert.is(router.findTransactionOwner('t'), undefined);
    assert.is(router.findTransactionOwner('never'), undefined);
  });

  it('what an application that dies leaves behind is listed by kind', () => {
    const [a, b] = [app('a', ['x']), app('b')];
    const router = routerWith(a, b);
    router.openTransaction('pending', a, INVITE);
    router.openTransaction('answered', a, INVITE);
    router.settleTransaction('answered');
    router.openTransaction('info', a);
    router.openTransaction('other', b, INVITE);
    router.bindDialog('d1', a);
    router.bindDialog('d2', b);
    assert.equal(router.remove(a), {
      pendingInvites: ['pending'],
      lostTransactions: ['answered', 'info'],
      orphanedDialogs: ['d1'],
    });
    assert.equal(router.orphansOf('x'), ['d1']);
    assert.is(router.findTransactionOwner('info'), undefined);
    assert.is(router.findTransactionOwner('other'), b);
    assert.equal(router.waitingInvites, ['pending']);
  });

  it('a pending INVITE goes to another application at once', () => {
    const [a, b] = [app('a'), app('b')];
    const router = routerWith(a, b);
    router.openTransaction('t', a, INVITE);
    router.remove(a);
    assert.is(router.findSuccessor('t'), b);
    assert.is(router.findTransactionOwner('t'), b);
    assert.equal(router.waitingInvites, []);
    assert.is(router.findSuccessor('t'), undefined, 'it has an owner now');
  });

  it('a pending INVITE waits for an application that comes later, with its tag', () => {
    const a = app('a', ['x']);
    const router = routerWith(a, app('b'));
    router.openTransaction('t', a, { verb: 'invite', tag: 'x' });
    router.remove(a);
    assert.is(router.findSuccessor('t'), undefined);
    assert.equal(router.waitingInvites, ['t']);
    const again = app('c', ['x']);
    router.add(again);
    assert.is(router.findSuccessor('t'), again);
  });

  it('an INVITE that was cancelled while it waited is forgotten', () => {
    const a = app('a');
    const router = routerWith(a);
    router.openTransaction('t', a, INVITE);
    router.remove(a);
    router.settleTransaction('t');
    assert.equal(router.waitingInvites, []);
    router.add(app('b'));
    assert.is(router.findSuccessor('t'), undefined);
  });

  it('a dialog belongs to its application, not to others with the same tag', () => {
    const [a, b] = [app('a', ['x']), app('b', ['x'])];
    const router = routerWith(a, b);
    router.bindDialog('d', b);
    assert.is(router.findDialogOwner('d'), b);
    assert.is(router.findDialogOwner('unknown'), undefined);
    router.releaseDialog('d');
    assert.is(router.findDialogOwner('d'), undefined);
  });

  it('an orphaned dialog goes to the next connection that has all of its tags, and stays there', () => {
    const a = app('a', ['x', 'y']);
    const router = routerWith(a, app('b', ['x']), app('c'));
    router.bindDialog('d', a);
    router.remove(a);
    assert.is(router.findDialogOwner('d'), undefined);
    assert.equal(router.orphansOf('y'), ['d']);
    // An application that only calls out has no routes, and gets its dialogs back all the same.
    const again = app('d', ['y', 'z', 'x'], []);
    router.add(again);
    router.add(app('e', ['x', 'y']));
    assert.is(router.findDialogOwner('d'), again);
    assert.is(router.findDialogOwner('d'), again);
    // It got a message of the dialog before it had asked for it: it has to find it all the same.
    assert.equal(router.orphansOf('y'), ['d']);
    assert.equal(router.findDialogTags('d'), ['x', 'y'], 'the tags it was made under stay');
    router.adoptDialog('d', again);
    assert.equal(router.orphansOf('y'), []);
    assert.equal(router.findDialogTags('d'), ['y', 'z', 'x'], 'until somebody adopts it');
  });

  it('the dialogs of an application without tags go to one that takes calls and has none', () => {
    const a = app('a');
    const router = routerWith(a, app('b', ['x']), app('c', [], ['info']));
    router.bindDialog('d', a);
    router.remove(a);
    assert.is(router.findDialogOwner('d'), undefined);
    assert.equal(router.orphansOf(''), ['d']);
    const again = app('e');
    router.add(again);
    assert.is(router.findDialogOwner('d'), again);
  });

  it('many orphans are spread over the twins', () => {
    const router = routerWith(app('a', ['x']), app('b', ['x']));
    for (const id of ['1', '2', '3', '4']) router.restoreDialog(id, ['x']);
    const owners = ['1', '2', '3', '4'].map((id) => router.findDialogOwner(id)?.id);
    assert.equal(owners, ['a', 'b', 'a', 'b']);
  });

  it('a dialog of the partner node is an orphan with the tags it had there', () => {
    const router = routerWith();
    router.restoreDialog('d', ['x']);
    assert.equal(router.orphansOf('x'), ['d']);
    assert.equal(router.orphansOf(''), []);
    assert.equal(router.findDialogTags('d'), ['x']);
    assert.is(router.findDialogTags('unknown'), undefined);
  });

  it('an application that asks for a dialog gets it, if it is known', () => {
    const [a, b] = [app('a', ['x']), app('b')];
    const router = routerWith(a, b);
    router.restoreDialog('d', ['x']);
    assert.is(router.adoptDialog('d', b), true);
    assert.is(router.findDialogOwner('d'), b);
    assert.equal(router.findDialogTags('d'), []);
    assert.is(router.adoptDialog('unknown', b), false);
    assert.is(router.findDialogOwner('unknown'), undefined);
  });

  it('a dialog survives one application after the other', () => {
    const router = routerWith();
    router.restoreDialog('d', ['x']);
    for (const id of ['a', 'b', 'c']) {
      const one = app(id, ['x']);
      router.add(one);
      assert.is(router.findDialogOwner('d'), one);
      assert.equal(router.remove(one).orphanedDialogs, ['d']);
    }
  });

  it('thousands of dialogs are orphaned and found again without delay', () => {
    const a = app('a', ['x']);
    const router = routerWith(a);
    for (let index = 0; index < 20_000; index += 1) router.bindDialog(`d${String(index)}`, a);
    const started = process.cpuUsage();
    assert.is(router.remove(a).orphanedDialogs.length, 20_000);
    router.add(app('b', ['x']));
    for (let index = 0; index < 20_000; index += 1) assert.ok(router.findDialogOwner(`d${String(index)}`));
    assert.ok(process.cpuUsage(started).user < 2_000_000);
  });

  it('the applications are listed in the order they came', () => {
    const router = routerWith(app('b'), app('a'));
    assert.equal(
      router.applications.map(({ id }) => id),
      ['b', 'a'],
    );
  });
});
