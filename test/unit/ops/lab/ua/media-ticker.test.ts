import { FakeClock } from '../../../../../cluster/base/clock.js';
import { MediaTicker } from '../../../../../ops/lab/ua/media-ticker.js';
import { RecentMap } from '../../../../../ops/lab/ua/recent-map.js';
import { assert, spec } from '../../../../support/spec.js';

/** Its timers are late when it was stopped, as those of a busy process are. */
class StoppedClock extends FakeClock {
  stoppedMs = 0;
  override monotonicMs(): number {
    return super.monotonicMs() + this.stoppedMs;
  }
}

class Counter {
  ticks = 0;
  tick(): void {
    this.ticks += 1;
  }
}

spec('the media timer', (it) => {
  it('one timer serves all streams, fifty times a second, and none when there is none', async () => {
    const clock = new FakeClock();
    const ticker = new MediaTicker(clock);
    const streams = [new Counter(), new Counter(), new Counter()];
    for (const stream of streams) ticker.add(stream);
    assert.is(clock.pendingTimers, 1);
    await clock.advance(1000);
    assert.equal(
      streams.map(({ ticks }) => ticks),
      [50, 50, 50],
    );
    for (const stream of streams) ticker.remove(stream);
    assert.is(clock.pendingTimers, 0);
  });

  it('a short standstill is made up for, a long one is not', async () => {
    const clock = new StoppedClock();
    const ticker = new MediaTicker(clock);
    const stream = new Counter();
    ticker.add(stream);
    clock.stoppedMs = 200;
    await clock.advance(20);
    assert.is(stream.ticks, 11);
    clock.stoppedMs += 60_000;
    await clock.advance(20);
    assert.ok(stream.ticks <= 11 + 22, String(stream.ticks));
  });
});

spec('a map of what is recent', (it) => {
  it('knows the last ones, and forgets the old ones', () => {
    const map = new RecentMap<number>(10);
    for (let number = 0; number < 100; number += 1) map.set(String(number), number);
    for (let number = 90; number < 100; number += 1) assert.is(map.get(String(number)), number);
    assert.is(map.get('50'), undefined);
  });
});
