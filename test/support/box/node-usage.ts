/** What the processes of a node of a box have cost so far. */
import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';

/** USER_HZ of every Linux that Node runs on (proc(5)). */
const TICK_MS = 10;

function cpuMsOf(pid: string): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

/** A process may end while it is looked at. */
function tryRead<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

/** CPU in ms by the name of what runs: `sip-engine`, `calls`, `rtpengine`, `redis`, `other`. */
export function readNodeUsage(namespace: string): Readonly<Record<string, number>> {
  const inode = statSync(`/run/netns/${namespace}`).ino;
  const usage: Record<string, number> = {};
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    if (tryRead(() => readlinkSync(`/proc/${pid}/ns/net`)) !== `net:[${String(inode)}]`) continue;
    const words = tryRead(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8')) ?? '';
    const name = nameOf(words);
    usage[name] = (usage[name] ?? 0) + (tryRead(() => cpuMsOf(pid)) ?? 0);
  }
  return usage;
}

function nameOf(words: string): string {
  if (words.includes('sip-engine/main.js')) return 'sip-engine';
  if (words.includes('appliance/main.js')) return 'calls';
  if (words.includes('rtpengine')) return 'rtpengine';
  return words.includes('redis') ? 'redis' : 'other';
}
