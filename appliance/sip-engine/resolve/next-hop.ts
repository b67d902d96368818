/**
 * Where a request goes (RFC 3261 8.1.2 and 12.2.1.1), and by which questions to DNS the place is found (RFC 3263 4.1
 * and 4.2). Decides only: dns-resolver.ts asks. NAPTR is not asked for; a name without port is looked up by SRV for
 * the one transport that was chosen.
 */
import { isIP } from 'node:net';
import { plainAddress } from '../message/ip-address.js';
import type { SipUri } from '../message/sip-uri.js';
import type { SipProtocol } from '../transport/sip-flow.js';

export type ResolveTarget =
  /** The place itself. */
  | {
      readonly kind: 'address';
      readonly protocol: SipProtocol;
      readonly address: string;
      readonly port: number;
    }
  /** A/AAAA: the port is known. */
  | { readonly kind: 'host'; readonly protocol: SipProtocol; readonly host: string; readonly port: number }
  /** SRV; where there is none, A/AAAA of `host` with `port`. */
  | {
      readonly kind: 'service';
      readonly protocol: SipProtocol;
      readonly service: string;
      readonly host: string;
      readonly port: number;
    };

export type NextHop =
  | { readonly kind: 'target'; readonly target: ResolveTarget }
  /** A transport that the engine has not, or one that a sips URI rules out. */
  | { readonly kind: 'noTransport'; readonly transport: string };

export interface NextHopInput {
  readonly requestUri: SipUri;
  /** URIs of the Route headers, top first, as the request will carry them. */
  readonly routes: readonly SipUri[];
  /** Used when nothing else says where to go; a pre-loaded route set wins (RFC 3261 8.1.2). */
  readonly outboundProxy?: SipUri | undefined;
}

const SERVICES = { udp: '_sip._udp.', tcp: '_sip._tcp.', tls: '_sips._tcp.' } as const;

function defaultPort(protocol: SipProtocol): number {
  return protocol === 'tls' ? 5061 : 5060;
}

/**
 * A strict router's URI has no `lr`: it has been moved into the Request-URI before (RFC 3261 12.2.1.1), so that the
 * request goes to the Request-URI whatever the routes say.
 */
function chooseUri({ requestUri, routes, outboundProxy }: NextHopInput): SipUri {
  const [first] = routes;
  if (first === undefined) return outboundProxy ?? requestUri;
  return first.params['lr'] === undefined ? requestUri : first;
}

/** RFC 3263 4.1; without a word about it, and without NAPTR, it is UDP for sip and TLS for sips. */
function findProtocol(uri: SipUri, isSecure: boolean): SipProtocol | undefined {
  const transport = uri.params['transport'];
  if (transport === undefined || transport === true) return isSecure ? 'tls' : 'udp';
  const wanted = transport.toLowerCase();
  // RFC 3261 26.2.2: "sips:...;transport=tcp" is TLS over TCP.
  if (isSecure) return wanted === 'tcp' || wanted === 'tls' ? 'tls' : undefined;
  return wanted === 'udp' || wanted === 'tcp' || wanted === 'tls' ? wanted : undefined;
}

/** RFC 3263 4: `maddr` stands for the host. */
function targetHost(uri: SipUri): string {
  const { maddr } = uri.params;
  return plainAddress(typeof maddr === 'string' && maddr !== '' ? maddr : uri.host);
}

function makeTarget(host: string, port: number | undefined, protocol: SipProtocol): ResolveTarget {
  const known = port ?? defaultPort(protocol);
  if (isIP(host) !== 0) return { kind: 'address', protocol, address: host, port: known };
  if (port !== undefined) return { kind: 'host', protocol, host, port };
  return { kind: 'service', protocol, service: SERVICES[protocol] + host, host, port: known };
}

/** The place of one URI, whatever message goes there. */
export function targetOfUri(uri: SipUri, isSecure: boolean = uri.scheme === 'sips'): NextHop {
  const protocol = findProtocol(uri, isSecure);
  if (protocol === undefined) return { kind: 'noTransport', transport: String(uri.params['transport']) };
  return { kind: 'target', target: makeTarget(targetHost(uri), uri.port, protocol) };
}

export function decideNextHop(input: NextHopInput): NextHop {
  const uri = chooseUri(input);
  // RFC 3261 8.1.2: a sips Request-URI makes every hop secure, whatever the URI of the hop says.
  return targetOfUri(uri, input.requestUri.scheme === 'sips' || uri.scheme === 'sips');
}
