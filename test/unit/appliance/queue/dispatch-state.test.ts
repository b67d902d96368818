import { nextDispatchState } from '../../../../appliance/queue/dispatch-state.js';
import type { DispatchEvent } from '../../../../appliance/queue/dispatch-types.js';
import { assert, spec } from '../../../support/spec.js';
import { department, QueueBench, settings, START_MS } from './queue-bench.js';

spec('a place whose caller is called back', (it) => {
  const callback = {
    ...({ number: '1', trunkId: 't', reason: 'asked', ofCallId: 'c0' } as const),
    ...{ home: 'a', attempts: 0, dueWallMs: START_MS + 5000 },
  };

  it('is served in its turn, but not before it is due', () => {
    const bench = new QueueBench();
    bench.arrive('k1', { callback });
    bench.nowMs += 10;
    bench.arrive('c2');
    bench.seat('s1');
    assert.is(bench.take(), 'offer c2 s1');
    bench.accept('s1');
    bench.pass(5000);
    bench.arrive('c3');
    bench.seat('s2');
    assert.is(bench.take(), 'connect c2 s1, offer k1 s2');
  });

  it('hears no announcement and knows no maximum wait, and is given up after a day', () => {
    const departments = { appointments: department({ announceEveryMs: 30_000, callbackAfterMs: 60_000 }) };
    const bench = new QueueBench({ departments });
    bench.arrive('k1', { callback });
    bench.pass(23 * 3_600_000);
    assert.is(bench.take(), '');
    bench.pass(3_600_000);
    assert.is(bench.take(), 'expired k1');
  });

  it('of the partner is asked for when it is due', () => {
    const bench = new QueueBench();
    bench.seat('s1');
    bench.partnerCaller('k1', { callback });
    assert.is(bench.take(), '');
    bench.pass(5000);
    assert.is(bench.take(), 'askPartner k1 s1');
  });
});

