/**
 * What killed boxes have left, and its removal. Processes, mounts and loop devices of a box end with its owner
 * (docs/adr/0001); named namespaces and the state folder stay.
 *
 * Must never touch a box whose owner lives, nor one whose owner is not known and in which anything still runs.
 */
import { readdir, rm, stat } from 'node:fs/promises';
import type { Clock } from '../../cluster/base/clock.js';
import { opsErrors } from '../errors.js';
import { removeNamespaces } from './box-network.js';
import { BOX_PREFIX } from './box-plan.js';
import { createStateFolder, isAlive, readOwner } from './box-owner.js';
import { withLabLock } from './lab-lock.js';
import { run } from './shell.js';
import { CLAIM_PREFIX, isBoxId, STATE_ROOT, stateFolderOf } from './state-folder.js';

/** What is seen of one box from outside. */
export interface BoxTrace {
  readonly id: string;
  readonly owner: 'alive' | 'dead' | 'unknown';
  /** Undefined without a state folder. */
  readonly folderAgeMs?: number;
  readonly namespaces: readonly string[];
  /** Looked for only when the owner is unknown. */
  readonly processCount: number;
  /** Host interface that it is attached to. */
  readonly attach?: string;
}

export interface Verdict {
  readonly isLeftover: boolean;
  readonly reason: string;
}

/** A folder without an owner may be one that another release is just making. */
const UNKNOWN_AGE_MS_MIN = 60_000;

/** Pure. */
export function decideLeftover(trace: BoxTrace): Verdict {
  if (trace.owner === 'alive') return { isLeftover: false, reason: 'its owner is running' };
  if (trace.owner === 'dead') return { isLeftover: true, reason: 'its command was killed' };
  if (trace.processCount > 0) return { isLeftover: false, reason: 'something still runs in it' };
  if (trace.folderAgeMs !== undefined && trace.folderAgeMs < UNKNOWN_AGE_MS_MIN)
    return { isLeftover: false, reason: 'it may be starting' };
  return { isLeftover: true, reason: 'nobody owns it and nothing runs in it' };
}

/** @returns the namespaces of each box by its id. Pure. @param listed output of `ip netns list` */
export function groupNamespaces(listed: string): ReadonlyMap<string, readonly string[]> {
  const groups = new Map<string, string[]>();
  for (const line of listed.split('\n')) {
    const name = line.split(' ')[0] ?? '';
    const [prefix, id = ''] = name.split('-');
    if (prefix !== BOX_PREFIX || !isBoxId(id)) continue;
    groups.set(id, [...(groups.get(id) ?? []), name]);
  }
  return groups;
}

async function countProcesses(namespaces: readonly string[], clock: Clock): Promise<number> {
  const lists = await Promise.all(
    // A namespace that has gone meanwhile has no processes.
    namespaces.map((name) => run(['ip', 'netns', 'pids', name], { clock }).catch(() => '')),
  );
  return lists.join('\n').split('\n').filter(Boolean).length;
}

async function findTrace(id: string, namespaces: readonly string[], clock: Clock): Promise<BoxTrace> {
  const folder = stateFolderOf(id);
  const stats = await stat(folder).catch(() => undefined);
  const recorded = await readOwner(folder);
  const age = stats === undefined ? {} : { folderAgeMs: clock.wallMs() - stats.mtimeMs };
  if (recorded !== undefined) {
    const owner = (await isAlive(recorded)) ? 'alive' : 'dead';
    const attach = recorded.attach === undefined ? {} : { attach: recorded.attach };
    return { id, owner, namespaces, processCount: 0, ...age, ...attach };
  }
  const processCount = await countProcesses(namespaces, clock);
  return { id, owner: 'unknown', namespaces, processCount, ...age };
}

/** Every box of this machine, running or left over. */
export async function findTraces(clock: Clock): Promise<readonly BoxTrace[]> {
  const names = await readdir(STATE_ROOT).catch(() => []);
  const groups = groupNamespaces(await run(['ip', 'netns', 'list'], { clock }));
  const ids = [...new Set([...names.filter(isBoxId), ...groups.keys()])].sort();
  return Promise.all(ids.map((id) => findTrace(id, groups.get(id) ?? [], clock)));
}

