/**
 * Who is called back: his place stays in the queue with the clock it had, and when it is his turn a seat rings. The
 * call-taker who answers hears music while the patient is called; from then on it is a call like any other.
 *
 *     kept ──his turn──► a seat rings ──answered──► calling ──he answers──► done
 *      ▲ ▲                   │ nobody                  │
 *      │ └───────────────────┘                         │ he does not: after a while, a few times
 *      └───────────────────────────────────────────────┘ ──► given up
 *
 * A place is a fact in live state; a process or a node that dies costs the ring of that moment at most.
 */
import type { Clock } from '../cluster/base/clock.js';
import type { Log } from '../cluster/base/log.js';
import type { CallbackRecord } from '../cluster/store/call-record-port.js';
import type { CallState, KeptPlace, Place, Target } from './call/call-types.js';
import type { MediaPort } from './call/media-port.js';
import { openCall } from './call/next-call-state.js';
import type { LegEvent, SignallingPort } from './call/signalling-port.js';
import type { Dispatcher } from './dispatcher.js';
import type { DispatchEffect } from './queue/dispatch-types.js';
import type { Callback, QueueEntry } from './queue/queue-entry.js';
import type { Route } from './running-call.js';

export interface CallbackDeskOptions {
  readonly node: string;
  readonly queue: Pick<Dispatcher, 'apply'>;
  readonly media: Pick<MediaPort, 'offerAlone' | 'answerAlone' | 'close'>;
  readonly signalling: Pick<SignallingPort, 'call' | 'end'>;
  readonly findRoute: (target: Target, state: CallState) => Route | undefined;
  readonly nextCallId: () => string;
  /** Of the relay, for a call. */
  readonly newMediaCallId: (callId: string) => string;
  /** A call-taker has answered. @param state with the call-taker as caller: whom to dial is `callback` */
  readonly open: (state: CallState) => void;
  readonly onRecord: (record: CallbackNote) => void;
  readonly clock: Clock;
  readonly log: Log;
}

export type CallbackNote = Omit<CallbackRecord, 'generation'>;

type DeskEffect = Extract<DispatchEffect, { readonly callId: string }>;

interface Kept {
  readonly entryId: string;
  readonly place: Place;
  readonly callback: Callback;
}

/** A seat that rings for a place. */
interface Ring {
  readonly kept: Kept;
  readonly offerId: string;
  readonly seatId: string;
  /** As it begins when the seat answers. */
  readonly state: CallState;
}

/** He has hardly put down the phone. */
const FIRST_AFTER_MS = 5000;
const AGAIN_AFTER_MS = 300_000;
const ATTEMPTS_MAX = 3;
/** Above whatever a routing document gives: whose line was cut comes first. */
const LOST_PRIORITY = 1_000_000;

export class CallbackDesk {
  readonly #options: CallbackDeskOptions;
  readonly #log: Log;
  /** Of this node, by id of the place. */
  readonly #places = new Map<string, Kept>();
  /** By leg id. */
  readonly #rings = new Map<string, Ring>();
  /** Ids of places; a day has a few hundred. What the store says of them may be older than what was done here. */
  readonly #recorded = new Set<string>();

  constructor(options: CallbackDeskOptions) {
    this.#options = options;
    this.#log = options.log.child({ part: 'callbacks' });
  }

  /** @returns false when nobody knows his number */
  canKeep({ caller: { party } }: CallState): boolean {
    return party.kind === 'trunk' && /^\+?\d{3,20}$/.test(party.number);
  }