spec('an ordinary call in a queue', (it) => {
  it('rings at the seat that has been idle for longest', () => {
    const bench = new QueueBench();
    bench.seat('s1');
    bench.nowMs += 1;
    bench.seat('s2');
    bench.arrive('c1');
    assert.is(bench.take(), 'offer c1 s1');
    bench.accept('s1');
    assert.is(bench.take(), 'connect c1 s1');
    assert.is(bench.state.seats['s1']?.state, 'talking');
    assert.equal(bench.state.entries, {});
  });

  it('waits when nobody is free, and is served in the order of arrival', () => {
    const bench = new QueueBench();
    for (const callId of ['c1', 'c2', 'c3']) {
      bench.arrive(callId);
      bench.nowMs += 10;
    }
    assert.is(bench.take(), '');
    bench.seat('s1');
    bench.seat('s2');
    assert.is(bench.take(), 'offer c1 s1, offer c2 s2');
  });

  it('keeps its place when a seat is busy, and the seat goes behind the others', () => {
    const bench = new QueueBench();
    bench.seat('s1');
    bench.nowMs += 1;
    bench.seat('s2');
    bench.arrive('c1');
    bench.nowMs += 1;
    bench.refuse('s1');
    assert.is(bench.take(), 'offer c1 s1, offer c1 s2');
    bench.arrive('c2');
    assert.is(bench.take(), 'offer c2 s1');
  });

  it('comes back to a seat that did not answer after the time of one ring, when there is no other', () => {
    const bench = new QueueBench({ unansweredMax: 5 });
    bench.seat('s1');
    bench.arrive('c1');
    bench.pass(20_000);
    assert.is(bench.take(), 'offer c1 s1, withdraw c1 s1 noAnswer');
    bench.pass(20_000);
    assert.is(bench.take(), 'offer c1 s1');
    assert.is(bench.state.entries['c1']?.arrivedWallMs, START_MS);
  });

  it('takes a seat out that is silent again and again, until its call-taker is ready again', () => {
    const bench = new QueueBench();
    bench.seat('s1');
    bench.arrive('c1');
    bench.pass(20_000 + 20_000 + 20_000);
    assert.ok(bench.take().endsWith('withdraw c1 s1 noAnswer, silent s1'));
    assert.equal(bench.state.seats['s1']?.reason, 'noAnswer');
    bench.pass(100_000);
    assert.is(bench.take(), '');
    bench.seat('s1');
    assert.is(bench.take(), 'offer c1 s1');
  });

  it('that hangs up leaves no seat ringing', () => {
    const bench = new QueueBench();
    bench.seat('s1');
    bench.arrive('c1');
    bench.take();
    bench.do({ kind: 'entryLeft', callId: 'c1', why: 'abandoned' });
    assert.is(bench.take(), 'withdraw c1 s1 callerGone');
    bench.arrive('c2');
    assert.is(bench.take(), 'offer c2 s1');
  });

  it('rings at every seat of a department that rings all; who answers first has it', () => {
    const departments = { appointments: department({ strategy: 'ringAll' }) };
    const bench = new QueueBench({ departments });
    for (const seat of ['s1', 's2', 's3']) bench.seat(seat);
    bench.arrive('c1');
    assert.is(bench.take(), 'offer c1 s1, offer c1 s2, offer c1 s3');
    bench.accept('s2');
    const others = 'withdraw c1 s1 answeredElsewhere, withdraw c1 s3 answeredElsewhere';
    assert.is(bench.take(), `${others}, connect c1 s2`);
  });

  it('goes to the best of those who can, and waits for one who can', () => {
    const bench = new QueueBench();
    bench.seat('s1', { skills: { cantonese: 1 } });
    bench.nowMs += 1;
    bench.seat('s2', { skills: { cantonese: 5 } });
    bench.arrive('c1', { skills: ['cantonese'] });
    assert.is(bench.take(), 'offer c1 s2');
    bench.arrive('c2', { skills: ['uyghur'] });
    assert.is(bench.take(), '');
    bench.seat('s3', { skills: { uyghur: 1 } });
    assert.is(bench.take(), 'offer c2 s3');
  });

  it('is not kept waiting by one ahead of it that needs somebody else', () => {
    const bench = new QueueBench();
    bench.arrive('c1', { skills: ['uyghur'] });
    bench.arrive('c2');
    bench.seat('s1');
    assert.is(bench.take(), 'offer c2 s1');
  });

  it('overflows to another department with its old clock, and ends where there is none', () => {
    const departments = {
      appointments: department({ maxWaitMs: 60_000, overflowTo: 'fever' }),
      fever: department({ departmentId: 'fever', maxWaitMs: 60_000 }),
    };
    const bench = new QueueBench({ departments });
    bench.arrive('c1');
    bench.pass(60_000);
    assert.is(bench.take(), 'overflowed c1 fever');
    assert.is(bench.state.entries['c1']?.arrivedWallMs, START_MS);
    bench.pass(60_000);
    assert.is(bench.take(), 'expired c1');
  });

  it('is told its place and the time, and offered a callback once', () => {
    const departments = { appointments: department({ announceEveryMs: 30_000, callbackAfterMs: 45_000 }) };
    const bench = new QueueBench({ departments });
    bench.seat('s1', { state: 'talking' });
    bench.do({ kind: 'callHandled', departmentId: 'appointments', durationMs: 120_000 });
    bench.arrive('c1');
    bench.nowMs += 1;
    bench.arrive('c2');
    bench.pass(30_000);
    assert.is(bench.take(), 'announce c1 1 120000, announce c2 2 240000');
    bench.pass(15_000);
    assert.is(bench.take(), 'offerCallback c1, offerCallback c2');
    bench.pass(60_000);
    assert.not.match(bench.take(), /offerCallback/);
  });

  it('that moves to another department keeps its clock', () => {
    const bench = new QueueBench();
    bench.arrive('c1', { departmentId: 'fever' });
    bench.nowMs += 50_000;
    bench.arrive('c2');
    bench.do({ kind: 'entryMoved', callId: 'c1', departmentId: 'appointments', priority: 0, skills: [] });
    bench.seat('s1');
    assert.is(bench.take(), 'offer c1 s1');
  });
});

