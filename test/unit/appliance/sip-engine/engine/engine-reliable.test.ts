/** Reliable provisional responses (RFC 3262) and UPDATE (RFC 3311), on both sides. */
import { assert, spec } from '../../../../support/spec.js';
import { answered, calling, forget, ringing, stage } from './bench-calls.js';
import { GIVE_UP_MS, SDP } from './engine-bench.js';
import type { SipMessage } from '../../../../../appliance/sip-engine/message/sip-message.js';

const SUPPORTED = { headers: { Supported: '100rel' } };
const RELIABLE = { Require: '100rel' };

function rack(response: SipMessage): Record<string, string> {
  return { RAck: `${String(response.rseq)} ${response.header('CSeq') ?? ''}` };
}

function ringingReliably() {
  const all = ringing(stage(), SUPPORTED);
  all.app.answer('INVITE', 183, RELIABLE, SDP);
  const progress = all.phone.last('183 INVITE');
  all.call.learn(progress);
  return { ...all, progress };
}

spec('a reliable provisional response of ours', (it) => {
  it('has Require and RSeq, and is acknowledged by a PRACK that the application answers', () => {
    const { app, phone, call, progress } = ringingReliably();
    assert.ok(progress.require.includes('100rel'));
    assert.ok((progress.rseq ?? 0) >= 1);
    call.request('PRACK', { headers: rack(progress) });
    const { transactionId, dialogId } = app.last('PRACK');
    assert.is.not(transactionId, app.last('INVITE').transactionId);
    assert.is(dialogId, app.last('sent 183 INVITE').dialogId);
    app.answer('PRACK', 200);
    assert.is(phone.take(), '183 INVITE, 200 PRACK');
  });

  it('is repeated at T1, doubling without the limit T2, until its PRACK is here (RFC 3262 3)', async () => {
    const { bench, app, phone, call, progress } = ringingReliably();
    await bench.advance(16_000);
    assert.equal(bench.times('183 INVITE'), [0, 500, 1500, 3500, 7500, 15_500]);
    call.request('PRACK', { headers: rack(progress) });
    app.answer('PRACK', 200);
    phone.take();
    await bench.advance(GIVE_UP_MS);
    assert.is(phone.take(), '');
  });

  it('without its PRACK the INVITE is refused with 5xx after 64 * T1 (RFC 3262 3)', async () => {
    const { bench, app, phone } = ringingReliably();
    await bench.advance(GIVE_UP_MS);
    const status = phone.received.at(-1)?.status ?? 0;
    assert.ok(status >= 500 && status < 600, String(status));
    app.answer('INVITE', 200, {}, SDP);
    assert.ok(app.take().endsWith('NOK Response not sent due to unknown transaction'));
    assert.equal(bench.engine.counts().dialogs, { uas: 0, uac: 0 });
  });

  it('is sent one at a time: the next has its turn after the PRACK, with the next RSeq', () => {
    const { app, phone, call, progress } = ringingReliably();
    app.answer('INVITE', 180, RELIABLE);
    assert.is(phone.take(), '183 INVITE');
    call.request('PRACK', { headers: rack(progress) });
    assert.is(phone.take(), '180 INVITE');
    assert.is(phone.last('180 INVITE').rseq, (progress.rseq ?? 0) + 1);
  });

  it('holds the 2xx back while its description waits for a PRACK (RFC 3262 3)', () => {
    const { app, phone, call, progress } = ringingReliably();
    app.answer('INVITE', 200, {}, SDP);
    assert.is(phone.take(), '183 INVITE');
    call.request('PRACK', { headers: rack(progress) });
    app.answer('PRACK', 200);
    assert.is(phone.take(), '200 INVITE, 200 PRACK');
    call.ack(phone.last('200 INVITE'));
    assert.ok(app.take().endsWith('ACK'));
  });

  it('does not hold back a refusal, nor a 2xx when it has no description', () => {
    const refused = ringingReliably();
    refused.app.answer('INVITE', 486);
    assert.is(refused.phone.take(), '183 INVITE, 486 INVITE');
    const { app, phone } = ringing(stage(), SUPPORTED);
    app.answer('INVITE', 180, RELIABLE);
    app.answer('INVITE', 200, {}, SDP);
    assert.is(phone.take(), '180 INVITE, 200 INVITE');
  });

  it('is not repeated after the final response, but its PRACK still accepted (RFC 3262 3)', async () => {
    const { bench, app, phone, call } = ringing(stage(), SUPPORTED);
    app.answer('INVITE', 180, RELIABLE);
    app.answer('INVITE', 200, {}, SDP);
    call.learn(phone.last('180 INVITE'));
    call.request('PRACK', { headers: rack(phone.last('180 INVITE')) });
    assert.ok(app.take().endsWith('PRACK'));
    app.answer('PRACK', 200);
    call.ack(phone.last('200 INVITE'), {});
    forget({ bench, app, phone });
    await bench.advance(GIVE_UP_MS);
    assert.is(phone.take(), '');
    assert.is(bench.times('180 INVITE').length, 1);
  });

  it('refuses a PRACK that matches nothing with 481, and goes on waiting', async () => {
    const { bench, app, phone, call, progress } = ringingReliably();
    const wrong = [
      `${String((progress.rseq ?? 0) + 1)} 1 INVITE`,
      `${String(progress.rseq)} 2 INVITE`,
      `${String(progress.rseq)} 1 UPDATE`,
    ];
    phone.take();
    for (const RAck of wrong) call.request('PRACK', { headers: { RAck } });
    assert.is(phone.take(), '481 PRACK, 481 PRACK, 481 PRACK');
    assert.ok(!app.take().includes('PRACK'));
    await bench.advance(500);
    assert.is(phone.take(), '183 INVITE');
  });

  it('refuses a second PRACK for the same response with 481, repeats the answer to a repeated one', () => {
    const { app, phone, call, progress } = ringingReliably();
    phone.take();
    call.request('PRACK', { headers: rack(progress) });
    app.answer('PRACK', 200);
    call.repeat();
    call.request('PRACK', { headers: rack(progress) });
    assert.is(phone.take(), '200 PRACK, 200 PRACK, 481 PRACK');
  });

  it('is refused to the application when the peer does not know 100rel (facts 2.6)', () => {
    const { app, phone } = ringing();
    app.answer('INVITE', 183, RELIABLE, SDP);
    assert.is(app.take(), 'NOK Remote endpoint does not support 100rel');
    assert.is(phone.take(), '');
    app.answer('INVITE', 200, {}, SDP);
    assert.is(phone.take(), '200 INVITE');
  });

  it('is not repeated any more when the caller gives up', async () => {
    const { bench, phone, call } = ringingReliably();
    call.cancel();
    call.ackRefusal(phone.last('487 INVITE'));
    phone.take();
    await bench.advance(GIVE_UP_MS);
    assert.is(phone.take(), '');
  });

  it('needs no PRACK when it is not reliable', async () => {
    const { bench, app, phone } = ringing(stage(), SUPPORTED);
    app.answer('INVITE', 180);
    await bench.advance(GIVE_UP_MS);
    assert.is(phone.take(), '180 INVITE');
  });
});

