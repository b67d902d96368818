/**
 * SIP and SIPS URIs (RFC 3261 19.1). The user part stays as it was written: an element that unescapes it and writes
 * it again makes another URI of it, and with `%40` another address.
 */
import { codeAt } from './code-at.js';
import { isSameHost } from './ip-address.js';
import {
  hasWholeEscapes,
  isAllOf,
  isInClass,
  PASSWORD,
  SCHEME,
  skipClass,
  URI,
  URI_HEADER,
  URI_PARAM,
  USER,
} from './sip-characters.js';
import { quoteForSentence, SipSyntaxError } from './sip-syntax-error.js';
import type { Draft } from './draft.js';
import { NO_PARAMS, ValueScanner, type SipParams } from './value-scanner.js';

/** Nobody dials a longer one; the parser of drachtio-srf is quadratic in it. */
export const URI_BYTES_MAX = 2048;

export interface SipUri {
  readonly scheme: 'sip' | 'sips';
  /** As written, escapes included. */
  readonly user?: string;
  readonly password?: string;
  /** As written; an IPv6 reference with its brackets. */
  readonly host: string;
  readonly port?: number;
  /** Names in lower case, names and values unescaped (RFC 3261 19.1.4 compares them so). */
  readonly params: SipParams;
  /** The same for what stands after `?`; empty values are allowed. */
  readonly headers: Readonly<Record<string, string>>;
}

const AT = 0x40;
const COLON = 0x3a;
const SEMICOLON = 0x3b;
const EQUALS = 0x3d;
const QUESTION = 0x3f;
const AMPERSAND = 0x26;

const NO_HEADERS = Object.freeze(Object.create(null) as Record<string, string>);

/** RFC 3261 25.1 `reserved`: escaped, these mean something else than themselves. */
const RESERVED = ';/?:@&=+$,';

/** @returns the scheme in lower case, undefined for what is no URI at all */
export function findUriScheme(text: string): string | undefined {
  const end = text.indexOf(':');
  if (end <= 0) return undefined;
  const scheme = text.slice(0, end);
  const first = codeAt(scheme, 0) | 0x20;
  return isAllOf(scheme, SCHEME) && first >= 0x61 && first <= 0x7a ? scheme.toLowerCase() : undefined;
}

/** Any `%41` -> `A`, as wire text. */
function unescapeAll(text: string): string {
  if (!text.includes('%')) return text;
  let plain = '';
  for (let index = 0; index < text.length; index += 1) {
    if (text.charAt(index) !== '%') plain += text.charAt(index);
    else {
      plain += String.fromCharCode(parseInt(text.slice(index + 1, index + 3), 16));
      index += 2;
    }
  }
  return plain;
}

/** The pieces of a URI, without white space between them, unlike those of a header. */
class UriScanner extends ValueScanner {
  constructor(text: string, start: number) {
    super(text, 'URI', start);
  }

