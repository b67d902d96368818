/**
 * One control connection, from its first byte to its last, as a pure function.
 *
 *   Unauthenticated --right secret--> Serving
 *   Unauthenticated --wrong secret, another verb first, broken frame, 5 s over, one side closes--> Ending
 *   Serving --unknown verb, second authenticate, broken frame, one side closes--> Ending
 *   Ending --the socket is closed, or 1 s over--> Gone
 *   Unauthenticated, Serving, Ending --the socket is closed, or the peer does not read--> Gone
 *
 * - Unauthenticated: a stranger. May say `authenticate` and nothing else, for which drachtio-server does not ask
 *   (facts: its secret is not enforced).
 * - Serving: an application. Its commands are carried out or delivered.
 * - Ending: our last words are on their way; what arrives is thrown away unread. The application counts as gone.
 * - Gone: the socket is closed. Nothing leads out of it.
 */
import type { ControlCommand, EngineCommand, RemoveRouteCommand, RouteCommand } from './control-command.js';
import { CONTROL_TEXTS } from './control-texts.js';

export type SessionStateName = 'Unauthenticated' | 'Serving' | 'Ending' | 'Gone';

export type GoneReason =
  | 'closedByPeer'
  | 'closedByUs'
  | 'wrongSecret'
  | 'notAuthenticated'
  | 'authenticationTooSlow'
  | 'protocolViolated'
  /** It did not read what was sent, until its queue was full. */
  | 'tooSlow';

export interface SessionState {
  readonly name: SessionStateName;
  readonly tags: readonly string[];
  /** What the application wants new requests of, in the order it said so, each once. */
  readonly routes: readonly string[];
  /** In Ending and Gone. */
  readonly reason?: GoneReason;
}

export type SessionEvent =
  /** `isSecretRight` is looked at for authenticate only. */
  | { readonly type: 'command'; readonly command: ControlCommand; readonly isSecretRight: boolean }
  /** A frame that holds no command. */
  | { readonly type: 'refused'; readonly id: string; readonly outcome: 'NO' | 'NOK'; readonly text: string }
  | { readonly type: 'frameViolated' }
  /** The timer of the state. */
  | { readonly type: 'deadline' }
  | { readonly type: 'queueFull' }
  | { readonly type: 'closeAsked' }
  /** It will say no more, and need not read what we say: the socket would stay open until it does. */
  | { readonly type: 'peerEnded' }
  | { readonly type: 'socketClosed' };

export type SessionEffect =
  | { readonly type: 'greet'; readonly requestId: string }
  | {
      readonly type: 'answer';
      readonly requestId: string;
      readonly outcome: 'OK' | 'NO' | 'NOK';
      readonly text?: string;
    }
  | { readonly type: 'deliver'; readonly command: EngineCommand }
  /** It may be given work from now on, and was not before. */
  | { readonly type: 'announceAuthenticated' }
  | { readonly type: 'announceRoute'; readonly verb: string; readonly isFirst: boolean }
  /** Exactly once for every announceAuthenticated. */
  | { readonly type: 'announceGone'; readonly reason: GoneReason }
  /** Replaces a timer that runs. */
  | { readonly type: 'startTimer'; readonly delayMs: number }
  | { readonly type: 'stopTimer' }
  /** Nothing more is read; what was written goes out, then FIN. */
  | { readonly type: 'endSocket' }
  | { readonly type: 'destroySocket' };

export interface SessionStep {
  readonly state: SessionState;
  readonly effects: readonly SessionEffect[];
}

export const AUTHENTICATE_MS_MAX = 5000;
/** For the last answer to arrive and the peer to close. */
export const ENDING_MS_MAX = 1000;
/** drachtio-srf has a route per SIP method and three for call records. */
export const ROUTES_MAX = 64;

export function firstSessionStep(): SessionStep {
  return {
    state: { name: 'Unauthenticated', tags: [], routes: [] },
    effects: [{ type: 'startTimer', delayMs: AUTHENTICATE_MS_MAX }],
  };
}

function stay(state: SessionState, ...effects: SessionEffect[]): SessionStep {
  return { state, effects };
}

/** Only who has been announced is missed. */
function farewell(state: SessionState, reason: GoneReason): SessionEffect[] {
  return state.name === 'Serving' ? [{ type: 'announceGone', reason }] : [];
}

function end(state: SessionState, reason: GoneReason, ...lastWords: SessionEffect[]): SessionStep {
  return {
    state: { ...state, name: 'Ending', reason },
    effects: [
      ...lastWords,
      { type: 'endSocket' },
      { type: 'startTimer', delayMs: ENDING_MS_MAX },
      ...farewell(state, reason),
    ],
  };
}

