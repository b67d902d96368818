/**
 * What an application gets of a message: the same values in the one spelling that the parser of drachtio-srf 5.0.29
 * reads as we do. That parser takes seconds for some texts, throws on others, decodes `%56ia` to Via and `RE%47...`
 * to a method, and joins equal headers with a comma; an application must meet none of it. So:
 *
 * - one line a header, long names, white space outside of quotes collapsed, every Via on its own line and with a
 *   parameter (without one the comma that joins it would become a part of its host), URIs of addresses in `<>`;
 * - a header that cannot be read is left out, as if it had not come (RFC 3261 8.2 and 16.3 let a server ignore it);
 *   check-message.ts has refused the messages that cannot do without;
 * - exactly one Content-Length; the body as it is.
 *
 * Text is UTF-8 (RFC 3261 7.3.1). A value that is not UTF-8 is taken as ISO 8859-1, which is what old phones mean and
 * which loses no byte. Control characters and the line separators of Unicode become U+FFFD: a regular expression
 * stops at them, and they have no meaning in a header.
 *
 * Never throws, and its cost is linear in the size of the message.
 */
import { isUtf8 } from 'node:buffer';
import { assertAuthenticationInfo, assertCredentials } from './credentials.js';
import { HEADER, type HeaderName } from './header-names.js';
import { scanAddress } from './name-address.js';
import { isBlank, trimBlanks } from './sip-characters.js';
import type { SipMessage } from './sip-message.js';
import { SipSyntaxError } from './sip-syntax-error.js';
import { ValueScanner } from './value-scanner.js';
import { parseVias, viaText, type Via } from './via-header.js';

export interface CanonicalTextOptions {
  /** Wire text in place of the first Via: the one stamped with where the message came from. */
  readonly topVia?: string;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const CLOSE = 0x3e;
const REPLACEMENT = '\ufffd';

function needsReplacement(code: number): boolean {
  return (code < 0x20 && code !== 0x09) || code === 0x7f || code === 0x2028 || code === 0x2029;
}

/** True for printable ASCII, which is nearly every value there is. */
function isPlain(text: string): boolean {
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code < 0x20 || code > 0x7e) return false;
  }
  return true;
}

/** Wire text -> what can be put into a line for the application. */
function readableText(wire: string): string {
  if (isPlain(wire)) return wire;
  const bytes = Buffer.from(wire, 'latin1');
  const text = isUtf8(bytes) ? bytes.toString('utf8') : wire;
  let readable = '';
  let start = 0;
  for (let index = 0; index < text.length; index += 1) {
    if (!needsReplacement(text.charCodeAt(index))) continue;
    readable += text.slice(start, index) + REPLACEMENT;
    start = index + 1;
  }
  return readable + text.slice(start);
}

/** Runs of white space outside of quoted strings become one space; a quote that is not closed reaches to the end. */
function collapseBlanks(value: string): string {
  if (!value.includes('  ') && !value.includes('\t')) return value;
  let text = '';
  let start = 0;
  let isQuoted = false;
  for (let index = 0; index < value.length; index += 1) {
    const code = value.charCodeAt(index);
    if (isQuoted && code === BACKSLASH) index += 1;
    else if (code === QUOTE) isQuoted = !isQuoted;
    else if (!isQuoted && isBlank(code)) {
      text += `${value.slice(start, index)} `;
      while (isBlank(value.charCodeAt(index + 1))) index += 1;
      start = index + 1;
    }
  }
  return text + value.slice(start);
}

interface AddressPiece {
  readonly uri: string;
  readonly isBracketed: boolean;
  /** Where its parameters are in the value. */
  readonly paramsStart: number;
  readonly end: number;
}

function takeAddress(scanner: ValueScanner): AddressPiece {
  const { uri } = scanAddress(scanner);
  const paramsStart = scanner.pos;
  scanner.params();
  // No URI holds a `>`, so that it is the bracket's.
  const isBracketed = scanner.text.charCodeAt(paramsStart - 1) === CLOSE;
  return { uri, isBracketed, paramsStart, end: scanner.pos };
}

/** As it came when every URI has its brackets; else those that lack them get them. @throws SipSyntaxError */
function addressesText(value: string): string {
  if (value === '*') return value;
  const scanner = new ValueScanner(value, 'address');
  let text = '';
  let start = 0;
  do {
    scanner.skipBlanks();
    const addressStart = scanner.pos;
    const { uri, isBracketed, paramsStart, end } = takeAddress(scanner);
    text += value.slice(start, addressStart);
    text += isBracketed
      ? value.slice(addressStart, end)
      : `<${uri}>${trimBlanks(value.slice(paramsStart, end))}`;
    start = end;
  } while (scanner.takeSeparator(COMMA));
  scanner.end();
  return text;
}

