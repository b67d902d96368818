/**
 * What a call-taker dialled is done by the node that dispatches the seat, or has its call. Either may be on its way here
 * just now, because the other has died: both are asked again until one can, or so long that it is not that.
 */
import type { Clock } from '../cluster/base/clock.js';

/** A node that dies is replaced within a fraction of it. */
const NOBODY_MS_MAX = 2000;
const ASK_AGAIN_MS = 100;
/** Somebody else may be able to. */
const NOT_HERE = ['notNow', 'noCall'];

export interface Obeying {
  /** @returns the prompt that the call-taker hears */
  readonly here: () => Promise<string>;
  /** @returns undefined when the partner does not answer */
  readonly atPartner: () => Promise<string | undefined>;
  readonly clock: Clock;
}

/**
 * Asked twice, a command does the same, but that a wrong PIN counts twice. Rejects as `here` and `atPartner` do.
 * @returns the prompt that the call-taker hears
 */
export async function obeyCommand({ here, atPartner, clock }: Obeying): Promise<string> {
  const untilMs = clock.monotonicMs() + NOBODY_MS_MAX;
  for (;;) {
    const outcome = await here();
    if (!NOT_HERE.includes(outcome)) return outcome;
    const elsewhere = await atPartner();
    // A partner that is there and knows of no call is right: there is none.
    if (elsewhere !== undefined && elsewhere !== 'notNow') return elsewhere;
    if (clock.monotonicMs() >= untilMs) return outcome;
    await clock.sleep(ASK_AGAIN_MS);
  }
}
