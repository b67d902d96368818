/** drachtio-srf 5.0.29, unmodified, within a dialog: re-INVITE, UPDATE, PRACK, hold, subscriptions, challenges, races. */
import { answerOutside, SipBench } from '../support/sip/sip-bench.js';
import { cseqOf, headerOf, sdp, tagOf, type HeaderList } from '../support/sip/sip-text.js';
import { assert, spec } from '../support/spec.js';

let bench: SipBench;

const MD5_CHALLENGE = 'Digest realm="r", nonce="n", qop="auth"';

spec('a dialog that a phone has begun', (it, before) => {
  before(async (t) => {
    bench = await SipBench.start(t, { application: { methods: ['invite', 'subscribe'] } });
  });

  it('a re-INVITE of the phone is answered with the SDP of the application', async (t) => {
    const { call } = await bench.answeredCall(t);
    const invite = call.invite({ body: sdp(40_002, 'sendrecv', 2) });
    const ok = await call.response(invite, 200);
    assert.is(ok.body, sdp(41_000));
    assert.is(headerOf(ok, 'Content-Type'), 'application/sdp');
    call.ack(invite);
    await call.exchange('BYE', 200);
  });

  it('a re-INVITE goes to the handler of modify, which may also refuse it; the call goes on', async (t) => {
    const { call, dialog } = await bench.answeredCall(t, { listen: ['modify'] });
    const first = call.invite({ body: sdp(40_004, 'sendrecv', 2) });
    const event = await bench.application.dialogEvent(dialog, 'modify');
    await bench.application.do('respond', { request: event['request'], status: 200, body: sdp(41_004) });
    assert.is((await call.response(first, 200)).body, sdp(41_004));
    call.ack(first);
    const second = call.invite({ body: sdp(40_006, 'sendrecv', 3) });
    const again = await bench.application.dialogEvent(dialog, 'modify');
    await bench.application.do('respond', { request: again['request'], status: 488 });
    call.ackFailure(second, await call.response(second, 488));
    await call.exchange('BYE', 200);
  });

  it('hold and unhold of the phone are told, and answered with recvonly and sendrecv', async (t) => {
    const { call, dialog } = await bench.answeredCall(t, { listen: ['hold', 'unhold'] });
    const hold = call.invite({ body: sdp(40_000, 'sendonly', 2) });
    assert.match((await call.response(hold, 200)).body, /a=recvonly/);
    call.ack(hold);
    await bench.application.dialogEvent(dialog, 'hold');
    assert.is((await bench.application.do('dialog', { dialog }))['onHold'], true);
    const unhold = call.invite({ body: sdp(40_000, 'sendrecv', 3) });
    assert.match((await call.response(unhold, 200)).body, /a=sendrecv/);
    call.ack(unhold);
    await bench.application.dialogEvent(dialog, 'unhold');
  });

  it('a re-INVITE with the same SDP is told as a refresh', async (t) => {
    const { call, dialog } = await bench.answeredCall(t, { listen: ['refresh'] });
    const invite = call.invite();
    await call.response(invite, 200);
    call.ack(invite);
    await bench.application.dialogEvent(dialog, 'refresh');
  });

  it('modify sends a re-INVITE, and overlapping ones wait for each other', async (t) => {
    const { call, dialog } = await bench.answeredCall(t);
    const ports = [41_010, 41_012, 41_014];
    const commands = ports.map((port) => bench.application.begin('modify', { dialog, sdp: sdp(port) }));
    let last = 0;
    for (const [index, port] of ports.entries()) {
      const invite = await call.incoming('INVITE');
      assert.is(invite.body, sdp(port));
      assert.ok(cseqOf(invite).number > last);
      last = cseqOf(invite).number;
      call.answer(invite, 200, { body: sdp(40_000, 'sendrecv', index + 2) });
      assert.is(cseqOf(await call.incoming('ACK')).number, last);
    }
    for (const command of commands) await bench.application.result(command);
  });

  it('modify hold and unhold change the direction of the SDP', async (t) => {
    const { call, dialog } = await bench.answeredCall(t);
    for (const [how, direction] of [
      ['hold', 'inactive'],
      ['unhold', 'sendrecv'],
    ] as const) {
      const command = bench.application.begin('modify', { dialog, sdp: how });
      const invite = await call.incoming('INVITE');
      assert.ok(invite.body.includes(`a=${direction}`));
      call.answer(invite, 200, { body: sdp() });
      await call.incoming('ACK');
      await bench.application.result(command);
    }
  });

  it('a re-INVITE without offer: the application sends its answer with the ACK', async (t) => {
    const { call, dialog } = await bench.answeredCall(t);
    const command = bench.application.begin('modify', { dialog });
    const invite = await call.incoming('INVITE');
    assert.is(invite.body, '');
    call.answer(invite, 200, { body: sdp(40_020) });
    const { ack, sdp: offer } = await bench.application.result(command);
    assert.is(offer, sdp(40_020));
    bench.application.begin('ack', { ack, sdp: sdp(41_020) });
    assert.is((await call.incoming('ACK')).body, sdp(41_020));
  });

  it('glare: a re-INVITE of the phone while ours is under way gets 491, and ours goes on', async (t) => {
    const { call, dialog } = await bench.answeredCall(t);
    const command = bench.application.begin('modify', { dialog, sdp: sdp(41_030) });
    const theirs = await call.incoming('INVITE');
    const ours = call.invite({ body: sdp(40_030, 'sendrecv', 2) });
    call.ackFailure(ours, await call.response(ours, 491));
    call.answer(theirs, 200, { body: sdp(40_032) });
    await call.incoming('ACK');
    await bench.application.result(command);
  });

  it('a 491 of the phone is the failure of modify, and the call goes on', async (t) => {
    const { call, dialog } = await bench.answeredCall(t);
    const command = bench.application.begin('modify', { dialog, sdp: sdp(41_032) });
    call.answer(await call.incoming('INVITE'), 491);
    await call.incoming('ACK');
    assert.is((await bench.failure(command)).status, 491);
    await call.exchange('BYE', 200);
  });

  it('INFO, MESSAGE, OPTIONS and NOTIFY of the phone reach their handlers, or are answered 200', async (t) => {
    const methods = ['INFO', 'MESSAGE', 'OPTIONS', 'NOTIFY'];
    const headers: HeaderList = [
      ['Content-Type', 'text/plain'],
      ['Event', 'x'],
      ['Subscription-State', 'active'],
    ];
    const { call, dialog } = await bench.answeredCall(t);
    for (const method of methods) await call.exchange(method, 200, { headers, body: 'x' });
    await bench.application.do('listen', { dialog, listen: methods.map((method) => method.toLowerCase()) });
    for (const method of methods) {
      const request = call.request(method, { headers, body: `to the handler of ${method}` });
      const event = await bench.application.dialogEvent(dialog, method.toLowerCase());
      assert.ok(String(event['text']).endsWith(`to the handler of ${method}`));
      await bench.application.do('respond', { request: event['request'], status: 202 });
      await call.response(request, 202);
    }
  });

  it('INFO, MESSAGE, OPTIONS and NOTIFY of the application reach the phone, numbered one after the other', async (t) => {
    const { call, dialog } = await bench.answeredCall(t);
    let last = 0;
    for (const method of ['INFO', 'MESSAGE', 'OPTIONS', 'NOTIFY']) {
      const options = { method, headers: { 'Content-Type': 'text/plain', Event: 'x' }, body: 'x' };
      const command = bench.application.begin('dialogRequest', { dialog, options });
      const request = await call.incoming(method);
      assert.ok(last === 0 || cseqOf(request).number === last + 1);
      last = cseqOf(request).number;
      assert.is(request.uri, call.peer.uri());
      call.answer(request, 200);
      assert.is((await bench.application.result(command))['status'], 200);
    }
  });

  it('UPDATE is answered with the SDP of the application, or by its handler', async (t) => {
    const { call, dialog } = await bench.answeredCall(t);
    const first = await call.exchange('UPDATE', 200, { headers: [call.contact], body: sdp() });
    assert.is(first.body, sdp(41_000));
    await bench.application.do('listen', { dialog, listen: ['update'] });
    const second = call.request('UPDATE', { headers: [call.contact] });
    const event = await bench.application.dialogEvent(dialog, 'update');
    await bench.application.do('respond', { request: event['request'], status: 504 });
    await call.response(second, 504);
  });

  it('UPDATE of the application reaches the phone with a Contact', async (t) => {
    const { call, dialog } = await bench.answeredCall(t);
    const command = bench.application.begin('dialogRequest', {
      dialog,
      options: { method: 'UPDATE', body: sdp() },
    });
    const update = await call.incoming('UPDATE');
    assert.is(update.body, sdp());
    assert.is.not(headerOf(update, 'Contact'), '');
    call.answer(update, 200, { body: sdp() });
    assert.is((await bench.application.result(command))['status'], 200);
  });

  it('a new Contact of the phone moves where the requests of the application go', async (t) => {
    const { call, dialog } = await bench.answeredCall(t);
    const moved = call.peer.uri('moved');
    const invite = call.request('INVITE', { headers: [['Contact', `<${moved}>`]], body: sdp() });
    await call.response(invite, 200);
    call.ack(invite);
    const command = bench.application.begin('destroy', { dialog });
    const bye = await call.incoming('BYE');
    assert.is(bye.uri, moved);
    call.answer(bye, 200);
    await bench.application.result(command);
  });

  it('BYE and re-INVITE are sent again with credentials when the phone asks for them', async (t) => {
    const auth = { username: 'u', password: 'p' };
    const { call, dialog } = await bench.answeredCall(t);
    const challenge: HeaderList = [['WWW-Authenticate', MD5_CHALLENGE]];
    const modify = bench.application.begin('modify', { dialog, sdp: sdp(41_040), options: { auth } });
    const first = await call.incoming('INVITE');
    call.answer(first, 401, { headers: challenge });
    await call.incoming('ACK');
    const second = await call.incoming('INVITE');
    assert.match(headerOf(second, 'Authorization'), /username="u"/);
    assert.ok(cseqOf(second).number > cseqOf(first).number);
    call.answer(second, 200, { body: sdp() });
    await call.incoming('ACK');
    await bench.application.result(modify);
    const destroy = bench.application.begin('destroy', { dialog, options: { auth } });
    const bye = await call.incoming('BYE');
    call.answer(bye, 407, { headers: [['Proxy-Authenticate', MD5_CHALLENGE]] });
    const again = await call.incoming('BYE');
    assert.match(headerOf(again, 'Proxy-Authorization'), /username="u"/);
    call.answer(again, 200);
    await bench.application.result(destroy);
  });

  it('a reliable 183 is repeated until its PRACK, and the application is told (RFC 3262)', async (t) => {
    const call = await bench.startCall(t);
    const invite = call.invite({ headers: [['Supported', '100rel']] });
    const { name } = await bench.application.request('INVITE');
    const reliable = { status: 183, headers: { Require: '100rel' }, body: sdp(41_000), prack: true };
    await bench.application.do('respond', { request: name, ...reliable });
    const first = await call.response(invite, 183);
    const again = await call.response(invite, 183);
    assert.is(headerOf(again, 'RSeq'), headerOf(first, 'RSeq'));
    assert.match(headerOf(first, 'Require'), /100rel/);
    call.learn(first);
    const rack = `${headerOf(first, 'RSeq')} ${headerOf(invite, 'CSeq')}`;
    await call.exchange('PRACK', 200, { headers: [['RAck', rack]] });
    await bench.application.expect('the PRACK is told', 'prack', { request: name });
    await bench.application.do('createUAS', { request: name, options: { localSdp: sdp(41_000) } });
    await call.response(invite, 200);
    call.ack(invite);
    await call.exchange('BYE', 200);
  });

  it('a reliable response to a phone that does not know it is refused', async (t) => {
    const call = await bench.startCall(t);
    const invite = call.invite();
    const { name } = await bench.application.request('INVITE');
    const command = bench.application.begin('respond', {
      request: name,
      status: 180,
      headers: { Require: '100rel' },
    });
    assert.match((await bench.failure(command)).message, /does not support 100rel/);
    await bench.application.do('respond', { request: name, status: 480 });
    call.ackFailure(invite, await call.response(invite, 480));
  });

  it('a CANCEL before the application has said anything: 200, 487, and the application is told', async (t) => {
    const call = await bench.startCall(t);
    const invite = call.invite();
    const { name } = await bench.application.request('INVITE');
    call.cancel(invite);
    await call.peer.expectResponse(200, 'CANCEL');
    call.ackFailure(invite, await call.response(invite, 487));
    await bench.application.expect('the CANCEL is told', 'cancel', { request: name });
    const late = bench.application.begin('createUAS', { request: name, options: { localSdp: sdp() } });
    await bench.failure(late);
    assert.is(
      call.peer.count(({ text }) => text.startsWith('SIP/2.0 200') && text.includes(' INVITE')),
      0,
    );
  });

  it('a CANCEL after 180 ends the same way', async (t) => {
    const call = await bench.startCall(t);
    const invite = call.invite();
    const { name } = await bench.application.request('INVITE');
    await bench.application.do('respond', { request: name, status: 180 });
    const ringing = await call.response(invite, 180);
    call.cancel(invite);
    await call.peer.expectResponse(200, 'CANCEL');
    const terminated = await call.response(invite, 487);
    assert.is(tagOf(headerOf(terminated, 'To')), tagOf(headerOf(ringing, 'To')));
    call.ackFailure(invite, terminated);
    await bench.application.expect('the CANCEL is told', 'cancel', { request: name });
  });

  it('a CANCEL that crosses the 200 is answered and leaves no half of a call', async (t) => {
    const { call, dialog } = await bench.answeredCall(t);
    const other = await bench.startCall(t);
    const invite = other.invite();
    const { name } = await bench.application.request('INVITE');
    const made = await bench.application.do('createUAS', { request: name, options: { localSdp: sdp() } });
    other.cancel(invite);
    await other.peer.expect('the CANCEL is answered', (one) => cseqOf(one).method === 'CANCEL');
    other.learn(await other.response(invite, 200));
    other.ack(invite);
    const bye = bench.application.begin('destroy', { dialog: made['dialog'] });
    answerOutside(await other.incoming('BYE'), 200);
    await bench.application.result(bye).catch(() => undefined);
    await call.exchange('BYE', 200);
    await bench.application.dialogEvent(dialog, 'destroy');
  });

  it('a CANCEL for nothing is answered 481', async (t) => {
    const call = await bench.startCall(t);
    const invite = call.invite();
    const { name } = await bench.application.request('INVITE');
    await bench.application.do('respond', { request: name, status: 480 });
    call.ackFailure(invite, await call.response(invite, 480));
    const never = {
      ...invite,
      headers: invite.headers.map(([key, value]) => [key, key === 'via' ? call.peer.via() : value] as const),
    };
    call.cancel(never);
    await call.peer.expectResponse(481, 'CANCEL');
  });

  it('requests in a dialog that nobody knows are answered 481, each of them', async (t) => {
    for (const method of ['BYE', 'UPDATE', 'INFO', 'REFER', 'PRACK', 'NOTIFY', 'OPTIONS', 'MESSAGE']) {
      const call = await bench.startCall(t);
      await call.response(call.unknownDialog(method), 481);
    }
    const call = await bench.startCall(t);
    const invite = call.unknownDialog('INVITE');
    call.ackFailure(invite, await call.response(invite, 481));
  });

  it('a phone subscribes, gets NOTIFY, and the application ends it', async (t) => {
    const call = await bench.startCall(t);
    const headers: HeaderList = [['Event', 'dialog'], ['Expires', '60'], call.contact];
    const subscribe = call.request('SUBSCRIBE', { headers });
    const { name } = await bench.application.request('SUBSCRIBE');
    const { dialog } = await bench.application.do('createUAS', {
      request: name,
      options: { headers: { Expires: '60' } },
    });
    const ok = await call.response(subscribe, 202);
    call.learn(ok);
    const options = { method: 'NOTIFY', headers: { Event: 'dialog', 'Subscription-State': 'active' } };
    const command = bench.application.begin('dialogRequest', { dialog, options });
    const active = await call.incoming('NOTIFY');
    assert.is(headerOf(active, 'Subscription-State'), 'active');
    call.answer(active, 200);
    await bench.application.result(command);
    const end = bench.application.begin('destroy', { dialog });
    const last = await call.incoming('NOTIFY');
    assert.is(headerOf(last, 'Subscription-State'), 'terminated');
    call.answer(last, 200);
    await bench.application.result(end);
  });

  it('a phone refreshes and ends its subscription', async (t) => {
    const call = await bench.startCall(t);
    const headers: HeaderList = [['Event', 'presence'], ['Expires', '60'], call.contact];
    const subscribe = call.request('SUBSCRIBE', { headers });
    const { name } = await bench.application.request('SUBSCRIBE');
    const { dialog } = await bench.application.do('createUAS', {
      request: name,
      listen: ['subscribe', 'unsubscribe'],
      options: { headers: { Expires: '60' } },
    });
    call.learn(await call.response(subscribe, 202));
    const refresh = call.request('SUBSCRIBE', { headers });
    const event = await bench.application.dialogEvent(dialog, 'subscribe');
    await bench.application.do('respond', {
      request: event['request'],
      status: 200,
      headers: { Expires: '60' },
    });
    await call.response(refresh, 200);
    await call.exchange('SUBSCRIBE', 202, {
      headers: [['Event', 'presence'], ['Expires', '0'], call.contact],
    });
    await bench.application.dialogEvent(dialog, 'unsubscribe');
  });
});

