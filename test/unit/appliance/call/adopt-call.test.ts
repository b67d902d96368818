import { adoptCall } from '../../../../appliance/call/adopt-call.js';
import type {
  CallEffect,
  CallEvent,
  CallState,
  Place,
  Target,
} from '../../../../appliance/call/call-types.js';
import { nextCallState, openCall } from '../../../../appliance/call/next-call-state.js';
import { assert, spec } from '../../../support/spec.js';

const NOW_MS = 1_700_000_000_000;
const place = (trigger?: string): Place => ({
  ...{ departmentId: 'reception', priority: 0, skills: [], arrivedWallMs: NOW_MS - 5000, trigger },
});
const seat = (seatId: string): Target => ({ kind: 'seat', seatId });

/** A call to which this has happened, as live state has it. */
function past(...events: readonly CallEvent[]): CallState {
  const party = { kind: 'trunk', trunkId: 'main', number: '1' } as const;
  const facts = {
    callId: 'c',
    sipCallId: 'i',
    home: 'a',
    mediaCallId: 'm',
    sdp: 'offer',
    dialled: '1',
    party,
  };
  let state = openCall({ ...facts, direction: 'inbound' }, NOW_MS - 6000);
  for (const event of events) ({ state } = nextCallState(state, event, NOW_MS));
  return JSON.parse(JSON.stringify(state)) as CallState;
}

function say(effects: readonly CallEffect[]): string {
  return effects
    .flatMap((effect): string[] => {
      if (effect.kind === 'note') return effect.step.kind === 'adopted' ? ['adopted'] : [];
      const { legId = '', seatId = '' } = effect as { readonly legId?: string; readonly seatId?: string };
      return [[effect.kind, legId, seatId].filter((word) => word !== '').join(' ')];
    })
    .join(', ');
}

const adopt = (state: CallState, ...alive: readonly string[]): string =>
  say(adoptCall(state, new Set(alive), NOW_MS).effects);

const waiting = (): CallState => past({ kind: 'queued', place: place() }, { kind: 'callerAnswered' });
const ringing: readonly CallEvent[] = [
  { kind: 'queued', place: place() },
  { kind: 'callerAnswered' },
  { kind: 'seatOffered', offerId: 'o', seatId: 's1' },
];
const answered: readonly CallEvent[] = [...ringing, { kind: 'legAnswered', legId: 'c-1', sdp: 'answer' }];
const talking: readonly CallEvent[] = [
  ...answered,
  { kind: 'offerGranted', offerId: 'o', seatId: 's1' },
  { kind: 'joined', legId: 'c-1' },
];

spec('a call whose process is gone', (it) => {
  it('that waits goes back to its place and hears music', () => {
    assert.is(adopt(waiting(), 'c-0'), 'adopted, unblockMedia, enqueue, startMusic c-0');
    assert.is(adoptCall(waiting(), new Set(['c-0']), NOW_MS).state.place?.arrivedWallMs, NOW_MS - 5000);
  });

  it('for which a seat rang is offered again by the queue, not rung by itself', () => {
    const { state, effects } = adoptCall(past(...ringing), new Set(['c-0']), NOW_MS);
    assert.equal(state.ringing, {});
    assert.is(say(effects), 'adopted, unblockMedia, enqueue, startMusic c-0');
  });

  it('that was dialled rings again under a new leg', () => {
    const internal = past(...talking, {
      ...{ kind: 'transferAsked', legId: 'c-1', isReferred: true, to: seat('s2') },
    });
    assert.is(adopt(internal, 'c-0', 'c-1'), 'adopted, seatBusy s1, unblockMedia, startMusic c-0, ring c-3');
  });

  it('that talks goes on, and its seat is busy', () => {
    assert.is(adopt(past(...talking), 'c-0', 'c-1'), 'adopted, seatBusy s1, unblockMedia');
  });

  it('in which somebody holds plays music to the other', () => {
    const held = past(...talking, { kind: 'legRenegotiated', legId: 'c-1', sdp: 'hold', isHold: true });
    assert.is(adopt(held, 'c-0', 'c-1'), 'adopted, seatBusy s1, unblockMedia, startMusic c-0');
  });

  it('whose caller has hung up meanwhile ends, and the seat is told', () => {
    const { state, effects } = adoptCall(past(...talking), new Set(['c-1']), NOW_MS);
    assert.is(state.endReason, 'completed');
    assert.is(say(effects), 'adopted, seatBusy s1, endLeg c-1, seatFree s1, close');
  });

  it('in which a seat had just answered is joined', () => {
    assert.is(adopt(past(...answered), 'c-0', 'c-1'), 'adopted, seatBusy s1, unblockMedia, join c-1');
  });

  it('in which the seat that had just answered is gone goes back to its place', () => {
    const said = adopt(past(...answered), 'c-0');
    assert.is(
      said,
      'adopted, seatBusy s1, seatFree s1, enqueue, startMusic c-0, unblockMedia, enqueue, startMusic c-0',
    );
  });

  it('without an answer waits for its INVITE, and goes on when that is back', () => {
    const emergency = past(
      { kind: 'queued', place: place('number') },
      { kind: 'seatOffered', offerId: 'o', seatId: 's1' },
    );
    const { state, effects } = adoptCall(emergency, new Set(), NOW_MS);
    assert.is(say(effects), 'adopted');
    const back = nextCallState(state, { kind: 'callerBack' }, NOW_MS);
    assert.is(say(back.effects), 'unblockMedia, enqueue, ringBack');
    assert.equal(back.state.ringing, {});
  });

  it('that nobody was looked for any more ends', () => {
    const lost = { ...waiting(), place: undefined };
    assert.is(adoptCall(lost, new Set(['c-0']), NOW_MS).state.endReason, 'noAnswer');
  });
});
