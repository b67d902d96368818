import { CallbackDesk, type CallbackNote } from '../../../appliance/callback-desk.js';
import type { CallState, Party, Place } from '../../../appliance/call/call-types.js';
import { openCall } from '../../../appliance/call/next-call-state.js';
import { Dispatcher } from '../../../appliance/dispatcher.js';
import { FakeClock } from '../../../cluster/base/clock.js';
import { openLog } from '../../../cluster/base/log.js';
import { assert, spec } from '../../support/spec.js';
import { settings } from './queue/queue-bench.js';

const log = openLog({ name: 'test', level: 'silent' });
const PATIENT = { kind: 'trunk', trunkId: 'main', number: '13800138000' } as const;
const place: Place = {
  ...{
    departmentId: 'appointments',
    priority: 0,
    skills: [],
    arrivedWallMs: new FakeClock().wallMs(),
    trigger: undefined,
  },
};

/** A desk with a queue and one seat; SIP and the relay write down what they are asked. */
class Bench {
  readonly clock = new FakeClock();
  readonly said: string[] = [];
  readonly opened: CallState[] = [];
  readonly notes: CallbackNote[] = [];
  readonly queue: Dispatcher;
  readonly desk: CallbackDesk;
  isRelayIll = false;
  #ids = 0;

  constructor() {
    const { clock } = this;
    this.queue = new Dispatcher({
      ...{ node: 'a', settings: settings(), clock, log, onTell: () => undefined },
      facts: { put: () => undefined, remove: () => undefined },
      onEffect: (effect) => {
        if ('callId' in effect) this.desk.onDispatch(effect);
      },
    });
    const relay = (): Promise<string> =>
      this.isRelayIll ? Promise.reject(new Error('ill')) : Promise.resolve('sdp');
    this.desk = new CallbackDesk({
      ...{ node: 'a', queue: this.queue, clock, log },
      media: {
        offerAlone: relay,
        answerAlone: () => relay().then(() => undefined),
        close: (id) => {
          this.said.push(`close ${id}`);
          return Promise.resolve({});
        },
      },
      signalling: {
        call: ({ legId, from }) => void this.said.push(`INVITE ${legId} from ${from.number}`),
        end: (legId) => void this.said.push(`end ${legId}`),
      },
      findRoute: (_target, { caller }) => ({
        ...{ devices: [['sip:8001@a']], headers: {}, credentials: undefined, localAddress: undefined },
        from: { number: numberOf(caller.party), name: undefined },
        ...{ ringMs: 1000, media: 'rtp' },
      }),
      nextCallId: () => `n${String((this.#ids += 1))}`,
      newMediaCallId: (callId) => `m-${callId}`,
      open: (state) => this.opened.push(state),
      onRecord: (note) => this.notes.push(note),
    });
  }

  seat(state: 'ready' | 'wrapUp' = 'ready'): void {
    const seat = {
      ...{ seatId: 's1', callTakerId: 't1', state, reason: undefined, departmentIds: ['appointments'] },
      ...{ skills: {}, takesEmergencies: true, isReachable: true, dispatchNode: 'a' },
    } as const;
    this.queue.apply({ kind: 'seatChanged', seat });
  }

  async take(afterMs = 0): Promise<string> {
    await this.clock.advance(afterMs);
    return this.said.splice(0).join(', ');
  }

  /** The call-taker is there, and the call that was made for him ends. */
  async attempt(dueMs: number, answeredWallMs: number | undefined): Promise<void> {
    const leg = /INVITE (\S+)/.exec(await this.take(dueMs))?.[1] ?? 'none';
    this.desk.onLeg({ kind: 'answered', legId: leg, sdp: 'x' });
    await this.clock.advance(0);
    const state = this.opened.pop();
    if (state === undefined) throw new Error('no call');
    this.desk.callClosed({ ...state, answeredWallMs });
    this.seat('wrapUp');
    this.seat('ready');
  }
}

function numberOf(party: Party): string {
  return party.kind === 'trunk' ? party.number : '';
}

function callOf(party: Party, changes: Partial<CallState> = {}): CallState {
  const facts = { sipCallId: 'i', home: 'a', mediaCallId: 'm', sdp: '', dialled: '1' };
  const opened = openCall({ ...facts, callId: 'c1', direction: 'inbound', party }, 5);
  return { ...opened, departmentId: 'appointments', place, ...changes };
}

