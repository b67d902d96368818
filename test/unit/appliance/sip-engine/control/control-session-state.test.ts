import type {
  ControlCommand,
  EngineCommand,
} from '../../../../../appliance/sip-engine/control/control-command.js';
import {
  AUTHENTICATE_MS_MAX,
  ENDING_MS_MAX,
  firstSessionStep,
  nextSessionState,
  ROUTES_MAX,
  type SessionEffect,
  type SessionEvent,
  type SessionState,
  type SessionStateName,
} from '../../../../../appliance/sip-engine/control/control-session-state.js';
import { assert, spec } from '../../../../support/spec.js';

const STATES: Readonly<Record<SessionStateName, SessionState>> = {
  Unauthenticated: { name: 'Unauthenticated', tags: [], routes: [] },
  Serving: { name: 'Serving', tags: ['n1'], routes: ['invite'] },
  Ending: { name: 'Ending', tags: ['n1'], routes: ['invite'], reason: 'protocolViolated' },
  Gone: { name: 'Gone', tags: ['n1'], routes: ['invite'], reason: 'protocolViolated' },
};

function says(command: ControlCommand, isSecretRight = false): SessionEvent {
  return { type: 'command', command, isSecretRight };
}

const LOGIN = { type: 'authenticate', id: 'i', secret: 's', tags: ['n1'] } as const;
const WORK: EngineCommand = { type: 'sipNewRequest', id: 'i', text: 'OPTIONS' };

const EVENTS: Readonly<Record<string, SessionEvent>> = {
  rightSecret: says(LOGIN, true),
  wrongSecret: says(LOGIN),
  ping: says({ type: 'ping', id: 'i' }),
  route: says({ type: 'route', id: 'i', verb: 'bye' }),
  removeRoute: says({ type: 'removeRoute', id: 'i', verb: 'invite' }),
  work: says(WORK),
  refusedNo: { type: 'refused', id: 'i', outcome: 'NO', text: 'why' },
  refusedNok: { type: 'refused', id: 'i', outcome: 'NOK', text: 'why' },
  frameViolated: { type: 'frameViolated' },
  deadline: { type: 'deadline' },
  queueFull: { type: 'queueFull' },
  closeAsked: { type: 'closeAsked' },
  peerEnded: { type: 'peerEnded' },
  socketClosed: { type: 'socketClosed' },
};

function shown(effect: SessionEffect): string {
  if (effect.type === 'answer') return [effect.outcome, effect.text ?? ''].join(' ').trim();
  if (effect.type === 'announceGone') return `gone:${effect.reason}`;
  if (effect.type === 'announceRoute') return `route:${effect.verb}${effect.isFirst ? ':first' : ''}`;
  return effect.type === 'startTimer' ? `timer:${String(effect.delayMs)}` : effect.type;
}

function outcome(state: SessionState, event: SessionEvent): string {
  const step = nextSessionState(state, event);
  const reason = step.state.reason === undefined ? '' : `(${step.state.reason})`;
  return [`${step.state.name}${reason}`, ...step.effects.map(shown)].join(', ');
}

const STAYS = { Ending: 'Ending(protocolViolated)', Gone: 'Gone(protocolViolated)' };
const END = 'endSocket, timer:1000';

