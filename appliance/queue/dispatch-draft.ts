/** The state of the queues while one event is worked on: a copy that is changed, with what is to be done about it. */
import type { DepartmentSettings, DispatchSettings } from './dispatch-settings.js';
import type {
  Asked,
  DispatchEffect,
  DispatchEvent,
  DispatchState,
  DispatchStep,
  SeatOutcome,
  WithdrawReason,
} from './dispatch-types.js';
import type { Offer, QueueEntry } from './queue-entry.js';
import { inOrder } from './queue-order.js';
import { canRing, type Seat } from './seat.js';

export class DispatchDraft {
  readonly node: string;
  readonly nowWallMs: number;
  readonly effects: DispatchEffect[] = [];
  readonly entries: Map<string, QueueEntry>;
  readonly seats: Map<string, Seat>;
  readonly asked: Map<string, Asked>;
  settings: DispatchSettings;
  handling: DispatchState['handling'];

  constructor(state: DispatchState, nowWallMs: number) {
    this.node = state.node;
    this.nowWallMs = nowWallMs;
    this.settings = state.settings;
    this.entries = new Map(Object.entries(state.entries));
    this.seats = new Map(Object.entries(state.seats));
    this.asked = new Map(Object.entries(state.asked));
    this.handling = state.handling;
  }

  toStep(): DispatchStep {
    const { node, settings, handling, effects } = this;
    const entries = Object.fromEntries(this.entries);
    const seats = Object.fromEntries(this.seats);
    const asked = Object.fromEntries(this.asked);
    return { state: { node, settings, entries, seats, handling, asked }, effects };
  }

  ignore(event: DispatchEvent['kind'], why: string): void {
    this.effects.push({ kind: 'ignored', event, why });
  }

  inOrder(): QueueEntry[] {
    return inOrder(this.entries.values(), this.settings.ageingMs, this.nowWallMs);
  }

  /** In any order. */
  forEach(act: (draft: DispatchDraft, entry: QueueEntry) => void): void {
    for (const entry of [...this.entries.values()]) act(this, entry);
  }

  departmentOf({ departmentId }: QueueEntry): DepartmentSettings | undefined {
    return this.settings.departments[departmentId];
  }

  /** The caller's media is here: this node alone decides who rings for him. */
  isOurs({ mediaNode }: QueueEntry): boolean {
    return mediaNode === this.node;
  }

  /** Those that this node dispatches and that ring for nobody. */
  quietSeats(): Seat[] {
    return this.#quiet().filter(({ dispatchNode }) => dispatchNode === this.node);
  }

  /** Those that the partner dispatches and that ring for nobody, as far as it is known here. */
  quietPartnerSeats(): Seat[] {
    return this.#quiet().filter(({ dispatchNode }) => dispatchNode !== this.node);
  }

