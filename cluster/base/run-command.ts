/**
 * Runs another program to its end. Every run has a deadline; a failure says which command ended how, with what it
 * printed. Never through a shell: words are words.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { baseErrors } from './base-errors.js';
import type { Clock } from './clock.js';

export interface RunOptions {
  readonly clock: Clock;
  readonly input?: string;
  /** Default 10 s. */
  readonly deadlineMs?: number;
  /** Out of reach of the terminal: a Ctrl-C must not end what is being done in answer to it. */
  readonly inOwnSession?: boolean;
}

const DEADLINE_MS = 10_000;
const OUTPUT_SHOWN_MAX = 600;

function collect(child: ChildProcess): { out: () => string; err: () => string } {
  const [out, err]: [Buffer[], Buffer[]] = [[], []];
  child.stdout?.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr?.on('data', (chunk: Buffer) => err.push(chunk));
  return { out: () => Buffer.concat(out).toString('utf8'), err: () => Buffer.concat(err).toString('utf8') };
}

/** @returns standard output. @throws COMMAND_FAILED when it does not end with 0 within the deadline */
export function runCommand(command: readonly [string, ...string[]], options: RunOptions): Promise<string> {
  const [program, ...args] = command;
  return new Promise((resolve, reject) => {
    const detached = options.inOwnSession === true;
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], detached });
    const output = collect(child);
    let timedOut = false;
    const timer = options.clock.schedule(options.deadlineMs ?? DEADLINE_MS, () => {
      timedOut = true;
      child.kill('SIGKILL');
    });
    const fail = (status: string, cause?: unknown): void => {
      const text = (output.err() || output.out()).trim().slice(-OUTPUT_SHOWN_MAX);
      reject(
        baseErrors.COMMAND_FAILED({ command: command.join(' '), status, output: text || 'no output' }, cause),
      );
    };
    child.on('error', (error) => {
      timer.cancel();
      fail('an error at its start', error);
    });
    child.on('close', (code, signal) => {
      timer.cancel();
      if (code === 0) resolve(output.out());
      else fail(timedOut ? 'a deadline' : String(signal ?? code));
    });
    child.stdin.on('error', () => {
      // The program ended before it had read its input; its exit status says what matters.
    });
    child.stdin.end(options.input ?? '');
  });
}
