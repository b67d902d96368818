/**
 * An INVITE that we received (RFC 3261 section 17.2.1, as corrected by RFC 6026 sections 7.1 and 8.8).
 *
 *      INVITE to user            ┌── 1xx from user: sent; INVITE again: last response sent
 *      ─────────► Proceeding ◄───┘   Trying: 100 sent
 *                  │      │
 *     3xx-6xx sent │      │ 2xx sent
 *                  ▼      └──────────────────────► Accepted ◄──┐ 2xx from user: sent; ACK: to user
 *      ┌────── Completed                             │  └──────┘ INVITE again: dropped
 *      │ G, INVITE │ │ └───── ACK ──► Confirmed ◄──┐ │
 *      │ again:    │ │                  │   └──────┘ │ L
 *      │ resent    │ │ H (timeout)      │ I    ACK,  │
 *      └───────────┘ │                  ▼    INVITE  │
 *                    └───────────► Terminated ◄──────┘
 *
 * - Proceeding: the user works on it. Unless something was answered within 200 ms a 100 goes out by itself, so that
 *   the caller does not go on resending (a user that answers at once is faster, and a user that sends every 100
 *   itself can switch this off).
 * - Completed: refused. Over UDP G resends at 0.5, 1.5, 3.5 s and then every 4 s (T2) until the ACK comes; H gives
 *   up after 32 s over every transport, and the user is told.
 * - Confirmed: the ACK is there; over UDP more of them may come for T4 (I). Over TCP this state is passed over.
 * - Accepted: picked up. Resending the 2xx and waiting for its ACK belong to the dialog, since only its far end can
 *   tell (RFC 3261 section 13.3.1.4); this state is there so that an INVITE that comes again does not ring again. L
 *   ends it after 32 s.
 * - Terminated: gone.
 *
 * An error of the transport changes no state, the user is told (RFC 6026 section 8.8): the caller may reach us on
 * another way, and an address that is not ours at the moment may be so again in 30 ms.
 */
import {
  DELIVER_ACK,
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
  transactionEndMs,
  type ServerEvent,
  type Step,
  type TimerName,
  type TransactionSettings,
} from './transaction-step.js';

export type InviteServerStateName = 'Proceeding' | 'Completed' | 'Confirmed' | 'Accepted' | 'Terminated';

export interface InviteServerState {
  readonly machine: 'inviteServer';
  readonly name: InviteServerStateName;
  readonly isReliable: boolean;
  /** There is a last response to send again. */
  readonly hasResponse: boolean;
  /** Interval of timer G. */
  readonly resendMs: number;
}

export type InviteServerStep = Step<InviteServerState>;

export function startInviteServer(
  options: { readonly isReliable: boolean },
  settings: TransactionSettings,
): InviteServerStep {
  const { isReliable } = options;
  const step = resumeInviteServer({ isReliable, hasResponse: false }, settings);
  return stay(step.state, ...step.effects, DELIVER_REQUEST);
}

/** Goes on with an INVITE that another node received and did not finally answer. */
export function resumeInviteServer(
  options: { readonly isReliable: boolean; readonly hasResponse: boolean },
  settings: TransactionSettings,
): InviteServerStep {
  const { isReliable, hasResponse } = options;
  const resendMs = Math.min(settings.t1Ms, settings.t2Ms);
  const state: InviteServerState = {
    machine: 'inviteServer',
    name: 'Proceeding',
    isReliable,
    hasResponse,
    resendMs,
  };
  const isTrying = !hasResponse && settings.tryingMs !== undefined;
  return stay(state, ...(isTrying ? [start('Trying', settings.tryingMs)] : []));
}

/**
 * Goes on with an INVITE that another node answered finally. Nothing is sent at once, because all transactions of
 * that node are resumed in one moment.
 * @param remainingMs of timer H or L
 */
export function resumeAnsweredInviteServer(
  options: { readonly isReliable: boolean; readonly status: number; readonly remainingMs: number },
  settings: TransactionSettings,
): InviteServerStep {
  const { isReliable, status, remainingMs } = options;
  const { state } = resumeInviteServer({ isReliable, hasResponse: true }, settings);
  if (statusClass(status) === 'success') return stay({ ...state, name: 'Accepted' }, start('L', remainingMs));
  const resend = isReliable ? [] : [start('G', state.resendMs)];
  return stay({ ...state, name: 'Completed' }, ...resend, start('H', remainingMs));
}

