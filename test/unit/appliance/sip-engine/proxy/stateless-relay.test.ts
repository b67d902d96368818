import { ProxyKey } from '../../../../../appliance/sip-engine/proxy/proxy-key.js';
import { assert, spec } from '../../../../support/spec.js';
import { flowOf, ProxyBench, US, withoutRecords, type RequestOptions } from './proxy-bench.js';

const CALLEE = `<sip:100@${US}>;tag=callee11`;
const CALLER = '<sip:caller@192.0.2.1>;tag=caller';
const KEY = Buffer.alloc(32, 'k');

function taken(bench: ProxyBench): string[] {
  return withoutRecords(bench.take());
}

/** An answered call in which we have remained. @returns the Route of its requests */
function answered(options: { readonly flow?: ReturnType<typeof flowOf> } = {}): [ProxyBench, string] {
  const bench = new ProxyBench({ proxyKey: KEY });
  if (options.flow?.connectionId !== undefined) bench.connections.add(options.flow.connectionId);
  bench.call(options);
  bench.proxy({ to: [11], remain: true });
  bench.answer(11, 200);
  bench.take();
  return [bench, bench.last(1).headerAll('Record-Route').join(', ')];
}

function inDialog(method: string, route: string, more: Partial<RequestOptions> = {}): RequestOptions {
  const lines = [`Route: ${route}`, 'Max-Forwards: 70'];
  return { method, uri: 'sip:somebody@192.0.2.11', to: CALLEE, branch: `z9hG4bK${method}`, lines, ...more };
}

spec('a request in a call that was proxied', (it) => {
  it('is forwarded by its Route, and its response comes back', () => {
    const [bench, route] = answered();
    bench.request(inDialog('ACK', route));
    bench.request(inDialog('BYE', route, { cseq: 2 }));
    assert.equal(taken(bench), ['11: ACK', '11: BYE']);
    const bye = bench.last(11);
    assert.is(bye.requestUri, 'sip:somebody@192.0.2.11');
    assert.equal(bye.headerAll('Route'), []);
    assert.is(bye.header('Max-Forwards'), '69');
    bench.answer(11, 200);
    assert.equal(taken(bench), ['caller: 200 BYE']);
    assert.is(bench.last(1).vias.length, 1);
    assert.is(bench.engine.counts().transactions.byState['nonInviteServer.Trying'], undefined);
  });

  it('is forwarded the other way round as well, to the next Route where there is one', () => {
    const [bench, route] = answered();
    const lines = [`Route: ${route}, <sip:192.0.2.12;lr>`];
    const back = { host: 11, from: CALLEE, to: CALLER, uri: 'sip:caller@192.0.2.1', lines };
    bench.request(inDialog('BYE', route, back));
    assert.equal(taken(bench), ['12: BYE']);
    assert.equal(bench.last(12).headerAll('Route'), ['<sip:192.0.2.12;lr>']);
    bench.answer(12, 200);
    assert.equal(taken(bench), ['11: 200 BYE']);
  });

  it('has the same branch each time it comes, and so have its CANCEL and its ACK', () => {
    const [bench, route] = answered();
    const branches = ['INVITE', 'INVITE', 'CANCEL', 'ACK'].map((method) => {
      bench.request(inDialog(method, route, { cseq: 3, branch: 'z9hG4bKre' }));
      return bench.last(11).via.branch;
    });
    assert.is(new Set(branches).size, 1);
  });

  it('comes back over the connection of a caller on TCP, while that is there', () => {
    const flow = flowOf(1, { protocol: 'tcp', isReliable: true, connectionId: 7, remotePort: 40_000 });
    const [bench, route] = answered({ flow });
    bench.request(inDialog('BYE', route, { flow }));
    bench.answer(11, 200);
    assert.equal(taken(bench), ['11: BYE', 'caller: 200 BYE']);
    assert.is(bench.lastFlow(1)?.connectionId, 7);
    bench.connections.delete(7);
    bench.answer(11, 200);
    assert.equal(taken(bench), []);
  });

  it('is forwarded by a partner with the same key, which never saw the call', () => {
    const [, route] = answered();
    const partner = new ProxyBench({ proxyKey: KEY });
    partner.request(inDialog('BYE', route));
    assert.equal(taken(partner), ['11: BYE']);
    const other = new ProxyBench();
    other.request(inDialog('BYE', route));
    assert.equal(taken(other), ['caller: 481 BYE']);
  });

  it('stays here when it belongs to a dialog of ours', () => {
    const bench = new ProxyBench({ proxyKey: KEY });
    bench.call();
    const to = 'To: <sip:100@192.0.2.100>;tag=callee11';
    bench.say(`cmd|sip|${bench.transactionId}|\r\nSIP/2.0 200 OK\r\n${to}\r\n\r\n`);
    bench.take();
    const proof = new ProxyKey(KEY).routeProof('call-1', 'caller');
    bench.request(inDialog('BYE', `<sip:${US};lr;wl=${proof}>`, { cseq: 2 }));
    assert.equal(taken(bench), ['app: request']);
  });

  it('is refused with 483 when it has no hop left; an ACK is dropped', () => {
    const [bench, route] = answered();
    const lines = [`Route: ${route}`, 'Max-Forwards: 0'];
    bench.request(inDialog('BYE', route, { lines }));
    bench.request(inDialog('ACK', route, { lines }));
    assert.equal(taken(bench), ['caller: 483 BYE']);
  });

  it('is refused where it leads nowhere, or back to us', () => {
    const [bench, route] = answered();
    bench.request(inDialog('BYE', route, { uri: 'sip:x@nowhere.invalid' }));
    bench.request(inDialog('BYE', `${route}, <sip:192.0.2.100>`, { branch: 'z9hG4bKb' }));
    bench.request(inDialog('BYE', route, { uri: `sip:x@${US}`, branch: 'z9hG4bKc' }));
    assert.equal(taken(bench), ['caller: 503 BYE', 'caller: 482 BYE', 'caller: 481 BYE']);
  });
});