  /** The caller of this call keeps his place although he goes. */
  keep(state: CallState, place: Place, reason: KeptPlace['reason']): void {
    const { party } = state.caller;
    if (party.kind !== 'trunk' || !this.canKeep(state)) return;
    const { nextCallId, clock } = this.#options;
    this.#add(nextCallId(), place, {
      ...{ number: party.number, trunkId: party.trunkId, reason, ofCallId: state.callId, home: state.home },
      ...{ attempts: 0, dueWallMs: clock.wallMs() + (reason === 'lost' ? 0 : FIRST_AFTER_MS) },
    });
  }

  /** A call whose line was cut when its node died. */
  keepLost(state: CallState): void {
    const { departmentId, openedWallMs, direction } = state;
    if (departmentId === undefined || direction !== 'inbound') return;
    const known = state.place ?? { departmentId, priority: 0, skills: [], arrivedWallMs: openedWallMs };
    const trigger = state.place?.trigger ?? (state.isEmergency ? 'lost' : undefined);
    this.keep(state, { ...known, priority: known.priority + LOST_PRIORITY, trigger }, 'lost');
  }

  /** A place of the process before, or of the partner whose address has come here. */
  restore(entry: QueueEntry): void {
    const { callback, callId: entryId, departmentId, priority, skills, arrivedWallMs, emergency } = entry;
    if (callback === undefined || this.#places.has(entryId)) return;
    const place = { departmentId, priority, skills, arrivedWallMs, trigger: emergency?.trigger };
    this.#places.set(entryId, { entryId, place, callback });
    const ours = { ...entry, mediaNode: this.#options.node, offer: undefined };
    this.#options.queue.apply({ kind: 'entryRestored', entry: ours });
  }

  /** This process has written down what became of it. */
  hasRecorded(entryId: string): boolean {
    return this.#recorded.has(entryId);
  }

  /** A place out of the store: live state is gone with the power of both nodes. */
  recall(record: CallbackRecord): void {
    const { entryId, callId: ofCallId, department: departmentId, priority, skills, trigger } = record;
    const { number, trunkId, reason, home, attempts, arrivedWallMs } = record;
    const place = { departmentId, priority, skills, trigger, arrivedWallMs };
    const dueWallMs = this.#options.clock.wallMs();
    this.#add(entryId, place, { number, trunkId, reason, ofCallId, home, attempts, dueWallMs });
  }

  /** The address has gone to the partner. @param onLeaving hears of each place before it goes */
  letGo(home: string, onLeaving: (entryId: string) => void): void {
    for (const [entryId, { callback }] of this.#places) {
      if (callback.home !== home) continue;
      onLeaving(entryId);
      this.#places.delete(entryId);
      this.#options.queue.apply({ kind: 'entryLeft', callId: entryId, why: 'elsewhere' });
    }
  }

  /** @returns whether it is about a place of the desk's */
  onDispatch(effect: DeskEffect): boolean {
    const rings = [...this.#rings.values()].filter(({ kept }) => kept.entryId === effect.callId);
    const kept = this.#places.get(effect.callId);
    if (effect.kind === 'withdraw')
      for (const ring of rings) if (ring.seatId === effect.seatId) this.#drop(ring);
    if (kept === undefined) return rings.length > 0;
    if (effect.kind === 'offer') this.#offer(kept, effect.offerId, effect.seatId);
    else if (effect.kind === 'connect') this.#connect(kept, effect.offerId, effect.seatId);
    else if (effect.kind === 'expired') {
      this.#places.delete(kept.entryId);
      this.#record(kept, 'givenUp');
    }
    return true;
  }

  /** @returns whether it is a leg of the desk's */
  onLeg(event: LegEvent): boolean {
    const ring = this.#rings.get(event.legId);
    if (ring === undefined) return false;
    if (event.kind === 'answered') void this.#answered(ring, event.sdp);
    else if (event.kind === 'failed' || event.kind === 'ended') {
      const { kept, seatId } = ring;
      const status = event.kind === 'failed' ? event.status : undefined;
      this.#log.info({ entry: kept.entryId, seat: seatId, status }, 'the seat did not take it');
      this.#refused(ring);
    }
    return true;
  }

  /** A call that was to call somebody back is over. */
  callClosed({ callback, answeredWallMs, home }: CallState): void {
    if (callback === undefined) return;
    const { entryId, place, number, trunkId, reason, ofCallId, attempts } = callback;
    const dueWallMs = this.#options.clock.wallMs() + AGAIN_AFTER_MS;
    const again = { number, trunkId, reason, ofCallId, home, attempts, dueWallMs };
    if (answeredWallMs === undefined && attempts < ATTEMPTS_MAX) this.#add(entryId, place, again);
    else {
      const state = answeredWallMs === undefined ? 'givenUp' : 'done';
      this.#record({ entryId, place, callback: again }, state);
    }
  }

  #add(entryId: string, place: Place, callback: Callback): void {
    const { queue, node: mediaNode } = this.#options;
    this.#log.info({ entry: entryId, call: callback.ofCallId, reason: callback.reason }, 'a place is kept');
    const kept = { entryId, place, callback };
    this.#places.set(entryId, kept);
    this.#record(kept, 'waiting');
    const { trigger, ...rest } = place;
    const entry = { callId: entryId, ...rest, mediaNode, callback };
    queue.apply({ kind: 'entryArrived', entry, ...(trigger === undefined ? {} : { trigger }) });
  }

  #record({ entryId, place, callback }: Kept, state: CallbackNote['state']): void {
    this.#recorded.add(entryId);
    const { departmentId: department, priority, skills, trigger, arrivedWallMs } = place;
    const { ofCallId: callId, number, trunkId, reason, home, attempts } = callback;
    this.#options.onRecord({
      ...{ entryId, callId, department, priority, skills, trigger, number, trunkId, reason, home },
      ...{ arrivedWallMs, state, attempts },
    });
  }

  #offer(kept: Kept, offerId: string, seatId: string): void {
    const { findRoute, queue } = this.#options;
    const state = this.#openCall(kept, seatId);
    // The seat sees whom it is about.
    const { number, trunkId } = kept.callback;
    const patient = { ...state.caller, party: { kind: 'trunk', trunkId, number } as const };
    const route = findRoute({ kind: 'seat', seatId }, { ...state, caller: patient });
    if (route === undefined) {
      queue.apply({ kind: 'offerRefused', offerId, seatId });
      return;
    }
    const ring = { kept, offerId, seatId, state };
    this.#rings.set(state.caller.legId, ring);
    void this.#ring(ring, route);
  }

  #openCall({ entryId, place, callback }: Kept, seatId: string): CallState {
    const { nextCallId, newMediaCallId, clock } = this.#options;
    const { home, number, trunkId, reason, ofCallId, attempts } = callback;
    const callId = nextCallId();
    const opened = openCall(
      {
        ...{ callId, home, direction: 'outbound', party: { kind: 'seat', seatId }, dialled: number },
        ...{ mediaCallId: newMediaCallId(callId), sdp: '', sipCallId: '' },
      },
      clock.wallMs(),
    );
    const again = { entryId, place, number, trunkId, reason, ofCallId, attempts: attempts + 1 };
    return { ...opened, departmentId: place.departmentId, callback: again };
  }

  async #ring(ring: Ring, { media: profile, ...route }: Route): Promise<void> {
    const { media, signalling } = this.#options;
    const { legId } = ring.state.caller;
    try {
      const leg = { mediaCallId: ring.state.mediaCallId, legTag: legId };
      const sdp = await media.offerAlone(leg, profile);
      // It may have been withdrawn meanwhile.
      if (this.#rings.has(legId)) signalling.call({ ...route, legId, sdp });
    } catch (error) {
      this.#log.error({ err: error, leg: legId }, 'nothing can be offered to the seat');
      if (this.#rings.has(legId)) this.#refused(ring);
    }
  }

  async #answered(ring: Ring, sdp: string): Promise<void> {
    const { media, queue } = this.#options;
    const { offerId, seatId } = ring;
    const { caller, mediaCallId } = ring.state;
    try {
      await media.answerAlone({ mediaCallId, legTag: caller.legId }, sdp);
    } catch (error) {
      this.#log.error({ err: error, leg: caller.legId }, 'the seat has no media');
      if (this.#rings.has(caller.legId)) this.#drop(ring);
      return;
    }
    if (!this.#rings.has(caller.legId)) return;
    const answered = { ...ring, state: { ...ring.state, caller: { ...caller, sdp, isAnswered: true } } };
    this.#rings.set(caller.legId, answered);
    queue.apply({ kind: 'offerAccepted', offerId, seatId });
    // Somebody else was quicker.
    if (this.#rings.has(caller.legId)) this.#drop(answered);
  }

  #connect(kept: Kept, offerId: string, seatId: string): void {
    this.#places.delete(kept.entryId);
    const ring = [...this.#rings.values()].find((one) => one.offerId === offerId && one.seatId === seatId);
    if (ring === undefined) return;
    this.#rings.delete(ring.state.caller.legId);
    this.#record(kept, 'calling');
    this.#options.open(ring.state);
  }

  #refused(ring: Ring): void {
    this.#drop(ring);
    this.#options.queue.apply({ kind: 'offerRefused', offerId: ring.offerId, seatId: ring.seatId });
  }

  #drop({ state }: Ring): void {
    const { signalling, media } = this.#options;
    this.#rings.delete(state.caller.legId);
    signalling.end(state.caller.legId);
    media.close(state.mediaCallId).catch((error: unknown) => {
      this.#log.debug({ err: error }, 'the relay has nothing of the ring');
    });
  }
}