spec('the order of a queue', (it) => {
  it('puts the higher priority first, until the lower one has waited long enough', () => {
    const bench = new QueueBench();
    bench.arrive('low');
    bench.nowMs += 59_000;
    bench.arrive('high', { priority: 1 });
    bench.seat('s1');
    assert.is(bench.take(), 'offer high s1');
    bench.nowMs += 2000;
    bench.arrive('later', { priority: 1 });
    bench.seat('s2');
    assert.is(bench.take(), 'offer low s2');
  });

  it('is the same on both nodes for calls of the same millisecond', () => {
    for (const calls of [
      ['c1', 'c2'],
      ['c2', 'c1'],
    ]) {
      const bench = new QueueBench();
      for (const callId of calls) bench.arrive(callId);
      bench.seat('s1');
      assert.is(bench.take(), 'offer c1 s1');
    }
  });
});

spec('an emergency', (it) => {
  it('rings at once at the seat that ordinary calls have to leave free', () => {
    const bench = new QueueBench({ reserve: 1 });
    bench.seat('s1');
    bench.arrive('c1');
    assert.is(bench.take(), '');
    bench.arrive('e1', { trigger: 'number' });
    assert.is(bench.take(), 'offer e1 s1');
  });

  it('rings everywhere after 5 s, at who is not ready as well, and outside after 15 s', () => {
    const bench = new QueueBench();
    bench.seat('s1');
    bench.seat('s2', { state: 'notReady' });
    bench.seat('s3', { state: 'wrapUp', takesEmergencies: false });
    bench.seat('s4', { state: 'talking' });
    bench.seat('s5', { isReachable: false });
    bench.arrive('e1', { trigger: 'number' });
    assert.is(bench.take(), 'offer e1 s1');
    bench.pass(5000);
    const first = bench.take();
    assert.ok(first.includes('offer e1 s2') && first.includes('offer e1 s3'), first);
    assert.not.match(first, /s4|s5/);
    bench.pass(10_000);
    assert.is(bench.take(), 'ringOutside e1');
    bench.seat('s4');
    assert.is(bench.take(), 'offer e1 s4');
    bench.accept('s3');
    assert.match(bench.take(), /connect e1 s3$/);
  });

  it('takes a seat that rings for an ordinary call, which keeps its place', () => {
    const bench = new QueueBench();
    bench.seat('s1');
    bench.arrive('c1');
    bench.take();
    bench.arrive('e1', { trigger: 'word 胸痛' });
    assert.is(bench.take(), 'withdraw c1 s1 escalated, offer e1 s1');
    bench.accept('s1');
    bench.seat('s2');
    assert.match(bench.take(), /offer c1 s2$/);
  });

  it('that is raised in the queue passes everybody, and goes back to its place when that is undone', () => {
    const bench = new QueueBench();
    bench.arrive('c1');
    bench.nowMs += 1;
    bench.arrive('c2');
    bench.do({ kind: 'emergencyRaised', callId: 'c2', trigger: 'key 1' });
    bench.seat('s1');
    assert.is(bench.take(), 'offer c2 s1');
    bench.do({ kind: 'emergencyUndone', callId: 'c2' });
    assert.is(bench.take(), 'withdraw c2 s1 escalated, offer c1 s1');
  });

  it('that rang everywhere leaves those who were on a break on their break', () => {
    const bench = new QueueBench();
    bench.seat('s1');
    bench.seat('s2', { state: 'notReady', reason: 'lunch' });
    bench.seat('s3', { state: 'wrapUp' });
    bench.arrive('e1', { trigger: 'number' });
    bench.pass(5000);
    bench.accept('s1');
    assert.equal(
      ['s2', 's3'].map((seat) => bench.state.seats[seat]?.state),
      ['notReady', 'wrapUp'],
    );
    bench.take();
    bench.arrive('c1');
    assert.is(bench.take(), '');
  });

  it('goes on ringing where it rings when it comes to ring everywhere', () => {
    const bench = new QueueBench();
    bench.seat('s1');
    bench.arrive('e1', { trigger: 'number' });
    bench.take();
    bench.pass(60_000);
    assert.is(bench.take(), 'ringOutside e1');
    bench.accept('s1');
    assert.is(bench.take(), 'connect e1 s1');
  });

  it('that is raised while a seat rings goes on ringing there', () => {
    const bench = new QueueBench();
    bench.seat('s1');
    bench.arrive('c1');
    bench.take();
    bench.nowMs += 10_000;
    bench.do({ kind: 'emergencyRaised', callId: 'c1', trigger: 'key 1' });
    bench.pass(30_000);
    assert.is(bench.take(), 'ringOutside c1');
  });

  it('does not hammer a phone that is always busy', () => {
    const bench = new QueueBench();
    bench.seat('s1');
    bench.arrive('e1', { trigger: 'number' });
    for (let time = 0; time < 60; time += 1) {
      if (bench.rings.has('s1')) bench.refuse('s1');
      bench.pass(500);
    }
    const offers = bench.effects.filter(({ kind }) => kind === 'offer').length;
    assert.ok(offers >= 5 && offers <= 7, `${String(offers)} offers in 30 s`);
  });

  it('rings at a seat that takes none when there is no other', () => {
    const bench = new QueueBench();
    bench.seat('s1', { takesEmergencies: false });
    bench.arrive('e1', { trigger: 'number' });
    assert.is(bench.take(), 'offer e1 s1');
  });

  it('goes to the next seat at once when the first is busy', () => {
    const bench = new QueueBench();
    bench.seat('s1');
    bench.nowMs += 1;
    bench.seat('s2');
    bench.arrive('e1', { trigger: 'number' });
    bench.refuse('s1');
    assert.is(bench.take(), 'offer e1 s1, offer e1 s2');
  });

  it('rings at a seat of the partner without asking when none of ours is free, and says what became of it', () => {
    const bench = new QueueBench();
    bench.seat('s1', { dispatchNode: 'b' });
    bench.arrive('e1', { trigger: 'number' });
    assert.is(bench.take(), 'offer e1 s1');
    bench.refuse('s1');
    assert.is(bench.take(), 'rang s1 refused');
  });
});

