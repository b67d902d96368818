import type {
  CallEffect,
  CallEvent,
  CallState,
  CallStateName,
  Leg,
  Place,
  Target,
} from '../../../../appliance/call/call-types.js';
import { nextCallState, openCall } from '../../../../appliance/call/next-call-state.js';
import { assert, spec } from '../../../support/spec.js';

const START_MS = 1_700_000_000_000;
const place = (more: Partial<Place> = {}): Place => ({
  ...{ departmentId: 'reception', priority: 0, skills: [], arrivedWallMs: START_MS, trigger: undefined },
  ...more,
});
const outside: Target = { kind: 'trunk', trunkIds: ['main', 'backup'], number: '120' };
const seat = (seatId: string): Target => ({ kind: 'seat', seatId });

/** A call on paper: what happened, and in words what it wanted done. */
class Paper {
  state: CallState;
  nowMs = START_MS;
  #said: CallEffect[] = [];

  constructor(party: Leg['party'] = { kind: 'trunk', trunkId: 'main', number: '+8613800138000' }) {
    const direction = party.kind === 'seat' ? 'internal' : 'inbound';
    const facts = { callId: 'c', sipCallId: 'i', home: 'a', mediaCallId: 'm', sdp: 'offer', dialled: '1' };
    this.state = openCall({ ...facts, direction, party }, START_MS);
  }

  do(...events: CallEvent[]): this {
    for (const event of events) {
      const { state, effects } = nextCallState(this.state, event, this.nowMs);
      // It lives in live state as JSON.
      this.state = JSON.parse(JSON.stringify(state)) as CallState;
      this.#said.push(...effects);
    }
    return this;
  }

  /** @returns what was wanted since the last time, without the notes of the record */
  take(): string {
    const said = this.#said.filter(({ kind }) => kind !== 'note').map(describe);
    this.#said = [];
    return said.join(', ');
  }

  notes(): string {
    return this.#said.flatMap((effect) => (effect.kind === 'note' ? effect.step.kind : [])).join(', ');
  }
}

function describe(effect: CallEffect): string {
  const values = Object.entries(effect).flatMap(([key, value]): string[] => {
    if (['kind', 'sdp', 'place', 'why', 'offerId'].includes(key)) return [];
    if (key === 'target') {
      const target = value as unknown as Target;
      return [target.kind === 'seat' ? target.seatId : `${target.trunkIds[0] ?? ''}:${target.number}`];
    }
    return [String(value)];
  });
  return [effect.kind, ...values].join(' ');
}

const queued: CallEvent = { kind: 'queued', place: place() };
const answered: CallEvent = { kind: 'callerAnswered' };
const offered = (seatId: string): CallEvent => ({ kind: 'seatOffered', offerId: 'o', seatId });
const takes = (legId: string): CallEvent => ({ kind: 'legAnswered', legId, sdp: 'answer' });
const granted = (seatId: string): CallEvent => ({ kind: 'offerGranted', offerId: 'o', seatId });
const joined = (legId: string): CallEvent => ({ kind: 'joined', legId });
const gone = (legId: string): CallEvent => ({ kind: 'legEnded', legId });

function waiting(): Paper {
  const paper = new Paper().do(queued, answered);
  paper.take();
  return paper;
}

function talking(): Paper {
  const paper = waiting().do(offered('s1'), takes('c-1'), granted('s1'), joined('c-1'));
  paper.take();
  return paper;
}