spec('an open relay', (it) => {
  it('is what we are not: a Route of ours without proof, or with that of another call, forwards nothing', () => {
    const [bench, route] = answered();
    const forged = [`<sip:${US};lr>`, `<sip:${US};lr;wl=000000000000000000000000>`, `<sip:${US};lr;wl>`];
    for (const [index, value] of forged.entries()) {
      bench.request(inDialog('BYE', value, { branch: `z9hG4bKf${String(index)}` }));
    }
    bench.request(inDialog('BYE', route, { from: '<sip:x@x>;tag=other', branch: 'z9hG4bKo' }));
    bench.request(inDialog('BYE', route.replace(';lr', ''), { branch: 'z9hG4bKstrict' }));
    assert.equal(taken(bench), Array<string>(5).fill('caller: 481 BYE'));
  });

  it('is what we are not: a new request is for an application, whatever its Route', () => {
    const [bench, route] = answered();
    bench.request(inDialog('OPTIONS', route, { to: `<sip:100@${US}>` }));
    assert.equal(taken(bench), ['app: request']);
  });

  it('is what we are not: a response goes nowhere but to where its request came from', () => {
    const [bench, route] = answered();
    bench.request(inDialog('BYE', route, { cseq: 2 }));
    const { via } = bench.last(11);
    const response = (second: string, branch: string): string =>
      [
        ...['SIP/2.0 200 OK', `Via: SIP/2.0/UDP ${US}:5060;branch=${branch};rport`, second],
        ...[
          `From: ${CALLER}`,
          `To: ${CALLEE}`,
          'Call-ID: call-1',
          'CSeq: 2 BYE',
          'Content-Length: 0',
          '',
          '',
        ],
      ].join('\r\n');
    const good = 'Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKBYE';
    const branch = via.branch ?? '';
    bench.take();
    bench.receive(response('Via: SIP/2.0/UDP 192.0.2.66:5060;branch=z9hG4bKBYE', branch), flowOf(11));
    bench.receive(response(good, branch.replace('5060', '5061')), flowOf(11));
    bench.receive(response(good, 'z9hG4bKA-r'), flowOf(11));
    bench.receive(response('Server: none', branch), flowOf(11));
    assert.equal(taken(bench), []);
    bench.receive(response(good, branch), flowOf(11));
    assert.equal(taken(bench), ['caller: 200 BYE']);
  });
});
