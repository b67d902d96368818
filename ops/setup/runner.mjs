/** Runs other programs: quietly with a log during the set-up, and at last the command itself in the foreground. */
import { spawn } from 'node:child_process';
import * as fs from 'node:fs';
import { dirname } from 'node:path';
import process from 'node:process';
import { exitCodeOf } from './signals.mjs';

/** @typedef {import('./signals.mjs').Signals} Signals */
/** @typedef {import('node:child_process').ChildProcess} ChildProcess */

/**
 * @typedef {object} RunOptions
 * @property {Readonly<Record<string, string>>} [env] added to the environment
 * @property {string} [logPath] what it prints is appended there
 * @property {boolean} [finishFirst] a first signal waits until it has ended; default: it is passed on at once
 * @property {boolean} [alsoWhenStopped] it belongs to the tidying up after a signal
 */

/**
 * Never rejects because of how the program ends; a program that does not exist ends with 127.
 * @typedef {(command: string, args: readonly string[], options?: RunOptions) => Promise<{ code: number, output: string }>} Run
 */

/**
 * @param {object} setup
 * @param {Signals} setup.signals
 * @param {string} setup.folder
 * @param {NodeJS.ProcessEnv} setup.env
 * @param {() => number | undefined} setup.lockFd inherited by every program, so that a set-up that is killed is not followed by
 *   another one while its apt is still running
 * @param {(line: string) => void} setup.report
 * @returns {Run} throws Stopped after a signal
 */
export function createRun({ signals, folder, env, lockFd, report }) {
  return async (command, args, options = {}) => {
    if (options.alsoWhenStopped !== true) signals.throwIfStopped();
    const printed =
      options.logPath === undefined
        ? openPipe()
        : openLogFile(options.logPath, `$ ${command} ${args.join(' ')}`);
    const child = spawn(command, args, {
      cwd: folder,
      detached: true,
      stdio: ['ignore', printed.target, printed.target, lockFd() ?? 'ignore'],
      env: { ...env, ...options.env },
    });
    printed.started(child);
    signals.onSignal = stopChild(child, signals, options, report);
    const code = await ended(child);
    signals.onSignal = () => undefined;
    const output = printed.finish();
    if (options.alsoWhenStopped !== true) signals.throwIfStopped();
    return { code, output };
  };
}

/**
 * Where a program prints to, and what it has printed.
 * @typedef {object} Printed
 * @property {number | 'pipe'} target
 * @property {(child: ChildProcess) => void} started
 * @property {() => string} finish
 */

/** @returns {Printed} */
function openPipe() {
  let text = '';
  return {
    target: 'pipe',
    started: (child) => {
      for (const stream of [child.stdout, child.stderr]) {
        stream?.setEncoding('utf8').on('data', (/** @type {string} */ piece) => {
          text += piece;
        });
      }
    },
    finish: () => text,
  };
}

/**
 * The program writes to the file itself: a pipe would break when the set-up is killed, and apt with it, halfway
 * through a package.
 * @param {string} path
 * @param {string} heading
 * @returns {Printed}
 */
function openLogFile(path, heading) {
  fs.mkdirSync(dirname(path), { recursive: true });
  fs.appendFileSync(path, `${heading}\n`);
  const fd = fs.openSync(path, 'a');
  const from = fs.fstatSync(fd).size;
  return {
    target: fd,
    started: () => undefined,
    finish: () => {
      fs.closeSync(fd);
      return fs.readFileSync(path).subarray(from).toString('utf8');
    },
  };
}

/**
 * @param {ChildProcess} child
 * @param {Signals} signals
 * @param {RunOptions} options
 * @param {(line: string) => void} report
 * @returns {(signal: NodeJS.Signals) => void}
 */
function stopChild(child, signals, options, report) {
  let mustWait = options.finishFirst === true && signals.first === undefined;
  return (signal) => {
    if (mustWait) {
      mustWait = false;
      report('stopping as soon as the package installation that is under way has ended');
    } else {
      killGroup(child, signal);
    }
  };
}

/**
 * @param {ChildProcess} child
 * @param {NodeJS.Signals} signal
 */
function killGroup(child, signal) {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // It has just ended by itself.
  }
}

/**
 * @param {ChildProcess} child
 * @returns {Promise<number>}
 */
function ended(child) {
  return new Promise((resolve) => {
    child.on('error', () => {
      resolve(127);
    });
    child.on('close', (code, signal) => {
      resolve(exitCodeOf(code, signal));
    });
  });
}

/**
 * Runs a compiled program in the foreground until it ends. It has a session of its own (signals.mjs), and the kernel
 * sends it SIGTERM when the set-up is killed without having been able to say so.
 * @param {{ readonly signals: Signals, readonly folder: string, readonly main: string, readonly args: readonly string[] }} program
 * @returns {Promise<number>} the exit code
 */
export function runProgram({ signals, folder, main, args }) {
  const child = spawn(
    'setpriv',
    ['--pdeathsig', 'TERM', process.execPath, '--enable-source-maps', main, ...args],
    { cwd: folder, detached: true, stdio: 'inherit' },
  );
  signals.onSignal = (signal) => child.kill(signal);
  return ended(child);
}
