/** IPv4 addresses and subnets as numbers. Input has been checked by the schema. */

export function addressToNumber(address: string): number {
  return address.split('.').reduce((value, octet) => value * 256 + Number(octet), 0);
}

export interface Subnet {
  readonly first: number;
  readonly last: number;
}

/** @param cidr such as 10.77.0.0/24; bits behind the prefix are ignored */
export function parseSubnet(cidr: string): Subnet {
  const [network = '', length = '32'] = cidr.split('/');
  const size = 2 ** (32 - Number(length));
  const first = Math.floor(addressToNumber(network) / size) * size;
  return { first, last: first + size - 1 };
}

/** True for an address that a host may have: neither the network's own nor its broadcast address. */
export function isHostIn(subnet: Subnet, address: string): boolean {
  const value = addressToNumber(address);
  return value > subnet.first && value < subnet.last;
}

export function overlap(one: Subnet, other: Subnet): boolean {
  return one.first <= other.last && other.first <= one.last;
}
