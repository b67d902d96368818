/** Is this machine one on which a box can run? Facts are read first, the decision is pure. */
import * as fs from 'node:fs';
import { delimiter, join } from 'node:path';

/** package.json, engines: the first 20 with everything that is used. */
const NODE_MAJOR = 20;
const NODE_MINOR = 11;
const MEGABYTE = 1_000_000;
/** Debian packages, npm packages and the build together take 1.1 GB on a minimal Debian 12, and apt
 * keeps what it downloads until it has installed it. */
export const FIRST_INSTALL_BYTES = 2000 * MEGABYTE;
export const WARM_START_BYTES = 300 * MEGABYTE;
/** Three nodes with their daemons, or the compiler, whichever is larger. */
export const MEMORY_BYTES = 1000 * MEGABYTE;
/** capabilities(7): network namespaces need both. */
const CAP_NET_ADMIN = 12n;
const CAP_SYS_ADMIN = 21n;

/**
 * @typedef {object} HostFacts
 * @property {string} platform
 * @property {boolean} hasApt
 * @property {string} nodeVersion such as 20.11.0
 * @property {number} uid
 * @property {bigint} capabilities the effective set
 */

/**
 * @param {HostFacts} facts
 * @param {{ readonly name: string, readonly startsBox: boolean }} command
 * @returns {string | undefined} the first thing that stands in the way, as a sentence
 */
export function findHostProblem(facts, command) {
  if (facts.platform !== 'linux' || !facts.hasApt) {
    return 'Wardline runs on Debian 12 and systems made from it, and this one has no apt-get: use a Debian 12 machine.';
  }
  const [major = 0, minor = 0] = facts.nodeVersion.split('.').map(Number);
  if (major < NODE_MAJOR || (major === NODE_MAJOR && minor < NODE_MINOR)) {
    const needed = `${String(NODE_MAJOR)}.${String(NODE_MINOR)}`;
    return `Wardline needs Node ${needed} or later and this is Node ${facts.nodeVersion}: install a newer Node and start again.`;
  }
  if (facts.uid !== 0) {
    return 'Only root may install packages and make network namespaces: run the same command as root, for instance with sudo.';
  }
  const mayMakeNamespaces = [CAP_NET_ADMIN, CAP_SYS_ADMIN].every(
    (bit) => ((facts.capabilities >> bit) & 1n) === 1n,
  );
  // "npm test -- unit" is useful without; its system tests say themselves why they cannot run.
  if (command.startsBox && command.name !== 'test' && !mayMakeNamespaces) {
    return 'This root may not make network namespaces, as in a container without privileges: start the container with --privileged, or use a machine of its own.';
  }
  return undefined;
}

/**
 * @param {{ readonly freeBytes: number, readonly freeAt: string, readonly memoryBytes: number, readonly isFirstInstall: boolean }} room
 * @returns {string | undefined}
 */
export function findRoomProblem(room) {
  const neededBytes = room.isFirstInstall ? FIRST_INSTALL_BYTES : WARM_START_BYTES;
  if (room.freeBytes < neededBytes) {
    const what = room.isFirstInstall ? 'a first installation' : 'a start';
    return `The disk of ${room.freeAt} has ${megabytes(room.freeBytes)} MB left and ${what} needs ${megabytes(neededBytes)} MB: free some space and start again.`;
  }
  if (room.memoryBytes < MEMORY_BYTES) {
    return `This machine has ${megabytes(room.memoryBytes)} MB of memory left and a box needs ${megabytes(MEMORY_BYTES)} MB: end other programs or add memory, and start again.`;
  }
  return undefined;
}

/** @param {number} bytes */
function megabytes(bytes) {
  return String(Math.floor(bytes / MEGABYTE));
}

/**
 * @param {NodeJS.Process} host
 * @returns {HostFacts}
 */
export function readHostFacts(host) {
  const folders = (host.env['PATH'] ?? '').split(delimiter);
  return {
    platform: host.platform,
    hasApt: folders.some((folder) => fs.existsSync(join(folder, 'apt-get'))),
    nodeVersion: host.versions.node,
    uid: host.getuid?.() ?? -1,
    capabilities:
      host.platform === 'linux' ? parseCapabilities(fs.readFileSync('/proc/self/status', 'utf8')) : 0n,
  };
}

/**
 * @param {string} status text of /proc/self/status
 * @returns {bigint}
 */
export function parseCapabilities(status) {
  return BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0'}`);
}

/**
 * The disk with the least room among those that an installation writes to, and the memory that can be had.
 * @param {readonly string[]} folders
 */
export function readRoom(folders) {
  const disks = folders.map((freeAt) => {
    const { bavail, bsize } = fs.statfsSync(freeAt);
    return { freeAt, freeBytes: bavail * bsize };
  });
  const tightest = disks.reduce((least, disk) => (disk.freeBytes < least.freeBytes ? disk : least));
  return { ...tightest, memoryBytes: parseAvailableMemory(fs.readFileSync('/proc/meminfo', 'utf8')) };
}

/**
 * @param {string} meminfo text of /proc/meminfo
 * @returns {number} bytes that can be had without swapping; without limit when the kernel does not say
 */
export function parseAvailableMemory(meminfo) {
  const kibibytes = /^MemAvailable:\s*(\d+) kB$/m.exec(meminfo)?.[1];
  return kibibytes === undefined ? Infinity : Number(kibibytes) * 1024;
}
