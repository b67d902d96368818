/** drachtio-srf 5.0.29, unmodified, makes calls: createUAC, request, cancel, credentials, redirections. */
import { isRequest } from '../support/sip/raw-sip-peer.js';
import { answerOutside, SipBench } from '../support/sip/sip-bench.js';
import { allOf, cseqOf, headerOf, sdp, tagOf } from '../support/sip/sip-text.js';
import { assert, spec } from '../support/spec.js';

let bench: SipBench;

spec('an application that makes calls', (it, before) => {
  before(async (t) => {
    bench = await SipBench.start(t);
  });

  it('createUAC offers its SDP, gets the answer and sends the ACK', async (t) => {
    const { invite, callee, command } = await bench.receiveCall(t, { headers: { 'X-Case': '7' } });
    assert.is(invite.body, sdp());
    assert.is(headerOf(invite, 'X-Case'), '7');
    assert.is(headerOf(invite, 'Content-Type'), 'application/sdp');
    assert.is(headerOf(invite, 'Max-Forwards'), '70');
    assert.is(allOf(invite, 'Via').length, 1);
    callee.answer(invite, 200, { body: sdp(42_000) });
    const ack = await callee.incoming('ACK');
    assert.is(cseqOf(ack).number, cseqOf(invite).number);
    assert.is(ack.uri, callee.peer.uri());
    const made = await bench.application.result(command);
    assert.is((made['remote'] as { sdp: string }).sdp, sdp(42_000));
  });

  it('the ACK is sent again for every 200 that comes again', async (t) => {
    const { invite, callee, command } = await bench.receiveCall(t);
    callee.answer(invite, 200, { body: sdp() });
    await callee.incoming('ACK');
    await bench.application.result(command);
    callee.answer(invite, 200, { body: sdp() });
    await callee.incoming('ACK');
  });

  it('the callee hangs up, and the application is told', async (t) => {
    const { invite, callee, command } = await bench.receiveCall(t);
    callee.answer(invite, 200, { body: sdp() });
    await callee.incoming('ACK');
    const { dialog } = await bench.application.result(command);
    await callee.exchange('BYE', 200);
    await bench.application.dialogEvent(dialog, 'destroy');
  });

  it('180 and early media are told, and both have been of the same call', async (t) => {
    const { invite, callee, command } = await bench.receiveCall(t);
    callee.answer(invite, 100);
    callee.answer(invite, 180);
    await bench.application.expect('180 is told', 'provisional', { of: command, status: 180 });
    callee.answer(invite, 183, { body: sdp(42_002) });
    const early = await bench.application.expect('183 is told', 'provisional', { of: command, status: 183 });
    assert.ok(String(early['text']).endsWith(sdp(42_002)));
    callee.answer(invite, 200, { body: sdp(42_002) });
    await callee.incoming('ACK');
    await bench.application.result(command);
  });

  it('a refusal is an error with its status, and the engine has sent the ACK', async (t) => {
    const { invite, callee, command } = await bench.receiveCall(t);
    callee.answer(invite, 486, { reason: 'Busy Here' });
    const ack = await callee.incoming('ACK');
    assert.is(headerOf(ack, 'Via'), headerOf(invite, 'Via'));
    const failure = await bench.failure(command);
    assert.is(failure.status, 486);
  });

  it('a refusal that is retransmitted gets its ACK again and is told once', async (t) => {
    const { invite, callee, command } = await bench.receiveCall(t);
    callee.answer(invite, 503);
    await callee.incoming('ACK');
    callee.answer(invite, 503);
    await callee.incoming('ACK');
    assert.is((await bench.failure(command)).status, 503);
  });

  it('a redirection without followRedirects is an error with the status 302', async (t) => {
    const { invite, callee, command } = await bench.receiveCall(t);
    callee.answer(invite, 302, { headers: [['Contact', '<sip:other@127.0.0.1:9>']] });
    assert.is((await bench.failure(command)).status, 302);
  });

  it('followRedirects calls the contact of the 302', async (t) => {
    const second = await bench.openPeer(t);
    const { invite, callee, command } = await bench.receiveCall(t, { followRedirects: true });
    callee.answer(invite, 302, { headers: [['Contact', `<${second.uri('second')}>`]] });
    const again = await second.expectRequest('INVITE');
    assert.is(again.uri, second.uri('second'));
    const other = bench.called(second, again);
    other.answer(again, 200, { body: sdp() });
    await other.incoming('ACK');
    await bench.application.result(command);
  });

  it('followRedirects with keepUriOnRedirect keeps the request-URI and changes the next hop', async (t) => {
    const second = await bench.openPeer(t);
    const { peer, invite, callee, command } = await bench.receiveCall(t, {
      followRedirects: true,
      keepUriOnRedirect: true,
    });
    callee.answer(invite, 302, { headers: [['Contact', `<${second.uri('second')}>`]] });
    const again = await second.expectRequest('INVITE');
    assert.is(again.uri, peer.uri());
    bench.called(second, again).answer(again, 486);
    assert.is((await bench.failure(command)).status, 486);
  });

  it('an outbound proxy gets the INVITE with the request-URI unchanged', async (t) => {
    const proxy = await bench.openPeer(t);
    const uri = 'sip:somebody@example.invalid';
    const command = bench.application.begin('createUAC', {
      uri,
      options: { localSdp: sdp(), proxy: proxy.uri('').replace('@', '') },
    });
    const invite = await proxy.expectRequest('INVITE');
    assert.is(invite.uri, uri);
    bench.called(proxy, invite).answer(invite, 404);
    assert.is((await bench.failure(command)).status, 404);
  });

  it('callingNumber makes From and Contact, and localhost becomes the address of the engine', async (t) => {
    const { invite, callee, command } = await bench.receiveCall(t, {
      callingNumber: '4711',
      callingName: 'Station 4',
    });
    const { address, port } = bench.at;
    assert.match(headerOf(invite, 'From'), /^"Station 4" <sip:4711@127\.0\.0\.1(:\d+)?>;tag=/);
    assert.ok(headerOf(invite, 'Contact').includes(`sip:4711@${address}:${String(port)}`));
    assert.not.match(invite.text, /localhost/);
    callee.answer(invite, 404);
    await bench.failure(command);
  });

  it('a challenge is answered with the same Call-ID and From tag and the next CSeq', async (t) => {
    for (const [status, challenge, credentials] of [
      [401, 'WWW-Authenticate', 'Authorization'],
      [407, 'Proxy-Authenticate', 'Proxy-Authorization'],
    ] as const) {
      const { peer, invite, callee, command } = await bench.receiveCall(t, {
        auth: { username: 'u', password: 'p' },
      });
      callee.answer(invite, status, { headers: [[challenge, 'Digest realm="r", nonce="n1", qop="auth"']] });
      await callee.incoming('ACK');
      const again = await peer.expectRequest('INVITE');
      assert.match(headerOf(again, credentials), /^Digest .*nonce="n1"/);
      assert.is(headerOf(again, 'Call-ID'), headerOf(invite, 'Call-ID'));
      assert.is(headerOf(again, 'From'), headerOf(invite, 'From'));
      assert.is(cseqOf(again).number, cseqOf(invite).number + 1);
      const dialog = bench.called(peer, again);
      dialog.answer(again, 200, { body: sdp() });
      await dialog.incoming('ACK');
      await bench.application.result(command);
    }
  });

  it('credentials may come from a function', async (t) => {
    const { peer, invite, callee, command } = await bench.receiveCall(t, { auth: ['u', 'p'] });
    callee.answer(invite, 401, { headers: [['WWW-Authenticate', 'Digest realm="r", nonce="n2"']] });
    const again = await peer.expectRequest('INVITE');
    assert.match(headerOf(again, 'Authorization'), /username="u"/);
    bench.called(peer, again).answer(again, 403);
    assert.is((await bench.failure(command)).status, 403);
  });

  it('a challenge without its header reaches the application as the failure it is', async (t) => {
    const { invite, callee, command } = await bench.receiveCall(t, {
      auth: { username: 'u', password: 'p' },
    });
    callee.answer(invite, 407);
    assert.is((await bench.failure(command)).status, 407);
  });

  it('an INVITE without offer: the application sends its answer with the ACK', async (t) => {
    const peer = await bench.openPeer(t);
    const command = bench.application.begin('createUAC', { uri: peer.uri(), options: { noAck: true } });
    const invite = await peer.expectRequest('INVITE');
    assert.is(invite.body, '');
    const callee = bench.called(peer, invite);
    callee.answer(invite, 200, { body: sdp(42_004) });
    const made = await bench.application.result(command);
    assert.is(made['sdp'], sdp(42_004));
    await bench.application.do('ack', { ack: made['ack'], sdp: sdp(42_006) });
    const ack = await callee.incoming('ACK');
    assert.is(ack.body, sdp(42_006));
    assert.is(headerOf(ack, 'Content-Type'), 'application/sdp');
  });

  it('a 200 without Contact is acknowledged and is the error 500 for the application', async (t) => {
    const { peer, invite, command } = await bench.receiveCall(t);
    answerOutside(invite, 200);
    assert.is((await bench.failure(command)).status, 500);
    await peer.expectRequest('ACK');
  });

  it('a port where nobody listens is a 503 or a 408, not silence', async (t) => {
    const impatient = await SipBench.start(t, { engine: { config: { timers: { t1Ms: 50 } } } });
    const options = { localSdp: sdp() };
    const command = impatient.application.begin('createUAC', { uri: 'sip:nobody@127.0.0.1:9', options });
    const { status = 0 } = await impatient.failure(command);
    assert.ok([408, 503].includes(status), String(status));
  });

  it('a callee that says nothing is a 408 after 64 times T1, and has got the INVITE again and again', async (t) => {
    const impatient = await SipBench.start(t, { engine: { config: { timers: { t1Ms: 20 } } } });
    const { peer, command } = await impatient.receiveCall(t);
    assert.is((await impatient.failure(command)).status, 408);
    // The seventh is due one T1 before the end, and may be late by that.
    assert.ok(peer.count(isRequest('INVITE')) >= 6);
  });

  it('what cannot be sent is refused with words', async () => {
    const { address, port } = bench.at;
    const myself = bench.application.begin('request', {
      uri: `sip:${address}:${String(port)}`,
      options: { method: 'OPTIONS' },
    });
    assert.match((await bench.failure(myself)).message, /can not send request to myself/);
    const body = bench.application.begin('request', {
      uri: 'sip:127.0.0.1:9',
      options: { method: 'MESSAGE', body: 'text without a type' },
    });
    assert.match((await bench.failure(body)).message, /content-type/i);
  });

  it('request sends OPTIONS and MESSAGE outside of a dialog and tells every answer', async (t) => {
    const peer = await bench.openPeer(t);
    const first = bench.application.begin('request', { uri: peer.uri(), options: { method: 'OPTIONS' } });
    const options = await peer.expectRequest('OPTIONS');
    answerOutside(options, 200);
    assert.is((await bench.application.result(first))['status'], 200);
    const second = bench.application.begin('request', {
      uri: peer.uri(),
      options: { method: 'MESSAGE', headers: { 'Content-Type': 'text/plain' }, body: 'Grüße' },
    });
    const message = await peer.expectRequest('MESSAGE');
    assert.is(message.body, 'Grüße');
    answerOutside(message, 480);
    assert.is((await bench.application.result(second))['status'], 480);
  });

  it('a CANCEL before any response waits for the first one (RFC 3261 9.1)', async (t) => {
    const { peer, invite, callee, command } = await bench.receiveCall(t);
    const cancel = bench.application.begin('cancel', { of: command });
    callee.answer(invite, 100);
    const arrived = await peer.expectRequest('CANCEL');
    assert.is(headerOf(arrived, 'Via'), headerOf(invite, 'Via'));
    answerOutside(arrived, 200);
    callee.answer(invite, 487);
    await bench.application.result(cancel);
    assert.is((await bench.failure(command)).status, 487);
  });

  it('a CANCEL after 180 carries its Reason, and the INVITE ends with 487', async (t) => {
    const { peer, invite, callee, command } = await bench.receiveCall(t);
    callee.answer(invite, 180);
    await bench.application.expect('180 is told', 'provisional', { of: command });
    const headers = { Reason: 'SIP;cause=200;text="Call completed elsewhere"' };
    await bench.application.do('cancel', { of: command, headers });
    const cancel = await peer.expectRequest('CANCEL');
    assert.is(headerOf(cancel, 'Reason'), headers.Reason);
    answerOutside(cancel, 200);
    callee.answer(invite, 487);
    await callee.incoming('ACK');
    assert.is((await bench.failure(command)).status, 487);
  });

  it('a CANCEL that crosses the 200 ends the call: ACK, then BYE', async (t) => {
    const { peer, invite, callee, command } = await bench.receiveCall(t);
    callee.answer(invite, 180);
    await bench.application.expect('180 is told', 'provisional', { of: command });
    await bench.application.do('cancel', { of: command });
    answerOutside(await peer.expectRequest('CANCEL'), 481);
    callee.answer(invite, 200, { body: sdp() });
    await callee.incoming('ACK');
    const bye = await callee.incoming('BYE');
    callee.answer(bye, 200);
    const made = await bench.application.result(command);
    await bench.application.dialogEvent(made['dialog'], 'destroy');
  });

  it('two phones answer a forked INVITE: the second gets ACK and BYE', async (t) => {
    const { invite, callee, command, peer } = await bench.receiveCall(t);
    const second = bench.called(peer, invite);
    callee.answer(invite, 200, { body: sdp() });
    await bench.application.result(command);
    second.answer(invite, 200, { body: sdp() });
    const bye = await peer.expect(
      'the second gets a BYE',
      (message) => message.method === 'BYE' && tagOf(headerOf(message, 'To')) === second.localTag,
    );
    second.answer(bye, 200);
    assert.ok(
      peer.count((one) => one.method === 'ACK' && tagOf(headerOf(one, 'To')) === second.localTag) > 0,
    );
  });
});
