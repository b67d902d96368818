/** The flows of RFC 3665 section 3 as the called UA sees them, and what else a UAS owes its peer. */
import { assert, spec } from '../../../../support/spec.js';
import { EngineBench, GIVE_UP_MS, SDP } from './engine-bench.js';

function stage(options = {}) {
  const bench = new EngineBench(options);
  const app = bench.application();
  const phone = bench.phone('alice', 50);
  return { bench, app, phone, call: phone.call() };
}

/** A call that the application has answered and the phone has acknowledged. */
function answered(options = {}) {
  const all = stage(options);
  all.call.invite();
  all.app.answer('INVITE', 200, {}, SDP);
  all.call.ack(all.phone.last('200 INVITE'));
  const { dialogId } = all.app.last('ACK');
  all.app.take();
  all.phone.take();
  return { ...all, dialogId };
}

spec('a call that comes in', (it) => {
  it('rings, is answered, acknowledged and ended by the caller (RFC 3665 3.1)', () => {
    const { app, phone, call } = stage();
    call.invite();
    assert.is(phone.take(), '100 INVITE');
    assert.is(app.take(), 'INVITE');
    app.answer('INVITE', 180);
    app.answer('INVITE', 200, {}, SDP);
    assert.is(phone.take(), '180 INVITE, 200 INVITE');
    assert.is(app.take(), 'sent 180 INVITE, sent 200 INVITE');
    call.ack(phone.last('200 INVITE'));
    assert.is(app.take(), 'ACK');
    call.request('BYE');
    assert.is(app.take(), 'BYE');
    app.answer('BYE', 200);
    assert.is(phone.take(), '200 BYE');
    assert.is(app.take(), 'sent 200 BYE');
  });

  it('has one To tag in every response but the 100, which has none (RFC 3261 8.2.6.2)', () => {
    const { app, phone, call } = stage();
    call.invite();
    app.answer('INVITE', 180);
    app.answer('INVITE', 200, {}, SDP);
    assert.is(phone.last('100 INVITE').to.tag, undefined);
    const { tag } = phone.last('180 INVITE').to;
    assert.ok(tag !== undefined && tag.startsWith('a-'));
    assert.is(phone.last('200 INVITE').to.tag, tag);
  });

  it('gets Via, From, Call-ID and CSeq of its INVITE back (RFC 3261 8.2.6.2)', () => {
    const { app, phone, call } = stage();
    call.invite({ headers: { Timestamp: '54' } });
    app.answer('INVITE', 180);
    for (const name of ['100 INVITE', '180 INVITE']) {
      const response = phone.last(name);
      assert.is(response.via.branch, call.branch);
      assert.is(response.from.tag, call.localTag);
      assert.is(response.callId, call.callId);
      assert.is(response.header('CSeq'), '1 INVITE');
    }
    assert.is(phone.last('100 INVITE').header('Timestamp'), '54');
  });

  it('is refused as busy, and the ACK is not told (RFC 3665 3.9)', async () => {
    const { bench, app, phone, call } = stage();
    call.invite();
    app.answer('INVITE', 486);
    assert.is(phone.take(), '100 INVITE, 486 INVITE');
    call.ackRefusal(phone.last('486 INVITE'));
    await bench.advance(40_000);
    assert.is(phone.take(), '');
    assert.is(app.take(), 'INVITE, sent 486 INVITE');
    assert.equal(bench.engine.counts().dialogs, { uas: 0, uac: 0 });
    assert.is(bench.engine.counts().transactions.transactions, 0);
  });

  it('repeats a refusal that is not acknowledged until timer H', async () => {
    const { bench, app, call } = stage();
    call.invite();
    app.answer('INVITE', 486);
    await bench.advance(60_000);
    assert.equal(bench.times('486 INVITE').slice(0, 5), [0, 500, 1500, 3500, 7500]);
    assert.ok((bench.times('486 INVITE').at(-1) ?? 0) < GIVE_UP_MS);
    assert.is(bench.engine.counts().transactions.transactions, 0);
  });

  it('is given up by its caller before it is answered (RFC 3665 3.8)', () => {
    const { app, phone, call } = stage();
    call.invite();
    app.answer('INVITE', 180);
    phone.take();
    app.take();
    call.cancel();
    assert.is(phone.take(), '200 CANCEL, 487 INVITE');
    assert.is(app.take(), 'CANCEL');
    const told = app.last('CANCEL');
    assert.is(told.transactionId, app.last('INVITE').transactionId);
    assert.is(told.dialogId, app.last('sent 180 INVITE').dialogId);
    assert.is(phone.last('200 CANCEL').to.tag, phone.last('487 INVITE').to.tag);
    app.answer('INVITE', 200, {}, SDP);
    assert.is(app.take(), 'NOK Response not sent due to unknown transaction');
    assert.is(phone.take(), '');
  });

  it('tells a CANCEL before any answer without a dialog (facts 2.6)', () => {
    const { app, phone, call } = stage();
    call.invite();
    call.cancel();
    assert.is(phone.take(), '100 INVITE, 200 CANCEL, 487 INVITE');
    assert.is(app.last('CANCEL').dialogId, '');
    assert.is(app.last('CANCEL').transactionId, app.last('INVITE').transactionId);
  });

  it('is not told twice when its INVITE comes twice', () => {
    const { app, phone, call } = stage();
    call.invite();
    app.answer('INVITE', 180);
    call.repeat();
    call.repeat();
    assert.is(app.take(), 'INVITE, sent 180 INVITE');
    assert.is(phone.take(), '100 INVITE, 180 INVITE, 180 INVITE, 180 INVITE');
  });

  it('is refused with 482 when it comes on two ways (RFC 3261 8.2.2.2)', () => {
    const { app, phone, call } = stage();
    call.invite();
    call.request('INVITE', { cseq: 1, body: SDP });
    assert.is(app.take(), 'INVITE');
    assert.is(phone.take(), '100 INVITE, 482 INVITE');
  });

  it('is refused with 420 when it requires what nobody knows (RFC 3261 8.2.2.3)', () => {
    const { app, phone, call } = stage();
    call.invite({ headers: { Require: '100rel, time-travel' } });
    assert.is(app.take(), '');
    assert.is(phone.take(), '420 INVITE');
    assert.is(phone.last('420 INVITE').header('Unsupported'), 'time-travel');
  });

  it('gets 503 when no application wants calls', () => {
    const bench = new EngineBench();
    bench.application({ routes: ['options'] });
    const phone = bench.phone('alice', 50);
    phone.call().invite();
    assert.ok(phone.take().endsWith('503 INVITE'));
  });

  it('is redirected (RFC 3665 3.6 at the redirecting side)', () => {
    const { app, phone, call } = stage();
    call.invite();
    app.answer('INVITE', 302, { Contact: '<sip:other@10.77.1.60>' });
    assert.is(phone.take(), '100 INVITE, 302 INVITE');
    assert.is(phone.last('302 INVITE').header('Contact'), '<sip:other@10.77.1.60>');
  });

  it('holds the session in progress before it answers (RFC 3665 3.3: early media)', () => {
    const { app, phone, call } = stage();
    call.invite();
    app.answer('INVITE', 183, {}, SDP);
    assert.is(phone.take(), '100 INVITE, 183 INVITE');
    const response = phone.last('183 INVITE');
    assert.is(response.body.toString(), SDP);
    assert.is(response.header('Content-Type'), 'application/sdp');
    assert.ok(response.header('Contact') !== undefined);
  });
});

