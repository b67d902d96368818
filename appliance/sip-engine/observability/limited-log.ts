/** At most one line per second and kind: how often something happens is for the counts, and may be up to an attacker. */
import type { Clock } from '../../../cluster/base/clock.js';
import type { Log } from '../../../cluster/base/log.js';

const SPAN_MS = 1000;

export class LimitedLog {
  readonly #log: Log;
  readonly #clock: Clock;
  /** By message; the messages are fixed texts of this folder, so it does not grow. */
  readonly #lastMs = new Map<string, number>();

  constructor(log: Log, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  write(
    level: 'debug' | 'info' | 'warn' | 'error',
    fields: Readonly<Record<string, unknown>>,
    message: string,
  ): void {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - (this.#lastMs.get(message) ?? -Infinity) < SPAN_MS) return;
    this.#lastMs.set(message, nowMs);
    this.#log[level](fields, message);
  }
}
