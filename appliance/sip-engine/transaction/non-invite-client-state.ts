/**
 * Any request of ours but INVITE and ACK (RFC 3261 section 17.1.2).
 *
 *        sent                    1xx to user                    ┌── 1xx to user
 *      ┌──────────── Trying ────────────────────► Proceeding ◄──┘
 *      │ E: resent    │ │ │                         │ │  ▲  │
 *      └──────────────┘ │ │  2xx-6xx to user        │ │  └──┘ E: resent every T2
 *                       │ └───────────► Completed ◄─┘ │
 *                       │                   │         │
 *                       │ F (timeout), or   │ K       │ F (timeout), or
 *                       │ transport error   ▼         │ transport error
 *                       └────────────► Terminated ◄───┘
 *
 * - Trying: nothing has come back. E resends over UDP at 0.5, 1.5, 3.5 s and from then on every 4 s (T2).
 * - Proceeding: the other side has it and works on it; over UDP it is still resent every T2, because the final answer
 *   is only repeated for a request that is.
 * - Completed: answered. Over UDP the answer may come again for T4 (K) and is dropped; over TCP it cannot, and this
 *   state is passed over.
 * - Terminated: gone. A later answer is of no use to anybody (RFC 4320 section 4.2).
 *
 * F ends it 32 s after the request, whatever has come back short of a final answer. There is nothing to cancel: such
 * a request is answered at once or never.
 */
import {
  DELIVER_RESPONSE,
  DELIVER_TIMEOUT,
  DELIVER_TRANSPORT_ERROR,
  SEND_REQUEST,
  start,
  statusClass,
  stay,
  stop,
  TERMINATE,
  transactionEndMs,
  type ClientEvent,
  type Step,
  type TimerName,
  type TransactionEffect,
  type TransactionSettings,
} from './transaction-step.js';

export type NonInviteClientStateName = 'Trying' | 'Proceeding' | 'Completed' | 'Terminated';

export interface NonInviteClientState {
  readonly machine: 'nonInviteClient';
  readonly name: NonInviteClientStateName;
  readonly isReliable: boolean;
  /** Interval of timer E. */
  readonly resendMs: number;
}

export type NonInviteClientStep = Step<NonInviteClientState>;

export function startNonInviteClient(
  options: { readonly isReliable: boolean },
  settings: TransactionSettings,
): NonInviteClientStep {
  const { isReliable } = options;
  const resendMs = Math.min(settings.t1Ms, settings.t2Ms);
  const state: NonInviteClientState = { machine: 'nonInviteClient', name: 'Trying', isReliable, resendMs };
  const resend = isReliable ? [] : [start('E', resendMs)];
  return stay(state, SEND_REQUEST, ...resend, start('F', transactionEndMs(settings)));
}

function fail(state: NonInviteClientState, deliver: TransactionEffect): NonInviteClientStep {
  return stay({ ...state, name: 'Terminated' }, TERMINATE, deliver);
}

function onResponse(
  state: NonInviteClientState,
  status: number,
  settings: TransactionSettings,
): NonInviteClientStep {
  if (statusClass(status) === 'provisional') return stay({ ...state, name: 'Proceeding' }, DELIVER_RESPONSE);
  if (state.isReliable) return stay({ ...state, name: 'Terminated' }, TERMINATE, DELIVER_RESPONSE);
  const end = start('K', settings.t4Ms);
  return stay({ ...state, name: 'Completed' }, ...stop('E', 'F'), end, DELIVER_RESPONSE);
}

function onTimer(
  state: NonInviteClientState,
  timer: TimerName,
  settings: TransactionSettings,
): NonInviteClientStep {
  if (timer === 'F') return fail(state, DELIVER_TIMEOUT);
  if (timer !== 'E') return stay(state);
  const resendMs = state.name === 'Proceeding' ? settings.t2Ms : Math.min(state.resendMs * 2, settings.t2Ms);
  return stay({ ...state, resendMs }, SEND_REQUEST, start('E', resendMs));
}

function whenWaiting(
  state: NonInviteClientState,
  event: ClientEvent,
  settings: TransactionSettings,
): NonInviteClientStep {
  switch (event.kind) {
    case 'response':
      return onResponse(state, event.status, settings);
    case 'cancel':
      return stay(state);
    case 'timer':
      return onTimer(state, event.timer, settings);
    case 'transportError':
      return fail(state, DELIVER_TRANSPORT_ERROR);
  }
}

export function nextNonInviteClientState(
  state: NonInviteClientState,
  event: ClientEvent,
  settings: TransactionSettings,
): NonInviteClientStep {
  switch (state.name) {
    case 'Trying':
    case 'Proceeding':
      return whenWaiting(state, event, settings);
    case 'Completed': {
      const isEnd = event.kind === 'timer' && event.timer === 'K';
      return isEnd ? stay({ ...state, name: 'Terminated' }, TERMINATE) : stay(state);
    }
    case 'Terminated':
      return stay(state);
  }
}
