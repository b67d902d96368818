/**
 * Runs a machine's services as systemd would: in order, restarted after a crash, given up when they crash too often,
 * counted as up only once they say so. Decisions are in service-state.ts; this carries them out.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { chmod, chown, mkdir, open, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Clock, Timer } from '../../../cluster/base/clock.js';
import type { Command, ServiceSpec } from '../../../firmware-config/services/service-spec.js';
import { run } from '../shell.js';
import { openNotifyReceiver, type NotifyReceiver } from './notify-receiver.js';
import {
  nextServiceState,
  SERVICE_STOPPED,
  type ServiceEffect,
  type ServiceEvent,
  type ServiceState,
} from './service-state.js';

/** A process that has not said READY=1 by then is ended. */
const READY_DEADLINE_MS = 15_000;
const LOG_TAIL_LINES = 3;
const PATH = '/usr/sbin:/usr/bin:/sbin:/bin';

export interface ServiceReport {
  readonly service: string;
  readonly what: 'up' | 'crashed' | 'gaveUp' | 'overdue' | 'cannotPrepare';
  /** Why, and the end of its log where it went wrong. */
  readonly detail: string;
}

export interface SupervisorOptions {
  readonly clock: Clock;
  /** Folder of one log file per service. */
  readonly logs: string;
  /** Folder of the notification sockets. */
  readonly sockets: string;
  readonly onReport: (report: ServiceReport) => void;
  /** Open files that the machine allows at most; a service that wants more gets these. */
  readonly openFilesHardMax: number;
  /** Numeric ids of a user and a group. */
  readonly findIds: (user: string, group: string) => { readonly uid: number; readonly gid: number };
}

export interface ServiceStatus {
  readonly name: string;
  readonly state: ServiceState['name'];
  readonly pid?: number;
  readonly restarts: number;
  readonly lastEnd?: string;
  readonly upMs?: number;
}

class SupervisedService {
  readonly spec: ServiceSpec;
  readonly #options: SupervisorOptions;
  #state: ServiceState = SERVICE_STOPPED;
  #child: ChildProcess | undefined;
  #receiver: NotifyReceiver | undefined;
  #restartTimer: Timer | undefined;
  #readyTimer: Timer | undefined;
  #watchdogTimer: Timer | undefined;
  readonly #waiters = new Set<() => void>();

  constructor(spec: ServiceSpec, options: SupervisorOptions) {
    this.spec = spec;
    this.#options = options;
  }

