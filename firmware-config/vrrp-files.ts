/** Files by which keepalived and the node service talk, all in one folder on tmpfs. Pure. */
import type { NodeDocument } from './schema/node.js';

export interface VrrpFiles {
  readonly folder: string;
  readonly pid: string;
  readonly childPid: string;
  /** keepalived writes its changes of state here, one line each. */
  readonly notifyFifo: string;
  /** What the node service read there last; gone after a start of keepalived. */
  readonly lastStates: string;
  /** The file whose number is added to the base priority of the instance of a home's address. */
  weight(home: string): string;
}

export function vrrpFiles(node: NodeDocument): VrrpFiles {
  const folder = `${node.paths.run}/vrrp`;
  return {
    folder,
    pid: `${folder}/keepalived.pid`,
    childPid: `${folder}/vrrp.pid`,
    notifyFifo: `${folder}/notify.fifo`,
    lastStates: `${folder}/last-states`,
    weight: (home) => `${folder}/${home}.weight`,
  };
}

/** keepalived's name for the address of a home. */
export function vrrpInstance(home: string): string {
  return `V${home}`;
}
