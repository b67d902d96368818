/** Runs the queues of this node: keeps their state, wakes them when time does something, hands on what they decide. */
import type { Clock, Timer } from '../cluster/base/clock.js';
import type { Log } from '../cluster/base/log.js';
import type { LiveFactsPort } from '../cluster/live-state/live-facts-port.js';
import type { PartnerMessage } from './partner-messages.js';
import type { DispatchSettings } from './queue/dispatch-settings.js';
import { nextDispatchState, openDispatch } from './queue/dispatch-state.js';
import type { DispatchEffect, DispatchEvent, DispatchState } from './queue/dispatch-types.js';
import { nextDispatchDeadline } from './queue/pass-time.js';

export interface DispatcherOptions {
  readonly node: string;
  readonly settings: DispatchSettings;
  readonly clock: Clock;
  readonly log: Log;
  readonly facts: Pick<LiveFactsPort, 'put' | 'remove'>;
  /** For the partner: our callers and seats as they are now. */
  readonly onTell: (message: PartnerMessage) => void;
  readonly onEffect: (effect: DispatchEffect) => void;
}

export class Dispatcher {
  readonly #options: DispatcherOptions;
  readonly #events: DispatchEvent[] = [];
  #state: DispatchState;
  #timer: Timer | undefined;
  #isRunning = false;

  constructor(options: DispatcherOptions) {
    this.#options = options;
    this.#state = openDispatch(options.node, options.settings);
  }

  get state(): DispatchState {
    return this.#state;
  }

  /** What an effect brings about comes after the effects of the event before it. */
  apply(event: DispatchEvent): void {
    this.#events.push(event);
    if (this.#isRunning) return;
    this.#isRunning = true;
    try {
      for (let next = this.#events.shift(); next !== undefined; next = this.#events.shift()) this.#step(next);
    } finally {
      this.#isRunning = false;
    }
    this.#arm();
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #step(event: DispatchEvent): void {
    const { clock, log, onEffect } = this.#options;
    const before = this.#state;
    const { state, effects } = nextDispatchState(before, event, clock.wallMs());
    this.#state = state;
    // What a seat of the partner's did goes first: the entry that it rang for must not be gone before (rule 16).
    for (const effect of effects) if (effect.kind === 'rang') onEffect(effect);
    this.#keepEntries(before.entries, state.entries);
    this.#tellSeats(before.seats, state.seats);
    for (const effect of effects) {
      if (effect.kind === 'ignored')
        log.debug({ event: effect.event, why: effect.why }, 'queue has nothing to do');
      else if (effect.kind !== 'rang') onEffect(effect);
    }
  }

  /** Places in the queue are facts, not memories of this process. The partner keeps its own. */
  #keepEntries(before: DispatchState['entries'], now: DispatchState['entries']): void {
    const { node, facts, onTell } = this.#options;
    for (const [callId, entry] of Object.entries(now))
      if (before[callId] !== entry && entry.mediaNode === node) {
        facts.put('queueEntry', callId, entry);
        onTell({ kind: 'entry', entry });
      }
    for (const [callId, { mediaNode }] of Object.entries(before))
      if (now[callId] === undefined && mediaNode === node) {
        facts.remove('queueEntry', callId);
        onTell({ kind: 'entryGone', callId });
      }
  }

  #tellSeats(before: DispatchState['seats'], now: DispatchState['seats']): void {
    const { node, onTell } = this.#options;
    for (const [seatId, seat] of Object.entries(now))
      if (before[seatId] !== seat && seat.dispatchNode === node) onTell({ kind: 'seat', seat });
  }

  #arm(): void {
    const { clock } = this.#options;
    this.#timer?.cancel();
    const deadlineWallMs = nextDispatchDeadline(this.#state, clock.wallMs());
    if (deadlineWallMs === undefined) return;
    this.#timer = clock.schedule(deadlineWallMs - clock.wallMs(), () => {
      this.apply({ kind: 'tick' });
    });
  }
}
