/**
 * What the four transaction machines have in common: their settings, what can happen to them, and what they want
 * done. All is data; transaction.ts does it.
 *
 * Timers by their letters in RFC 3261 table 4 and RFC 6026, and three without a letter: `Trying` (the
 * automatic 100), `Cancelled` (how long an INVITE waits for its end after the CANCEL, RFC 3261 section 9.1) and
 * `GiveUp` (a request nobody answered before its client gave up, RFC 4320 section 4.2).
 */

export interface TransactionSettings {
  /** Estimate of a round trip. */
  readonly t1Ms: number;
  /** Longest interval between retransmissions of a request other than INVITE and of a final response to INVITE. */
  readonly t2Ms: number;
  /** Longest time a message stays in the network. */
  readonly t4Ms: number;
  /** How long a final response to our INVITE may be repeated over UDP; at least 32 s. */
  readonly timerDMs: number;
  /** How long a proxied INVITE may ring; more than 3 minutes (RFC 3261 section 16.6, step 11). */
  readonly timerCMs: number;
  /** After how long an unanswered INVITE gets its 100; undefined leaves it to the core altogether. */
  readonly tryingMs: number | undefined;
}

export const DEFAULT_TRANSACTION_SETTINGS: TransactionSettings = {
  t1Ms: 500,
  t2Ms: 4000,
  t4Ms: 5000,
  timerDMs: 32_000,
  timerCMs: 185_000,
  tryingMs: 200,
};

/** @throws RangeError for a time that is not a number from 1 */
export function completeSettings(given: Partial<TransactionSettings>): TransactionSettings {
  const settings = { ...DEFAULT_TRANSACTION_SETTINGS, ...given };
  for (const [name, value] of Object.entries<number | undefined>(settings)) {
    const isRight = value === undefined ? name === 'tryingMs' : Number.isFinite(value) && value >= 1;
    if (!isRight) throw new RangeError(`${name} is not a number of milliseconds from 1: ${String(value)}`);
  }
  return settings;
}

export type TimerName =
  | 'A'
  | 'B'
  | 'C'
  | 'D'
  | 'E'
  | 'F'
  | 'G'
  | 'H'
  | 'I'
  | 'J'
  | 'K'
  | 'L'
  | 'M'
  | 'Trying'
  | 'Cancelled'
  | 'GiveUp';

export type TimerEvent = { readonly kind: 'timer'; readonly timer: TimerName };
export type TransportErrorEvent = { readonly kind: 'transportError' };

export type ClientEvent =
  /** A response that matches the transaction came in. */
  | { readonly kind: 'response'; readonly status: number }
  /** The user wants the INVITE cancelled. */
  | { readonly kind: 'cancel' }
  | TimerEvent
  | TransportErrorEvent;

export type ServerEvent =
  /** The request came in once more. */
  | { readonly kind: 'request' }
  | { readonly kind: 'ack' }
  /** The user answers. */
  | { readonly kind: 'respond'; readonly status: number }
  | TimerEvent
  | TransportErrorEvent;

/**
 * Why an answer of the user is not sent:
 * - finished: a final response was sent before, or the transaction has ended
 * - provisionalToNonInvite: 101-199 to anything but INVITE (RFC 4320 section 4.1)
 * - tryingTooEarly: 100 over UDP before the client's timer E has reached T2; it is sent by itself then (same place)
 * - timeoutToNonInvite: 408 to anything but INVITE, which can only arrive too late (RFC 4320 section 4.2)
 */
export type RefusedWhy = 'finished' | 'provisionalToNonInvite' | 'tryingTooEarly' | 'timeoutToNonInvite';

export type TransactionEffect =
  /** `trying`: a 100 made from the request, which becomes the last response. `response`: the last response. */
  | { readonly kind: 'send'; readonly what: 'request' | 'ack' | 'cancel' | 'response' | 'trying' }
  /** Starts it anew when it is running. */
  | { readonly kind: 'startTimer'; readonly timer: TimerName; readonly delayMs: number }
  | { readonly kind: 'stopTimer'; readonly timer: TimerName }
  /**
   * To the user. Always the last effect of a step: whatever the user does in turn meets the new state. `stray` is
   * a response that belongs to this INVITE but not to this transaction any more.
   */
  | {
      readonly kind: 'deliver';
      readonly what: 'request' | 'response' | 'ack' | 'timeout' | 'transport-error' | 'stray';
    }
  /** The answer that the user gave is not sent and not kept. */
  | { readonly kind: 'refuse'; readonly why: RefusedWhy }
  /** Stops every timer and forgets the transaction. */
  | { readonly kind: 'terminate' };

export interface Step<State> {
  readonly state: State;
  readonly effects: readonly TransactionEffect[];
}

/** Timers B, F, H, J, L, M: the time after which nothing of a transaction can still be under way. */
export function transactionEndMs(settings: TransactionSettings): number {
  return 64 * settings.t1Ms;
}

/** When a client's timer E is set to T2 for the first time: 3.5 s (RFC 4320 section 4.1). */
export function timerEReachesT2Ms(settings: TransactionSettings): number {
  let elapsedMs = 0;
  for (let intervalMs = settings.t1Ms; intervalMs < settings.t2Ms; intervalMs *= 2) elapsedMs += intervalMs;
  return elapsedMs;
}

export type StatusClass = 'provisional' | 'success' | 'failure';

/** Failure here is every final response that the transaction layer acknowledges: 3xx to 6xx. */
export function statusClass(status: number): StatusClass {
  if (status < 200) return 'provisional';
  return status < 300 ? 'success' : 'failure';
}

export function stay<State>(state: State, ...effects: TransactionEffect[]): Step<State> {
  return { state, effects };
}

export function start(timer: TimerName, delayMs: number): TransactionEffect {
  return { kind: 'startTimer', timer, delayMs };
}

export function stop(...timers: readonly TimerName[]): TransactionEffect[] {
  return timers.map((timer) => ({ kind: 'stopTimer', timer }));
}

export const SEND_REQUEST: TransactionEffect = { kind: 'send', what: 'request' };
export const SEND_ACK: TransactionEffect = { kind: 'send', what: 'ack' };
export const SEND_CANCEL: TransactionEffect = { kind: 'send', what: 'cancel' };
export const SEND_RESPONSE: TransactionEffect = { kind: 'send', what: 'response' };
export const SEND_TRYING: TransactionEffect = { kind: 'send', what: 'trying' };
export const TERMINATE: TransactionEffect = { kind: 'terminate' };
export const DELIVER_REQUEST: TransactionEffect = { kind: 'deliver', what: 'request' };
export const DELIVER_RESPONSE: TransactionEffect = { kind: 'deliver', what: 'response' };
export const DELIVER_STRAY: TransactionEffect = { kind: 'deliver', what: 'stray' };
export const DELIVER_ACK: TransactionEffect = { kind: 'deliver', what: 'ack' };
export const DELIVER_TIMEOUT: TransactionEffect = { kind: 'deliver', what: 'timeout' };
export const DELIVER_TRANSPORT_ERROR: TransactionEffect = { kind: 'deliver', what: 'transport-error' };
