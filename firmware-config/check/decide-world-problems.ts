/** Whether a machine is fit to be a certain node. Every problem names the field or the part and says what to do. Pure. */
import type { Problem } from '../problems.js';
import type { NodeDocument } from '../schema/node.js';
import { planServices } from '../services/plan-services.js';
import { findPartner, getNode, type Site } from '../site-nodes.js';
import { decidePortProblems } from './decide-port-problems.js';
import type { FolderFacts, WorldFacts } from './world-facts.js';

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;

/** Room for the store, its snapshots and copies of its log while it writes a new one, until an alarm is seen to. */
const DATA_FREE_BYTES_MIN = 2 * GIB;
/** Two Redis that may each need a copy of themselves, and about 150 MB for each of our processes. */
const MEMORY_BYTES_MIN = 2 * GIB;
/** A witness runs the store alone. */
const WITNESS_MEMORY_BYTES_MIN = 512 * MIB;
/** Records of two nodes are put in order by their times; NTP on a LAN keeps to a few milliseconds. */
const CLOCK_OFFSET_MS_MAX = 500;

/** `site.nodes[1]`, as the other messages name it. */
function nodePath(site: Site, nodeId: string): string {
  return `site.nodes[${String(site.nodes.findIndex(({ id }) => id === nodeId))}]`;
}

function decideInterfaceProblems(facts: WorldFacts, site: Site, node: NodeDocument): Problem[] {
  const { address } = getNode(site, node.nodeId);
  const addresses = facts.interfaces.get(node.interface);
  if (addresses === undefined) {
    const known = [...facts.interfaces.keys()].filter((name) => name !== 'lo').join(', ') || 'none';
    return [
      {
        path: 'node.interface',
        problem: `this machine has no interface "${node.interface}"`,
        fix: `Name the one on the service LAN; there are: ${known}.`,
      },
    ];
  }
  if (addresses.includes(address)) return [];
  const elsewhere = [...facts.interfaces].find(([, others]) => others.includes(address))?.[0];
  return [
    {
      path: `${nodePath(site, node.nodeId)}.address`,
      problem: `${address} is not on the interface "${node.interface}"`,
      fix:
        elsewhere === undefined
          ? 'Give the machine this address, or check that this is the machine that the document means.'
          : `It is on "${elsewhere}": name that in node.interface, or move the address.`,
    },
  ];
}

/** The partner may hold any service address of the pair; whoever else answers would receive the hospital's calls. */
function decideAddressProblems(facts: WorldFacts, site: Site, node: NodeDocument): Problem[] {
  if (facts.arpProblem !== undefined) {
    return [
      {
        path: 'machine.network',
        problem: `nobody could be asked who has the service addresses: ${facts.arpProblem}`,
        fix: 'Run this check as root, with the package iputils-arping installed and the interface up.',
      },
    ];
  }
  const partner = findPartner(site, node.nodeId);
  const partnerMacs = facts.arpAnswers.flatMap(({ address, mac }) =>
    address === partner?.address ? [mac] : [],
  );
  const homes = [getNode(site, node.nodeId), ...(partner === undefined ? [] : [partner])];
  return homes.flatMap(({ id, serviceAddress }) =>
    facts.arpAnswers
      .filter(({ address, mac }) => address === serviceAddress && !partnerMacs.includes(mac))
      .map(({ address, mac }) => ({
        path: `${nodePath(site, id)}.serviceAddress`,
        problem: `${address} is answered by another machine, with the network card ${mac}`,
        fix: 'Take the address away from that machine, or give another one here, on every node.',
      })),
  );
}

function decideDataProblems({ writeProblem, freeBytes }: FolderFacts, path: string): Problem[] {
  if (writeProblem !== undefined) {
    return [
      {
        path: 'node.paths.data',
        problem: `nothing can be written to ${path}: ${writeProblem}`,
        fix: 'Mount the disk for writing, or name another folder.',
      },
    ];
  }
  if (freeBytes >= DATA_FREE_BYTES_MIN) return [];
  return [
    {
      path: 'node.paths.data',
      problem: `${path} has ${String(Math.floor(freeBytes / MIB))} MiB left`,
      fix: `Free space until there are ${String(DATA_FREE_BYTES_MIN / MIB)} MiB, or name a folder on a larger disk.`,
    },
  ];
}

function decideRunProblems(facts: WorldFacts, path: string): Problem[] {
  const problems: Problem[] = [];
  if (facts.runFolder.fileSystem !== 'tmpfs') {
    problems.push({
      path: 'node.paths.run',
      problem: `${path} is on a disk, and live state holds the keys of calls`,
      fix: 'Name a folder on a tmpfs, such as one below /run.',
    });
  }
  if (facts.swapBytes > 0) {
    problems.push({
      path: 'machine.swap',
      problem: 'memory can be written to a swap disk, and live state holds the keys of calls',
      fix: 'Run "swapoff -a" and remove swap from /etc/fstab.',
    });
  }
  return problems;
}

function decideClockProblems(facts: WorldFacts): Problem[] {
  const { wallMs, builtAtMs, partnerClockOffsetMs: offsetMs } = facts;
  const fix = 'Let chrony or systemd-timesyncd set the clock and wait until it is synchronised.';
  if (wallMs < builtAtMs) {
    const [shown, built] = [wallMs, builtAtMs].map((ms) => new Date(ms).toISOString());
    return [
      {
        path: 'machine.clock',
        problem: `shows ${String(shown)}, before this program was built (${String(built)})`,
        fix,
      },
    ];
  }
  if (offsetMs === undefined || Math.abs(offsetMs) <= CLOCK_OFFSET_MS_MAX) return [];
  const direction = offsetMs > 0 ? 'behind' : 'ahead of';
  const offset = `${String(Math.round(Math.abs(offsetMs)))} ms`;
  return [
    {
      path: 'machine.clock',
      problem: `is ${offset} ${direction} the partner's`,
      fix: `${fix} Use the same time servers on both nodes.`,
    },
  ];
}

function decideCapacityProblems(facts: WorldFacts, site: Site, node: NodeDocument): Problem[] {
  const isWitness = getNode(site, node.nodeId).role === 'witness';
  const memoryMin = isWitness ? WITNESS_MEMORY_BYTES_MIN : MEMORY_BYTES_MIN;
  const problems: Problem[] = [];
  if (facts.memoryBytes < memoryMin) {
    problems.push({
      path: 'machine.memory',
      problem: `is ${String(Math.floor(facts.memoryBytes / MIB))} MiB`,
      fix: `Give the machine ${String(memoryMin / MIB)} MiB or more.`,
    });
  }
  const openFiles = Math.max(...planServices(site, node).map(({ openFilesMax }) => openFilesMax ?? 0));
  if (facts.openFilesMax < openFiles) {
    problems.push({
      path: 'machine.openFiles',
      problem: `a process may open ${String(facts.openFilesMax)} files, and the media relay needs ${String(openFiles)}`,
      fix: `Set fs.nr_open to ${String(openFiles)} or more (1048576 is the default of Debian).`,
    });
  }
  return problems;
}

/** @returns everything that keeps the machine from being the node, in the order in which one would put it right */
export function decideWorldProblems(facts: WorldFacts, site: Site, node: NodeDocument): readonly Problem[] {
  return [
    ...decideInterfaceProblems(facts, site, node),
    ...decideAddressProblems(facts, site, node),
    ...decidePortProblems(facts, site, node),
    ...decideDataProblems(facts.dataFolder, node.paths.data),
    ...decideRunProblems(facts, node.paths.run),
    ...decideClockProblems(facts),
    ...decideCapacityProblems(facts, site, node),
  ];
}
