import { FakeClock } from '../../../../../cluster/base/clock.js';
import {
  TICK_MS,
  TimerWheel,
  type WheelTimer,
} from '../../../../../appliance/sip-engine/transaction/timer-wheel.js';
import { assert, assertRejects, spec } from '../../../../support/spec.js';

interface Bench {
  readonly clock: FakeClock;
  readonly wheel: TimerWheel;
  /** `name@ms`, in the order they fired. */
  readonly fired: string[];
  readonly set: (delayMs: number, name?: string, action?: () => void) => WheelTimer;
}

function bench(monotonicMs = 0): Bench {
  const clock = new FakeClock({ monotonicMs });
  const wheel = new TimerWheel(clock);
  const fired: string[] = [];
  const set: Bench['set'] = (delayMs, name = 'x', action = () => undefined) =>
    wheel.schedule(
      delayMs,
      {
        onTimer: (told) => {
          fired.push(`${told}@${String(clock.monotonicMs())}`);
          action();
        },
      },
      name,
    );
  return { clock, wheel, fired, set };
}

spec('timer-wheel', (it) => {
  it('fires on the tick when the delay is a whole number of ticks', async () => {
    const { clock, fired, set } = bench();
    set(500, 'A');
    set(10, 'B');
    set(32_000, 'C');
    await clock.advance(40_000);
    assert.equal(fired, ['B@10', 'A@500', 'C@32000']);
  });

  it('never fires early and at most one tick late, whatever the delay and the moment', async (t) => {
    const { clock, wheel } = bench(123.456);
    const late: number[] = [];
    for (let round = 0; round < 2000; round += 1) {
      const delayMs = t.rng.fraction() * (round % 10 === 0 ? 200_000 : 3000);
      const dueMs = clock.monotonicMs() + delayMs;
      wheel.schedule(delayMs, { onTimer: () => late.push(clock.monotonicMs() - dueMs) });
      if (round % 4 === 0) await clock.advance(t.rng.fraction() * 50);
    }
    await clock.advance(250_000);
    assert.is(late.length, 2000);
    assert.ok(Math.min(...late) >= -1e-4, `early by ${String(-Math.min(...late))} ms`);
    assert.ok(Math.max(...late) <= TICK_MS + 1e-4, `late by ${String(Math.max(...late))} ms`);
    assert.is(wheel.size, 0);
    assert.is(clock.pendingTimers, 0);
  });

  it('fires what is due in one tick in the order it was set', async () => {
    const { clock, fired, set } = bench();
    for (const name of ['a', 'b', 'c']) set(20, name);
    set(15, 'd');
    await clock.advance(20);
    assert.equal(fired, ['a@20', 'b@20', 'c@20', 'd@20']);
  });

  it('keeps one timer of the clock, and none when nothing is pending', async () => {
    const { clock, set } = bench();
    assert.is(clock.pendingTimers, 0);
    const timers = [700, 300, 90_000, 500].map((delayMs) => set(delayMs));
    assert.is(clock.pendingTimers, 1);
    for (const timer of timers) timer.cancel();
    assert.is(clock.pendingTimers, 0);
    set(20);
    await clock.advance(20);
    assert.is(clock.pendingTimers, 0);
  });

  it('wakes only when something is due, even for a timer many turns away', async () => {
    const { clock, fired, set } = bench();
    let wakes = 0;
    const schedule = clock.schedule.bind(clock);
    clock.schedule = (delayMs, action) => {
      wakes += 1;
      return schedule(delayMs, action);
    };
    set(3_600_000, 'far');
    set(3_600_000 + 41_000, 'farther');
    await clock.advance(4_000_000);
    assert.equal(fired, ['far@3600000', 'farther@3641000']);
    assert.is(wakes, 2);
  });

  it('passes over a timer of a later turn in the same slot', async () => {
    const { clock, fired, set } = bench();
    const turnMs = 4096 * TICK_MS;
    set(50 + turnMs, 'next turn');
    set(50, 'this turn');
    set(50 + 2 * turnMs, 'the one after');
    await clock.advance(turnMs);
    assert.equal(fired, ['this turn@50']);
    await clock.advance(3 * turnMs);
    assert.equal(fired.slice(1), [
      `next turn@${String(50 + turnMs)}`,
      `the one after@${String(50 + 2 * turnMs)}`,
    ]);
  });

  it('does not fire what was cancelled, twice or too late without effect', async () => {
    const { clock, wheel, fired, set } = bench();
    const timers = ['a', 'b', 'c'].map((name) => set(100, name));
    timers[1]!.cancel();
    timers[1]!.cancel();
    assert.is(wheel.size, 2);
    await clock.advance(100);
    timers[0]!.cancel();
    assert.is(wheel.size, 0);
    assert.equal(fired, ['a@100', 'c@100']);
  });

  it('does not fire what another action of the same tick cancelled', async () => {
    const { clock, fired, set } = bench();
    const victims: WheelTimer[] = [];
    set(100, 'killer', () => victims.forEach((victim) => victim.cancel()));
    victims.push(set(100, 'victim'), set(110, 'later victim'));
    set(100, 'bystander');
    await clock.advance(200);
    assert.equal(fired, ['killer@100', 'bystander@100']);
  });

  it('fires what an action sets anew, at the earliest on the next tick', async () => {
    const { clock, fired, set } = bench();
    const again = (): void => {
      if (fired.length < 3) set(0, 'again', again);
    };
    set(10, 'first', again);
    await clock.advance(100);
    assert.equal(fired, ['first@10', 'again@20', 'again@30']);
  });

  it('tells the remaining time until it fires', async () => {
    const { clock, set } = bench();
    const timer = set(32_000);
    assert.is(timer.remainingMs(), 32_000);
    await clock.advance(12_345);
    assert.is(timer.remainingMs(), 19_655);
    await clock.advance(20_000);
    assert.is(timer.remainingMs(), undefined);
    const cancelled = set(10);
    cancelled.cancel();
    assert.is(cancelled.remainingMs(), undefined);
  });

  it('fires everything in order when the clock has jumped ahead', async () => {
    const { clock, wheel, fired, set } = bench();
    const turnMs = 4096 * TICK_MS;
    set(100, 'opener', () => {
      // As if the process had stood still: the clock shows a later time when the next timer is looked for.
      clock.monotonicMs = () => 500_000;
    });
    set(200 + turnMs, 'd');
    set(200, 'b');
    set(300, 'c', () => set(0, 'set meanwhile'));
    set(150, 'a');
    set(400_000, 'e');
    set(600_000, 'not due');
    await clock.advance(150);
    assert.equal(fired, [
      'opener@100',
      ...['a', 'b', 'c', 'd', 'e', 'set meanwhile'].map((name) => `${name}@500000`),
    ]);
    assert.is(wheel.size, 1);
  });

  it('loses no timer when an action throws, and throws that error on', async () => {
    const { clock, wheel, fired, set } = bench();
    set(100, 'bad', () => {
      throw new Error('broken');
    });
    set(100, 'good');
    set(200, 'later');
    await assertRejects(clock.advance(100), /broken/);
    assert.equal(fired, ['bad@100', 'good@100']);
    assert.is(wheel.size, 1);
    await clock.advance(100);
    assert.is(fired.at(-1), 'later@200');
  });

  it('throws several errors together', async () => {
    const { clock, set } = bench();
    for (const name of ['one', 'two']) {
      set(100, name, () => {
        throw new Error(name);
      });
    }
    await assertRejects(clock.advance(100), (error) => (error as AggregateError).errors.length === 2);
  });

  it('is not held up by fractions of milliseconds', async () => {
    const { clock, fired, set } = bench(0.1);
    await clock.advance(0.7);
    set(9.3, 'odd');
    await clock.advance(20);
    assert.is(fired.length, 1);
  });

  it('refuses a delay that is no number or has no end', () => {
    const { set } = bench();
    assert.throws(() => set(Number.NaN), RangeError);
    assert.throws(() => set(Infinity), RangeError);
  });

  it('sets and stops a hundred thousand timers in a moment', () => {
    const { wheel } = bench();
    const target = { onTimer: () => undefined };
    const startedMs = performance.now();
    const timers = Array.from({ length: 100_000 }, (_, index) => wheel.schedule(index % 32_000, target));
    for (const timer of timers) timer.cancel();
    assert.is(wheel.size, 0);
    assert.ok(performance.now() - startedMs < 2000);
  });
});