  #quiet(): Seat[] {
    const ringing = new Set([...this.entries.values()].flatMap(({ offer }) => offer?.seatIds ?? []));
    return [...this.seats.values()].filter(({ seatId }) => !ringing.has(seatId) && !this.asked.has(seatId));
  }

  findByOffer(offerId: string): QueueEntry | undefined {
    for (const entry of this.entries.values()) if (entry.offer?.offerId === offerId) return entry;
    return undefined;
  }

  /** The call for which the seat rings. */
  findRinging(seatId: string): QueueEntry | undefined {
    for (const entry of this.entries.values()) if (entry.offer?.seatIds.includes(seatId)) return entry;
    return undefined;
  }

  put(entry: QueueEntry, changes: Partial<QueueEntry>): QueueEntry {
    const changed = { ...entry, ...changes };
    this.entries.set(entry.callId, changed);
    return changed;
  }

  setSeat(seatId: string, changes: Partial<Seat>): void {
    const seat = this.seats.get(seatId);
    if (seat !== undefined) this.seats.set(seatId, { ...seat, ...changes });
  }

  /** A seat that cannot ring any more gives its call back; the partner does that for its own callers. */
  quieten(seat: Seat): void {
    const ringing = this.findRinging(seat.seatId);
    if (ringing === undefined || !this.isOurs(ringing)) return;
    if (!canRing(seat, ringing.emergency !== undefined)) this.withdraw(ringing, seat.seatId, 'seatGone');
  }

  /** What a seat did that rang for a caller of ours; the node that dispatches it hears of it. */
  noteOutcome(seatId: string, outcome: SeatOutcome): void {
    const seat = this.seats.get(seatId);
    if (seat === undefined) return;
    if (seat.dispatchNode !== this.node) this.effects.push({ kind: 'rang', seatId, outcome });
    this.applyOutcome(seat, outcome);
  }

  applyOutcome(seat: Seat, outcome: SeatOutcome): void {
    const { seatId } = seat;
    if (outcome === 'answered')
      this.setSeat(seatId, { state: 'talking', unanswered: 0, callsTaken: seat.callsTaken + 1 });
    else if (outcome === 'refused') this.setSeat(seatId, { unanswered: 0, idleSinceWallMs: this.nowWallMs });
    else this.#noteSilence(seat);
  }

  /** The seat goes behind all others; one that is silent again and again is taken out. */
  #noteSilence({ seatId, unanswered, state, dispatchNode }: Seat): void {
    this.setSeat(seatId, { unanswered: unanswered + 1, idleSinceWallMs: this.nowWallMs });
    if (unanswered + 1 < this.settings.unansweredMax || state !== 'ready') return;
    this.setSeat(seatId, { state: 'notReady', reason: 'noAnswer' });
    if (dispatchNode === this.node) this.effects.push({ kind: 'seatSilent', seatId });
  }

  /** The seat is asked again after the time of one ring; a phone that is always busy must not be asked on and on. */
  passOver(entry: QueueEntry, seatId: string): QueueEntry {
    const { emergencyRingAllAfterMs } = this.settings;
    const ringMs = entry.emergency === undefined ? this.departmentOf(entry)?.ringMs : emergencyRingAllAfterMs;
    const untilWallMs = this.nowWallMs + (ringMs ?? emergencyRingAllAfterMs);
    return this.put(entry, { passedOver: { ...entry.passedOver, [seatId]: untilWallMs } });
  }

  /** Seats that are free ring for a call that has no offer. @param ringMs undefined: for as long as it takes */
  ring(entry: QueueEntry, seats: readonly Seat[], ringMs: number | undefined): void {
    if (seats.length === 0) return;
    const offersMade = entry.offersMade + 1;
    const offer: Offer = {
      offerId: `${entry.callId}:${String(offersMade)}`,
      seatIds: [],
      sinceWallMs: this.nowWallMs,
      deadlineWallMs: ringMs === undefined ? undefined : this.nowWallMs + ringMs,
    };
    this.addSeats(this.put(entry, { offersMade }), offer, seats);
  }

  /** More seats ring for the same offer. */
  addSeats(entry: QueueEntry, offer: Offer, seats: readonly Seat[]): void {
    const { callId } = entry;
    const { offerId } = offer;
    const added = seats.map(({ seatId }) => seatId);
    this.put(entry, { offer: { ...offer, seatIds: [...offer.seatIds, ...added] } });
    for (const seatId of added) this.effects.push({ kind: 'offer', offerId, callId, seatId });
  }

  /** It does not ring for the call any more, and nobody has to tell it. */
  withoutSeat(entry: QueueEntry, seatId: string): QueueEntry {
    const { offer } = entry;
    if (offer === undefined) return entry;
    const seatIds = offer.seatIds.filter((one) => one !== seatId);
    return this.put(entry, { offer: seatIds.length === 0 ? undefined : { ...offer, seatIds } });
  }

  /** It shall not ring any more. */
  withdraw(entry: QueueEntry, seatId: string, why: WithdrawReason): QueueEntry {
    const { offer, callId } = entry;
    if (offer === undefined) return entry;
    this.effects.push({ kind: 'withdraw', offerId: offer.offerId, callId, seatId, why });
    return this.withoutSeat(entry, seatId);
  }

  withdrawAll(entry: QueueEntry, why: WithdrawReason): QueueEntry {
    const seatIds = entry.offer?.seatIds ?? [];
    return seatIds.reduce((left, seatId) => this.withdraw(left, seatId, why), entry);
  }
}
