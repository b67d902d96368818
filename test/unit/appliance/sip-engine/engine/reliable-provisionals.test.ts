/** Reliable provisional responses by themselves (RFC 3262 3). */
import { FakeClock } from '../../../../../cluster/base/clock.js';
import { ReliableProvisionals } from '../../../../../appliance/sip-engine/engine/reliable-provisionals.js';
import { TimerWheel } from '../../../../../appliance/sip-engine/transaction/timer-wheel.js';
import { assert, spec } from '../../../../support/spec.js';

function provisionals(isReliable = false) {
  const clock = new FakeClock();
  const log: string[] = [];
  const note = (what: string): void => {
    log.push(`${String(clock.monotonicMs())} ${what}`);
  };
  const reliable = new ReliableProvisionals({
    ...{ wheel: new TimerWheel(clock), t1Ms: 500, firstRSeq: 10, inviteSeq: 7, isReliable },
    send: (bytes) => {
      note(`again ${bytes.toString()}`);
    },
    onGivenUp: () => {
      note('given up');
    },
  });
  const provide = (name: string, hasBody = false): void => {
    reliable.provide((rseq) => {
      note(`${name} ${String(rseq)}`);
      return { bytes: Buffer.from(name), hasBody };
    });
  };
  const prack = (rseq: number, cseq = 7, method = 'INVITE'): boolean => {
    const isRight = reliable.acknowledge({ rseq, cseq, method });
    reliable.runWaiting();
    return isRight;
  };
  return { clock, log, reliable, provide, prack };
}

spec('reliable provisional responses', (it) => {
  it('go one at a time, numbered without a gap', () => {
    const { log, provide, prack } = provisionals();
    for (const name of ['a', 'b', 'c']) provide(name);
    assert.equal(log, ['0 a 10']);
    assert.is(prack(10), true);
    assert.is(prack(11), true);
    assert.equal(log, ['0 a 10', '0 b 11', '0 c 12']);
  });

  it('are acknowledged by RSeq, CSeq and method together, once', () => {
    const { provide, prack } = provisionals();
    assert.is(prack(10), false);
    provide('a');
    assert.equal([prack(11), prack(10, 8), prack(10, 7, 'UPDATE')], [false, false, false]);
    assert.equal([prack(10), prack(10)], [true, false]);
  });

  it('are repeated at T1, doubling, and given up after 64 * T1', async () => {
    const { clock, log, provide } = provisionals();
    provide('a');
    await clock.advance(100_000);
    const again = [500, 1500, 3500, 7500, 15_500, 31_500].map((ms) => `${String(ms)} again a`);
    assert.equal(log, ['0 a 10', ...again, '32000 given up']);
    assert.is(clock.pendingTimers, 0);
  });

  it('over a stream are not repeated, but waited for as long', async () => {
    const { clock, log, provide } = provisionals(true);
    provide('a');
    await clock.advance(100_000);
    assert.equal(log, ['0 a 10', '32000 given up']);
  });

  it('hold a 2xx back only while a description, or another response, waits', () => {
    const without = provisionals();
    without.provide('a');
    assert.is(without.reliable.holdsSuccess, false);
    without.provide('b');
    assert.is(without.reliable.holdsSuccess, true);
    const { log, provide, prack, reliable } = provisionals();
    provide('a', true);
    assert.is(reliable.holdsSuccess, true);
    reliable.afterPrack(() => {
      log.push('2xx');
    });
    assert.equal(log, ['0 a 10']);
    prack(10);
    assert.equal(log, ['0 a 10', '2xx']);
  });

  it('let what waits run in its order', () => {
    const { log, provide, prack, reliable } = provisionals();
    provide('a', true);
    provide('b', true);
    reliable.afterPrack(() => {
      log.push('2xx');
    });
    prack(10);
    assert.equal(log, ['0 a 10', '0 b 11']);
    prack(11);
    assert.equal(log, ['0 a 10', '0 b 11', '2xx']);
  });

  it('that were stopped are silent, but a late PRACK is still right', async () => {
    const { clock, log, provide, prack, reliable } = provisionals();
    provide('a');
    provide('b');
    reliable.stop();
    await clock.advance(100_000);
    assert.equal(log, ['0 a 10']);
    assert.is(prack(10), true);
    assert.equal(log, ['0 a 10']);
  });
});
