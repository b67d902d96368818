/**
 * Makes the bytes of a message: a new one, or one that came in with some header lines changed. What nobody touches
 * goes on byte by byte, folding and spelling included, so that the signatures and habits of others survive us.
 *
 * Values are wire text (wire-text.ts). One that would end its line is refused by TypeError: it would let whoever
 * wrote it add headers of his own, and to make it harmless is its caller's decision.
 */
import { codeAt } from './code-at.js';
import { foldedWithCrLf, unfold } from './folding.js';
import { findHeaderName, HEADER, type HeaderName } from './header-names.js';
import { findNumber, isAllOf, TOKEN, trimBlanks, URI } from './sip-characters.js';
import type { SipMessage } from './sip-message.js';
import { quoteForSentence } from './sip-syntax-error.js';

/** Known headers by identity, others by their name in lower case. */
type HeaderKey = HeaderName | string;

const NO_BODY: Buffer = Buffer.alloc(0);
const CONTENT_LENGTH_MAX = 2 ** 31 - 1;

function keyOf(name: string): HeaderKey {
  return findHeaderName(name) ?? name.toLowerCase();
}

/** NUL, LF and CR end a line for one reader or another; what does not fit into a byte would become one of them. */
function assertWireText(text: string, what: string): void {
  for (let index = 0; index < text.length; index += 1) {
    const code = codeAt(text, index);
    if (code === 0 || code === 0x0a || code === 0x0d || code > 0xff)
      throw new TypeError(`${what}: no text for one line: ${quoteForSentence(text)}`);
  }
}

function lineOf(name: string, value: string): string {
  if (!isAllOf(name, TOKEN)) throw new TypeError(`not the name of a header: ${quoteForSentence(name)}`);
  assertWireText(value, name);
  return `${findHeaderName(name)?.name ?? name}: ${value}`;
}

function valueOf(line: string): string {
  return trimBlanks(unfold(line.slice(line.indexOf(':') + 1)));
}

function requestLine(method: string, uri: string): string {
  if (!isAllOf(method, TOKEN) || !isAllOf(uri, URI))
    throw new TypeError(`no request line: ${quoteForSentence(`${method} ${uri}`)}`);
  return `${method} ${uri} SIP/2.0`;
}

function statusLine(status: number, reason: string): string {
  if (!Number.isInteger(status) || status < 100 || status > 699)
    throw new TypeError(`no status of a response: ${String(status)}`);
  assertWireText(reason, 'reason');
  return `SIP/2.0 ${String(status)} ${reason}`;
}

export class MessageBuilder {
  readonly #keys: HeaderKey[] = [];
  readonly #lines: string[] = [];
  #startLine: string;
  #body: Buffer = NO_BODY;

  private constructor(startLine: string) {
    this.#startLine = startLine;
  }

  /** @throws TypeError, as everything here, for text that would not stay in its line */
  static request(method: string, uri: string): MessageBuilder {
    return new MessageBuilder(requestLine(method, uri));
  }

  static response(status: number, reason: string): MessageBuilder {
    return new MessageBuilder(statusLine(status, reason));
  }

  /** All of the message; it keeps the bytes of the body, which must not be written to afterwards. */
  static from(message: SipMessage): MessageBuilder {
    const builder = new MessageBuilder(message.startLineText);
    builder.#body = message.body;
    for (let index = 0; index < message.headerCount; index += 1) builder.#copyLine(message, index);
    return builder;
  }

  setRequestLine(method: string, uri: string): this {
    this.#startLine = requestLine(method, uri);
    return this;
  }

  setStatusLine(status: number, reason: string): this {
    this.#startLine = statusLine(status, reason);
    return this;
  }

  /** Names here and below: long or compact, in any case; written is the long one in its usual spelling. */
  add(name: string, value: string): this {
    const line = lineOf(name, value);
    this.#keys.push(keyOf(name));
    this.#lines.push(line);
    return this;
  }