spec('a dialog that the application has begun', (it, before) => {
  before(async (t) => {
    bench = await SipBench.start(t);
  });

  it('a reliable 180 gets its PRACK, then the call is answered (RFC 3262)', async (t) => {
    const { callee, invite, command } = await bench.receiveCall(t);
    callee.answer(invite, 180, {
      headers: [
        ['Require', '100rel'],
        ['RSeq', '41'],
      ],
    });
    const prack = await callee.incoming('PRACK');
    assert.is(headerOf(prack, 'RAck'), `41 ${headerOf(invite, 'CSeq')}`);
    assert.is(cseqOf(prack).number, cseqOf(invite).number + 1);
    assert.is(tagOf(headerOf(prack, 'To')), callee.localTag);
    callee.answer(prack, 200);
    callee.answer(invite, 200, { body: sdp() });
    assert.is(cseqOf(await callee.incoming('ACK')).number, cseqOf(invite).number);
    await bench.application.result(command);
  });

  it('an UPDATE of the callee while it rings is answered with our offer (RFC 3311)', async (t) => {
    const { callee, invite, command } = await bench.receiveCall(t);
    callee.answer(invite, 183, {
      headers: [
        ['Require', '100rel'],
        ['RSeq', '1'],
      ],
      body: sdp(42_000),
    });
    callee.answer(await callee.incoming('PRACK'), 200);
    const ok = await callee.exchange('UPDATE', 200, { headers: [callee.contact], body: sdp(42_000) });
    assert.is(ok.body, sdp());
    callee.answer(invite, 200, { body: sdp() });
    await callee.incoming('ACK');
    await bench.application.result(command);
  });

  it('re-INVITEs go both ways, one after the other', async (t) => {
    const { call, dialog } = await bench.madeCall(t);
    const command = bench.application.begin('modify', { dialog, sdp: sdp(45_000) });
    const theirs = await call.incoming('INVITE');
    call.answer(theirs, 200, { body: sdp(42_002) });
    await call.incoming('ACK');
    assert.is((await bench.application.result(command))['sdp'], sdp(42_002));
    const ours = call.invite({ body: sdp(42_004, 'sendrecv', 2) });
    assert.is((await call.response(ours, 200)).body, sdp(45_000));
    call.ack(ours);
    await call.exchange('BYE', 200);
    await bench.application.dialogEvent(dialog, 'destroy');
  });

  it('a request with a CSeq that is too low is refused 500 (RFC 3261 12.2.2)', async (t) => {
    const { call } = await bench.madeCall(t);
    await call.exchange('INFO', 200);
    const low = call.repeatNumber('INFO', 3);
    await call.response(low, 500);
  });

  it('a subscription of the application: NOTIFY reaches its handler, terminated ends it', async (t) => {
    const peer = await bench.openPeer(t);
    const command = bench.application.begin('createUAC', {
      uri: peer.uri(),
      listen: ['notify'],
      options: { method: 'SUBSCRIBE', headers: { Event: 'dialog', Expires: '60' } },
    });
    const subscribe = await peer.expectRequest('SUBSCRIBE');
    assert.is.not(headerOf(subscribe, 'Contact'), '');
    const notifier = bench.called(peer, subscribe);
    notifier.answer(subscribe, 200, { headers: [['Expires', '60'], notifier.contact] });
    const { dialog } = await bench.application.result(command);
    for (const state of ['active', 'terminated;reason=timeout']) {
      const headers: HeaderList = [['Event', 'dialog'], ['Subscription-State', state], notifier.contact];
      const notify = notifier.request('NOTIFY', { headers });
      const event = await bench.application.dialogEvent(dialog, 'notify');
      await bench.application.do('respond', { request: event['request'], status: 200 });
      await notifier.response(notify, 200);
    }
  });
});

