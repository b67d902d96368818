/**
 * A program that speaks in lines: what it has said so far, a wait for a line of it, words to its input, and what it
 * has cost. It dies with the test that started it, even when that is killed.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { diesWithParent, inNamespace } from '../../../ops/lab/shell.js';
import { scaledMs } from '../slowness.js';
import { notYet, waitFor } from '../wait.js';

export interface LineProcessOptions {
  readonly command: readonly [string, ...string[]];
  readonly namespace?: string;
  readonly cwd?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

export interface ProcessUsage {
  /** User and system time of all threads, in steps of 10 ms. */
  readonly cpuMs: number;
  readonly rssKiB: number;
}

/** USER_HZ of every Linux that Node runs on: /proc counts in it (proc(5)). */
const TICK_MS = 10;
const STOP_MS = 5_000;
const SHOWN_MAX = 4_000;

/** proc(5): fields 14 and 15 of stat, counted behind the name in parentheses; VmRSS of status. */
export function readProcessUsage(pid: number): ProcessUsage {
  const stat = readFileSync(`/proc/${String(pid)}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const status = readFileSync(`/proc/${String(pid)}/status`, 'latin1');
  return {
    cpuMs: (Number(fields[11]) + Number(fields[12])) * TICK_MS,
    rssKiB: Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]),
  };
}

export class LineProcess {
  /** Complete lines of its standard output, in order. */
  readonly lines: string[] = [];
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;
  #rest = '';
  #errors = '';
  #exit: string | undefined;

  constructor(options: LineProcessOptions) {
    const words = diesWithParent(options.command);
    const [program, ...args] =
      options.namespace === undefined ? words : inNamespace(options.namespace, words);
    this.#child = spawn(program, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      env: { ...process.env, ...options.environment },
    });
    this.#exited = once(this.#child, 'close').then(([code, signal]: unknown[]) => {
      this.#exit = String(signal ?? code);
    });
    this.#child.stdout?.setEncoding('utf8').on('data', (chunk: string) => this.#read(chunk));
    this.#child.stderr?.setEncoding('utf8').on('data', (chunk: string) => (this.#errors += chunk));
    this.#child.stdin?.on('error', () => {
      // It ended before it had read its input; whoever waits for a line of it learns that.
    });
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error('the program could not be started');
    return this.#child.pid;
  }

  /** Its code or the signal that ended it; undefined while it runs. */
  get exit(): string | undefined {
    return this.#exit;
  }

  /** Everything on standard error so far. */
  get errors(): string {
    return this.#errors;
  }

  usage(): ProcessUsage {
    return readProcessUsage(this.pid);
  }

  write(line: string): void {
    this.#child.stdin?.write(`${line}\n`);
  }

  /** @returns the first line that fits. @throws when it ends before, with what it said on standard error */
  async line(sentence: string, fits: (line: string) => boolean, deadlineMs = 10_000): Promise<string> {
    const found = await waitFor(
      sentence,
      () => {
        const line = this.lines.find(fits);
        if (line !== undefined) return { line };
        if (this.#exit !== undefined) return { line: undefined };
        return notYet({ lines: this.lines.slice(-5), errors: this.#errors.slice(-SHOWN_MAX) });
      },
      { deadlineMs, intervalMs: 5 },
    );
    if (found.line !== undefined) return found.line;
    throw new Error(
      `it ended (${String(this.#exit)}) instead of: ${sentence}\n${this.#errors.slice(-SHOWN_MAX)}`,
    );
  }

  /** SIGTERM, and SIGKILL when that is not enough. Idempotent. @returns how it ended */
  async stop(graceMs = STOP_MS): Promise<string> {
    if (this.#exit === undefined) this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), scaledMs(graceMs));
    await this.#exited;
    clearTimeout(timer);
    return this.#exit ?? '';
  }

  /** SIGKILL. Idempotent. */
  async kill(): Promise<void> {
    if (this.#exit === undefined) this.#child.kill('SIGKILL');
    await this.#exited;
  }

  /** Sends a signal without waiting for anything. */
  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Waits for its end. @returns its code or signal */
  async ended(): Promise<string> {
    await this.#exited;
    return this.#exit ?? '';
  }

  #read(chunk: string): void {
    const lines = (this.#rest + chunk).split('\n');
    this.#rest = lines.pop() ?? '';
    this.lines.push(...lines);
  }
}
