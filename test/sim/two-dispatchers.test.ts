/** The queues of both nodes with a link between them, seeded: messages are late, seats answer, refuse or are silent. */
import type { DispatchEffect, DispatchEvent, DispatchState } from '../../appliance/queue/dispatch-types.js';
import type { Rng } from '../../cluster/base/rng.js';
import { assert, spec } from '../support/spec.js';
import { department, QueueBench } from '../unit/appliance/queue/queue-bench.js';

const SEATS = 30;
const NODES = ['a', 'b'] as const;
type NodeId = (typeof NODES)[number];

interface Letter {
  readonly to: NodeId;
  readonly dueMs: number;
  readonly event: DispatchEvent;
}

/** As the executor does it (dispatcher.ts, partner.ts): outcomes of seats first, then facts, then questions. */
class Pair {
  readonly rng: Rng;
  readonly benches: Readonly<Record<NodeId, QueueBench>>;
  /** Which call each phone rings for; a phone is one thing, whoever rings it. */
  readonly phones = new Map<string, string>();
  readonly served: string[] = [];
  readonly #letters: Letter[] = [];
  isCut = false;
  nowMs = 0;
  /** Phones that were busy with another call when they were rung. */
  collisions = 0;

  constructor(rng: Rng, strategy: 'longestIdle' | 'ringAll' = 'longestIdle') {
    this.rng = rng;
    const departments = { appointments: department({ strategy, maxWaitMs: 100_000_000 }) };
    const rules = { departments, unansweredMax: 1000, ageingMs: 100_000_000 };
    this.benches = { a: new QueueBench(rules, 'a'), b: new QueueBench(rules, 'b') };
    this.nowMs = this.benches.a.nowMs;
  }

  do(node: NodeId, event: DispatchEvent): void {
    const bench = this.benches[node];
    const before = bench.state;
    const seen = bench.effects.length;
    bench.nowMs = this.nowMs;
    bench.do(event);
    const effects = bench.effects.slice(seen);
    for (const effect of effects)
      if (effect.kind === 'rang') this.#send(node, { ...effect, kind: 'partnerRang' });
    this.#sendFacts(node, before, bench.state);
    for (const effect of effects) this.#run(node, effect);
  }

  seat(node: NodeId, seatId: string, state: 'ready' | 'talking' = 'ready'): void {
    const bench = this.benches[node];
    const known = bench.state.seats[seatId];
    const fresh = {
      ...{ seatId, callTakerId: 'x', reason: undefined, skills: {}, dispatchNode: node },
      ...{ departmentIds: ['appointments'], takesEmergencies: true, isReachable: true },
    };
    this.do(node, { kind: 'seatChanged', seat: { ...fresh, ...known, state } });
  }

  arrive(node: NodeId, callId: string): void {
    const entry = { callId, departmentId: 'appointments', priority: 0, skills: [], mediaNode: node };
    this.do(node, { kind: 'entryArrived', entry: { ...entry, arrivedWallMs: this.nowMs } });
  }

  answer(seatId: string): void {
    const callId = this.phones.get(seatId);
    if (callId === undefined) return;
    const node = this.#nodeOf(callId);
    const offerId = this.benches[node].state.entries[callId]?.offer?.offerId ?? 'over';
    this.phones.delete(seatId);
    this.do(node, { kind: 'offerAccepted', offerId, seatId });
  }

  refuse(seatId: string, callId: string): void {
    const node = this.#nodeOf(callId);
    const offerId = this.benches[node].state.entries[callId]?.offer?.offerId ?? 'over';
    if (this.phones.get(seatId) === callId) this.phones.delete(seatId);
    this.do(node, { kind: 'offerRefused', offerId, seatId });
  }

