/**
 * A systemd of its own for a test, booted in namespaces over a copy of this machine's file system that vanishes with
 * it. It must not change the machine: kernel settings and /sys are read-only to it, /dev is its own, it may neither
 * load modules nor set the clock, and services that do such things at a boot are masked.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdir, mkdtemp, readdir, readFile, rm, rmdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Clock } from '../../cluster/base/clock.js';
import type { RenderedFile } from '../../firmware-config/render/render-node.js';
import { diesWithParent, run } from '../../ops/lab/shell.js';
import type { TestContext } from './spec.js';
import { notYet, waitFor } from './wait.js';

const SYSTEMD = '/lib/systemd/systemd';

/** Arguments: state folder, then pairs of a path outside and the path inside at which it is shown. */
const BOOT = `
set -e
state=$1; root=$1/root; shift
mount --make-rprivate /
mount -t tmpfs tmpfs $state/upper
mkdir $state/upper/files $state/upper/work
mount -t overlay overlay -o lowerdir=/,upperdir=$state/upper/files,workdir=$state/upper/work $root
rm -rf $root/etc/systemd/system
cp -r $state/files/. $root/
for unit in sysctl modules-load udevd udev-trigger binfmt; do
  ln -s /dev/null $root/etc/systemd/system/systemd-$unit.service
done
systemd-sysusers --root=$root
while [ $# -gt 0 ]; do
  if [ -d $1 ]; then mkdir -p $root$2; else mkdir -p $(dirname $root$2); touch $root$2; fi
  mount --bind $1 $root$2
  shift 2
done
ip link set lo up
ip link add eth0 type veth peer name peer0
ip address add 10.77.0.1/24 dev eth0
for name in eth0 peer0; do ip link set $name up; done
sysctl -qw net.ipv4.ip_nonlocal_bind=1
mount -t proc proc $root/proc
mount --bind $root/proc/sys $root/proc/sys
mount -o remount,ro,bind $root/proc/sys
mount -t sysfs -o ro sysfs $root/sys
mount -t cgroup2 cgroup2 $root/sys/fs/cgroup
for folder in run tmp dev; do mount -t tmpfs -o mode=755 tmpfs $root/$folder; done
chmod 1777 $root/tmp
for device in null zero full random urandom tty; do
  touch $root/dev/$device
  mount --bind /dev/$device $root/dev/$device
done
mkdir $root/dev/shm $root/dev/pts $root/old
mount -t devpts -o newinstance,ptmxmode=0666 devpts $root/dev/pts
ln -s pts/ptmx $root/dev/ptmx
cd $root
pivot_root . old
umount -l /old
exec setpriv --bounding-set -sys_module,-sys_time,-sys_rawio,-sys_boot \\
  env -i container=wardline-test PATH=/usr/sbin:/usr/bin:/sbin:/bin ${SYSTEMD} --unit=basic.target
`;

export interface BootedSystemd {
  /** Runs a program inside, in all its namespaces. */
  run(...command: readonly [string, ...string[]]): Promise<string>;
}

/** Where version 2 of control groups is mounted, if it is. */
async function findControlGroups(): Promise<string | undefined> {
  const mounts = (await readFile('/proc/mounts', 'utf8')).split('\n').map((line) => line.split(' '));
  return mounts.find(([, , type]) => type === 'cgroup2')?.[1];
}

async function removeControlGroup(path: string): Promise<void> {
  const entries = await readdir(path, { withFileTypes: true });
  for (const entry of entries) if (entry.isDirectory()) await removeControlGroup(join(path, entry.name));
  await rmdir(path);
}

async function prepare(t: TestContext, clock: Clock, files: readonly RenderedFile[]): Promise<string> {
  const state = await mkdtemp(join(tmpdir(), 'wardline-systemd-'));
  t.defer(() => rm(state, { recursive: true }));
  for (const folder of ['upper', 'root']) await mkdir(join(state, folder));
  for (const { path, content } of files) {
    await mkdir(dirname(join(state, 'files', path)), { recursive: true });
    await writeFile(join(state, 'files', path), content);
  }
  await run(['chmod', '-R', 'a+rX', join(state, 'files')], { clock });
  return state;
}

/** The first process of the namespaces, once systemd has booted there. */
async function waitForBoot(outerPid: number, clock: Clock, output: () => string): Promise<string> {
  return waitFor(
    'systemd has booted',
    async () => {
      const children = `/proc/${String(outerPid)}/task/${String(outerPid)}/children`;
      const pid = (await readFile(children, 'utf8')).trim();
      if (pid === '') return notYet(output());
      const state = await run(['nsenter', '-t', pid, '-a', 'systemctl', 'is-system-running'], { clock });
      return state.trim() === 'running' ? pid : notYet(`${state} ${output()}`);
    },
    { deadlineMs: 20_000, intervalMs: 100 },
  );
}

export interface BootOptions {
  readonly clock: Clock;
  /** Files put in place before the boot. */
  readonly files: readonly RenderedFile[];
  /** Paths of this machine, and where they are shown inside. */
  readonly shown: Readonly<Record<string, string>>;
}

/** Skips the test where systemd or what it needs does not exist. Ends with the test. */
export async function bootSystemd(t: TestContext, options: BootOptions): Promise<BootedSystemd> {
  const { clock, files, shown } = options;
  await access(SYSTEMD).catch(() => t.skip(`${SYSTEMD} does not exist (package systemd)`));
  const groups = await findControlGroups();
  if (groups === undefined) return t.skip('control groups of version 2 are not mounted');
  const state = await prepare(t, clock, files);
  const group = join(groups, `wardline-test-${String(process.pid)}`);
  await mkdir(group);
  t.defer(() => waitFor('its control group is empty', () => removeControlGroup(group).then(() => true)));

  const namespaces = ['--pid', '--mount', '--net', '--uts', '--ipc', '--cgroup'];
  const unshare = ['unshare', ...namespaces, '--fork', '--kill-child', 'sh', '-c', BOOT, 'sh', state];
  const enterGroup = 'echo $$ > "$0/cgroup.procs" && exec "$@"';
  const [program, ...args] = diesWithParent([
    'sh',
    '-c',
    enterGroup,
    group,
    ...unshare,
    ...Object.entries(shown).flat(),
  ]);
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk;
    });
  }
  const ended = once(child, 'exit');
  t.defer(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  const pid = await waitForBoot(child.pid ?? 0, clock, () => output);
  return {
    run: (...command) => run(['nsenter', '-t', pid, '-a', ...command], { clock, deadlineMs: 30_000 }),
  };
}
