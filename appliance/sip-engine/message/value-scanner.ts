/**
 * A cursor over the value of one header, unfolded. Hand-written, one pass, no regular expression: the cost is linear
 * in the length of the value whatever it holds (a 4 kB message took the parser of an application library 21 s).
 */
import { codeAt } from './code-at.js';
import {
  DIGIT,
  HOST,
  isBlank,
  isInClass,
  PARAM_VALUE,
  QUOTED,
  skipClass,
  TOKEN,
  findNumber,
} from './sip-characters.js';
import { findIpv6 } from './ip-address.js';
import { quoteForSentence, SipSyntaxError } from './sip-syntax-error.js';

/** Parameters by their name in lower case; `true` for one without a value, quoted values with their quotes. */
export type SipParams = Readonly<Record<string, string | true>>;

export const NO_PARAMS: SipParams = Object.freeze(Object.create(null) as Record<string, string | true>);

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const PORT_MAX = 65_535;

export class ValueScanner {
  /** Parameters were read of which not all counted. */
  hasRepetition = false;
  readonly text: string;
  pos: number;
  readonly #what: string;

  /** @param what name of the header, for the sentence of an error */
  constructor(text: string, what: string, start = 0) {
    this.text = text;
    this.pos = start;
    this.#what = what;
  }

  /** Always to be thrown: `throw scanner.error('...')`. */
  error(problem: string): SipSyntaxError {
    return new SipSyntaxError(`${this.#what}: ${problem} at ${quoteForSentence(this.text.slice(this.pos))}`);
  }

  get isAtEnd(): boolean {
    return this.pos >= this.text.length;
  }

  /** NaN at the end. */
  get code(): number {
    return codeAt(this.text, this.pos);
  }

  skipBlanks(): void {
    while (isBlank(codeAt(this.text, this.pos))) this.pos += 1;
  }

  /** A separator with the white space that may surround it (RFC 3261 25.1: SEMI, COMMA, EQUAL, ...). */
  takeSeparator(code: number): boolean {
    this.skipBlanks();
    if (codeAt(this.text, this.pos) !== code) return false;
    this.pos += 1;
    this.skipBlanks();
    return true;
  }

  /** @throws SipSyntaxError unless at least one character is of the class */
  run(bits: number, expected: string): string {
    const start = this.pos;
    this.pos = skipClass(this.text, start, this.text.length, bits);
    if (this.pos === start) throw this.error(`expected ${expected}`);
    return this.text.slice(start, this.pos);
  }

  token(expected = 'a token'): string {
    return this.run(TOKEN, expected);
  }

  /** @throws SipSyntaxError for anything but digits that give at most `max` */
  number(max: number, expected: string): number {
    const start = this.pos;
    const value = findNumber(this.run(DIGIT, expected), max);
    if (value === undefined) {
      this.pos = start;
      throw this.error(`expected ${expected} up to ${String(max)}`);
    }
    return value;
  }

  /** @returns a quoted-string with its quotes. @throws SipSyntaxError when it is not closed or holds a control character */
  quotedString(): string {
    const start = this.pos;
    let index = start + 1;
    for (;;) {
      const code = codeAt(this.text, index);
      if (code === QUOTE) break;
      if (code === BACKSLASH) index += 2;
      else if (isInClass(code, QUOTED)) index += 1;
      else throw this.error('expected a closed quoted string');
      // quoted-pair is "\" and an ASCII character, so that no half of a UTF-8 character is escaped.
      if (code === BACKSLASH && codeAt(this.text, index - 1) > 0x7f) throw this.error('a bad escape');
    }
    this.pos = index + 1;
    return this.text.slice(start, this.pos);
  }

  /** `host` of RFC 3261 25.1; an IPv6 reference keeps its brackets. */
  host(): string {
    if (this.code !== 0x5b) return this.run(HOST, 'a host');
    const end = this.text.indexOf(']', this.pos);
    const address = end < 0 ? undefined : findIpv6(this.text.slice(this.pos + 1, end));
    if (address === undefined) throw this.error('expected an IPv6 reference');
    this.pos = end + 1;
    return `[${address}]`;
  }

  port(): number {
    return this.number(PORT_MAX, 'a port');
  }

  /**
   * `*( SEMI name [ EQUAL value ] )`.
   * @param repeatable a name of which the first one counts when it comes again
   * @throws SipSyntaxError for another name that appears twice (RFC 3261 7.3.1: it must not)
   */
  params(repeatable?: string): SipParams {
    if (this.isAtEnd) return NO_PARAMS;
    const params = Object.create(null) as Record<string, string | true>;
    while (this.takeSeparator(0x3b)) {
      const name = this.token('a parameter').toLowerCase();
      const earlier = params[name];
      if (earlier !== undefined && name !== repeatable)
        throw this.error(`the parameter ${quoteForSentence(name)} twice before`);
      const value = this.takeSeparator(0x3d) ? this.#paramValue() : true;
      this.hasRepetition ||= earlier !== undefined;
      params[name] = earlier ?? value;
    }
    return params;
  }

  #paramValue(): string {
    return this.code === QUOTE ? this.quotedString() : this.run(PARAM_VALUE, 'a value of the parameter');
  }

  /** @throws SipSyntaxError when anything but white space is left */
  end(): void {
    this.skipBlanks();
    if (!this.isAtEnd) throw this.error('something unexpected');
  }
}

/** `;name=value` for each, in the order of the message. */
export function paramsText(params: SipParams): string {
  let text = '';
  for (const name in params) {
    const value = params[name];
    text += value === true || value === undefined ? `;${name}` : `;${name}=${value}`;
  }
  return text;
}

/** The value of a parameter without its quotes and escapes; undefined when it has none. */
export function plainParam(value: string | true | undefined): string | undefined {
  if (value === undefined || value === true) return undefined;
  return value.startsWith('"') ? unquote(value) : value;
}

/** `"a \"b\""` -> `a "b"`. */
export function unquote(quoted: string): string {
  const inner = quoted.slice(1, -1);
  if (!inner.includes('\\')) return inner;
  let plain = '';
  for (let index = 0; index < inner.length; index += 1) {
    if (codeAt(inner, index) === BACKSLASH) index += 1;
    plain += inner.charAt(index);
  }
  return plain;
}

/**
 * Splits at the commas that stand neither in quotes nor in angle brackets. Never throws: an open quote or bracket
 * reaches to the end.
 */
export function splitList(text: string): string[] {
  if (!text.includes(',')) return [text];
  const parts: string[] = [];
  let [start, isQuoted, isBracketed] = [0, false, false];
  for (let index = 0; index < text.length; index += 1) {
    const code = codeAt(text, index);
    if (isQuoted && code === BACKSLASH) index += 1;
    else if (code === QUOTE && !isBracketed) isQuoted = !isQuoted;
    else if (isQuoted) continue;
    else if (code === 0x3c) isBracketed = true;
    else if (code === 0x3e) isBracketed = false;
    else if (code === 0x2c && !isBracketed) {
      parts.push(text.slice(start, index));
      start = index + 1;
    }
  }
  parts.push(text.slice(start));
  return parts;
}
