import { assert, spec } from '../../../../support/spec.js';
import { flowOf, ProxyBench, US, withoutRecords } from './proxy-bench.js';

function taken(bench: ProxyBench): string[] {
  return withoutRecords(bench.take());
}

spec('a request that is forwarded', (it) => {
  it('keeps every line that is not ours, to the byte', () => {
    const bench = new ProxyBench();
    const odd = ['x-Odd:   spaced , "quoted"', 'Subject: folded\r\n  twice', 's:compact'];
    bench.call({ lines: ['Max-Forwards: 70', ...odd] });
    bench.proxy({ to: [11] });
    const sent = bench.last(11);
    const raws = Array.from({ length: sent.headerCount }, (_, index) => sent.rawAt(index));
    for (const line of odd) assert.ok(raws.includes(line), line);
    assert.is(sent.header('Max-Forwards'), '69');
    assert.is(sent.vias.length, 2);
    assert.is(sent.via.host, US);
    assert.match(sent.via.branch ?? '', /^z9hG4bKA-[0-9a-f]{20}$/);
    assert.is(sent.requestUri, 'sip:100@192.0.2.11', 'it was for us: the destination takes our place');
    assert.equal(sent.headerAll('Record-Route'), []);
  });

  it('keeps a Request-URI that is not ours: the destination is only the next hop', () => {
    const bench = new ProxyBench();
    bench.call({ uri: 'sip:100@hospital.example' });
    bench.proxy({ to: [11] });
    assert.is(bench.last(11).requestUri, 'sip:100@hospital.example');
  });

  it('has a Record-Route with a proof when we are to remain in the dialog', () => {
    const bench = new ProxyBench();
    bench.call({ lines: ['Record-Route: <sip:192.0.2.9;lr>'] });
    bench.proxy({ to: [11], remain: true });
    const [own = '', other] = bench.last(11).headerAll('Record-Route');
    assert.match(own, /^<sip:192\.0\.2\.100:5060;lr;wl=[0-9a-f]{24}>$/);
    assert.is(other, '<sip:192.0.2.9;lr>');
  });

  it('has two of them when it came over another transport', () => {
    const bench = new ProxyBench();
    bench.connections.add(7);
    const flow = flowOf(1, { protocol: 'tcp', isReliable: true, connectionId: 7 });
    bench.call({ flow });
    bench.proxy({ to: [11], remain: true });
    const uris = bench.last(11).recordRoutes.map(({ uri }) => uri.slice(0, uri.indexOf(';wl=')));
    assert.equal(uris, ['sip:192.0.2.100:5060;lr', 'sip:192.0.2.100:5060;transport=tcp;lr']);
  });

  it('loses the values of Route that name us, also where they share a line with others', () => {
    const bench = new ProxyBench();
    bench.call({ lines: [`Route: <sip:${US};lr>, <sip:${US}:5060;transport=tcp;lr>, <sip:192.0.2.11;lr>`] });
    bench.proxy({ to: [11] });
    assert.equal(bench.last(11).headerAll('Route'), ['<sip:192.0.2.11;lr>']);
  });

  it('takes headers of the application, but none that belong to the call', () => {
    const bench = new ProxyBench();
    bench.call({ lines: ['Subject: old'] });
    const headers = [
      'X-Ward: 3',
      'Reason: SIP;cause=200',
      'From: <sip:evil@x>;tag=y',
      'Call-ID: other',
      'Via: x',
    ];
    bench.proxy({ to: [11], headers });
    const sent = bench.last(11);
    assert.is(sent.header('X-Ward'), '3');
    assert.is(sent.from.tag, 'caller');
    assert.is(sent.callId, 'call-1');
    assert.is(sent.vias.length, 2);
  });

  it('is refused with 483 when it has no hop left', () => {
    const bench = new ProxyBench();
    bench.call({ lines: ['Max-Forwards: 0'] });
    bench.proxy({ to: [11] });
    assert.equal(taken(bench), ['caller: 483 INVITE', 'app: OK done']);
  });

  it('that becomes too long by what we add is refused, as nobody would read it', () => {
    const bench = new ProxyBench();
    bench.call({ lines: Array<string>(491).fill('Z: y') });
    bench.proxy({ to: [11], remain: true });
    assert.equal(taken(bench), ['caller: 513 INVITE', 'app: OK done']);
  });

  it('is answered to its caller whatever a target makes of the Vias', () => {
    const bench = new ProxyBench();
    bench.call();
    bench.proxy({ to: [11] });
    const via = `Via: ${bench.last(11).header('Via') ?? ''}`;
    bench.receive(bench.responseOf(11, 200).replace(/Via: [^]*?(?=From)/, `${via}\r\n`), flowOf(11));
    assert.is(bench.last(1).via.branch, 'z9hG4bKcaller');
    assert.equal(taken(bench).slice(-3), ['caller: 200 INVITE', 'app: 200', 'app: OK done']);
  });

  it('is not sent to ourselves', () => {
    const bench = new ProxyBench();
    bench.call();
    bench.proxy({ to: [100] });
    assert.equal(taken(bench), ['caller: 482 INVITE', 'app: OK done']);
  });

  it('may be a REGISTER, which gets a Path without proof', () => {
    const bench = new ProxyBench();
    bench.call({ method: 'REGISTER', lines: ['Path: <sip:192.0.2.9;lr>'] });
    bench.proxy({ to: [11], remain: true });
    assert.equal(bench.last(11).headerAll('Path'), ['<sip:192.0.2.100:5060;lr>', '<sip:192.0.2.9;lr>']);
    assert.equal(bench.last(11).headerAll('Record-Route'), []);
    bench.answer(11, 200);
    assert.equal(taken(bench), ['11: REGISTER', 'caller: 200 REGISTER', 'app: 200', 'app: OK done']);
  });

  it('other than INVITE gets no 408: it would come too late', async () => {
    const bench = new ProxyBench();
    bench.call({ method: 'OPTIONS' });
    bench.proxy({ to: [11], final: '2s' });
    await bench.clock.advance(2010);
    assert.equal(taken(bench).at(-1), 'app: OK done');
    assert.throws(() => bench.last(1, '408'));
  });
});

