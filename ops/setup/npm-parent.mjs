/**
 * Notices the death of the npm that started us. A killed npm tells nobody, and the box would run on with nobody to
 * press Ctrl-C. npm may run us through a shell, which survives it: so the link that is watched is the one at npm.
 */
import * as fs from 'node:fs';
import process from 'node:process';

/** npm, perhaps a shell, we. */
const GENERATIONS_MAX = 3;

/**
 * What is read of /proc, injected for tests.
 * @typedef {object} Processes
 * @property {(pid: number) => number | undefined} parentOf undefined when there is no such process
 * @property {(pid: number) => string} titleOf
 */

/**
 * @param {Processes} processes
 * @param {number} pid
 * @returns {{ readonly child: number, readonly npm: number } | undefined} npm and its child among our ancestors
 */
export function findNpm(processes, pid) {
  let child = pid;
  for (let generation = 0; generation < GENERATIONS_MAX; generation += 1) {
    const parent = processes.parentOf(child);
    if (parent === undefined || parent <= 1) return undefined;
    if (/^npm\b/.test(processes.titleOf(parent))) return { child, npm: parent };
    child = parent;
  }
  return undefined;
}

/** @type {Processes} */
const REAL = {
  parentOf: (pid) => {
    try {
      // proc(5): "pid (comm) state ppid ..."; comm may hold spaces and parentheses, so count from its end.
      const stat = fs.readFileSync(`/proc/${String(pid)}/stat`, 'utf8');
      return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
    } catch {
      return undefined;
    }
  },
  titleOf: (pid) => {
    try {
      return fs.readFileSync(`/proc/${String(pid)}/cmdline`, 'utf8');
    } catch {
      return '';
    }
  },
};

/**
 * @returns {(() => boolean) | undefined} asks whether npm has died; undefined when it was not npm that started us
 */
export function findNpmWatch() {
  const link = findNpm(REAL, process.pid);
  return link === undefined ? undefined : () => REAL.parentOf(link.child) !== link.npm;
}
