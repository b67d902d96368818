/** Words that run programs inside the laboratory, and tie their lives to ours. */

export { runCommand as run } from '../../cluster/base/run-command.js';

/** The words that make a command run in a namespace; the pid of the command is that of the spawned process. */
export function inNamespace(namespace: string, command: readonly string[]): [string, ...string[]] {
  return ['ip', 'netns', 'exec', namespace, ...command];
}

/**
 * The words that tie a child's life to ours: when this process dies, even by SIGKILL, the kernel kills the child.
 * It is why a box whose command was killed leaves no process behind.
 */
export function diesWithParent(command: readonly string[]): [string, ...string[]] {
  return ['setpriv', '--pdeathsig', 'KILL', ...command];
}
