/**
 * Two partners and one address under random faults, on a fake clock: a model of VRRP (adverts every 30 ms, three lost
 * ones mean death, the higher priority wins), the real decisions, facts that arrive late. VRRP and facts are cut apart and
 * together, node services lose their memory. Whatever happens, once it is quiet exactly one node is master, it is
 * settled, and both know one generation.
 */
import {
  decideClaim,
  decideWeight,
  firstOwnershipState,
  nextOwnershipState,
  type OwnershipState,
  type OwnershipView,
} from '../../cluster/ownership/ownership-state.js';
import type { OwnershipFact } from '../../cluster/ownership/ownership-fact.js';
import type { Rng } from '../../cluster/base/rng.js';
import { assert, spec } from '../support/spec.js';

const STEP_MS = 10;
const DOWN_MS = 100;
const BASE_PRIORITY = 100;

class SimulatedNode {
  readonly id: string;
  readonly partner: string;
  /** Ties between equal priorities are broken by the address (RFC 5798 section 6.4.3). */
  readonly rank: number;
  isMaster = false;
  isOn = true;
  frozenUntilMs = 0;
  lastAdvertMs = 0;
  listensFromMs = 0;
  state: OwnershipState;
  fact: OwnershipFact | undefined;
  seenPartner: OwnershipFact | undefined;
  beat = 0;
  partnerBeatMs = -Infinity;
  hearsPartner = false;
  changes = 0;
  order: string | undefined;

  constructor(id: string, partner: string, rank: number) {
    this.id = id;
    this.partner = partner;
    this.rank = rank;
    this.state = firstOwnershipState({ own: id, partner }, undefined, false);
  }

  get priority(): number {
    return BASE_PRIORITY + decideWeight(this.state);
  }

  runs(nowMs: number): boolean {
    return this.isOn && nowMs >= this.frozenUntilMs;
  }

  boot(nowMs: number): void {
    Object.assign(this, { isOn: true, isMaster: false, fact: undefined, seenPartner: undefined });
    this.listensFromMs = nowMs + 1000;
    this.lastAdvertMs = this.listensFromMs;
    this.partnerBeatMs = -Infinity;
    this.restartService(undefined);
  }

  /** The node service alone begins anew, with what it finds in the live state, if that answers. */
  restartService(known: OwnershipFact | undefined): void {
    this.state = firstOwnershipState({ own: this.id, partner: this.partner }, known, this.isMaster);
    this.seenPartner = undefined;
    this.order = undefined;
  }

  hear(fact: OwnershipFact | undefined, nowMs: number): void {
    if (fact?.beat !== this.seenPartner?.beat && this.seenPartner !== undefined) this.partnerBeatMs = nowMs;
    this.seenPartner = fact;
  }

  decide(nowMs: number): void {
    const view: OwnershipView = {
      isMaster: this.isMaster,
      canTake: nowMs >= this.listensFromMs,
      partner: this.seenPartner,
      partnerSilentMs: nowMs - this.partnerBeatMs,
      hearsPartner: this.hearsPartner,
      isOnInterface: this.isMaster || this.state.name === 'Preparing',
      ...(this.order === undefined ? {} : { order: this.order }),
    };
    const step = nextOwnershipState(this.state, view, { own: this.id, partner: this.partner }, nowMs);
    if (step.state.generation !== this.state.generation) this.changes += 1;
    this.state = step.state;
    for (const effect of step.effects) if (effect.type === 'endMove') this.order = undefined;
    this.beat += 1;
    this.fact = { ...decideClaim(this.state, view), beat: this.beat };
  }

  /** keepalived: FAULT below 1, master after silence, backup when a stronger one is heard. */
  vrrp(other: SimulatedNode, isLinked: boolean, nowMs: number): void {
    const isHeard = isLinked && other.runs(nowMs) && other.isMaster && other.priority > 0;
    // In FAULT keepalived hears nothing; the raw socket does.
    this.hearsPartner = isHeard && this.state.name === 'Yielding';
    if (isHeard) this.lastAdvertMs = nowMs;
    if (this.priority <= 0) this.isMaster = false;
    else if (this.isMaster) this.isMaster = !(isHeard && this.#isWeakerThan(other));
    else this.isMaster = nowMs - this.lastAdvertMs > DOWN_MS;
  }

  #isWeakerThan(other: SimulatedNode): boolean {
    return other.priority === this.priority ? other.rank > this.rank : other.priority > this.priority;
  }
}

type Fault =
  'kill' | 'boot' | 'freeze' | 'cut' | 'cutVrrp' | 'cutFacts' | 'forget' | 'restart' | 'move' | 'wait';
const FAULTS: readonly Fault[] = [
  'kill',
  'boot',
  'freeze',
  'freeze',
  'cut',
  'cutVrrp',
  'cutFacts',
  'forget',
  'restart',
  'move',
  'wait',
];

class Simulation {
  readonly nodes = [new SimulatedNode('a', 'b', 1), new SimulatedNode('b', 'a', 2)] as const;
  readonly trail: string[] = [];
  readonly #rng: Rng;
  nowMs = 0;
  vrrpCutUntilMs = 0;
  factsCutUntilMs = 0;

  constructor(rng: Rng) {
    this.#rng = rng;
    for (const node of this.nodes) node.boot(0);
  }