  /** Milliseconds one after the other, each with what arrives in it. */
  pass(ms: number): void {
    for (const endMs = this.nowMs + ms; this.nowMs < endMs; this.nowMs += 1) {
      for (const letter of this.#letters.filter(({ dueMs }) => dueMs <= this.nowMs)) {
        this.#letters.splice(this.#letters.indexOf(letter), 1);
        this.do(letter.to, letter.event);
      }
      if (this.nowMs % 10 === 0) for (const node of NODES) this.do(node, { kind: 'tick' });
    }
  }

  /** Both notice, and what was under way is lost. */
  cut(): void {
    this.isCut = true;
    this.#letters.length = 0;
    for (const node of NODES) this.do(node, { kind: 'partnerLost' });
  }

  heal(): void {
    this.isCut = false;
    for (const node of NODES) {
      this.do(node, { kind: 'partnerLost' });
      const { entries, seats } = this.benches[node].state;
      this.#sendFacts(
        node,
        { ...this.benches[node].state, entries: {}, seats: {} },
        { ...this.benches[node].state, entries, seats },
      );
    }
  }

  waiting(): string[] {
    return NODES.flatMap((node) =>
      Object.values(this.benches[node].state.entries)
        .filter(({ mediaNode }) => mediaNode === node)
        .map(({ callId }) => callId),
    );
  }

  #nodeOf(callId: string): NodeId {
    return callId.startsWith('a') ? 'a' : 'b';
  }

  #sendFacts(node: NodeId, before: DispatchState, now: DispatchState): void {
    for (const [callId, entry] of Object.entries(now.entries))
      if (JSON.stringify(before.entries[callId]) !== JSON.stringify(entry) && entry.mediaNode === node)
        this.#send(node, { kind: 'partnerEntry', entry });
    for (const [callId, { mediaNode }] of Object.entries(before.entries))
      if (now.entries[callId] === undefined && mediaNode === node)
        this.#send(node, { kind: 'partnerEntryGone', callId });
    for (const [seatId, seat] of Object.entries(now.seats))
      if (JSON.stringify(before.seats[seatId]) !== JSON.stringify(seat) && seat.dispatchNode === node)
        this.#send(node, { kind: 'partnerSeat', seat });
  }

  #run(node: NodeId, effect: DispatchEffect): void {
    if (effect.kind === 'askPartner') this.#send(node, { ...effect, kind: 'partnerAsks' });
    else if (effect.kind === 'turnDown') this.#send(node, { ...effect, kind: 'partnerTurnedDown' });
    else if (effect.kind === 'connect') this.served.push(effect.callId);
    else if (effect.kind === 'withdraw' && this.phones.get(effect.seatId) === effect.callId)
      this.phones.delete(effect.seatId);
    else if (effect.kind === 'offer') this.#ring(effect.seatId, effect.callId);
  }

  #ring(seatId: string, callId: string): void {
    const other = this.phones.get(seatId);
    if (other === undefined) this.phones.set(seatId, callId);
    else {
      this.collisions += 1;
      // 486, which takes its time as well.
      this.#letters.push({
        to: this.#nodeOf(callId),
        dueMs: this.nowMs + 2,
        event: this.#busy(seatId, callId),
      });
    }
  }

  #busy(seatId: string, callId: string): DispatchEvent {
    const offerId = this.benches[this.#nodeOf(callId)].state.entries[callId]?.offer?.offerId ?? 'over';
    return { kind: 'offerRefused', offerId, seatId };
  }

  /** In order, as over one connection. */
  #send(from: NodeId, event: DispatchEvent): void {
    if (this.isCut) return;
    const to = from === 'a' ? 'b' : 'a';
    const last = Math.max(
      this.nowMs,
      ...this.#letters.filter((one) => one.to === to).map(({ dueMs }) => dueMs),
    );
    const text = JSON.stringify(event);
    this.#letters.push({
      to,
      dueMs: last + this.rng.integer(0, 3),
      event: JSON.parse(text) as DispatchEvent,
    });
  }
}