spec('a call that is up', (it) => {
  it('is changed by the peer: 100 at once, the answer by the application, the ACK under a fresh name', () => {
    const { app, phone, call, dialogId } = answered();
    call.request('INVITE', { body: SDP });
    assert.is(phone.take(), '100 INVITE');
    const told = app.last('INVITE');
    assert.is(told.dialogId, dialogId);
    app.answer('INVITE', 200, {}, SDP);
    assert.is(phone.take(), '200 INVITE');
    call.ack(phone.last('200 INVITE'));
    assert.is(app.take(), 'INVITE, sent 200 INVITE, ACK');
    assert.is.not(app.last('ACK').transactionId, told.transactionId);
    assert.is(app.last('ACK').dialogId, dialogId);
  });

  it('goes on when the peer cannot have its change', () => {
    const { app, phone, call, dialogId } = answered();
    call.request('INVITE', { body: SDP });
    app.answer('INVITE', 488);
    call.ackRefusal(phone.last('488 INVITE'));
    app.requestInDialog(dialogId, 'BYE');
    assert.is(phone.take(), '100 INVITE, 488 INVITE, BYE');
  });

  it('is ended by the application', () => {
    const { bench, app, phone, call, dialogId } = answered();
    app.requestInDialog(dialogId, 'BYE');
    assert.is(phone.take(), 'BYE');
    const bye = phone.last('BYE');
    assert.is(bye.to.tag, call.localTag);
    assert.is(bye.from.tag, call.remoteTag);
    assert.is(bye.requestUri, 'sip:alice@10.77.1.50:5060');
    call.respond(bye, 200);
    assert.is(app.take(), 'sent BYE, 200 BYE');
    assert.equal(bench.engine.counts().dialogs, { uas: 0, uac: 0 });
  });

  it('refuses a request whose CSeq is lower than the last with 500 (RFC 3261 12.2.2)', () => {
    const { app, phone, call } = answered();
    call.request('INFO', { cseq: 10 });
    app.answer('INFO', 200);
    call.request('INFO', { cseq: 9 });
    assert.is(phone.take(), '200 INFO, 500 INFO');
    assert.is(app.take(), 'INFO, sent 200 INFO');
  });

  it('accepts a CSeq that jumps (RFC 3261 12.2.2)', () => {
    const { app, phone, call } = answered();
    call.request('INFO', { cseq: 5000 });
    app.answer('INFO', 200);
    assert.is(phone.take(), '200 INFO');
  });

  it('answers a BYE in a dialog that nobody knows with 481', () => {
    const { app, phone } = stage();
    const call = phone.call();
    call.remoteTag = 'a-unknown';
    call.request('BYE');
    call.request('UPDATE');
    call.request('PRACK', { headers: { RAck: '1 1 INVITE' } });
    call.request('REFER', { headers: { 'Refer-To': '<sip:x@10.77.1.60>' } });
    assert.is(phone.take(), '481 BYE, 481 UPDATE, 481 PRACK, 481 REFER');
    assert.is(app.take(), '');
  });

  it('gives INFO and its like in an unknown dialog to an application, as drachtio-server does (facts 0.2)', () => {
    const bench = new EngineBench();
    const app = bench.application({ routes: ['info'] });
    const phone = bench.phone('alice', 50);
    const call = phone.call();
    call.remoteTag = 'a-unknown';
    call.request('INFO');
    assert.is(app.take(), 'INFO');
    assert.is(app.last('INFO').dialogId, '');
    app.answer('INFO', 481);
    assert.is(phone.take(), '481 INFO');
  });

  it('passes a REFER on, and the NOTIFY back (RFC 3515)', () => {
    const { app, phone, call, dialogId } = answered();
    call.request('REFER', { headers: { 'Refer-To': '<sip:bob@10.77.1.60>' } });
    app.answer('REFER', 202);
    const headers = { Event: 'refer', 'Subscription-State': 'terminated;reason=noresource' };
    app.requestInDialog(
      dialogId,
      'NOTIFY',
      { ...headers, 'Content-Type': 'message/sipfrag' },
      'SIP/2.0 200 OK',
    );
    assert.is(phone.take(), '202 REFER, NOTIFY');
    call.respond(phone.last('NOTIFY'), 200);
    assert.is(app.take(), 'REFER, sent 202 REFER, sent NOTIFY, 200 NOTIFY');
    // The subscription has ended, the call has not.
    call.request('INFO');
    assert.is(app.take(), 'INFO');
  });

  it('takes an offer in the ACK when the INVITE had none (late offer)', () => {
    const { app, phone, call } = stage();
    call.invite({ body: '' });
    app.answer('INVITE', 200, {}, SDP);
    call.ack(phone.last('200 INVITE'), { body: SDP });
    assert.is(app.message('ACK').body.toString(), SDP);
    assert.is(app.last('ACK').transactionId, app.last('INVITE').transactionId);
  });

  it('knows a registration: REGISTER goes to the application and back', () => {
    const bench = new EngineBench();
    const app = bench.application({ routes: ['register'] });
    const phone = bench.phone('alice', 50);
    phone.call().request('REGISTER', { uri: 'sip:hospital.example', headers: { Expires: '300' } });
    app.answer('REGISTER', 200, { Contact: `${phone.contact};expires=300` });
    assert.is(phone.take(), '200 REGISTER');
    assert.is(bench.engine.counts().bindings, 1);
  });
});

spec('a subscription that comes in', (it) => {
  it('is a dialog from its 2xx to the last NOTIFY (RFC 6665 4.4.1)', () => {
    const bench = new EngineBench();
    const app = bench.application({ routes: ['subscribe'] });
    const phone = bench.phone('alice', 50);
    const call = phone.call();
    call.request('SUBSCRIBE', { headers: { Event: 'presence', Expires: '60' } });
    app.answer('SUBSCRIBE', 202, { Expires: '60' });
    const { dialogId } = app.last('sent 202 SUBSCRIBE');
    assert.is(dialogId, `${call.callId};from-tag=${call.localTag}`);
    app.requestInDialog(dialogId, 'NOTIFY', { Event: 'presence', 'Subscription-State': 'active' });
    call.respond(phone.last('NOTIFY'), 200);
    assert.equal(bench.engine.counts().dialogs, { uas: 1, uac: 0 });
    app.requestInDialog(dialogId, 'NOTIFY', { Event: 'presence', 'Subscription-State': 'terminated' });
    call.respond(phone.last('NOTIFY'), 200);
    assert.equal(bench.engine.counts().dialogs, { uas: 0, uac: 0 });
  });
});
