/**
 * What a phone sends in Authorization or Proxy-Authorization (RFC 3261 25.1 `credentials`, RFC 7616 3.4). Values are
 * kept as they stand between their quotes, escapes included: the digest is made over exactly these characters
 * (RFC 7616 3.4, `unq`).
 */
import { HEX, isAllOf, PARAM_VALUE } from '../message/sip-characters.js';
import { SipSyntaxError } from '../message/sip-syntax-error.js';
import { unquote, ValueScanner } from '../message/value-scanner.js';
import { fromWireText } from '../message/wire-text.js';

export interface DigestCredentials {
  /** Unescaped, as Unicode. */
  readonly username: string;
  readonly realm: string;
  readonly nonce: string;
  readonly uri: string;
  readonly response: string;
  /** As written; undefined means MD5 (RFC 7616 3.4). */
  readonly algorithm?: string;
  readonly cnonce?: string;
  readonly qop?: string;
  /** Eight hexadecimal digits, as written. */
  readonly nc?: string;
  /** `userhash=true` or `username*`: the name is not readable. */
  readonly hidesUsername: boolean;
}

const COMMA = 0x2c;
const EQUALS = 0x3d;
const QUOTE = 0x22;

type AuthParams = Readonly<Record<string, string>>;

function parseAuthParams(scanner: ValueScanner): AuthParams {
  const params = Object.create(null) as Record<string, string>;
  do {
    const name = scanner.token('a parameter').toLowerCase();
    // Two readers of a doubled parameter would check one and use the other.
    if (params[name] !== undefined) throw scanner.error('a parameter twice before');
    if (!scanner.takeSeparator(EQUALS)) throw scanner.error('expected a value');
    params[name] = scanner.code === QUOTE ? scanner.quotedString() : scanner.run(PARAM_VALUE, 'a value');
  } while (scanner.takeSeparator(COMMA));
  scanner.end();
  return params;
}

function withoutQuotes(value: string): string {
  return value.startsWith('"') ? value.slice(1, -1) : value;
}

function plainName(value: string): string {
  return fromWireText(value.startsWith('"') ? unquote(value) : value);
}

/** @throws SipSyntaxError when one of those is missing without which there is nothing to verify */
function need(params: AuthParams, name: string): string {
  const value = params[name];
  if (value === undefined) throw new SipSyntaxError(`Digest credentials: ${name} is missing`);
  return value;
}

function optional(
  params: AuthParams,
  name: 'algorithm' | 'cnonce' | 'qop' | 'nc',
): Partial<DigestCredentials> {
  const value = params[name];
  return value === undefined ? {} : { [name]: withoutQuotes(value) };
}

function isUserhash(params: AuthParams): boolean {
  return withoutQuotes(params['userhash'] ?? '').toLowerCase() === 'true';
}

/**
 * @returns undefined for another scheme (Basic, Bearer), which is none of our business
 * @throws SipSyntaxError
 */
export function parseDigestCredentials(value: string): DigestCredentials | undefined {
  const scanner = new ValueScanner(value, 'Digest credentials');
  scanner.skipBlanks();
  if (scanner.token('a scheme').toLowerCase() !== 'digest') return undefined;
  scanner.skipBlanks();
  const params = parseAuthParams(scanner);
  const hidesUsername = params['username*'] !== undefined || isUserhash(params);
  return {
    username: hidesUsername ? '' : plainName(need(params, 'username')),
    realm: withoutQuotes(need(params, 'realm')),
    nonce: withoutQuotes(need(params, 'nonce')),
    uri: withoutQuotes(need(params, 'uri')),
    response: withoutQuotes(need(params, 'response')),
    ...optional(params, 'algorithm'),
    ...optional(params, 'cnonce'),
    ...optional(params, 'qop'),
    ...optional(params, 'nc'),
    hidesUsername,
  };
}

const NONCE_COUNT_DIGITS = 8;

/** @returns undefined for anything but eight hexadecimal digits (RFC 7616 3.4), and for 0: the first request is 1 */
export function findNonceCount(nc: string | undefined): number | undefined {
  if (nc?.length !== NONCE_COUNT_DIGITS || !isAllOf(nc, HEX)) return undefined;
  const count = parseInt(nc, 16);
  return count === 0 ? undefined : count;
}
