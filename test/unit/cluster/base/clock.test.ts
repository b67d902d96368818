import { FakeClock, RealClock } from '../../../../cluster/base/clock.js';
import { assert, assertRejects, spec } from '../../../support/spec.js';

const DAY_MS = 24 * 3600 * 1000;
const SET_TIMEOUT_MAX_MS = 2 ** 31 - 1;

/** Replaces the platform's timer and monotonic time, so that days pass in no time. */
function holdPlatformTime(t: { defer(cleanUp: () => unknown): void }) {
  const armed: { delayMs: number; fire: () => void }[] = [];
  const { setTimeout: realSetTimeout } = globalThis;
  const realNow = performance.now.bind(performance);
  const held = { nowMs: 0, armed };
  globalThis.setTimeout = ((fire: () => void, delayMs: number) => {
    armed.push({ delayMs, fire });
    return armed.length;
  }) as unknown as typeof setTimeout;
  performance.now = () => held.nowMs;
  t.defer(() => {
    globalThis.setTimeout = realSetTimeout;
    performance.now = realNow;
  });
  return held;
}

spec('the fake clock', (it) => {
  it('starts at the times it is given', () => {
    const clock = new FakeClock({ monotonicMs: 5, wallMs: 1000 });
    assert.equal([clock.monotonicMs(), clock.wallMs()], [5, 1000]);
  });

  it('fires timers in the order they fall due, equal ones in the order they were scheduled', async (t) => {
    const clock = new FakeClock();
    const planned = Array.from({ length: 2000 }, (_, order) => ({ dueMs: t.rng.integer(0, 300), order }));
    const fired: typeof planned = [];
    for (const timer of planned) {
      clock.schedule(timer.dueMs, () => {
        assert.is(clock.monotonicMs(), timer.dueMs);
        fired.push(timer);
      });
    }
    await clock.advance(300);
    assert.equal(
      fired,
      [...planned].sort((a, b) => a.dueMs - b.dueMs || a.order - b.order),
    );
    assert.is(clock.pendingTimers, 0);
  });

  it('fires timers that are set while it advances when they fall within the span', async () => {
    const clock = new FakeClock();
    const firedAt: number[] = [];
    const again = (): void => {
      firedAt.push(clock.monotonicMs());
      clock.schedule(30, again);
    };
    clock.schedule(30, again);
    await clock.advance(100);
    assert.equal(firedAt, [30, 60, 90]);
    assert.is(clock.monotonicMs(), 100);
    assert.is(clock.pendingTimers, 1);
  });

  it('lets promise continuations run between two timers', async () => {
    const clock = new FakeClock();
    const events: string[] = [];
    const sleeper = async (): Promise<void> => {
      await clock.sleep(10);
      for (let depth = 0; depth < 20; depth += 1) await Promise.resolve();
      events.push('continued');
    };
    void sleeper();
    clock.schedule(11, () => events.push('second timer'));
    await clock.advance(20);
    assert.equal(events, ['continued', 'second timer']);
  });

  it('lets continuations run before the first timer, so that what they cancel does not fire', async () => {
    const clock = new FakeClock();
    let isFired = false;
    const timer = clock.schedule(0, () => {
      isFired = true;
    });
    void Promise.resolve().then(() => {
      timer.cancel();
    });
    await clock.advance(0);
    assert.not(isFired);
  });

  it('does not fire what is due later or was cancelled', async () => {
    const clock = new FakeClock();
    const fired: string[] = [];
    const cancelled = clock.schedule(5, () => fired.push('cancelled'));
    clock.schedule(10.5, () => fired.push('later'));
    clock.schedule(Infinity, () => fired.push('never'));
    cancelled.cancel();
    cancelled.cancel();
    await clock.advance(10);
    assert.equal(fired, []);
    assert.is(clock.pendingTimers, 2);
  });

  it('moves only the wall clock when it jumps', async () => {
    const clock = new FakeClock({ monotonicMs: 0, wallMs: 50_000 });
    let firedAtMs = -1;
    clock.schedule(1000, () => {
      firedAtMs = clock.monotonicMs();
    });
    clock.jumpWall(-10_000);
    await clock.advance(999);
    assert.is(firedAtMs, -1);
    clock.jumpWall(3600_000);
    await clock.advance(1);
    assert.is(firedAtMs, 1000);
    assert.is(clock.wallMs(), 50_000 - 10_000 + 3600_000 + 1000);
  });

  it('hands out what an action throws and keeps the timers behind it', async () => {
    const clock = new FakeClock();
    const broken = new Error('broken action');
    let isLaterFired = false;
    clock.schedule(5, () => {
      throw broken;
    });
    clock.schedule(6, () => {
      isLaterFired = true;
    });
    assert.is(await assertRejects(clock.advance(10)), broken);
    assert.is(clock.monotonicMs(), 5);
    await clock.advance(1);
    assert.ok(isLaterFired);
  });

  it('refuses to go back, and to advance twice at once', async () => {
    const clock = new FakeClock();
    assert.instance(await assertRejects(clock.advance(-1)), RangeError);
    assert.instance(await assertRejects(clock.advance(NaN)), RangeError);
    const first = clock.advance(1);
    assert.match(String(await assertRejects(clock.advance(1))), 'advancing already');
    await first;
    assert.is(clock.monotonicMs(), 1);
  });

  it('wakes a sleeper early with the reason of its signal, and leaves no timer', async () => {
    const clock = new FakeClock();
    const aborting = new AbortController();
    const reason = new Error('shutting down');
    const sleeping = assertRejects(clock.sleep(1000, aborting.signal));
    aborting.abort(reason);
    assert.is(await sleeping, reason);
    assert.is(await assertRejects(clock.sleep(1000, aborting.signal)), reason);
    assert.is(clock.pendingTimers, 0);
  });
});

