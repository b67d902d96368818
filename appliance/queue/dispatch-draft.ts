/** The state of the queues while one event is worked on: a copy that is changed, with what is to be done about it. */
import type { DepartmentSettings, DispatchSettings } from './dispatch-settings.js';
import type {
  DispatchEffect,
  DispatchEvent,
  DispatchState,
  DispatchStep,
  WithdrawReason,
} from './dispatch-types.js';
import type { Offer, QueueEntry } from './queue-entry.js';
import { inOrder } from './queue-order.js';
import type { Seat } from './seat.js';

export class DispatchDraft {
  readonly node: string;
  readonly nowWallMs: number;
  readonly effects: DispatchEffect[] = [];
  readonly entries: Map<string, QueueEntry>;
  readonly seats: Map<string, Seat>;
  settings: DispatchSettings;
  handling: DispatchState['handling'];

  constructor(state: DispatchState, nowWallMs: number) {
    this.node = state.node;
    this.nowWallMs = nowWallMs;
    this.settings = state.settings;
    this.entries = new Map(Object.entries(state.entries));
    this.seats = new Map(Object.entries(state.seats));
    this.handling = state.handling;
  }

  toStep(): DispatchStep {
    const { node, settings, handling, effects } = this;
    const entries = Object.fromEntries(this.entries);
    const seats = Object.fromEntries(this.seats);
    return { state: { node, settings, entries, seats, handling }, effects };
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

  /** Those that this node dispatches and that ring for nobody. */
  quietSeats(): Seat[] {
    const ringing = new Set([...this.entries.values()].flatMap(({ offer }) => offer?.seatIds ?? []));
    return [...this.seats.values()].filter(
      ({ seatId, dispatchNode }) => dispatchNode === this.node && !ringing.has(seatId),
    );
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
