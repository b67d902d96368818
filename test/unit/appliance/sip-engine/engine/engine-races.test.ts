/** Messages that cross (RFC 5407 sections 2 and 3), are lost, come twice, or come from two branches of a fork. */
import { assert, spec } from '../../../../support/spec.js';
import { answered, calling, connected, forget, ringing, stage } from './bench-calls.js';
import { GIVE_UP_MS, SDP } from './engine-bench.js';

spec('CANCEL that crosses', (it) => {
  it('a 200 of ours: it gets 200, the call stands until BYE (RFC 5407 2.2, RFC 3261 9.2)', () => {
    const { app, phone, call } = ringing();
    app.answer('INVITE', 200, {}, SDP);
    call.cancel();
    assert.is(phone.take(), '200 INVITE, 200 CANCEL');
    call.ack(phone.last('200 INVITE'));
    call.request('BYE');
    app.answer('BYE', 200);
    assert.is(phone.take(), '200 BYE');
    assert.is(app.take(), 'sent 200 INVITE, ACK, BYE, sent 200 BYE');
  });

  it('a 180 of ours: the call is given up', () => {
    const { app, phone, call } = ringing();
    app.answer('INVITE', 180);
    call.cancel();
    assert.is(phone.take(), '180 INVITE, 200 CANCEL, 487 INVITE');
  });

  it('a refusal of ours: it gets 200 and nothing else', () => {
    const { app, phone, call } = ringing();
    app.answer('INVITE', 486);
    call.cancel();
    assert.is(phone.take(), '486 INVITE, 200 CANCEL');
    assert.is(app.take(), 'sent 486 INVITE');
  });

  it('a 200 of the peer: acknowledged, then ended by the engine (RFC 5407 2.2)', () => {
    const { bench, app, phone, invite, call, transactionId } = calling();
    call.respond(invite, 180);
    app.cancel(transactionId);
    call.respond(invite, 200, { body: SDP });
    call.respond(phone.last('CANCEL'), 481);
    app.requestInDialog(app.last('200 INVITE').dialogId, 'ACK');
    assert.is(phone.take(), 'CANCEL, ACK, BYE');
    assert.is(app.take(), '180 INVITE, sent CANCEL, 200 INVITE, sent ACK, unsolicited BYE');
    call.respond(phone.last('BYE'), 200);
    assert.equal(bench.engine.counts().dialogs, { uas: 0, uac: 0 });
  });

  it('a 180 of the peer: it is sent as soon as the 180 is here', () => {
    const { app, phone, invite, call, transactionId } = calling();
    app.cancel(transactionId);
    call.respond(invite, 180);
    assert.is(phone.take(), 'CANCEL');
    call.respond(invite, 487);
    assert.is(app.take(), 'sent CANCEL, 180 INVITE, 487 INVITE');
  });

  it('a refusal of the peer: too late, and the application is told so', () => {
    const { app, invite, call, transactionId } = calling();
    call.respond(invite, 486);
    app.cancel(transactionId);
    assert.is(app.take(), `486 INVITE, NOK unable to cancel unknown transaction id: ${transactionId}`);
  });

  it('a 487 that never comes: after 64 * T1 the INVITE counts as over (RFC 3261 9.1)', async () => {
    const { bench, app, invite, call, transactionId } = calling();
    call.respond(invite, 180);
    app.cancel(transactionId);
    await bench.advance(GIVE_UP_MS + 1000);
    assert.is(app.take(), '180 INVITE, sent CANCEL, 408 INVITE');
    assert.is(bench.engine.counts().transactions.transactions, 0);
  });

  it('nothing: 481', () => {
    const { phone } = stage();
    const call = phone.call();
    call.branch = 'z9hG4bK-none';
    call.cancel();
    assert.is(phone.take(), '481 CANCEL');
  });

  it('the answer to a re-INVITE under way: that change alone is given up', () => {
    const { app, phone, call } = answered();
    call.request('INVITE', { body: SDP });
    call.cancel();
    assert.is(phone.take(), '100 INVITE, 200 CANCEL, 487 INVITE');
    call.ackRefusal(phone.last('487 INVITE'));
    call.request('BYE');
    assert.is(app.take(), 'INVITE, CANCEL, BYE');
  });
});