spec('a reliable provisional response of the peer', (it) => {
  const reliable = (rseq: number) => ({ headers: { Require: '100rel', RSeq: String(rseq) }, body: SDP });

  it('is told, and acknowledged by the PRACK of the application with the next CSeq', () => {
    const { app, phone, invite, call } = calling();
    call.respond(invite, 183, reliable(7));
    const { dialogId } = app.last('183 INVITE');
    const cseq = `${String(invite.cseq.number)} INVITE`;
    app.requestInDialog(dialogId, 'PRACK', { RAck: `7 ${cseq}` });
    const prack = phone.last('PRACK');
    assert.is(prack.cseq.number, invite.cseq.number + 1);
    assert.is(prack.header('RAck'), `7 ${cseq}`);
    assert.is(prack.to.tag, call.localTag);
    call.respond(prack, 200);
    assert.is(app.take(), '183 INVITE, sent PRACK, 200 PRACK');
    // The ACK has the CSeq of the INVITE all the same.
    call.respond(invite, 200);
    app.requestInDialog(dialogId, 'ACK');
    assert.is(phone.last('ACK').cseq.number, invite.cseq.number);
  });

  it('is not told twice, nor after a gap (RFC 3262 4)', () => {
    const { app, invite, call } = calling();
    call.respond(invite, 183, reliable(7));
    call.respond(invite, 183, reliable(7));
    call.respond(invite, 183, reliable(9));
    assert.is(app.take(), '183 INVITE');
    call.respond(invite, 183, reliable(8));
    call.respond(invite, 183, reliable(9));
    assert.is(app.take(), '183 INVITE, 183 INVITE');
  });

  it('is counted for each branch of a fork by itself (RFC 3262 4)', () => {
    const { bench, app, invite, call } = calling();
    const fork = bench.phone('carol', 61).call(invite);
    call.respond(invite, 183, reliable(7));
    fork.respond(invite, 183, reliable(100));
    call.respond(invite, 183, reliable(8));
    assert.is(app.take(), '183 INVITE, 183 INVITE, 183 INVITE');
  });
});

