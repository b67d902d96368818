/** A program as a person starts it: what it prints, how it ends. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { TestContext } from './spec.js';
import { notYet, waitFor } from './wait.js';

export interface Ended {
  readonly code: number | null;
  readonly output: string;
}

export class RunningProgram {
  readonly child: ChildProcess;
  /** Of both streams. */
  output = '';

  constructor(command: string, words: readonly string[]) {
    // In a session of its own, as under npm start.
    this.child = spawn(command, words, { detached: true });
    for (const stream of [this.child.stdout, this.child.stderr])
      stream?.setEncoding('utf8').on('data', (chunk: string) => (this.output += chunk));
  }

  /** Ends it with the test, whatever happens. */
  endWith(t: TestContext, signal: NodeJS.Signals): this {
    t.defer(async () => {
      this.child.kill(signal);
      await this.ended();
    });
    return this;
  }

  async ended(): Promise<Ended> {
    if (this.child.exitCode === null && this.child.signalCode === null) await once(this.child, 'close');
    return { code: this.child.exitCode, output: this.output };
  }

  async shows(pattern: RegExp, deadlineMs = 20_000): Promise<void> {
    await waitFor(
      `the output has ${String(pattern)}`,
      () => pattern.test(this.output) || notYet(this.output.slice(-800)),
      { deadlineMs },
    );
  }
}
