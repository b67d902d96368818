/**
 * Tells the service manager (systemd, or the laboratory's supervisor) that this process is ready and alive. The
 * only file that knows the package systemd-notify.
 *
 * A process must never fail, wait or die because nobody listens: without NOTIFY_SOCKET nothing is sent, and a
 * failed message is logged. The package starts a program per message and cannot feed the watchdog; the watchdog is
 * therefore fed by the program itself, and only after a real check of liveness (never from a bare timer, which
 * would keep a deaf process alive).
 */
import { spawn } from 'node:child_process';
import systemdNotify from 'systemd-notify';
import type { Clock, Timer } from './clock.js';
import type { Log } from './log.js';

export interface ServiceNotifyOptions {
  /** process.env.NOTIFY_SOCKET */
  readonly socketPath: string | undefined;
  /** process.env.WATCHDOG_USEC: microseconds within which the manager wants a sign of life */
  readonly watchdogUsec: string | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

export interface ServiceNotify {
  /** Says READY=1. Returns at once: the program that says it waits for the manager's acknowledgement on its own. */
  ready(status?: string): void;
  /** One sentence for `systemctl status` and the panel. */
  status(sentence: string): void;
  /** Feeds the watchdog every third of its time as long as `isAlive` answers true. */
  startWatchdog(isAlive: () => Promise<boolean>): void;
  stop(): void;
}

const SILENT: ServiceNotify = {
  ready: () => undefined,
  status: () => undefined,
  startWatchdog: () => undefined,
  stop: () => undefined,
};

class SystemdServiceNotify implements ServiceNotify {
  readonly #options: ServiceNotifyOptions;
  #timer: Timer | undefined;
  #isStopped = false;

  constructor(options: ServiceNotifyOptions) {
    this.#options = options;
  }

  ready(status = 'ready'): void {
    this.#send({ ready: true, status });
  }

  status(sentence: string): void {
    this.#send({ status: sentence });
  }

  startWatchdog(isAlive: () => Promise<boolean>): void {
    const intervalMs = Number(this.#options.watchdogUsec ?? '') / 3000;
    if (!(intervalMs > 0)) return;
    const turn = (): void => {
      void this.#feedIfAlive(isAlive).finally(() => {
        if (!this.#isStopped) this.#timer = this.#options.clock.schedule(intervalMs, turn);
      });
    };
    turn();
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  #send(message: { readonly ready?: boolean; readonly status: string }): void {
    systemdNotify(message).catch((error: unknown) => {
      this.#options.log.warn({ err: error, message }, 'service manager was not notified');
    });
  }

  async #feedIfAlive(isAlive: () => Promise<boolean>): Promise<void> {
    try {
      if (!(await isAlive())) return;
    } catch (error) {
      this.#options.log.warn({ err: error }, 'liveness check failed, watchdog not fed');
      return;
    }
    // --no-block: a sign of life needs no acknowledgement, and one that waits for it would pile up.
    const child = spawn('systemd-notify', ['--no-block', `--pid=${String(process.pid)}`, 'WATCHDOG=1'], { stdio: 'ignore' });
    child.on('error', (error) => {
      this.#options.log.warn({ err: error }, 'watchdog was not fed');
    });
  }
}

export function openServiceNotify(options: ServiceNotifyOptions): ServiceNotify {
  return options.socketPath === undefined || options.socketPath === '' ? SILENT : new SystemdServiceNotify(options);
}
