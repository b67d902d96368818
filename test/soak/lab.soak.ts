/**
 * What takes longer than a test may: starts and stops in a row that leave nothing, then a long watch beside processes
 * that take every core, in which no leader and no address may change.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { diesWithParent } from '../../ops/lab/shell.js';
import type { Box } from '../../ops/lab/box.js';
import type { Metrics } from '../bench/figures.js';
import type { BenchContext } from '../bench/frame.js';
import {
  clock,
  findLeader,
  findTraces,
  isEverythingInSync,
  makeTestBox,
  SITE_NODES,
  until,
} from '../support/box/test-box.js';

export const name = 'lab';
export const metrics: Metrics = {
  cycleStartMs: { unit: 'ms', help: 'start of a box, of many in a row' },
  cycleStopMs: { unit: 'ms', help: 'taking it down, after which nothing of it is left' },
  watchedSeconds: { unit: 's', help: 'time watched beside four processes that take every core' },
  termChanges: { unit: 'changes', help: 'changes of the Raft term while watched; must be 0' },
  addressMoves: { unit: 'moves', help: 'changes of a service address generation while watched; must be 0' },
};
export const trials = { full: 20, quick: 2 };

const HOGS = 4;
const WATCH_MS = { full: 600_000, quick: 30_000 };
const LOOK_MS = 2000;

async function cycle(context: BenchContext): Promise<void> {
  const { box, said } = makeTestBox();
  const startMs = clock.monotonicMs();
  try {
    await box.start();
    await until('everything is in sync', () => isEverythingInSync(box), 30_000);
    context.add('cycleStartMs', clock.monotonicMs() - startMs);
  } finally {
    const stopMs = clock.monotonicMs();
    await box.stop();
    context.add('cycleStopMs', clock.monotonicMs() - stopMs);
  }
  const traces = await findTraces(box.plan.boxId);
  if (traces.length > 0) throw new Error(`the box has left: ${traces.join('; ')}`);
  if (said.length > 0) throw new Error(`the box said: ${said.join('; ')}`);
}

function startHogs(): ChildProcess[] {
  return Array.from({ length: HOGS }, () => {
    const [program, ...args] = diesWithParent(['sh', '-c', 'while :; do :; done']);
    return spawn(program, args, { stdio: 'ignore' });
  });
}

interface Seen {
  readonly term: number;
  readonly generations: number;
}

/** undefined when something does not answer, which under this load is no finding. */
async function look(box: Box): Promise<Seen | undefined> {
  try {
    const leader = await findLeader(box);
    const known = await Promise.all(SITE_NODES.map((id) => box.ownership(id)));
    if (leader === undefined) return undefined;
    return { term: leader.term, generations: Math.max(...known.flat().map(({ generation }) => generation)) };
  } catch {
    return undefined;
  }
}

async function watch(context: BenchContext, watchMs: number): Promise<void> {
  const { box, said } = makeTestBox();
  const hogs: ChildProcess[] = [];
  try {
    await box.start();
    await until('everything is in sync', () => isEverythingInSync(box), 30_000);
    const first = await look(box);
    if (first === undefined) throw new Error('the box does not answer');
    hogs.push(...startHogs());
    const startMs = clock.monotonicMs();
    let last = first;
    while (clock.monotonicMs() - startMs < watchMs && !context.signal.aborted) {
      await clock.sleep(LOOK_MS);
      last = (await look(box)) ?? last;
    }
    context.add('watchedSeconds', (clock.monotonicMs() - startMs) / 1000);
    context.add('termChanges', last.term - first.term);
    context.add('addressMoves', last.generations - first.generations);
    if (last.term !== first.term || last.generations !== first.generations) {
      throw new Error(`something moved under load: ${JSON.stringify({ first, last })}`);
    }
    if (said.length > 0) throw new Error(`the box said: ${said.join('; ')}`);
  } finally {
    for (const hog of hogs) hog.kill('SIGKILL');
    await box.stop();
  }
}

export async function run(context: BenchContext): Promise<void> {
  for (let number = 1; number <= context.trials && !context.signal.aborted; number += 1) {
    await cycle(context);
    context.say(`cycle ${String(number)} of ${String(context.trials)} left nothing`);
  }
  await watch(context, context.quick ? WATCH_MS.quick : WATCH_MS.full);
}