spec('BYE that crosses', (it) => {
  it('our BYE: both are answered 200 (RFC 5407 3.1.2)', () => {
    const { bench, app, phone, call, dialogId } = answered();
    app.requestInDialog(dialogId, 'BYE');
    call.request('BYE');
    app.answer('BYE', 200);
    call.respond(phone.last('BYE'), 200);
    assert.is(phone.take(), 'BYE, 200 BYE');
    assert.is(app.take(), 'sent BYE, BYE, sent 200 BYE, 200 BYE');
    assert.equal(bench.engine.counts().dialogs, { uas: 0, uac: 0 });
  });

  it('our re-INVITE: the BYE is answered, the refusal of the re-INVITE acknowledged (RFC 5407 3.1.3)', () => {
    const { app, phone, call, dialogId } = answered();
    app.requestInDialog(dialogId, 'INVITE', {}, SDP);
    call.request('BYE');
    app.answer('BYE', 200);
    call.respond(phone.last('INVITE'), 481);
    assert.is(phone.take(), 'INVITE, 200 BYE, ACK');
    assert.is(app.take(), 'sent INVITE, BYE, sent 200 BYE, 481 INVITE');
  });

  it('our re-INVITE that the peer had accepted: its 200 is acknowledged (RFC 5407 3.1.3)', () => {
    const { app, phone, call, dialogId } = answered();
    app.requestInDialog(dialogId, 'INVITE', {}, SDP);
    call.request('BYE');
    call.respond(phone.last('INVITE'), 200, { body: SDP });
    app.requestInDialog(dialogId, 'ACK');
    app.answer('BYE', 200);
    assert.ok(phone.take().includes('ACK'));
  });

  it('a re-INVITE of the peer: it is refused, the BYE goes its way (RFC 5407 3.1.3)', () => {
    const { app, phone, call, dialogId } = answered();
    app.requestInDialog(dialogId, 'BYE');
    call.request('INVITE', { body: SDP });
    assert.is(phone.take(), 'BYE, 481 INVITE');
  });

  it('our re-INVITE when the application ends the call meanwhile: that is given up first (facts 2.6)', () => {
    const { app, phone, call, dialogId } = answered();
    app.requestInDialog(dialogId, 'INVITE', {}, SDP);
    call.respond(phone.last('INVITE'), 100);
    app.requestInDialog(dialogId, 'BYE');
    assert.is(phone.take(), 'INVITE, CANCEL, BYE');
  });

  it('a pending re-INVITE of the peer: that is answered before the dialog is forgotten (RFC 3261 15.1.2)', () => {
    const { app, phone, call } = answered();
    call.request('INVITE', { body: SDP });
    call.request('BYE');
    app.answer('BYE', 200);
    const told = phone.take();
    assert.ok(told.includes('487 INVITE'), told);
    assert.ok(told.endsWith('200 BYE'), told);
  });

  it('an INVITE that rings: 487 for the INVITE, and the application is told (RFC 3261 15.1.2)', () => {
    const { bench, app, phone, call } = ringing();
    app.answer('INVITE', 180);
    call.learn(phone.last('180 INVITE'));
    call.request('BYE');
    app.answer('BYE', 200);
    assert.is(phone.take(), '180 INVITE, 487 INVITE, 200 BYE');
    assert.is(app.take(), 'sent 180 INVITE, BYE, sent 200 BYE');
    assert.equal(bench.engine.counts().dialogs, { uas: 0, uac: 0 });
  });

  it('the ACK: the call is over, the 200 is not repeated (RFC 5407 3.1.1)', async () => {
    const { bench, app, phone, call } = ringing();
    app.answer('INVITE', 200, {}, SDP);
    call.learn(phone.last('200 INVITE'));
    call.request('BYE');
    app.answer('BYE', 200);
    call.ack(phone.last('200 INVITE'));
    await bench.advance(60_000);
    assert.is(phone.take(), '200 INVITE, 200 BYE');
    assert.is(app.take(), 'sent 200 INVITE, BYE, sent 200 BYE');
  });

  it('its own repetition: the answer is repeated, the application hears it once', () => {
    const { app, phone, call } = answered();
    call.request('BYE');
    app.answer('BYE', 200);
    call.repeat();
    assert.is(phone.take(), '200 BYE, 200 BYE');
    assert.is(app.take(), 'BYE, sent 200 BYE');
  });
});