const DISK_LOOK_EVERY_MS = 50;
const DISK_LOOKS_MAX = 100;

interface LoopDevices {
  readonly loopdevices?: readonly { readonly name: string; readonly 'back-file': string | null }[];
}

async function findDisks(folder: string, clock: Clock): Promise<readonly string[]> {
  const text = await run(['losetup', '--json', '--list'], { clock });
  const { loopdevices = [] } = text.trim() === '' ? {} : (JSON.parse(text) as LoopDevices);
  return loopdevices
    .filter((device) => device['back-file']?.startsWith(`${folder}/`) === true)
    .map(({ name }) => name);
}

/** The kernel frees a disk with the last mount of its machine; this is for one that was attached by hand. */
async function detachDisks(folder: string, clock: Clock): Promise<void> {
  for (const name of await findDisks(folder, clock))
    await run(['losetup', '--detach', name], { clock }).catch(() => undefined);
}

/** First it writes what the machine had not written yet (seen for a moment on a busy disk). */
async function untilDisksAreFree(folder: string, clock: Clock): Promise<void> {
  for (let looks = 0; looks < DISK_LOOKS_MAX; looks += 1) {
    if ((await findDisks(folder, clock)).length === 0) return;
    await clock.sleep(DISK_LOOK_EVERY_MS);
  }
}

async function removeBox(id: string, clock: Clock): Promise<void> {
  await removeNamespaces(id, clock);
  await detachDisks(stateFolderOf(id), clock);
  await rm(stateFolderOf(id), { recursive: true, force: true });
}

/** Claims of starts that were killed before they had a box. */
async function removeDeadClaims(clock: Clock): Promise<void> {
  const names = await readdir(STATE_ROOT).catch(() => []);
  for (const name of names.filter((candidate) => candidate.startsWith(CLAIM_PREFIX))) {
    const folder = `${STATE_ROOT}/${name}`;
    const owner = await readOwner(folder);
    const { mtimeMs } = await stat(folder);
    const isDead =
      owner === undefined ? clock.wallMs() - mtimeMs > UNKNOWN_AGE_MS_MIN : !(await isAlive(owner));
    if (isDead) await rm(folder, { recursive: true, force: true });
  }
}

/**
 * May a box of this id be made beside those that stay? Pure.
 * @throws LAB_BOX_RUNNING, LAB_BAD_ARGUMENT when another box is attached to the same interface
 */
export function checkClaim(boxId: string, attach: string | undefined, staying: readonly BoxTrace[]): void {
  if (staying.some(({ id }) => id === boxId)) throw opsErrors.LAB_BOX_RUNNING({ box: boxId });
  const other = staying.find((trace) => attach !== undefined && trace.attach === attach);
  if (other === undefined) return;
  throw opsErrors.LAB_BAD_ARGUMENT({
    argument: '--attach',
    problem: `box "${other.id}" is attached to ${attach ?? ''} already, and both have the same addresses`,
    fix: `Stop it first (npm run lab -- stop --box ${other.id}), or name another interface.`,
  });
}

/**
 * Removes what killed boxes have left, then makes the state folder of a new one: whoever comes second finds a box with
 * a living owner.
 * @returns the ids of the boxes that were removed
 * @throws LAB_BOX_RUNNING, LAB_LOCKED, LAB_BAD_ARGUMENT
 */
export function claimBox(boxId: string, clock: Clock, attach?: string): Promise<readonly string[]> {
  return withLabLock(async () => {
    await removeDeadClaims(clock);
    const traces = await findTraces(clock);
    const leftovers = traces.filter((trace) => decideLeftover(trace).isLeftover);
    checkClaim(
      boxId,
      attach,
      traces.filter((trace) => !leftovers.includes(trace)),
    );
    for (const { id } of leftovers) await removeBox(id, clock);
    await createStateFolder(boxId, attach);
    return leftovers.map(({ id }) => id);
  });
}

/** Gives up a box that this process has claimed. Idempotent. */
export async function releaseBox(boxId: string, clock: Clock): Promise<void> {
  await untilDisksAreFree(stateFolderOf(boxId), clock);
  await rm(stateFolderOf(boxId), { recursive: true, force: true });
}
