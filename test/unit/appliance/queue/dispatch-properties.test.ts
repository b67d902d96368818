/** Random days at a site: what must hold whatever happens. */
import { compareEntries } from '../../../../appliance/queue/queue-order.js';
import type { QueueEntry } from '../../../../appliance/queue/queue-entry.js';
import { isFree } from '../../../../appliance/queue/seat.js';
import type { Rng } from '../../../../cluster/base/rng.js';
import { assert, spec } from '../../../support/spec.js';
import { department, QueueBench, settings } from './queue-bench.js';

const SEATS = 30;
const STEPS = 600;
const AGEING_MS = 60_000;

class Day {
  readonly bench: QueueBench;
  readonly rng: Rng;
  readonly arrived = new Set<string>();
  /** How it ended, each call once. */
  readonly ended = new Map<string, string>();
  #effectsSeen = 0;

  constructor(rng: Rng) {
    this.rng = rng;
    const departments = {
      appointments: department({ maxWaitMs: 400_000, overflowTo: 'fever', callbackAfterMs: 100_000 }),
      fever: department({ departmentId: 'fever', strategy: 'fewestCalls', maxWaitMs: 900_000 }),
      pharmacy: department({ departmentId: 'pharmacy', strategy: 'ringAll', ringMs: 8000 }),
    };
    this.bench = new QueueBench({ departments, reserve: rng.integer(0, 2), ageingMs: AGEING_MS });
    for (let number = 0; number < SEATS; number += 1) this.#changeSeat(number);
  }

  get connected(): number {
    return [...this.ended.values()].filter((how) => how === 'connect').length;
  }

  step(): void {
    const { bench, rng } = this;
    const waiting = Object.keys(bench.state.entries);
    const ringing = [...bench.rings.keys()];
    const callId = waiting.length > 0 ? rng.pick(waiting) : 'nobody';
    const acts: readonly (() => void)[] = [
      () => this.#arrive(),
      () => this.#arrive(),
      () => this.#changeSeat(rng.integer(0, SEATS - 1)),
      () => ringing.length > 0 && bench.accept(rng.pick(ringing)),
      () => ringing.length > 0 && bench.accept(rng.pick(ringing)),
      () => ringing.length > 0 && bench.refuse(rng.pick(ringing)),
      () => bench.pass(rng.pick([10, 1000, 5000, 30_000])),
      () => this.#leave(callId),
      () => rng.integer(0, 4) === 0 && bench.do({ kind: 'emergencyRaised', callId, trigger: 'key' }),
      () => bench.do({ kind: 'emergencyUndone', callId }),
    ];
    bench.nowMs += rng.integer(0, 50);
    rng.pick(acts)();
    // Time has passed, also where nothing happened.
    bench.do({ kind: 'tick' });
    this.#noteEnds();
  }

  #arrive(): void {
    const { bench, rng, arrived } = this;
    const callId = `c${String(arrived.size)}`;
    arrived.add(callId);
    bench.arrive(callId, {
      departmentId: rng.pick(['appointments', 'fever', 'pharmacy']),
      priority: rng.pick([0, 0, 0, 1, 3]),
      skills: rng.pick([[], [], ['cantonese']]),
      ...(rng.integer(0, 9) === 0 ? { trigger: 'number' } : {}),
    });
  }

  #changeSeat(number: number): void {
    const { bench, rng } = this;
    bench.seat(`s${String(number)}`, {
      state: rng.pick(['ready', 'ready', 'ready', 'talking', 'wrapUp', 'notReady', 'loggedOut']),
      departmentIds: rng.pick([['appointments'], ['appointments', 'fever'], ['pharmacy', 'fever']]),
      skills: rng.pick([{}, { cantonese: rng.integer(1, 5) }]),
      takesEmergencies: number % 3 !== 0,
      isReachable: rng.integer(0, 9) > 0,
      dispatchNode: number % 10 === 9 ? 'b' : 'a',
    });
  }

  #leave(callId: string): void {
    this.bench.do({ kind: 'entryLeft', callId, why: 'abandoned' });
    if (callId !== 'nobody') this.#end(callId, 'abandoned');
  }

  #noteEnds(): void {
    const { effects } = this.bench;
    for (; this.#effectsSeen < effects.length; this.#effectsSeen += 1) {
      const effect = effects[this.#effectsSeen];
      if (effect?.kind === 'connect' || effect?.kind === 'expired') this.#end(effect.callId, effect.kind);
    }
  }

  #end(callId: string, how: string): void {
    assert.not.ok(this.ended.has(callId), `${callId} ended as ${this.ended.get(callId) ?? ''} and as ${how}`);
    this.ended.set(callId, how);
  }
}