spec('a telephone call', (it) => {
  it('is answered into the queue, hears music, and is joined with the seat that answers', () => {
    const paper = new Paper().do(queued);
    assert.is(paper.take(), 'enqueue, answerCaller');
    assert.is(paper.do(answered).take(), 'startMusic c-0');
    assert.is(paper.do(offered('s1')).take(), 'ring c-1 s1');
    assert.is(paper.do(takes('c-1')).take(), 'claimOffer s1, seatBusy s1');
    assert.is(paper.do(granted('s1')).take(), 'stopMusic c-0, join c-1');
    paper.do(joined('c-1'));
    assert.equal([paper.state.name, paper.state.place], ['talking', undefined]);
    assert.is(paper.do(gone('c-1')).take(), 'endLeg c-0, seatFree s1 true, close completed');
  });

  it('leaves the queue when the caller gives up, and whoever rings stops', () => {
    const paper = waiting().do(offered('s1'), offered('s2'), gone('c-0'));
    assert.is(
      paper.take(),
      'ring c-1 s1, ring c-2 s2, endLeg c-1, endLeg c-2, leaveQueue abandoned, close abandoned'.replace(
        'leaveQueue abandoned',
        'leaveQueue',
      ),
    );
    assert.is(paper.state.endReason, 'abandoned');
  });

  it('keeps its place when a seat does not take it', () => {
    const paper = waiting().do(offered('s1'), { kind: 'legFailed', legId: 'c-1', status: 486 });
    assert.is(paper.take(), 'ring c-1 s1, refuseOffer s1');
    assert.is(paper.state.place?.arrivedWallMs, START_MS);
    assert.is(paper.do(offered('s2')).take(), 'ring c-2 s2');
  });

  it('of two seats that answer at once the second is told that it is taken', () => {
    const paper = waiting().do(offered('s1'), offered('s2'), takes('c-1'));
    paper.take();
    assert.is(paper.do(takes('c-2')).take(), 'endLeg c-2');
    assert.is(paper.do(granted('s1')).take(), 'stopMusic c-0, join c-1');
  });

  it('goes on waiting when the queue gave it to nobody', () => {
    const paper = waiting().do(offered('s1'), takes('c-1'), {
      kind: 'offerOver',
      offerId: 'o',
      seatId: 's1',
    });
    assert.is(
      paper.take(),
      'ring c-1 s1, claimOffer s1, seatBusy s1, endLeg c-1, seatFree s1 false, enqueue, startMusic c-0',
    );
    assert.is(paper.state.name, 'seeking');
  });

  it('of an emergency rings back until a person answers, also outside', () => {
    const paper = new Paper().do({ kind: 'queued', place: place({ trigger: 'number 120' }) });
    assert.is(paper.take(), 'enqueue, ringBack');
    paper.do(offered('s1'), { kind: 'outsideAsked', target: outside });
    assert.is(paper.take(), 'ring c-1 s1, ring c-2 main:120');
    paper.do(takes('c-2'));
    assert.is(paper.take(), 'endLeg c-1, leaveQueue, join c-2');
    paper.do(joined('c-2'));
    assert.is(paper.state.caller.isAnswered, true);
  });

  it('goes out over the backup trunk when the first one fails, and not when the called one is busy', () => {
    const paper = new Paper({ kind: 'seat', seatId: 's1' }).do({ kind: 'dialled', target: outside });
    assert.is(paper.take(), 'seatBusy s1, ring c-1 main:120');
    assert.is(paper.do({ kind: 'legFailed', legId: 'c-1', status: 503 }).take(), 'ring c-2 backup:120');
    paper.do({ kind: 'legFailed', legId: 'c-2', status: 486 });
    assert.is(paper.take(), 'refuseCaller 486, seatFree s1 false, close busy');
  });

  it('plays music to whoever is held', () => {
    const paper = talking();
    const hold = { kind: 'legRenegotiated', legId: 'c-1', sdp: 'new', isHold: true } as const;
    assert.is(paper.do(hold).take(), 'startMusic c-0');
    assert.is(paper.do({ ...hold, isHold: false }).take(), 'stopMusic c-0');
    const other = { ...hold, legId: 'c-0' };
    assert.is(paper.do(other).take(), 'startMusic c-1');
  });

  const refer = (to: Target): CallEvent => ({ kind: 'transferAsked', legId: 'c-1', isReferred: true, to });

  it('is transferred: who asked leaves when the target has answered', () => {
    const paper = talking().do(refer(seat('s2')));
    assert.is(paper.take(), 'startMusic c-0, notifyTransfer c-1 100, ring c-2 s2');
    paper.do(takes('c-2'), joined('c-2'));
    assert.is(
      paper.take(),
      'seatBusy s2, stopMusic c-0, join c-2, notifyTransfer c-1 200, endLeg c-1, seatFree s1 true',
    );
    assert.equal(paper.state.other?.party, { kind: 'seat', seatId: 's2' });
  });

  it('goes back to who wanted to transfer it when the target is busy', () => {
    const paper = talking().do(refer(seat('s2')));
    paper.take();
    paper.do({ kind: 'legFailed', legId: 'c-2', status: 486 });
    assert.is(paper.take(), 'notifyTransfer c-1 486, stopMusic c-0, restoreTalk');
    assert.is(paper.state.name, 'talking');
  });

  it('rings the transferring seat again when that has hung up and the target does not answer', () => {
    const paper = talking().do(refer(seat('s2')), gone('c-1'));
    assert.is(paper.state.name, 'seeking');
    paper.take();
    assert.is(paper.do({ kind: 'legFailed', legId: 'c-2', status: 408 }).take(), 'ring c-3 s1');
    paper.do({ kind: 'legFailed', legId: 'c-3', status: 408 });
    assert.is(paper.take(), 'endLeg c-0, close noAnswer');
  });

  it('is sent to another queue, and who sent it is free at once', () => {
    const paper = talking().do({
      ...{ kind: 'transferAsked', legId: 'c-1', isReferred: true },
      to: { kind: 'queue', place: place({ departmentId: 'fever-clinic' }) },
    });
    assert.is(paper.take(), 'startMusic c-0, enqueue, notifyTransfer c-1 200, endLeg c-1, seatFree s1 true');
  });

  it('of which a call-taker makes an emergency keeps him until an emergency seat has it', () => {
    const paper = talking().do({
      ...{ kind: 'transferAsked', legId: 'c-1', isReferred: false },
      to: { kind: 'queue', place: place({ trigger: 'hot key' }) },
    });
    assert.is(paper.take(), 'startMusic c-0, enqueue');
    assert.is(paper.state.other?.legId, 'c-1');
  });

  it('takes the consulted party over from the other call, which ends without it', () => {
    const consultation = new Paper({ kind: 'seat', seatId: 's1' });
    consultation.do({ kind: 'dialled', target: seat('s3') }, takes('c-1'), joined('c-1'));
    const third = consultation.state.other as Leg;
    consultation.take();
    assert.is(
      consultation.do({ kind: 'legGiven', legId: third.legId }).take(),
      'seatFree s3 false, endLeg c-0, seatFree s1 false, close transferred',
    );
    const paper = talking();
    paper.do({ kind: 'legTaken', byLegId: 'c-1', isReferred: true, leg: { ...third, legId: 'd-1' } });
    assert.is(paper.take(), 'stopMusic c-0, seatBusy s3, rejoin d-1');
    assert.is(paper.do(joined('d-1')).take(), 'notifyTransfer c-1 200, endLeg c-1, seatFree s1 true');
  });

  it('is given up when the relay fails three times in a row', () => {
    const paper = waiting();
    const failure = (legId: string): CallEvent => ({ kind: 'joinFailed', legId, status: 503 });
    for (const [index, seatId] of ['s1', 's2', 's3'].entries()) {
      const legId = `c-${String(index + 1)}`;
      paper.do(offered(seatId), takes(legId), granted(seatId), failure(legId));
    }
    assert.equal([paper.state.name, paper.state.endReason], ['ended', 'mediaFailed']);
    assert.match(paper.take(), /close mediaFailed$/);
  });

  it('hears why it is turned away', () => {
    assert.is(
      new Paper().do({ kind: 'departmentClosed' }).take(),
      'answerCaller, farewell c-0 closed, close closed',
    );
    assert.is(
      waiting().do({ kind: 'waitedTooLong' }).take(),
      'farewell c-0 maxWait, leaveQueue, close maxWait',
    );
  });

  it('becomes an emergency, moves to another department, and is an ordinary one again', () => {
    const paper = waiting().do({ kind: 'emergencyRaised', trigger: 'key 1' });
    assert.is(paper.take(), 'raiseEmergency key 1');
    assert.is(paper.do({ kind: 'emergencyUndone' }).take(), 'undoEmergency');
    const moved = place({ departmentId: 'fever-clinic', arrivedWallMs: START_MS + 5 });
    assert.is(paper.do({ kind: 'movedByTrigger', place: moved }).take(), 'moveInQueue');
    assert.equal(
      [paper.state.place?.departmentId, paper.state.place?.arrivedWallMs],
      ['fever-clinic', START_MS],
    );
  });

  it('keeps the place of who would rather be called back, unless it is an emergency', () => {
    const paper = waiting().do({ kind: 'callerAnswered' });
    paper.take();
    paper.do({ kind: 'callbackAsked' });
    assert.is(paper.state.endReason, 'callback');
    const said = paper.take();
    assert.ok(said.indexOf('keepPlace') < said.indexOf('farewell'), said);
    const urgent = waiting().do({ kind: 'callerAnswered' }, { kind: 'emergencyRaised', trigger: 'key 1' });
    urgent.take();
    assert.is(urgent.do({ kind: 'callbackAsked' }).take(), 'ignored callbackAsked');
  });

  it('asks the relay to begin again when it has forgotten the call', () => {
    const paper = talking().do({ kind: 'mediaLost' });
    assert.is(paper.notes(), 'mediaLost');
    assert.is(paper.take(), 'rebuildMedia');
  });
});

