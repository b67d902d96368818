/** Random calls in a random but plausible world: whatever happens, nobody is forgotten. */
import type {
  CallEffect,
  CallEvent,
  CallState,
  Leg,
  Place,
  Target,
} from '../../../../appliance/call/call-types.js';
import { nextCallState, openCall } from '../../../../appliance/call/next-call-state.js';
import type { Rng } from '../../../../cluster/base/rng.js';
import { assert, spec } from '../../../support/spec.js';

const START_MS = 1_700_000_000_000;
const STEPS = 60;
const place: Place = {
  ...{ departmentId: 'reception', priority: 0, skills: [], arrivedWallMs: START_MS, trigger: undefined },
};

/** What really exists outside of the machine: dialogs, offers, seats in calls. */
class World {
  state: CallState;
  readonly history: string[] = [];
  readonly #rng: Rng;
  /** Legs that exist: INVITEs on their way and dialogs. */
  readonly legs = new Map<string, 'calling' | 'up'>();
  readonly busy = new Map<string, number>();
  readonly #inbox: CallEvent[] = [];
  #isInQueue = false;
  #offers = 0;
  closed = 0;
  #answering = false;

  constructor(rng: Rng) {
    this.#rng = rng;
    const isSeat = rng.integer(0, 2) === 0;
    const party: Leg['party'] = isSeat
      ? { kind: 'seat', seatId: 's0' }
      : { kind: 'trunk', trunkId: 'main', number: '1' };
    const facts = {
      callId: 'c',
      sipCallId: 'i',
      home: 'a',
      mediaCallId: 'm',
      sdp: 'offer',
      dialled: '1',
      party,
    };
    this.state = openCall({ ...facts, direction: isSeat ? 'internal' : 'inbound' }, START_MS);
    this.legs.set('c-0', 'calling');
    const first: CallEvent = isSeat
      ? { kind: 'dialled', target: rng.pick<Target>([{ kind: 'seat', seatId: 's1' }, this.#outside()]) }
      : { kind: 'queued', place: rng.pick([place, { ...place, trigger: 'number 120' }]) };
    this.apply(first);
  }

  #outside(): Target {
    return { kind: 'trunk', trunkIds: ['main', 'backup'], number: '2' };
  }

  apply(event: CallEvent): void {
    this.history.push(JSON.stringify(event));
    const before = this.state;
    const { state, effects } = nextCallState(before, event, START_MS);
    this.state = JSON.parse(JSON.stringify(state)) as CallState;
    assert.equal(this.state, JSON.parse(JSON.stringify(state)), 'it is JSON');
    if (before.place !== undefined && state.place !== undefined)
      assert.is(state.place.arrivedWallMs, before.place.arrivedWallMs, 'the waiting clock goes on');
    for (const effect of effects) this.#execute(effect);
  }

  /** Something that can happen now does. */
  step(): void {
    const { caller, other, ringing, place: waits, name } = this.state;
    const can: (() => void)[] = [];
    const event = (one: CallEvent): void =>
      void can.push(() => {
        this.apply(one);
      });
    if (this.#inbox.length > 0)
      can.push(() => {
        const next = this.#inbox.shift();
        if (next !== undefined) this.apply(next);
      });
    for (const legId of this.legs.keys()) {
      if (ringing[legId] !== undefined && this.legs.get(legId) === 'calling') {
        event({ kind: 'legRinging', legId });
        can.push(() => {
          this.legs.set(legId, 'up');
          this.apply({ kind: 'legAnswered', legId, sdp: 'answer' });
        });
        can.push(() => {
          this.legs.delete(legId);
          this.apply({ kind: 'legFailed', legId, status: this.#rng.pick([408, 486, 503]) });
        });
      } else if (this.#rng.integer(0, 5) === 0)
        can.push(() => {
          this.legs.delete(legId);
          this.apply({ kind: 'legEnded', legId });
        });
    }
    if (this.#answering)
      can.push(() => {
        this.#answering = false;
        if (this.legs.has('c-0')) this.legs.set('c-0', 'up');
        this.apply({ kind: 'callerAnswered' });
      });
    if (this.#isInQueue && waits !== undefined)
      can.push(() => {
        this.#offers += 1;
        this.apply({ kind: 'seatOffered', offerId: 'o', seatId: `s${String(this.#offers)}` });
      });
    for (const { offerId, target } of Object.values(ringing))
      if (offerId !== undefined && target.kind === 'seat')
        event({ kind: 'offerWithdrawn', offerId, seatId: target.seatId });
    if (name === 'talking' && other !== undefined) {
      const by = this.#rng.pick([caller, other]);
      const isReferred = by.party.kind === 'seat';
      event({ kind: 'legRenegotiated', legId: by.legId, sdp: 'new', isHold: this.#rng.integer(0, 1) === 1 });
      const to = this.#rng.pick<Target | { kind: 'queue'; place: Place }>([
        ...[{ kind: 'seat', seatId: 's90' } as const, this.#outside(), { kind: 'queue', place } as const],
      ]);
      event({ kind: 'transferAsked', legId: by.legId, isReferred, to });
      can.push(() => {
        this.legs.set('d-1', 'up');
        this.busy.set('s80', (this.busy.get('s80') ?? 0) + 0);
        const party = { kind: 'trunk', trunkId: 'main', number: '3' } as const;
        const leg: Leg = { legId: 'd-1', party, sdp: 'x', isAnswered: true, isHolding: false };
        this.apply({ kind: 'legTaken', byLegId: by.legId, isReferred: true, leg });
      });
    }
    if (this.#rng.integer(0, 20) === 0) event({ kind: 'waitedTooLong' });
    if (this.#rng.integer(0, 20) === 0) event({ kind: 'mediaLost' });
    if (this.#rng.integer(0, 20) === 0) event({ kind: 'callbackAsked' });
    if (this.#rng.integer(0, 10) === 0) event({ kind: 'outsideAsked', target: this.#outside() });
    if (this.#rng.integer(0, 10) === 0) event({ kind: 'emergencyRaised', trigger: 'key 1' });
    if (can.length > 0) this.#rng.pick(can)();
  }

  #execute(effect: CallEffect): void {
    if (this.closed > 0)
      assert.ok(['endLeg', 'ignored'].includes(effect.kind), `after the close: ${effect.kind}`);
    switch (effect.kind) {
      case 'answerCaller':
        this.#answering = true;
        break;
      case 'refuseCaller':
        this.legs.delete(this.state.caller.legId);
        break;
      case 'farewell':
      case 'endLeg':
        this.legs.delete(effect.legId);
        break;
      case 'ring':
        this.legs.set(effect.legId, 'calling');
        break;
      case 'join':
      case 'rejoin':
        this.#inbox.push(
          this.#rng.integer(0, 4) === 0
            ? { kind: 'joinFailed', legId: effect.legId, status: 503 }
            : { kind: 'joined', legId: effect.legId },
        );
        break;
      case 'enqueue':
        this.#isInQueue = true;
        break;
      case 'leaveQueue':
        this.#isInQueue = false;
        break;
      case 'claimOffer': {
        const { offerId, seatId } = effect;
        const isOurs = this.#rng.integer(0, 4) > 0;
        if (isOurs) this.#isInQueue = false;
        this.#inbox.push({ kind: isOurs ? 'offerGranted' : 'offerOver', offerId, seatId });
        break;
      }
      case 'seatBusy':
        this.busy.set(effect.seatId, (this.busy.get(effect.seatId) ?? 0) + 1);
        break;
      case 'seatFree':
        this.busy.set(effect.seatId, (this.busy.get(effect.seatId) ?? 0) - 1);
        break;
      case 'close':
        this.closed += 1;
        break;
      case 'ringBack':
      case 'keepPlace':
      case 'refuseOffer':
      case 'moveInQueue':
      case 'raiseEmergency':
      case 'undoEmergency':
      case 'startMusic':
      case 'stopMusic':
      case 'unblockMedia':
      case 'restoreTalk':
      case 'rebuildMedia':
      case 'notifyTransfer':
      case 'note':
      case 'ignored':
        break;
    }
  }

  /** Everybody hangs up, and what is on its way arrives. */
  end(): void {
    this.apply({ kind: 'closeAsked', reason: 'closedByOperator' });
    for (let next = this.#inbox.shift(); next !== undefined; next = this.#inbox.shift()) this.apply(next);
  }
}

spec('any call', (it) => {
  it('ends every leg and frees every seat once, and closes once', (t) => {
    for (let count = 0; count < 1000; count += 1) {
      const world = new World(t.rng);
      for (let step = 0; step < STEPS && world.closed === 0; step += 1) world.step();
      world.end();
      const story = world.history.join('\n');
      assert.is(world.closed, 1, story);
      assert.equal([...world.legs.keys()], [], `legs are left\n${story}`);
      const left = [...world.busy].filter(([, calls]) => calls !== 0);
      assert.equal(left, [], `seats are left busy, or freed twice\n${story}`);
    }
  });
});
