/** From, To, Contact, Route and the others of the form `name-addr / addr-spec` with parameters (RFC 3261 20.10). */
import { codeAt } from './code-at.js';
import { isAllOf, isBlank, isInClass, TOKEN, trimBlanks } from './sip-characters.js';
import { assertUri, isBareUriCharacter } from './sip-uri.js';
import { unquote, ValueScanner, type SipParams } from './value-scanner.js';
import { fromWireText } from './wire-text.js';

export interface NameAddress {
  /** As people read it: unquoted, decoded as UTF-8; empty when there is none. */
  readonly displayName: string;
  /** As written, without brackets; of any scheme, a sip URI is known to be a good one. */
  readonly uri: string;
  /** The parameter of From and To; absent in an RFC 2543 request and in a request outside a dialog. */
  readonly tag?: string;
  /** Of the header, not of the URI. */
  readonly params: SipParams;
}

export interface ScannedAddress {
  /** As written, quotes included; empty when there is none. */
  readonly rawName: string;
  readonly uri: string;
}

/**
 * SIPp scenarios add a tag to a To that has one (`[last_To:];tag=`), and drachtio-server takes their answers. The
 * first one is the dialog's, and the only one that an application sees.
 */
export const REPEATABLE = 'tag';

const QUOTE = 0x22;
const OPEN = 0x3c;

/** `Bell A.` of `Bell A. <sip:...>`; undefined when no bracket follows, so that it is an addr-spec. */
function takeTokenName(scanner: ValueScanner): string | undefined {
  const { text } = scanner;
  let index = scanner.pos;
  while (isInClass(codeAt(text, index), TOKEN) || isBlank(codeAt(text, index))) index += 1;
  if (codeAt(text, index) !== OPEN) return undefined;
  const name = text.slice(scanner.pos, index);
  scanner.pos = index;
  return trimBlanks(name);
}

function takeBracketedUri(scanner: ValueScanner): string {
  const end = scanner.text.indexOf('>', scanner.pos);
  if (scanner.code !== OPEN || end < 0) throw scanner.error('expected a URI in brackets');
  const uri = scanner.text.slice(scanner.pos + 1, end);
  scanner.pos = end + 1;
  return uri;
}

/** RFC 3261 20: a URI with a comma, question mark or semicolon has to be in brackets, or nobody knows whose it is. */
function takeBareUri(scanner: ValueScanner): string {
  const start = scanner.pos;
  while (isBareUriCharacter(scanner.code)) scanner.pos += 1;
  return scanner.text.slice(start, scanner.pos);
}

/** @throws SipSyntaxError */
export function scanAddress(scanner: ValueScanner): ScannedAddress {
  scanner.skipBlanks();
  const isQuoted = scanner.code === QUOTE;
  const rawName = isQuoted ? scanner.quotedString() : takeTokenName(scanner);
  if (isQuoted) scanner.skipBlanks();
  const uri = rawName === undefined ? takeBareUri(scanner) : takeBracketedUri(scanner);
  assertUri(uri);
  return { rawName: rawName ?? '', uri };
}

function readableName(rawName: string): string {
  return fromWireText(codeAt(rawName, 0) === QUOTE ? unquote(rawName) : rawName);
}

function scanNameAddress(scanner: ValueScanner): NameAddress {
  const { rawName, uri } = scanAddress(scanner);
  const params = scanner.params(REPEATABLE);
  const { tag } = params;
  // tag-param = "tag" EQUAL token. It is half of a dialog's key: with `a:b` or quotes others would read another one.
  if (tag !== undefined && (tag === true || !isAllOf(tag, TOKEN))) throw scanner.error('a bad tag before');
  const displayName = rawName === '' ? '' : readableName(rawName);
  return tag === undefined ? { displayName, uri, params } : { displayName, uri, tag, params };
}

/** @throws SipSyntaxError */
export function parseNameAddress(value: string, what: string): NameAddress {
  const scanner = new ValueScanner(value, what);
  const address = scanNameAddress(scanner);
  scanner.end();
  return address;
}

/** Addresses separated by commas. @throws SipSyntaxError, also for an empty one among them */
export function parseNameAddresses(value: string, what: string): NameAddress[] {
  const scanner = new ValueScanner(value, what);
  const addresses: NameAddress[] = [];
  do addresses.push(scanNameAddress(scanner));
  while (scanner.takeSeparator(0x2c));
  scanner.end();
  return addresses;
}
