/**
 * Looks at the machine it runs on, as root. Changes nothing but for a folder that it makes and removes at once to
 * see whether the disk takes it.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rmdir, statfs } from 'node:fs/promises';
import { networkInterfaces, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { NodeDocument } from '../schema/node.js';
import { findPartner, getNode, type Site } from '../site-nodes.js';
import { parseArpAnswers, parseSockets, parseUnit } from './parse-tools.js';
import type { ArpAnswer, FolderFacts, HeldPort, WorldFacts } from './world-facts.js';

const execute = promisify(execFile);

const COMMAND_DEADLINE_MS = 5000;
const ARP_WAIT_SECONDS = 1;
/** statfs(2) */
const TMPFS_MAGIC = 0x0102_1994;

export interface WorldReading {
  readonly site: Site;
  readonly node: NodeDocument;
  readonly wallMs: number;
  readonly builtAtMs: number;
  readonly partnerClockOffsetMs?: number;
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message.trim().replaceAll(/\s+/g, ' ') : String(error);
}

/** Names from the kernel, because Node leaves out interfaces that are down. */
async function readInterfaces(): Promise<ReadonlyMap<string, readonly string[]>> {
  const addresses = networkInterfaces();
  return new Map(
    (await readdir('/sys/class/net')).map((name) => [
      name,
      (addresses[name] ?? []).flatMap(({ family, address }) => (family === 'IPv4' ? [address] : [])),
    ]),
  );
}

/** Asks without an address of its own (-D), so that nobody learns a wrong one; ends with 1 when somebody answers. */
async function askByArp(interfaceName: string, address: string): Promise<readonly ArpAnswer[]> {
  const words = ['-D', '-c', '2', '-w', String(ARP_WAIT_SECONDS), '-I', interfaceName, address];
  try {
    const { stdout } = await execute('arping', words, { timeout: COMMAND_DEADLINE_MS });
    // It ends with 0 as well when it could not ask at all.
    if (!stdout.startsWith('ARPING')) throw new Error(`arping: ${stdout.trim()}`);
    return [];
  } catch (error) {
    const { code, stdout } = error as { readonly code?: unknown; readonly stdout?: string };
    if (code === 1 && stdout !== undefined) return parseArpAnswers(stdout);
    throw error;
  }
}

async function readArp(
  site: Site,
  node: NodeDocument,
): Promise<Pick<WorldFacts, 'arpAnswers' | 'arpProblem'>> {
  const own = getNode(site, node.nodeId);
  const partner = findPartner(site, node.nodeId);
  const targets = [own.serviceAddress, partner?.serviceAddress, partner?.address];
  try {
    const asked = targets.flatMap((target) =>
      target === undefined ? [] : [askByArp(node.interface, target)],
    );
    return { arpAnswers: (await Promise.all(asked)).flat() };
  } catch (error) {
    return { arpAnswers: [], arpProblem: reason(error) };
  }
}

async function withUnit(held: HeldPort): Promise<HeldPort> {
  if (held.pid === undefined) return held;
  // A process that has ended meanwhile holds nothing, but that is found out by the next check.
  const cgroup = await readFile(`/proc/${String(held.pid)}/cgroup`, 'utf8').catch(() => '');
  const unit = parseUnit(cgroup);
  return unit === undefined ? held : { ...held, unit };
}

async function readHeldPorts(): Promise<readonly HeldPort[]> {
  const { stdout } = await execute('ss', ['-Hlntup'], { timeout: COMMAND_DEADLINE_MS });
  return Promise.all(parseSockets(stdout).map(withUnit));
}

/** Of the folder itself or, as long as it does not exist, of the nearest one above. */
async function readFolder(path: string): Promise<FolderFacts & { readonly existing: string }> {
  try {
    const { type, bavail, bsize } = await statfs(path);
    return {
      fileSystem: type === TMPFS_MAGIC ? 'tmpfs' : 'other',
      freeBytes: bavail * bsize,
      existing: path,
    };
  } catch (error) {
    if (path === '/') throw error;
    return readFolder(dirname(path));
  }
}

async function readDataFolder(path: string): Promise<FolderFacts> {
  const folder = await readFolder(path);
  try {
    await rmdir(await mkdtemp(join(folder.existing, '.wardline-check-')));
    return folder;
  } catch (error) {
    return { ...folder, writeProblem: reason(error) };
  }
}

async function readSwapBytes(): Promise<number> {
  const text = await readFile('/proc/meminfo', 'utf8');
  return Number(/^SwapTotal:\s+(\d+) kB/m.exec(text)?.[1] ?? 0) * 1024;
}

/** @throws Error when the machine does not let itself be looked at: no ss, no /proc */
export async function readWorldFacts(reading: WorldReading): Promise<WorldFacts> {
  const { site, node, wallMs, builtAtMs, partnerClockOffsetMs } = reading;
  const interfaces = await readInterfaces();
  // Without the interface there is nobody to ask, and that is a problem of its own.
  const arp = interfaces.has(node.interface) ? await readArp(site, node) : { arpAnswers: [] };
  return {
    interfaces,
    ...arp,
    heldPorts: await readHeldPorts(),
    dataFolder: await readDataFolder(node.paths.data),
    runFolder: await readFolder(node.paths.run),
    wallMs,
    builtAtMs,
    ...(partnerClockOffsetMs === undefined ? {} : { partnerClockOffsetMs }),
    memoryBytes: totalmem(),
    swapBytes: await readSwapBytes(),
    openFilesMax: Number(await readFile('/proc/sys/fs/nr_open', 'utf8')),
  };
}
