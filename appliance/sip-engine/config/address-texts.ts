/** Addresses and ports as people write them on a command line and in a file. Nothing here throws. */
import { isIP } from 'node:net';
import { findNumber } from '../message/sip-characters.js';
import { withoutBrackets } from '../message/ip-address.js';
import { SipSyntaxError } from '../message/sip-syntax-error.js';
import { parseSipUri, type SipUri } from '../message/sip-uri.js';
import { ValueScanner } from '../message/value-scanner.js';
import type { SipProtocol } from '../transport/sip-flow.js';
import type { HostPort } from './engine-config.js';

export const SIP_PROTOCOLS = ['udp', 'tcp', 'tls'] as const satisfies readonly SipProtocol[];

/** Every address of the machine. */
export const ANY_ADDRESS = '*';

const COLON = 0x3a;

/** `192.0.2.1:9022`, `[2001:db8::1]:9022` or `name:9022`; undefined for anything else. */
export function findHostPort(text: string): HostPort | undefined {
  const scanner = new ValueScanner(text, 'address');
  try {
    const host = scanner.host();
    if (scanner.code !== COLON) return undefined;
    scanner.pos += 1;
    const port = scanner.port();
    return scanner.isAtEnd ? { host: withoutBrackets(host), port } : undefined;
  } catch (error) {
    if (error instanceof SipSyntaxError) return undefined;
    throw error;
  }
}

/** `protocol:rest` with a protocol of the list. */
export function splitProtocol<P extends string>(
  text: string,
  protocols: readonly P[],
): { readonly protocol: P; readonly rest: string } | undefined {
  const protocol = protocols.find((one) => text.startsWith(`${one}:`));
  return protocol === undefined ? undefined : { protocol, rest: text.slice(protocol.length + 1) };
}

export interface ListenText {
  readonly protocol: SipProtocol;
  readonly address: string;
  readonly port: number;
}

/** `udp:192.0.2.1:5060`, `tls:[2001:db8::1]:5061` or `tcp:*:5060`; undefined for anything else. */
export function findListen(text: string): ListenText | undefined {
  const parts = splitProtocol(text, SIP_PROTOCOLS);
  if (parts === undefined) return undefined;
  const isAny = parts.rest.startsWith(`${ANY_ADDRESS}:`);
  const at = findHostPort(isAny ? `any${parts.rest.slice(1)}` : parts.rest);
  return at && { protocol: parts.protocol, address: isAny ? ANY_ADDRESS : at.host, port: at.port };
}

/** A numeric address without brackets, or a network such as `10.0.0.0/8` and `2001:db8::/32`. */
export function isNetwork(text: string): boolean {
  const slash = text.indexOf('/');
  if (slash < 0) return isIP(text) !== 0;
  const version = isIP(text.slice(0, slash));
  return version !== 0 && findNumber(text.slice(slash + 1), version === 4 ? 32 : 128) !== undefined;
}

export function findSipUri(text: string): SipUri | undefined {
  try {
    return parseSipUri(text);
  } catch (error) {
    if (error instanceof SipSyntaxError) return undefined;
    throw error;
  }
}
