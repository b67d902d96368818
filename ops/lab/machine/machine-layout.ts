/**
 * What a machine finds in its state folder on the host, and how it boots. The state folder is all that a machine
 * shares with the host besides the read-only root.
 */
import type { CallDocuments } from '../../../firmware-config/render/render-node.js';
import type { NodeDocument } from '../../../firmware-config/schema/node.js';
import type { Site } from '../../../firmware-config/site-nodes.js';

/** Checked on the host. */
export interface MachineDocuments {
  readonly site: Site;
  readonly node: NodeDocument;
  readonly calls: CallDocuments;
}

export interface MachineLayout {
  /** MachineDocuments as JSON. */
  readonly documents: string;
  /** ext4 image: the disk, which outlives a power cut. */
  readonly disk: string;
  /** Logs of the services and of the supervisor; they outlive a power cut for whoever looks for the cause. */
  readonly logs: string;
  /** Unix socket of the supervisor (cluster/base/local-rpc). */
  readonly socket: string;
}

export function machineLayout(stateFolder: string): MachineLayout {
  return {
    documents: `${stateFolder}/documents.json`,
    disk: `${stateFolder}/disk.img`,
    logs: `${stateFolder}/log`,
    socket: `${stateFolder}/supervisor.sock`,
  };
}

/**
 * Boots a machine, run by sh as process 1 of new process and mount namespaces (docs/adr/0001).
 * Arguments: $1 disk image, then the command of the supervisor. sh stays as init and reaps orphans.
 */
export const BOOT_SCRIPT = `
set -e
mount -t proc proc /proc
mount -t tmpfs -o mode=755,size=1g tmpfs /run
for folder in etc var/lib; do
  mkdir -p /run/overlay/$folder/upper /run/overlay/$folder/work
  mount -t overlay overlay -o lowerdir=/$folder,upperdir=/run/overlay/$folder/upper,workdir=/run/overlay/$folder/work /$folder
done
mkdir -p /etc/wardline /var/lib/wardline /run/wardline
mount -o loop "$1" /var/lib/wardline
shift
"$@"
exit $?
`;
