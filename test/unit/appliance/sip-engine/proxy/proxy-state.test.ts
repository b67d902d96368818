import { chooseBest } from '../../../../../appliance/sip-engine/proxy/best-response.js';
import {
  nextProxyState,
  startProxy,
  type BranchPhase,
  type ProxyEffect,
  type ProxyEvent,
  type ProxyPolicy,
  type ProxyState,
  type ProxyStep,
} from '../../../../../appliance/sip-engine/proxy/proxy-state.js';
import { assert, spec } from '../../../../support/spec.js';

type State = ProxyState<string>;
type Event = ProxyEvent<string>;

const POLICY: ProxyPolicy = {
  isInvite: true,
  isSimultaneous: false,
  followRedirects: true,
  provisionalTimeoutMs: 2000,
  finalTimeoutMs: 60_000,
};

function effectText(effect: ProxyEffect<string>): string {
  switch (effect.kind) {
    case 'begin':
      return `begin ${String(effect.branch)} ${effect.target.uri}`;
    case 'cancel':
      return `cancel ${String(effect.branch)}${effect.cause === 0 ? '' : ` for ${String(effect.cause)}`}`;
    case 'startTimer':
      return `${effect.timer} ${String(effect.branch)}=${String(effect.delayMs)}`;
    case 'stopTimer':
      return `-${effect.timer} ${String(effect.branch)}`;
    case 'forward':
    case 'report':
      return `${effect.kind} ${effect.response}`;
    case 'refuse':
      return `refuse ${[String(effect.status), effect.response, ...effect.challenges].filter((part) => part).join(' ')}`;
    case 'done':
      return 'done';
  }
}

/** `Name phases [waiting]: effects`; `.` when nothing changes and nothing is done. */
function stepText(before: State | undefined, { state, effects }: ProxyStep<string>): string {
  if (state === before && effects.length === 0) return '.';
  const waiting = state.waiting.length === 0 ? '' : ` [${state.waiting.map(({ uri }) => uri).join(' ')}]`;
  return `${state.name} ${state.branches.join(' ')}${waiting}: ${effects.map(effectText).join(', ')}`;
}

/** Branch 0 is the one that events are about; `sip:next` waits while targets are tried. */
function stateOf(name: State['name'], phases: readonly BranchPhase[], changes: Partial<State> = {}): State {
  return {
    ...{ name, policy: POLICY, branches: phases, refusals: [], isCancelled: false },
    known: ['sip:first', 'sip:next'],
    waiting: name === 'Searching' ? [{ uri: 'sip:next', isRedirect: false }] : [],
    ...changes,
  };
}

function response(status: number, contacts: readonly string[] = []): Event {
  return { kind: 'response', branch: 0, status, response: String(status), contacts };
}

const EVENTS: Readonly<Record<string, Event>> = {
  '100': response(100),
  '180': response(180),
  '200': response(200),
  '302': response(302, ['sip:first', 'sip:fresh']),
  '486': response(486),
  '487': response(487),
  '603': response(603),
  lost: { kind: 'lost', branch: 0, status: 408 },
  'provisional time-out': { kind: 'timer', branch: 0, timer: 'provisional' },
  'final time-out': { kind: 'timer', branch: 0, timer: 'final' },
  CANCEL: { kind: 'cancel' },
  'of no branch': { kind: 'lost', branch: 9, status: 408 },
};

const OTHER_POLICY = { ...POLICY, isInvite: false };
const NO_MORE = { waiting: [] };

const STATES: Readonly<Record<string, State>> = {
  'Searching, calling': stateOf('Searching', ['calling']),
  'Searching, ringing': stateOf('Searching', ['ringing']),
  'Searching, expired, next rings': stateOf('Searching', ['expired', 'ringing'], NO_MORE),
  'Searching, ended, next rings': stateOf('Searching', ['ended', 'ringing'], NO_MORE),
  'Searching, last one calling': stateOf('Searching', ['calling'], NO_MORE),
  'Searching, last one ringing': stateOf('Searching', ['ringing'], NO_MORE),
  'Searching, ringing, no INVITE': stateOf('Searching', ['ringing'], { policy: OTHER_POLICY }),
  'Stopping, cancelled': stateOf('Stopping', ['cancelled'], { isCancelled: true }),
  'Stopping, two cancelled': stateOf('Stopping', ['cancelled', 'cancelled'], { isCancelled: true }),
  'Answered, cancelled': stateOf('Answered', ['cancelled', 'ended']),
  'Answered, no INVITE': stateOf('Answered', ['calling', 'ended'], { policy: OTHER_POLICY }),
  Failed: stateOf('Failed', ['ended']),
};

const BEGIN = 'begin 1 sip:next, provisional 1=2000, final 1=60000';

