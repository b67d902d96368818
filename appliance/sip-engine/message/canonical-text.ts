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
import { codeAt } from './code-at.js';
import { isUtf8 } from 'node:buffer';
import { assertAuthenticationInfo, assertCredentials } from './credentials.js';
import { HEADER, type HeaderName } from './header-names.js';
import { REPEATABLE, scanAddress } from './name-address.js';
import { isAllOf, isBlank, isInClass, TOKEN, trimBlanks } from './sip-characters.js';
import type { SipMessage } from './sip-message.js';
import { SipSyntaxError } from './sip-syntax-error.js';
import { isBareUriCharacter } from './sip-uri.js';
import { paramsText, ValueScanner, type SipParams } from './value-scanner.js';
import { parseVias, viaText, type Via } from './via-header.js';

export interface CanonicalTextOptions {
  /** Wire text in place of the first Via: the one stamped with where the message came from. */
  readonly topVia?: string;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const SPACE = 0x20;
const SEMICOLON = 0x3b;
const EQUALS = 0x3d;
const COLON = 0x3a;
const CLOSE = 0x3e;
/** In a row, where white space is not collapsed: drachtio-srf is quadratic in that. No name has more. */
const SPACES_MAX = 32;
const REPLACEMENT = '\ufffd';

function needsReplacement(code: number): boolean {
  return (code < 0x20 && code !== 0x09) || code === 0x7f || code === 0x2028 || code === 0x2029;
}

/** True for printable ASCII, which is nearly every value there is. */
function isPlain(text: string): boolean {
  for (let index = 0; index < text.length; index += 1) {
    const code = codeAt(text, index);
    if (code < 0x20 || code > 0x7e) return false;
  }
  return true;
}

/** What `\s` of a regular expression matches besides line ends: U+00A0 and others, blanks included. */
function isSpace(code: number): boolean {
  if (code < 0x1680) return code === 0x20 || code === 0x09 || code === 0xa0;
  if (code >= 0x2000 && code <= 0x200a) return true;
  return code === 0x1680 || code === 0x202f || code === 0x205f || code === 0x3000 || code === 0xfeff;
}

/** Control characters replaced, runs of spaces cut. */
function harmlessText(text: string): string {
  let harmless = '';
  let start = 0;
  let spaces = 0;
  for (let index = 0; index < text.length; index += 1) {
    const code = codeAt(text, index);
    spaces = isSpace(code) ? spaces + 1 : 0;
    if (spaces <= SPACES_MAX && !needsReplacement(code)) continue;
    harmless += text.slice(start, index) + (spaces > SPACES_MAX ? '' : REPLACEMENT);
    start = index + 1;
  }
  return harmless + text.slice(start);
}

/** Wire text -> what can be put into a line for the application. */
function readableText(wire: string): string {
  if (isPlain(wire)) return wire;
  const bytes = Buffer.from(wire, 'latin1');
  return harmlessText(isUtf8(bytes) ? bytes.toString('utf8') : wire);
}

/** @returns the first index from `start` that is no blank */
function blanksEnd(value: string, start: number): number {
  let index = start;
  while (isBlank(codeAt(value, index))) index += 1;
  return index;
}

/**
 * A run of white space becomes one space; in a quoted string it stays, up to a length that no name has.
 * A quote that is not closed reaches to the end.
 */
function collapseBlanks(value: string): string {
  if (!value.includes('  ') && !value.includes('\t')) return value;
  let text = '';
  let start = 0;
  let isQuoted = false;
  for (let index = 0; index < value.length; index += 1) {
    const code = codeAt(value, index);
    if (isQuoted && code === BACKSLASH) index += 1;
    else if (code === QUOTE) isQuoted = !isQuoted;
    else if (isBlank(code)) {
      const end = blanksEnd(value, index);
      const kept = isQuoted ? value.slice(index, Math.min(end, index + SPACES_MAX)) : ' ';
      text += value.slice(start, index) + kept;
      start = end;
      index = end - 1;
    }
  }
  return text + value.slice(start);
}

/** drachtio-srf reads tokens and quoted strings; at `;a=[::1]` it stops and misses the tag behind it. */
function quotedWhereNeeded(value: string | true): string | true {
  return value === true || value.startsWith('"') || isAllOf(value, TOKEN) ? value : `"${value}"`;
}

/** @param written as they came, which is how they go on if drachtio-srf can read them. */
function readableParams(written: string, params: SipParams): string {
  const readable = Object.entries(params).map(([name, value]) => [name, quotedWhereNeeded(value)] as const);
  const isReadable = readable.every(([name, value]) => params[name] === value);
  return isReadable ? trimBlanks(written) : paramsText(Object.fromEntries(readable));
}

function takeAddress(scanner: ValueScanner): string {
  const { text } = scanner;
  scanner.skipBlanks();
  const start = scanner.pos;
  const { uri } = scanAddress(scanner);
  const paramsStart = scanner.pos;
  // No URI holds a `>`, so that it is the bracket's.
  const isBracketed = codeAt(text, paramsStart - 1) === CLOSE;
  const params = scanner.params(REPEATABLE);
  const address = isBracketed ? text.slice(start, paramsStart) : `<${uri}>`;
  const written = scanner.hasRepetition ? paramsText(params) : text.slice(paramsStart, scanner.pos);
  return address + readableParams(written, params);
}

/** As they came, but for brackets and quotes that are missing. @throws SipSyntaxError */
function addressesText(value: string): string {
  if (value === '*') return value;
  const scanner = new ValueScanner(value, 'address');
  let text = takeAddress(scanner);
  for (let end = scanner.pos; scanner.takeSeparator(COMMA); end = scanner.pos) {
    text += value.slice(end, scanner.pos) + takeAddress(scanner);
  }
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

/** What check-message.ts has read: here it is known to be readable. */
const READ_BEFORE = new Set<HeaderName>([
  ...[HEADER.from, HEADER.to, HEADER.contact, HEADER.route, HEADER.recordRoute, HEADER.path, HEADER.referTo],
]);

function isTokenAt(code: number): boolean {
  return isInClass(code, TOKEN);
}

/** Parameters of tokens alone, no name twice that matters. */
function hasSimpleParams(value: string, start: number): boolean {
  for (let index = start; index < value.length; index += 1) {
    const code = codeAt(value, index);
    if (code !== SEMICOLON && code !== EQUALS && !isTokenAt(code)) return false;
  }
  const tag = value.indexOf('tag', start);
  return tag < 0 || value.indexOf('tag', tag + 1) < 0;
}

/** `Ward 3 <sip:a@b>;tag=1`, `<sip:a@b>` or `sip:a@b`: most addresses there are. @returns it in brackets */
function findSimpleAddress(value: string): string | undefined {
  const open = value.indexOf('<');
  if (open < 0) {
    for (let index = 0; index < value.length; index += 1) {
      if (!isBareUriCharacter(codeAt(value, index))) return undefined;
    }
    return `<${value}>`;
  }
  for (let index = 0; index < open; index += 1) {
    const code = codeAt(value, index);
    if (code !== SPACE && !isTokenAt(code)) return undefined;
  }
  const close = value.indexOf('>', open);
  return hasSimpleParams(value, close + 1) ? value : undefined;
}

/** `SIP/2.0/UDP host:port;branch=...` with one space and nothing that has to be put right. */
function findSimpleVia(value: string): string | undefined {
  const space = value.indexOf(' ');
  const params = value.indexOf(';branch=', space);
  const protocol = value.slice(0, Math.max(space, 0));
  const isUsual = protocol === 'SIP/2.0/UDP' || protocol === 'SIP/2.0/TCP' || protocol === 'SIP/2.0/TLS';
  if (!isUsual || params < 0) return undefined;
  for (let index = space + 1; index < value.length; index += 1) {
    const code = codeAt(value, index);
    if (code !== SEMICOLON && code !== EQUALS && code !== COLON && !isTokenAt(code)) return undefined;
  }
  return value;
}

/**
 * The text of a value that is in the right spelling already, which most are; undefined where it has to be looked at
 * in full. It says the same as `valueTexts`, only sooner.
 */
function findSimple(known: HeaderName, value: string): string | undefined {
  if (!isPlain(value)) return undefined;
  if (known.form === 'text') return known === HEADER.cseq ? undefined : value;
  if (known.form === 'via') return findSimpleVia(value);
  return READ_BEFORE.has(known) && value !== '*' ? findSimpleAddress(value) : undefined;
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
    const simple = this.#topVia === undefined || known !== HEADER.via ? findSimple(known, value) : undefined;
    if (simple !== undefined) {
      this.#text += `${known.name}: ${simple}\r\n`;
      return;
    }
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
