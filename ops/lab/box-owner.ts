/**
 * Whose box it is: the process that started it, written in the box's state folder before anything else of the box
 * exists. A box whose owner lives is never touched by another process.
 */
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { opsErrors } from '../errors.js';
import { CLAIM_PREFIX, STATE_ROOT, stateFolderOf } from './state-folder.js';

export interface BoxOwner {
  readonly pid: number;
  /** proc(5), /proc/pid/stat field 22, in ticks since boot: a pid alone is given again to another process. */
  readonly startTicks: string;
  /** Host interface that the box is attached to. */
  readonly attach?: string;
}

const ownerFile = (folder: string): string => `${folder}/owner.json`;

/** @returns undefined when there is no such process, or a dead one that nobody has waited for */
async function findStartTicks(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${String(pid)}/stat`, 'utf8').catch(() => '');
  // The name in parentheses may hold spaces, so count from its end: state is field 3.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state = 'X'] = fields;
  return 'ZX'.includes(state) ? undefined : fields[19];
}

export async function isAlive(owner: BoxOwner): Promise<boolean> {
  return (await findStartTicks(owner.pid)) === owner.startTicks;
}

/** @returns undefined when nobody has ever owned this folder */
export async function readOwner(folder: string): Promise<BoxOwner | undefined> {
  try {
    const record = JSON.parse(await readFile(ownerFile(folder), 'utf8')) as Partial<BoxOwner>;
    const { pid, startTicks, attach } = record;
    // Of another release, perhaps: then the owner is not known, which is not the same as dead.
    if (typeof pid !== 'number' || typeof startTicks !== 'string') return undefined;
    return { pid, startTicks, ...(attach === undefined ? {} : { attach }) };
  } catch {
    return undefined;
  }
}

/**
 * Makes the state folder of a box, with its owner in it, in one step: either the folder is ours and says so, or it
 * is not there. Whoever comes second is refused.
 * @throws LAB_BOX_RUNNING
 */
export async function createStateFolder(boxId: string, attach?: string): Promise<void> {
  const { pid } = process;
  const startTicks = (await findStartTicks(pid)) ?? '';
  const claim = `${STATE_ROOT}/${CLAIM_PREFIX}${boxId}-${String(pid)}`;
  await mkdir(claim, { recursive: true, mode: 0o711 });
  const owner: BoxOwner = { pid, startTicks, ...(attach === undefined ? {} : { attach }) };
  await writeFile(ownerFile(claim), JSON.stringify(owner));
  try {
    // rename(2) refuses a folder that is there and not empty.
    await rename(claim, stateFolderOf(boxId));
  } catch (error) {
    await rm(claim, { recursive: true, force: true });
    throw opsErrors.LAB_BOX_RUNNING({ box: boxId }, error);
  }
}
