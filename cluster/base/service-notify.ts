/**
 * Tells the service manager (systemd, or the laboratory's supervisor) that this process is ready and alive. The
 * only file that knows the package systemd-notify.
 *
 * A process must never fail, wait or die because nobody listens: without NOTIFY_SOCKET nothing is sent, and a
 * message that fails is logged once. The package starts a program per message and cannot feed the watchdog; the
 * watchdog is therefore fed by the program itself, and only after a real check of liveness (never from a bare
 * timer, which would keep a deaf process alive).
 *
 * The program waits up to 5 s until the manager has read its message, because the manager cannot tell to which unit
 * a sender belongs that has ended already (systemd-notify(1), --no-block). A unit whose process is not root needs
 * NotifyAccess=all: the message then comes from the program's own process id.
 */
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import systemdNotify from 'systemd-notify';
import type { Clock, Timer } from './clock.js';
import type { Log } from './log.js';

export interface ServiceNotifyOptions {
  /** process.env.NOTIFY_SOCKET; the package reads the variable itself, so no other value works for it */
  readonly socketPath: string | undefined;
  /** process.env.WATCHDOG_USEC: microseconds within which the manager wants a sign of life */
  readonly watchdogUsec: string | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

/** No method waits or throws. */
export interface ServiceNotify {
  /** Says READY=1, with a first sentence. */
  ready(status?: string): void;
  /** One sentence for `systemctl status` and the panel. Sentences arrive in order; of many at once, the last. */
  status(sentence: string): void;
  /**
   * Asks `isAlive` now and every third of the watchdog's time, and feeds the watchdog when it answers true. One
   * check at a time: while one hangs, nothing is fed. Does nothing when the manager wants no sign of life.
   */
  startWatchdog(isAlive: () => Promise<boolean>): void;
  /** Ends the watchdog's checks. Sentences can still be sent. */
  stop(): void;
}

interface Message {
  readonly ready?: true;
  readonly status: string;
}

const SILENT: ServiceNotify = {
  ready: () => undefined,
  status: () => undefined,
  startWatchdog: () => undefined,
  stop: () => undefined,
};

/** Starting a program with three pipes takes 9. */
const SPARE_DESCRIPTORS = 16;

/**
 * The package survives a program that cannot be started, except for want of file descriptors: then it trips over
 * pipes that were never made and leaves the error event unheard, which ends the process and with it every call.
 * Nothing else of this process runs between this check and the start.
 */
function hasSpareDescriptors(): boolean {
  const opened: number[] = [];
  try {
    while (opened.length < SPARE_DESCRIPTORS) opened.push(openSync('/dev/null', 'r'));
    return true;
  } catch {
    return false;
  } finally {
    for (const descriptor of opened) closeSync(descriptor);
  }
}

async function sendMessage(message: Message): Promise<void> {
  if (!hasSpareDescriptors()) throw new Error('too few file descriptors are left to start systemd-notify');
  await systemdNotify(message);
}

function feedWatchdog(socketPath: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, NOTIFY_SOCKET: socketPath };
    const child = spawn('systemd-notify', ['WATCHDOG=1'], { stdio: 'ignore', env });
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      if (code === 0) resolve();
      else reject(new Error(`systemd-notify WATCHDOG=1 ended with ${String(code ?? signal)}`));
    });
    child.unref();
  });
}

/** A line break would begin another variable of the protocol, MAINPID=1 for example (sd_notify(3)). */
function oneLine(sentence: string): string {
  return sentence.replaceAll(/\p{Cc}+/gu, ' ').slice(0, 1000);
}

class SystemdServiceNotify implements ServiceNotify {
  readonly #options: ServiceNotifyOptions & { readonly socketPath: string };
  #unsent: Message | undefined;
  #isSending = false;
  #isFailing = false;
  #isAlive = true;
  #isStopped = false;
  #timer: Timer | undefined;

  constructor(options: ServiceNotifyOptions & { readonly socketPath: string }) {
    this.#options = options;
  }

  ready(status = 'ready'): void {
    this.#say({ ready: true, status: oneLine(status) });
  }

  status(sentence: string): void {
    this.#say({ status: oneLine(sentence) });
  }

  startWatchdog(isAlive: () => Promise<boolean>): void {
    const { watchdogUsec, log } = this.#options;
    if (watchdogUsec === undefined) return;
    const intervalMs = Number(watchdogUsec) / 1000 / 3;
    if (intervalMs > 0) void this.#watch(isAlive, intervalMs);
    else log.warn({ watchdogUsec }, 'the watchdog time is not a number above 0, no watchdog');
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  /** One program at a time: two started together may arrive in either order, and an old sentence would stay. */
  #say(message: Message): void {
    this.#unsent = { ...this.#unsent, ...message };
    if (!this.#isSending) void this.#sendAll();
  }

  async #sendAll(): Promise<void> {
    this.#isSending = true;
    for (let message = this.#unsent; message !== undefined; message = this.#unsent) {
      this.#unsent = undefined;
      await this.#logFailure(sendMessage(message));
    }
    this.#isSending = false;
  }

  async #watch(isAlive: () => Promise<boolean>, intervalMs: number): Promise<void> {
    const { clock, socketPath } = this.#options;
    const nextMs = clock.monotonicMs() + intervalMs;
    const isFed = await this.#check(isAlive, intervalMs);
    if (this.#isStopped) return;
    if (isFed) void this.#logFailure(feedWatchdog(socketPath));
    this.#timer = clock.schedule(nextMs - clock.monotonicMs(), () => void this.#watch(isAlive, intervalMs));
  }

  /** Logs each change of the answer, so that the log says why the manager killed the process. */
  async #check(isAlive: () => Promise<boolean>, intervalMs: number): Promise<boolean> {
    const { clock, log } = this.#options;
    const overdue = clock.schedule(intervalMs, () => {
      log.error({ intervalMs }, 'liveness check does not answer, watchdog not fed');
    });
    const answer = await askIfAlive(isAlive);
    overdue.cancel();
    if (this.#isAlive && !answer.isAlive) log.error(answer, 'liveness check failed, watchdog not fed');
    if (!this.#isAlive && answer.isAlive) log.info('liveness check passed again, watchdog fed');
    this.#isAlive = answer.isAlive;
    return answer.isAlive;
  }

  /** Never rejects. Of failures in a row only the first is logged. */
  async #logFailure(sent: Promise<void>): Promise<void> {
    try {
      await sent;
      this.#isFailing = false;
    } catch (error) {
      // The package rejects with the program's output, which may be empty.
      const err = error instanceof Error ? error : new Error(`systemd-notify failed: ${String(error)}`);
      if (!this.#isFailing)
        this.#options.log.warn({ err }, 'service manager was not notified, not logged again');
      this.#isFailing = true;
    }
  }
}

async function askIfAlive(isAlive: () => Promise<boolean>): Promise<{ isAlive: boolean; err?: unknown }> {
  try {
    return { isAlive: await isAlive() };
  } catch (err) {
    return { isAlive: false, err };
  }
}

export function openServiceNotify(options: ServiceNotifyOptions): ServiceNotify {
  const { socketPath } = options;
  return socketPath === undefined || socketPath === ''
    ? SILENT
    : new SystemdServiceNotify({ ...options, socketPath });
}
