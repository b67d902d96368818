/**
 * How soon emergencies are answered when far more people call than can be served: 27 seats, calls of 180 s on average,
 * 2 % emergencies, at most 300 who wait; and what one reserved seat does. The shares were computed for this product
 * before it was built, by another program; the queue's own rules have to give the same.
 */
import { DEFAULT_DISPATCH } from '../../appliance/queue/dispatch-settings.js';
import { nextDispatchState, openDispatch } from '../../appliance/queue/dispatch-state.js';
import type { DispatchEvent, DispatchState } from '../../appliance/queue/dispatch-types.js';
import type { SeatFacts, SeatState } from '../../appliance/queue/seat.js';
import { seededRng, type Rng } from '../../cluster/base/rng.js';
import { assert, spec } from '../support/spec.js';

const SEATS = 27;
const HANDLING_MS = 180_000;
const EMERGENCY_SHARE = 0.02;
const WAITING_MAX = 300;
const DEPARTMENT = 'all';
/** Of each case; the first tenth is not counted, the queue has to fill first. */
const EMERGENCIES = 500;
/** Two points, and what chance makes of so few emergencies, which depend on each other: three standard deviations. */
function toleranceOf(share: number): number {
  return 0.02 + 3 * Math.sqrt((share * (1 - share)) / EMERGENCIES);
}

interface Case {
  readonly erlang: number;
  readonly reserve: number;
  readonly within10s: number;
}

const CASES: readonly Case[] = [
  { erlang: 22.5, reserve: 0, within10s: 0.94 },
  { erlang: 22.5, reserve: 1, within10s: 0.999 },
  { erlang: 67.5, reserve: 0, within10s: 0.772 },
  { erlang: 67.5, reserve: 1, within10s: 0.996 },
  { erlang: 67.5, reserve: 2, within10s: 1 },
];

function seatFacts(seatId: string, state: SeatState): SeatFacts {
  return {
    seatId,
    state,
    callTakerId: seatId,
    reason: undefined,
    departmentIds: [DEPARTMENT],
    skills: {},
    takesEmergencies: true,
    isReachable: true,
    dispatchNode: 'a',
  };
}

class Surge {
  readonly #rng: Rng;
  readonly #arrivalMs: number;
  #state: DispatchState;
  #nowMs = 0;
  #calls = 0;
  /** Free again at, by seat. */
  readonly #talks = new Map<string, number>();
  readonly #raisedMs = new Map<string, number>();
  readonly waitsMs: number[] = [];

  constructor({ erlang, reserve }: Case, rng: Rng) {
    this.#rng = rng;
    this.#arrivalMs = HANDLING_MS / erlang;
    const department = {
      departmentId: DEPARTMENT,
      strategy: 'longestIdle',
      ringMs: 1e12,
      maxWaitMs: 1e12,
      overflowTo: undefined,
      callbackAfterMs: undefined,
      announceEveryMs: undefined,
    } as const;
    // Who is reserved for whom is asked, not who runs where: nobody rings everywhere or outside.
    const never = { emergencyRingAllAfterMs: 1e12, emergencyOutsideAfterMs: 1e12 };
    this.#state = openDispatch('a', {
      ...DEFAULT_DISPATCH,
      ...never,
      strandedTo: DEPARTMENT,
      reserve,
      departments: { [DEPARTMENT]: department },
    });
    for (let seat = 0; seat < SEATS; seat += 1) this.#setSeat(String(seat), 'ready');
  }

  run(): void {
    let arrivalMs = this.#draw(this.#arrivalMs);
    while (this.waitsMs.length < EMERGENCIES) {
      const [seatId, freeMs] = this.#nextFree();
      this.#nowMs = Math.min(arrivalMs, freeMs);
      if (arrivalMs <= freeMs) {
        this.#arrive();
        arrivalMs += this.#draw(this.#arrivalMs);
      } else {
        this.#talks.delete(seatId);
        this.#setSeat(seatId, 'ready');
      }
    }
  }

  #nextFree(): readonly [seatId: string, atMs: number] {
    let next: readonly [string, number] = ['', Infinity];
    for (const talk of this.#talks) if (talk[1] < next[1]) next = talk;
    return next;
  }

  #draw(meanMs: number): number {
    return -Math.log(1 - this.#rng.fraction()) * meanMs;
  }

  #arrive(): void {
    const isEmergency = this.#rng.fraction() < EMERGENCY_SHARE;
    if (!isEmergency && Object.keys(this.#state.entries).length >= WAITING_MAX) return;
    this.#calls += 1;
    const callId = String(this.#calls);
    if (isEmergency) this.#raisedMs.set(callId, this.#nowMs);
    const facts = { departmentId: DEPARTMENT, priority: 0, skills: [], mediaNode: 'a' };
    const entry = { callId, arrivedWallMs: this.#nowMs, ...facts };
    this.#do({ kind: 'entryArrived', entry, ...(isEmergency ? { trigger: 'number' } : {}) });
  }

  #setSeat(seatId: string, state: SeatState): void {
    this.#do({ kind: 'seatChanged', seat: seatFacts(seatId, state) });
  }

  /** Everybody answers at once. */
  #do(event: DispatchEvent): void {
    const step = nextDispatchState(this.#state, event, this.#nowMs);
    this.#state = step.state;
    for (const effect of step.effects) {
      if (effect.kind === 'offer')
        this.#do({ kind: 'offerAccepted', offerId: effect.offerId, seatId: effect.seatId });
      if (effect.kind === 'connect') this.#connect(effect.callId, effect.seatId);
    }
  }

  #connect(callId: string, seatId: string): void {
    this.#talks.set(seatId, this.#nowMs + this.#draw(HANDLING_MS));
    const raisedMs = this.#raisedMs.get(callId);
    if (raisedMs !== undefined) this.waitsMs.push(this.#nowMs - raisedMs);
    this.#raisedMs.delete(callId);
  }
}

spec('emergencies in a surge', { deadlineMs: 120_000 }, (it) => {
  for (const one of CASES) {
    const { erlang, reserve, within10s } = one;
    it(`${String(erlang)} E, ${String(reserve)} reserved: ${String(within10s * 100)} % within 10 s`, (t) => {
      const surge = new Surge(one, seededRng(t.seed));
      surge.run();
      const counted = surge.waitsMs.slice(EMERGENCIES / 10);
      const share = counted.filter((ms) => ms <= 10_000).length / counted.length;
      process.stdout.write(`  ${(share * 100).toFixed(1)} % `);
      assert.ok(Math.abs(share - within10s) <= toleranceOf(within10s), `${(share * 100).toFixed(1)} %`);
    });
  }
});