  get logPath(): string {
    return `${this.#options.logs}/${this.spec.name}.log`;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  status(): ServiceStatus {
    const { name, restarts, lastEnd, sinceMs } = this.#state;
    return {
      name: this.spec.name,
      state: name,
      restarts,
      ...(this.pid === undefined ? {} : { pid: this.pid }),
      ...(lastEnd === undefined ? {} : { lastEnd }),
      ...(name === 'Up' ? { upMs: this.#options.clock.monotonicMs() - sinceMs } : {}),
    };
  }

  handle(event: ServiceEvent): void {
    const step = nextServiceState(this.#state, event, this.spec, this.#options.clock.monotonicMs());
    this.#state = step.state;
    for (const effect of step.effects) this.#carryOut(effect);
    for (const waiter of [...this.#waiters]) waiter();
  }

  /** Resolves once the service is in one of the states. */
  reach(...names: readonly ServiceState['name'][]): Promise<void> {
    return new Promise((resolve) => {
      const check = (): void => {
        if (!names.includes(this.#state.name)) return;
        this.#waiters.delete(check);
        resolve();
      };
      this.#waiters.add(check);
      check();
    });
  }

  async stop(): Promise<void> {
    this.handle({ type: 'stop' });
    const { stopTimeoutSeconds } = this.spec;
    const killTimer = this.#options.clock.schedule(stopTimeoutSeconds * 1000, () =>
      this.#child?.kill('SIGKILL'),
    );
    await this.reach('Stopped', 'Failed');
    killTimer.cancel();
    this.#receiver?.close();
  }

  #carryOut(effect: ServiceEffect): void {
    switch (effect.type) {
      case 'spawn':
        void this.#start();
        break;
      case 'terminate':
        if (this.#child === undefined) this.handle({ type: 'exited', how: 'it had not been started' });
        else this.#child.kill(this.spec.stopSignal);
        break;
      case 'abort':
        this.#child?.kill('SIGKILL');
        break;
      case 'startRestartTimer':
        this.#restartTimer = this.#options.clock.schedule(effect.delayMs, () => {
          this.handle({ type: 'restartDue' });
        });
        break;
      case 'cancelRestartTimer':
        this.#restartTimer?.cancel();
        break;
      case 'report':
        void this.#report(effect.what);
        break;
    }
  }

  /** Prepares and starts the process; whatever goes wrong counts as its end. Never rejects. */
  async #start(): Promise<void> {
    try {
      const notifySocket = await this.#prepare();
      // A stop may have come while it was being prepared.
      if (this.#state.name === 'Starting') await this.#spawn(notifySocket);
      else this.handle({ type: 'exited', how: 'stopped before its start' });
    } catch (error) {
      this.#options.onReport({ service: this.spec.name, what: 'cannotPrepare', detail: String(error) });
      if (this.#child === undefined) this.handle({ type: 'exited', how: 'its preparation failed' });
    }
  }

  /** @returns the path of its notification socket. @throws the system's error, COMMAND_FAILED */
  async #prepare(): Promise<string> {
    const { spec } = this;
    for (const { path, mode, owner, group } of spec.directories) {
      // Folders on the way stay open for every user; only the last one is the service's own.
      await mkdir(dirname(path), { recursive: true, mode: 0o755 });
      await mkdir(path, { recursive: true, mode });
      const { uid, gid } = this.#options.findIds(owner, group);
      await chown(path, uid, gid);
      // mkdir leaves out set-group-id, and what the umask takes away.
      await chmod(path, mode);
    }
    for (const command of spec.prepare) await run(command, { clock: this.#options.clock });
    if (this.#receiver?.isOpen !== true) {
      this.#receiver = await openNotifyReceiver(
        `${this.#options.sockets}/${spec.name}.sock`,
        (message) => {
          if (message['READY'] === '1') this.#becomeReady();
          if (message['WATCHDOG'] === '1') this.#feedWatchdog();
        },
        this.#options.clock,
      );
    }
    return this.#receiver.socketPath;
  }

  /** @throws the system's error when its log cannot be opened */
  async #spawn(notifySocket: string): Promise<void> {
    const log = await open(this.logPath, 'a');
    const [program, ...args] = this.#wrapped();
    const { watchdogSeconds, environment } = this.spec;
    const watchdog =
      watchdogSeconds === undefined ? {} : { WATCHDOG_USEC: String(watchdogSeconds * 1_000_000) };
    const child = spawn(program, args, {
      stdio: ['ignore', log.fd, log.fd],
      env: { PATH, ...environment, ...watchdog, NOTIFY_SOCKET: notifySocket },
    });
    this.#child = child;
    child.on('error', (error) => {
      this.#end(child, `it cannot be started: ${error.message}`);
    });
    child.on('exit', (code, signal) => {
      this.#end(child, signal === null ? `exit status ${String(code)}` : `signal ${signal}`);
    });
    if (this.spec.readiness === 'started') this.#becomeReady();
    else {
      this.#readyTimer = this.#options.clock.schedule(READY_DEADLINE_MS, () => {
        this.handle({ type: 'overdue', how: `no READY=1 within ${String(READY_DEADLINE_MS)} ms` });
      });
    }
    await log.close();
  }

  #becomeReady(): void {
    this.#readyTimer?.cancel();
    this.#feedWatchdog();
    this.handle({ type: 'ready' });
  }

  #feedWatchdog(): void {
    const { watchdogSeconds } = this.spec;
    this.#watchdogTimer?.cancel();
    if (watchdogSeconds === undefined || this.#child === undefined) return;
    this.#watchdogTimer = this.#options.clock.schedule(watchdogSeconds * 1000, () => {
      this.handle({ type: 'overdue', how: `no WATCHDOG=1 within ${String(watchdogSeconds)} s` });
    });
  }

