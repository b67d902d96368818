/**
 * Who may begin a TLS handshake: so many at once, so many per second, the others in the order they came. After a
 * takeover all phones come back together, and their handshakes must not stop the calls.
 */
import type { Clock, Timer } from '../../../cluster/base/clock.js';
import type { TransportLimits } from './transport-port.js';

export type HandshakeLimits = Pick<
  TransportLimits,
  'handshakesPerSecond' | 'handshakesMax' | 'handshakesWaitingMax'
>;

/** How much of a second's worth may begin at the same moment. */
const BURST_SHARE = 0.1;

export class HandshakeAdmission {
  readonly #clock: Clock;
  readonly #limits: HandshakeLimits;
  readonly #burst: number;
  readonly #waiting = new Set<() => void>();
  #running = 0;
  #tokens: number;
  #filledAtMs: number;
  #timer: Timer | undefined;

  constructor(clock: Clock, limits: HandshakeLimits) {
    this.#clock = clock;
    this.#limits = limits;
    this.#burst = Math.max(1, limits.handshakesPerSecond * BURST_SHARE);
    this.#tokens = this.#burst;
    this.#filledAtMs = clock.monotonicMs();
  }

  /** Those that wait and those that have begun. */
  get size(): number {
    return this.#waiting.size + this.#running;
  }

  /**
   * @param begin called at once or later
   * @returns to be called when it is over, or not wanted any more; undefined when too many wait
   */
  enter(begin: () => void): (() => void) | undefined {
    if (this.#waiting.size >= this.#limits.handshakesWaitingMax) return undefined;
    let hasLeft = false;
    // A function of its own for each, also when `begin` is the same one.
    const start = (): void => {
      begin();
    };
    this.#waiting.add(start);
    this.#pump();
    return () => {
      if (hasLeft) return;
      hasLeft = true;
      if (!this.#waiting.delete(start)) this.#running -= 1;
      this.#pump();
    };
  }

  close(): void {
    this.#waiting.clear();
    this.#timer?.cancel();
  }

  #pump(): void {
    this.#refill();
    for (const start of this.#waiting) {
      if (this.#running >= this.#limits.handshakesMax || this.#tokens < 1) break;
      this.#waiting.delete(start);
      this.#running += 1;
      this.#tokens -= 1;
      start();
    }
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#waiting.size === 0 || this.#tokens >= 1) return;
    this.#timer = this.#clock.schedule(((1 - this.#tokens) * 1000) / this.#limits.handshakesPerSecond, () => {
      this.#pump();
    });
  }

  #refill(): void {
    const nowMs = this.#clock.monotonicMs();
    const gained = ((nowMs - this.#filledAtMs) * this.#limits.handshakesPerSecond) / 1000;
    this.#tokens = Math.min(this.#burst, this.#tokens + gained);
    this.#filledAtMs = nowMs;
  }
}