spec('a caller of the partner', (it) => {
  it('is asked for when one of our seats is free and he is first of all', () => {
    const bench = new QueueBench();
    bench.partnerCaller('c1');
    bench.nowMs += 5;
    bench.arrive('c2');
    bench.seat('s1');
    assert.is(bench.take(), 'askPartner c1 s1');
    bench.seat('s2');
    assert.is(bench.take(), 'offer c2 s2');
  });

  it('whose place is given to another seat leaves ours to the next', () => {
    const bench = new QueueBench();
    bench.partnerCaller('c1');
    bench.nowMs += 5;
    bench.arrive('c2');
    bench.seat('s1');
    bench.do({ kind: 'partnerTurnedDown', callId: 'c1', seatId: 's1' });
    assert.is(bench.take(), 'askPartner c1 s1, offer c2 s1');
  });

  it('that nobody answers for is asked for again, and our seat is not lost', () => {
    const bench = new QueueBench();
    bench.partnerCaller('c1');
    bench.seat('s1');
    bench.pass(100);
    assert.is(bench.take(), 'askPartner c1 s1, askPartner c1 s1');
    bench.do({ kind: 'partnerLost' });
    bench.arrive('c2');
    assert.is(bench.take(), 'offer c2 s1');
  });

  it('is ours when his media has come here, and stays ours whatever the partner still says', () => {
    const bench = new QueueBench();
    bench.partnerCaller('c1');
    const entry = bench.state.entries['c1'];
    assert.ok(entry);
    bench.do({ kind: 'entryRestored', entry: { ...entry, mediaNode: 'a' } });
    bench.partnerCaller('c1');
    bench.do({ kind: 'partnerEntryGone', callId: 'c1' });
    bench.do({ kind: 'partnerLost' });
    bench.seat('s1');
    assert.is(bench.take(), 'offer c1 s1');
  });

  it('who is an emergency is left to his own node', () => {
    const bench = new QueueBench();
    bench.partnerCaller('e1', {
      emergency: { sinceWallMs: START_MS, trigger: 'number', isOutsideRung: false },
    });
    bench.seat('s1');
    bench.pass(20_000);
    assert.is(bench.take(), '');
  });

  it('for whose emergency one of our seats rings takes it from our ordinary call', () => {
    const bench = new QueueBench();
    bench.seat('s1');
    bench.arrive('c1');
    bench.take();
    const emergency = { sinceWallMs: START_MS, trigger: 'number', isOutsideRung: false };
    const offer = { offerId: 'e1:1', seatIds: ['s1'], sinceWallMs: START_MS, deadlineWallMs: undefined };
    bench.partnerCaller('e1', { emergency, offer });
    assert.is(bench.take(), 'withdraw c1 s1 escalated');
    bench.do({ kind: 'partnerRang', seatId: 's1', outcome: 'answered' });
    bench.do({ kind: 'partnerEntryGone', callId: 'e1' });
    assert.is(bench.state.seats['s1']?.state, 'talking');
    assert.is(bench.take(), '');
  });

  it('rings at our seat as long as the partner says, which counts what it did not answer', () => {
    const bench = new QueueBench();
    bench.seat('s1');
    const offer = {
      offerId: 'p1:1',
      seatIds: ['s1'],
      sinceWallMs: START_MS,
      deadlineWallMs: START_MS + 20_000,
    };
    for (let time = 0; time < 2; time += 1) {
      bench.partnerCaller('p1', { offer });
      bench.pass(30_000);
      bench.do({ kind: 'partnerRang', seatId: 's1', outcome: 'noAnswer' });
      bench.do({ kind: 'partnerEntryGone', callId: 'p1' });
    }
    assert.is(bench.take(), 'silent s1');
  });
});

