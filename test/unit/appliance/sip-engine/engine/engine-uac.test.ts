/** The flows of RFC 3665 section 3 as the calling UA sees them. */
import { assert, spec } from '../../../../support/spec.js';
import { answered as answeredByUs, stage as stageOf } from './bench-calls.js';
import { EngineBench, GIVE_UP_MS, SDP } from './engine-bench.js';

const FROM = { From: '<sip:100@hospital.example>' };

function stage(options = {}) {
  const bench = new EngineBench(options);
  const app = bench.application();
  const phone = bench.phone('bob', 60);
  return { bench, app, phone };
}

/** The application calls bob; his phone has the INVITE. */
function calling(options = {}) {
  const all = stage(options);
  all.app.request('INVITE sip:bob@10.77.1.60', FROM, SDP);
  const invite = all.phone.last('INVITE');
  all.phone.take();
  all.app.take();
  const { transactionId } = all.app.last('sent INVITE');
  return { ...all, invite, call: all.phone.call(invite), transactionId };
}

function answered(options = {}) {
  const all = calling(options);
  all.call.respond(all.invite, 200, { body: SDP });
  const { dialogId } = all.app.last('200 INVITE');
  all.app.requestInDialog(dialogId, 'ACK');
  all.app.take();
  all.phone.take();
  return { ...all, dialogId };
}