  run(forMs: number): void {
    const endMs = this.nowMs + forMs;
    for (; this.nowMs < endMs; this.nowMs += STEP_MS) {
      const [a, b] = this.nodes;
      const isVrrpLinked = this.nowMs >= this.vrrpCutUntilMs;
      const areFactsLinked = this.nowMs >= this.factsCutUntilMs;
      for (const [node, other] of [
        [a, b],
        [b, a],
      ] as const) {
        if (!node.runs(this.nowMs)) continue;
        node.vrrp(other, isVrrpLinked, this.nowMs);
        // Facts come late, and after a power cut of the partner what it had said stays readable.
        if (areFactsLinked && other.isOn && this.#rng.integer(0, 3) > 0) node.hear(other.fact, this.nowMs);
        node.decide(this.nowMs);
      }
    }
  }

  fault(): void {
    const fault = this.#rng.pick(FAULTS);
    const node = this.#rng.pick(this.nodes);
    this.trail.push(`${String(this.nowMs)} ${fault} ${node.id}`);
    switch (fault) {
      case 'kill':
        node.isOn = false;
        break;
      case 'boot':
        if (!node.isOn) node.boot(this.nowMs);
        break;
      case 'freeze':
        node.frozenUntilMs = this.nowMs + this.#rng.integer(20, 2500);
        break;
      case 'cut':
        this.vrrpCutUntilMs = this.nowMs + this.#rng.integer(20, 2500);
        this.factsCutUntilMs = this.vrrpCutUntilMs;
        break;
      case 'cutVrrp':
        this.vrrpCutUntilMs = this.nowMs + this.#rng.integer(20, 2500);
        break;
      case 'cutFacts':
        this.factsCutUntilMs = this.nowMs + this.#rng.integer(20, 2500);
        break;
      case 'forget':
        if (node.isOn) node.restartService(undefined);
        break;
      case 'restart':
        if (node.isOn) node.restartService(node.fact);
        break;
      case 'move':
        if (node.state.name === 'Settled') node.order = `m${String(this.nowMs)}`;
        break;
      case 'wait':
        break;
    }
  }

  heal(): void {
    this.vrrpCutUntilMs = this.nowMs;
    this.factsCutUntilMs = this.nowMs;
    for (const node of this.nodes) {
      node.frozenUntilMs = this.nowMs;
      if (!node.isOn) node.boot(this.nowMs);
    }
  }
}

spec('ownership under random faults', { deadlineMs: 60_000 }, (it) => {
  it('ends with one settled owner and one generation on both nodes', (t) => {
    for (let round = 0; round < 300; round += 1) {
      const simulation = new Simulation(t.rng);
      for (let index = 0; index < 12; index += 1) {
        simulation.run(t.rng.integer(10, 1500));
        simulation.fault();
      }
      simulation.heal();
      simulation.run(10_000);
      const seen = simulation.nodes.map(({ id, isMaster, state }) => ({ id, isMaster, ...state }));
      const what = `round ${String(round)}: ${simulation.trail.join(', ')}\n${JSON.stringify(seen)}`;
      const masters = simulation.nodes.filter((node) => node.isMaster);
      assert.is(masters.length, 1, what);
      assert.is(masters[0]?.state.name, 'Settled', what);
      assert.is(masters[0]?.state.holder, masters[0]?.id, what);
      const [a, b] = simulation.nodes;
      assert.equal([a.state.generation, a.state.holder], [b.state.generation, b.state.holder], what);
    }
  });

  it('adverts that are lost while facts pass move nothing, and nobody else serves for longer than a moment', (t) => {
    for (let round = 0; round < 50; round += 1) {
      const simulation = new Simulation(t.rng);
      simulation.run(5000);
      const owner = simulation.nodes.find((node) => node.isMaster);
      const before = simulation.nodes.map(({ changes }) => changes);
      simulation.vrrpCutUntilMs = simulation.nowMs + 20_000;
      simulation.run(t.rng.integer(300, 19_000));
      const masters = simulation.nodes.filter((node) => node.isMaster);
      const what = JSON.stringify(simulation.nodes.map(({ state }) => state));
      assert.equal(masters, [owner], what);
      assert.equal(simulation.nodes.map(({ state }) => state.name).toSorted(), ['Settled', 'Yielding'], what);
      simulation.heal();
      simulation.run(500);
      assert.equal(
        simulation.nodes.filter((node) => node.isMaster),
        [owner],
        what,
      );
      assert.equal(
        simulation.nodes.map(({ changes }) => changes),
        before,
        what,
      );
    }
  });

  it('whoever yields to a partner that then dies has the address within a second', (t) => {
    const simulation = new Simulation(t.rng);
    simulation.run(5000);
    const owner = simulation.nodes.find((node) => node.isMaster);
    simulation.vrrpCutUntilMs = Infinity;
    simulation.run(2000);
    if (owner !== undefined) owner.isOn = false;
    simulation.run(1000);
    const other = simulation.nodes.find((node) => node !== owner);
    assert.equal([other?.isMaster, other?.state.name], [true, 'Taker']);
  });

  it('a short freeze of the owner moves nothing, a long one moves the address once', (t) => {
    for (const [frozenMs, isMoved] of [
      [50, false],
      [150, true],
      [400, true],
      [2000, true],
    ] as const) {
      const simulation = new Simulation(t.rng);
      simulation.run(5000);
      const owner = simulation.nodes.find((node) => node.isMaster);
      const before = owner?.state.generation ?? 0;
      if (owner !== undefined) owner.frozenUntilMs = simulation.nowMs + frozenMs;
      simulation.run(frozenMs + 200);
      const masters = simulation.nodes.filter((node) => node.isMaster);
      assert.is(masters.length, 1, `frozen for ${String(frozenMs)} ms`);
      assert.is(masters[0] !== owner, isMoved, `frozen for ${String(frozenMs)} ms`);
      assert.is((masters[0]?.state.generation ?? 0) - before, isMoved ? 1 : 0);
    }
  });
});
