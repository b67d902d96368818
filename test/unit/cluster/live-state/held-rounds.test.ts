import { FakeClock } from '../../../../cluster/base/clock.js';
import { HeldRounds } from '../../../../cluster/live-state/held-rounds.js';
import { assert, spec } from '../../../support/spec.js';

interface Rig {
  readonly clock: FakeClock;
  readonly rounds: HeldRounds;
  /** What was told, in its order: `ack`, `miss`, and `caller: outcome @ time`. */
  readonly told: string[];
  readonly join: (caller: string, deadlineMs: number) => void;
}

function makeRig(): Rig {
  const clock = new FakeClock();
  const told: string[] = [];
  const options = { clock, missMs: 30, onAck: () => told.push('ack'), onMiss: () => told.push('miss') };
  const rounds = new HeldRounds(options);
  return {
    clock,
    rounds,
    told,
    join: (caller, deadlineMs) => {
      void rounds.join(deadlineMs).then((outcome) => {
        told.push(`${caller}: ${outcome} @ ${String(clock.monotonicMs())}`);
      });
    },
  };
}

spec('rounds of waiting', (it) => {
  it('share one question among all who came before it', async () => {
    const { clock, rounds, told, join } = makeRig();
    assert.not(rounds.isWanted);
    join('first', 30);
    join('second', 30);
    assert.ok(rounds.isWanted);
    rounds.depart();
    assert.not(rounds.isWanted);
    join('third', 30);
    assert.ok(rounds.isWanted);
    await clock.advance(1);
    rounds.arrive(true);
    await clock.advance(1);
    assert.equal(told, ['ack', 'first: ack @ 1', 'second: ack @ 1']);
    rounds.depart();
    rounds.arrive(true);
    await clock.advance(100);
    assert.equal(told.slice(3), ['ack', 'third: ack @ 2']);
    assert.is(clock.pendingTimers, 0);
  });

  it('are one miss each, however many wait and however short', async () => {
    const { clock, rounds, told, join } = makeRig();
    join('short', 5);
    join('long', 150);
    rounds.depart();
    await clock.advance(10);
    join('next', 30);
    await clock.advance(100);
    assert.equal([...told].sort(), ['miss', 'miss', 'next: alone @ 40', 'short: alone @ 5']);
    await clock.advance(100);
    assert.is(told.at(-1), 'long: alone @ 150');
  });

  it('that were answered with no ask again for those who can still wait', async () => {
    const { clock, rounds, told, join } = makeRig();
    join('short', 30);
    join('long', 150);
    rounds.depart();
    await clock.advance(100);
    rounds.arrive(false);
    assert.ok(rounds.isWanted);
    rounds.depart();
    await clock.advance(5);
    rounds.arrive(true);
    await clock.advance(100);
    assert.equal([...told].sort(), ['ack', 'long: ack @ 105', 'miss', 'short: alone @ 30']);
    assert.is(clock.pendingTimers, 0);
  });

  it('that were answered with no in time are a miss at once', async () => {
    const { clock, rounds, told, join } = makeRig();
    join('caller', 30);
    rounds.depart();
    await clock.advance(29);
    rounds.arrive(false);
    assert.equal(told, ['miss']);
  });

  it('that are acknowledged too late were a miss, not an acknowledgement', async () => {
    const { clock, rounds, told, join } = makeRig();
    join('caller', 150);
    rounds.depart();
    await clock.advance(40);
    rounds.arrive(true);
    await clock.advance(200);
    assert.equal(told, ['miss', 'caller: ack @ 40']);
  });

  it('let everybody go, and forget the question under way', async () => {
    const { clock, rounds, told, join } = makeRig();
    join('first', 30);
    rounds.depart();
    join('second', 30);
    rounds.releaseAll();
    rounds.arrive(true);
    await clock.advance(100);
    assert.equal(told, ['first: alone @ 0', 'second: alone @ 0']);
    assert.not(rounds.isWanted);
    assert.is(clock.pendingTimers, 0);
  });
});