spec('a seat of the partner', (it) => {
  it('is given to the caller that it is asked for, once', () => {
    const bench = new QueueBench();
    bench.partnerSeat('s1');
    bench.partnerSeat('s2');
    bench.arrive('c1');
    assert.is(bench.take(), '');
    bench.do({ kind: 'partnerAsks', callId: 'c1', seatId: 's1' });
    assert.is(bench.take(), 'offer c1 s1');
    bench.do({ kind: 'partnerAsks', callId: 'c1', seatId: 's1' });
    bench.do({ kind: 'partnerAsks', callId: 'c1', seatId: 's2' });
    bench.do({ kind: 'partnerAsks', callId: 'gone', seatId: 's2' });
    assert.is(bench.take(), 'turnDown c1 s2, turnDown gone s2');
    bench.accept('s1');
    assert.is(bench.take(), 'rang s1 answered, connect c1 s1');
  });

  it('rings with ours where all ring', () => {
    const bench = new QueueBench({ departments: { appointments: department({ strategy: 'ringAll' }) } });
    bench.partnerSeat('s2');
    bench.seat('s1');
    bench.arrive('c1');
    bench.do({ kind: 'partnerAsks', callId: 'c1', seatId: 's2' });
    assert.is(bench.take(), 'offer c1 s1, offer c1 s2');
    bench.accept('s2');
    assert.is(bench.take(), 'withdraw c1 s1 answeredElsewhere, rang s2 answered, connect c1 s2');
  });

  it('that is not ready any more gives our caller back', () => {
    const bench = new QueueBench();
    bench.partnerSeat('s1');
    bench.arrive('c1');
    bench.do({ kind: 'partnerAsks', callId: 'c1', seatId: 's1' });
    bench.partnerSeat('s1', { state: 'notReady' });
    assert.is(bench.take(), 'offer c1 s1, withdraw c1 s1 seatGone');
  });

  it('that rings for an emergency of ours is not given to an ordinary call as well', () => {
    const bench = new QueueBench();
    bench.partnerSeat('s1');
    bench.arrive('e1', { trigger: 'number' });
    bench.arrive('c1');
    bench.do({ kind: 'partnerAsks', callId: 'c1', seatId: 's1' });
    assert.is(bench.take(), 'offer e1 s1, turnDown c1 s1');
  });
});

