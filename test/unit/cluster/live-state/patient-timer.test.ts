import { FakeClock, type Clock } from '../../../../cluster/base/clock.js';
import { schedulePatiently } from '../../../../cluster/live-state/patient-timer.js';
import { assert, spec } from '../../../support/spec.js';

/** A clock whose timers fire late by `lateMs`, as after a pause of the process. */
function stage() {
  const fake = new FakeClock();
  let lateMs = 0;
  const clock: Clock = {
    monotonicMs: () => fake.monotonicMs() + lateMs,
    wallMs: () => fake.wallMs(),
    schedule: (delayMs, action) => fake.schedule(delayMs, action),
    sleep: (delayMs, signal) => fake.sleep(delayMs, signal),
  };
  const fired: number[] = [];
  const timer = schedulePatiently(clock, 30, () => fired.push(fake.monotonicMs()));
  return {
    fake,
    fired,
    timer,
    pause: (ms: number) => {
      lateMs += ms;
    },
  };
}

spec('a patient timer', (it) => {
  it('fires when its time is over', async () => {
    const { fake, fired } = stage();
    await fake.advance(29);
    assert.equal(fired, []);
    await fake.advance(1);
    assert.equal(fired, [30]);
  });

  it('that is late lets the answers be read first, and fires after that', async () => {
    const { fake, fired, pause } = stage();
    pause(200);
    await fake.advance(30);
    assert.equal(fired, []);
    await fake.advance(10);
    assert.equal(fired, [40]);
  });

  it('is cancelled in its second time as well', async () => {
    const { fake, fired, pause, timer } = stage();
    pause(200);
    await fake.advance(30);
    timer.cancel();
    await fake.advance(100);
    assert.equal(fired, []);
    assert.is(fake.pendingTimers, 0);
  });
});
