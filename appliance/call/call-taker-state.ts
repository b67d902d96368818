/**
 * What a call-taker does at a seat. Pure. The queue is told the state of the seat (queue/seat.ts); who may log in is
 * decided before (pin-attempts.ts).
 *
 *     loggedOut ──login──► ready ◄──────────── ready ─────────────┐
 *         ▲                 │  │                                   │
 *         │                 │  └──notReady──► notReady ──login──► (elsewhere: the old seat is logged out)
 *      logout               │ callBegan          │ callBegan
 *  (from any, after         ▼                    ▼
 *   the call at once)    talking ──callEnded──► wrapUp ──disposition, time over──► ready or notReady
 *
 * - loggedOut: the phone is a phone; nobody answers the queue there.
 * - ready: calls are offered.
 * - notReady: none are, for the reason that was said; an emergency rings all the same.
 * - talking: in a call, whoever began it. What is asked for meanwhile is kept for its end.
 * - wrapUp: writes up the call, for `wrapUpMs` at most.
 *
 * It survives the node: deadlines are wall-clock times, and what comes after a call is part of the state.
 */

export type CallTakerStateName = 'loggedOut' | 'ready' | 'notReady' | 'talking' | 'wrapUp';

/** Where a call-taker goes when a call and its wrap-up are over. */
export type AfterCall = 'ready' | 'notReady' | 'loggedOut';

export interface CallTakerState {
  readonly name: CallTakerStateName;
  /** Undefined only when logged out. */
  readonly callTakerId: string | undefined;
  readonly seatId: string;
  readonly sinceWallMs: number;
  /** Of `notReady`, and of what comes after a call. */
  readonly reason: string | undefined;
  readonly after: AfterCall;
  /** Of the call that is being written up, and until when. */
  readonly callId: string | undefined;
  readonly wrapUpUntilWallMs: number | undefined;
}

export type CallTakerEvent =
  | { readonly kind: 'login'; readonly callTakerId: string }
  | { readonly kind: 'logout' }
  | { readonly kind: 'ready' }
  | { readonly kind: 'notReady'; readonly reason: string }
  | { readonly kind: 'callBegan'; readonly callId: string }
  /** @property needsWrapUp a call of the queue; one that the call-taker made privately needs none */
  | { readonly kind: 'callEnded'; readonly callId: string; readonly needsWrapUp: boolean }
  | { readonly kind: 'disposition'; readonly callId: string; readonly code: string }
  /** Time has passed; see `wrapUpUntilWallMs`. */
  | { readonly kind: 'tick' };

export type CallTakerEffect =
  /** The seat as the queue has to see it. */
  | { readonly kind: 'seatChanged'; readonly state: CallTakerStateName; readonly reason: string | undefined }
  | { readonly kind: 'dispositionNoted'; readonly callId: string; readonly code: string }
  /** The wrap-up ended without one. */
  | { readonly kind: 'dispositionMissing'; readonly callId: string }
  | { readonly kind: 'ignored'; readonly event: CallTakerEvent['kind']; readonly why: string };

export interface CallTakerStep {
  readonly state: CallTakerState;
  readonly effects: readonly CallTakerEffect[];
}

export interface CallTakerSettings {
  readonly wrapUpMs: number;
}

export function openSeat(seatId: string, nowWallMs: number): CallTakerState {
  return {
    name: 'loggedOut',
    callTakerId: undefined,
    seatId,
    sinceWallMs: nowWallMs,
    reason: undefined,
    after: 'ready',
    callId: undefined,
    wrapUpUntilWallMs: undefined,
  };
}

function ignore(state: CallTakerState, event: CallTakerEvent, why: string): CallTakerStep {
  return { state, effects: [{ kind: 'ignored', event: event.kind, why }] };
}

function stay(state: CallTakerState, changes: Partial<CallTakerState>): CallTakerStep {
  return { state: { ...state, ...changes }, effects: [] };
}

/** A state of the seat that the queue hears of. */
function enter(
  state: CallTakerState,
  name: CallTakerStateName,
  nowWallMs: number,
  changes: Partial<CallTakerState> = {},
): CallTakerStep {
  const idle = { callId: undefined, wrapUpUntilWallMs: undefined, after: 'ready' } as const;
  const next = { ...state, ...idle, reason: undefined, name, sinceWallMs: nowWallMs, ...changes };
  return { state: next, effects: [{ kind: 'seatChanged', state: name, reason: next.reason }] };
}

function leave(state: CallTakerState, nowWallMs: number): CallTakerStep {
  return enter(state, 'loggedOut', nowWallMs, { callTakerId: undefined });
}

/** To what was asked for while the call went on. */
function goOn(state: CallTakerState, nowWallMs: number): CallTakerStep {
  if (state.after === 'loggedOut') return leave(state, nowWallMs);
  if (state.after === 'notReady') return enter(state, 'notReady', nowWallMs, { reason: state.reason });
  return enter(state, 'ready', nowWallMs);
}

