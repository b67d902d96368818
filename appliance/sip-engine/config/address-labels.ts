/**
 * Which address a socket belongs to. The ids of service addresses are the same on both nodes: they begin tags,
 * branches and records, so that a stray request can be attributed. Other addresses get ids of their own.
 */
import { isSameHost } from '../message/ip-address.js';
import { ANY_ADDRESS } from './address-texts.js';
import type { ServiceAddress, SipListen } from './engine-config.js';

/** A socket that is open, or can be. */
export interface PlacedListen extends SipListen {
  readonly addressId: string;
}

export function labelAddresses(
  listens: readonly SipListen[],
  serviceAddresses: readonly ServiceAddress[],
): readonly SipListen[] {
  const others: string[] = [];
  const idOf = (address: string): string => {
    const service = serviceAddresses.find((one) => isSameHost(one.address, address));
    if (service !== undefined) return service.id;
    const known = others.findIndex((other) => isSameHost(other, address));
    return `x${String(known < 0 ? others.push(address) - 1 : known)}`;
  };
  return listens.map((listen) =>
    listen.address === ANY_ADDRESS ? listen : { ...listen, addressId: idOf(listen.address) },
  );
}

/** fe80::/10 (RFC 4291 2.4): without a zone it cannot be bound, and no SIP message can name it. */
function isLinkLocal(address: string): boolean {
  return /^fe[89ab]/i.test(address);
}

/**
 * Puts the machine's addresses in the place of `*`. Service addresses are among them whether or not this node holds
 * them now: their sockets are opened before they come.
 * @param machineAddresses numeric, of all interfaces
 */
export function placeListens(
  listens: readonly SipListen[],
  serviceAddresses: readonly ServiceAddress[],
  machineAddresses: readonly string[],
): readonly PlacedListen[] {
  const placed: SipListen[] = listens.filter(({ address }) => address !== ANY_ADDRESS);
  const candidates = [...serviceAddresses.map(({ address }) => address), ...machineAddresses];
  for (const any of listens.filter(({ address }) => address === ANY_ADDRESS)) {
    for (const address of candidates.filter((one) => !isLinkLocal(one))) {
      const isThere = placed.some(
        (one) => one.protocol === any.protocol && one.port === any.port && isSameHost(one.address, address),
      );
      if (!isThere) placed.push({ ...any, address });
    }
  }
  return labelAddresses(placed, serviceAddresses) as readonly PlacedListen[];
}
