/** Words that run programs inside the laboratory, and tie their lives to ours. */
import { runCommand, type RunOptions } from '../../cluster/base/run-command.js';

/** Runs a program to its end, out of reach of a Ctrl-C. @returns its standard output. @throws COMMAND_FAILED */
export function run(command: readonly [string, ...string[]], options: RunOptions): Promise<string> {
  return runCommand(command, { ...options, inOwnSession: true });
}

/** The words that make a command run in a namespace; the pid of the command is that of the spawned process. */
export function inNamespace(namespace: string, command: readonly string[]): [string, ...string[]] {
  return ['ip', 'netns', 'exec', namespace, ...command];
}

/**
 * The words that tie a child's life to ours: when this process dies, even by SIGKILL, the kernel kills the child.
 * It is why a box whose command was killed leaves no process behind. Such a child belongs in a session of its own
 * (`detached`): Ctrl-C in a terminal reaches every process of the session, and the box is taken down in order.
 */
export function diesWithParent(command: readonly string[]): [string, ...string[]] {
  return ['setpriv', '--pdeathsig', 'KILL', ...command];
}
