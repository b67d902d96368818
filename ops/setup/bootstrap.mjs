#!/usr/bin/env node
/**
 * The two commands: installs what is missing (Debian packages, npm packages), builds what has changed, and then runs
 * the command itself. Refuses in one sentence what it cannot put right: exit code 2.
 *
 *     node ops/setup/bootstrap.mjs start|test|lab|bench|soak [arguments]
 */
import { dirname, join, resolve } from 'node:path';
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import { clearInterval, setInterval } from 'node:timers';
import { fileURLToPath } from 'node:url';
import { planBuild, runBuild } from './build.mjs';
import { planCommand } from './command-plan.mjs';
import { findMissingPackages, installDebianPackages, wantedPackages } from './debian-packages.mjs';
import { findHostProblem, findRoomProblem, readHostFacts, readRoom } from './host.mjs';
import { findMissingNpmPackages, installNpmPackages } from './npm-packages.mjs';
import { findNpmWatch } from './npm-parent.mjs';
import { listNames, SetupProblem } from './problem.mjs';
import { finishKilledInstall, openServiceHost } from './quiet-services.mjs';
import { makePrompts } from './prompts.mjs';
import { createRun, runProgram } from './runner.mjs';
import { makePages } from './pages.mjs';
import { SetupLock } from './setup-lock.mjs';
import { Signals, Stopped } from './signals.mjs';

const FOLDER = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
/** Gone after a boot, as is whoever held it. */
const LOCK_PATH = '/run/wardline-setup.lock';
const NPM_CHECK_MS = 500;

/** @typedef {import('./command-plan.mjs').CommandPlan} CommandPlan */
/** @typedef {import('./runner.mjs').Run} Run */

/** @param {string} line */
function say(line) {
  process.stderr.write(`${line}\n`);
}

/**
 * Does a step and tells how long it took.
 * @param {CommandPlan} command
 * @param {() => Promise<{ line: string, hasWorked: boolean }>} action
 */
async function step(command, action) {
  const startMs = performance.now();
  const { line, hasWorked } = await action();
  const seconds = ((performance.now() - startMs) / 1000).toFixed(1).padStart(6);
  // Other commands print what programs read, so the steps stay out of the way there.
  if (command.tellsSteps) process.stdout.write(`${seconds} s  ${line}\n`);
  else if (hasWorked) say(`${seconds} s  ${line}`);
}

/**
 * @param {string} what
 * @returns {string}
 */
function logFile(what) {
  return join(FOLDER, 'artefacts', 'setup', `${what}.log`);
}

/**
 * @param {Run} run
 * @param {CommandPlan} command
 */
async function ensureInstalled(run, command) {
  const services = openServiceHost();
  await finishKilledInstall({ run, services, logPath: logFile('debian') });
  const debian = await findMissingPackages(run, wantedPackages(command));
  const npm = findMissingNpmPackages(FOLDER);
  const isFirstInstall = debian.length + npm.length > 0;
  if (command.startsBox || isFirstInstall) {
    const problem = findRoomProblem({ ...readRoom(['/', FOLDER]), isFirstInstall });
    if (problem !== undefined) throw new SetupProblem(problem);
  }
  await step(command, async () => {
    if (debian.length === 0) return { line: 'Debian packages: all present', hasWorked: false };
    await installDebianPackages({ run, missing: debian, logPath: logFile('debian'), services });
    return {
      line: `Debian packages: ${String(debian.length)} installed (${listNames(debian)})`,
      hasWorked: true,
    };
  });
  await step(command, async () => {
    if (npm.length === 0) return { line: 'npm packages: all present', hasWorked: false };
    await installNpmPackages({ run, folder: FOLDER, missing: npm, logPath: logFile('npm') });
    return { line: 'npm packages: installed from package-lock.json', hasWorked: true };
  });
}

/**
 * @param {Run} run
 * @param {CommandPlan} command
 */
async function ensureBuilt(run, command) {
  await step(command, async () => {
    const plan = planBuild(FOLDER);
    if (!plan.isDue) return { line: 'build: up to date', hasWorked: false };
    await runBuild({ run, folder: FOLDER, plan, logPath: logFile('build'), show: say });
    return { line: `build: ${String(plan.sources.length)} sources`, hasWorked: true };
  });
}

/**
 * What callers hear is not in the repository: it is spoken by a program, and music is computed.
 * @param {Run} run
 * @param {CommandPlan} command
 */
async function ensurePrompts(run, command) {
  await step(command, async () => {
    const made = await makePrompts({ run, folder: FOLDER, logPath: logFile('prompts') });
    return { line: made ? 'prompts: made' : 'prompts: all present', hasWorked: made };
  });
}

/**
 * @param {Run} run
 * @param {CommandPlan} command
 */
async function ensurePages(run, command) {
  await step(command, async () => {
    const made = await makePages({ run, folder: FOLDER, logPath: logFile('pages') });
    return { line: made ? 'pages of the panel: made' : 'pages of the panel: up to date', hasWorked: made };
  });
}

/** @param {Signals} signals */
function stopWithNpm(signals) {
  const isNpmGone = findNpmWatch();
  if (isNpmGone === undefined) return;
  const timer = setInterval(() => {
    if (!isNpmGone()) return;
    clearInterval(timer);
    signals.receive('SIGTERM');
  }, NPM_CHECK_MS);
  timer.unref();
}

/** @returns {Promise<number>} exit code */
async function main() {
  const command = planCommand(process.argv.slice(2));
  const problem = findHostProblem(readHostFacts(process), command);
  if (problem !== undefined) throw new SetupProblem(problem);
  const signals = new Signals(() => performance.now());
  signals.listen(process);
  // Nobody reads any more ("npm start | head"): as when the terminal is closed, and no stack trace of a broken pipe.
  process.stdout.on('error', () => {
    signals.receive('SIGHUP');
  });
  stopWithNpm(signals);
  const lock = new SetupLock(LOCK_PATH);
  const run = createRun({ signals, folder: FOLDER, env: process.env, lockFd: () => lock.fd, report: say });
  await lock.take(run, say);
  await ensureInstalled(run, command);
  await ensureBuilt(run, command);
  await ensurePrompts(run, command);
  await ensurePages(run, command);
  lock.release();
  signals.throwIfStopped();
  return runProgram({ signals, folder: FOLDER, main: command.main, args: command.args });
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (/** @type {unknown} */ error) => {
    const isExpected = error instanceof SetupProblem || error instanceof Stopped;
    if (!(error instanceof Stopped))
      say(isExpected ? error.message : String(error instanceof Error ? error.stack : error));
    process.exitCode = isExpected ? error.exitCode : 1;
  },
);