function wish(event: CallTakerEvent): Partial<CallTakerState> | undefined {
  if (event.kind === 'ready') return { after: 'ready', reason: undefined };
  if (event.kind === 'notReady') return { after: 'notReady', reason: event.reason };
  return event.kind === 'logout' ? { after: 'loggedOut' } : undefined;
}

function onIdle(state: CallTakerState, event: CallTakerEvent, nowWallMs: number): CallTakerStep {
  switch (event.kind) {
    case 'login':
      return state.callTakerId === event.callTakerId
        ? ignore(state, event, 'logged in already')
        : enter(state, 'ready', nowWallMs, { callTakerId: event.callTakerId });
    case 'logout':
      return leave(state, nowWallMs);
    case 'ready':
      return state.name === 'ready'
        ? ignore(state, event, 'ready already')
        : enter(state, 'ready', nowWallMs);
    case 'notReady':
      return enter(state, 'notReady', nowWallMs, { reason: event.reason });
    case 'callBegan': {
      const { callId } = event;
      const after = state.name === 'notReady' ? 'notReady' : 'ready';
      return enter(state, 'talking', nowWallMs, { callId, after, reason: state.reason });
    }
    case 'callEnded':
    case 'disposition':
      return ignore(state, event, 'there is no call');
    case 'tick':
      return stay(state, {});
  }
}

function onLoggedOut(state: CallTakerState, event: CallTakerEvent, nowWallMs: number): CallTakerStep {
  if (event.kind === 'login') return enter(state, 'ready', nowWallMs, { callTakerId: event.callTakerId });
  return event.kind === 'tick' ? stay(state, {}) : ignore(state, event, 'nobody is logged in');
}

function onTalking(
  state: CallTakerState,
  event: CallTakerEvent,
  nowWallMs: number,
  { wrapUpMs }: CallTakerSettings,
): CallTakerStep {
  const wanted = wish(event);
  if (wanted !== undefined) return stay(state, wanted);
  if (event.kind === 'tick') return stay(state, {});
  if (event.kind === 'disposition' && event.callId === state.callId) return noteDisposition(state, event);
  if (event.kind !== 'callEnded') return ignore(state, event, 'in a call');
  if (event.callId !== state.callId) return ignore(state, event, 'it is another call');
  if (!event.needsWrapUp || wrapUpMs === 0) return goOn(state, nowWallMs);
  const { after, reason, callId } = state;
  const wrapUpUntilWallMs = nowWallMs + wrapUpMs;
  return enter(state, 'wrapUp', nowWallMs, { after, reason, callId, wrapUpUntilWallMs });
}

function noteDisposition(
  state: CallTakerState,
  { callId, code }: Extract<CallTakerEvent, { kind: 'disposition' }>,
): CallTakerStep {
  return { state, effects: [{ kind: 'dispositionNoted', callId, code }] };
}

function onWrittenUp(
  state: CallTakerState,
  event: Extract<CallTakerEvent, { kind: 'disposition' }>,
  nowWallMs: number,
): CallTakerStep {
  if (event.callId !== state.callId) return ignore(state, event, 'it is another call');
  const next = goOn(state, nowWallMs);
  return { state: next.state, effects: [...noteDisposition(state, event).effects, ...next.effects] };
}

function onWrapUp(state: CallTakerState, event: CallTakerEvent, nowWallMs: number): CallTakerStep {
  const { wrapUpUntilWallMs = 0 } = state;
  switch (event.kind) {
    case 'disposition':
      return onWrittenUp(state, event, nowWallMs);
    case 'tick':
      return nowWallMs < wrapUpUntilWallMs
        ? stay(state, {})
        : withoutDisposition(state, goOn(state, nowWallMs));
    case 'ready':
    case 'notReady':
    case 'logout':
      // Who says so has written up enough.
      return withoutDisposition(state, goOn({ ...state, ...wish(event) }, nowWallMs));
    case 'callBegan':
      // An emergency, or a call that the call-taker makes: the wrap-up is given up.
      return withoutDisposition(state, onIdle({ ...state, name: 'ready' }, event, nowWallMs));
    case 'login':
    case 'callEnded':
      return ignore(state, event, 'writing up a call');
  }
}

function withoutDisposition({ callId = '' }: CallTakerState, next: CallTakerStep): CallTakerStep {
  return { state: next.state, effects: [{ kind: 'dispositionMissing', callId }, ...next.effects] };
}

export function nextCallTakerState(
  state: CallTakerState,
  event: CallTakerEvent,
  nowWallMs: number,
  settings: CallTakerSettings,
): CallTakerStep {
  switch (state.name) {
    case 'loggedOut':
      return onLoggedOut(state, event, nowWallMs);
    case 'ready':
    case 'notReady':
      return onIdle(state, event, nowWallMs);
    case 'talking':
      return onTalking(state, event, nowWallMs, settings);
    case 'wrapUp':
      return onWrapUp(state, event, nowWallMs);
  }
}