spec('a call that goes out', (it) => {
  it('rings, is answered, acknowledged and ended by us (RFC 3665 3.1)', () => {
    const { bench, app, phone, invite, call } = calling();
    call.respond(invite, 100, { toTag: '' });
    call.respond(invite, 180);
    call.respond(invite, 200, { body: SDP });
    assert.is(app.take(), '100 INVITE, 180 INVITE, 200 INVITE');
    const { dialogId } = app.last('200 INVITE');
    assert.is(dialogId, `${invite.callId};from-tag=${invite.from.tag ?? ''}`);
    assert.is(app.last('180 INVITE').dialogId, dialogId);
    app.requestInDialog(dialogId, 'ACK');
    assert.is(phone.take(), 'ACK');
    const ack = phone.last('ACK');
    assert.is(ack.requestUri, 'sip:bob@10.77.1.60:5060');
    assert.is(ack.cseq.number, invite.cseq.number);
    assert.is(ack.to.tag, call.localTag);
    assert.is.not(ack.via.branch, invite.via.branch);
    app.requestInDialog(dialogId, 'BYE');
    const bye = phone.last('BYE');
    assert.is(bye.cseq.number, invite.cseq.number + 1);
    call.respond(bye, 200);
    assert.is(app.take(), 'sent ACK, sent BYE, 200 BYE');
    assert.equal(bench.engine.counts().dialogs, { uas: 0, uac: 0 });
  });

  it('has what RFC 3261 8.1.1 asks of every request', () => {
    const { invite } = calling();
    assert.is(invite.requestUri, 'sip:bob@10.77.1.60');
    assert.is(invite.header('To'), '<sip:bob@10.77.1.60>');
    assert.is(invite.maxForwards, 70);
    assert.ok((invite.via.branch ?? '').startsWith('z9hG4bK'));
    assert.ok((invite.from.tag ?? '') !== '');
    assert.is(invite.header('Contact'), '<sip:10.77.0.11:5060>');
    assert.is(invite.header('Content-Type'), 'application/sdp');
  });

  it('that its application forgets is acknowledged and ended when the phone has given up (13.3.1.4)', async () => {
    const { bench, app, phone, invite, call } = calling();
    call.respond(invite, 200, { body: SDP });
    assert.is(app.take(), '200 INVITE');
    await bench.advance(31_900);
    assert.is(phone.take(), '');
    await bench.advance(200);
    assert.is(phone.take(), 'ACK, BYE');
    assert.ok((phone.last('BYE').header('Reason') ?? '').includes('ACK timeout'));
    assert.is(app.take(), 'unsolicited BYE');
    assert.equal(bench.engine.counts().dialogs, { uas: 0, uac: 0 });
  });

  it('that was acknowledged in time goes on', async () => {
    const { bench, phone } = answered();
    await bench.advance(100_000);
    assert.is(phone.take(), '');
    assert.equal(bench.engine.counts().dialogs, { uas: 0, uac: 1 });
  });

  it('meets a busy phone: the ACK is sent at once, that of the application is not needed (RFC 3665 3.9)', () => {
    const { bench, app, phone, invite, call, transactionId } = calling();
    call.respond(invite, 180);
    call.respond(invite, 486);
    assert.is(phone.take(), 'ACK');
    const ack = phone.last('ACK');
    assert.is(ack.via.branch, invite.via.branch);
    assert.is(ack.to.tag, call.localTag);
    assert.is(app.take(), '180 INVITE, 486 INVITE');
    assert.is(app.last('486 INVITE').transactionId, transactionId);
    app.requestInDialog(`${invite.callId};from-tag=${invite.from.tag ?? ''}`, 'ACK');
    assert.ok(app.take().startsWith('NOK Server error: ACK for non-success'));
    assert.is(phone.take(), '');
    assert.equal(bench.engine.counts().dialogs, { uas: 0, uac: 0 });
  });

  it('acknowledges a refusal again when it comes again', () => {
    const { app, phone, invite, call } = calling();
    call.respond(invite, 486);
    call.respond(invite, 486);
    assert.is(phone.take(), 'ACK, ACK');
    assert.is(app.take(), '486 INVITE');
  });

  it('repeats its INVITE over UDP and gives up after 32 s with a 408 of its own (facts 2.8)', async () => {
    const { bench, app } = calling();
    await bench.advance(GIVE_UP_MS);
    assert.equal(bench.times('INVITE'), [0, 500, 1500, 3500, 7500, 15_500, 31_500]);
    assert.is(app.take(), '408 INVITE');
    const { fields } = app.last('408 INVITE');
    assert.equal(fields.slice(2, 7), ['network', '0', 'udp', '', '0']);
  });

  it('is given up by the application while it rings (RFC 3665 3.8)', () => {
    const { app, phone, invite, call, transactionId } = calling();
    call.respond(invite, 180);
    app.take();
    app.cancel(transactionId, { Reason: 'SIP;cause=200;text="Call completed elsewhere"' });
    assert.is(phone.take(), 'CANCEL');
    const cancel = phone.last('CANCEL');
    assert.is(cancel.via.branch, invite.via.branch);
    assert.is(cancel.requestUri, invite.requestUri);
    assert.is(cancel.cseq.number, invite.cseq.number);
    assert.is(cancel.to.tag, undefined);
    assert.is(cancel.header('Reason'), 'SIP;cause=200;text="Call completed elsewhere"');
    call.respond(cancel, 200);
    call.respond(invite, 487);
    assert.is(phone.take(), 'ACK');
    assert.is(app.take(), 'sent CANCEL, 487 INVITE');
    assert.is.not(app.last('sent CANCEL').transactionId, transactionId);
  });

  it('holds a CANCEL back until something was heard (RFC 3261 9.1)', () => {
    const { app, phone, invite, call, transactionId } = calling();
    app.cancel(transactionId);
    assert.is(app.take(), 'sent CANCEL');
    assert.is(phone.take(), '');
    call.respond(invite, 100, { toTag: '' });
    assert.is(phone.take(), 'CANCEL');
  });

  it('tells a phone that cannot be reached as 503 after the echo (facts 2.8)', () => {
    const { bench, app } = stage();
    bench.isDown = () => true;
    app.request('INVITE sip:bob@10.77.1.60', FROM, SDP);
    assert.is(app.take(), 'sent INVITE, 503 INVITE');
    const { fields } = app.last('503 INVITE');
    assert.equal(fields.slice(3, 7), ['0', 'udp', '', '0']);
  });

  it('asks again with credentials: same Call-ID, From tag and the CSeq the application names (facts 2.6)', () => {
    const { app, phone, invite, call } = calling();
    call.respond(invite, 407, { headers: { 'Proxy-Authenticate': 'Digest realm="x", nonce="y"' } });
    const headers = {
      From: `<sip:100@hospital.example>;tag=${invite.from.tag ?? ''}`,
      'Call-ID': invite.callId,
      CSeq: `${String(invite.cseq.number + 1)} INVITE`,
      'Proxy-Authorization': 'Digest username="u"',
    };
    app.request('INVITE sip:bob@10.77.1.60', headers, SDP);
    const again = phone.last('INVITE');
    assert.is(again.callId, invite.callId);
    assert.is(again.from.tag, invite.from.tag);
    assert.is(again.cseq.number, invite.cseq.number + 1);
    call.respond(again, 200, { body: SDP });
    app.requestInDialog(app.last('200 INVITE').dialogId, 'ACK');
    // RFC 3261 22.1: the ACK carries the credentials of its INVITE.
    assert.is(phone.last('ACK').header('Proxy-Authorization'), 'Digest username="u"');
  });

  it('carries the answer in the ACK when the offer was in the 200 (late offer)', () => {
    const { app, phone } = stage();
    app.request('INVITE sip:bob@10.77.1.60', FROM);
    const invite = phone.last('INVITE');
    assert.is(invite.body.length, 0);
    phone.call(invite).respond(invite, 200, { body: SDP });
    app.requestInDialog(app.last('200 INVITE').dialogId, 'ACK', {}, SDP);
    assert.is(phone.last('ACK').body.toString(), SDP);
    assert.is(phone.last('ACK').header('Content-Type'), 'application/sdp');
  });

  it('is changed by us: the CSeq goes on, the ACK is that of the new INVITE', () => {
    const { app, phone, invite, call, dialogId } = answered();
    app.requestInDialog(dialogId, 'INVITE', {}, SDP);
    const again = phone.last('INVITE');
    assert.is(again.cseq.number, invite.cseq.number + 1);
    call.respond(again, 200, { body: SDP });
    app.requestInDialog(dialogId, 'ACK');
    assert.is(phone.last('ACK').cseq.number, again.cseq.number);
    assert.is(app.take(), 'sent INVITE, 200 INVITE, sent ACK');
  });

  it('goes on after a change that was refused', () => {
    const { app, phone, call, dialogId } = answered();
    app.requestInDialog(dialogId, 'INVITE', {}, SDP);
    call.respond(phone.last('INVITE'), 488);
    assert.is(phone.take(), 'INVITE, ACK');
    call.request('INFO');
    assert.is(app.take(), 'sent INVITE, 488 INVITE, INFO');
  });

  it('is ended by the peer', () => {
    const { bench, app, phone, call } = answered();
    call.request('BYE');
    app.answer('BYE', 200);
    assert.is(phone.take(), '200 BYE');
    assert.is(app.take(), 'BYE, sent 200 BYE');
    assert.is(app.last('sent 200 BYE').dialogId, '');
    assert.equal(bench.engine.counts().dialogs, { uas: 0, uac: 0 });
  });

  it('follows a redirection by a new request of the application', () => {
    const { bench, app, phone, invite, call } = calling();
    const other = bench.phone('carol', 61);
    call.respond(invite, 302, { contact: '<sip:carol@10.77.1.61>' });
    assert.is(phone.take(), 'ACK');
    app.request('INVITE sip:carol@10.77.1.61', FROM, SDP);
    assert.is(other.take(), 'INVITE');
  });

  it('is ended at once when the answer does not say where its phone is', () => {
    const { app, phone, invite, call } = calling();
    call.respond(invite, 200, { body: SDP, contact: '' });
    app.requestInDialog(app.last('200 INVITE').dialogId, 'ACK');
    assert.is(phone.take(), 'ACK, BYE');
    assert.is(app.take(), '200 INVITE, sent ACK, unsolicited BYE');
  });
});