spec('the real clock', (it) => {
  it('does not follow the wall clock when that steps', (t) => {
    const clock = new RealClock();
    const realNow = Date.now;
    t.defer(() => {
      Date.now = realNow;
    });
    const before = clock.monotonicMs();
    Date.now = () => realNow() - 3600_000;
    const after = clock.monotonicMs();
    assert.ok(after >= before && after - before < 60_000);
    assert.ok(Math.abs(clock.wallMs() - (realNow() - 3600_000)) < 60_000);
  });

  it('never fires before the delay has passed', async () => {
    const clock = new RealClock();
    const overdueMs = await Promise.all(
      Array.from({ length: 40 }, async (_, index) => {
        const dueMs = clock.monotonicMs() + index / 4;
        await clock.sleep(index / 4);
        return clock.monotonicMs() - dueMs;
      }),
    );
    assert.ok(Math.min(...overdueMs) >= 0, `early by ${String(-Math.min(...overdueMs))} ms`);
  });

  it('waits again when the platform fires a fraction of a millisecond early', (t) => {
    const held = holdPlatformTime(t);
    let isFired = false;
    new RealClock().schedule(10, () => {
      isFired = true;
    });
    held.nowMs = 9.7;
    held.armed[0]?.fire();
    assert.not(isFired);
    held.nowMs = 10.8;
    held.armed[1]?.fire();
    assert.ok(isFired);
  });

  it('waits out a delay that is longer than setTimeout knows', (t) => {
    const held = holdPlatformTime(t);
    let firedOnDay = -1;
    new RealClock().schedule(60 * DAY_MS, () => {
      firedOnDay = held.nowMs / DAY_MS;
    });
    for (let next = held.armed.shift(); next !== undefined; next = held.armed.shift()) {
      assert.ok(next.delayMs <= SET_TIMEOUT_MAX_MS, `${String(next.delayMs)} ms would fire at once`);
      held.nowMs += next.delayMs;
      next.fire();
    }
    assert.is(firedOnDay, 60);
  });

  it('lets an exception of the action through to the platform', (t) => {
    const held = holdPlatformTime(t);
    new RealClock().schedule(0, () => {
      throw new Error('broken action');
    });
    assert.throws(() => held.armed[0]?.fire(), /broken action/);
  });

  it('does not fire what was cancelled', async () => {
    const clock = new RealClock();
    let isFired = false;
    const timer = clock.schedule(1, () => {
      isFired = true;
    });
    timer.cancel();
    await clock.sleep(3);
    assert.not(isFired);
  });

  it('refuses a delay that is not a number', () => {
    assert.throws(() => new RealClock().schedule(NaN, () => undefined), RangeError);
  });
});