spec('who is called back', (it) => {
  it('is called when it is his turn, by a call-taker who sees his number and hears of nobody else', async () => {
    const bench = new Bench();
    bench.seat();
    bench.desk.keep(callOf(PATIENT), place, 'asked');
    assert.is(await bench.take(4999), '');
    assert.is(await bench.take(1), 'INVITE n2-0 from 13800138000');
    bench.desk.onLeg({ kind: 'answered', legId: 'n2-0', sdp: 'of the seat' });
    await bench.take();
    const [call] = bench.opened;
    assert.equal([call?.caller.sdp, call?.caller.isAnswered], ['of the seat', true]);
    assert.equal(call?.callback?.place, place);
    assert.equal(bench.queue.state.entries, {});
    assert.equal(
      bench.notes.map(({ state }) => state),
      ['waiting', 'calling'],
    );
  });

  it('is called three times, and then no more', async () => {
    const bench = new Bench();
    bench.seat();
    bench.desk.keep(callOf(PATIENT), place, 'asked');
    for (const dueMs of [5000, 300_000, 300_000]) await bench.attempt(dueMs, undefined);
    assert.is(await bench.take(86_400_000), '');
    assert.equal(bench.notes.at(-1)?.state, 'givenUp');
    assert.is(bench.notes.at(-1)?.attempts, 3);
  });

  it('is not called again when he has answered', async () => {
    const bench = new Bench();
    bench.seat();
    bench.desk.keep(callOf(PATIENT), place, 'asked');
    await bench.attempt(5000, 7);
    assert.is(await bench.take(86_400_000), '');
    assert.is(bench.notes.at(-1)?.state, 'done');
  });

  it('has his place again out of the store, with his clock, and is remembered when he has been served', async () => {
    const first = new Bench();
    first.desk.keep(callOf(PATIENT), place, 'asked');
    const [note] = first.notes;
    if (note === undefined) throw new Error('nothing is written down');
    const bench = new Bench();
    bench.seat();
    assert.is(bench.desk.hasRecorded(note.entryId), false);
    bench.desk.recall({ ...note, generation: 1, attempts: 1 });
    assert.is(bench.queue.state.entries[note.entryId]?.arrivedWallMs, place.arrivedWallMs);
    await bench.attempt(0, 7);
    assert.equal(
      bench.notes.map(({ entryId, state, attempts }) => [entryId, state, attempts]),
      [
        [note.entryId, 'waiting', 1],
        [note.entryId, 'calling', 1],
        [note.entryId, 'done', 2],
      ],
    );
    assert.is(bench.desk.hasRecorded(note.entryId), true);
  });

  it('is the first of all at once when his line was cut, an emergency as one', async () => {
    const bench = new Bench();
    bench.desk.keep(callOf({ ...PATIENT, number: '13900139000' }), place, 'lost');
    bench.desk.keepLost(callOf(PATIENT, { place: { ...place, trigger: 'number 120' } }));
    bench.seat();
    assert.match(await bench.take(), /from 13800138000/);
    assert.is(Object.values(bench.queue.state.entries).length, 2);
  });

  it('keeps no place for a number that is withheld, and none for a call in no department', () => {
    const bench = new Bench();
    bench.desk.keep(callOf({ ...PATIENT, number: 'anonymous' }), place, 'asked');
    bench.desk.keepLost(callOf(PATIENT, { departmentId: undefined }));
    assert.equal(bench.queue.state.entries, {});
  });

  it('has his turn again when the seat does not answer or the relay is ill', async () => {
    const bench = new Bench();
    bench.isRelayIll = true;
    bench.desk.keep(callOf(PATIENT), place, 'lost');
    bench.seat();
    assert.is(await bench.take(), 'end n2-0, close m-n2');
    bench.isRelayIll = false;
    assert.is(await bench.take(20_000), 'INVITE n3-0 from 13800138000');
    bench.desk.onLeg({ kind: 'failed', legId: 'n3-0', status: 486 });
    assert.is(await bench.take(), 'end n3-0, close m-n3');
    assert.is(Object.values(bench.queue.state.entries).length, 1);
  });

  it('goes with its address: nothing rings for it any more, and whoever gets it rings', async () => {
    const [before, after] = [new Bench(), new Bench()];
    before.desk.keep(callOf(PATIENT), place, 'lost');
    before.seat();
    await before.take();
    const [entry] = Object.values(before.queue.state.entries);
    const left: string[] = [];
    before.desk.letGo('b', (id) => left.push(id));
    before.desk.letGo('a', (id) => left.push(id));
    assert.equal(left, ['n1']);
    assert.is(await before.take(), 'end n2-0, close m-n2');
    after.seat();
    if (entry !== undefined) after.desk.restore(entry);
    assert.is(await after.take(), 'INVITE n1-0 from 13800138000');
  });
});
