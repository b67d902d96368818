/**
 * The box itself: how long it takes to start and to stop, how long an address is silent when its node dies, how long
 * the store takes no write when its leader dies, how long a node needs to be back.
 *
 * Each trial kills the node that leads the store and owns the address that is pinged. A write that was under way at
 * the moment of the death may still be acknowledged; the pause is the longest time without one after the death.
 */
import type { BenchContext } from './frame.js';
import type { Metrics } from './figures.js';
import { BoxTraces } from '../support/box/box-traces.js';
import { longestSilenceMs, PingWatch } from '../support/box/ping-watch.js';
import { StoreWriter } from '../support/box/store-writer.js';
import {
  clock,
  findLeader,
  isEverythingInSync,
  makeTestBox,
  NODE_ADDRESSES,
  partnerOf,
  SERVICE_ADDRESSES,
  until,
  type SiteNodeId,
} from '../support/box/test-box.js';
import type { Box } from '../../ops/lab/box.js';

export const name = 'lab';
export const metrics: Metrics = {
  startMs: {
    unit: 'ms',
    help: 'start of a box until every daemon is up, stores and replicas in step, every address at home',
  },
  stopMs: { unit: 'ms', help: 'taking it down, until no process or namespace is left' },
  vipMoveMs: { unit: 'ms', help: "longest silence of the dead owner's address, pinged every 5 ms" },
  storeWritePauseMs: {
    unit: 'ms',
    help: 'death of the leader to the next acknowledged write through the survivor',
  },
  rejoinMs: { unit: 'ms', help: 'power-on until everything is in step and the address is home' },
  vipReturnMs: { unit: 'ms', help: 'longest silence of the address while it is moved home' },
};
export const trials = { full: 20, quick: 5 };
export const deadlineMs = 30 * 60_000;

/** A trial with everything it waits for. */
const TRIAL_MS_MAX = 40_000;
/** Starts and stops besides the one that carries the trials. */
const STARTS = { full: 5, quick: 1 };
/** Before and after a death, so that the silence stands between replies. */
const SETTLE_MS = 500;
const AFTER_DEATH_MS = 2500;

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startMs = clock.monotonicMs();
  await work();
  return clock.monotonicMs() - startMs;
}

/** DR leads after about half of all deaths; its rqlited is then restarted until a site node leads. */
async function ensureSiteLeader(box: Box): Promise<SiteNodeId> {
  for (let attempt = 0; attempt < 20; attempt += 1) {
    const leader = await findLeader(box);
    if (leader?.id === 'a' || leader?.id === 'b') return leader.id;
    if (leader?.id === 'd') await box.killService('d', 'rqlited');
    await clock.sleep(1500);
  }
  throw new Error('no node of the site became leader of the store');
}

async function killLeader(box: Box, context: BenchContext): Promise<void> {
  const victim = await ensureSiteLeader(box);
  await until('everything is in sync', () => isEverythingInSync(box), 15_000);
  const ping = new PingWatch(box, SERVICE_ADDRESSES[victim]);
  const writer = new StoreWriter(box, NODE_ADDRESSES[partnerOf(victim)] ?? '');
  try {
    await until('the writer writes', () => Promise.resolve(writer.acksMs.length > 20), 10_000);
    await clock.sleep(SETTLE_MS);
    const [deathWallMs, deathMs] = [clock.wallMs(), clock.monotonicMs()];
    await box.kill(victim);
    await clock.sleep(AFTER_DEATH_MS);
    const report = await ping.stop();
    context.add('vipMoveMs', longestSilenceMs(report, deathWallMs, deathWallMs + AFTER_DEATH_MS));
    await until(
      'the store takes writes',
      () => Promise.resolve(writer.findAckAfter(deathMs + 100) !== undefined),
      15_000,
    );
    const after = writer.acksMs.filter((ackMs) => ackMs > deathMs);
    const gaps = after.map((ackMs, index) => ackMs - (index === 0 ? deathMs : (after[index - 1] ?? 0)));
    context.add('storeWritePauseMs', Math.max(...gaps));
  } finally {
    writer.stop();
  }
  await bringBack(box, victim, context);
}

async function bringBack(box: Box, victim: SiteNodeId, context: BenchContext): Promise<void> {
  const ping = new PingWatch(box, SERVICE_ADDRESSES[victim]);
  await clock.sleep(SETTLE_MS);
  const startWallMs = clock.wallMs();
  context.add(
    'rejoinMs',
    await timed(async () => {
      await box.powerOn(victim);
      await until('everything is in sync', () => isEverythingInSync(box), 30_000);
    }),
  );
  context.add('vipReturnMs', longestSilenceMs(await ping.stop(), startWallMs, clock.wallMs()));
}

async function startAndStop(context: BenchContext, work: (box: Box) => Promise<void>): Promise<void> {
  const { box } = makeTestBox();
  const traces = new BoxTraces(box.plan.boxId);
  try {
    context.add(
      'startMs',
      await timed(async () => {
        await box.start();
        await until('everything is in sync', () => isEverythingInSync(box), 30_000);
      }),
    );
    await work(box);
    await traces.remember();
  } finally {
    context.add('stopMs', await timed(() => box.stop()));
  }
  const left = await traces.find();
  if (left.length > 0) throw new Error(`the box has left: ${left.join('; ')}`);
}

export async function run(context: BenchContext): Promise<void> {
  const starts = context.quick ? STARTS.quick : STARTS.full;
  for (let index = 1; index < starts; index += 1) await startAndStop(context, () => Promise.resolve());
  await startAndStop(context, async (box) => {
    for (let trial = 1; trial <= context.trials; trial += 1) {
      if (context.signal.aborted || context.remainingMs() < TRIAL_MS_MAX) return;
      await killLeader(box, context);
      context.say(`death ${String(trial)} of ${String(context.trials)}`);
    }
  });
}
