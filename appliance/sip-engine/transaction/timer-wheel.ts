/**
 * All timers of the SIP engine on one timer of the clock. A call sets about twenty timers and nearly all are stopped
 * before they fire, so setting and stopping must cost next to nothing, and a test must be able to say to the tick
 * when each fires.
 *
 * A hashed wheel: 4096 slots of one tick (10 ms) make one turn of 41 s, longer than any timer of RFC 3261 except C.
 * A timer hangs in the slot of its tick modulo 4096; one that is due in a later turn (timer C, a session timer) is
 * passed over. Each slot knows a lower bound of what is due in it, so that the clock is asked for the next tick at
 * which something is due and for no other; only after that something was cancelled does the wheel wake for nothing,
 * once.
 *
 * Promises: a timer never fires early, and at most one tick late as long as the process runs; what is due fires in
 * order of ticks, within one tick in the order it was set; a clock that jumped ahead (a frozen process) fires all
 * that became due meanwhile, in that same order.
 *
 * An action that throws stops no other timer: all that are due are fired first, then the wheel is set for the next
 * tick, and only then is the error thrown on (several together as an AggregateError). On the real clock that ends
 * the process, as any programmer's error does; whoever runs code of others in a timer has to catch what it throws.
 */
import type { Clock, Timer } from '../../../cluster/base/clock.js';

export const TICK_MS = 10;
/** A power of two, so that a slot is found by a mask. */
const SLOTS = 4096;
/** Ticks: keeps the rounding of fractions of milliseconds from costing a whole tick, or from firing at nothing. */
const ROUNDING = 1e-6;

/** Who is told. One object may have many timers and tells them apart by their names, without a closure for each. */
export interface TimerTarget {
  onTimer(name: string): void;
}

/** One timer: a link of its slot's list, which is why cancelling costs nothing. */
export class WheelTimer implements Timer {
  readonly name: string;
  readonly target: TimerTarget;
  readonly dueTick: number;
  readonly #wheel: TimerWheel;
  /** Of the list, which alone changes them. */
  list: TimerList | undefined;
  previous: WheelTimer | undefined;
  next: WheelTimer | undefined;

  constructor(wheel: TimerWheel, dueTick: number, target: TimerTarget, name: string) {
    this.#wheel = wheel;
    this.dueTick = dueTick;
    this.target = target;
    this.name = name;
  }

  get isPending(): boolean {
    return this.list !== undefined;
  }

  /** Milliseconds until it fires, at least 0; undefined when it has fired or was cancelled. */
  remainingMs(): number | undefined {
    return this.isPending ? this.#wheel.msUntilTick(this.dueTick) : undefined;
  }

  /** Idempotent; a timer that has fired is cancelled without effect. */
  cancel(): void {
    this.#wheel.cancel(this);
  }
}

/** Timers in the order they were added. */
class TimerList {
  #first: WheelTimer | undefined;
  #last: WheelTimer | undefined;
  /** No timer of the list is due before this tick; Infinity when there is none. */
  earliestTick = Infinity;

  get first(): WheelTimer | undefined {
    return this.#first;
  }

