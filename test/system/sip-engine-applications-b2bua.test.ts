/** drachtio-srf 5.0.29, unmodified, between two phones: createB2BUA with its options, proxyRequest, transfers. */
import type { RawDialog } from '../support/sip/raw-dialog.js';
import type { RawSipPeer, ReceivedSip } from '../support/sip/raw-sip-peer.js';
import { answerOutside, SipBench } from '../support/sip/sip-bench.js';
import { allOf, headerOf, sdp, type HeaderList, type SipText } from '../support/sip/sip-text.js';
import { assert, spec, type TestContext } from '../support/spec.js';

let bench: SipBench;

/** A phone has called, the application has begun createB2BUA, the INVITE of the other leg has arrived. */
interface Legs {
  readonly a: RawDialog;
  readonly b: RawDialog;
  readonly inviteA: SipText;
  readonly inviteB: ReceivedSip;
  readonly phoneB: RawSipPeer;
  readonly command: number;
}

async function beginLegs(
  t: TestContext,
  options: object = {},
  invite: { readonly headers?: HeaderList; readonly body?: string } = {},
): Promise<Legs> {
  const a = await bench.startCall(t);
  const phoneB = await bench.openPeer(t);
  const inviteA = a.invite(invite);
  const { name } = await bench.application.request('INVITE');
  const command = bench.application.begin('createB2BUA', { request: name, uri: phoneB.uri(), options });
  const inviteB = await phoneB.expectRequest('INVITE');
  return { a, b: bench.called(phoneB, inviteB), inviteA, inviteB, phoneB, command };
}

async function answerLegs(legs: Legs, parts: { headers?: HeaderList } = {}): Promise<ReceivedSip> {
  legs.b.answer(legs.inviteB, 200, { body: sdp(43_000), ...parts });
  const ok = await legs.a.response(legs.inviteA, 200);
  legs.a.learn(ok);
  legs.a.ack(legs.inviteA);
  await legs.b.incoming('ACK');
  return ok;
}

async function dialogsOf(legs: Legs): Promise<{ readonly uas: string; readonly uac: string }> {
  const made = (await bench.application.result(legs.command)) as unknown as {
    readonly uas: { readonly dialog: string };
    readonly uac: { readonly dialog: string };
  };
  return { uas: made.uas.dialog, uac: made.uac.dialog };
}

