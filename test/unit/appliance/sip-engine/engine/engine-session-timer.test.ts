/** Session timers (RFC 4028) of both sides. */
import { assert, spec } from '../../../../support/spec.js';
import { answered, calling, forget, ringing, stage, type CallOnStage } from './bench-calls.js';
import { SDP } from './engine-bench.js';

const POLICY_UAS = { settings: { sessionTimers: { minSe: 90, defaultRefresher: 'uas' as const } } };

function offer(value: string, more: Record<string, string> = {}) {
  return { headers: { Supported: 'timer', 'Session-Expires': value, ...more } };
}

/** The peer offered `value` and the call is up. */
function timed(value: string, options = {}): CallOnStage {
  return answered(stage(options), offer(value));
}

/** The application called with `headers`, the phone answered with `answer`. */
function timedCall(answer: Record<string, string>): CallOnStage {
  const on = stage();
  const headers = { Supported: 'timer', 'Session-Expires': '200' };
  on.app.request('INVITE sip:alice@10.77.1.50', headers, SDP);
  const invite = on.phone.last('INVITE');
  const call = on.phone.call(invite);
  call.respond(invite, 200, { headers: answer, body: SDP });
  const { dialogId } = on.app.last('200 INVITE');
  on.app.requestInDialog(dialogId, 'ACK');
  forget(on);
  return { ...on, call, dialogId };
}

spec('what is agreed on when a call comes in', (it) => {
  it('an interval below our least is refused with 422 and Min-SE (section 9)', () => {
    const { app, phone } = ringing(stage(), offer('60'));
    assert.is(phone.received.at(-1)?.status, 422);
    assert.is(phone.received.at(-1)?.minSe, 90);
    assert.is(app.told.length, 0);
  });

  it('a peer that refreshes is told so, and required to know the timer (table 2)', () => {
    const { phone } = timed('200;refresher=uac');
    const response = phone.last('200 INVITE');
    assert.equal(response.sessionExpires, { interval: 200, refresher: 'uac' });
    assert.ok(response.require.includes('timer'));
  });

  it('who refreshes when the peer does not say is for the configuration', () => {
    assert.is(timed('200').phone.last('200 INVITE').sessionExpires?.refresher, 'uac');
    assert.is(timed('200', POLICY_UAS).phone.last('200 INVITE').sessionExpires?.refresher, 'uas');
    const chosen = timed('200;refresher=uac', POLICY_UAS);
    assert.is(chosen.phone.last('200 INVITE').sessionExpires?.refresher, 'uac');
  });

  it('for a peer that does not know the timer we refresh, and require nothing (table 2)', () => {
    const on = stage();
    const { phone } = answered(on, { headers: { 'Session-Expires': '200' } });
    const response = phone.last('200 INVITE');
    assert.equal(response.sessionExpires, { interval: 200, refresher: 'uas' });
    assert.equal(response.require, []);
  });

  it('without an offer there is no timer', async () => {
    const { bench, app, phone } = answered();
    assert.is(phone.last('200 INVITE').sessionExpires, undefined);
    await bench.advance(10_000_000);
    assert.is(app.take(), '');
  });
});

