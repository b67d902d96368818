/** Via (RFC 3261 20.42 and 18.2; RFC 3581 for rport). */
import type { Draft } from './draft.js';
import { plainAddress, isSameHost, withoutBrackets } from './ip-address.js';
import { findNumber, isAllOf, TOKEN } from './sip-characters.js';
import { SipSyntaxError } from './sip-syntax-error.js';
import { paramsText, ValueScanner, type SipParams } from './value-scanner.js';

export interface Via {
  /** `SIP/2.0` */
  readonly protocol: string;
  /** `UDP`, `TCP`, `TLS`, ... in upper case. */
  readonly transport: string;
  /** An IPv6 reference keeps its brackets. */
  readonly host: string;
  readonly port?: number;
  /** Absent, or without the cookie `z9hG4bK`, in RFC 2543; with nothing behind the cookie in RFC 4475 3.2.1. */
  readonly branch?: string;
  /** An address without brackets, in whichever form it came (RFC 5118 4.5). */
  readonly received?: string;
  /** `true` when the client asks for it, a number when a server has answered. */
  readonly rport?: number | true;
  readonly ttl?: number;
  readonly maddr?: string;
  readonly params: SipParams;
}

const SLASH = 0x2f;
const COLON = 0x3a;
const COMMA = 0x2c;
const PORT_MAX = 65_535;
const TTL_MAX = 255;

function numberParam(params: SipParams, name: string, max: number): number | undefined {
  const value = params[name];
  if (value === undefined) return undefined;
  const number = value === true ? undefined : findNumber(value, max);
  if (number === undefined) throw new SipSyntaxError(`Via: bad ${name}`);
  return number;
}

function textParam(params: SipParams, name: string): string | undefined {
  const value = params[name];
  if (value === true || value?.startsWith('"') === true) throw new SipSyntaxError(`Via: bad ${name}`);
  return value;
}

function branchOf(params: SipParams): string | undefined {
  const branch = textParam(params, 'branch');
  // It is half of the key of a transaction: no second spelling of it may exist.
  if (branch !== undefined && !isAllOf(branch, TOKEN)) throw new SipSyntaxError('Via: bad branch');
  return branch;
}

function addFields(via: Draft<Via>, params: SipParams): void {
  const branch = branchOf(params);
  if (branch !== undefined) via.branch = branch;
  const received = textParam(params, 'received');
  if (received !== undefined) via.received = withoutBrackets(received);
  const rport = params['rport'] === true ? true : numberParam(params, 'rport', PORT_MAX);
  if (rport !== undefined) via.rport = rport;
  const ttl = numberParam(params, 'ttl', TTL_MAX);
  if (ttl !== undefined) via.ttl = ttl;
  const maddr = textParam(params, 'maddr');
  if (maddr !== undefined) via.maddr = maddr;
}

/** `SIP / 2.0 / UDP`: white space is allowed around the slashes. @returns the transport */
function scanSentProtocol(scanner: ValueScanner): string {
  scanner.skipBlanks();
  const name = scanner.token('a protocol').toUpperCase();
  if (!scanner.takeSeparator(SLASH)) throw scanner.error('expected a slash');
  const version = scanner.token('a version');
  if (!scanner.takeSeparator(SLASH)) throw scanner.error('expected a slash');
  if (name !== 'SIP' || version !== '2.0') throw scanner.error('not SIP/2.0 before');
  return scanner.token('a transport').toUpperCase();
}

function scanVia(scanner: ValueScanner): Via {
  const transport = scanSentProtocol(scanner);
  const afterTransport = scanner.pos;
  scanner.skipBlanks();
  if (scanner.pos === afterTransport) throw scanner.error('expected white space');
  const host = scanner.host();
  const port = scanner.takeSeparator(COLON) ? scanner.port() : undefined;
  const params = scanner.params();
  const via: Draft<Via> = { protocol: 'SIP/2.0', transport, host, params };
  if (port !== undefined) via.port = port;
  addFields(via, params);
  return via;
}

/** @throws SipSyntaxError; an empty one among several is an error as well */
export function parseVias(value: string): Via[] {
  const scanner = new ValueScanner(value, 'Via');
  const vias: Via[] = [];
  do vias.push(scanVia(scanner));
  while (scanner.takeSeparator(COMMA));
  scanner.end();
  return vias;
}

/** The first of a header that may hold several. @throws SipSyntaxError, also when what follows it is no list */
export function parseTopVia(value: string): Via {
  const scanner = new ValueScanner(value, 'Via');
  const via = scanVia(scanner);
  scanner.skipBlanks();
  if (!scanner.isAtEnd && scanner.code !== COMMA) throw scanner.error('something unexpected');
  return via;
}

/** One Via in its shortest spelling. */
export function viaText(via: Via): string {
  const port = via.port === undefined ? '' : `:${String(via.port)}`;
  return `${via.protocol}/${via.transport} ${via.host}${port}${paramsText(via.params)}`;
}

/**
 * What a server adds to the top Via (RFC 3261 18.2.1, RFC 3581 4): `received` when the address is not the one the
 * client wrote or when it asks for its port, and then that port. A `received` or `rport=` that the client wrote
 * itself would send the response to whom it likes, so both are replaced.
 * @returns the new value, undefined when nothing is to be changed
 */
export function findStampedVia(via: Via, remoteAddress: string, remotePort: number): string | undefined {
  const address = plainAddress(remoteAddress);
  const wantsPort = via.rport !== undefined;
  if (!wantsPort && via.received === undefined && isSameHost(via.host, address)) return undefined;
  const kept = Object.entries(via.params).filter(([name]) => name !== 'received' && name !== 'rport');
  const port = wantsPort ? [['rport', String(remotePort)] as const] : [];
  const params = Object.fromEntries([...kept, ['received', address] as const, ...port]);
  return viaText({ ...via, params });
}
