/**
 * One set-up at a time on a machine, whatever folder it is in: apt and the policy for services are the machine's.
 * The lock is the kernel's (flock), on an open file that every program we run inherits as its descriptor 3: it ends
 * with the last of them, so there is never a stale one, and an apt whose set-up was killed still holds it.
 */
import * as fs from 'node:fs';
import { SetupProblem } from './problem.mjs';

const PATIENCE_SECONDS = 900;
/** flock(1) locks the open file behind its descriptor 3; the lock stays when flock itself has ended. */
const LOCK_DESCRIPTOR = '3';

/** @typedef {import('./runner.mjs').Run} Run */

export class SetupLock {
  /** @type {number | undefined} */
  #fd;
  #path;

  /** @param {string} path */
  constructor(path) {
    this.#path = path;
  }

  /** What programs inherit. */
  get fd() {
    return this.#fd;
  }

  /**
   * @param {Run} run hands `fd` on
   * @param {(line: string) => void} report
   * @throws {SetupProblem} when another set-up does not end
   */
  async take(run, report) {
    this.#fd = fs.openSync(this.#path, 'w', 0o600);
    if (await tryLock(run, 0)) return;
    report('waiting for another set-up on this machine to end');
    if (await tryLock(run, PATIENCE_SECONDS)) return;
    this.release();
    throw new SetupProblem(
      'Another set-up of Wardline on this machine does not end: end it and start again.',
    );
  }

  release() {
    if (this.#fd !== undefined) fs.closeSync(this.#fd);
    this.#fd = undefined;
  }
}

/**
 * @param {Run} run
 * @param {number} seconds
 */
async function tryLock(run, seconds) {
  const { code } = await run('flock', ['-x', '-w', String(seconds), LOCK_DESCRIPTOR]);
  return code === 0;
}
