/**
 * Who waits for the partner's acknowledgement, in rounds: one round's question is under way, and everybody who comes
 * meanwhile shares the next one. A thousand calls in a moment cost two questions.
 *
 * A round that is not acknowledged within `missMs` of its first caller is one miss, however many wait in it and
 * whatever their own deadlines are: those only end their own waiting.
 */
import type { Clock, Timer } from '../base/clock.js';
import { schedulePatiently } from './patient-timer.js';

/** `ack`: the partner holds everything that was written before. `alone`: nobody holds it now, or not soon enough. */
export type HeldOutcome = 'ack' | 'alone';

export interface HeldRoundsOptions {
  readonly clock: Clock;
  readonly missMs: number;
  /** A round was acknowledged in time. */
  readonly onAck: () => void;
  readonly onMiss: () => void;
}

interface Waiter {
  readonly resolve: (outcome: HeldOutcome) => void;
  readonly timer: Timer;
}

interface Round {
  readonly waiters: Set<Waiter>;
  readonly missTimer: Timer;
  isMissed: boolean;
}

export class HeldRounds {
  readonly #options: HeldRoundsOptions;
  /** Its question has not been asked yet. */
  #next: Round | undefined;
  #underWay: Round | undefined;

  constructor(options: HeldRoundsOptions) {
    this.#options = options;
  }

  /** Somebody waits whose question has not been asked. */
  get isWanted(): boolean {
    return this.#next !== undefined;
  }

  join(deadlineMs: number): Promise<HeldOutcome> {
    const round = this.#openNext();
    return new Promise((resolve) => {
      const timer = schedulePatiently(this.#options.clock, deadlineMs, () => {
        // It may have been moved to another round meanwhile.
        this.#next?.waiters.delete(waiter);
        this.#underWay?.waiters.delete(waiter);
        resolve('alone');
      });
      const waiter: Waiter = { resolve, timer };
      round.waiters.add(waiter);
    });
  }

  /** The question of all who wait is being asked now. */
  depart(): void {
    this.#underWay = this.#next;
    this.#next = undefined;
  }

  /** The question was answered. Who can still wait asks again when the answer was no. */
  arrive(isHeld: boolean): void {
    const round = this.#underWay;
    if (round === undefined) return;
    this.#underWay = undefined;
    round.missTimer.cancel();
    if (isHeld) {
      release(round, 'ack');
      if (!round.isMissed) this.#options.onAck();
      return;
    }
    if (round.waiters.size > 0) {
      const next = this.#openNext();
      for (const waiter of round.waiters) next.waiters.add(waiter);
    }
    if (!round.isMissed) this.#options.onMiss();
  }

  /** Nobody waits any longer. */
  releaseAll(): void {
    const rounds = [this.#underWay, this.#next];
    this.#underWay = undefined;
    this.#next = undefined;
    for (const round of rounds) {
      round?.missTimer.cancel();
      if (round !== undefined) release(round, 'alone');
    }
  }

  #openNext(): Round {
    this.#next ??= this.#openRound();
    return this.#next;
  }

  #openRound(): Round {
    const { clock, missMs, onMiss } = this.#options;
    const round: Round = {
      waiters: new Set(),
      isMissed: false,
      missTimer: schedulePatiently(clock, missMs, () => {
        round.isMissed = true;
        onMiss();
      }),
    };
    return round;
  }
}

function release(round: Round, outcome: HeldOutcome): void {
  for (const waiter of round.waiters) {
    waiter.timer.cancel();
    waiter.resolve(outcome);
  }
  round.waiters.clear();
}
