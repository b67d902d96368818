import {
  LoopLag,
  nextOverload,
  type LoopLagOptions,
  type Overload,
} from '../../../../../appliance/sip-engine/observability/loop-lag.js';
import { FakeClock, type Clock, type Timer } from '../../../../../cluster/base/clock.js';
import { assert, spec } from '../../../../support/spec.js';

/** A clock whose timers come late, as those of a busy loop do. */
class LateClock implements Clock {
  readonly inner = new FakeClock();
  lateMs = 0;

  monotonicMs(): number {
    return this.inner.monotonicMs();
  }
  wallMs(): number {
    return this.inner.wallMs();
  }
  schedule(delayMs: number, action: () => void): Timer {
    return this.inner.schedule(delayMs + this.lateMs, action);
  }
  sleep(delayMs: number): Promise<void> {
    return this.inner.sleep(delayMs);
  }
}

function bench(options: Partial<LoopLagOptions> = {}) {
  const clock = new LateClock();
  const told: string[] = [];
  const lag = new LoopLag({
    clock,
    onOverload: (isOverloaded) => told.push(String(isOverloaded)),
    ...options,
  });
  lag.start();
  /** The timer that runs was set before: the lateness counts from the next one on. */
  const looks = async (count: number, lateMs: number): Promise<void> => {
    for (let look = 0; look < count; look += 1) {
      clock.lateMs = lateMs;
      await clock.inner.advance(100 + lateMs);
    }
  };
  return { clock, lag, told, looks };
}

const LIMITS = { enterMs: 50, leaveMs: 20, badLooks: 3, goodLooks: 4 };

function decide(lags: readonly number[]): string {
  let now: Overload = { isOverloaded: false, against: 0 };
  return lags
    .map((lagMs) => {
      now = nextOverload(now, lagMs, LIMITS);
      return now.isOverloaded ? 'X' : '.';
    })
    .join('');
}

spec('loop-lag', (it) => {
  it('turns new calls away after several bad looks in a row, and again lets them in after several good ones', () => {
    assert.is(decide([50, 50, 50, 50, 0, 0, 0, 0, 0]), '..XXXXX..');
  });

  it('is not moved by one long pause, nor by one quiet moment', () => {
    assert.is(decide([5000, 0, 60, 60, 0, 60, 60, 49, 60]), '.........');
    assert.is(decide([60, 60, 60, 0, 0, 0, 60, 20, 20, 20, 21]), '..XXXXXXXXX');
  });

  it('stays as it is between the two limits', () => {
    assert.is(decide([30, 30, 30, 30, 60, 60, 60, 30, 30, 30, 30, 30]), '......XXXXXX');
  });

  it('is on time with a loop that is', async () => {
    const { lag, looks } = bench();
    await looks(50, 0);
    assert.equal(lag.read(), { p50: 0, p99: 0, max: 0 });
    assert.not.ok(lag.isOverloaded);
  });

  it('tells how late it was since it was last asked', async () => {
    const seen: number[] = [];
    const { lag, looks } = bench({ onLook: (lagMs) => seen.push(lagMs) });
    await looks(99, 4);
    await looks(1, 250);
    await looks(1, 0);
    assert.is(seen.length, 101);
    assert.equal(lag.read(), { p50: 4, p99: 4, max: 250 });
    assert.equal(lag.read(), { p50: 0, p99: 0, max: 0 });
  });

  it('tells of an overload once when it begins and once when it ends', async () => {
    const { lag, told, looks } = bench();
    await looks(20, 80);
    assert.ok(lag.isOverloaded);
    assert.equal(told, ['true']);
    await looks(40, 0);
    assert.not.ok(lag.isOverloaded);
    assert.equal(told, ['true', 'false']);
  });

  it('keeps a bounded number of looks when nobody asks', async () => {
    const { lag, looks } = bench();
    await looks(1, 900);
    await looks(1100, 1);
    assert.equal(lag.read(), { p50: 1, p99: 1, max: 900 });
  });

  it('starts once and stops', async () => {
    const { clock, lag, looks } = bench();
    lag.start();
    assert.is(clock.inner.pendingTimers, 1);
    await looks(10, 80);
    lag.stop();
    lag.stop();
    assert.is(clock.inner.pendingTimers, 0);
    assert.not.ok(lag.isOverloaded);
  });

  it('is refused with limits that leave no room between in and out', () => {
    const limits = { ...LIMITS, leaveMs: 50 };
    assert.throws(() => new LoopLag({ clock: new FakeClock(), limits }), RangeError);
  });
});
