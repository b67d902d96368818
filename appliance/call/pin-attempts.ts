/**
 * How often a PIN may be tried. Pure; one record for each call-taker and one for each seat, so that neither guessing at
 * one person's PIN from everywhere nor guessing at everybody's from one phone gets far.
 */

export interface PinAttempts {
  readonly failures: number;
  /** Until then nothing is compared. */
  readonly lockedUntilWallMs: number;
  readonly lastWallMs: number;
}

export interface PinRules {
  /** Failures that cost nothing. */
  readonly free: number;
  /** After the next one; twice as long after each further one. */
  readonly lockMs: number;
  readonly lockMsMax: number;
  /** Without a failure for so long all is forgotten. */
  readonly forgetMs: number;
}

export const DEFAULT_PIN_RULES: PinRules = {
  free: 3,
  lockMs: 30_000,
  lockMsMax: 900_000,
  forgetMs: 3_600_000,
};

export const NO_ATTEMPTS: PinAttempts = { failures: 0, lockedUntilWallMs: 0, lastWallMs: 0 };

/** @returns milliseconds to wait; 0: it may be tried */
export function pinWaitMs(attempts: PinAttempts, nowWallMs: number): number {
  return Math.max(0, attempts.lockedUntilWallMs - nowWallMs);
}

export function afterPin(
  attempts: PinAttempts,
  wasRight: boolean,
  nowWallMs: number,
  rules: PinRules,
): PinAttempts {
  if (wasRight) return NO_ATTEMPTS;
  const isOld = nowWallMs - attempts.lastWallMs > rules.forgetMs;
  const failures = (isOld ? 0 : attempts.failures) + 1;
  const beyond = failures - rules.free;
  // The exponent is bounded, so that nobody overflows it by patience.
  const lockMs = beyond <= 0 ? 0 : Math.min(rules.lockMs * 2 ** Math.min(beyond - 1, 20), rules.lockMsMax);
  return { failures, lockedUntilWallMs: nowWallMs + lockMs, lastWallMs: nowWallMs };
}