function onAnswer(state: InviteServerState, status: number, settings: TransactionSettings): InviteServerStep {
  const answered: InviteServerState = { ...state, hasResponse: true };
  const stopped = state.hasResponse ? [] : stop('Trying');
  const end = transactionEndMs(settings);
  switch (statusClass(status)) {
    case 'provisional':
      return stay(answered, ...stopped, SEND_RESPONSE);
    case 'success':
      return stay({ ...answered, name: 'Accepted' }, ...stopped, SEND_RESPONSE, start('L', end));
    case 'failure': {
      const resend = state.isReliable ? [] : [start('G', state.resendMs)];
      return stay({ ...answered, name: 'Completed' }, ...stopped, SEND_RESPONSE, ...resend, start('H', end));
    }
  }
}

function refuse(state: InviteServerState): InviteServerStep {
  return stay(state, { kind: 'refuse', why: 'finished' });
}

function whenProceeding(
  state: InviteServerState,
  event: ServerEvent,
  settings: TransactionSettings,
): InviteServerStep {
  switch (event.kind) {
    case 'request':
      return state.hasResponse ? stay(state, SEND_RESPONSE) : stay(state);
    case 'ack':
      // Nothing was answered that could be acknowledged.
      return stay(state);
    case 'respond':
      return onAnswer(state, event.status, settings);
    case 'timer':
      if (event.timer !== 'Trying' || state.hasResponse) return stay(state);
      return stay({ ...state, hasResponse: true }, SEND_TRYING);
    case 'transportError':
      return stay(state, DELIVER_TRANSPORT_ERROR);
  }
}

function onCompletedTimer(
  state: InviteServerState,
  timer: TimerName,
  settings: TransactionSettings,
): InviteServerStep {
  if (timer === 'H') return stay({ ...state, name: 'Terminated' }, TERMINATE, DELIVER_TIMEOUT);
  if (timer !== 'G') return stay(state);
  const resendMs = Math.min(state.resendMs * 2, settings.t2Ms);
  return stay({ ...state, resendMs }, SEND_RESPONSE, start('G', resendMs));
}

function whenCompleted(
  state: InviteServerState,
  event: ServerEvent,
  settings: TransactionSettings,
): InviteServerStep {
  switch (event.kind) {
    case 'request':
      return stay(state, SEND_RESPONSE);
    case 'ack':
      if (state.isReliable) return stay({ ...state, name: 'Terminated' }, TERMINATE);
      return stay({ ...state, name: 'Confirmed' }, ...stop('G', 'H'), start('I', settings.t4Ms));
    case 'respond':
      return refuse(state);
    case 'timer':
      return onCompletedTimer(state, event.timer, settings);
    case 'transportError':
      return stay(state, DELIVER_TRANSPORT_ERROR);
  }
}

function whenConfirmed(state: InviteServerState, event: ServerEvent): InviteServerStep {
  switch (event.kind) {
    case 'respond':
      return refuse(state);
    case 'timer':
      return event.timer === 'I' ? stay({ ...state, name: 'Terminated' }, TERMINATE) : stay(state);
    case 'request':
    case 'ack':
    case 'transportError':
      return stay(state);
  }
}

function whenAccepted(state: InviteServerState, event: ServerEvent): InviteServerStep {
  switch (event.kind) {
    case 'request':
      return stay(state);
    case 'ack':
      return stay(state, DELIVER_ACK);
    case 'respond':
      // A proxy passes on every 2xx of a fork, a dialog resends its own (RFC 6026 section 7.1).
      return statusClass(event.status) === 'success' ? stay(state, SEND_RESPONSE) : refuse(state);
    case 'timer':
      return event.timer === 'L' ? stay({ ...state, name: 'Terminated' }, TERMINATE) : stay(state);
    case 'transportError':
      return stay(state, DELIVER_TRANSPORT_ERROR);
  }
}

export function nextInviteServerState(
  state: InviteServerState,
  event: ServerEvent,
  settings: TransactionSettings,
): InviteServerStep {
  switch (state.name) {
    case 'Proceeding':
      return whenProceeding(state, event, settings);
    case 'Completed':
      return whenCompleted(state, event, settings);
    case 'Confirmed':
      return whenConfirmed(state, event);
    case 'Accepted':
      return whenAccepted(state, event);
    case 'Terminated':
      return event.kind === 'respond' ? refuse(state) : stay(state);
  }
}