spec('an application between two phones', (it, before) => {
  before(async (t) => {
    bench = await SipBench.start(t, { application: { methods: ['invite'] } });
  });

  it('offer and answer pass unchanged, and each leg is a call of its own', async (t) => {
    const legs = await beginLegs(t);
    assert.is(legs.inviteB.body, legs.inviteA.body);
    assert.is.not(headerOf(legs.inviteB, 'Call-ID'), headerOf(legs.inviteA, 'Call-ID'));
    assert.match(headerOf(legs.inviteB, 'From'), /sip:caller@/);
    const ok = await answerLegs(legs);
    assert.is(ok.body, sdp(43_000));
    const { uac } = await dialogsOf(legs);
    await legs.a.exchange('BYE', 200);
    const command = bench.application.begin('destroy', { dialog: uac });
    legs.b.answer(await legs.b.incoming('BYE'), 200);
    await bench.application.result(command);
  });

  it('the SDP for either leg may be given as a text', async (t) => {
    const legs = await beginLegs(t, { localSdpA: sdp(44_000), localSdpB: sdp(44_002) });
    assert.is(legs.inviteB.body, sdp(44_002));
    assert.is((await answerLegs(legs)).body, sdp(44_000));
  });

  it('the SDP for the calling leg may come from a function or a promise', async (t) => {
    for (const kind of ['function', 'promise']) {
      const legs = await beginLegs(t, { localSdpA: { kind, sdp: sdp(44_004) } });
      assert.is((await answerLegs(legs)).body, sdp(44_004));
      await dialogsOf(legs);
    }
  });

  it('an application that fails to make its SDP ends the leg that was answered', async (t) => {
    const legs = await beginLegs(t, { localSdpA: { kind: 'throws', sdp: '' } });
    legs.b.answer(legs.inviteB, 200, { body: sdp() });
    await legs.b.incoming('ACK');
    legs.b.answer(await legs.b.incoming('BYE'), 200);
    assert.match((await bench.failure(legs.command)).message, /cannot make an SDP/);
  });

  it('headers of the call that are named pass to the other leg, and so do those of the answer', async (t) => {
    const legs = await beginLegs(
      t,
      { proxyRequestHeaders: ['X-Ward', 'Subject'], proxyResponseHeaders: ['X-Bed'] },
      {
        headers: [
          ['X-Ward', '4'],
          ['Subject', 'Grüße'],
          ['X-Secret', 'no'],
        ],
      },
    );
    assert.is(headerOf(legs.inviteB, 'X-Ward'), '4');
    assert.is(headerOf(legs.inviteB, 'Subject'), 'Grüße');
    assert.is(headerOf(legs.inviteB, 'X-Secret'), '');
    const ok = await answerLegs(legs, {
      headers: [
        ['X-Bed', '12'],
        ['X-Other', 'no'],
      ],
    });
    assert.is(headerOf(ok, 'X-Bed'), '12');
    assert.is(headerOf(ok, 'X-Other'), '');
  });

  it('all headers pass but those that are taken out, and never those of the dialog', async (t) => {
    const legs = await beginLegs(
      t,
      { proxyRequestHeaders: ['all', '-X-Secret'] },
      {
        headers: [
          ['X-Ward', '4'],
          ['X-Secret', 'no'],
        ],
      },
    );
    assert.is(headerOf(legs.inviteB, 'X-Ward'), '4');
    assert.is(headerOf(legs.inviteB, 'X-Secret'), '');
    assert.is(allOf(legs.inviteB, 'Via').length, 1);
    assert.is(allOf(legs.inviteB, 'Content-Length').length, 1);
    legs.b.answer(legs.inviteB, 404);
    legs.a.ackFailure(legs.inviteA, await legs.a.response(legs.inviteA, 404));
    await bench.failure(legs.command);
  });

  it('headers for the answer may be given, as data or by a function', async (t) => {
    const first = await beginLegs(t, { responseHeaders: { 'X-Made': 'as data' } });
    assert.is(headerOf(await answerLegs(first), 'X-Made'), 'as data');
    const second = await beginLegs(t, { responseHeaders: 'function' });
    assert.is(headerOf(await answerLegs(second), 'X-Made'), 'by a function');
  });

  it('a refusal passes to the caller with its reason', async (t) => {
    const legs = await beginLegs(t);
    legs.b.answer(legs.inviteB, 486, { reason: 'Busy Here' });
    const busy = await legs.a.response(legs.inviteA, 486);
    assert.is(busy.startLine, 'SIP/2.0 486 Busy Here');
    legs.a.ackFailure(legs.inviteA, busy);
    assert.is((await bench.failure(legs.command)).status, 486);
  });

  it('with passFailure false the application answers the refused call itself', async (t) => {
    const a = await bench.startCall(t);
    const phoneB = await bench.openPeer(t);
    const inviteA = a.invite();
    const { name } = await bench.application.request('INVITE');
    const options = { passFailure: false };
    const command = bench.application.begin('createB2BUA', { request: name, uri: phoneB.uri(), options });
    const inviteB = await phoneB.expectRequest('INVITE');
    bench.called(phoneB, inviteB).answer(inviteB, 404);
    assert.is((await bench.failure(command)).status, 404);
    assert.is(
      a.peer.count(({ status }) => status === 404),
      0,
    );
    await bench.application.do('respond', { request: name, status: 480 });
    a.ackFailure(inviteA, await a.response(inviteA, 480));
  });

  it('180 and early media pass, or stay with the application when it says so', async (t) => {
    const legs = await beginLegs(t);
    legs.b.answer(legs.inviteB, 180);
    await legs.a.response(legs.inviteA, 180);
    legs.b.answer(legs.inviteB, 183, { body: sdp(43_000) });
    assert.is((await legs.a.response(legs.inviteA, 183)).body, sdp(43_000));
    await answerLegs(legs);
    const quiet = await beginLegs(t, { passProvisionalResponses: false });
    quiet.b.answer(quiet.inviteB, 180);
    await answerLegs(quiet);
    assert.is(
      quiet.a.peer.count(({ status }) => status === 180),
      0,
    );
  });

  it('the caller gives up: CANCEL with its Reason to the callee, 487 to both', async (t) => {
    const legs = await beginLegs(t);
    legs.b.answer(legs.inviteB, 180);
    await legs.a.response(legs.inviteA, 180);
    legs.a.cancel(legs.inviteA, { headers: [['Reason', 'SIP;cause=487']] });
    await legs.a.peer.expectResponse(200, 'CANCEL');
    legs.a.ackFailure(legs.inviteA, await legs.a.response(legs.inviteA, 487));
    const cancel = await legs.phoneB.expectRequest('CANCEL');
    assert.is(headerOf(cancel, 'Reason'), 'SIP;cause=487');
    answerOutside(cancel, 200);
    legs.b.answer(legs.inviteB, 487);
    await legs.b.incoming('ACK');
    assert.is((await bench.failure(legs.command)).status, 487);
  });

  it('a call without offer: the SDP of the callee goes up with the 200, the answer down with the ACK', async (t) => {
    const a = await bench.startCall(t);
    const phoneB = await bench.openPeer(t);
    const inviteA = a.request('INVITE', { headers: [a.contact] });
    const { name } = await bench.application.request('INVITE');
    const command = bench.application.begin('createB2BUA', { request: name, uri: phoneB.uri() });
    const inviteB = await phoneB.expectRequest('INVITE');
    assert.is(inviteB.body, '');
    const b = bench.called(phoneB, inviteB);
    b.answer(inviteB, 200, { body: sdp(43_002) });
    const ok = await a.response(inviteA, 200);
    assert.is(ok.body, sdp(43_002));
    a.learn(ok);
    a.ack(inviteA, { body: sdp(43_004) });
    assert.is((await b.incoming('ACK')).body, sdp(43_004));
    await bench.application.result(command);
  });

  it('reliable provisional responses are acknowledged on both legs (RFC 3262)', async (t) => {
    const legs = await beginLegs(
      t,
      { proxyRequestHeaders: ['supported'], proxyResponseHeaders: ['require'] },
      { headers: [['Supported', '100rel']] },
    );
    legs.b.answer(legs.inviteB, 183, {
      headers: [
        ['Require', '100rel'],
        ['RSeq', '7'],
      ],
      body: sdp(43_000),
    });
    const prackB = await legs.b.incoming('PRACK');
    assert.is(headerOf(prackB, 'RAck'), `7 ${headerOf(legs.inviteB, 'CSeq')}`);
    legs.b.answer(prackB, 200);
    const progress = await legs.a.response(legs.inviteA, 183);
    assert.match(headerOf(progress, 'Require'), /100rel/);
    legs.a.learn(progress);
    const rack = `${headerOf(progress, 'RSeq')} ${headerOf(legs.inviteA, 'CSeq')}`;
    await legs.a.exchange('PRACK', 200, { headers: [['RAck', rack]] });
    await answerLegs(legs);
    await dialogsOf(legs);
  });

  it('a 200 of the callee without Contact is a 500 for the caller', async (t) => {
    const legs = await beginLegs(t);
    answerOutside(legs.inviteB, 200);
    legs.a.ackFailure(legs.inviteA, await legs.a.response(legs.inviteA, 500));
    assert.is((await bench.failure(legs.command)).status, 500);
  });

  it('a call without Contact is refused and reaches no phone', async (t) => {
    const a = await bench.startCall(t);
    const invite = a.request('INVITE', { body: sdp() });
    const refused = await a.response(invite, 400);
    a.ackFailure(invite, refused);
  });

  it('a re-INVITE of the callee before the ACK of the caller waits for it', async (t) => {
    const legs = await beginLegs(t);
    legs.b.answer(legs.inviteB, 200, { body: sdp(43_000) });
    await legs.b.incoming('ACK');
    const ok = await legs.a.response(legs.inviteA, 200);
    const { uac } = await dialogsOf(legs);
    const early = legs.b.request('INVITE', { headers: [legs.b.contact], body: sdp(43_000, 'sendrecv', 2) });
    assert.is(
      legs.phoneB.count(
        ({ status, text }) => status === 200 && text.includes(`CSeq: ${headerOf(early, 'CSeq')}`),
      ),
      0,
    );
    legs.a.learn(ok);
    legs.a.ack(legs.inviteA);
    const answer = await legs.b.response(early, 200);
    assert.is(answer.body, sdp());
    legs.b.ack(early);
    await bench.application.do('dialog', { dialog: uac });
  });

  it('a proxied call passes with one more Via, and the answer without it', async (t) => {
    const a = await bench.startCall(t);
    const phoneB = await bench.openPeer(t);
    const invite = a.invite();
    const { name } = await bench.application.request('INVITE');
    const command = bench.application.begin('proxyRequest', {
      request: name,
      destinations: [phoneB.uri()],
      options: { recordRoute: true },
    });
    const passed = await phoneB.expectRequest('INVITE');
    assert.is(allOf(passed, 'Via').length, 2);
    assert.is(headerOf(passed, 'Max-Forwards'), '69');
    assert.match(headerOf(passed, 'Record-Route'), /;lr/);
    const b = bench.called(phoneB, passed);
    b.answer(passed, 180);
    await a.response(invite, 180);
    b.answer(passed, 200, { body: sdp() });
    const ok = await a.response(invite, 200);
    assert.is(allOf(ok, 'Via').length, 1);
    const { finalStatus } = await bench.application.result(command);
    assert.is(finalStatus, 200);
    a.learn(ok);
    a.ack(invite);
    await b.incoming('ACK');
    const bye = a.request('BYE');
    b.answer(await b.incoming('BYE'), 200);
    await a.response(bye, 200);
  });

  it('a proxied call goes to the next destination when the first refuses', async (t) => {
    const a = await bench.startCall(t);
    const [first, second] = [await bench.openPeer(t), await bench.openPeer(t)];
    const invite = a.invite();
    const { name } = await bench.application.request('INVITE');
    const command = bench.application.begin('proxyRequest', {
      request: name,
      destinations: [first.uri(), second.uri()],
    });
    const one = await first.expectRequest('INVITE');
    bench.called(first, one).answer(one, 486);
    await first.expectRequest('ACK');
    const two = await second.expectRequest('INVITE');
    bench.called(second, two).answer(two, 404);
    const refused = await a.peer.expect('the best refusal arrives', ({ status }) => status >= 400);
    assert.ok([404, 486].includes(refused.status));
    a.ackFailure(invite, refused);
    assert.is((await bench.application.result(command))['connected'], false);
  });
});