const MATRIX: Readonly<Record<string, Readonly<Record<SessionStateName, string>>>> = {
  rightSecret: {
    Unauthenticated: 'Serving, stopTimer, greet, announceAuthenticated',
    Serving: `Ending(protocolViolated), NO authenticated already, ${END}, gone:protocolViolated`,
    ...STAYS,
  },
  wrongSecret: {
    Unauthenticated: `Ending(wrongSecret), NO incorrect secret, ${END}`,
    Serving: `Ending(protocolViolated), NO authenticated already, ${END}, gone:protocolViolated`,
    ...STAYS,
  },
  ping: {
    Unauthenticated: `Ending(notAuthenticated), NO authenticate first, ${END}`,
    Serving: 'Serving, OK pong',
    ...STAYS,
  },
  route: {
    Unauthenticated: `Ending(notAuthenticated), NO authenticate first, ${END}`,
    Serving: 'Serving, OK, route:bye',
    ...STAYS,
  },
  removeRoute: {
    Unauthenticated: `Ending(notAuthenticated), NO authenticate first, ${END}`,
    Serving: 'Serving, OK',
    ...STAYS,
  },
  work: {
    Unauthenticated: `Ending(notAuthenticated), NO authenticate first, ${END}`,
    Serving: 'Serving, deliver',
    ...STAYS,
  },
  refusedNo: {
    Unauthenticated: `Ending(notAuthenticated), NO why, ${END}`,
    Serving: `Ending(protocolViolated), NO why, ${END}, gone:protocolViolated`,
    ...STAYS,
  },
  refusedNok: {
    Unauthenticated: `Ending(notAuthenticated), NO authenticate first, ${END}`,
    Serving: 'Serving, NOK why',
    ...STAYS,
  },
  frameViolated: {
    Unauthenticated: `Ending(protocolViolated), ${END}`,
    Serving: `Ending(protocolViolated), ${END}, gone:protocolViolated`,
    ...STAYS,
  },
  deadline: {
    Unauthenticated: `Ending(authenticationTooSlow), ${END}`,
    Serving: 'Serving',
    Ending: 'Gone(protocolViolated), stopTimer, destroySocket',
    Gone: STAYS.Gone,
  },
  queueFull: {
    Unauthenticated: 'Gone(tooSlow), stopTimer, destroySocket',
    Serving: 'Gone(tooSlow), stopTimer, destroySocket, gone:tooSlow',
    Ending: 'Gone(protocolViolated), stopTimer, destroySocket',
    Gone: STAYS.Gone,
  },
  closeAsked: {
    Unauthenticated: `Ending(closedByUs), ${END}`,
    Serving: `Ending(closedByUs), ${END}, gone:closedByUs`,
    ...STAYS,
  },
  peerEnded: {
    Unauthenticated: `Ending(closedByPeer), ${END}`,
    Serving: `Ending(closedByPeer), ${END}, gone:closedByPeer`,
    ...STAYS,
  },
  socketClosed: {
    Unauthenticated: 'Gone(closedByPeer), stopTimer',
    Serving: 'Gone(closedByPeer), stopTimer, gone:closedByPeer',
    Ending: 'Gone(protocolViolated), stopTimer',
    Gone: STAYS.Gone,
  },
};

spec('the session of a control connection', (it) => {
  it('the matrix covers every event', () => {
    assert.equal(Object.keys(MATRIX).sort(), Object.keys(EVENTS).sort());
  });

  for (const [name, event] of Object.entries(EVENTS)) {
    it(`the whole matrix is decided: ${name}`, () => {
      for (const state of Object.values(STATES)) {
        assert.is(outcome(state, event), MATRIX[name]?.[state.name], `${state.name} x ${name}`);
      }
    });
  }

  it('a session begins with a deadline', () => {
    const { state, effects } = firstSessionStep();
    assert.equal(state, STATES.Unauthenticated);
    assert.equal(effects, [{ type: 'startTimer', delayMs: AUTHENTICATE_MS_MAX }]);
    assert.is(AUTHENTICATE_MS_MAX, 5000);
    assert.is(ENDING_MS_MAX, 1000);
  });

  it('the tags of the application are kept from its authentication on', () => {
    assert.equal(nextSessionState(STATES.Unauthenticated, says(LOGIN, true)).state.tags, ['n1']);
  });

  it('a route that is asked for twice counts once', () => {
    const again = says({ type: 'route', id: 'i', verb: 'invite' });
    assert.is(outcome(STATES.Serving, again), 'Serving, OK');
    assert.equal(nextSessionState(STATES.Serving, again).state.routes, ['invite']);
  });

  it('the first route is told as such, also after all were removed', () => {
    const route = says({ type: 'route', id: 'i', verb: 'bye' });
    assert.is(outcome({ ...STATES.Serving, routes: [] }, route), 'Serving, OK, route:bye:first');
  });

  it('removing one route leaves the others', () => {
    const state = { ...STATES.Serving, routes: ['invite', 'bye', 'info'] };
    const step = nextSessionState(state, says({ type: 'removeRoute', id: 'i', verb: 'bye' }));
    assert.equal(step.state.routes, ['invite', 'info']);
  });

  it('routes are limited', () => {
    const routes = Array.from({ length: ROUTES_MAX }, (_, index) => `verb${String(index)}`);
    const one = says({ type: 'route', id: 'i', verb: 'one-more' });
    assert.is(outcome({ ...STATES.Serving, routes }, one), 'Serving, NOK too many routes');
  });

  it('who has been announced is missed exactly once, whatever happens', (t) => {
    const events = Object.values(EVENTS);
    for (let turn = 0; turn < 500; turn += 1) {
      let { state } = firstSessionStep();
      let balance = 0;
      for (let index = 0; index < 12; index += 1) {
        const step = nextSessionState(state, t.rng.pick(events));
        state = step.state;
        for (const { type } of step.effects) {
          if (type === 'announceAuthenticated') balance += 1;
          if (type === 'announceGone') balance -= 1;
        }
        assert.is(balance, state.name === 'Serving' ? 1 : 0);
      }
    }
  });
});
