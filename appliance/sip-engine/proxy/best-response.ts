/** Which of several refusals the caller hears (RFC 3261 16.7, step 6). */

export interface BranchRefusal<R> {
  readonly status: number;
  /** Undefined for one that never came: a target that is silent (408), or cannot be reached. */
  readonly response: R | undefined;
}

/** What the caller can do something about comes before other refusals of the class 4xx. */
const WORTH_KNOWING = new Set([401, 407, 415, 420, 484]);

/** The smaller, the better. */
function rank({ status, response }: BranchRefusal<unknown>): number {
  // A 6xx speaks for all targets.
  if (status >= 600) return 0;
  const place = WORTH_KNOWING.has(status) ? 0 : status === 503 ? 3 : response === undefined ? 2 : 1;
  return Math.floor(status / 100) * 10 + place;
}

/** The first of the best ones; 408 when there is none at all. */
export function chooseBest<R>(refusals: readonly BranchRefusal<R>[]): BranchRefusal<R> {
  let best: BranchRefusal<R> | undefined;
  for (const refusal of refusals) {
    if (best === undefined || rank(refusal) < rank(best)) best = refusal;
  }
  if (best === undefined) return { status: 408, response: undefined };
  // A 503 would tell the caller to leave us alone, and it was one target that meant itself.
  return best.status === 503 ? { status: 500, response: undefined } : best;
}
