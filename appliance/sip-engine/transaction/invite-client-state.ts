/**
 * An INVITE that we sent (RFC 3261 section 17.1.1, as corrected by RFC 6026 section 7.2), with its CANCEL (section
 * 9.1) and, for a proxy, timer C (section 16.8).
 *
 *        INVITE sent                   1xx                       ┌── 1xx to the user (101-199: timer C anew)
 *      ┌───────────── Calling ──────────────────► Proceeding ◄───┘   C: CANCEL sent, Cancelled set
 *      │ A: resent      │ │ │                      │ │ │
 *      └────────────────┘ │ └──── 2xx to user ─────┼─┼─┴────────► Accepted ◄──┐ 2xx to the user, every one
 *                         │                        │ │              │   └─────┘
 *                         │  3xx-6xx to user, ACK  │ │              │ M
 *                         ├────────────────────────┘ │              │
 *                         ▼                          │              │
 *      ┌──────────── Completed                       │              │
 *      │ 3xx-6xx: ACK   │ │                          │ Cancelled    │
 *      └────────────────┘ │ D, or the ACK cannot     │ timeout      │
 *                         │ be sent                  ▼              ▼
 *                         └─────────────────────► Terminated ◄──────┘
 *                                                    ▲
 *      Calling: B or C (timeout), transport error ───┘
 *
 * - Calling: nothing has come back. A resends over UDP at 0.5, 1.5, 3.5, 7.5, 15.5, 31.5 s, B ends it after 32 s. A
 *   CANCEL must not be sent yet: it could overtake the INVITE. It is remembered.
 * - Proceeding: the other side knows of it; it may ring for ever, except for a proxy (C). Once a CANCEL is out, 32 s
 *   remain.
 * - Completed: refused. Over UDP the refusal may come again for 32 s (D) and is acknowledged each time; over TCP it
 *   cannot, and this state is passed over. A late 2xx (a proxy has to pass it on, section 16.7) goes to the user as a
 *   stray: somebody has picked up, and only the user can end that.
 * - Accepted: somebody answered. Each 2xx goes to the user, who owns the ACK; other branches of a fork may still
 *   answer. M ends it after 32 s, over every transport.
 * - Terminated: gone.
 */
