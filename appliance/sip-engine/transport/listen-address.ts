/** Which addresses to bind. Each by itself: Node cannot say from which address an answer of a wildcard socket goes. */
import { isIPv6, SocketAddress } from 'node:net';
import { networkInterfaces, type NetworkInterfaceInfo } from 'node:os';
import type { ListenAddress } from './transport-port.js';

const WILDCARDS: Readonly<Partial<Record<string, NetworkInterfaceInfo['family']>>> = {
  '*': 'IPv4',
  '0.0.0.0': 'IPv4',
  '::': 'IPv6',
};

/** The one spelling of an address that the system uses, too; anything that is no IPv6 address as it is. */
export function canonicalAddress(address: string): string {
  return isIPv6(address) && !address.includes('%')
    ? new SocketAddress({ address, family: 'ipv6' }).address
    : address;
}

function localAddresses(family: NetworkInterfaceInfo['family']): string[] {
  const all = Object.values(networkInterfaces()).flatMap((infos = []) => infos);
  // A link-local address is none without its interface, and SIP cannot name that (RFC 5118 4).
  const usable = all.filter((info) => info.family === family && !info.address.startsWith('fe80:'));
  return [...new Set(usable.map(({ address }) => address))];
}

/** Wildcards become the addresses that this machine has now. */
export function expandListens(listens: readonly ListenAddress[]): ListenAddress[] {
  return listens.flatMap((listen) => {
    const family = WILDCARDS[listen.address];
    const addresses = family === undefined ? [canonicalAddress(listen.address)] : localAddresses(family);
    return addresses.map((address) => ({ ...listen, address }));
  });
}
