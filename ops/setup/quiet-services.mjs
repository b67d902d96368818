/**
 * Debian starts a daemon as soon as its package is installed, and again at every boot. A machine on which somebody
 * tries Wardline must not find a Redis or a VRRP speaker running afterwards.
 *
 * - While packages are installed, /usr/sbin/policy-rc.d forbids starts (exit 101, invoke-rc.d(8)). A policy that is
 *   there already belongs to somebody else and is left alone.
 * - Then what came new is disabled, so that the next boot does not start it either. Packages that were installed
 *   before are never touched: somebody may be using them.
 */
import * as fs from 'node:fs';

const POLICY_PATH = '/usr/sbin/policy-rc.d';
/** Recognises a policy that a killed installation left behind. */
const MARKER = '# Made by the set-up of Wardline for the time of one installation.';
const PACKAGES_LINE = '# It installs: ';

/** Asks nothing, and does not let needrestart restart services of the host. */
export const DPKG_ENVIRONMENT = { DEBIAN_FRONTEND: 'noninteractive', NEEDRESTART_SUSPEND: '1' };

/** Packages that bring a daemon; its unit and its init script have the package's name. */
const DAEMON_PACKAGES = ['rtpengine-daemon', 'redis-server', 'keepalived'];

/** @typedef {import('./runner.mjs').Run} Run */

/**
 * What is touched of the machine, injected for tests.
 * @typedef {object} ServiceHost
 * @property {boolean} hasSystemd systemd is the running init, not only installed
 * @property {() => string | undefined} readPolicy
 * @property {(text: string) => void} writePolicy
 * @property {() => void} removePolicy
 */

/**
 * @param {string | undefined} existing text of the policy that is there
 * @returns {'ours' | 'foreign' | 'none'}
 */
export function whosePolicy(existing) {
  if (existing === undefined) return 'none';
  return existing.includes(MARKER) ? 'ours' : 'foreign';
}

/**
 * @param {object} situation
 * @param {readonly string[]} situation.packages those that were not installed before
 * @param {boolean} situation.hasSystemd
 * @param {boolean} situation.isPolicyForeign a foreign policy may have let daemons start
 * @returns {string[][]} commands that leave no new daemon running, now and after the next boot
 */
export function planQuietCommands({ packages, hasSystemd, isPolicyForeign }) {
  return DAEMON_PACKAGES.filter((name) => packages.includes(name)).flatMap((name) => {
    if (hasSystemd) return [['systemctl', 'disable', '--now', `${name}.service`]];
    const disable = ['update-rc.d', name, 'disable'];
    return isPolicyForeign ? [['service', name, 'stop'], disable] : [disable];
  });
}

/**
 * @param {readonly string[]} packages kept in it, so that the set-up that follows a killed one knows what was new
 * @returns {string}
 */
export function policyText(packages) {
  return `#!/bin/sh\n${MARKER}\n${PACKAGES_LINE}${packages.join(' ')}\nexit 101\n`;
}

/**
 * @param {string} policy
 * @returns {string[]}
 */
export function packagesOfPolicy(policy) {
  const line = policy.split('\n').find((text) => text.startsWith(PACKAGES_LINE));
  return line?.slice(PACKAGES_LINE.length).split(' ') ?? [];
}

/**
 * Does what an installation that was killed, perhaps with the whole machine, could no longer do.
 * @param {{ readonly run: Run, readonly services: ServiceHost, readonly logPath: string }} situation
 */
export async function finishKilledInstall({ run, services, logPath }) {
  const policy = services.readPolicy();
  if (policy === undefined || whosePolicy(policy) !== 'ours') return;
  await run('dpkg', ['--configure', '-a'], { env: DPKG_ENVIRONMENT, logPath, finishFirst: true });
  await leaveQuiet(run, {
    packages: packagesOfPolicy(policy),
    hasSystemd: services.hasSystemd,
    isPolicyForeign: false,
  });
  services.removePolicy();
}

/**
 * @param {Run} run
 * @param {Parameters<typeof planQuietCommands>[0]} situation
 */
async function leaveQuiet(run, situation) {
  // Refused where the package did not get as far as its unit: there is nothing to disable then.
  for (const [command = '', ...args] of planQuietCommands(situation)) {
    await run(command, args, { finishFirst: true, alsoWhenStopped: true });
  }
}

/**
 * Runs `install` while no daemon may start, and leaves none of the new ones enabled, also when it fails halfway.
 * @param {{ readonly run: Run, readonly services: ServiceHost, readonly packages: readonly string[] }} situation
 * @param {() => Promise<void>} install
 */
export async function withoutServiceStarts({ run, services, packages }, install) {
  const isPolicyForeign = whosePolicy(services.readPolicy()) === 'foreign';
  if (!isPolicyForeign) services.writePolicy(policyText(packages));
  try {
    await install();
  } finally {
    await leaveQuiet(run, { packages, hasSystemd: services.hasSystemd, isPolicyForeign });
    if (!isPolicyForeign) services.removePolicy();
  }
}

/** @returns {ServiceHost} */
export function openServiceHost() {
  return {
    hasSystemd: fs.existsSync('/run/systemd/system'),
    readPolicy: () => (fs.existsSync(POLICY_PATH) ? fs.readFileSync(POLICY_PATH, 'utf8') : undefined),
    writePolicy: (text) => {
      fs.writeFileSync(POLICY_PATH, text, { mode: 0o755 });
    },
    removePolicy: () => {
      fs.rmSync(POLICY_PATH, { force: true });
    },
  };
}