spec('transfers by an application', (it, before) => {
  before(async (t) => {
    bench = await SipBench.start(t, { application: { methods: ['invite', 'refer'] } });
  });

  it('a phone asks for a transfer, the application accepts it and reports its progress', async (t) => {
    const { call, dialog } = await bench.answeredCall(t, { listen: ['refer'] });
    const refer = call.request('REFER', {
      headers: [['Refer-To', '<sip:surgery@127.0.0.1>'], call.contact],
    });
    const event = await bench.application.dialogEvent(dialog, 'refer');
    await bench.application.do('respond', { request: event['request'], status: 202 });
    await call.response(refer, 202);
    for (const state of ['active;expires=60', 'terminated;reason=noresource']) {
      const command = bench.application.begin('dialogRequest', {
        dialog,
        options: {
          method: 'NOTIFY',
          headers: { Event: 'refer', 'Subscription-State': state, 'Content-Type': 'message/sipfrag' },
          body: 'SIP/2.0 200 OK\r\n',
        },
      });
      const notify = await call.incoming('NOTIFY');
      assert.is(headerOf(notify, 'Subscription-State'), state);
      assert.is(notify.body, 'SIP/2.0 200 OK\r\n');
      call.answer(notify, 200);
      assert.is((await bench.application.result(command))['status'], 200);
    }
    // The end of the subscription is not the end of the call.
    await call.exchange('BYE', 200);
    await bench.application.dialogEvent(dialog, 'destroy');
  });

  it('the application asks a phone to transfer, and gets its NOTIFY', async (t) => {
    const { call, dialog } = await bench.madeCall(t, {}, ['notify']);
    const replaces = 'abc%40phone%3Bto-tag%3D1%3Bfrom-tag%3D2';
    const command = bench.application.begin('dialogRequest', {
      dialog,
      options: { method: 'REFER', headers: { 'Refer-To': `<sip:x@127.0.0.1?Replaces=${replaces}>` } },
    });
    const refer = await call.incoming('REFER');
    assert.is(headerOf(refer, 'Refer-To'), `<sip:x@127.0.0.1?Replaces=${replaces}>`);
    assert.is.not(headerOf(refer, 'Contact'), '');
    call.answer(refer, 202);
    assert.is((await bench.application.result(command))['status'], 202);
    const notify = call.request('NOTIFY', {
      headers: [
        ['Event', 'refer'],
        ['Subscription-State', 'terminated;reason=noresource'],
        ['Content-Type', 'message/sipfrag'],
        call.contact,
      ],
      body: 'SIP/2.0 200 OK',
    });
    const event = await bench.application.dialogEvent(dialog, 'notify');
    await bench.application.do('respond', { request: event['request'], status: 200 });
    await call.response(notify, 200);
  });

  it('an INVITE with Replaces reaches the application, which takes it for the call it names', async (t) => {
    const { call: old, dialog } = await bench.answeredCall(t);
    const call = await bench.startCall(t);
    const value = `${old.callId};to-tag=${old.remoteTag};from-tag=${old.localTag}`;
    const invite = call.invite({
      headers: [
        ['Replaces', value],
        ['Require', 'replaces'],
      ],
    });
    const { name, message } = await bench.application.request('INVITE');
    assert.is(headerOf(message, 'Replaces'), value);
    await bench.application.do('createUAS', { request: name, options: { localSdp: sdp() } });
    call.learn(await call.response(invite, 200));
    call.ack(invite);
    const command = bench.application.begin('destroy', { dialog });
    old.answer(await old.incoming('BYE'), 200);
    await bench.application.result(command);
    await call.exchange('BYE', 200);
  });
});
