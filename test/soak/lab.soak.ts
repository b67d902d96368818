/**
 * What takes longer than a test may: starts and stops in a row that leave nothing, then a long watch beside processes
 * that take every core, in which no leader and no address may change.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { diesWithParent } from '../../ops/lab/shell.js';
import type { Box } from '../../ops/lab/box.js';
import { BoxTraces } from '../support/box/box-traces.js';
import type { Metrics } from '../bench/figures.js';
import type { BenchContext } from '../bench/frame.js';
import {
  clock,
  findLeader,
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
  answeredLooks: { unit: '%', help: 'looks at the watched box that were answered' },
  termChanges: { unit: 'changes', help: 'changes of the Raft term while watched; must be 0' },
  addressMoves: { unit: 'moves', help: 'other owners or generations seen while watched; must be 0' },
};
export const trials = { full: 20, quick: 2 };

const HOGS = 4;
const WATCH_MS = { full: 600_000, quick: 30_000 };
const LOOK_MS = 2000;

async function cycle(context: BenchContext): Promise<void> {
  const { box, said } = makeTestBox();
  const traces = new BoxTraces(box.plan.boxId);
  const startMs = clock.monotonicMs();
  try {
    await box.start();
    await until('everything is in sync', () => isEverythingInSync(box), 30_000);
    context.add('cycleStartMs', clock.monotonicMs() - startMs);
    await traces.remember();
  } finally {
    const stopMs = clock.monotonicMs();
    await box.stop();
    context.add('cycleStopMs', clock.monotonicMs() - stopMs);
  }
  const left = await traces.find();
  if (left.length > 0) throw new Error(`the box has left: ${left.join('; ')}`);
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
  /** Generation and holder of each service address as both partners know them: `a: 1 a, 1 a`. */
  readonly owners: string;
}

/** undefined when something does not answer. */
async function look(box: Box): Promise<Seen | undefined> {
  try {
    const leader = await findLeader(box);
    const known = (await Promise.all(SITE_NODES.map((id) => box.ownership(id)))).flat();
    if (leader === undefined) return undefined;
    const owners = SITE_NODES.map((home) => {
      const both = known.filter((entry) => entry.home === home);
      return `${home}: ${both.map(({ generation, holder }) => `${String(generation)} ${holder}`).join(', ')}`;
    });
    return { term: leader.term, owners: owners.join('; ') };
  } catch {
    return undefined;
  }
}

/** A watch that saw little proves little. */
const ANSWERED_MIN = 0.8;

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
    const looks: (Seen | undefined)[] = [];
    while (clock.monotonicMs() - startMs < watchMs && !context.signal.aborted) {
      await clock.sleep(LOOK_MS);
      looks.push(await look(box));
    }
    for (const hog of hogs.splice(0)) hog.kill('SIGKILL');
    await until('the box answers', async () => (await look(box)) !== undefined, 10_000);
    looks.push(await look(box));
    const answered = looks.filter((seen) => seen !== undefined);
    context.add('watchedSeconds', (clock.monotonicMs() - startMs) / 1000);
    context.add('answeredLooks', (100 * answered.length) / looks.length);
    context.add('termChanges', new Set([first, ...answered].map(({ term }) => term)).size - 1);
    context.add('addressMoves', new Set([first, ...answered].map(({ owners }) => owners)).size - 1);
    const moved = answered.find(({ term, owners }) => term !== first.term || owners !== first.owners);
    if (moved !== undefined)
      throw new Error(`something moved under load: ${JSON.stringify({ first, moved })}`);
    if (answered.length < ANSWERED_MIN * looks.length) throw new Error('the box was seldom seen');
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