import {
  DELIVER_RESPONSE,
  DELIVER_STRAY,
  DELIVER_TIMEOUT,
  DELIVER_TRANSPORT_ERROR,
  SEND_ACK,
  SEND_CANCEL,
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

export type InviteClientStateName = 'Calling' | 'Proceeding' | 'Completed' | 'Accepted' | 'Terminated';

/** Whether the user wants it cancelled: `wanted` waits for a provisional response. */
export type CancelProgress = 'none' | 'wanted' | 'sent';

export interface InviteClientState {
  readonly machine: 'inviteClient';
  readonly name: InviteClientStateName;
  readonly isReliable: boolean;
  /** A proxy's: it has a timer C. */
  readonly isProxied: boolean;
  /** Interval of timer A. */
  readonly resendMs: number;
  readonly cancel: CancelProgress;
}

export type InviteClientStep = Step<InviteClientState>;

interface InviteClientOptions {
  readonly isReliable: boolean;
  readonly isProxied: boolean;
}

export function startInviteClient(
  options: InviteClientOptions,
  settings: TransactionSettings,
): InviteClientStep {
  const { isReliable, isProxied } = options;
  const state: InviteClientState = {
    machine: 'inviteClient',
    name: 'Calling',
    isReliable,
    isProxied,
    resendMs: settings.t1Ms,
    cancel: 'none',
  };
  return stay(state, SEND_REQUEST, ...callingTimers(state, settings));
}

/**
 * Goes on where the node that sent the INVITE stopped. Nothing is sent at once over UDP, because all transactions of
 * that node are resumed in one moment; the connection of a reliable transport died with it, and the request perhaps.
 * @param lastStatus of the last response that was seen, 0 when there was none
 */
export function resumeInviteClient(
  options: InviteClientOptions & { readonly lastStatus: number; readonly cancel: CancelProgress },
  settings: TransactionSettings,
): InviteClientStep {
  const { isReliable, isProxied, lastStatus, cancel } = options;
  const fresh = startInviteClient({ isReliable, isProxied }, settings).state;
  if (lastStatus === 0) {
    const resent = isReliable ? [SEND_REQUEST] : [];
    return stay(
      { ...fresh, cancel: cancel === 'none' ? 'none' : 'wanted' },
      ...resent,
      ...callingTimers(fresh, settings),
    );
  }
  const proceeding: InviteClientState = { ...fresh, name: 'Proceeding' };
  // The CANCEL may have died with that node; a second one does no harm.
  if (cancel !== 'none') return sendCancel(proceeding, settings);
  return stay(proceeding, ...(isProxied ? [start('C', settings.timerCMs)] : []));
}

function callingTimers(state: InviteClientState, settings: TransactionSettings): TransactionEffect[] {
  return [
    ...(state.isReliable ? [] : [start('A', settings.t1Ms)]),
    start('B', transactionEndMs(settings)),
    ...(state.isProxied ? [start('C', settings.timerCMs)] : []),
  ];
}

/** The timers that may run in a state, but for those of states that end with them. */
function runningTimers(state: InviteClientState): TimerName[] {
  const isRinging = state.name === 'Calling' || state.cancel !== 'sent';
  return [
    ...(state.name === 'Calling' ? (['A', 'B'] as const) : []),
    ...(state.isProxied && isRinging ? (['C'] as const) : []),
    ...(isRinging ? [] : (['Cancelled'] as const)),
  ];
}

/** @param after what else is to be done, when the CANCEL is out */
function sendCancel(
  state: InviteClientState,
  settings: TransactionSettings,
  ...after: TransactionEffect[]
): InviteClientStep {
  const cancelled: InviteClientState = { ...state, name: 'Proceeding', cancel: 'sent' };
  const stopped = stop(...runningTimers(state));
  return stay(cancelled, ...stopped, SEND_CANCEL, start('Cancelled', transactionEndMs(settings)), ...after);
}

function fail(state: InviteClientState, deliver: TransactionEffect): InviteClientStep {
  return stay({ ...state, name: 'Terminated' }, TERMINATE, deliver);
}

function onProvisional(
  state: InviteClientState,
  status: number,
  settings: TransactionSettings,
): InviteClientStep {
  if (state.cancel === 'wanted') return sendCancel(state, settings, DELIVER_RESPONSE);
  const stopped = state.name === 'Calling' ? stop('A', 'B') : [];
  // A 100 says that the next hop has it, not that anything is ringing (section 16.7, step 2).
  const isRinging = state.isProxied && state.cancel === 'none' && status > 100;
  const restarted = isRinging ? [start('C', settings.timerCMs)] : [];
  return stay({ ...state, name: 'Proceeding' }, ...stopped, ...restarted, DELIVER_RESPONSE);
}

function onResponse(
  state: InviteClientState,
  status: number,
  settings: TransactionSettings,
): InviteClientStep {
  const stopped = stop(...runningTimers(state));
  switch (statusClass(status)) {
    case 'provisional':
      return onProvisional(state, status, settings);
    case 'success': {
      const end = start('M', transactionEndMs(settings));
      return stay({ ...state, name: 'Accepted' }, ...stopped, end, DELIVER_RESPONSE);
    }
    case 'failure': {
      if (state.isReliable) {
        return stay({ ...state, name: 'Terminated' }, SEND_ACK, TERMINATE, DELIVER_RESPONSE);
      }
      const end = start('D', settings.timerDMs);
      return stay({ ...state, name: 'Completed' }, ...stopped, SEND_ACK, end, DELIVER_RESPONSE);
    }
  }
}

function onCallingTimer(state: InviteClientState, timer: TimerName): InviteClientStep {
  if (timer === 'B' || timer === 'C') return fail(state, DELIVER_TIMEOUT);
  if (timer !== 'A') return stay(state);
  const resendMs = state.resendMs * 2;
  return stay({ ...state, resendMs }, SEND_REQUEST, start('A', resendMs));
}

function whenCalling(
  state: InviteClientState,
  event: ClientEvent,
  settings: TransactionSettings,
): InviteClientStep {
  switch (event.kind) {
    case 'response':
      return onResponse(state, event.status, settings);
    case 'cancel':
      return stay({ ...state, cancel: 'wanted' });
    case 'timer':
      return onCallingTimer(state, event.timer);
    case 'transportError':
      return fail(state, DELIVER_TRANSPORT_ERROR);
  }
}

function whenProceeding(
  state: InviteClientState,
  event: ClientEvent,
  settings: TransactionSettings,
): InviteClientStep {
  const mayCancel = state.cancel !== 'sent';
  switch (event.kind) {
    case 'response':
      return onResponse(state, event.status, settings);
    case 'cancel':
      return mayCancel ? sendCancel(state, settings) : stay(state);
    case 'timer':
      if (event.timer === 'Cancelled') return fail(state, DELIVER_TIMEOUT);
      return event.timer === 'C' && mayCancel ? sendCancel(state, settings) : stay(state);
    case 'transportError':
      // Nothing is being sent, and the answer may come over another connection (section 18.2.2).
      return stay(state);
  }
}

function whenCompleted(state: InviteClientState, event: ClientEvent): InviteClientStep {
  switch (event.kind) {
    case 'response': {
      const answers = { provisional: [], success: [DELIVER_STRAY], failure: [SEND_ACK] };
      return stay(state, ...answers[statusClass(event.status)]);
    }
    case 'cancel':
      return stay(state);
    case 'timer':
      return event.timer === 'D' ? stay({ ...state, name: 'Terminated' }, TERMINATE) : stay(state);
    case 'transportError':
      return fail(state, DELIVER_TRANSPORT_ERROR);
  }
}

function whenAccepted(state: InviteClientState, event: ClientEvent): InviteClientStep {
  switch (event.kind) {
    case 'response':
      return statusClass(event.status) === 'success' ? stay(state, DELIVER_RESPONSE) : stay(state);
    case 'timer':
      return event.timer === 'M' ? stay({ ...state, name: 'Terminated' }, TERMINATE) : stay(state);
    case 'cancel':
    case 'transportError':
      return stay(state);
  }
}

export function nextInviteClientState(
  state: InviteClientState,
  event: ClientEvent,
  settings: TransactionSettings,
): InviteClientStep {
  switch (state.name) {
    case 'Calling':
      return whenCalling(state, event, settings);
    case 'Proceeding':
      return whenProceeding(state, event, settings);
    case 'Completed':
      return whenCompleted(state, event);
    case 'Accepted':
      return whenAccepted(state, event);
    case 'Terminated':
      return stay(state);
  }
}