spec('dialogs that end by a timer', { deadlineMs: 20_000 }, (it, before) => {
  before(async (t) => {
    bench = await SipBench.start(t, {
      engine: { config: { timers: { t1Ms: 50 } } },
      application: { methods: ['invite'] },
    });
  });

  it('a 200 without ACK is repeated, and after 64 times T1 the call ends with BYE and ACK timeout', async (t) => {
    const call = await bench.startCall(t);
    const invite = call.invite();
    const { name } = await bench.application.request('INVITE');
    const { dialog } = await bench.application.do('createUAS', {
      request: name,
      options: { localSdp: sdp() },
    });
    const bye = await call.incoming('BYE', 8_000);
    assert.ok(call.peer.count(({ status }) => status === 200) > 3);
    assert.match(headerOf(bye, 'Reason'), /ACK timeout/);
    call.answer(bye, 200);
    const { reason } = await bench.application.dialogEvent(dialog, 'destroy');
    assert.is(reason, 'ACK timeout');
    assert.is(invite.method, 'INVITE');
  });

  it('a BYE that nobody answers ends the dialog for the application all the same', async (t) => {
    const { call, dialog } = await bench.answeredCall(t);
    const command = bench.application.begin('destroy', { dialog });
    await call.incoming('BYE');
    await bench.application.result(command, 8_000);
  });

  it('a re-INVITE that nobody answers is a 408 for the application', async (t) => {
    const { call, dialog } = await bench.answeredCall(t);
    const command = bench.application.begin('modify', { dialog, sdp: sdp(41_050) });
    await call.incoming('INVITE');
    assert.is((await bench.application.failure(command, 8_000)).status, 408);
  });
});