  push(timer: WheelTimer): void {
    timer.list = this;
    timer.previous = this.#last;
    if (this.#last === undefined) this.#first = timer;
    else this.#last.next = timer;
    this.#last = timer;
    this.earliestTick = Math.min(this.earliestTick, timer.dueTick);
  }

  remove(timer: WheelTimer): void {
    const { previous, next } = timer;
    if (previous === undefined) this.#first = next;
    else previous.next = next;
    if (next === undefined) this.#last = previous;
    else next.previous = previous;
    timer.list = timer.previous = timer.next = undefined;
    if (this.#first === undefined) this.earliestTick = Infinity;
  }

  /** Moves what is due to the end of `due`, in order. */
  moveDue(tick: number, due: TimerList): void {
    let earliestTick = Infinity;
    for (let timer = this.#first; timer !== undefined;) {
      const { next } = timer;
      if (timer.dueTick <= tick) {
        this.remove(timer);
        due.push(timer);
      } else {
        earliestTick = Math.min(earliestTick, timer.dueTick);
      }
      timer = next;
    }
    this.earliestTick = earliestTick;
  }
}

export class TimerWheel {
  readonly #clock: Clock;
  readonly #originMs: number;
  readonly #slots: (TimerList | undefined)[] = Array.from({ length: SLOTS }, () => undefined);
  /** Every tick up to this one has been fired. */
  #doneTick = 0;
  #size = 0;
  #alarm: { readonly tick: number; readonly timer: Timer } | undefined;
  #isFiring = false;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#originMs = clock.monotonicMs();
  }

  /** How many timers are pending. */
  get size(): number {
    return this.#size;
  }

  /**
   * Calls `target.onTimer(name)` once, `delayMs` from now rounded up to the next tick; a delay of 0 or less is at
   * most one tick.
   * @throws RangeError when the delay is not a finite number
   */
  schedule(delayMs: number, target: TimerTarget, name = ''): WheelTimer {
    if (!Number.isFinite(delayMs)) throw new RangeError(`no delay for a timer: ${String(delayMs)}`);
    this.#passEmptyTicks();
    const wantedTick = Math.ceil(this.#nowInTicks() + Math.max(0, delayMs) / TICK_MS - ROUNDING);
    const timer = new WheelTimer(this, Math.max(wantedTick, this.#doneTick + 1), target, name);
    this.#slotOf(timer.dueTick).push(timer);
    this.#size += 1;
    this.#setAlarm(Math.min(timer.dueTick, this.#alarm?.tick ?? Infinity));
    return timer;
  }

  /** Like `timer.cancel()`. */
  cancel(timer: WheelTimer): void {
    if (timer.list === undefined) return;
    timer.list.remove(timer);
    this.#size -= 1;
    if (this.#size === 0) this.#setAlarm(Infinity);
  }

  /** Milliseconds from now to a tick, at least 0. */
  msUntilTick(tick: number): number {
    return Math.max(0, this.#originMs + tick * TICK_MS - this.#clock.monotonicMs());
  }

  #nowInTicks(): number {
    return (this.#clock.monotonicMs() - this.#originMs) / TICK_MS;
  }

  /** The last tick that has begun. */
  #currentTick(): number {
    return Math.floor(this.#nowInTicks() + ROUNDING);
  }

  #slotOf(tick: number): TimerList {
    return (this.#slots[tick & (SLOTS - 1)] ??= new TimerList());
  }

  /** Nothing is due before the alarm: after a quiet hour nobody has to search that hour for it. */
  #passEmptyTicks(): void {
    if (this.#isFiring) return;
    const emptyUntil = Math.min(this.#currentTick(), (this.#alarm?.tick ?? Infinity) - 1);
    this.#doneTick = Math.max(this.#doneTick, emptyUntil);
  }

  /** Infinity when nothing is pending. Never later than the next due tick. */
  #findNextTick(): number {
    if (this.#size === 0) return Infinity;
    let earliestTick = Infinity;
    for (let tick = this.#doneTick + 1; tick <= this.#doneTick + SLOTS; tick += 1) {
      const slotTick = this.#slots[tick & (SLOTS - 1)]?.earliestTick ?? Infinity;
      if (slotTick <= tick) return tick;
      earliestTick = Math.min(earliestTick, slotTick);
    }
    return earliestTick;
  }

  /** Also while firing, when `#fireDue` sets it at its end. */
  #setAlarm(tick: number): void {
    if (this.#isFiring || this.#alarm?.tick === tick) return;
    this.#alarm?.timer.cancel();
    if (tick === Infinity) {
      this.#alarm = undefined;
      return;
    }
    const timer = this.#clock.schedule(this.msUntilTick(tick), () => {
      this.#alarm = undefined;
      this.#fireDue();
    });
    this.#alarm = { tick, timer };
  }

  #fireDue(): void {
    const errors: unknown[] = [];
    this.#isFiring = true;
    const nowTick = this.#currentTick();
    let tick = this.#findNextTick();
    for (; tick <= nowTick; tick = this.#findNextTick()) {
      this.#doneTick = tick;
      this.#fireTick(tick, errors);
    }
    this.#doneTick = Math.max(this.#doneTick, nowTick);
    this.#isFiring = false;
    this.#setAlarm(tick);
    if (errors.length > 0) throwTogether(errors);
  }

  #fireTick(tick: number, errors: unknown[]): void {
    const due = new TimerList();
    this.#slotOf(tick).moveDue(tick, due);
    // Timers that an action cancels leave this list, too.
    for (let timer = due.first; timer !== undefined; timer = due.first) {
      this.cancel(timer);
      try {
        timer.target.onTimer(timer.name);
      } catch (error) {
        errors.push(error);
      }
    }
  }
}

/** @throws the one error itself, several as an AggregateError */
function throwTogether(errors: readonly unknown[]): never {
  const [first] = errors;
  if (errors.length === 1 && first instanceof Error) throw first;
  throw new AggregateError(errors, `${String(errors.length)} timers threw`);
}
