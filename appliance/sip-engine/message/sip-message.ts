/**
 * A SIP message as it came: its bytes, an index of its headers, and typed views that are made when they are asked
 * for. It is never changed (message-builder.ts makes another one), so a view once made stays true.
 *
 * What a view returns shares no text with the rest of the message; it still pins its own header line, so what is
 * kept for longer than a call set-up goes through detachedText (wire-text.ts).
 */
import { codeAt } from './code-at.js';
import { unfold } from './folding.js';
import {
  parseCallId,
  parseCSeq,
  parseEvent,
  parseLeadingSeconds,
  parseMaxForwards,
  parseMediaType,
  parseNumber,
  parseOptionTags,
  parseRAck,
  parseReasonValue,
  parseReplaces,
  parseRSeq,
  parseSeconds,
  parseSessionExpires,
  splitTrimmed,
  type CSeq,
  type EventValue,
  type RAck,
  type ReasonValue,
  type Replaces,
  type SessionExpires,
} from './header-values.js';
import { findHeaderName, HEADER, type HeaderName } from './header-names.js';
import { STRIDE, type HeaderIndex, type StartLine } from './message-index.js';
import { parseNameAddress, parseNameAddresses, type NameAddress } from './name-address.js';
import { isBlank, trimBlanks } from './sip-characters.js';
import { ignoringSyntax, SipSyntaxError } from './sip-syntax-error.js';
import { parseTopVia, parseVias, type Via } from './via-header.js';

/** Of one message; a longer one cannot be framed by anybody. */
const CONTENT_LENGTH_MAX = 2 ** 31 - 1;

/** One header line, for those who walk over all of them. */
export interface HeaderLine {
  /** Undefined when the engine does not know the header. */
  readonly known: HeaderName | undefined;
  /** As written. */
  readonly name: string;
  /** Unfolded and trimmed. */
  readonly value: string;
  /** As it came, without its end of line; a folded one holds ends of line. */
  readonly raw: string;
}

export interface MessageParts {
  readonly bytes: Buffer;
  /** Offset of the start line: RFC 3261 7.5 has empty lines before it ignored. */
  readonly start: number;
  /** The start line and the header lines, each with its end, decoded as latin1. */
  readonly text: string;
  readonly startLine: StartLine;
  readonly index: HeaderIndex;
  readonly body: Buffer;
}

/** The views that are asked for again and again. All fields from the start: one shape, however they are asked for. */
class Memo {
  via: Via | undefined = undefined;
  vias: readonly Via[] | undefined = undefined;
  from: NameAddress | undefined = undefined;
  to: NameAddress | undefined = undefined;
  cseq: CSeq | undefined = undefined;
  callId: string | undefined = undefined;
  contacts: readonly NameAddress[] | '*' | undefined = undefined;
}

export class SipMessage {
  readonly isRequest: boolean;
  /** Empty in a response. */
  readonly requestUri: string;
  /** 0 in a request. */
  readonly status: number;
  /** Wire text; empty in a request. */
  readonly reason: string;
  /** `2.0` */
  readonly version: string;
  /** As many bytes as Content-Length says. */
  readonly body: Buffer;
  readonly #bytes: Buffer;
  readonly #start: number;
  readonly #text: string;
  readonly #names: readonly (HeaderName | undefined)[];
  readonly #offsets: readonly number[];
  readonly #method: string;
  readonly #memo = new Memo();

  constructor({ bytes, start, text, startLine, index, body }: MessageParts) {
    this.isRequest = startLine.status === 0;
    this.requestUri = startLine.requestUri;
    this.status = startLine.status;
    this.reason = startLine.reason;
    this.version = startLine.version;
    this.body = body;
    this.#bytes = bytes;
    this.#start = start;
    this.#text = text;
    this.#names = index.names;
    this.#offsets = index.offsets;
    this.#method = startLine.method;
  }

  /** Of the request; of a response the one of its CSeq. @throws SipSyntaxError in a response without a good CSeq */
  get method(): string {
    return this.isRequest ? this.#method : this.cseq.method;
  }

  /** As it came, without its end of line. */
  get startLineText(): string {
    const line = this.#text.slice(0, this.#text.indexOf('\n'));
    return line.endsWith('\r') ? line.slice(0, -1) : line;
  }

  /** Bytes from the start line to the empty line, the latter included. */
  get headerSectionBytes(): number {
    return this.#text.length + 2;
  }

  get headerCount(): number {
    return this.#names.length;
  }

