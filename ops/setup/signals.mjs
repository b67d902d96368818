/**
 * Who receives Ctrl-C. Everything that the set-up starts has a session of its own, so a signal of the terminal
 * reaches the set-up only, and the set-up alone decides what its child is told. npm passes on what the terminal
 * has already delivered: the second of two equal signals within a moment is the same one.
 */
import { constants } from 'node:os';

const SAME_WITHIN_MS = 300;
/** @type {readonly NodeJS.Signals[]} */
const HANDLED = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** Ends the set-up after a signal, with the exit code that shells expect. */
export class Stopped extends Error {
  /** @param {NodeJS.Signals} signal */
  constructor(signal) {
    super(`stopped by ${signal}`);
    this.name = 'Stopped';
    this.exitCode = exitCodeOf(null, signal);
  }
}

/**
 * @param {number | null} code
 * @param {NodeJS.Signals | null} signal
 * @returns {number}
 */
export function exitCodeOf(code, signal) {
  return signal === null ? (code ?? 1) : 128 + constants.signals[signal];
}

export class Signals {
  /** @type {NodeJS.Signals | undefined} the first that arrived */
  first;
  /** @type {(signal: NodeJS.Signals) => void} */
  onSignal = () => undefined;
  #lastAtMs = -Infinity;
  /** @type {NodeJS.Signals | undefined} */
  #last;
  #nowMs;

  /** @param {() => number} nowMs monotonic */
  constructor(nowMs) {
    this.#nowMs = nowMs;
  }

  /** @param {NodeJS.Signals} signal */
  receive(signal) {
    const nowMs = this.#nowMs();
    const isSame = signal === this.#last && nowMs - this.#lastAtMs < SAME_WITHIN_MS;
    this.#last = signal;
    this.#lastAtMs = nowMs;
    if (isSame) return;
    this.first ??= signal;
    this.onSignal(signal);
  }

  /** @throws {Stopped} when a signal has arrived */
  throwIfStopped() {
    if (this.first !== undefined) throw new Stopped(this.first);
  }

  /** @param {NodeJS.Process} host */
  listen(host) {
    for (const signal of HANDLED) {
      host.on(signal, () => {
        this.receive(signal);
      });
    }
  }
}
