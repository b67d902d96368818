/** The process that is a WAN link, seen from outside: started, told to change, and asked how it is. */
import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Clock } from '../../../cluster/base/clock.js';
import { opsErrors } from '../../errors.js';
import { DEFAULT_IMPAIRMENT, type Impairment } from './impairment.js';

interface ShuttleLine {
  readonly ready?: true;
  readonly applied?: Impairment;
  readonly refused?: string;
}

const ANSWER_DEADLINE_MS = 2000;
/** Node's start on a machine that starts a whole box at once. */
const READY_DEADLINE_MS = 10_000;

export class ShuttleLink {
  readonly #process: ChildProcess;
  readonly #place: string;
  readonly #clock: Clock;
  readonly #waiters: ((line: ShuttleLine) => void)[] = [];
  #impairment: Impairment = DEFAULT_IMPAIRMENT;

  /** @param process the shuttle with pipes for its standard input and output, just spawned */
  constructor(process: ChildProcess, place: string, clock: Clock) {
    this.#process = process;
    this.#place = place;
    this.#clock = clock;
    if (process.stdout === null) throw new TypeError('the shuttle needs a pipe for its output');
    createInterface({ input: process.stdout }).on('line', (line) => {
      this.#waiters.shift()?.(JSON.parse(line) as ShuttleLine);
    });
    // It may be killed while it is being told something; the missing answer says so.
    process.stdin?.on('error', () => undefined);
  }

  /** What the link does to packets now. */
  get impairment(): Impairment {
    return this.#impairment;
  }

  /** @throws LAB_FAULT_FAILED when the process does not come up */
  async ready(): Promise<void> {
    await this.#nextLine(READY_DEADLINE_MS);
  }

  /** What is not named stays as it is. @throws LAB_FAULT_FAILED */
  async change(change: Partial<Impairment>): Promise<Impairment> {
    const answer = this.#nextLine();
    this.#process.stdin?.write(`${JSON.stringify(change)}\n`);
    const { applied, refused } = await answer;
    if (applied === undefined) throw this.#failed(refused ?? 'it gave no answer that is understood');
    this.#impairment = applied;
    return applied;
  }

  /** Answers come in the order of the changes. */
  #nextLine(deadlineMs = ANSWER_DEADLINE_MS): Promise<ShuttleLine> {
    return new Promise((resolve, reject) => {
      const timer = this.#clock.schedule(deadlineMs, () => {
        // The place in the row stays: an answer that comes late must not be taken for the next one's.
        reject(this.#failed(`no answer within ${String(deadlineMs)} ms`));
      });
      this.#waiters.push((line) => {
        timer.cancel();
        resolve(line);
      });
    });
  }

  #failed(problem: string): Error {
    return opsErrors.LAB_FAULT_FAILED({ what: `the WAN to ${this.#place} cannot be changed`, problem });
  }
}
