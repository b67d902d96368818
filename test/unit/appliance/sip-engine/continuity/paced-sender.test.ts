import { PacedSender } from '../../../../../appliance/sip-engine/continuity/paced-sender.js';
import { FakeClock } from '../../../../../cluster/base/clock.js';
import { assert, spec } from '../../../../support/spec.js';

interface Rig {
  readonly clock: FakeClock;
  readonly sender: PacedSender;
  /** What ran, and when. */
  readonly ran: { readonly name: string; readonly atMs: number }[];
  readonly errors: unknown[];
  readonly add: (name: string, priority?: number, bornMs?: number) => () => void;
}

function makeRig(jobsMax = 10): Rig {
  const clock = new FakeClock();
  const errors: unknown[] = [];
  const ran: { name: string; atMs: number }[] = [];
  const sender = new PacedSender({ clock, jobsMax, onError: (error) => errors.push(error) });
  const add = (name: string, priority = 0, bornMs = 0): (() => void) =>
    sender.add({ priority, bornMs, run: () => ran.push({ name, atMs: clock.monotonicMs() }) });
  return { clock, sender, ran, errors, add };
}

function names(rig: Rig): string {
  return rig.ran.map(({ name }) => name).join(' ');
}

spec('the paced sender', (it) => {
  it('sends ten per 10 ms, the first ones without delay', async () => {
    const rig = makeRig();
    for (let count = 0; count < 25; count += 1) rig.add(String(count));
    await rig.clock.advance(9);
    assert.is(rig.ran.length, 10);
    assert.is(rig.ran[9]?.atMs, 0);
    await rig.clock.advance(1);
    assert.is(rig.ran.length, 20);
    await rig.clock.advance(10);
    assert.is(rig.ran.length, 25);
    assert.is(rig.sender.length, 0);
    assert.is(rig.clock.pendingTimers, 0);
  });

  it('keeps to it in any span, however jobs arrive', async (t) => {
    const rig = makeRig();
    for (let count = 0; count < 400; count += 1) {
      rig.add(String(count));
      if (t.rng.integer(0, 3) === 0) await rig.clock.advance(t.rng.integer(0, 4));
    }
    await rig.clock.advance(1_000);
    assert.is(rig.ran.length, 400);
    rig.ran.forEach(({ atMs }, index) => {
      const tenBefore = rig.ran[index - 10];
      assert.ok(tenBefore === undefined || atMs - tenBefore.atMs >= 10, `11 within 10 ms at ${String(atMs)}`);
    });
  });

  it('sends by urgency, then age, then in the order they came', async () => {
    const rig = makeRig(1);
    rig.add('young', 1, 200);
    rig.add('old', 1, 100);
    rig.add('old-too', 1, 100);
    rig.add('emergency', 0, 300);
    await rig.clock.advance(0);
    rig.add('emergency-later', 0, 400);
    await rig.clock.advance(100);
    assert.is(names(rig), 'emergency emergency-later old old-too young');
  });

  it('does not send what was cancelled, and uses its place for the next', async () => {
    const rig = makeRig(1);
    const cancelFirst = rig.add('first');
    const cancelSecond = rig.add('second');
    rig.add('third');
    cancelSecond();
    cancelSecond();
    await rig.clock.advance(0);
    cancelFirst();
    assert.is(rig.sender.length, 1);
    await rig.clock.advance(10);
    assert.is(names(rig), 'first third');
  });

  it('goes on after a job that failed, and runs what a job adds', async () => {
    const rig = makeRig(2);
    rig.sender.add({
      priority: 0,
      bornMs: 0,
      run: () => {
        rig.add('added', 0, 0);
        throw new Error('cannot be sent');
      },
    });
    rig.add('next', 1, 0);
    await rig.clock.advance(10);
    assert.is(names(rig), 'added next');
    assert.is(rig.errors.length, 1);
    assert.is(rig.clock.pendingTimers, 0);
  });

  it('forgets everything when told, and works again afterwards', async () => {
    const rig = makeRig(1);
    rig.add('first');
    rig.add('second');
    await rig.clock.advance(0);
    rig.sender.clear();
    assert.is(rig.clock.pendingTimers, 0);
    rig.add('third');
    await rig.clock.advance(9);
    assert.is(names(rig), 'first');
    await rig.clock.advance(1);
    assert.is(names(rig), 'first third');
  });
});