spec('the command proxy', (it) => {
  it('is refused for a request that is not there, or has an answer, or is proxied already', () => {
    const bench = new ProxyBench();
    bench.call();
    bench.proxy({ to: [11], transactionId: 'nobody' });
    assert.equal(taken(bench), ['app: NOK Unknown transaction id: nobody']);
    bench.proxy({ to: [11] });
    taken(bench);
    bench.proxy({ to: [12] });
    assert.equal(taken(bench), [`app: NOK Unknown transaction id: ${bench.transactionId}`]);
  });

  it('is refused once the application itself has said that it rings', () => {
    const bench = new ProxyBench();
    bench.call();
    bench.say(`cmd|sip|${bench.transactionId}|\r\nSIP/2.0 180 Ringing\r\n\r\n`);
    taken(bench);
    bench.proxy({ to: [11] });
    assert.equal(taken(bench), [`app: NOK Unknown transaction id: ${bench.transactionId}`]);
  });

  it('is refused for a destination that is no URI, and the application may still answer', () => {
    const bench = new ProxyBench();
    bench.call();
    for (const uri of ['sip:100@192.0.2.11;a b', 'tel:112', 'sip:100@192.0.2.11?Route=x', 'sip:']) {
      bench.proxy({ to: [], destinations: [uri] });
      assert.equal(taken(bench), [`app: NOK invalid request-uri: ${uri}`]);
    }
    bench.proxy({ to: [11] });
    assert.equal(taken(bench), ['11: INVITE']);
  });

  it('takes the answer out of the hands of the application', () => {
    const bench = new ProxyBench();
    bench.call();
    bench.proxy({ to: [11] });
    taken(bench);
    bench.say(`cmd|sip|${bench.transactionId}|\r\nSIP/2.0 200 OK\r\n\r\n`);
    assert.equal(taken(bench), ['app: NOK Response not sent due to unknown transaction']);
  });

  it('goes on without its application', () => {
    const bench = new ProxyBench();
    bench.call();
    bench.proxy({ to: [11] });
    bench.loseApplication();
    bench.answer(11, 200);
    assert.equal(taken(bench), ['11: INVITE', 'caller: 200 INVITE']);
  });
});

spec('a request that a service has proxied', (it) => {
  const plan = {
    destinations: ['sip:100@192.0.2.11'],
    remainInDialog: true,
    followRedirects: false,
    simultaneous: false,
  };

  it('goes to its target and is answered, and no application hears of it', () => {
    const bench = new ProxyBench({ gate: () => ({ kind: 'proxy', plan }) });
    bench.request();
    assert.ok(bench.take().includes('11: INVITE'));
    assert.ok((bench.last(11).header('Record-Route') ?? '').includes('wl'));
    bench.answer(11, 200);
    assert.equal(
      bench.take().filter((line) => !line.startsWith('cdr')),
      ['caller: 200 INVITE'],
    );
  });

  it('is refused when its service names something else than a URI, or it has no hop left', () => {
    const destinations = ['nowhere'];
    const bad = new ProxyBench({ gate: () => ({ kind: 'proxy', plan: { ...plan, destinations } }) });
    bad.request();
    assert.ok(bad.take().includes('caller: 500 INVITE'));
    const far = new ProxyBench({ gate: () => ({ kind: 'proxy', plan }) });
    far.request({ lines: ['Max-Forwards: 0'] });
    assert.ok(far.take().includes('caller: 483 INVITE'));
  });
});