/** What is not listed changes nothing and does nothing. */
const MATRIX: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'Searching, calling': {
    '100': 'Searching ringing [sip:next]: -provisional 0',
    '180': 'Searching ringing [sip:next]: -provisional 0, forward 180',
    '200': 'Answered ended: forward 200, report 200, -provisional 0, -final 0, done',
    '302': `Searching ended calling [sip:next]: report 302, -provisional 0, -final 0, ${BEGIN.replace('next', 'fresh')}`,
    '486': `Searching ended calling: report 486, -provisional 0, -final 0, ${BEGIN}`,
    '487': `Searching ended calling: report 487, -provisional 0, -final 0, ${BEGIN}`,
    '603': 'Failed ended: report 603, -provisional 0, -final 0, refuse 603 603, done',
    lost: `Searching ended calling: -provisional 0, -final 0, ${BEGIN}`,
    'provisional time-out': `Searching ended calling: cancel 0, -provisional 0, -final 0, ${BEGIN}`,
    'final time-out': `Searching ended calling: cancel 0, -provisional 0, -final 0, ${BEGIN}`,
    CANCEL: 'Stopping cancelled: cancel 0, -provisional 0, -final 0',
  },
  'Searching, ringing': {
    '180': 'Searching ringing [sip:next]: forward 180',
    '200': 'Answered ended: forward 200, report 200, -final 0, done',
    '302': `Searching ended calling [sip:next]: report 302, -final 0, ${BEGIN.replace('next', 'fresh')}`,
    '486': `Searching ended calling: report 486, -final 0, ${BEGIN}`,
    '487': `Searching ended calling: report 487, -final 0, ${BEGIN}`,
    '603': 'Failed ended: report 603, -final 0, refuse 603 603, done',
    lost: `Searching ended calling: -final 0, ${BEGIN}`,
    'final time-out': `Searching expired calling: cancel 0, ${BEGIN}`,
    CANCEL: 'Stopping cancelled: cancel 0, -final 0',
  },
  'Searching, expired, next rings': {
    '200': 'Answered ended cancelled: forward 200, report 200, cancel 1 for 200, -final 1, done',
    '302': `Searching ended ringing [sip:fresh]: report 302`,
    '486': 'Searching ended ringing: report 486',
    '487': 'Searching ended ringing: report 487',
    '603': 'Stopping ended cancelled: report 603, cancel 1 for 603, -final 1',
    lost: 'Searching ended ringing: ',
    CANCEL: 'Stopping expired cancelled: cancel 1, -final 1',
  },
  'Searching, ended, next rings': {
    '200': 'Answered ended cancelled: forward 200, report 200, cancel 1 for 200, -final 1, done',
    CANCEL: 'Stopping ended cancelled: cancel 1, -final 1',
  },
  'Searching, last one calling': {
    '100': 'Searching ringing: -provisional 0',
    '180': 'Searching ringing: -provisional 0, forward 180',
    '200': 'Answered ended: forward 200, report 200, -provisional 0, -final 0, done',
    '302': `Searching ended calling: report 302, -provisional 0, -final 0, ${BEGIN.replace('next', 'fresh')}`,
    '486': 'Failed ended: report 486, -provisional 0, -final 0, refuse 486 486, done',
    '487': 'Failed ended: report 487, -provisional 0, -final 0, refuse 487 487, done',
    '603': 'Failed ended: report 603, -provisional 0, -final 0, refuse 603 603, done',
    lost: 'Failed ended: -provisional 0, -final 0, refuse 408, done',
    'provisional time-out': 'Failed ended: cancel 0, -provisional 0, -final 0, refuse 408, done',
    'final time-out': 'Failed ended: cancel 0, -provisional 0, -final 0, refuse 408, done',
    CANCEL: 'Stopping cancelled: cancel 0, -provisional 0, -final 0',
  },
  'Searching, last one ringing': {
    '180': 'Searching ringing: forward 180',
    '200': 'Answered ended: forward 200, report 200, -final 0, done',
    '302': `Searching ended calling: report 302, -final 0, ${BEGIN.replace('next', 'fresh')}`,
    '486': 'Failed ended: report 486, -final 0, refuse 486 486, done',
    '487': 'Failed ended: report 487, -final 0, refuse 487 487, done',
    '603': 'Failed ended: report 603, -final 0, refuse 603 603, done',
    lost: 'Failed ended: -final 0, refuse 408, done',
    'final time-out': 'Searching expired: cancel 0',
    CANCEL: 'Stopping cancelled: cancel 0, -final 0',
  },
  'Searching, ringing, no INVITE': {
    '200': 'Answered ended: forward 200, report 200, -final 0, done',
    '302': `Searching ended calling [sip:next]: report 302, -final 0, ${BEGIN.replace('next', 'fresh')}`,
    '486': `Searching ended calling: report 486, -final 0, ${BEGIN}`,
    '487': `Searching ended calling: report 487, -final 0, ${BEGIN}`,
    '603': 'Failed ended: report 603, -final 0, refuse 603 603, done',
    lost: `Searching ended calling: -final 0, ${BEGIN}`,
    'final time-out': `Searching ended calling: -final 0, ${BEGIN}`,
  },
  'Stopping, cancelled': {
    '200': 'Answered ended: forward 200, report 200, done',
    '302': 'Failed ended: report 302, refuse 302 302, done',
    '486': 'Failed ended: report 486, refuse 486 486, done',
    '487': 'Failed ended: report 487, refuse 487 487, done',
    '603': 'Failed ended: report 603, refuse 603 603, done',
    lost: 'Failed ended: refuse 487, done',
    CANCEL: 'Stopping cancelled: ',
  },
  'Stopping, two cancelled': {
    '200': 'Answered ended cancelled: forward 200, report 200, done',
    '302': 'Stopping ended cancelled: report 302',
    '486': 'Stopping ended cancelled: report 486',
    '487': 'Stopping ended cancelled: report 487',
    '603': 'Stopping ended cancelled: report 603',
    lost: 'Stopping ended cancelled: ',
    CANCEL: 'Stopping cancelled cancelled: ',
  },
  'Answered, cancelled': { '200': 'Answered cancelled ended: forward 200' },
  'Answered, no INVITE': {},
  Failed: {},
};

