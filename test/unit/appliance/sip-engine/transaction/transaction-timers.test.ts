/** The schedule of every timer, through the layer, to the millisecond (RFC 3261 table 4, RFC 6026, RFC 4320). */
import { FakeClock } from '../../../../../cluster/base/clock.js';
import { assert, spec } from '../../../../support/spec.js';
import { request, respond, response, SipEndpoint, TCP, UDP, type TestFlow } from './sip-endpoint.js';

function endpoint(): SipEndpoint {
  return new SipEndpoint(new FakeClock());
}

const INVITE = request('INVITE');
const BYE = request('BYE', { toTag: 't1' });

/** A server transaction that was finally answered after `afterMs`. */
async function answered(method: string, status: number, flow: TestFlow, afterMs = 0): Promise<SipEndpoint> {
  const callee = endpoint();
  const message = request(method);
  callee.receive(message, flow);
  await callee.clock.advance(afterMs);
  assert.is(respond(callee.server!, message, status), 'sent');
  return callee;
}

function assertNothingLeft(end: SipEndpoint): void {
  assert.is(end.layer.size, 0);
  assert.is(end.wheel.size, 0);
  assert.is(end.clock.pendingTimers, 0);
}

spec('transaction timers', (it) => {
  it('A doubles without end and B gives up after 32 s', async () => {
    const caller = endpoint();
    caller.start(INVITE);
    await caller.clock.advance(100_000);
    assert.equal(caller.times('send INVITE'), [0, 500, 1500, 3500, 7500, 15_500, 31_500]);
    assert.equal(caller.times('timeout'), [32_000]);
    assert.equal(caller.times('end INVITE'), [32_000]);
    assertNothingLeft(caller);
  });

  it('A does not run over TCP, B does', async () => {
    const caller = endpoint();
    caller.start(INVITE, TCP);
    await caller.clock.advance(100_000);
    assert.equal(caller.times('send INVITE'), [0]);
    assert.equal(caller.times('timeout'), [32_000]);
  });

  it('A and B stop with the first provisional response', async () => {
    const caller = endpoint();
    caller.start(INVITE);
    await caller.clock.advance(600);
    caller.receive(response(INVITE, 100));
    await caller.clock.advance(200_000);
    assert.equal(caller.times('send INVITE'), [0, 500]);
    assert.is(caller.layer.size, 1);
    assert.is(caller.wheel.size, 0);
  });

  it('D keeps a refusal over UDP for 32 s to acknowledge it again, and is nothing over TCP', async () => {
    const caller = endpoint();
    caller.start(INVITE);
    caller.receive(response(INVITE, 486));
    await caller.clock.advance(31_990);
    caller.receive(response(INVITE, 486));
    await caller.clock.advance(100);
    assert.equal(caller.times('send ACK'), [0, 31_990]);
    assert.equal(caller.times('told 486 INVITE'), [0]);
    assert.equal(caller.times('end INVITE'), [32_000]);
    const other = endpoint();
    other.start(INVITE, TCP);
    other.receive(response(INVITE, 486));
    assert.is(other.takeLog(), '0 send INVITE, 0 send ACK, 0 told 486 INVITE, 0 end INVITE');
    assertNothingLeft(other);
  });

  it('M lets every 2xx of an INVITE through for 32 s, over TCP as well', async () => {
    for (const flow of [UDP, TCP]) {
      const caller = endpoint();
      caller.start(INVITE, flow);
      caller.receive(response(INVITE, 200));
      await caller.clock.advance(31_990);
      caller.receive(response(INVITE, 200, { toTag: 'fork' }));
      await caller.clock.advance(10);
      caller.receive(response(INVITE, 200));
      assert.equal(caller.times('told 200 INVITE'), [0, 31_990]);
      assert.equal(caller.times('stray 200 INVITE'), [32_000]);
      assertNothingLeft(caller);
    }
  });

  it('C cancels an INVITE of a proxy that rings too long; 101-199 start it anew, 100 does not', async () => {
    const caller = endpoint();
    caller.start(INVITE, UDP, { isProxied: true });
    caller.receive(response(INVITE, 100));
    await caller.clock.advance(100_000);
    caller.receive(response(INVITE, 180));
    await caller.clock.advance(100_000);
    caller.receive(response(INVITE, 100));
    await caller.clock.advance(84_990);
    assert.equal(caller.times('send CANCEL'), []);
    await caller.clock.advance(10);
    assert.is(caller.times('send CANCEL')[0], 285_000);
    await caller.clock.advance(32_000);
    assert.equal(caller.times('timeout'), [285_000 + 32_000]);
    assertNothingLeft(caller);
  });

  it('E doubles up to T2 and F gives up after 32 s', async () => {
    const caller = endpoint();
    caller.start(BYE);
    await caller.clock.advance(100_000);
    const expected = [0, 500, 1500, 3500, 7500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500];
    assert.equal(caller.times('send BYE'), expected);
    assert.equal(caller.times('timeout'), [32_000]);
    assertNothingLeft(caller);
  });

  it('E runs every T2 once there was a provisional response, and F is not put off by it', async () => {
    const caller = endpoint();
    caller.start(BYE);
    await caller.clock.advance(600);
    caller.receive(response(BYE, 100));
    await caller.clock.advance(100_000);
    const expected = [0, 500, 1500, 5500, 9500, 13_500, 17_500, 21_500, 25_500, 29_500];
    assert.equal(caller.times('send BYE'), expected);
    assert.equal(caller.times('timeout'), [32_000]);
  });

  it('K keeps an answer out for T4 over UDP, and is nothing over TCP', async () => {
    const caller = endpoint();
    caller.start(BYE);
    caller.receive(response(BYE, 200));
    await caller.clock.advance(4990);
    assert.is(caller.receive(response(BYE, 200)), 'matched');
    await caller.clock.advance(10);
    assert.equal(caller.times('told 200 BYE'), [0]);
    assert.equal(caller.times('end BYE'), [5000]);
    const other = endpoint();
    other.start(BYE, TCP);
    other.receive(response(BYE, 200));
    assert.is(other.takeLog(), '0 send BYE, 0 told 200 BYE, 0 end BYE');
    assertNothingLeft(other);
  });

  it('G doubles up to T2 and H gives up after 32 s', async () => {
    const callee = await answered('INVITE', 486, UDP);
    await callee.clock.advance(100_000);
    const expected = [0, 500, 1500, 3500, 7500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500];
    assert.equal(callee.times('send 486 INVITE'), expected);
    assert.equal(callee.times('timeout'), [32_000]);
    assertNothingLeft(callee);
  });

  it('G does not run over TCP, H does', async () => {
    const callee = await answered('INVITE', 486, TCP);
    await callee.clock.advance(100_000);
    assert.equal(callee.times('send 486 INVITE'), [0]);
    assert.equal(callee.times('timeout'), [32_000]);
  });

  it('I keeps further ACKs out for T4 over UDP, and is nothing over TCP', async () => {
    const ack = request('ACK', { toTag: 't1' });
    const callee = await answered('INVITE', 486, UDP);
    callee.receive(ack);
    await callee.clock.advance(4990);
    assert.is(callee.receive(ack), 'ack');
    await callee.clock.advance(10);
    assert.equal(callee.times('end INVITE'), [5000]);
    assert.is(callee.receive(ack), 'strayAck');
    const other = await answered('INVITE', 486, TCP);
    other.receive(ack, TCP);
    assert.equal(other.times('end INVITE'), [0]);
    assertNothingLeft(other);
  });

  it('J answers a request that comes again for 32 s over UDP, and is nothing over TCP', async () => {
    const message = request('OPTIONS');
    const callee = await answered('OPTIONS', 200, UDP, 1000);
    await callee.clock.advance(31_990);
    assert.is(callee.receive(message), 'retransmission');
    assert.equal(callee.times('send 200 OPTIONS'), [1000, 32_990]);
    await callee.clock.advance(10);
    assert.equal(callee.times('end OPTIONS'), [33_000]);
    const other = await answered('OPTIONS', 200, TCP);
    assert.is(other.takeLog(), '0 request OPTIONS, 0 send 200 OPTIONS, 0 end OPTIONS');
    assertNothingLeft(other);
  });

  it('L keeps an answered INVITE from ringing again for 32 s, over TCP as well', async () => {
    for (const flow of [UDP, TCP]) {
      const callee = await answered('INVITE', 200, flow);
      await callee.clock.advance(31_990);
      assert.is(callee.receive(INVITE, flow), 'retransmission');
      await callee.clock.advance(10);
      assert.equal(callee.times('send 200 INVITE'), [0]);
      assert.equal(callee.times('request INVITE'), [0]);
      assert.equal(callee.times('end INVITE'), [32_000]);
      assertNothingLeft(callee);
    }
  });

  it('sends a 100 by itself after 200 ms, unless the user has answered', async () => {
    const slow = endpoint();
    slow.receive(INVITE);
    await slow.clock.advance(10_000);
    assert.equal(slow.times('send 100 INVITE'), [200]);
    const quick = endpoint();
    quick.receive(INVITE);
    await quick.clock.advance(190);
    respond(quick.server!, INVITE, 180);
    await quick.clock.advance(10_000);
    assert.equal(quick.times('send 100 INVITE'), []);
    assert.equal(quick.times('send 180 INVITE'), [190]);
  });

  it('leaves the 100 to a user that wants it so', async () => {
    const callee = new SipEndpoint(new FakeClock(), { settings: { tryingMs: undefined } });
    callee.receive(INVITE);
    await callee.clock.advance(500);
    callee.receive(INVITE);
    assert.is(callee.takeLog(), '0 request INVITE');
    respond(callee.server!, INVITE, 100);
    callee.receive(INVITE);
    assert.equal(callee.times('send 100 INVITE'), [500, 500]);
  });

  it('answers anything but INVITE with 100 only when timer E of the client has reached T2', async () => {
    const callee = endpoint();
    const message = request('REGISTER');
    callee.receive(message);
    assert.is(respond(callee.server!, message, 100), 'tryingTooEarly');
    await callee.clock.advance(10_000);
    assert.equal(callee.times('send 100 REGISTER'), [3500]);
    callee.receive(message);
    assert.equal(callee.times('send 100 REGISTER'), [3500, 10_000]);
    assert.is(respond(callee.server!, message, 200), 'sent');
  });

  it('ends a request that nobody answers when its client has given up', async () => {
    const callee = endpoint();
    const message = request('INFO');
    callee.receive(message);
    assert.is(respond(callee.server!, message, 408), 'timeoutToNonInvite');
    assert.is(respond(callee.server!, message, 183), 'provisionalToNonInvite');
    await callee.clock.advance(40_000);
    assert.equal(callee.times('timeout'), [32_000]);
    assert.is(respond(callee.server!, message, 200), 'finished');
    assertNothingLeft(callee);
  });

  it('scales with T1, T2 and T4', async () => {
    const caller = new SipEndpoint(new FakeClock(), { settings: { t1Ms: 100, t2Ms: 300, t4Ms: 50 } });
    caller.start(BYE);
    await caller.clock.advance(1500);
    assert.equal(caller.times('send BYE'), [0, 100, 300, 600, 900, 1200, 1500]);
    await caller.clock.advance(10_000);
    assert.equal(caller.times('timeout'), [6400]);
  });
});
