import { LoadWatch } from '../../../appliance/load-watch.js';
import { FakeClock } from '../../../cluster/base/clock.js';
import { assert, spec } from '../../support/spec.js';

spec('the load of call control', (it) => {
  const after = (...lateMs: readonly number[]): LoadWatch => {
    const watch = new LoadWatch(new FakeClock());
    for (const one of lateMs) watch.note(one);
    return watch;
  };

  it('is too much when timers are late again and again, not for one pause', () => {
    assert.not.ok(after(1000).isOverloaded);
    assert.not.ok(after(...Array.from({ length: 100 }, () => 240)).isOverloaded);
    assert.ok(after(...Array.from({ length: 10 }, () => 400)).isOverloaded);
  });

  it('is borne again only when timers are in time', () => {
    const watch = after(...Array.from({ length: 10 }, () => 400));
    for (let count = 0; count < 20; count += 1) watch.note(100);
    assert.ok(watch.isOverloaded);
    for (let count = 0; count < 30; count += 1) watch.note(5);
    assert.not.ok(watch.isOverloaded);
  });

  it('is none on a clock that is never late', async () => {
    const clock = new FakeClock();
    const watch = new LoadWatch(clock);
    watch.start();
    await clock.advance(10_000);
    assert.not.ok(watch.isOverloaded);
    watch.stop();
  });
});
