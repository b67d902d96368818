import { assert, spec } from '../../../../support/spec.js';
import { ProxyBench, withoutRecords } from './proxy-bench.js';

const INVITE_END_MS = 32_000;

function taken(bench: ProxyBench): string[] {
  return withoutRecords(bench.take());
}

spec('a proxied INVITE', (it) => {
  it('goes to the next target when the first is busy, and ends with the answer of that one', () => {
    const bench = new ProxyBench();
    bench.call();
    bench.proxy({ to: [11, 12] });
    assert.equal(taken(bench), ['11: INVITE']);
    bench.answer(11, 100);
    bench.answer(11, 180);
    assert.equal(taken(bench), ['caller: 180 INVITE'], 'a 100 is not forwarded');
    bench.answer(11, 486);
    assert.equal(taken(bench), ['11: ACK', 'app: 486', '12: INVITE']);
    bench.answer(12, 200);
    assert.equal(taken(bench), ['caller: 200 INVITE', 'app: 200', 'app: OK done']);
    assert.is(bench.last(1).vias.length, 1);
    assert.is(bench.last(1).to.tag, 'callee12');
  });

  it('rings everywhere at once, and where it is not answered it is cancelled', () => {
    const bench = new ProxyBench();
    bench.call();
    bench.proxy({ to: [11, 12, 13], simultaneous: true });
    assert.equal(taken(bench), ['11: INVITE', '12: INVITE', '13: INVITE']);
    bench.answer(11, 180);
    bench.answer(12, 180);
    bench.answer(11, 200, { method: 'INVITE' });
    assert.equal(taken(bench), [
      ...['caller: 180 INVITE', 'caller: 180 INVITE', 'caller: 200 INVITE', 'app: 200', '12: CANCEL'],
      'app: OK done',
    ]);
    assert.is(bench.last(12).header('Reason'), 'SIP;cause=200;text="Call completed elsewhere"');
    bench.answer(12, 200, { method: 'CANCEL' });
    bench.answer(12, 487, { method: 'INVITE' });
    assert.equal(taken(bench), ['12: ACK']);
    // 13 had said nothing yet: its CANCEL waits for that.
    bench.answer(13, 180);
    assert.equal(taken(bench), ['13: CANCEL']);
  });

  it('is answered twice when two pick up, and each 2xx that comes again is forwarded again', () => {
    const bench = new ProxyBench();
    bench.call();
    bench.proxy({ to: [11, 12], simultaneous: true });
    bench.answer(11, 200);
    taken(bench);
    bench.answer(12, 200);
    bench.answer(11, 200);
    assert.equal(taken(bench), ['caller: 200 INVITE', 'caller: 200 INVITE']);
  });

  it('follows a 302 to the Contact with the highest q, with that as its Request-URI', () => {
    const bench = new ProxyBench();
    bench.call({ uri: 'sip:100@192.0.2.77' });
    bench.proxy({ to: [11], follow: true });
    assert.is(bench.last(11).requestUri, 'sip:100@192.0.2.77');
    const contact = 'Contact: <sip:b@192.0.2.13>;q=0.2, <sip:a@192.0.2.12>, <tel:112>';
    bench.answer(11, 302, { lines: [contact] });
    assert.equal(taken(bench), ['11: INVITE', '11: ACK', 'app: 302', '12: INVITE']);
    assert.is(bench.last(12).requestUri, 'sip:a@192.0.2.12');
    bench.answer(12, 404);
    assert.equal(taken(bench), ['12: ACK', 'app: 404', '13: INVITE']);
    bench.answer(13, 302, { lines: ['Contact: <sip:a@192.0.2.12>'] });
    assert.equal(taken(bench), ['13: ACK', 'app: 302', 'caller: 302 INVITE', 'app: OK done']);
  });

  it('brings a 302 to the caller unless it is to be followed', () => {
    const bench = new ProxyBench();
    bench.call();
    bench.proxy({ to: [11] });
    bench.answer(11, 302, { lines: ['Contact: <sip:a@192.0.2.12>'] });
    assert.equal(taken(bench), ['11: INVITE', '11: ACK', 'app: 302', 'caller: 302 INVITE', 'app: OK done']);
  });

  it('ends with the best refusal, to which the challenges of other targets are added', () => {
    const bench = new ProxyBench();
    bench.call();
    bench.proxy({ to: [11, 12, 13], simultaneous: true });
    bench.answer(11, 503);
    bench.answer(12, 407, { lines: ['Proxy-Authenticate: Digest realm="b", nonce="1"'] });
    bench.answer(13, 401, { lines: ['WWW-Authenticate: Digest realm="c", nonce="2"'] });
    assert.is(taken(bench).at(-2), 'caller: 407 INVITE');
    const refusal = bench.last(1);
    assert.equal(refusal.headerAll('Proxy-Authenticate'), ['Digest realm="b", nonce="1"']);
    assert.equal(refusal.headerAll('WWW-Authenticate'), ['Digest realm="c", nonce="2"']);
  });

  it('tries nobody else after a 6xx, and waits for whom it cancels', () => {
    const bench = new ProxyBench();
    bench.call();
    bench.proxy({ to: [11, 12], simultaneous: true });
    bench.answer(12, 180);
    taken(bench);
    bench.answer(11, 603);
    assert.equal(taken(bench), ['11: ACK', 'app: 603', '12: CANCEL']);
    bench.answer(12, 487, { method: 'INVITE' });
    assert.equal(taken(bench), ['12: ACK', 'app: 487', 'caller: 603 INVITE', 'app: OK done']);
    const serial = new ProxyBench();
    serial.call();
    serial.proxy({ to: [11, 12] });
    serial.answer(11, 603);
    assert.equal(taken(serial), ['11: INVITE', '11: ACK', 'app: 603', 'caller: 603 INVITE', 'app: OK done']);
  });

  it('is cancelled by its caller at every target, and ends with what they say', () => {
    const bench = new ProxyBench();
    bench.call();
    bench.proxy({ to: [11, 12], simultaneous: true });
    bench.answer(11, 180);
    bench.answer(12, 183);
    taken(bench);
    bench.request({ method: 'CANCEL', lines: ['Reason: SIP;cause=487;text="went away"'] });
    assert.equal(taken(bench), ['caller: 200 CANCEL', '11: CANCEL', '12: CANCEL']);
    assert.is(bench.last(11).header('Reason'), 'SIP;cause=487;text="went away"');
    bench.answer(11, 487, { method: 'INVITE' });
    assert.equal(taken(bench), ['11: ACK', 'app: 487']);
    bench.answer(12, 487, { method: 'INVITE' });
    assert.equal(taken(bench), ['12: ACK', 'app: 487', 'caller: 487 INVITE', 'app: OK done']);
  });

  it('is not given to the next target once its caller gave up', () => {
    const bench = new ProxyBench();
    bench.call();
    bench.proxy({ to: [11, 12] });
    bench.answer(11, 180);
    bench.request({ method: 'CANCEL' });
    bench.answer(11, 486, { method: 'INVITE' });
    assert.not.ok(taken(bench).includes('12: INVITE'));
  });

  it('ends with 487 when the target of a cancelled one never says a word', async () => {
    const bench = new ProxyBench();
    bench.call();
    bench.proxy({ to: [11] });
    bench.request({ method: 'CANCEL' });
    await bench.clock.advance(INVITE_END_MS + 100);
    assert.equal(taken(bench).slice(-2), ['caller: 487 INVITE', 'app: OK done']);
  });

  it('goes on to the next target when the first has said nothing in the time it had', async () => {
    const bench = new ProxyBench();
    bench.call();
    bench.proxy({ to: [11, 12], provisional: '2s', final: '10s' });
    taken(bench);
    await bench.clock.advance(1990);
    assert.equal(taken(bench), ['11: INVITE', '11: INVITE'], 'only said again');
    await bench.clock.advance(20);
    assert.equal(taken(bench), ['12: INVITE']);
    bench.answer(12, 180);
    await bench.clock.advance(9000);
    bench.answer(11, 180, { method: 'INVITE' });
    assert.equal(
      taken(bench).filter((line) => line !== '11: INVITE'),
      ['caller: 180 INVITE', '11: CANCEL'],
      'who comes too late is cancelled',
    );
    await bench.clock.advance(1000);
    assert.equal(taken(bench).includes('12: CANCEL'), true);
    bench.answer(12, 487, { method: 'INVITE' });
    assert.equal(taken(bench), ['12: ACK', 'app: 487', 'caller: 408 INVITE', 'app: OK done']);
  });

  it('ends with 408 when nobody has said anything, as soon as nobody is to be waited for', async () => {
    const bench = new ProxyBench();
    bench.call();
    bench.proxy({ to: [11], provisional: '1500ms' });
    await bench.clock.advance(1510);
    const said = taken(bench).filter((line) => line !== '11: INVITE');
    assert.equal(said, ['caller: 408 INVITE', 'app: OK done']);
  });

  it('lets the answer of one that was given up count as long as nothing else is said', async () => {
    const bench = new ProxyBench();
    bench.call();
    bench.proxy({ to: [11, 12], provisional: '1s' });
    await bench.clock.advance(1010);
    taken(bench);
    bench.answer(11, 200, { method: 'INVITE' });
    assert.equal(taken(bench), ['caller: 200 INVITE', 'app: 200', 'app: OK done']);
  });

  it('rings no longer than timer C', async () => {
    const bench = new ProxyBench();
    bench.call();
    bench.proxy({ to: [11] });
    bench.answer(11, 180);
    taken(bench);
    await bench.clock.advance(185_010);
    assert.equal(taken(bench), ['11: CANCEL']);
    bench.answer(11, 487, { method: 'INVITE' });
    assert.equal(taken(bench), ['11: ACK', 'app: 487', 'caller: 487 INVITE', 'app: OK done']);
  });

  it('ends with 500 where nothing can be sent, after all targets have been tried', () => {
    const bench = new ProxyBench();
    bench.unreachable.add(11);
    bench.call();
    bench.proxy({ to: [11], destinations: ['sip:100@192.0.2.11', 'sip:100@nowhere.invalid'] });
    assert.equal(taken(bench), ['caller: 500 INVITE', 'app: OK done']);
  });

  it('leaves nothing behind, be it that nothing could be sent, or that one of two has answered', async () => {
    const bench = new ProxyBench();
    bench.unreachable.add(11);
    bench.call();
    bench.proxy({ to: [11], final: '90s' });
    bench.acknowledge();
    bench.call({ method: 'OPTIONS', branch: 'z9hG4bKoptions' });
    bench.proxy({ to: [12, 13], simultaneous: true, final: '90s' });
    bench.answer(12, 200);
    await bench.clock.advance(40_000);
    const { transactions, proxyBranches } = bench.engine.counts();
    assert.equal([transactions.transactions, transactions.timers, proxyBranches], [0, 0, 0]);
  });

  it('absorbs what comes again, from the caller and from a target', async () => {
    const bench = new ProxyBench();
    bench.call();
    bench.proxy({ to: [11] });
    bench.answer(11, 180);
    taken(bench);
    bench.request();
    assert.equal(taken(bench), ['caller: 180 INVITE']);
    bench.answer(11, 486);
    bench.answer(11, 486, { method: 'INVITE' });
    assert.equal(taken(bench), ['11: ACK', 'app: 486', 'caller: 486 INVITE', 'app: OK done', '11: ACK']);
    await bench.clock.advance(500);
    assert.equal(taken(bench), ['caller: 486 INVITE']);
    bench.acknowledge();
    await bench.clock.advance(60_000);
    assert.equal(taken(bench), []);
    assert.is(bench.engine.counts().transactions.transactions, 0);
  });

  it('leaves attempt and end of each target in the call records', () => {
    const bench = new ProxyBench();
    bench.call();
    bench.proxy({ to: [11, 12] });
    bench.answer(11, 486);
    bench.answer(12, 200);
    assert.equal(
      bench.take().filter((line) => line.startsWith('cdr:')),
      [
        ...['cdr: attempt application', 'cdr: stop network call-rejected', 'cdr: attempt application'],
        ...['cdr: start network proxy-uac', 'cdr: start application proxy-uas'],
      ],
    );
  });
});
