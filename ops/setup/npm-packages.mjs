/** The npm packages: do they match package-lock.json, installing them, and what a failure of npm means. */
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { listNames, SetupProblem } from './problem.mjs';

/** Written last, so that an installation that was cut short is done again. */
const STAMP = 'node_modules/.wardline-lock';

/** @typedef {import('./runner.mjs').Run} Run */

/**
 * The parts that matter of package-lock.json, and of the copy that npm keeps of what it has really installed.
 * @typedef {object} Lockfile
 * @property {Readonly<Record<string, { readonly version?: string, readonly optional?: boolean, readonly dependencies?: Readonly<Record<string, string>>, readonly devDependencies?: Readonly<Record<string, string>> }>>} packages
 */

/**
 * @param {Lockfile} lock package-lock.json
 * @param {Lockfile} installed node_modules/.package-lock.json; packages for other platforms are not in it
 * @returns {boolean}
 */
export function isInstalled(lock, installed) {
  const wanted = Object.entries(lock.packages).filter(([path]) => path !== '');
  const everyWanted = wanted.every(([path, entry]) => {
    const found = installed.packages[path];
    return found === undefined ? entry.optional === true : found.version === entry.version;
  });
  return everyWanted && Object.keys(installed.packages).every((path) => lock.packages[path] !== undefined);
}

/**
 * @param {Lockfile} lock
 * @returns {string[]} the names of the packages that package.json asks for
 */
export function directPackages(lock) {
  const root = lock.packages[''] ?? {};
  return Object.keys({ ...root.dependencies, ...root.devDependencies });
}

/**
 * @param {string} lockText
 * @returns {string} changes with the lockfile and with what compiled packages depend on
 */
export function lockStamp(lockText) {
  const hash = createHash('sha256').update(lockText).digest('hex');
  return `${hash} ${process.platform}-${process.arch} modules ${process.versions.modules}\n`;
}

/**
 * @param {string} path
 * @returns {string | undefined}
 */
function readIfThere(path) {
  return fs.existsSync(path) ? fs.readFileSync(path, 'utf8') : undefined;
}

/**
 * @param {string} text written by npm
 * @returns {Lockfile}
 */
function parseLockfile(text) {
  /** @type {unknown} */
  const lock = JSON.parse(text);
  return /** @type {Lockfile} */ (lock);
}

/**
 * @param {string} folder root of the repository
 * @returns {string[]} empty when everything is installed, else the direct packages that are missing or may be outdated
 */
export function findMissingNpmPackages(folder) {
  const lockText = fs.readFileSync(join(folder, 'package-lock.json'), 'utf8');
  const lock = parseLockfile(lockText);
  const direct = directPackages(lock);
  const absent = direct.filter((name) => !fs.existsSync(join(folder, 'node_modules', name, 'package.json')));
  if (absent.length > 0) return absent;
  const stampPath = join(folder, STAMP);
  if (readIfThere(stampPath) === lockStamp(lockText)) return [];
  // Installed by hand: npm's own record says whether it was from this lockfile.
  const record = fs.existsSync(stampPath)
    ? undefined
    : readIfThere(join(folder, 'node_modules/.package-lock.json'));
  if (record === undefined || !isInstalled(lock, parseLockfile(record))) return direct;
  fs.writeFileSync(stampPath, lockStamp(lockText));
  return [];
}

const NPM_NETWORK =
  /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ERR_SOCKET_TIMEOUT|ENOTCACHED|E50[234])\b|network/;

/**
 * @param {string} output of npm ci
 * @param {readonly string[]} missing
 * @param {string} logPath
 * @returns {string} a sentence
 */
export function explainNpmFailure(output, missing, logPath) {
  const names = listNames(missing);
  if (/\bENOSPC\b/.test(output)) {
    return `The disk filled up while npm packages were installed: free some space and start again (log: ${logPath}).`;
  }
  if (/\bEUSAGE\b/.test(output)) {
    return `package.json and package-lock.json do not fit together: run "npm install" and start again (log: ${logPath}).`;
  }
  if (/\bEINTEGRITY\b/.test(output)) {
    return `An npm package is not the one that package-lock.json names: run "npm cache clean --force", or find out who changed it, and start again (log: ${logPath}).`;
  }
  if (
    /\b(SELF_SIGNED_CERT_IN_CHAIN|DEPTH_ZERO_SELF_SIGNED_CERT|UNABLE_TO_\w*ISSUER_CERT\w*|UNABLE_TO_VERIFY_LEAF_SIGNATURE)\b/.test(
      output,
    )
  ) {
    return `npm packages are missing (${names}) and npm does not trust the certificate of their source: run "npm config set cafile <file>" with the certificate authority of your network, and start again (log: ${logPath}).`;
  }
  if (NPM_NETWORK.test(output)) {
    return `npm packages are missing (${names}) and their source cannot be reached: connect this machine to a network or give npm an offline mirror, and start again (log: ${logPath}).`;
  }
  return `npm could not install ${names}: put right what the end of its log says and start again (log: ${logPath}).`;
}

/**
 * @param {object} options
 * @param {Run} options.run
 * @param {string} options.folder
 * @param {readonly string[]} options.missing
 * @param {string} options.logPath
 * @returns {Promise<void>}
 * @throws {SetupProblem}
 */
export async function installNpmPackages({ run, folder, missing, logPath }) {
  fs.rmSync(join(folder, STAMP), { force: true });
  // The level is said because a "npm test --silent" around us would silence this npm too, and its reasons with it.
  const args = ['ci', '--prefer-offline', '--include=dev', '--no-audit', '--no-fund', '--loglevel=warn'];
  const { code, output } = await run('npm', args, { logPath });
  if (code !== 0) throw new SetupProblem(explainNpmFailure(output, missing, logPath));
  fs.writeFileSync(
    join(folder, STAMP),
    lockStamp(fs.readFileSync(join(folder, 'package-lock.json'), 'utf8')),
  );
}
