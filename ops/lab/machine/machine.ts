/**
 * A machine of the box, seen from the host: power on, power off, freeze, ask. Power off is what a power cut is: the
 * link goes down, then the kernel ends every process of the machine at once.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, open, readdir, readFile, readlink, writeFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { Clock } from '../../../cluster/base/clock.js';
import { callRpc, type RpcParams } from '../../../cluster/base/local-rpc.js';
import { diesWithParent, inNamespace, run } from '../shell.js';
import { BOOT_SCRIPT, machineLayout, type MachineDocuments, type MachineLayout } from './machine-layout.js';
import { sendSignal } from './send-signal.js';
import type { MachineInspection } from './inspection.js';
import type { ServiceReport, ServiceStatus } from './supervisor.js';

export interface MachineOptions {
  readonly id: string;
  readonly namespace: string;
  readonly stateFolder: string;
  /** Compiled machine-main.js. */
  readonly supervisorProgram: string;
  readonly nodeProgram: string;
  readonly documents: MachineDocuments;
  readonly clock: Clock;
  readonly onReport: (machine: string, report: ServiceReport) => void;
  /** The machine ended although nobody switched it off. */
  readonly onUnexpectedEnd: (machine: string) => void;
}

export interface MachineStatus {
  readonly services: readonly ServiceStatus[];
  readonly addresses: readonly string[];
}

const DISK_SIZE = '1G';
const ANSWER_DEADLINE_MS = 2000;
const NODE_DEADLINE_MS = 8000;
/** Its parts have half a second each, all at once. */
const INSPECTION_DEADLINE_MS = 1500;
const DISK_DEADLINE_MS = 15_000;

export class Machine {
  readonly #options: MachineOptions;
  readonly #layout: MachineLayout;
  #process: ChildProcess | undefined;

  constructor(options: MachineOptions) {
    this.#options = options;
    this.#layout = machineLayout(options.stateFolder);
  }

  get isOn(): boolean {
    return this.#process !== undefined;
  }

  /** An empty disk, made once; a power cut does not touch it. */
  async makeDisk(): Promise<void> {
    const { clock, stateFolder } = this.#options;
    await mkdir(stateFolder, { recursive: true, mode: 0o700 });
    await mkdir(this.#layout.logs, { recursive: true });
    await run(['truncate', '--size', DISK_SIZE, this.#layout.disk], { clock });
    const lazily = 'lazy_itable_init=1,lazy_journal_init=1';
    await run(['mkfs.ext4', '-q', '-F', '-E', lazily, this.#layout.disk], { clock });
  }

  /** Boots. Resolves when every service is up or has been given up. The namespace must be plugged in. */
  async powerOn(): Promise<void> {
    const { namespace, supervisorProgram, nodeProgram, stateFolder } = this.#options;
    await writeFile(this.#layout.documents, JSON.stringify(this.#options.documents));
    const supervisor = [nodeProgram, '--enable-source-maps', supervisorProgram, stateFolder];
    const boot = ['sh', '-c', BOOT_SCRIPT, 'init', this.#layout.disk, ...supervisor];
    const isolate = [
      'unshare',
      '--pid',
      '--mount',
      '--uts',
      '--ipc',
      '--fork',
      '--kill-child=KILL',
      '--',
      ...boot,
    ];
    const [program, ...args] = diesWithParent(inNamespace(namespace, isolate));
    const errors = await open(`${this.#layout.logs}/supervisor.log`, 'a');
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', errors.fd], detached: true });
    await errors.close();
    this.#process = child;
    const isReady = this.#listen(child);
    const ended = once(child, 'exit').then(() => {
      if (this.#process !== child) return;
      this.#process = undefined;
      this.#options.onUnexpectedEnd(this.#options.id);
    });
    await Promise.race([isReady, ended]);
  }

  /** Everything at once, as a power cut. The caller takes the link down first. Idempotent. */
  async powerOff(): Promise<void> {
    const child = this.#process;
    if (child === undefined) return;
    this.#process = undefined;
    const ended = once(child, 'exit');
    const init = await this.#findInit(child);
    if (init !== undefined) sendSignal(init, 'SIGKILL');
    child.kill('SIGKILL');
    await ended;
  }

  /** @throws RPC_UNREACHABLE, RPC_NO_ANSWER when it is off or frozen */
  async status(): Promise<MachineStatus> {
    return (await this.ask('status', {})) as MachineStatus;
  }

  /** @throws RPC_UNREACHABLE, RPC_NO_ANSWER when it is off or frozen */
  async inspect(): Promise<MachineInspection> {
    return (await this.ask('inspect', {}, INSPECTION_DEADLINE_MS)) as MachineInspection;
  }

  /** Takes every free block of the disk. @returns bytes taken */
  async fillDisk(): Promise<number> {
    return ((await this.ask('fillDisk', {}, DISK_DEADLINE_MS)) as { readonly bytes: number }).bytes;
  }

  async freeDisk(): Promise<void> {
    await this.ask('freeDisk', {}, DISK_DEADLINE_MS);
  }

  ask(method: string, params: RpcParams, deadlineMs = ANSWER_DEADLINE_MS): Promise<unknown> {
    return callRpc({ path: this.#layout.socket, method, params, deadlineMs, clock: this.#options.clock });
  }

  /**
   * Asks the node service of the machine, as its own command line would.
   * @throws its operating error; RPC_UNREACHABLE, RPC_NO_ANSWER when it does not run
   */
  askNode(method: string, params: RpcParams = {}): Promise<unknown> {
    return this.ask('askNode', { method, params }, NODE_DEADLINE_MS);
  }

  /** Asks call control of the machine. @throws as askNode */
  askCalls(method: string, params: RpcParams = {}): Promise<unknown> {
    return this.ask('askCalls', { method, params }, NODE_DEADLINE_MS);
  }

  /** Sends a signal to every process of the machine: SIGSTOP freezes, SIGCONT thaws. */
  async signalAll(signal: 'SIGSTOP' | 'SIGCONT'): Promise<number> {
    const init = this.#process === undefined ? undefined : await this.#findInit(this.#process);
    if (init === undefined) return 0;
    const pids = await processesIn(await readlink(`/proc/${String(init)}/ns/pid`));
    for (const pid of pids) sendSignal(pid, signal);
    return pids.length;
  }

  /** The machine's process 1 by its pid on the host: the child of unshare. */
  async #findInit(child: ChildProcess): Promise<number | undefined> {
    const pid = String(child.pid ?? 0);
    const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
    const first = Number(children.trim().split(' ')[0]);
    return first > 0 ? first : undefined;
  }

  #listen(child: ChildProcess): Promise<void> {
    return new Promise((resolve) => {
      if (child.stdout === null) return;
      createInterface({ input: child.stdout }).on('line', (line) => {
        const event = JSON.parse(line) as { event: string } & ServiceReport;
        if (event.event === 'ready') resolve();
        else this.#options.onReport(this.#options.id, event);
      });
    });
  }
}

/** Process ids on the host of everything in a process namespace. */
async function processesIn(pidNamespace: string): Promise<number[]> {
  const names = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const owners = await Promise.all(names.map((name) => readlink(`/proc/${name}/ns/pid`).catch(() => '')));
  return names.flatMap((name, index) => (owners[index] === pidNamespace ? [Number(name)] : []));
}
