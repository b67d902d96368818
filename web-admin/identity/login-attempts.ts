/**
 * Wrong passwords and codes, counted on this node alone, because it must work without any other (continuity rule 20).
 * Pure. Subjects are names and addresses; what is locked is refused before anything is compared.
 *
 *     FREE_ATTEMPTS wrong ones cost nothing -> then a lock that doubles with each further one -> forgotten after FORGET_MS
 */

interface Attempts {
  readonly wrong: number;
  readonly lastWallMs: number;
  readonly lockedUntilMs: number;
}

/** By subject. */
export type LoginAttempts = ReadonlyMap<string, Attempts>;

export interface AttemptRules {
  readonly free: number;
  readonly lockMs: number;
  readonly lockMsMax: number;
  readonly forgetMs: number;
}

export const ACCOUNT_RULES: AttemptRules = {
  free: 4,
  lockMs: 30_000,
  lockMsMax: 900_000,
  forgetMs: 3_600_000,
};
/** Many people may sit behind one address. */
export const ADDRESS_RULES: AttemptRules = {
  free: 30,
  lockMs: 30_000,
  lockMsMax: 900_000,
  forgetMs: 3_600_000,
};

/** A stranger who makes up names must not fill the memory. */
const SUBJECTS_MAX = 10_000;

/** @returns how long the subject still has to wait; 0: it may try */
export function lockedForMs(attempts: LoginAttempts, subject: string, nowMs: number): number {
  return Math.max(0, (attempts.get(subject)?.lockedUntilMs ?? 0) - nowMs);
}

function withoutOldest(attempts: Map<string, Attempts>): Map<string, Attempts> {
  const [oldest] = attempts.keys();
  if (attempts.size > SUBJECTS_MAX && oldest !== undefined) attempts.delete(oldest);
  return attempts;
}

export function noteWrong(
  attempts: LoginAttempts,
  subject: string,
  rules: AttemptRules,
  nowMs: number,
): LoginAttempts {
  const before = attempts.get(subject);
  const isForgotten = before === undefined || nowMs - before.lastWallMs > rules.forgetMs;
  const wrong = (isForgotten ? 0 : before.wrong) + 1;
  const beyond = wrong - rules.free;
  const lockMs = beyond <= 0 ? 0 : Math.min(rules.lockMs * 2 ** (beyond - 1), rules.lockMsMax);
  const next = new Map(attempts);
  // Put anew, so that the map stays in the order of the last attempt.
  next.delete(subject);
  next.set(subject, { wrong, lastWallMs: nowMs, lockedUntilMs: nowMs + lockMs });
  return withoutOldest(next);
}

export function noteRight(attempts: LoginAttempts, subject: string): LoginAttempts {
  const next = new Map(attempts);
  next.delete(subject);
  return next;
}