  #end(child: ChildProcess, how: string): void {
    if (this.#child !== child) return;
    this.#child = undefined;
    this.#readyTimer?.cancel();
    this.#watchdogTimer?.cancel();
    void this.#cleanUp().then(() => {
      this.handle({ type: 'exited', how });
    });
  }

  async #cleanUp(): Promise<void> {
    for (const command of this.spec.cleanUp) {
      // What cannot be cleaned up is tried again by `prepare`, whose failure is reported.
      await run(command, { clock: this.#options.clock }).catch(() => undefined);
    }
  }

  /** The command with its limits and under its own user. */
  #wrapped(): Command {
    const { openFilesMax, user, group, capabilities, command } = this.spec;
    const openFiles = Math.min(openFilesMax ?? Infinity, this.#options.openFilesHardMax);
    const limits = openFilesMax === undefined ? [] : ['prlimit', `--nofile=${String(openFiles)}`];
    if (user === 'root') return [...limits, ...command] as unknown as Command;
    const caps = capabilities.map((name) => `+${name}`).join(',');
    const keep = caps === '' ? [] : ['--inh-caps', caps, '--ambient-caps', caps];
    const { uid, gid } = this.#options.findIds(user, group);
    const identity = ['--reuid', String(uid), '--regid', String(gid), '--init-groups'];
    return [...limits, 'setpriv', ...identity, ...keep, ...command] as unknown as Command;
  }

  async #report(what: ServiceReport['what']): Promise<void> {
    const reason = this.#state.lastEnd ?? '';
    const detail = what === 'up' ? '' : `${reason}; the end of its log: ${await this.#logTail()}`;
    this.#options.onReport({ service: this.spec.name, what, detail });
  }

  async #logTail(): Promise<string> {
    const text = await readFile(this.logPath, 'utf8').catch(() => '');
    return text.trimEnd().split('\n').slice(-LOG_TAIL_LINES).join(' | ') || '(empty)';
  }
}

export class Supervisor {
  readonly #services: ReadonlyMap<string, SupervisedService>;

  constructor(specs: readonly ServiceSpec[], options: SupervisorOptions) {
    this.#services = new Map(specs.map((spec) => [spec.name, new SupervisedService(spec, options)]));
  }

  /** Starts every service once those it names are up. Resolves when each is up or given up. */
  async start(): Promise<void> {
    await Promise.all(
      [...this.#services.values()].map(async (service) => {
        const before = service.spec.after.flatMap((name) => this.#services.get(name) ?? []);
        await Promise.all(before.map((other) => other.reach('Up', 'Failed')));
        service.handle({ type: 'start' });
        await service.reach('Up', 'Failed');
      }),
    );
  }

  /** Stops every service, the last started first. */
  async stop(): Promise<void> {
    for (const service of [...this.#services.values()].reverse()) await service.stop();
  }

  status(): readonly ServiceStatus[] {
    return [...this.#services.values()].map((service) => service.status());
  }

  names(): readonly string[] {
    return [...this.#services.keys()];
  }

  /**
   * Process ids of a service and of everything it has started, itself first.
   * @throws RangeError when there is no such service
   */
  async pidsOf(name: string): Promise<readonly number[]> {
    const service = this.#services.get(name);
    if (service === undefined) throw new RangeError(`no service "${name}"`);
    return service.pid === undefined ? [] : descendants(service.pid);
  }
}

async function descendants(pid: number): Promise<number[]> {
  const text = await readFile(`/proc/${String(pid)}/task/${String(pid)}/children`, 'utf8').catch(() => '');
  const children = text.split(' ').filter((word) => word !== '');
  const below = await Promise.all(children.map((child) => descendants(Number(child))));
  return [pid, ...below.flat()];
}