const leg: Leg = {
  ...{ legId: 'x-1', party: { kind: 'seat', seatId: 's9' }, sdp: '' },
  ...{ isAnswered: true, isHolding: false },
};

/** One event of each kind, as it may come at any time. */
const EVENTS: { readonly [K in CallEvent['kind']]: Extract<CallEvent, { kind: K }> } = {
  queued: { kind: 'queued', place: place() },
  dialled: { kind: 'dialled', target: outside },
  outsideAsked: { kind: 'outsideAsked', target: outside },
  callerBack: { kind: 'callerBack' },
  callerAnswered: { kind: 'callerAnswered' },
  callerAnswerFailed: { kind: 'callerAnswerFailed', status: 488 },
  seatOffered: { kind: 'seatOffered', offerId: 'p', seatId: 's1' },
  offerWithdrawn: { kind: 'offerWithdrawn', offerId: 'o', seatId: 's1' },
  offerGranted: { kind: 'offerGranted', offerId: 'o', seatId: 's1' },
  offerOver: { kind: 'offerOver', offerId: 'o', seatId: 's1' },
  legRinging: { kind: 'legRinging', legId: 'c-1' },
  legAnswered: { kind: 'legAnswered', legId: 'c-1', sdp: 'answer' },
  legFailed: { kind: 'legFailed', legId: 'c-1', status: 480 },
  joined: { kind: 'joined', legId: 'c-1' },
  joinFailed: { kind: 'joinFailed', legId: 'c-1', status: 503 },
  legEnded: { kind: 'legEnded', legId: 'c-1' },
  legRenegotiated: { kind: 'legRenegotiated', legId: 'c-1', sdp: 'new', isHold: true },
  transferAsked: { kind: 'transferAsked', legId: 'c-1', isReferred: true, to: seat('s2') },
  legTaken: { kind: 'legTaken', byLegId: 'c-1', isReferred: true, leg },
  legGiven: { kind: 'legGiven', legId: 'c-1' },
  overflowed: { kind: 'overflowed', departmentId: 'reception' },
  movedByTrigger: { kind: 'movedByTrigger', place: place() },
  emergencyRaised: { kind: 'emergencyRaised', trigger: 'key 1' },
  emergencyUndone: { kind: 'emergencyUndone' },
  waitedTooLong: { kind: 'waitedTooLong' },
  departmentClosed: { kind: 'departmentClosed' },
  callbackAsked: { kind: 'callbackAsked' },
  mediaRenewed: { kind: 'mediaRenewed', mediaCallId: 'n', legId: 'c-1', sdp: 'new' },
  mediaLost: { kind: 'mediaLost' },
  closeAsked: { kind: 'closeAsked', reason: 'closedByOperator' },
};

