/**
 * What of a box can still be seen on this machine. Its daemons do not carry its name, but they live in its namespaces:
 * these are remembered while the box runs, because their names go before a process that was forgotten does.
 */
import { readdir, readFile, readlink, stat } from 'node:fs/promises';
import { RealClock } from '../../../cluster/base/clock.js';
import { run } from '../../../ops/lab/shell.js';

const NAMESPACES = '/run/netns';
const clock = new RealClock();

interface ProcessNamespaces {
  readonly pid: string;
  readonly net: string;
  readonly processes: string;
}

/** Has ended, and its parent has not asked how: where process 1 is no real init that lasts for ever. */
async function isZombie(pid: string): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ') Z');
  return /^ Z/.test(status.slice(status.lastIndexOf(')') + 1));
}

async function findProcesses(): Promise<readonly ProcessNamespaces[]> {
  const names = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const areZombies = await Promise.all(names.map(isZombie));
  const pids = names.filter((_name, index) => areZombies[index] !== true);
  const linkOf = (pid: string, kind: string): Promise<string> =>
    readlink(`/proc/${pid}/ns/${kind}`).catch(() => '');
  return Promise.all(
    pids.map(async (pid) => ({ pid, net: await linkOf(pid, 'net'), processes: await linkOf(pid, 'pid') })),
  );
}

export class BoxTraces {
  readonly #marks: readonly string[];
  readonly #known = new Set<string>();

  /** @param nodeId only of this node of the box */
  constructor(boxId: string, nodeId = '') {
    this.#marks = [`wl-${boxId}-${nodeId}`, `wardline-lab/${boxId}/${nodeId}`];
  }

  /** Call while the box runs, and again before its end when a node was booted meanwhile. @returns namespaces known */
  async remember(): Promise<number> {
    const [prefix = ''] = this.#marks;
    const names = (await readdir(NAMESPACES).catch(() => [])).filter((name) => name.startsWith(prefix));
    for (const name of names) {
      const { ino } = await stat(`${NAMESPACES}/${name}`);
      this.#known.add(`net:[${String(ino)}]`);
    }
    const ours = await readlink('/proc/self/ns/pid');
    for (const { net, processes } of await findProcesses()) {
      if (this.#known.has(net) && processes !== ours && processes !== '') this.#known.add(processes);
    }
    return this.#known.size;
  }

  async find(): Promise<readonly string[]> {
    return [...(await this.findNamed()), ...(await this.findProcesses())];
  }

  /** Named namespaces, mounts, loop devices, folders, and processes that carry the name. */
  async findNamed(): Promise<readonly string[]> {
    const words =
      'ip netns list; mount; losetup --all; ps -eo args; ls -d /var/tmp/wardline-lab/*/ 2>/dev/null || true';
    const text = await run(['sh', '-c', words], { clock });
    return text.split('\n').filter((line) => this.#marks.some((mark) => line.includes(mark)));
  }

  /** In what was remembered. Before another box is started: the kernel gives the number of an ended namespace to the next. */
  async findProcesses(): Promise<readonly string[]> {
    const found = (await findProcesses()).filter(
      ({ net, processes }) => this.#known.has(net) || this.#known.has(processes),
    );
    return found.map(({ pid }) => `process ${pid} in a namespace of the box`);
  }
}