function check({ bench, arrived, ended }: Day): void {
  const { entries, seats, settings: rules } = bench.state;
  for (const callId of arrived) {
    assert.is(Number(callId in entries) + Number(ended.has(callId)), 1, `${callId} is here once`);
  }
  const ringing = Object.values(entries).flatMap(({ offer }) => offer?.seatIds ?? []);
  assert.is(new Set(ringing).size, ringing.length, 'no seat rings for two calls');
  assert.equal([...bench.rings.keys()].sort(), [...ringing].sort(), 'phones ring for what is offered');
  const free = Object.values(seats).filter(
    (seat) => isFree(seat) && seat.dispatchNode === 'a' && !ringing.includes(seat.seatId),
  );
  const emergencies = Object.values(entries).filter(({ emergency }) => emergency !== undefined);
  for (const entry of emergencies.filter(({ offer }) => offer === undefined)) {
    const willing = free.filter(({ seatId }) => (entry.passedOver[seatId] ?? 0) <= bench.nowMs);
    assert.equal(
      willing,
      [],
      `${entry.callId}: no emergency waits for a free seat that has not just refused it`,
    );
  }
  const spare = free.filter(({ takesEmergencies }) => takesEmergencies);
  for (const seat of free) {
    if (seat.takesEmergencies && spare.length <= rules.reserve) continue;
    const idle = Object.values(entries).find((entry) => couldTake(entry, seat.seatId, bench));
    assert.is(idle?.callId, undefined, `${seat.seatId} is idle`);
  }
}

function couldTake(entry: QueueEntry, seatId: string, { state, nowMs }: QueueBench): boolean {
  const seat = state.seats[seatId];
  if (seat === undefined || entry.offer !== undefined) return false;
  const isPassedOver = (entry.passedOver[seatId] ?? 0) > nowMs;
  const isSkilled = entry.skills.every((skill) => (seat.skills[skill] ?? 0) > 0);
  return seat.departmentIds.includes(entry.departmentId) && isSkilled && !isPassedOver;
}

spec('the queues of a node, whatever happens', (it) => {
  it('lose no caller, serve none twice, ring no seat twice and leave none idle', (t) => {
    for (let day = 0; day < 2; day += 1) {
      const played = new Day(t.rng);
      // One day in a few hundred has few calls: it is a longer one.
      for (let step = 0; step < STEPS || (played.connected <= 20 && step < 2 * STEPS); step += 1) {
        played.step();
        check(played);
      }
      assert.ok(played.connected > 20, 'it was a day with calls');
    }
  });

  it('serve by emergency, priority and arrival: whoever is offered a seat was the first who could take it', (t) => {
    for (let day = 0; day < 20; day += 1) {
      const bench = new QueueBench({ departments: settings().departments });
      for (let call = 0; call < 30; call += 1) {
        bench.nowMs += t.rng.integer(0, 5000);
        bench.arrive(`c${String(call)}`, {
          priority: t.rng.integer(0, 2),
        });
      }
      const order = Object.values(bench.state.entries).sort((a, b) =>
        compareEntries(a, b, AGEING_MS, bench.nowMs),
      );
      for (let seat = 0; seat < 30; seat += 1) bench.seat(`s${String(seat)}`);
      assert.is(bench.take(), order.map(({ callId }, at) => `offer ${callId} s${String(at)}`).join(', '));
    }
  });

  it('let nobody starve: after the stated time no later call of a higher priority goes first', (t) => {
    for (let day = 0; day < 50; day += 1) {
      const departments = { appointments: department({ maxWaitMs: 10_000_000 }) };
      const bench = new QueueBench({ departments, ageingMs: AGEING_MS });
      const [low, high] = [0, t.rng.integer(1, 4)];
      bench.arrive('low', { priority: low });
      bench.nowMs += (high - low) * AGEING_MS + t.rng.integer(1, 1000);
      bench.arrive('high', { priority: high });
      bench.nowMs += t.rng.integer(0, 600_000);
      bench.seat('s1');
      assert.is(bench.take(), 'offer low s1');
    }
  });

  it('are the same for both nodes: the same facts give the same order', (t) => {
    const calls = Array.from({ length: 60 }, (_, number) => ({
      callId: `c${String(number)}`,
      arrivedWallMs: t.rng.integer(0, 20) * 100,
      priority: t.rng.integer(0, 2),
    }));
    const told = [calls, [...calls].reverse()].map((some) => {
      const bench = new QueueBench();
      for (const call of some) bench.arrive(call.callId, call);
      for (let seat = 0; seat < 30; seat += 1) bench.seat(`s${String(seat)}`);
      return bench.take();
    });
    assert.is(told[0], told[1]);
  });
});