spec('other requests that go out', (it) => {
  it('OPTIONS is repeated until it is answered, the answer told once', async () => {
    const { bench, app, phone } = stage();
    app.request('OPTIONS sip:bob@10.77.1.60', FROM);
    await bench.advance(2000);
    assert.equal(bench.times('OPTIONS'), [0, 500, 1500]);
    const options = phone.last('OPTIONS');
    const call = phone.call(options);
    call.respond(options, 200);
    call.respond(options, 200);
    await bench.advance(60_000);
    assert.is(app.take(), 'sent OPTIONS, 200 OPTIONS');
    assert.is(app.last('200 OPTIONS').dialogId, '');
    assert.is(bench.engine.counts().clientRequests, 0);
  });

  it('SUBSCRIBE makes a dialog, and a terminated NOTIFY ends it', () => {
    const { bench, app, phone } = stage();
    app.request('SUBSCRIBE sip:bob@10.77.1.60', { ...FROM, Event: 'presence' });
    const subscribe = phone.last('SUBSCRIBE');
    const call = phone.call(subscribe);
    call.respond(subscribe, 200, { headers: { Expires: '60' } });
    const { dialogId } = app.last('200 SUBSCRIBE');
    assert.is(dialogId, `${subscribe.callId};from-tag=${subscribe.from.tag ?? ''}`);
    call.request('NOTIFY', { headers: { Event: 'presence', 'Subscription-State': 'active' } });
    assert.is(app.last('NOTIFY').dialogId, dialogId);
    app.answer('NOTIFY', 200);
    assert.equal(bench.engine.counts().dialogs, { uas: 0, uac: 1 });
    call.request('NOTIFY', { headers: { Event: 'presence', 'Subscription-State': 'terminated' } });
    app.answer('NOTIFY', 200);
    assert.equal(bench.engine.counts().dialogs, { uas: 0, uac: 0 });
  });

  it('a NOTIFY that overtakes the 200 of its SUBSCRIBE makes the dialog (RFC 6665 4.1.2.4)', () => {
    const { bench, app, phone } = stage();
    app.request('SUBSCRIBE sip:bob@10.77.1.60', { ...FROM, Event: 'presence' });
    const subscribe = phone.last('SUBSCRIBE');
    const call = phone.call(subscribe);
    call.request('NOTIFY', { headers: { Event: 'presence', 'Subscription-State': 'active' } });
    assert.is(app.take(), 'sent SUBSCRIBE, NOTIFY');
    const dialogId = `${subscribe.callId};from-tag=${subscribe.from.tag ?? ''}`;
    assert.is(app.last('NOTIFY').dialogId, dialogId);
    app.answer('NOTIFY', 200);
    call.respond(subscribe, 200, { headers: { Expires: '60' } });
    assert.is(app.last('200 SUBSCRIBE').dialogId, dialogId);
    assert.is(phone.take(), 'SUBSCRIBE, 200 NOTIFY');
    assert.equal(bench.engine.counts().dialogs, { uas: 0, uac: 1 });
  });

  for (const [why, status] of [
    ['that the peer does not know any more', 481],
    ['that nobody answers', 408],
  ] as const) {
    it(`a NOTIFY ${why} ends the subscription (RFC 6665 4.2.2)`, async () => {
      const bench = new EngineBench();
      const app = bench.application({ routes: ['subscribe'] });
      const phone = bench.phone('alice', 50);
      const call = phone.call();
      call.request('SUBSCRIBE', { headers: { Event: 'presence', Expires: '60' } });
      app.answer('SUBSCRIBE', 202, { Expires: '60' });
      const { dialogId } = app.last('sent 202 SUBSCRIBE');
      app.requestInDialog(dialogId, 'NOTIFY', { Event: 'presence', 'Subscription-State': 'active' });
      if (status === 481) call.respond(phone.last('NOTIFY'), 481);
      else await bench.advance(GIVE_UP_MS);
      assert.ok(app.take().endsWith(`${String(status)} NOTIFY`));
      assert.is(bench.engine.counts().dialogs.uas, 0);
    });
  }

  it('a SUBSCRIBE whose application is gone leaves no subscription behind', () => {
    const { bench, app, phone } = stage();
    app.request('SUBSCRIBE sip:bob@10.77.1.60', { ...FROM, Event: 'presence' });
    const subscribe = phone.last('SUBSCRIBE');
    bench.loseApplication(app);
    const call = phone.call(subscribe);
    call.respond(subscribe, 200, { headers: { Expires: '60' } });
    call.request('NOTIFY', { headers: { Event: 'presence', 'Subscription-State': 'active' } });
    assert.is(phone.take(), 'SUBSCRIBE, 481 NOTIFY');
    assert.is(bench.engine.counts().dialogs.uac, 0);
  });

  it('that there is no room for are refused, and nothing is left of them in the dialog', async () => {
    const on = answeredByUs(stageOf({ transactionsMax: 4 }));
    for (let count = 0; count < 4; count += 1) on.phone.call().request('OPTIONS');
    on.app.requestInDialog(on.dialogId, 'INVITE', {}, SDP);
    assert.is(on.app.take(), 'NOK Server error: too many transactions');
    await on.bench.advance(40_000);
    on.app.requestInDialog(on.dialogId, 'INVITE', {}, SDP);
    assert.is(on.app.take(), 'sent INVITE');
  });
});
