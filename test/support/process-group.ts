/** The processes of one group, so that a test file takes nothing of itself into the next one. */
import { readdirSync, readFileSync } from 'node:fs';

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** proc(5), /proc/pid/stat: after the name in parentheses come state, parent and group. */
function groupIfAlive(stat: string): number | undefined {
  const [state, , group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return state === undefined || 'ZX'.includes(state) ? undefined : Number(group);
}

/** Command lines of the living members; the dead that nobody has waited for yet do not count. */
export function livingGroupMembers(groupId: number): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => groupIfAlive(readText(`/proc/${pid}/stat`)) === groupId)
    .map((pid) => {
      const command = readText(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim();
      return `${pid} ${command === '' ? readText(`/proc/${pid}/comm`).trim() : command}`;
    });
}

/** Signals every member; a group that is gone already is no error. */
export function signalGroup(groupId: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-groupId, signal);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}