spec('changes that cross', (it) => {
  it('re-INVITE and our re-INVITE: 491 on both sides (RFC 5407 3.1.4, RFC 3261 14.2)', () => {
    const { app, phone, call, dialogId } = answered();
    app.requestInDialog(dialogId, 'INVITE', {}, SDP);
    const ours = phone.last('INVITE');
    call.request('INVITE', { body: SDP });
    assert.is(phone.take(), 'INVITE, 491 INVITE');
    call.respond(ours, 491);
    assert.is(app.take(), 'sent INVITE, 491 INVITE');
    // Afterwards both may try again.
    call.request('INVITE', { body: SDP });
    assert.is(app.take(), 'INVITE');
  });

  it('a second re-INVITE of the application while one is under way is not sent (RFC 3261 14.1)', () => {
    const { app, phone, call, dialogId } = answered();
    app.requestInDialog(dialogId, 'INVITE', {}, SDP);
    app.requestInDialog(dialogId, 'INVITE', {}, SDP);
    assert.is(phone.take(), 'INVITE');
    assert.is(app.take(), 'sent INVITE, sent INVITE, 491 INVITE');
    call.respond(phone.last('INVITE'), 200, { body: SDP });
    app.requestInDialog(dialogId, 'ACK');
    assert.is(phone.take(), 'ACK');
  });

  it('a second re-INVITE of the peer before the first is answered gets 500 with Retry-After (RFC 3261 14.2)', () => {
    const { app, phone, call } = answered();
    call.request('INVITE', { body: SDP });
    call.request('INVITE', { body: SDP });
    assert.is(phone.take(), '100 INVITE, 500 INVITE');
    const retryAfter = phone.last('500 INVITE').retryAfter ?? -1;
    assert.ok(retryAfter >= 0 && retryAfter <= 10);
    assert.is(app.take(), 'INVITE');
  });

  it('re-INVITE that overtakes the ACK: both ACKs are told (RFC 5407 3.1.5)', async () => {
    const { bench, app, phone, call } = ringing();
    app.answer('INVITE', 200, {}, SDP);
    const first = phone.last('200 INVITE');
    call.learn(first);
    call.request('INVITE', { body: SDP });
    app.answer('INVITE', 200, {}, SDP);
    const second = phone.last('200 INVITE');
    assert.is(second.cseq.number, 2);
    call.ack(first);
    call.ack(second);
    assert.is(app.take(), 'sent 200 INVITE, INVITE, sent 200 INVITE, ACK, ACK');
    forget({ bench, app, phone });
    await bench.advance(60_000);
    assert.is(phone.take(), '');
    assert.is(app.take(), '');
  });

  it('the ACK of the first INVITE is still asked for when that of a later one is here', async () => {
    const { bench, app, phone, call } = ringing();
    app.answer('INVITE', 200, {}, SDP);
    call.learn(phone.last('200 INVITE'));
    call.request('INVITE', { body: SDP });
    app.answer('INVITE', 200, {}, SDP);
    call.ack(phone.last('200 INVITE'));
    forget({ bench, app, phone });
    await bench.advance(3000);
    assert.is(phone.last('200 INVITE').cseq.number, 1);
    assert.ok(phone.take().startsWith('200 INVITE'));
  });

  it('an INVITE in an early dialog of our own INVITE gets 491 (RFC 3261 14.2)', () => {
    const { phone, invite, call } = calling();
    call.respond(invite, 180);
    call.request('INVITE', { body: SDP });
    assert.is(phone.take(), '491 INVITE');
  });
});

