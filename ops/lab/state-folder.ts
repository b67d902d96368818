/** Where the boxes of this machine keep what they are made of, and the names in there. Pure. */
import { BOX_ID_PATTERN } from './box-plan.js';

/** On a disk, not under /run: machines cover /run, and their disks are images. */
export const STATE_ROOT = '/var/tmp/wardline-lab';

export function stateFolderOf(boxId: string): string {
  return `${STATE_ROOT}/${boxId}`;
}

/** Unix socket on which the process that started a box takes commands (cluster/base/local-rpc). */
export function commandSocketOf(boxId: string): string {
  return `${stateFolderOf(boxId)}/lab.sock`;
}

/** Unix socket in front of the panels of a box, served from inside its hub. */
export function panelSocketOf(boxId: string): string {
  return `${stateFolderOf(boxId)}/panel.sock`;
}

/** The claim of a box that is being made; no box id begins with a dot. */
export const CLAIM_PREFIX = '.claim-';

export function isBoxId(name: string): boolean {
  return BOX_ID_PATTERN.test(name);
}
