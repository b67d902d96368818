/** Which seats ring for a call, of those that ring for nobody. Pure; the order of the seats given does not matter. */
import type { DispatchStrategy } from './dispatch-settings.js';
import type { QueueEntry } from './queue-entry.js';
import { isFree, type Seat } from './seat.js';

/** Emergencies are taken whatever a seat has learned. */
function isSkilled(seat: Seat, entry: QueueEntry): boolean {
  return entry.skills.every((skill) => (seat.skills[skill] ?? 0) > 0);
}

function isPassedOver(seat: Seat, entry: QueueEntry, nowWallMs: number): boolean {
  return (entry.passedOver[seat.seatId] ?? -Infinity) > nowWallMs;
}

function skillOf(seat: Seat, entry: QueueEntry): number {
  return entry.skills.reduce((sum, skill) => sum + (seat.skills[skill] ?? 0), 0);
}

function compareSeats(a: Seat, b: Seat, entry: QueueEntry, strategy: DispatchStrategy): number {
  const bySkill = skillOf(b, entry) - skillOf(a, entry);
  if (bySkill !== 0) return bySkill;
  if (strategy === 'fewestCalls' && a.callsTaken !== b.callsTaken) return a.callsTaken - b.callsTaken;
  if (a.idleSinceWallMs !== b.idleSinceWallMs) return a.idleSinceWallMs - b.idleSinceWallMs;
  return a.seatId < b.seatId ? -1 : 1;
}

export interface Choice {
  readonly entry: QueueEntry;
  /** Those that this node dispatches and that ring for nobody. */
  readonly seats: readonly Seat[];
  readonly strategy: DispatchStrategy;
  readonly reserve: number;
  readonly nowWallMs: number;
}

/** Emergency seats beyond the reserve. */
function spareSeats(seats: readonly Seat[], reserve: number): number {
  return seats.filter((seat) => isFree(seat) && seat.takesEmergencies).length - reserve;
}

/** Whether any ordinary call can be offered a seat now. */
export function isOrdinarySeatFree(seats: readonly Seat[], reserve: number): boolean {
  return seats.some((seat) => isFree(seat) && !seat.takesEmergencies) || spareSeats(seats, reserve) > 0;
}

/**
 * For an ordinary call. A seat that takes emergencies is left free when no more than `reserve` of them are.
 * @returns the seats to ring: all with `ringAll`, else one; none when it has to wait
 */
export function chooseSeats({ entry, seats, strategy, reserve, nowWallMs }: Choice): readonly Seat[] {
  const fitting = seats.filter(
    (seat) =>
      isFree(seat) &&
      seat.departmentIds.includes(entry.departmentId) &&
      isSkilled(seat, entry) &&
      !isPassedOver(seat, entry, nowWallMs),
  );
  const spare = spareSeats(seats, reserve);
  const others = fitting.filter((seat) => !seat.takesEmergencies);
  const order = (some: readonly Seat[]): Seat[] =>
    [...some].sort((a, b) => compareSeats(a, b, entry, strategy));
  const reserved = order(fitting.filter((seat) => seat.takesEmergencies)).slice(0, Math.max(0, spare));
  const all = order([...others, ...reserved]);
  return strategy === 'ringAll' ? all : all.slice(0, 1);
}

/** For an emergency: of the seats that are free the one that has been idle for longest. */
export function chooseEmergencySeat(
  entry: QueueEntry,
  seats: readonly Seat[],
  nowWallMs: number,
): Seat | undefined {
  return seats
    .filter((seat) => isFree(seat) && !isPassedOver(seat, entry, nowWallMs))
    .sort((a, b) => compareSeats(a, b, entry, 'longestIdle'))[0];
}

/** For an emergency that nobody has answered: everybody who is there and in no call, ready or not. */
export function chooseAllSeats(
  entry: QueueEntry,
  seats: readonly Seat[],
  nowWallMs: number,
): readonly Seat[] {
  return seats.filter(
    (seat) =>
      seat.isReachable &&
      (seat.state === 'ready' || seat.state === 'notReady' || seat.state === 'wrapUp') &&
      !isPassedOver(seat, entry, nowWallMs),
  );
}
