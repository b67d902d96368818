/**
 * The Debian packages: which are missing, installing them, and what a failure of apt means.
 *
 * Invariants: nothing of the host is removed, replaced or restarted (--no-remove, needrestart suspended), and no
 * daemon that a package brings is running afterwards (quiet-services.mjs).
 */
import { listNames, SetupProblem } from './problem.mjs';
import { DPKG_ENVIRONMENT, withoutServiceStarts } from './quiet-services.mjs';

/** Recommended packages are not needed: rtpengine's are its recorder and tools, keepalived's the IPVS command. */
const ALWAYS = [
  'rtpengine-daemon',
  'redis-server',
  'keepalived',
  'softhsm2',
  // For the program systemd-notify; it does not become the machine's init by being installed.
  'systemd',
  'iproute2',
  'nftables',
  'iputils-arping',
  'iputils-ping',
  'socat',
  'openssl',
  'procps',
  'util-linux',
  'build-essential',
  'python3',
  'espeak-ng',
  'sox',
];
/** Callers, a softphone that is not ours, a browser, and a font that has Chinese. */
const FOR_TESTS = ['sip-tester', 'baresip-core', 'chromium', 'fonts-wqy-microhei'];

/** @typedef {import('./runner.mjs').Run} Run */

/**
 * @param {{ readonly isTest: boolean }} command
 * @returns {readonly string[]}
 */
export function wantedPackages(command) {
  return command.isTest ? [...ALWAYS, ...FOR_TESTS] : ALWAYS;
}

/**
 * @param {string} listing what dpkg-query printed: "name status" per line
 * @param {readonly string[]} wanted
 * @returns {string[]}
 */
export function missingPackages(listing, wanted) {
  const installed = new Set(
    listing
      .split('\n')
      .filter((line) => line.endsWith(' installed'))
      .map((line) => line.split(' ')[0]),
  );
  return wanted.filter((name) => !installed.has(name));
}

/**
 * @param {Run} run
 * @param {readonly string[]} wanted
 */
export async function findMissingPackages(run, wanted) {
  // Ends with 1 when it knows nothing of one of them; what it knows of the others is printed all the same.
  const { output } = await run('dpkg-query', ['-W', '-f', '${Package} ${db:Status-Status}\\n', ...wanted]);
  return missingPackages(output, wanted);
}

const APT_NETWORK = [
  /Could not resolve/,
  /Temporary failure resolving/,
  /Could not connect/,
  /Unable to connect/,
  /Connection failed/,
  /Connection timed out/,
  /Network is unreachable/,
  /Failed to fetch/,
];

/**
 * @param {string} output of apt-get update and apt-get install, in English
 * @param {readonly string[]} missing
 * @param {string} logPath
 * @returns {string} a sentence
 */
export function explainAptFailure(output, missing, logPath) {
  const names = listNames(missing, 30);
  const unknown = [...output.matchAll(/E: (?:Unable to locate package|Package '?)\s*([a-z0-9+.-]+)/g)].map(
    (match) => match[1],
  );
  if (/No space left on device|You don't have enough free space/.test(output)) {
    return `The disk filled up while Debian packages were installed: free some space and start again (log: ${logPath}).`;
  }
  if (/dpkg was interrupted/.test(output)) {
    return `An earlier installation on this machine was cut short: run "dpkg --configure -a" and start again (log: ${logPath}).`;
  }
  if (/Could not get lock|Unable to acquire the dpkg frontend lock/.test(output)) {
    return `Another program is installing packages on this machine: wait until it has ended and start again (log: ${logPath}).`;
  }
  if (APT_NETWORK.some((pattern) => pattern.test(output))) {
    return `Debian packages are missing (${names}) and no package source can be reached: connect this machine to a network or give apt an offline mirror, and start again (log: ${logPath}).`;
  }
  if (unknown.length > 0) {
    return `The package sources of this machine do not have ${unknown.join(', ')}: add the "main" section of Debian 12 to the sources of apt and start again (log: ${logPath}).`;
  }
  if (/Packages need to be removed but remove is disabled/.test(output)) {
    return `Installing ${names} would remove other packages of this machine, which Wardline does not do: install them by hand or use another machine (log: ${logPath}).`;
  }
  return `apt-get could not install ${names}: put right what the end of its log says and start again (log: ${logPath}).`;
}

// explainAptFailure reads English.
const APT_ENVIRONMENT = { ...DPKG_ENVIRONMENT, LC_ALL: 'C' };
const APT_OPTIONS = ['-q', '-y', '-o', 'DPkg::Lock::Timeout=120', '-o', 'Dpkg::Use-Pty=0'];
const INSTALL_OPTIONS = ['--no-install-recommends', '--no-remove', '-o', 'Dpkg::Options::=--force-confold'];

/**
 * @param {object} options
 * @param {Run} options.run
 * @param {readonly string[]} options.missing
 * @param {string} options.logPath
 * @param {import('./quiet-services.mjs').ServiceHost} options.services
 * @returns {Promise<void>}
 * @throws {SetupProblem}
 */
export async function installDebianPackages({ run, missing, logPath, services }) {
  const options = { env: APT_ENVIRONMENT, logPath };
  await withoutServiceStarts({ run, services, packages: missing }, async () => {
    // A source that cannot be reached is no failure yet: the lists may be there.
    const update = await run('apt-get', [...APT_OPTIONS, 'update'], options);
    const args = [...APT_OPTIONS, ...INSTALL_OPTIONS, 'install', ...missing];
    // Stopped halfway, dpkg leaves packages in pieces: a Ctrl-C waits until it has ended.
    const install = await run('apt-get', args, { ...options, finishFirst: true });
    if (install.code !== 0) {
      throw new SetupProblem(explainAptFailure(update.output + install.output, missing, logPath));
    }
  });
}