  /** Index of the first line of a header, -1 without one. */
  firstOf(known: HeaderName): number {
    return this.#names.indexOf(known);
  }

  /** The header at `index`, without making a text of it. */
  knownAt(index: number): HeaderName | undefined {
    return this.#names[index];
  }

  /** The name of the header line at `index`, as written. */
  nameAt(index: number): string {
    return this.#text.slice(this.#offset(index * STRIDE), this.#offset(index * STRIDE + 1));
  }

  /** The header line at `index` as it came, without its end of line; a folded one holds ends of line. */
  rawAt(index: number): string {
    return this.#text.slice(this.#offset(index * STRIDE), this.#offset(index * STRIDE + 3));
  }

  /** Length of `rawAt`. */
  rawLengthAt(index: number): number {
    return this.#offset(index * STRIDE + 3) - this.#offset(index * STRIDE);
  }

  lineAt(index: number): HeaderLine {
    const [name, value, raw] = [this.nameAt(index), this.valueAt(index), this.rawAt(index)];
    return { known: this.#names[index], name, value, raw };
  }

  /** Where the next header line of that name is, from `start` on; -1 when there is none. */
  findLine(name: string, start = 0): number {
    return this.#find(name, start);
  }

  /** The value of the header line at `index`, unfolded and trimmed; a text of its own. */
  valueAt(index: number): string {
    let start = this.#offset(index * STRIDE + 2);
    let end = this.#offset(index * STRIDE + 3);
    while (start < end && isBlank(codeAt(this.#text, start))) start += 1;
    while (end > start && isBlank(codeAt(this.#text, end - 1))) end -= 1;
    return trimBlanks(unfold(this.#bytes.toString('latin1', this.#start + start, this.#start + end)));
  }

  /** The first value of the header, long or compact, in any case; unfolded and trimmed. */
  header(name: string): string | undefined {
    const index = this.#find(name, 0);
    return index < 0 ? undefined : this.valueAt(index);
  }

  /** One value a header line. */
  headerAll(name: string): string[] {
    const known = findHeaderName(name);
    if (known !== undefined) return this.#all(known);
    const values: string[] = [];
    for (let index = this.#find(name, 0); index >= 0; index = this.#find(name, index + 1)) {
      values.push(this.valueAt(index));
    }
    return values;
  }

  /** The parts between the commas that stand neither in quotes nor in angle brackets; empty ones are left out. */
  headerList(name: string): string[] {
    return this.headerAll(name).flatMap(splitTrimmed);
  }

  get via(): Via {
    return (this.#memo.via ??= this.#memo.vias?.[0] ?? parseTopVia(this.#need(HEADER.via)));
  }

  get vias(): readonly Via[] {
    return (this.#memo.vias ??= this.#all(HEADER.via).flatMap(parseVias));
  }

  get from(): NameAddress {
    return (this.#memo.from ??= parseNameAddress(this.#need(HEADER.from), 'From'));
  }

  get to(): NameAddress {
    return (this.#memo.to ??= parseNameAddress(this.#need(HEADER.to), 'To'));
  }

  get cseq(): CSeq {
    return (this.#memo.cseq ??= parseCSeq(this.#need(HEADER.cseq)));
  }

  get callId(): string {
    return (this.#memo.callId ??= parseCallId(this.#need(HEADER.callId)));
  }

  /** `'*'` for the one of a REGISTER that removes all bindings (RFC 3261 10.2.2). */
  get contacts(): readonly NameAddress[] | '*' {
    return (this.#memo.contacts ??= this.#readContacts());
  }

  #readContacts(): readonly NameAddress[] | '*' {
    const values = this.#all(HEADER.contact);
    if (values.length === 1 && values[0] === '*') return '*';
    return this.#addressesOf(values, HEADER.contact);
  }

  get routes(): readonly NameAddress[] {
    return this.#addresses(HEADER.route);
  }

  get recordRoutes(): readonly NameAddress[] {
    return this.#addresses(HEADER.recordRoute);
  }

  get path(): readonly NameAddress[] {
    return this.#addresses(HEADER.path);
  }

  get maxForwards(): number | undefined {
    return this.#parsed(HEADER.maxForwards, parseMaxForwards);
  }

  /** Seconds; what is more than 2^32 - 1 is that (RFC 3261 20.19). */
  get expires(): number | undefined {
    return this.#parsed(HEADER.expires, (value) => parseSeconds(value, 'Expires'));
  }

  /** Advice: a bad one is as good as none (RFC 3261 8.2: ignore what is not necessary for processing). */
  get minExpires(): number | undefined {
    return ignoringSyntax(() =>
      this.#parsed(HEADER.minExpires, (value) => parseSeconds(value, 'Min-Expires')),
    );
  }

  /** Advice as well; undefined when it cannot be read. */
  get retryAfter(): number | undefined {
    return ignoringSyntax(() =>
      this.#parsed(HEADER.retryAfter, (value) => parseLeadingSeconds(value, 'Retry-After')),
    );
  }

  get contentLength(): number | undefined {
    return this.#parsed(HEADER.contentLength, (value) =>
      parseNumber(value, 'Content-Length', CONTENT_LENGTH_MAX),
    );
  }

  /** `type/subtype` in lower case. */
  get contentType(): string | undefined {
    return this.#parsed(HEADER.contentType, parseMediaType);
  }

  get rack(): RAck | undefined {
    return this.#parsed(HEADER.rack, parseRAck);
  }

  get rseq(): number | undefined {
    return this.#parsed(HEADER.rseq, parseRSeq);
  }

  get sessionExpires(): SessionExpires | undefined {
    return this.#parsed(HEADER.sessionExpires, parseSessionExpires);
  }

  get minSe(): number | undefined {
    return this.#parsed(HEADER.minSe, (value) => parseLeadingSeconds(value, 'Min-SE'));
  }

  get require(): readonly string[] {
    return parseOptionTags(this.#all(HEADER.require), 'Require');
  }

  get proxyRequire(): readonly string[] {
    return parseOptionTags(this.#all(HEADER.proxyRequire), 'Proxy-Require');
  }

  get supported(): readonly string[] {
    return parseOptionTags(this.#all(HEADER.supported), 'Supported');
  }

  get replaces(): Replaces | undefined {
    return this.#parsed(HEADER.replaces, parseReplaces);
  }

  get referTo(): NameAddress | undefined {
    return this.#parsed(HEADER.referTo, (value) => parseNameAddress(value, 'Refer-To'));
  }

  get event(): EventValue | undefined {
    return this.#parsed(HEADER.event, parseEvent);
  }

  /** The header Reason (RFC 3326), without what cannot be read; `reason` is the phrase of a status line. */
  get reasonValues(): readonly ReasonValue[] {
    const values = this.#all(HEADER.reason).flatMap(splitTrimmed);
    return Object.freeze(values.flatMap((value) => ignoringSyntax(() => parseReasonValue(value)) ?? []));
  }

  #offset(at: number): number {
    const offset = this.#offsets[at];
    if (offset === undefined) throw new RangeError(`no header line at ${String(Math.floor(at / STRIDE))}`);
    return offset;
  }

  #find(name: string, from: number): number {
    const known = findHeaderName(name);
    if (known !== undefined) return this.#names.indexOf(known, from);
    const lower = name.toLowerCase();
    for (let index = from; index < this.#names.length; index += 1) {
      if (this.#names[index] === undefined && this.#nameOfLength(index, lower.length) === lower) return index;
    }
    return -1;
  }

  /** In lower case; empty when its length is another one, which is most often known without looking at it. */
  #nameOfLength(index: number, length: number): string {
    const start = this.#offset(index * STRIDE);
    const end = this.#offset(index * STRIDE + 1);
    return end - start === length ? this.#text.slice(start, end).toLowerCase() : '';
  }

  #all(name: HeaderName): string[] {
    const values: string[] = [];
    for (let index = this.#names.indexOf(name); index >= 0; index = this.#names.indexOf(name, index + 1)) {
      values.push(this.valueAt(index));
    }
    return values;
  }

  #need(name: HeaderName): string {
    const index = this.#names.indexOf(name);
    if (index < 0) throw new SipSyntaxError(`${name.name} is missing`);
    return this.valueAt(index);
  }

  #parsed<T>(name: HeaderName, parse: (value: string) => T): T | undefined {
    const index = this.#names.indexOf(name);
    return index < 0 ? undefined : parse(this.valueAt(index));
  }

  #addresses(name: HeaderName): readonly NameAddress[] {
    return this.#addressesOf(this.#all(name), name);
  }

  #addressesOf(values: readonly string[], { name }: HeaderName): readonly NameAddress[] {
    const [only] = values;
    if (only !== undefined && values.length === 1) return parseNameAddresses(only, name);
    return values.flatMap((value) => parseNameAddresses(value, name));
  }
}