spec('seats', (it) => {
  it('that vanish while they ring give the call back to its place', () => {
    const bench = new QueueBench();
    bench.seat('s1');
    bench.arrive('c1');
    bench.take();
    bench.seat('s1', { isReachable: false });
    assert.is(bench.take(), 'withdraw c1 s1 seatGone');
    bench.seat('s2');
    assert.is(bench.take(), 'offer c1 s2');
  });

  it('that are told to be ready while they ring go on ringing', () => {
    const bench = new QueueBench();
    bench.seat('s1');
    bench.arrive('c1');
    bench.seat('s1');
    bench.arrive('c2');
    assert.is(bench.take(), 'offer c1 s1');
    bench.accept('s1');
    assert.is(bench.take(), 'connect c1 s1');
  });

  it('whose call-taker goes on a break while they ring give the call back, but not an emergency', () => {
    const bench = new QueueBench();
    bench.seat('s1');
    bench.arrive('c1');
    bench.take();
    bench.seat('s1', { state: 'notReady' });
    assert.is(bench.take(), 'withdraw c1 s1 seatGone');
    bench.seat('s1');
    bench.do({ kind: 'emergencyRaised', callId: 'c1', trigger: 'key 1' });
    bench.take();
    bench.seat('s1', { state: 'notReady' });
    assert.is(bench.take(), '');
  });

  it('that rang on a node that died ring again on the other', () => {
    const [before, bench] = [new QueueBench(), new QueueBench()];
    before.seat('s1');
    before.arrive('c1');
    for (const seat of Object.values(before.state.seats)) bench.do({ kind: 'seatRestored', seat });
    for (const entry of Object.values(before.state.entries)) bench.do({ kind: 'entryRestored', entry });
    assert.is(bench.take(), 'offer c1 s1');
  });

  it('leave when they are removed, whatever they did', () => {
    const bench = new QueueBench();
    bench.seat('s1');
    bench.arrive('c1');
    bench.do({ kind: 'seatRemoved', seatId: 's1' });
    assert.match(bench.take(), /seatGone$/);
    assert.equal(bench.state.seats, {});
  });
});

spec('a link that was cut', (it) => {
  it('merges the two queues by arrival; the older clock of one caller counts', () => {
    const bench = new QueueBench();
    bench.arrive('c2', { arrivedWallMs: START_MS + 500 });
    bench.arrive('c1', { arrivedWallMs: START_MS + 900 });
    const other = new QueueBench();
    other.arrive('c1', { arrivedWallMs: START_MS });
    other.arrive('c3', { arrivedWallMs: START_MS + 700 });
    for (const entry of Object.values(other.state.entries)) bench.do({ kind: 'entryRestored', entry });
    for (const seat of ['s1', 's2', 's3']) bench.seat(seat);
    assert.is(bench.take(), 'offer c1 s1, offer c2 s2, offer c3 s3');
  });
});

/** Each state of an entry (the drawing in dispatch-state.ts), as the rest of a story. */
const STATES: Readonly<Record<string, () => QueueBench>> = {
  none: () => new QueueBench(),
  partners: () => {
    const bench = new QueueBench();
    bench.partnerCaller('c1');
    return bench;
  },
  waiting: () => {
    const bench = new QueueBench();
    bench.arrive('c1');
    return bench;
  },
  offered: () => {
    const bench = new QueueBench();
    bench.seat('s1');
    bench.arrive('c1');
    return bench;
  },
  everywhere: () => {
    const bench = new QueueBench();
    bench.seat('s1');
    bench.seat('s2', { state: 'notReady' });
    bench.arrive('c1', { trigger: 'number' });
    bench.pass(6000);
    return bench;
  },
};

const SEAT = new QueueBench();
SEAT.seat('s1', { state: 'talking' });

/** The node that is not the bench's. */
const PARTNER = new QueueBench({}, 'b');
PARTNER.seat('s1');
PARTNER.arrive('c1');