spec('the ACK of our 200', (it) => {
  it('is asked for at T1, doubling to T2, and without it the call ends after 64 * T1', async () => {
    const { bench, app, phone } = ringing();
    app.answer('INVITE', 200, {}, SDP);
    const { dialogId } = app.last('sent 200 INVITE');
    await bench.advance(GIVE_UP_MS);
    const times = [0, 500, 1500, 3500, 7500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500];
    assert.equal(bench.times('200 INVITE'), times);
    assert.equal(bench.times('BYE'), [GIVE_UP_MS]);
    assert.is(app.take(), 'sent 200 INVITE, unsolicited BYE');
    assert.is(app.last('unsolicited BYE').dialogId, dialogId);
    assert.is(phone.last('BYE').header('Reason'), 'SIP;cause=200;text="ACK timeout"');
    assert.equal(bench.engine.counts().dialogs, { uas: 0, uac: 0 });
  });

  it('that was lost is sent again by the peer, and told once', async () => {
    const { bench, app, phone, call } = ringing();
    app.answer('INVITE', 200, {}, SDP);
    await bench.advance(600);
    assert.is(phone.take(), '200 INVITE, 200 INVITE');
    call.ack(phone.last('200 INVITE'));
    call.repeat();
    call.ack(phone.last('200 INVITE'));
    await bench.advance(60_000);
    assert.is(phone.take(), '');
    assert.is(app.take(), 'sent 200 INVITE, ACK');
  });

  it('for a re-INVITE that never comes ends the call, too', async () => {
    const { bench, app, call } = answered();
    call.request('INVITE', { body: SDP });
    app.answer('INVITE', 200, {}, SDP);
    await bench.advance(GIVE_UP_MS);
    assert.is(app.take(), 'INVITE, sent 200 INVITE, unsolicited BYE');
  });

  it('is waited for before a BYE of the application leaves (RFC 3261 15)', () => {
    const { app, phone, call } = ringing();
    app.answer('INVITE', 200, {}, SDP);
    app.requestInDialog(app.last('sent 200 INVITE').dialogId, 'BYE');
    assert.is(phone.take(), '200 INVITE');
    call.ack(phone.last('200 INVITE'));
    assert.is(phone.take(), 'BYE');
    assert.is(app.take(), 'sent 200 INVITE, ACK, sent BYE');
  });

  it('that belongs to nothing is dropped', () => {
    const { app, phone, call } = answered();
    call.request('ACK', { cseq: 77 });
    const stranger = phone.call();
    stranger.remoteTag = 'nobody';
    stranger.request('ACK');
    assert.is(phone.take(), '');
    assert.is(app.take(), '');
  });
});

spec('the 200 of the peer', (it) => {
  it('that comes again gets the same ACK again, and is told once', async () => {
    const { bench, app, phone, invite, call } = calling();
    call.respond(invite, 200, { body: SDP });
    app.requestInDialog(app.last('200 INVITE').dialogId, 'ACK', {}, '');
    const bytes = bench.sent.at(-1)?.bytes;
    call.repeatResponse();
    await bench.advance(1000);
    call.repeatResponse();
    assert.is(phone.take(), 'ACK, ACK, ACK');
    assert.equal(bench.sent.at(-1)?.bytes, bytes);
    assert.is(app.take(), '200 INVITE, sent ACK');
  });

  it('that comes again after its transaction is forgotten gets its ACK as well', async () => {
    const { bench, app, phone, invite, call } = calling();
    call.respond(invite, 200, { body: SDP });
    app.requestInDialog(app.last('200 INVITE').dialogId, 'ACK');
    await bench.advance(40_000);
    phone.take();
    call.repeatResponse();
    assert.is(phone.take(), 'ACK');
  });

  it('from a second branch is acknowledged and that branch ended, the first call goes on (13.2.2.4)', () => {
    const { bench, app, phone, invite, call } = calling();
    call.respond(invite, 180);
    call.respond(invite, 200, { body: SDP });
    const { dialogId } = app.last('200 INVITE');
    app.requestInDialog(dialogId, 'ACK');
    forget({ bench, app, phone });
    const other = bench.phone('carol', 61);
    const fork = other.call(invite);
    fork.respond(invite, 200, { body: SDP });
    assert.is(other.take(), 'ACK, BYE');
    assert.is(other.last('BYE').to.tag, fork.localTag);
    fork.respond(other.last('BYE'), 200);
    assert.is(app.take(), '');
    assert.equal(bench.engine.counts().dialogs, { uas: 0, uac: 1 });
    app.requestInDialog(dialogId, 'INFO');
    assert.is(app.take(), 'sent INFO');
    assert.is(phone.last('INFO').to.tag, call.localTag);
    call.request('BYE');
    assert.is(app.take(), 'BYE');
  });

  it('from a branch that had rung before ends that branch, too', () => {
    const { bench, app, phone, invite, call } = calling();
    const other = bench.phone('carol', 61);
    const fork = other.call(invite);
    fork.respond(invite, 180);
    call.respond(invite, 180);
    assert.is(bench.engine.counts().dialogs.uac, 2);
    call.respond(invite, 200, { body: SDP });
    assert.is(bench.engine.counts().dialogs.uac, 1);
    fork.respond(invite, 200, { body: SDP });
    assert.is(other.take(), 'ACK, BYE');
    app.requestInDialog(app.last('200 INVITE').dialogId, 'ACK');
    assert.is(phone.take(), 'ACK');
    assert.is(bench.engine.counts().dialogs.uac, 1);
  });

  it('after all branches were given up by a refusal leaves no dialog behind', () => {
    const { bench, invite, call } = calling();
    const fork = bench.phone('carol', 61).call(invite);
    call.respond(invite, 180);
    fork.respond(invite, 180);
    call.respond(invite, 486);
    assert.is(bench.engine.counts().dialogs.uac, 0);
  });

  it('whose application is gone is acknowledged and ended by the engine', () => {
    const { bench, app, phone, invite, call } = calling();
    call.respond(invite, 180);
    bench.loseApplication(app);
    assert.is(phone.take(), 'CANCEL');
    call.respond(invite, 200, { body: SDP });
    assert.is(phone.take(), 'ACK, BYE');
    assert.equal(bench.engine.counts().dialogs, { uas: 0, uac: 0 });
  });

  it('whose application went before its ACK is acknowledged and ended when it comes again', async () => {
    const { bench, app, phone, invite, call } = calling();
    call.respond(invite, 200, { body: SDP });
    bench.loseApplication(app);
    assert.is(phone.take(), '');
    await bench.advance(500);
    call.repeatResponse();
    assert.is(phone.take(), 'ACK, BYE');
    assert.equal(bench.engine.counts().dialogs, { uas: 0, uac: 0 });
  });

  it('to a re-INVITE whose application is gone is acknowledged, the call goes on', () => {
    const { bench, app, phone, call, dialogId } = connected();
    app.requestInDialog(dialogId, 'INVITE', {}, SDP);
    bench.loseApplication(app);
    call.respond(phone.last('INVITE'), 200, { body: SDP });
    assert.is(phone.take(), 'INVITE, ACK');
    assert.is(bench.engine.counts().dialogs.uac, 1);
  });

  it('without To tag is told, and the INVITE given up', () => {
    const { app, phone, invite, call } = calling();
    call.respond(invite, 180);
    call.respond(invite, 200, { toTag: '' });
    assert.ok(app.take().endsWith('200 INVITE'));
    assert.ok(!phone.take().includes('ACK'));
  });
});

