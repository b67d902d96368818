/** What a machine can say of itself from inside. */
import { readFile } from 'node:fs/promises';
import type { Clock } from '../../../cluster/base/clock.js';
import { run } from '../shell.js';

interface IpAddressEntry {
  readonly addr_info?: readonly { readonly family: string; readonly local: string }[];
}

/** @returns the IPv4 addresses on an interface, without prefix lengths */
export async function findAddresses(interfaceName: string, clock: Clock): Promise<readonly string[]> {
  const output = await run(['ip', '-json', 'address', 'show', 'dev', interfaceName], { clock });
  const entries = JSON.parse(output) as readonly IpAddressEntry[];
  return entries
    .flatMap((entry) => entry.addr_info ?? [])
    .flatMap((info) => (info.family === 'inet' ? [info.local] : []));
}

/** @returns how many files a process of this machine may have open; root cannot always raise it in a container */
export async function findOpenFilesHardMax(): Promise<number> {
  const limits = await readFile('/proc/self/limits', 'utf8');
  const hard = /^Max open files\s+\S+\s+(\S+)/m.exec(limits)?.[1];
  return Number(hard === 'unlimited' ? Infinity : hard);
}