spec('UPDATE (RFC 3311)', (it) => {
  it('before the answer goes by the name of its INVITE and is answered under it (facts 2.6)', () => {
    const { app, phone, call } = ringingReliably();
    call.request('PRACK', { headers: rack(phone.last('183 INVITE')) });
    app.answer('PRACK', 200);
    forget({ app, phone } as never);
    call.request('UPDATE', { body: SDP });
    const { transactionId } = app.last('INVITE');
    assert.is(app.last('UPDATE').transactionId, transactionId);
    app.respond(transactionId, 200, { CSeq: `${String(call.seq)} UPDATE` }, SDP);
    assert.is(phone.take(), '200 UPDATE');
    app.respond(transactionId, 200, { CSeq: '1 INVITE' }, SDP);
    assert.is(phone.take(), '200 INVITE');
  });

  it('in a call moves the peer and has a Contact in its 2xx (RFC 3311 5.2)', () => {
    const { bench, app, phone, call, dialogId } = answered();
    const moved = bench.phone('alice', 51);
    moved.flow = phone.flow;
    call.request('UPDATE', { contact: '<sip:alice@10.77.1.50:5070>' });
    app.answer('UPDATE', 200);
    assert.ok(phone.last('200 UPDATE').header('Contact') !== undefined);
    app.requestInDialog(dialogId, 'INFO');
    assert.is(bench.sent.at(-1)?.message.requestUri, 'sip:alice@10.77.1.50:5070');
  });

  it('that comes while another is not answered gets 500 with Retry-After (5.2)', () => {
    const { app, phone, call } = answered();
    call.request('UPDATE', { body: SDP });
    call.request('UPDATE', { body: SDP });
    assert.is(phone.take(), '500 UPDATE');
    const retryAfter = phone.last('500 UPDATE').retryAfter ?? -1;
    assert.ok(retryAfter >= 0 && retryAfter <= 10);
    app.answer('UPDATE', 200, {}, SDP);
    call.request('UPDATE', { body: SDP });
    app.answer('UPDATE', 200, {}, SDP);
    assert.is(phone.take(), '200 UPDATE, 200 UPDATE');
  });

  it('with an offer while ours waits for an answer gets 491 (5.2)', () => {
    const { app, phone, call, dialogId } = answered();
    app.requestInDialog(dialogId, 'UPDATE', {}, SDP);
    call.request('UPDATE', { body: SDP });
    assert.is(phone.take(), 'UPDATE, 491 UPDATE');
    call.respond(phone.last('UPDATE'), 200, { body: SDP });
    call.request('UPDATE', { body: SDP });
    assert.is(app.take(), 'sent UPDATE, 200 UPDATE, UPDATE');
  });

  it('with an offer while our re-INVITE with one waits gets 491 (5.2)', () => {
    const { app, phone, call, dialogId } = answered();
    app.requestInDialog(dialogId, 'INVITE', {}, SDP);
    call.request('UPDATE', { body: SDP });
    assert.is(phone.take(), 'INVITE, 491 UPDATE');
  });

  it('with an offer while the peer waits for the answer to its re-INVITE gets 500 (5.2)', () => {
    const { phone, call } = answered();
    call.request('INVITE', { body: SDP });
    call.request('UPDATE', { body: SDP });
    assert.is(phone.take(), '100 INVITE, 500 UPDATE');
    assert.ok(phone.last('500 UPDATE').retryAfter !== undefined);
  });

  it('without an offer is let through beside our re-INVITE', () => {
    const { app, call, dialogId } = answered();
    app.requestInDialog(dialogId, 'INVITE', {}, SDP);
    call.request('UPDATE');
    assert.is(app.take(), 'sent INVITE, UPDATE');
  });

  it('of ours in an early dialog goes to the branch that rang', () => {
    const { app, phone, invite, call } = calling();
    call.respond(invite, 183, { headers: { Require: '100rel', RSeq: '1' }, body: SDP });
    const { dialogId } = app.last('183 INVITE');
    app.requestInDialog(dialogId, 'PRACK', { RAck: `1 ${String(invite.cseq.number)} INVITE` });
    call.respond(phone.last('PRACK'), 200);
    app.requestInDialog(dialogId, 'UPDATE', {}, SDP);
    assert.is(phone.last('UPDATE').cseq.number, invite.cseq.number + 2);
    call.respond(phone.last('UPDATE'), 200, { body: SDP });
    call.respond(invite, 200);
    app.requestInDialog(dialogId, 'ACK');
    app.requestInDialog(dialogId, 'BYE');
    assert.is(phone.last('BYE').cseq.number, invite.cseq.number + 3);
  });
});