spec('a dialog and what is lost', (it) => {
  it('the answer to our BYE that never comes: 408, and the call is over all the same (RFC 3261 15.1.1)', async () => {
    const { bench, app, dialogId } = answered();
    app.requestInDialog(dialogId, 'BYE');
    await bench.advance(GIVE_UP_MS);
    assert.is(app.take(), 'sent BYE, 408 BYE');
    assert.equal(bench.engine.counts().dialogs, { uas: 0, uac: 0 });
    assert.is(bench.engine.counts().transactions.transactions, 0);
  });

  it('a challenge to our BYE does not end the call (RFC 3261 22)', () => {
    const { bench, app, phone, call, dialogId } = connected();
    app.requestInDialog(dialogId, 'BYE');
    call.respond(phone.last('BYE'), 407);
    assert.is(bench.engine.counts().dialogs.uac, 1);
    app.requestInDialog(dialogId, 'BYE', { 'Proxy-Authorization': 'Digest x="y"' });
    call.respond(phone.last('BYE'), 200);
    assert.is(bench.engine.counts().dialogs.uac, 0);
  });

  it('an application that ends the call twice hears that it is gone', () => {
    const { app, phone, call, dialogId } = connected();
    app.requestInDialog(dialogId, 'BYE');
    call.respond(phone.last('BYE'), 200);
    app.requestInDialog(dialogId, 'BYE');
    assert.is(
      app.take().split(', ').at(-1),
      'NOK Server error: unable to find dialog for dialog id provided',
    );
  });

  it('nothing is left when everything is over', async () => {
    const { bench, app, phone, call, dialogId } = connected();
    app.requestInDialog(dialogId, 'BYE');
    call.respond(phone.last('BYE'), 200);
    await bench.advance(64_000);
    assert.is(bench.clock.pendingTimers, 0);
    assert.is(bench.engine.counts().clientRequests, 0);
  });
});