spec('session timers (RFC 4028)', { deadlineMs: 20_000 }, (it, before) => {
  before(async (t) => {
    bench = await SipBench.start(t, { application: { methods: ['invite'] } });
  });

  it('an interval below 90 s is refused with 422 and Min-SE', async (t) => {
    const call = await bench.startCall(t);
    const invite = call.invite({
      headers: [
        ['Supported', 'timer'],
        ['Session-Expires', '30'],
      ],
    });
    const refused = await call.response(invite, 422);
    assert.is(headerOf(refused, 'Min-SE'), '90');
    call.ackFailure(invite, refused);
  });

  it('the 200 to a phone that refreshes says so', async (t) => {
    const headers: HeaderList = [
      ['Supported', 'timer'],
      ['Session-Expires', '1800;refresher=uac'],
    ];
    const call = await bench.startCall(t);
    const invite = call.invite({ headers });
    const { name } = await bench.application.request('INVITE');
    await bench.application.do('createUAS', { request: name, options: { localSdp: sdp() } });
    const ok = await call.response(invite, 200);
    assert.match(headerOf(ok, 'Session-Expires'), /^1800;\s*refresher=uac/);
    assert.match(headerOf(ok, 'Require'), /timer/);
    call.learn(ok);
    call.ack(invite);
    await call.exchange('BYE', 200);
  });

  it('a refresh of the phone below 90 s is refused with 422, and the call goes on', async (t) => {
    const { call } = await bench.answeredCall(t);
    const headers: HeaderList = [['Supported', 'timer'], ['Session-Expires', '60'], call.contact];
    await call.exchange('UPDATE', 422, { headers });
    await call.exchange('BYE', 200);
  });
});
