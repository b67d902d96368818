import {
  nextCallTakerState,
  openSeat,
  type CallTakerEvent,
  type CallTakerState,
  type CallTakerStateName,
} from '../../../../appliance/call/call-taker-state.js';
import { assert, spec } from '../../../support/spec.js';

const START_MS = 1_700_000_000_000;
const WRAP_UP_MS = 30_000;

class Seat {
  state: CallTakerState = openSeat('s1', START_MS);
  nowMs = START_MS;
  said: string[] = [];

  do(event: CallTakerEvent): this {
    const step = nextCallTakerState(this.state, event, this.nowMs, { wrapUpMs: WRAP_UP_MS });
    // The partner has it as JSON.
    this.state = JSON.parse(JSON.stringify(step.state)) as CallTakerState;
    for (const effect of step.effects) {
      if (effect.kind === 'seatChanged')
        this.said.push([effect.state, effect.reason].filter(Boolean).join(' '));
      else if (effect.kind === 'ignored') this.said.push(`ignored ${effect.event}`);
      else this.said.push(`${effect.kind} ${effect.callId}`);
    }
    return this;
  }

  take(): string {
    const said = this.said.join(', ');
    this.said = [];
    return said;
  }
}

const login = { kind: 'login', callTakerId: '4711' } as const;
const began = { kind: 'callBegan', callId: 'c1' } as const;
const ended = { kind: 'callEnded', callId: 'c1', needsWrapUp: true } as const;

spec('a call-taker', (it) => {
  it('logs in, takes a call, writes it up and is ready again', () => {
    const seat = new Seat().do(login).do(began).do(ended);
    assert.is(seat.take(), 'ready, talking, wrapUp');
    assert.is(seat.state.wrapUpUntilWallMs, START_MS + WRAP_UP_MS);
    seat.do({ kind: 'disposition', callId: 'c1', code: '7' });
    assert.is(seat.take(), 'dispositionNoted c1, ready');
    assert.is(seat.state.callTakerId, '4711');
  });

  it('is ready again when the time for the wrap-up is over, and it is said that nothing was written', () => {
    const seat = new Seat().do(login).do(began).do(ended);
    seat.take();
    seat.nowMs += WRAP_UP_MS - 1;
    assert.is(seat.do({ kind: 'tick' }).take(), '');
    seat.nowMs += 1;
    assert.is(seat.do({ kind: 'tick' }).take(), 'dispositionMissing c1, ready');
  });

  it('who asks for a break in a call gets it after the wrap-up', () => {
    const seat = new Seat().do(login).do(began).do({ kind: 'notReady', reason: 'lunch' }).do(ended);
    seat.take();
    assert.is(
      seat.do({ kind: 'disposition', callId: 'c1', code: '1' }).take(),
      'dispositionNoted c1, notReady lunch',
    );
  });

  it('who logs out in a call is out after its end', () => {
    const seat = new Seat().do(login).do(began).do({ kind: 'logout' });
    seat.take();
    seat.do({ ...ended, needsWrapUp: false });
    assert.is(seat.take(), 'loggedOut');
    assert.is(seat.state.callTakerId, undefined);
  });

  it('who was not ready and took an emergency is not ready again after it', () => {
    const seat = new Seat().do(login).do({ kind: 'notReady', reason: 'lunch' }).do(began).do(ended);
    seat.take();
    assert.is(seat.do({ kind: 'ready' }).take(), 'dispositionMissing c1, ready');
    const other = new Seat().do(login).do({ kind: 'notReady', reason: 'lunch' }).do(began);
    other.take();
    assert.is(other.do({ ...ended, needsWrapUp: false }).take(), 'notReady lunch');
  });

  it('may say what a call was about before it has ended', () => {
    const seat = new Seat().do(login).do(began);
    seat.take();
    assert.is(seat.do({ kind: 'disposition', callId: 'c1', code: '3' }).take(), 'dispositionNoted c1');
    assert.is(seat.state.name, 'talking');
  });

  it('who comes to a seat takes it over from who sat there', () => {
    const seat = new Seat().do(login).do({ kind: 'login', callTakerId: '4712' });
    assert.is(seat.take(), 'ready, ready');
    assert.is(seat.state.callTakerId, '4712');
  });
});

const IN: Readonly<Record<CallTakerStateName, () => Seat>> = {
  loggedOut: () => new Seat(),
  ready: () => new Seat().do(login),
  notReady: () => new Seat().do(login).do({ kind: 'notReady', reason: 'lunch' }),
  talking: () => new Seat().do(login).do(began),
  wrapUp: () => new Seat().do(login).do(began).do(ended),
};

const EVENTS: readonly CallTakerEvent[] = [
  login,
  { kind: 'logout' },
  { kind: 'ready' },
  { kind: 'notReady', reason: 'lunch' },
  began,
  ended,
  { kind: 'disposition', callId: 'c1', code: '1' },
  { kind: 'disposition', callId: 'other', code: '1' },
  { kind: 'callEnded', callId: 'other', needsWrapUp: true },
  { kind: 'tick' },
];

/** The state after each event, in the order above; `-` where it is ignored. */
const MATRIX: Readonly<Record<CallTakerStateName, string>> = {
  loggedOut: 'ready - - - - - - - - loggedOut',
  ready: '- loggedOut - notReady talking - - - - ready',
  notReady: '- loggedOut ready notReady talking - - - - notReady',
  talking: '- talking talking talking - wrapUp talking - - talking',
  wrapUp: '- loggedOut ready notReady talking - ready - - wrapUp',
};

spec('every event in every state of a call-taker', (it) => {
  for (const [name, make] of Object.entries(IN)) {
    it(name, () => {
      const outcomes = EVENTS.map((event) => {
        const seat = make();
        seat.take();
        const before = seat.state;
        seat.do(event);
        if (!seat.take().startsWith('ignored')) return seat.state.name;
        assert.is(JSON.stringify(seat.state), JSON.stringify(before));
        return '-';
      });
      assert.is(outcomes.join(' '), MATRIX[name as CallTakerStateName]);
    });
  }
});