/** A call in each state, with one leg c-1 of seat s1. */
const IN_STATE: Readonly<Record<CallStateName, () => Paper>> = {
  seeking: () => waiting().do(offered('s1')),
  connecting: () => waiting().do(offered('s1'), takes('c-1')),
  talking,
  ended: () => talking().do(gone('c-1')),
};

type Outcome = CallStateName | 'ignored';
type Row = Readonly<Partial<Record<CallEvent['kind'], Outcome>>>;

/** What each event makes of each state; `*` is the rest. */
const MATRIX: Readonly<Record<CallStateName, Row & { readonly '*': Outcome }>> = {
  seeking: {
    '*': 'seeking',
    ...{ offerGranted: 'ignored', joined: 'ignored', joinFailed: 'ignored', legRenegotiated: 'ignored' },
    ...{ callerBack: 'ignored', transferAsked: 'ignored', legTaken: 'ignored', legGiven: 'ignored' },
    ...{ legAnswered: 'connecting', callerAnswerFailed: 'ended', waitedTooLong: 'ended' },
    ...{ departmentClosed: 'ended', callbackAsked: 'ended', closeAsked: 'ended' },
  },
  connecting: {
    '*': 'connecting',
    ...{ queued: 'ignored', dialled: 'ignored', outsideAsked: 'ignored', legRinging: 'ignored' },
    ...{ callerBack: 'ignored', legAnswered: 'ignored', waitedTooLong: 'ignored' },
    callbackAsked: 'ignored',
    ...{ legFailed: 'ignored', legRenegotiated: 'ignored', transferAsked: 'ignored' },
    ...{ legTaken: 'ignored', legGiven: 'ignored', joined: 'talking', joinFailed: 'seeking' },
    ...{ offerWithdrawn: 'seeking', offerOver: 'seeking', legEnded: 'seeking' },
    ...{
      callerAnswerFailed: 'ended',

      departmentClosed: 'ended',
      closeAsked: 'ended',
    },
  },
  talking: {
    '*': 'ignored',
    ...{ callerAnswered: 'talking', legRenegotiated: 'talking', mediaLost: 'talking' },
    mediaRenewed: 'talking',
    ...{ seatOffered: 'talking', transferAsked: 'seeking', legTaken: 'connecting', legGiven: 'ended' },
    ...{ legEnded: 'ended', callerAnswerFailed: 'ended' },
    ...{ departmentClosed: 'ended', closeAsked: 'ended' },
  },
  ended: { '*': 'ignored', legAnswered: 'ended', callerAnswered: 'ended' },
};

spec('the full matrix of a call', (it) => {
  for (const [name, make] of Object.entries(IN_STATE) as [CallStateName, () => Paper][]) {
    it(`is as it is written for ${name}`, () => {
      for (const event of Object.values(EVENTS)) {
        const paper = make();
        assert.is(paper.state.name, name);
        paper.take();
        const said = paper.do(event).take();
        const outcome = said.includes('ignored') ? 'ignored' : paper.state.name;
        assert.is(
          outcome,
          MATRIX[name][event.kind] ?? MATRIX[name]['*'],
          `${name} and ${event.kind}: ${said}`,
        );
      }
    });
  }
});
