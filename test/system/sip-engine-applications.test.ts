/**
 * drachtio-srf 5.0.29, unmodified, answers calls on the engine: what its documentation says of createUAS and of
 * responses, seen from a phone. Other parts: sip-engine-applications-*.test.ts.
 */
import { ApplicationProcess } from '../support/sip/application-process.js';
import { EngineProcess } from '../support/sip/engine-process.js';
import { SipBench } from '../support/sip/sip-bench.js';
import { callerScenario } from '../support/sip/sipp-scenarios.js';
import { Sipp } from '../support/sip/sipp.js';
import { headerOf, sdp, tagOf } from '../support/sip/sip-text.js';
import { assert, spec } from '../support/spec.js';

let bench: SipBench;

spec('an application that answers calls', (it, before) => {
  before(async (t) => {
    bench = await SipBench.start(t, { application: { methods: ['invite', 'options', 'message'] } });
  });

  it('createUAS answers 200 with its SDP and headers, and the caller hangs up', async (t) => {
    const call = await bench.startCall(t);
    const invite = call.invite();
    const { name, message } = await bench.application.request('INVITE');
    assert.is(message.body, invite.body);
    const options = { localSdp: sdp(41_000), headers: { 'X-Department': 'surgery' } };
    const { dialog } = await bench.application.do('createUAS', { request: name, options });
    const ok = await call.response(invite, 200);
    assert.is(ok.body, sdp(41_000));
    assert.is(headerOf(ok, 'X-Department'), 'surgery');
    assert.is(headerOf(ok, 'Content-Type'), 'application/sdp');
    assert.match(headerOf(ok, 'Contact'), /^<?sip:.*127\.0\.0\.1/);
    call.learn(ok);
    call.ack(invite);
    await call.exchange('BYE', 200);
    const { reason } = await bench.application.dialogEvent(dialog, 'destroy');
    assert.is(reason, 'normal release');
  });

  it('the caller gets 100 before the application has said anything', async (t) => {
    const call = await bench.startCall(t);
    const invite = call.invite();
    const trying = await call.response(invite, 100);
    assert.is(tagOf(headerOf(trying, 'To')), '');
    const { name } = await bench.application.request('INVITE');
    await bench.application.do('respond', { request: name, status: 480 });
    call.ackFailure(invite, await call.response(invite, 480));
  });

  it('the application hangs up, and the BYE reaches the caller with its headers', async (t) => {
    const call = await bench.startCall(t);
    const invite = call.invite();
    const { name } = await bench.application.request('INVITE');
    const { dialog } = await bench.application.do('createUAS', {
      request: name,
      options: { localSdp: sdp() },
    });
    call.learn(await call.response(invite, 200));
    call.ack(invite);
    const command = bench.application.begin('destroy', { dialog, headers: { Reason: 'Q.850;cause=16' } });
    const bye = await call.incoming('BYE');
    assert.is(headerOf(bye, 'Reason'), 'Q.850;cause=16');
    assert.is(tagOf(headerOf(bye, 'From')), call.remoteTag);
    assert.is(tagOf(headerOf(bye, 'To')), call.localTag);
    call.answer(bye, 200);
    await bench.application.result(command);
  });

  it('180 and 183 with early media come before the 200, all with one To tag', async (t) => {
    const call = await bench.startCall(t);
    const invite = call.invite();
    const { name } = await bench.application.request('INVITE');
    await bench.application.do('respond', { request: name, status: 180 });
    await bench.application.do('respond', { request: name, status: 183, body: sdp(41_002) });
    await bench.application.do('createUAS', { request: name, options: { localSdp: sdp(41_002) } });
    const responses = await Promise.all([180, 183, 200].map((status) => call.response(invite, status)));
    assert.is(responses[1]?.body, sdp(41_002));
    const tags = new Set(responses.map((response) => tagOf(headerOf(response, 'To'))));
    assert.is(tags.size, 1);
    assert.not.ok(tags.has(''));
    call.learn(responses[2]!);
    call.ack(invite);
    await call.exchange('BYE', 200);
  });

  it('a call is rejected with 486, its reason and its headers, and the ACK ends it', async (t) => {
    const call = await bench.startCall(t);
    const invite = call.invite();
    const { name } = await bench.application.request('INVITE');
    await bench.application.do('respond', {
      request: name,
      status: 486,
      reason: 'Busy Elsewhere',
      headers: { 'Retry-After': '5' },
    });
    const busy = await call.response(invite, 486);
    assert.is(busy.startLine, 'SIP/2.0 486 Busy Elsewhere');
    assert.is(headerOf(busy, 'Retry-After'), '5');
    call.ackFailure(invite, busy);
  });

  it('a second final response of the application is refused and not sent', async (t) => {
    const call = await bench.startCall(t);
    const invite = call.invite();
    const { name } = await bench.application.request('INVITE');
    await bench.application.do('respond', { request: name, status: 486 });
    call.ackFailure(invite, await call.response(invite, 486));
    const second = await bench.failure(bench.application.begin('respond', { request: name, status: 200 }));
    assert.match(second.message, /final response already sent|unknown transaction/);
    assert.is(
      call.peer.count((message) => message.status === 200),
      0,
    );
  });

  it('a method for which no application has a route is answered 503', async (t) => {
    const call = await bench.startCall(t);
    await call.exchange('INFO', 503);
  });

  it('the To tag that the application wants is used', async (t) => {
    const call = await bench.startCall(t);
    const invite = call.invite();
    const { name } = await bench.application.request('INVITE');
    const options = { localSdp: sdp(), headers: { To: 'x;tag=chosen-tag' } };
    await bench.application.do('createUAS', { request: name, options });
    const ok = await call.response(invite, 200);
    assert.is(tagOf(headerOf(ok, 'To')), 'chosen-tag');
    call.learn(ok);
    call.ack(invite);
    await call.exchange('BYE', 200);
  });

  it('a retransmitted INVITE does not reach the application twice and gets the last response again', async (t) => {
    const call = await bench.startCall(t);
    const invite = call.invite();
    const { name } = await bench.application.request('INVITE');
    await bench.application.do('respond', { request: name, status: 180 });
    await call.response(invite, 180);
    call.peer.send(invite.text, bench.at);
    await call.response(invite, 180);
    assert.is(
      bench.application.events.filter(
        ({ event, text }) => event === 'request' && String(text).includes(call.callId),
      ).length,
      1,
    );
    await bench.application.do('respond', { request: name, status: 404 });
    call.ackFailure(invite, await call.response(invite, 404));
  });

  it('record routes come back in the 200, and requests of the application follow them', async (t) => {
    const call = await bench.startCall(t);
    const proxy = `<sip:${call.peer.address}:${String(call.peer.port)};lr>`;
    const invite = call.invite({ headers: [['Record-Route', proxy]] });
    const { name } = await bench.application.request('INVITE');
    const { dialog } = await bench.application.do('createUAS', {
      request: name,
      options: { localSdp: sdp() },
    });
    const ok = await call.response(invite, 200);
    assert.is(headerOf(ok, 'Record-Route'), proxy);
    call.learn(ok);
    call.ack(invite);
    const command = bench.application.begin('destroy', { dialog });
    const bye = await call.incoming('BYE');
    assert.is(headerOf(bye, 'Route'), proxy);
    assert.is(bye.uri, call.peer.uri());
    call.answer(bye, 200);
    await bench.application.result(command);
  });

  it('OPTIONS and MESSAGE outside of a dialog are answered by the application', async (t) => {
    const call = await bench.startCall(t);
    const options = call.request('OPTIONS');
    const first = await bench.application.request('OPTIONS');
    await bench.application.do('respond', {
      request: first.name,
      status: 200,
      headers: { Allow: 'INVITE, BYE' },
    });
    assert.is(headerOf(await call.response(options, 200), 'Allow'), 'INVITE, BYE');
    const text = 'Notruf Station 4: Grüße';
    const message = call.request('MESSAGE', { headers: [['Content-Type', 'text/plain']], body: text });
    const second = await bench.application.request('MESSAGE');
    assert.is(second.message.body, text);
    await bench.application.do('respond', { request: second.name, status: 202 });
    await call.response(message, 202);
  });
});

spec('calls of an independent stack', { deadlineMs: 30_000 }, (it) => {
  it('fifty calls, none of which fails', async (t) => {
    const engine = await EngineProcess.start();
    t.defer(() => engine.stop());
    const uas = await ApplicationProcess.start('uas', engine, { options: { quiet: true } });
    t.defer(() => uas.stop());
    const report = await new Sipp({
      scenario: callerScenario(),
      target: engine.at(),
      calls: 50,
      callsPerSecond: 50,
      deadlineMs: 15_000,
    }).report();
    assert.is(report.exit, '0', report.errors);
    assert.is(report.successful, 50);
    assert.is(report.failed, 0);
  });
});