spec('a session that we refresh', (it) => {
  it('is refreshed at half of the interval with the session that is agreed on, and nobody is told', async () => {
    const { bench, app, phone, call } = timed('200;refresher=uas');
    await bench.advance(99_000);
    assert.is(phone.take(), '');
    await bench.advance(1000);
    assert.is(phone.take(), 'INVITE');
    const refresh = phone.last('INVITE');
    assert.is(refresh.body.toString(), SDP);
    assert.equal(refresh.sessionExpires, { interval: 200, refresher: 'uac' });
    assert.ok(refresh.supported.includes('timer'));
    call.respond(refresh, 200, { headers: { 'Session-Expires': '200;refresher=uac' }, body: SDP });
    assert.is(phone.take(), 'ACK');
    assert.is(app.take(), '');
    await bench.advance(100_000);
    assert.is(phone.take(), 'INVITE');
  });

  it('is refreshed with the description that was last said, wherever it was said', async () => {
    const early = ringing(stage(), {
      headers: { Supported: 'timer, 100rel', 'Session-Expires': '200;refresher=uas' },
    });
    early.app.answer('INVITE', 183, { Require: '100rel' }, SDP);
    const progress = early.phone.last('183 INVITE');
    early.call.learn(progress);
    early.call.request('PRACK', { headers: { RAck: `${String(progress.rseq)} 1 INVITE` } });
    early.app.answer('PRACK', 200);
    early.app.answer('INVITE', 200);
    early.call.ack(early.phone.last('200 INVITE'));
    await early.bench.advance(100_000);
    assert.is(early.phone.last('INVITE').body.toString(), SDP);

    const late = stage();
    late.app.request('INVITE sip:alice@10.77.1.50', { Supported: 'timer', 'Session-Expires': '200' });
    const invite = late.phone.last('INVITE');
    const headers = { 'Session-Expires': '200;refresher=uac' };
    late.phone.call(invite).respond(invite, 200, { headers, body: SDP });
    const answer = SDP.replace('4000', '5000');
    late.app.requestInDialog(late.app.last('200 INVITE').dialogId, 'ACK', {}, answer);
    await late.bench.advance(100_000);
    assert.is(late.phone.last('INVITE').body.toString(), answer);
  });

  it('ends with BYE and Reason when the refresh is refused, and the application is told', async () => {
    const { bench, app, phone, call } = timed('200;refresher=uas');
    await bench.advance(100_000);
    call.respond(phone.last('INVITE'), 481);
    assert.is(phone.take(), 'INVITE, ACK, BYE');
    assert.is(app.take(), 'unsolicited BYE');
    assert.equal(bench.engine.counts().dialogs, { uas: 0, uac: 0 });
  });

  it('ends when nobody answers the refresh', async () => {
    const { bench, app } = timed('200;refresher=uas');
    await bench.advance(132_000);
    assert.is(app.take(), 'unsolicited BYE');
  });

  it('tries again after 491 (RFC 3261 14.1), on a wall clock that stands still as well', async () => {
    const { bench, phone, call } = timed('200;refresher=uas');
    await bench.advance(100_000);
    call.respond(phone.last('INVITE'), 491);
    phone.take();
    await bench.advance(4000);
    assert.is(phone.take(), 'INVITE');
  });

  it('is not refreshed twice when the peer re-INVITEs meanwhile', async () => {
    const { bench, app, phone, call } = timed('200;refresher=uas');
    await bench.advance(90_000);
    call.request('INVITE', { ...offer('200;refresher=uas'), body: SDP });
    app.answer('INVITE', 200, {}, SDP);
    call.ack(phone.last('200 INVITE'));
    phone.take();
    await bench.advance(99_000);
    assert.is(phone.take(), '');
    await bench.advance(1000);
    assert.is(phone.take(), 'INVITE');
  });

  it('waits with its refresh while the application changes the call', async () => {
    const { bench, app, phone, call, dialogId } = timed('200;refresher=uas');
    await bench.advance(99_900);
    app.requestInDialog(dialogId, 'INVITE', {}, SDP);
    await bench.advance(200);
    assert.is(phone.take(), 'INVITE');
    call.respond(phone.last('INVITE'), 200, { body: SDP });
  });

  it('as the caller, too, when the answer says so (section 7.2)', async () => {
    const { bench, phone } = timedCall({ 'Session-Expires': '200;refresher=uac', Require: 'timer' });
    await bench.advance(100_000);
    assert.is(phone.take(), 'INVITE');
  });
});

