/**
 * Sends 2xx responses to INVITE again until their ACK comes (RFC 3261 13.3.1.4), and reliable provisional ones until
 * their PRACK comes (RFC 3262 3): at T1, doubling; the first up to T2. Over a stream nothing is repeated, only the
 * end of the waiting counts. Both give up after 64 * T1.
 */
import type { TimerTarget, TimerWheel, WheelTimer } from '../transaction/timer-wheel.js';

export interface RepeatedResponse {
  readonly bytes: Buffer;
  readonly isReliable: boolean;
  /** Longest interval; undefined doubles without end. */
  readonly intervalMsMax?: number;
  readonly send: (bytes: Buffer) => void;
  readonly onGivenUp: () => void;
}

export class ResponseRepeater implements TimerTarget {
  readonly #wheel: TimerWheel;
  readonly #response: RepeatedResponse;
  readonly #giveUp: WheelTimer;
  #resend: WheelTimer | undefined;
  #intervalMs: number;

  /** Begins to wait; the first sending has been done. */
  constructor(wheel: TimerWheel, response: RepeatedResponse, t1Ms: number) {
    this.#wheel = wheel;
    this.#response = response;
    this.#intervalMs = t1Ms;
    this.#giveUp = wheel.schedule(64 * t1Ms, this, 'giveUp');
    if (!response.isReliable) this.#resend = wheel.schedule(t1Ms, this, 'resend');
  }

  get bytes(): Buffer {
    return this.#response.bytes;
  }

  /** Idempotent. */
  stop(): void {
    this.#giveUp.cancel();
    this.#resend?.cancel();
  }

  /** Of the wheel. */
  onTimer(name: string): void {
    if (name === 'giveUp') {
      this.stop();
      this.#response.onGivenUp();
      return;
    }
    this.#intervalMs = Math.min(this.#intervalMs * 2, this.#response.intervalMsMax ?? Infinity);
    this.#resend = this.#wheel.schedule(this.#intervalMs, this, 'resend');
    this.#response.send(this.#response.bytes);
  }
}