const EVENTS: Readonly<Record<DispatchEvent['kind'], (bench: QueueBench) => DispatchEvent>> = {
  entryArrived: () => ({
    kind: 'entryArrived',
    entry: {
      callId: 'c1',
      departmentId: 'fever',
      priority: 0,
      skills: [],
      arrivedWallMs: START_MS,
      mediaNode: 'a',
    },
  }),
  entryRestored: () => {
    const other = STATES['waiting']?.() ?? new QueueBench();
    const entry = other.state.entries['c1'];
    if (entry === undefined) throw new Error('it waits');
    return { kind: 'entryRestored', entry };
  },
  entryLeft: () => ({ kind: 'entryLeft', callId: 'c1', why: 'abandoned' }),
  entryMoved: () => ({
    kind: 'entryMoved',
    callId: 'c1',
    departmentId: 'nowhere',
    priority: 3,
    skills: ['x'],
  }),
  emergencyRaised: () => ({ kind: 'emergencyRaised', callId: 'c1', trigger: 'key 1' }),
  emergencyUndone: () => ({ kind: 'emergencyUndone', callId: 'c1' }),
  seatChanged: () => ({ kind: 'seatChanged', seat: SEAT.state.seats['s1'] as never }),
  seatRestored: () => ({ kind: 'seatRestored', seat: SEAT.state.seats['s1'] as never }),
  seatRemoved: () => ({ kind: 'seatRemoved', seatId: 's1' }),
  offerAccepted: ({ rings }) => ({ kind: 'offerAccepted', offerId: rings.get('s1') ?? 'none', seatId: 's1' }),
  offerRefused: ({ rings }) => ({ kind: 'offerRefused', offerId: rings.get('s1') ?? 'none', seatId: 's1' }),
  callHandled: () => ({ kind: 'callHandled', departmentId: 'fever', durationMs: 1000 }),
  partnerEntry: () => ({ kind: 'partnerEntry', entry: PARTNER.state.entries['c1'] as never }),
  partnerEntryGone: () => ({ kind: 'partnerEntryGone', callId: 'c1' }),
  partnerSeat: () => ({ kind: 'partnerSeat', seat: PARTNER.state.seats['s1'] as never }),
  partnerAsks: () => ({ kind: 'partnerAsks', callId: 'c1', seatId: 's2' }),
  partnerTurnedDown: () => ({ kind: 'partnerTurnedDown', callId: 'c1', seatId: 's1' }),
  partnerRang: () => ({ kind: 'partnerRang', seatId: 's1', outcome: 'noAnswer' }),
  partnerLost: () => ({ kind: 'partnerLost' }),
  settingsChanged: () => ({ kind: 'settingsChanged', settings: settings({ departments: {} }) }),
  tick: () => ({ kind: 'tick' }),
};

/** What the event does to the call, in words; everything that is not named leaves it as it is. */
const MATRIX: Readonly<Record<string, Partial<Record<DispatchEvent['kind'], string>>>> = {
  partners: {
    entryArrived: 'ignored',
    entryLeft: 'out',
    emergencyUndone: 'ignored',
    offerAccepted: 'ignored',
    offerRefused: 'ignored',
    partnerEntryGone: 'out',
    partnerLost: 'out',
  },
  none: {
    partnerEntry: 'in',
    entryArrived: 'in',
    entryRestored: 'in',
    entryLeft: 'ignored',
    entryMoved: 'ignored',
    emergencyRaised: 'ignored',
    emergencyUndone: 'ignored',
    offerAccepted: 'ignored',
    offerRefused: 'ignored',
  },
  waiting: {
    entryArrived: 'ignored',
    entryLeft: 'out',
    emergencyUndone: 'ignored',
    offerAccepted: 'ignored',
    offerRefused: 'ignored',
  },
  offered: { entryArrived: 'ignored', entryLeft: 'out', emergencyUndone: 'ignored', offerAccepted: 'out' },
  everywhere: { entryArrived: 'ignored', entryLeft: 'out', emergencyRaised: 'ignored', offerAccepted: 'out' },
};

spec('every event in every state of a call', (it) => {
  for (const [state, make] of Object.entries(STATES)) {
    for (const [kind, event] of Object.entries(EVENTS)) {
      const expected = MATRIX[state]?.[kind as DispatchEvent['kind']] ?? 'stays';
      it(`${state}, ${kind}: ${expected}`, () => {
        const bench = make();
        const before = bench.state.entries['c1'] !== undefined;
        const step = nextDispatchState(bench.state, event(bench), bench.nowMs);
        const after = step.state.entries['c1'] !== undefined;
        const isIgnored = step.effects.some((effect) => effect.kind === 'ignored');
        const moved = before === after ? 'stays' : after ? 'in' : 'out';
        assert.is(isIgnored ? 'ignored' : moved, expected);
        if (isIgnored) assert.is(after, before);
      });
    }
  }
});
