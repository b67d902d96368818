/**
 * Session timers (RFC 4028): what a 2xx says, and when a session has to be refreshed or ended. Pure; deadlines are
 * wall-clock times, because the partner node has to keep them after a takeover.
 */
import type { SessionExpires } from '../message/header-values.js';

export interface SessionTimer {
  /** Seconds. */
  readonly interval: number;
  /** The engine refreshes (at half of the interval); else it waits for the peer. */
  readonly isRefresher: boolean;
  /** When the next refresh is due, or the session counts as dead. */
  readonly deadlineWallMs: number;
}

/** RFC 4028 5: no smaller interval may be asked for. */
export const MIN_SE_SECONDS = 90;

export interface SessionTimerPolicy {
  readonly minSe: number;
  readonly defaultRefresher: 'none' | 'uac' | 'uas';
}

export interface SessionTimerOffer {
  readonly offered: SessionExpires | undefined;
  /** The request says `Supported: timer`. */
  readonly isSupported: boolean;
}

/** Section 9: an interval that is too small is refused with 422 and what we would take. */
export function isTooShort(offer: SessionTimerOffer, policy: SessionTimerPolicy): boolean {
  return offer.offered !== undefined && offer.isSupported && offer.offered.interval < policy.minSe;
}

export interface SessionTimerAnswer {
  readonly interval: number;
  readonly refresher: 'uac' | 'uas';
  /** Value of Session-Expires. */
  readonly header: string;
  /** The 2xx has to say `Require: timer` (section 9, when the peer refreshes). */
  readonly isRequired: boolean;
}

/**
 * What a UAS answers (section 9, table 2). Without an offer, or from a peer that knows no session timers and asks for
 * none, there is no timer.
 */
export function planTimerAnswer(
  offer: SessionTimerOffer,
  policy: SessionTimerPolicy,
): SessionTimerAnswer | undefined {
  const { offered, isSupported } = offer;
  if (offered === undefined) return undefined;
  const interval = Math.max(offered.interval, policy.minSe);
  const wanted = offered.refresher ?? (policy.defaultRefresher === 'uas' ? 'uas' : 'uac');
  const refresher = isSupported ? wanted : 'uas';
  return {
    interval,
    refresher,
    header: `${String(interval)};refresher=${refresher}`,
    isRequired: isSupported && refresher === 'uac',
  };
}

/** Section 10: who waits ends the session a little before its end, by 32 s or a third of the interval. */
const GRACE_MS_MAX = 32_000;

/** When something has to be done after a refresh at `nowWallMs`. */
export function startTimer(interval: number, isRefresher: boolean, nowWallMs: number): SessionTimer {
  const intervalMs = interval * 1000;
  const graceMs = Math.min(GRACE_MS_MAX, intervalMs / 3);
  const delayMs = isRefresher ? intervalMs / 2 : intervalMs - graceMs;
  return { interval, isRefresher, deadlineWallMs: nowWallMs + delayMs };
}

/** How long the timer still runs; what is longer than the interval comes from a wall clock that is wrong. */
export function remainingMs(timer: SessionTimer, nowWallMs: number): number {
  return Math.min(Math.max(0, timer.deadlineWallMs - nowWallMs), timer.interval * 1000);
}
