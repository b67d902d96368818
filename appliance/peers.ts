/** Who is calling: a seat by its password, a trunk by where it calls from. Nothing that a peer says of itself counts. */
import { addressToNumber, parseSubnet, type Subnet } from '../firmware-config/ipv4.js';
import type { Telephony, TelephonySeat, TelephonyTrunk } from '../firmware-config/schema/telephony.js';
import type { Source } from './call/signalling-port.js';

export type Peer =
  | { readonly kind: 'seat'; readonly seat: TelephonySeat }
  | { readonly kind: 'trunk'; readonly trunk: TelephonyTrunk };

interface KnownTrunk {
  readonly trunk: TelephonyTrunk;
  readonly sources: readonly Subnet[];
}

function subnetOf(source: string): Subnet {
  return parseSubnet(source.includes('/') ? source : `${source}/32`);
}

function isIpv4(address: string): boolean {
  return /^\d{1,3}(\.\d{1,3}){3}$/.test(address);
}

export class Peers {
  readonly #seatsByUser: ReadonlyMap<string, TelephonySeat>;
  readonly #trunks: readonly KnownTrunk[];

  constructor(telephony: Telephony) {
    this.#seatsByUser = new Map(telephony.seats.map((seat) => [seat.user, seat]));
    this.#trunks = telephony.trunks.map((trunk) => ({
      trunk,
      sources: trunk.allowedSources.map(subnetOf),
    }));
  }

  findSeat(user: string | undefined): TelephonySeat | undefined {
    return user === undefined ? undefined : this.#seatsByUser.get(user);
  }

  /** Of several trunks at one address the one that uses this port. */
  findTrunk({ address, port }: Source): TelephonyTrunk | undefined {
    if (!isIpv4(address)) return undefined;
    const from = this.#trunks.filter(({ sources }) => sources.some((subnet) => isIn(subnet, address)));
    return (from.find(({ trunk }) => trunk.port === port) ?? from[0])?.trunk;
  }

  find(source: Source, user: string | undefined): Peer | undefined {
    const seat = this.findSeat(user);
    if (seat !== undefined) return { kind: 'seat', seat };
    const trunk = this.findTrunk(source);
    return trunk === undefined ? undefined : { kind: 'trunk', trunk };
  }
}

function isIn(subnet: Subnet, address: string): boolean {
  const value = addressToNumber(address);
  return value >= subnet.first && value <= subnet.last;
}