  /** Before the first header of that name, else before all others. */
  prepend(name: string, value: string): this {
    const line = lineOf(name, value);
    const key = keyOf(name);
    const at = Math.max(this.#keys.indexOf(key), 0);
    this.#keys.splice(at, 0, key);
    this.#lines.splice(at, 0, line);
    return this;
  }

  /** The only one of its name from now on, at the place of the first. */
  set(name: string, value: string): this {
    const line = lineOf(name, value);
    const key = keyOf(name);
    const first = this.#keys.indexOf(key);
    if (first < 0) return this.add(name, value);
    this.#lines[first] = line;
    this.#removeFrom(key, first + 1);
    return this;
  }

  /** Replaces the first line of that name and leaves the others, as for the top Via; adds it when there is none. */
  setFirst(name: string, value: string): this {
    const line = lineOf(name, value);
    const first = this.#keys.indexOf(keyOf(name));
    if (first < 0) return this.add(name, value);
    this.#lines[first] = line;
    return this;
  }

  /** The first line of that name alone. */
  removeFirst(name: string): this {
    const first = this.#keys.indexOf(keyOf(name));
    if (first < 0) return this;
    this.#keys.splice(first, 1);
    this.#lines.splice(first, 1);
    return this;
  }

  remove(name: string): this {
    this.#removeFrom(keyOf(name), 0);
    return this;
  }

  has(name: string): boolean {
    return this.#keys.includes(keyOf(name));
  }

  /** The first value of that name, unfolded and trimmed. */
  get(name: string): string | undefined {
    const line = this.#lines[this.#keys.indexOf(keyOf(name))];
    return line === undefined ? undefined : valueOf(line);
  }

  /** Appends the lines of these names as they are: name by name, those of one name in the order of the message. */
  copyHeaders(from: SipMessage, ...names: readonly string[]): this {
    for (const name of names) {
      for (let index = from.findLine(name); index >= 0; index = from.findLine(name, index + 1)) {
        this.#copyLine(from, index);
      }
    }
    return this;
  }

  /**
   * The first line of that name as it is, and `suffix` (`;tag=...`) behind it: a quoted name may hold characters that
   * no value of ours may (RFC 3261 25.1, quoted-pair). Nothing when there is none.
   */
  copyWithSuffix(from: SipMessage, name: string, suffix: string): this {
    const index = from.findLine(name);
    if (index < 0) return this;
    assertWireText(suffix, name);
    this.#copyLine(from, index);
    this.#lines.push(`${this.#lines.pop() ?? ''}${suffix}`);
    return this;
  }

  /** It keeps the bytes: they must not be written to afterwards. */
  body(bytes: Buffer): this {
    this.#body = bytes;
    return this;
  }

  /** The message, with one Content-Length, which is right (RFC 3261 20.14: on streams nothing else frames it). */
  build(): Buffer {
    this.#settleLength();
    const head = `${this.#startLine}\r\n${this.#lines.join('\r\n')}\r\n\r\n`;
    const bytes = Buffer.allocUnsafe(head.length + this.#body.length);
    bytes.write(head, 'latin1');
    this.#body.copy(bytes, head.length);
    return bytes;
  }

  #copyLine(message: SipMessage, index: number): void {
    this.#keys.push(message.knownAt(index) ?? message.nameAt(index).toLowerCase());
    this.#lines.push(foldedWithCrLf(message.rawAt(index)));
  }

  #removeFrom(key: HeaderKey, start: number): void {
    for (let at = this.#keys.indexOf(key, start); at >= 0; at = this.#keys.indexOf(key, at)) {
      this.#keys.splice(at, 1);
      this.#lines.splice(at, 1);
    }
  }

  #settleLength(): void {
    const key = HEADER.contentLength;
    const first = this.#keys.indexOf(key);
    if (first >= 0) this.#removeFrom(key, first + 1);
    const written = findNumber(this.get(key.name) ?? '', CONTENT_LENGTH_MAX);
    if (written !== this.#body.length) this.setFirst(key.name, String(this.#body.length));
  }
}