const seatOf = (number: number): readonly [NodeId, string] => [
  number % 2 === 0 ? 'a' : 'b',
  `s${String(number)}`,
];

spec('one department, callers on both nodes, 30 seats', (it) => {
  it('are served in one order by whichever seat becomes free, and no seat rings for two', (t) => {
    for (let day = 0; day < 2; day += 1) {
      const pair = new Pair(t.rng);
      const arrived: string[] = [];
      for (let number = 0; number < SEATS; number += 1) pair.seat(...seatOf(number), 'talking');
      for (let number = 0; number < 120; number += 1) {
        const node = t.rng.pick(NODES);
        const callId = `${node}${String(number)}`;
        arrived.push(callId);
        pair.arrive(node, callId);
        // Who arrives within the time of a message may be seen in either order.
        pair.pass(20);
      }
      while (pair.waiting().length > 0) {
        const [node, seatId] = seatOf(t.rng.integer(0, SEATS - 1));
        if (pair.phones.has(seatId)) pair.answer(seatId);
        else if (pair.benches[node].state.seats[seatId]?.state === 'talking') pair.seat(node, seatId);
        pair.pass(20);
      }
      assert.equal([...pair.served].sort(), [...arrived].sort(), 'everybody is served once');
      // Who rings first answers first or not; the order in which they were given a seat is the order of arrival.
      const offered = pair.benches.a.effects.concat(pair.benches.b.effects);
      assert.is(offered.filter(({ kind }) => kind === 'offer').length, arrived.length, 'each rings once');
      assert.is(pair.collisions, 0);
    }
  });

  it('whoever has waited for longest is given the next free seat, wherever both are', (t) => {
    for (let day = 0; day < 6; day += 1) {
      const pair = new Pair(t.rng);
      const arrived = Array.from({ length: SEATS }, (_, number) => `${t.rng.pick(NODES)}${String(number)}`);
      for (const callId of arrived) {
        pair.arrive(callId.startsWith('a') ? 'a' : 'b', callId);
        pair.pass(10);
      }
      for (let number = 0; number < SEATS; number += 1) {
        pair.seat(...seatOf(number));
        pair.pass(20);
        const [, seatId] = seatOf(number);
        assert.is(pair.phones.get(seatId), arrived[number]);
      }
    }
  });

  it('lose nobody while the link is cut and healed and seats refuse; each side then serves with its own seats', (t) => {
    for (let day = 0; day < 6; day += 1) {
      const pair = new Pair(t.rng, t.rng.pick(['longestIdle', 'ringAll']));
      for (let number = 0; number < 6; number += 1) pair.seat(...seatOf(number));
      let arrived = 0;
      for (let step = 0; step < 400; step += 1) {
        const node = t.rng.pick(NODES);
        const [home, seatId] = seatOf(t.rng.integer(0, 5));
        const callId = pair.phones.get(seatId);
        const act = t.rng.integer(0, 9);
        if (act < 3) pair.arrive(node, `${node}${String((arrived += 1))}`);
        else if (act < 6) pair.answer(seatId);
        else if (act === 6 && callId !== undefined) pair.refuse(seatId, callId);
        else if (act < 9 && callId === undefined) pair.seat(home, seatId);
        else if (act === 9 && t.rng.integer(0, 4) === 0) {
          if (pair.isCut) pair.heal();
          else pair.cut();
        }
        pair.pass(t.rng.integer(1, 30));
      }
      if (pair.isCut) pair.heal();
      for (let round = 0; round < 5000 && pair.waiting().length > 0; round += 1) {
        const [home, seatId] = seatOf(round % 6);
        if (pair.phones.has(seatId)) pair.answer(seatId);
        else pair.seat(home, seatId);
        pair.pass(20);
      }
      assert.equal(pair.waiting(), []);
      assert.is(new Set(pair.served).size, arrived, 'everybody is served');
      assert.is(pair.served.length, arrived, 'nobody is served twice');
    }
  });
});
