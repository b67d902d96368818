/** How a seat or a number outside is reached: contacts, who is shown as calling, how long it rings, which media. */
import type { Telephony, TelephonyTrunk } from '../firmware-config/schema/telephony.js';
import type { CallState, Party, Target } from './call/call-types.js';
import type { Credentials } from './call/signalling-port.js';
import type { SeatBook } from './seat-book.js';
import type { Route } from './running-call.js';

/** Service addresses by their homes. */
export type ServiceAddresses = ReadonlyMap<string, string>;

/** Of a seat that somebody dials; the queue has its own time, and ends it itself. */
const SEAT_RING_MS = 60_000;
/** Emergencies ring until somebody answers. */
const QUEUE_RING_MS = 600_000;
const TRUNK_RING_MS = 60_000;

export class RouteFinder {
  readonly #telephony: Telephony;
  readonly #seats: SeatBook;
  readonly #addresses: ServiceAddresses;
  readonly #credentialsOf: (trunkId: string) => Credentials | undefined;

  constructor(
    telephony: Telephony,
    seats: SeatBook,
    addresses: ServiceAddresses,
    credentialsOf: (trunkId: string) => Credentials | undefined,
  ) {
    this.#credentialsOf = credentialsOf;
    this.#addresses = addresses;
    this.#telephony = telephony;
    this.#seats = seats;
  }

  /** @returns undefined when nobody can be reached there now */
  find(target: Target, state: CallState): Route | undefined {
    return target.kind === 'seat' ? this.#findSeat(target.seatId, state) : this.#findTrunk(target, state);
  }

  #findSeat(seatId: string, state: CallState): Route | undefined {
    const seat = this.#seats.findSeat(seatId);
    const devices = this.#seats.devicesOf(seatId);
    if (seat === undefined || devices.length === 0) return undefined;
    const { departmentId } = state;
    return {
      devices,
      from: { number: this.#numberOf(state.caller.party), name: departmentId },
      headers: {},
      localAddress: this.#addresses.get(state.home),
      credentials: undefined,
      ringMs: state.place === undefined ? SEAT_RING_MS : QUEUE_RING_MS,
      media: seat.media,
    };
  }

  #findTrunk(
    { trunkIds, number }: Extract<Target, { kind: 'trunk' }>,
    { caller, home }: CallState,
  ): Route | undefined {
    const trunk = this.#telephony.trunks.find(({ id }) => id === trunkIds[0]);
    if (trunk === undefined) return undefined;
    // A caller who is sent on is shown as himself; a seat as the house.
    const shown = caller.party.kind === 'trunk' ? caller.party.number : trunk.callerId;
    return {
      devices: [[uriOf(trunk, number)]],
      from: { number: shown === '' ? 'anonymous' : shown, name: undefined },
      headers: { 'P-Asserted-Identity': `<sip:${trunk.callerId}@localhost>` },
      localAddress: this.#addresses.get(home),
      credentials: this.#credentialsOf(trunk.id),
      ringMs: TRUNK_RING_MS,
      media: trunk.media,
    };
  }

  #numberOf(party: Party): string {
    if (party.kind === 'trunk') return party.number;
    return this.#seats.findSeat(party.seatId)?.extension ?? '';
  }
}

export function uriOf({ host, port, transport }: TelephonyTrunk, number: string): string {
  const suffix = transport === 'udp' ? '' : `;transport=${transport}`;
  return `sip:${number}@${host}:${String(port)}${suffix}`;
}
