/**
 * Phones that watch seats: a lamp for each colleague (RFC 4235), and for who waits to be called back in the departments of
 * the seat (RFC 3842). What a subscription was told last is remembered, so that a phone hears of changes alone.
 */
import type { Clock, Timer } from '../cluster/base/clock.js';
import type { CallState } from './call/call-types.js';
import type { Notice, SignallingPort } from './call/signalling-port.js';
import { dialogInfo, messageSummary, type LampState } from './call/lamp-documents.js';

export interface WatchersOptions {
  readonly signalling: Pick<SignallingPort, 'notify'>;
  /** Seat by what is dialled to reach it. */
  readonly findSeat: (extension: string) => string | undefined;
  readonly calls: () => readonly CallState[];
  /** In a call at the partner. */
  readonly isBusyElsewhere: (seatId: string) => boolean;
  /** Who waits to be called back, in the departments of the seat. */
  readonly callbacksFor: (seatId: string) => number;
  readonly clock: Clock;
}

const LOOK_AFTER_MS = 50;

interface Watcher {
  readonly subscriptionId: string;
  readonly seatId: string;
  readonly extension: string;
  readonly event: string;
  /** Of the documents that it was sent. */
  version: number;
  told: string;
}

export class Watchers {
  readonly #options: WatchersOptions;
  readonly #watchers = new Map<string, Watcher>();
  #timer: Timer | undefined;

  constructor(options: WatchersOptions) {
    this.#options = options;
  }

  /** @returns the status of the answer: 202, 404 no such seat, 489 no such event */
  statusOf(target: string, event: string): number {
    if (event !== 'dialog' && event !== 'message-summary') return 489;
    return this.#options.findSeat(target) === undefined ? 404 : 202;
  }

  add(subscriptionId: string, target: string, event: string): void {
    const seatId = this.#options.findSeat(target);
    if (seatId === undefined) return;
    const watcher = { subscriptionId, seatId, extension: target, event, version: 0, told: '' };
    this.#watchers.set(subscriptionId, watcher);
    this.#tell(watcher, true);
  }

  remove(subscriptionId: string): void {
    this.#watchers.delete(subscriptionId);
  }

  /** Whoever subscribes again wants to hear all of it again (RFC 6665 4.4.1). */
  refresh(subscriptionId: string): void {
    const watcher = this.#watchers.get(subscriptionId);
    if (watcher !== undefined) this.#tell(watcher, true);
  }

  /** Something may have changed: told soon, and many changes at once. */
  look(): void {
    if (this.#watchers.size === 0 || this.#timer !== undefined) return;
    this.#timer = this.#options.clock.schedule(LOOK_AFTER_MS, () => {
      this.#timer = undefined;
      const lamps = this.#lamps();
      for (const watcher of this.#watchers.values()) this.#tell(watcher, false, lamps);
    });
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #tell(watcher: Watcher, isWhole: boolean, lamps = this.#lamps()): void {
    const { event, seatId } = watcher;
    const { callbacksFor, isBusyElsewhere, signalling } = this.#options;
    const busy = isBusyElsewhere(seatId) ? 'confirmed' : 'terminated';
    const state = event === 'dialog' ? (lamps.get(seatId) ?? busy) : String(callbacksFor(seatId));
    if (!isWhole && state === watcher.told) return;
    watcher.told = state;
    const notice: Notice =
      event === 'dialog'
        ? dialogInfo(watcher.extension, state as LampState, (watcher.version += 1) - 1)
        : messageSummary(Number(state));
    signalling.notify(watcher.subscriptionId, notice);
  }

  /** Of the seats that are in calls of this node, or ring for one. */
  #lamps(): ReadonlyMap<string, LampState> {
    const lamps = new Map<string, LampState>();
    for (const { caller, other, joining, ringing } of this.#options.calls()) {
      for (const { target } of Object.values(ringing))
        if (target.kind === 'seat' && !lamps.has(target.seatId)) lamps.set(target.seatId, 'early');
      for (const leg of [caller, other, joining?.leg])
        if (leg?.party.kind === 'seat') lamps.set(leg.party.seatId, 'confirmed');
    }
    return lamps;
  }
}