function leave(state: SessionState, reason: GoneReason, ...effects: SessionEffect[]): SessionStep {
  const gone = { ...state, name: 'Gone', reason: state.reason ?? reason } as const;
  return { state: gone, effects: [{ type: 'stopTimer' }, ...effects, ...farewell(state, reason)] };
}

function answerNo(requestId: string, text: string): SessionEffect {
  return { type: 'answer', requestId, outcome: 'NO', text };
}

function whenStranger(state: SessionState, command: ControlCommand, isSecretRight: boolean): SessionStep {
  if (command.type !== 'authenticate') {
    return end(state, 'notAuthenticated', answerNo(command.id, CONTROL_TEXTS.authenticateFirst));
  }
  if (!isSecretRight) return end(state, 'wrongSecret', answerNo(command.id, CONTROL_TEXTS.wrongSecret));
  return {
    state: { ...state, name: 'Serving', tags: command.tags },
    effects: [
      { type: 'stopTimer' },
      { type: 'greet', requestId: command.id },
      { type: 'announceAuthenticated' },
    ],
  };
}

function whenRouted(state: SessionState, { id, verb }: RouteCommand): SessionStep {
  const ok: SessionEffect = { type: 'answer', requestId: id, outcome: 'OK' };
  if (state.routes.includes(verb)) return stay(state, ok);
  if (state.routes.length >= ROUTES_MAX) {
    return stay(state, { type: 'answer', requestId: id, outcome: 'NOK', text: 'too many routes' });
  }
  const announcement = { type: 'announceRoute', verb, isFirst: state.routes.length === 0 } as const;
  return stay({ ...state, routes: [...state.routes, verb] }, ok, announcement);
}

/** Only that verb goes; drachtio-server forgets all of them. */
function whenUnrouted(state: SessionState, { id, verb }: RemoveRouteCommand): SessionStep {
  const routes = state.routes.filter((one) => one !== verb);
  return stay({ ...state, routes }, { type: 'answer', requestId: id, outcome: 'OK' });
}

function whenApplication(state: SessionState, command: ControlCommand): SessionStep {
  if (command.type === 'authenticate') {
    // Other tags would move dialogs that have found their owner; nobody does it.
    return end(state, 'protocolViolated', answerNo(command.id, CONTROL_TEXTS.authenticatedAlready));
  }
  if (command.type === 'ping') {
    return stay(state, { type: 'answer', requestId: command.id, outcome: 'OK', text: 'pong' });
  }
  if (command.type === 'route') return whenRouted(state, command);
  if (command.type === 'removeRoute') return whenUnrouted(state, command);
  return stay(state, { type: 'deliver', command });
}

function whenRefused(state: SessionState, event: Extract<SessionEvent, { type: 'refused' }>): SessionStep {
  const isStranger = state.name === 'Unauthenticated';
  if (isStranger) {
    const text = event.outcome === 'NO' ? event.text : CONTROL_TEXTS.authenticateFirst;
    return end(state, 'notAuthenticated', answerNo(event.id, text));
  }
  if (event.outcome === 'NO') return end(state, 'protocolViolated', answerNo(event.id, event.text));
  return stay(state, { type: 'answer', requestId: event.id, outcome: 'NOK', text: event.text });
}

function whenOpen(state: SessionState, event: SessionEvent): SessionStep {
  const isStranger = state.name === 'Unauthenticated';
  switch (event.type) {
    case 'command':
      return isStranger
        ? whenStranger(state, event.command, event.isSecretRight)
        : whenApplication(state, event.command);
    case 'refused':
      return whenRefused(state, event);
    case 'frameViolated':
      // There is no message to answer; drachtio-server closes without a word, too.
      return end(state, 'protocolViolated');
    case 'deadline':
      // Serving has no timer; one that fired just before it was stopped is late.
      return isStranger ? end(state, 'authenticationTooSlow') : stay(state);
    case 'queueFull':
      return leave(state, 'tooSlow', { type: 'destroySocket' });
    case 'closeAsked':
      return end(state, 'closedByUs');
    case 'peerEnded':
      return end(state, 'closedByPeer');
    case 'socketClosed':
      return leave(state, 'closedByPeer');
  }
}

function whenEnding(state: SessionState, event: SessionEvent): SessionStep {
  switch (event.type) {
    case 'deadline':
    case 'queueFull':
      return leave(state, 'closedByUs', { type: 'destroySocket' });
    case 'socketClosed':
      return leave(state, 'closedByUs');
    case 'command':
    case 'refused':
    case 'frameViolated':
    case 'closeAsked':
    case 'peerEnded':
      return stay(state);
  }
}

export function nextSessionState(state: SessionState, event: SessionEvent): SessionStep {
  switch (state.name) {
    case 'Unauthenticated':
    case 'Serving':
      return whenOpen(state, event);
    case 'Ending':
      return whenEnding(state, event);
    case 'Gone':
      return stay(state);
  }
}