/** `;no-branch` is the parameter of a Via that has none: made up, but nobody can take it for something else. */
function readableVia(via: Via): string {
  const text = viaText(via);
  return Object.keys(via.params).length === 0 ? `${text};no-branch` : text;
}

function viaTexts(value: string): string[] {
  return parseVias(value).map(readableVia);
}

/** drachtio-srf decodes methods and names of headers: it shall decode them to what they are (RFC 4475 3.1.1.5). */
function withEscapedPercents(text: string): string {
  return text.includes('%') ? text.replaceAll('%', '%25') : text;
}

/** @throws SipSyntaxError when it cannot be read */
function valueTexts(known: HeaderName, value: string): string[] {
  switch (known.form) {
    case 'via':
      return viaTexts(value);
    case 'address':
    case 'addresses':
      return [addressesText(value)];
    case 'credentials':
      assertCredentials(value);
      return [value];
    case 'authenticationInfo':
      assertAuthenticationInfo(value);
      return [value];
    case 'text':
      return [known === HEADER.cseq ? withEscapedPercents(value) : value];
  }
}

function readableValues(known: HeaderName, value: string): string[] {
  try {
    return valueTexts(known, value);
  } catch (error) {
    if (error instanceof SipSyntaxError) return [];
    throw error;
  }
}

/** The names that drachtio-srf takes as they are; it decodes all others. */
function isTakenAsIs(name: string): boolean {
  return name.startsWith('X-') || (name.startsWith('P-') && !name.startsWith('P-Asserted'));
}

/** @returns undefined for what is no header but a property of every object (`constructor`, `__proto__`) */
function findReadableName(name: string): string | undefined {
  if (isTakenAsIs(name)) return name;
  return name.toLowerCase() in Object.prototype ? undefined : withEscapedPercents(name);
}

function startLineText(message: SipMessage): string {
  const { version, status, reason, requestUri } = message;
  if (!message.isRequest) return `SIP/${version} ${String(status)} ${collapseBlanks(readableText(reason))}`;
  return `${withEscapedPercents(message.method)} ${requestUri} SIP/${version}`;
}

/** One message on its way to the application. */
class CanonicalWriter {
  readonly #message: SipMessage;
  #topVia: string | undefined;
  #text: string;
  #hasLength = false;

  constructor(message: SipMessage, { topVia }: CanonicalTextOptions) {
    this.#message = message;
    this.#topVia = topVia;
    this.#text = `${startLineText(message)}\r\n`;
  }

  write(): Buffer {
    for (let index = 0; index < this.#message.headerCount; index += 1) this.#header(index);
    this.#contentLength();
    return Buffer.concat([Buffer.from(`${this.#text}\r\n`, 'utf8'), this.#message.body]);
  }

  #header(index: number): void {
    const known = this.#message.knownAt(index);
    if (known === HEADER.contentLength) this.#contentLength();
    else if (known === undefined) this.#unknown(index);
    else this.#known(known, collapseBlanks(this.#message.valueAt(index)));
  }

  #known(known: HeaderName, value: string): void {
    const values = readableValues(known, value);
    if (known === HEADER.via && this.#topVia !== undefined && values.length > 0) {
      const stamped = readableValues(known, this.#topVia);
      this.#topVia = undefined;
      values.splice(0, stamped.length, ...stamped);
    }
    for (const each of values) this.#text += `${known.name}: ${readableText(each)}\r\n`;
  }

  #unknown(index: number): void {
    const name = findReadableName(this.#message.nameAt(index));
    if (name === undefined) return;
    this.#text += `${name}: ${collapseBlanks(readableText(this.#message.valueAt(index)))}\r\n`;
  }

  #contentLength(): void {
    if (this.#hasLength) return;
    this.#hasLength = true;
    this.#text += `${HEADER.contentLength.name}: ${String(this.#message.body.length)}\r\n`;
  }
}

/** @returns UTF-8, apart from the body, which is as it came */
export function canonicalText(message: SipMessage, options: CanonicalTextOptions = {}): Buffer {
  return new CanonicalWriter(message, options).write();
}
