/** Every event a transaction machine can be told, by a name for the matrix. */
import type {
  ClientEvent,
  ServerEvent,
  TimerEvent,
  TimerName,
} from '../../../../../appliance/sip-engine/transaction/transaction-step.js';

const TIMERS: Readonly<Record<TimerName, true>> = {
  ...{ A: true, B: true, C: true, D: true, E: true, F: true, G: true, H: true, I: true, J: true, K: true },
  ...{ L: true, M: true, Trying: true, Cancelled: true, GiveUp: true },
};

const TIMER_EVENTS: Readonly<Record<string, TimerEvent>> = Object.fromEntries(
  (Object.keys(TIMERS) as TimerName[]).map((timer) => [`timer ${timer}`, { kind: 'timer', timer }]),
);

const CLIENT_STATUSES = [100, 180, 200, 486];
const SERVER_STATUSES = [100, 180, 200, 408, 486];

export const CLIENT_EVENTS: Readonly<Record<string, ClientEvent>> = {
  ...Object.fromEntries(CLIENT_STATUSES.map((status) => [status, { kind: 'response', status }])),
  cancel: { kind: 'cancel' },
  ...TIMER_EVENTS,
  error: { kind: 'transportError' },
};

export const SERVER_EVENTS: Readonly<Record<string, ServerEvent>> = {
  request: { kind: 'request' },
  ack: { kind: 'ack' },
  ...Object.fromEntries(SERVER_STATUSES.map((status) => [status, { kind: 'respond', status }])),
  ...TIMER_EVENTS,
  error: { kind: 'transportError' },
};
