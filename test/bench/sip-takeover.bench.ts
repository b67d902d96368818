/**
 * A node dies with 500 calls up, and its partner goes on with them: how long that takes from the moment it has the
 * address. Noticing the death is not part of it (the bench "lab" measures that).
 */
import type { BenchContext } from './frame.js';
import type { Metrics } from './figures.js';
import { clock, SERVICE_ADDRESSES } from '../support/box/test-box.js';
import { TakeoverLab } from '../support/sip/takeover-lab.js';

export const name = 'sip-takeover';
export const metrics: Metrics = {
  takeoverImportMs: {
    unit: 'ms',
    help: 'the partner has the address, to its report that it has the 500 calls',
  },
  takeoverReadMs: { unit: 'ms', help: 'of that, reading the replica' },
  takeoverFirstExchangeMs: {
    unit: 'ms',
    help: 'death to the first answer to a phone, adoption by the application included',
  },
};
export const trials = { full: 10, quick: 3 };

const CALLS = 500;
const WARM_UP_CALLS = 100;
const TRIAL_MS_MAX = 40_000;

async function measure(context: BenchContext, lab: TakeoverLab): Promise<void> {
  await lab.phones.do('pass', { count: WARM_UP_CALLS, engine: lab.at('b') });
  await lab.phones.do('establish', { count: CALLS, engine: lab.at('a') });
  await lab.waitForDialogs('b', 'a', CALLS);
  await lab.kill('a');
  const deathMs = clock.monotonicMs();
  await lab.addAddress('b', SERVICE_ADDRESSES.a);
  const ownedMs = clock.monotonicMs();
  const { readMs, dialogs } = (await lab.takeOver('b', 'a', 2)) as { readMs: number; dialogs: number };
  if (dialogs !== CALLS) throw new Error(`${String(dialogs)} calls of ${String(CALLS)} were taken over`);
  context.add('takeoverImportMs', clock.monotonicMs() - ownedMs);
  context.add('takeoverReadMs', readMs);
  await lab.node('b').application.do('adopt');
  await lab.phones.do('first');
  context.add('takeoverFirstExchangeMs', clock.monotonicMs() - deathMs);
}

export async function run(context: BenchContext): Promise<void> {
  for (let trial = 1; trial <= context.trials; trial += 1) {
    if (context.signal.aborted || context.remainingMs() < TRIAL_MS_MAX) return;
    const cleanUps: (() => unknown)[] = [];
    try {
      await measure(context, await TakeoverLab.open({ defer: (cleanUp) => cleanUps.push(cleanUp) }));
    } finally {
      for (const cleanUp of cleanUps.reverse()) await cleanUp();
    }
    context.say(`takeover ${String(trial)} of ${String(context.trials)}`);
  }
}
