/** Responses that are sent again until somebody acknowledges them. */
import { FakeClock } from '../../../../../cluster/base/clock.js';
import { ResponseRepeater } from '../../../../../appliance/sip-engine/dialog/response-repeater.js';
import { TimerWheel } from '../../../../../appliance/sip-engine/transaction/timer-wheel.js';
import { assert, spec } from '../../../../support/spec.js';

async function run(options: { isReliable?: boolean; intervalMsMax?: number; stopAtMs?: number }) {
  const clock = new FakeClock();
  const times: number[] = [];
  const givenUp: number[] = [];
  const { stopAtMs = Infinity, isReliable = false, ...rest } = options;
  const response = {
    ...{ bytes: Buffer.from('x'), isReliable },
    send: () => void times.push(clock.monotonicMs()),
    onGivenUp: () => void givenUp.push(clock.monotonicMs()),
    ...rest,
  };
  const repeater = new ResponseRepeater(new TimerWheel(clock), response, 500);
  clock.schedule(stopAtMs, () => {
    repeater.stop();
    repeater.stop();
  });
  await clock.advance(100_000);
  return { times, givenUp, pending: clock.pendingTimers };
}

spec('a response that is repeated', (it) => {
  it('comes at T1, doubling up to T2, and is given up after 64 * T1 (RFC 3261 13.3.1.4)', async () => {
    const { times, givenUp } = await run({ intervalMsMax: 4000 });
    assert.equal(times, [500, 1500, 3500, 7500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500]);
    assert.equal(givenUp, [32_000]);
  });

  it('doubles without end where there is no T2 (RFC 3262 3)', async () => {
    const { times } = await run({});
    assert.equal(times, [500, 1500, 3500, 7500, 15_500, 31_500]);
  });

  it('is not repeated over a stream', async () => {
    const { times, givenUp } = await run({ isReliable: true });
    assert.equal([times, givenUp], [[], [32_000]]);
  });

  it('is neither repeated nor given up after it was stopped', async () => {
    const { times, givenUp, pending } = await run({ stopAtMs: 2000 });
    assert.equal([times, givenUp], [[500, 1500], []]);
    assert.ok(pending <= 1);
  });
});