spec('a session that the peer refreshes', (it) => {
  it('ends a little before its interval with BYE, and the application is told (section 10)', async () => {
    const { bench, app, phone } = timed('200;refresher=uac');
    await bench.advance(167_900);
    assert.is(phone.take(), '');
    await bench.advance(200);
    assert.is(phone.take(), 'BYE');
    assert.is(phone.last('BYE').header('Reason'), 'SIP;cause=408;text="Session timer expired"');
    assert.is(app.take(), 'unsolicited BYE');
  });

  it('by a third of a short interval before its end', async () => {
    const { bench, app } = timed('90;refresher=uac');
    await bench.advance(59_900);
    assert.is(app.take(), '');
    await bench.advance(200);
    assert.is(app.take(), 'unsolicited BYE');
  });

  it('goes on with each re-INVITE of the peer', async () => {
    const { bench, app, phone, call } = timed('200;refresher=uac');
    for (let round = 0; round < 4; round += 1) {
      await bench.advance(100_000);
      call.request('INVITE', { ...offer('200;refresher=uac'), body: SDP });
      app.answer('INVITE', 200, {}, SDP);
      call.ack(phone.last('200 INVITE'));
    }
    assert.ok(!app.take().includes('unsolicited'));
  });

  it('goes on with each UPDATE of the peer, whose 2xx says the timer again', async () => {
    const { bench, app, phone, call } = timed('200;refresher=uac');
    for (let round = 0; round < 4; round += 1) {
      await bench.advance(100_000);
      call.request('UPDATE', offer('200;refresher=uac'));
      app.answer('UPDATE', 200);
      assert.equal(phone.last('200 UPDATE').sessionExpires, { interval: 200, refresher: 'uac' });
    }
    assert.ok(!app.take().includes('unsolicited'));
  });

  it('has no timer any more when a change of the peer offers none (section 7.2)', async () => {
    const { bench, app, phone, call } = timed('200;refresher=uac');
    call.request('INVITE', { body: SDP });
    app.answer('INVITE', 200, {}, SDP);
    call.ack(phone.last('200 INVITE'));
    forget({ bench, app, phone });
    await bench.advance(1_000_000);
    assert.is(app.take(), '');
  });

  it('has no timer any more when the answer to a change of ours says none (section 7.2)', async () => {
    const { bench, app, phone, call, dialogId } = timedCall({ 'Session-Expires': '200;refresher=uas' });
    app.requestInDialog(dialogId, 'INVITE', {}, SDP);
    call.respond(phone.last('INVITE'), 200, { body: SDP });
    app.requestInDialog(dialogId, 'ACK');
    forget({ bench, app, phone });
    await bench.advance(1_000_000);
    assert.is(app.take(), '');
  });

  it('is asked for again in every change of the application, with the roles as they are (section 7.4)', () => {
    const { app, phone, dialogId } = timedCall({ 'Session-Expires': '200;refresher=uas' });
    app.requestInDialog(dialogId, 'INVITE', {}, SDP);
    assert.equal(phone.last('INVITE').sessionExpires, { interval: 200, refresher: 'uas' });
    assert.ok(phone.last('INVITE').supported.includes('timer'));
    app.requestInDialog(dialogId, 'UPDATE', { 'Session-Expires': '300;refresher=uac' });
    assert.equal(phone.last('UPDATE').sessionExpires, { interval: 300, refresher: 'uac' });
    app.requestInDialog(dialogId, 'INFO');
    assert.is(phone.last('INFO').sessionExpires, undefined);
  });

  it('is not ended by a wall clock that jumps', async () => {
    const { bench, app } = timed('200;refresher=uac');
    bench.clock.jumpWall(3_600_000);
    await bench.advance(100_000);
    assert.is(app.take(), '');
    await bench.advance(70_000);
    assert.is(app.take(), 'unsolicited BYE');
  });

  it('refuses an interval in a later request that is too small with 422, the call goes on', () => {
    const { app, phone, call } = timed('200;refresher=uac');
    call.request('INVITE', { ...offer('30'), body: SDP });
    call.request('UPDATE', offer('30'));
    assert.is(phone.take(), '422 INVITE, 422 UPDATE');
    assert.is(app.take(), '');
  });
});

spec('a session without an application', (it) => {
  it('is refreshed all the same', async () => {
    const { bench, app, phone, call } = timed('200;refresher=uas');
    bench.loseApplication(app);
    await bench.advance(100_000);
    call.respond(phone.last('INVITE'), 200, { body: SDP });
    assert.is(phone.take(), 'INVITE, ACK');
  });

  it('the caller that asks for no timer gets none', async () => {
    const { bench, app, call, invite } = calling();
    call.respond(invite, 200, { body: SDP });
    app.requestInDialog(app.last('200 INVITE').dialogId, 'ACK');
    app.take();
    await bench.advance(10_000_000);
    assert.is(app.take(), '');
  });
});