  #part(bits: number): string {
    const start = this.pos;
    this.pos = skipClass(this.text, start, this.text.length, bits);
    const part = this.text.slice(start, this.pos);
    if (!hasWholeEscapes(part)) throw this.error('a bad escape before');
    return unescapeAll(part);
  }

  #take(code: number): boolean {
    if (this.code !== code) return false;
    this.pos += 1;
    return true;
  }

  optionalPort(): number | undefined {
    return this.#take(COLON) ? this.port() : undefined;
  }

  uriParams(): SipParams {
    if (this.code !== SEMICOLON) return NO_PARAMS;
    const params = Object.create(null) as Record<string, string | true>;
    while (this.#take(SEMICOLON)) {
      const name = this.#part(URI_PARAM).toLowerCase();
      if (name === '') throw this.error('expected a parameter');
      // RFC 3261 19.1.1: a name must not appear more than once.
      if (params[name] !== undefined)
        throw this.error(`the parameter ${quoteForSentence(name)} twice before`);
      params[name] = this.#take(EQUALS) ? this.#part(URI_PARAM) : true;
    }
    return params;
  }

  uriHeaders(): Readonly<Record<string, string>> {
    if (!this.#take(QUESTION)) return NO_HEADERS;
    const headers = Object.create(null) as Record<string, string>;
    do {
      const name = this.#part(URI_HEADER).toLowerCase();
      if (name === '') throw this.error('expected a header');
      // Applications escape the "=" of `?Replaces=` as well, and drachtio-server takes it: a header without a value.
      const value = this.#take(EQUALS) ? this.#part(URI_HEADER) : '';
      // The same header twice is a list, as in a message.
      headers[name] = headers[name] === undefined ? value : `${headers[name]},${value}`;
    } while (this.#take(AMPERSAND));
    return headers;
  }
}

interface UserInfo {
  readonly user?: string;
  readonly password?: string;
}

/** A user may hold `;`, `?` and `/`, but an `@` only escaped: the first one ends it. */
function parseUserInfo(text: string): UserInfo {
  const colon = text.indexOf(':');
  const user = colon < 0 ? text : text.slice(0, colon);
  if (!isAllOf(user, USER) || !hasWholeEscapes(text))
    throw new SipSyntaxError(`URI: bad user ${quoteForSentence(user)}`);
  if (colon < 0) return { user };
  const password = text.slice(colon + 1);
  if (password !== '' && !isAllOf(password, PASSWORD)) throw new SipSyntaxError('URI: bad password');
  return { user, password };
}

/** @throws SipSyntaxError for anything but a sip or sips URI */
export function parseSipUri(text: string): SipUri {
  const scheme = findUriScheme(text);
  if (scheme !== 'sip' && scheme !== 'sips')
    throw new SipSyntaxError(`URI: not a sip URI: ${quoteForSentence(text)}`);
  const start = scheme.length + 1;
  const at = text.indexOf(String.fromCharCode(AT), start);
  const userInfo = at < 0 ? undefined : parseUserInfo(text.slice(start, at));
  const scanner = new UriScanner(text, at < 0 ? start : at + 1);
  const host = scanner.host();
  const port = scanner.optionalPort();
  const params = scanner.uriParams();
  const headers = scanner.uriHeaders();
  if (!scanner.isAtEnd) throw scanner.error('something unexpected');
  const uri: Draft<SipUri> = { scheme, host, params, headers };
  if (userInfo?.user !== undefined) uri.user = userInfo.user;
  if (userInfo?.password !== undefined) uri.password = userInfo.password;
  if (port !== undefined) uri.port = port;
  return uri;
}

/**
 * For a URI of any scheme: what is a SIP URI must be a good one, of others only the characters are judged.
 * @throws SipSyntaxError
 */
export function assertUri(text: string): void {
  if (text.length > URI_BYTES_MAX) throw new SipSyntaxError('URI: too long');
  const scheme = findUriScheme(text);
  if (scheme === 'sip' || scheme === 'sips') {
    parseSipUri(text);
    return;
  }
  if (scheme === undefined || text.length === scheme.length + 1 || !isAllOf(text, URI))
    throw new SipSyntaxError(`URI: not one: ${quoteForSentence(text)}`);
}

/** Two users are compared with regard to case; an escaped character is itself unless it is a reserved one. */
function comparableUser(text: string | undefined): string | undefined {
  if (text?.includes('%') !== true) return text;
  let plain = '';
  for (let index = 0; index < text.length; index += 1) {
    const character = text.charAt(index);
    if (character !== '%') plain += character;
    else {
      const escaped = text.slice(index, index + 3);
      const meant = unescapeAll(escaped);
      plain += meant === '%' || RESERVED.includes(meant) ? escaped.toUpperCase() : meant;
      index += 2;
    }
  }
  return plain;
}

/** RFC 3261 19.1.4: these never match by being absent, not even when their value is the default. */
const DECIDING_PARAMS = ['user', 'ttl', 'method', 'maddr', 'transport'];

function isSameParam(a: string | true | undefined, b: string | true | undefined): boolean {
  if (typeof a !== 'string' || typeof b !== 'string') return a === b;
  return a.toLowerCase() === b.toLowerCase();
}

function areSameParams(a: SipParams, b: SipParams): boolean {
  for (const name of DECIDING_PARAMS) if (!isSameParam(a[name], b[name])) return false;
  for (const name in a) if (b[name] !== undefined && !isSameParam(a[name], b[name])) return false;
  return true;
}

function areSameHeaders(a: SipUri['headers'], b: SipUri['headers']): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}

/** RFC 3261 19.1.4. Not transitive, by its definition: what is no key must not be made one. */
export function isSameUri(a: SipUri, b: SipUri): boolean {
  return (
    a.scheme === b.scheme &&
    comparableUser(a.user) === comparableUser(b.user) &&
    comparableUser(a.password) === comparableUser(b.password) &&
    isSameHost(a.host, b.host) &&
    // An explicit 5060 does not match an absent port: they can resolve differently (RFC 3263).
    a.port === b.port &&
    areSameParams(a.params, b.params) &&
    areSameHeaders(a.headers, b.headers)
  );
}

/** One character of a URI that stands without angle brackets: `;` `,` `?` end it (RFC 3261 20). */
export function isBareUriCharacter(code: number): boolean {
  return isInClass(code, URI) && code !== SEMICOLON && code !== 0x2c && code !== QUESTION;
}
