/**
 * Any request but INVITE and ACK that we received (RFC 3261 section 17.2.2, as corrected by RFC 4320 and by RFC 6026
 * section 8.8).
 *
 *      request to user    Trying: 100 sent; over TCP also 100 from user
 *      ─────────► Trying ─────────────────────────────► Proceeding ◄──┐ request again: 100 sent
 *                  │ │ └──┐                               │   │  └────┘
 *                  │ │    │ 2xx-6xx from user: sent       │   │
 *                  │ │    └──────────► Completed ◄────────┘   │
 *                  │ └──┐ request        │  │  ▲              │
 *                  │ ▲  │ again:       J │  └──┘ request      │ GiveUp (timeout)
 *                  │ └──┘ dropped        ▼       again:       │
 *                  └─────────────► Terminated    answer sent  │
 *                    GiveUp (timeout) ▲                       │
 *                                     └───────────────────────┘
 *
 * - Trying: the user works on it and nothing was answered. Silence is right: whoever asked resends over UDP, and an
 *   early 100 would only slow that down. At 3.5 s, when the client resends every T2 anyway, a 100 goes out by itself
 *   (RFC 4320 section 4.1).
 * - Proceeding: the 100 is out.
 * - Completed: answered; over UDP the answer is sent again for each request that comes again, until J ends it after
 *   32 s. Over TCP this state is passed over.
 * - Terminated: gone. Over TCP the error of the answer itself arrives here, and the user is told.
 *
 * GiveUp ends what the user never answers: 32 s after the request its client has given up, so every answer is late
 * and a 408 can do nothing but harm (RFC 4320 section 4.2). Without it a forgetful user would fill the memory.
 */
import {
  DELIVER_REQUEST,
  DELIVER_TIMEOUT,
  DELIVER_TRANSPORT_ERROR,
  SEND_RESPONSE,
  SEND_TRYING,
  start,
  statusClass,
  stay,
  stop,
  TERMINATE,
  timerEReachesT2Ms,
  transactionEndMs,
  type RefusedWhy,
  type ServerEvent,
  type Step,
  type TransactionSettings,
} from './transaction-step.js';

export type NonInviteServerStateName = 'Trying' | 'Proceeding' | 'Completed' | 'Terminated';

export interface NonInviteServerState {
  readonly machine: 'nonInviteServer';
  readonly name: NonInviteServerStateName;
  readonly isReliable: boolean;
}

export type NonInviteServerStep = Step<NonInviteServerState>;

export function startNonInviteServer(
  options: { readonly isReliable: boolean },
  settings: TransactionSettings,
): NonInviteServerStep {
  const state: NonInviteServerState = {
    machine: 'nonInviteServer',
    name: 'Trying',
    isReliable: options.isReliable,
  };
  const trying = start('Trying', timerEReachesT2Ms(settings));
  return stay(state, trying, start('GiveUp', transactionEndMs(settings)), DELIVER_REQUEST);
}

function decideRefusal(state: NonInviteServerState, status: number): RefusedWhy | undefined {
  if (state.name === 'Completed' || state.name === 'Terminated') return 'finished';
  if (status === 408) return 'timeoutToNonInvite';
  if (status > 100 && status < 200) return 'provisionalToNonInvite';
  return status === 100 && state.name === 'Trying' && !state.isReliable ? 'tryingTooEarly' : undefined;
}

function onAnswer(
  state: NonInviteServerState,
  status: number,
  settings: TransactionSettings,
): NonInviteServerStep {
  const why = decideRefusal(state, status);
  if (why !== undefined) return stay(state, { kind: 'refuse', why });
  const stopped = state.name === 'Trying' ? stop('Trying') : [];
  if (statusClass(status) === 'provisional') {
    return stay({ ...state, name: 'Proceeding' }, ...stopped, SEND_RESPONSE);
  }
  if (state.isReliable) return stay({ ...state, name: 'Terminated' }, SEND_RESPONSE, TERMINATE);
  const end = start('J', transactionEndMs(settings));
  return stay({ ...state, name: 'Completed' }, ...stopped, ...stop('GiveUp'), SEND_RESPONSE, end);
}

function whenOpen(
  state: NonInviteServerState,
  event: ServerEvent,
  settings: TransactionSettings,
): NonInviteServerStep {
  switch (event.kind) {
    case 'request':
      return state.name === 'Proceeding' ? stay(state, SEND_RESPONSE) : stay(state);
    case 'ack':
      return stay(state);
    case 'respond':
      return onAnswer(state, event.status, settings);
    case 'timer':
      if (event.timer === 'GiveUp') {
        return stay({ ...state, name: 'Terminated' }, TERMINATE, DELIVER_TIMEOUT);
      }
      if (event.timer !== 'Trying' || state.name !== 'Trying') return stay(state);
      return stay({ ...state, name: 'Proceeding' }, SEND_TRYING);
    case 'transportError':
      return stay(state, DELIVER_TRANSPORT_ERROR);
  }
}

function whenCompleted(
  state: NonInviteServerState,
  event: ServerEvent,
  settings: TransactionSettings,
): NonInviteServerStep {
  switch (event.kind) {
    case 'request':
      return stay(state, SEND_RESPONSE);
    case 'ack':
      return stay(state);
    case 'respond':
      return onAnswer(state, event.status, settings);
    case 'timer':
      return event.timer === 'J' ? stay({ ...state, name: 'Terminated' }, TERMINATE) : stay(state);
    case 'transportError':
      return stay(state, DELIVER_TRANSPORT_ERROR);
  }
}

export function nextNonInviteServerState(
  state: NonInviteServerState,
  event: ServerEvent,
  settings: TransactionSettings,
): NonInviteServerStep {
  switch (state.name) {
    case 'Trying':
    case 'Proceeding':
      return whenOpen(state, event, settings);
    case 'Completed':
      return whenCompleted(state, event, settings);
    case 'Terminated':
      if (event.kind === 'respond') return onAnswer(state, event.status, settings);
      return event.kind === 'transportError' ? stay(state, DELIVER_TRANSPORT_ERROR) : stay(state);
  }
}
