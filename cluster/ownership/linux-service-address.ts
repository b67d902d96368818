/** Service addresses by the programs of iproute2 and iputils; needs the capabilities net_admin and net_raw. */
import { networkInterfaces } from 'node:os';
import type { Clock } from '../base/clock.js';
import type { Log } from '../base/log.js';
import { runCommand } from '../base/run-command.js';
import type { ServiceAddressPort } from './service-address-port.js';

const COMMAND_DEADLINE_MS = 2000;

export interface LinuxServiceAddressOptions {
  readonly interface: string;
  readonly clock: Clock;
  readonly log: Log;
}

export class LinuxServiceAddress implements ServiceAddressPort {
  readonly #options: LinuxServiceAddressOptions;

  constructor(options: LinuxServiceAddressOptions) {
    this.#options = options;
  }

  async take(address: string): Promise<void> {
    const { interface: name } = this.#options;
    await runCommand(['ip', 'address', 'replace', `${address}/32`, 'dev', name], this.#limits());
    this.announce(address);
  }

  announce(address: string): void {
    if (!this.has(address)) return;
    const { interface: name, clock, log } = this.#options;
    // arping sends at once and then waits a second for answers that cannot come; nobody waits with it.
    runCommand(['arping', '-q', '-U', '-c', '1', '-I', name, address], { clock }).catch((error: unknown) => {
      log.warn({ err: error, address }, 'service address could not be announced');
    });
  }

  async drop(address: string): Promise<void> {
    const { interface: name } = this.#options;
    // `flush` succeeds when there is nothing to remove, `delete` does not.
    await runCommand(['ip', 'address', 'flush', 'dev', name, 'to', `${address}/32`], this.#limits());
  }

  has(address: string): boolean {
    const entries = networkInterfaces()[this.#options.interface] ?? [];
    return entries.some((entry) => entry.address === address);
  }

  #limits(): { clock: Clock; deadlineMs: number } {
    return { clock: this.#options.clock, deadlineMs: COMMAND_DEADLINE_MS };
  }
}
