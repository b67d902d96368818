/** Addresses as SIP writes them: IPv6 in brackets in URIs and Via, with or without them in `received`. */
import { isIPv4, isIPv6 } from 'node:net';

const GROUPS = 8;

function groupsOf(part: string): number[] {
  if (part === '') return [];
  return part.split(':').flatMap((group) => {
    if (!group.includes('.')) return [parseInt(group, 16)];
    const [a = 0, b = 0, c = 0, d = 0] = group.split('.').map(Number);
    return [a * 256 + b, c * 256 + d];
  });
}

/** The eight groups of a valid IPv6 address. */
function expand(address: string): number[] {
  const [head = '', tail] = address.split('::');
  const front = groupsOf(head);
  if (tail === undefined) return front;
  const back = groupsOf(tail);
  return [...front, ...new Array<number>(GROUPS - front.length - back.length).fill(0), ...back];
}

/** `[2001:db8::1]` -> `2001:db8::1`; anything else as it is. */
export function withoutBrackets(host: string): string {
  return host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host;
}

/** An IPv4 address that an IPv6 socket shows as `::ffff:192.0.2.1` (RFC 4291 2.5.5.2) is the IPv4 address. */
export function plainAddress(host: string): string {
  const address = withoutBrackets(host);
  const dotted = address.slice(address.lastIndexOf(':') + 1);
  return address.toLowerCase().startsWith('::ffff:') && isIPv4(dotted) ? dotted : address;
}

/**
 * The same host: names without regard to case, IPv6 addresses by value (RFC 5954 4.2), so that `[2001:DB8::1]` is
 * `2001:db8:0::1`.
 */
export function isSameHost(a: string, b: string): boolean {
  const one = plainAddress(a).toLowerCase();
  const other = plainAddress(b).toLowerCase();
  if (one === other) return true;
  if (!isIPv6(one) || !isIPv6(other)) return false;
  return expand(one).join() === expand(other).join();
}

/**
 * What stands between the brackets of a URI or Via.
 * RFC 5118 4.10: the grammar of RFC 3261 allows a third colon before an embedded IPv4 address, and a parser has to
 * take it; it is left out here.
 * @returns the address without brackets, undefined when it is none
 */
export function findIpv6(text: string): string | undefined {
  const at = text.indexOf(':::');
  const address = at >= 0 && isIPv4(text.slice(at + 3)) ? text.slice(0, at) + text.slice(at + 1) : text;
  // isIPv6 takes a zone ("fe80::1%eth0"), which is no part of a SIP host (RFC 5118 4).
  return isIPv6(address) && !address.includes('%') ? address : undefined;
}
