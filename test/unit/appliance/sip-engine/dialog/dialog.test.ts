/** Routes of requests in a dialog (RFC 3261 12.2.1.1), its sequence numbers, and the table of all dialogs. */
import { planRoute } from '../../../../../appliance/sip-engine/dialog/dialog.js';
import { DialogTable } from '../../../../../appliance/sip-engine/dialog/dialog-table.js';
import { assert, spec } from '../../../../support/spec.js';
import { requestOf, responseOf } from '../engine/sip-text.js';
import { dialogOf } from './some-dialog.js';

const TARGET = 'sip:bob@10.77.1.60';

spec('the route of a request in a dialog', (it) => {
  it('without proxies leads to the target', () => {
    assert.equal(planRoute(TARGET, []), { requestUri: TARGET, routes: [], nextHop: TARGET });
  });

  it('through loose routers names the target, goes to the first, and keeps their order', () => {
    const routes = ['<sip:p1;lr>', '<sip:p2>'];
    assert.equal(planRoute(TARGET, routes), { requestUri: TARGET, routes, nextHop: 'sip:p1;lr' });
  });

  it('through a strict router names that, with the target at the end', () => {
    const { requestUri, routes, nextHop } = planRoute(TARGET, ['<sip:p1;maddr=10.0.0.1>', '<sip:p2;lr>']);
    assert.is(requestUri, 'sip:p1;maddr=10.0.0.1');
    assert.equal(routes, ['<sip:p2;lr>', `<${TARGET}>`]);
    assert.is(nextHop, 'sip:p1;maddr=10.0.0.1');
  });

  it('leaves out of a Request-URI what may not stand there (19.1.1)', () => {
    assert.is(planRoute(TARGET, ['<sip:p1?Subject=x>']).requestUri, 'sip:p1');
  });

  it('knows lr in its other spellings, and a route with a display name', () => {
    for (const route of ['<sip:p1;lr=on>', '"P one" <sip:p1;LR>', '<sip:p1;transport=tcp;lr>;x=1']) {
      assert.is(planRoute(TARGET, [route]).requestUri, TARGET, route);
    }
    // lr of the header is not lr of the URI.
    assert.is(planRoute(TARGET, ['<sip:p1>;lr']).requestUri, 'sip:p1');
  });
});

spec('the numbers of our requests', (it) => {
  it('go up by one, and to what an application asks for if that is more', () => {
    const dialog = dialogOf({ localSeq: 10 });
    assert.equal([dialog.nextSeq(), dialog.takeSeq(undefined), dialog.takeSeq(20)], [11, 12, 20]);
    assert.equal([dialog.takeSeq(20), dialog.takeSeq(5), dialog.nextSeq()], [21, 22, 23]);
  });
});

spec('the table of dialogs', (it) => {
  it('finds them by name, by request and by response', () => {
    const table = new DialogTable();
    const dialog = dialogOf({ callId: 'call-1', localTag: 'to-1', remoteTag: 'from-1' });
    table.add(dialog);
    assert.is(table.findById(dialog.id), dialog);
    const to = '<sip:x>;tag=to-1';
    assert.is(table.findOfRequest(requestOf('BYE', { To: to })), dialog);
    assert.is(table.findOfRequest(requestOf('BYE')), undefined);
    assert.is(table.findOfRequest(requestOf('BYE', { To: to, 'Call-ID': 'call-2' })), undefined);
    const ours = dialogOf({ callId: 'call-1', localTag: 'from-1', remoteTag: 'to-1', role: 'uac' });
    table.add(ours);
    assert.is(table.findOfResponse(responseOf(200, 'INVITE')), ours);
    assert.equal(table.countByKind(), { uas: 1, uac: 1 });
  });

  it('forgets one of two with the same name without touching the other', () => {
    const table = new DialogTable();
    const one = dialogOf({ remoteTag: '1' });
    const other = dialogOf({ remoteTag: '2' });
    table.add(one);
    table.add(other);
    table.remove(one);
    assert.is(table.findById(one.id), other);
    assert.is(table.size, 1);
    table.remove(other);
    assert.is(table.findById(one.id), undefined);
  });

  it('gives the name back to the older of two when the newer goes', () => {
    const table = new DialogTable();
    const one = dialogOf({ remoteTag: '1' });
    const other = dialogOf({ remoteTag: '2' });
    table.add(one);
    table.add(other);
    table.remove(other);
    assert.is(table.findById(one.id), one);
  });
});