function matrixOf(states: Readonly<Record<string, State>>): Record<string, Record<string, string>> {
  const rows = Object.entries(states).map(([stateName, state]) => {
    const cells = Object.entries(EVENTS).map(([name, event]) => [
      name,
      stepText(state, nextProxyState(state, event)),
    ]);
    return [stateName, Object.fromEntries(cells.filter(([, text]) => text !== '.'))] as const;
  });
  return Object.fromEntries(rows);
}

function start(destinations: readonly string[], changes: Partial<ProxyPolicy> = {}): ProxyStep<string> {
  return startProxy(destinations, { ...POLICY, ...changes });
}

/** The text of the step after the last event. */
function after(first: ProxyStep<string>, ...events: readonly Event[]): string {
  let step = first;
  for (const event of events) step = nextProxyState(step.state, event);
  return stepText(undefined, step);
}

function of(branch: number, status: number): Event {
  return { kind: 'response', branch, status, response: `${String(status)}@${String(branch)}`, contacts: [] };
}

spec('the state of a proxied request', (it) => {
  it('follows the matrix for every state and event', () => {
    assert.equal(matrixOf(STATES), MATRIX);
  });

  it('begins with the first target, or with all of them', () => {
    const times = { provisionalTimeoutMs: undefined, finalTimeoutMs: undefined };
    assert.is(after(start(['sip:a', 'sip:b', 'sip:a'], times)), 'Searching calling [sip:b]: begin 0 sip:a');
    const all = start(['sip:a', 'sip:b'], { ...times, isSimultaneous: true });
    assert.is(after(all), 'Searching calling calling: begin 0 sip:a, begin 1 sip:b');
  });

  it('counts a target that was cancelled for its time-out as silent', () => {
    const expired: Event = { kind: 'timer', branch: 0, timer: 'final' };
    assert.is(
      after(start(['sip:a']), of(0, 180), expired, of(0, 487)),
      'Failed ended: report 487@0, refuse 408, done',
    );
    assert.is(
      after(start(['sip:a']), of(0, 180), expired, of(0, 480)),
      'Failed ended: report 480@0, refuse 480 480@0, done',
    );
  });

  it('says nothing to a request other than INVITE that nobody has answered', () => {
    const lost: Event = { kind: 'lost', branch: 0, status: 408 };
    assert.is(
      after(start(['sip:a'], { isInvite: false }), lost),
      'Failed ended: -provisional 0, -final 0, done',
    );
  });

  it('follows redirections only if it shall, and never more than a hundred', () => {
    const stays = after(start(['sip:a'], { followRedirects: false }), response(302, ['sip:b']));
    assert.is(stays, 'Failed ended: report 302, -provisional 0, -final 0, refuse 302 302, done');
    let { state } = start(['sip:0']);
    let begun = 1;
    for (let branch = 0; state.name === 'Searching'; branch += 1) {
      const next = { ...response(302, [`sip:${String(branch + 1)}`]), branch } as Event;
      const step = nextProxyState(state, next);
      begun += step.effects.filter(({ kind }) => kind === 'begin').length;
      state = step.state;
    }
    assert.is(begun, 100);
  });
});

spec('the best refusal', (it) => {
  const best = (...statuses: readonly number[]): number =>
    chooseBest(statuses.map((status) => ({ status, response: String(status) }))).status;

  it('is a 6xx, else of the lowest class, and then what the caller can do something about', () => {
    assert.is(best(486, 603, 302), 603);
    assert.is(best(500, 486, 302), 302);
    assert.is(best(500, 486, 404), 486);
    assert.is(best(486, 407), 407);
    assert.is(best(503, 502), 502);
  });

  it('is never a 503, which would speak of us', () => {
    assert.equal(chooseBest([{ status: 503, response: 'x' }]), { status: 500, response: undefined });
  });

  it('is what somebody said rather than that somebody was silent, and 408 when there is nothing', () => {
    const silent = { status: 408, response: undefined };
    assert.is(chooseBest([silent, { status: 486, response: 'x' }]).status, 486);
    assert.equal(chooseBest([]), silent);
  });
});
