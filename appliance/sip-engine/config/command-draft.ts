/** What the options of a command line amount to: a document like the file, and which option set which field of it. */
import { findNumber } from '../message/sip-characters.js';
import { findListen } from './address-texts.js';
import { isDocument, type ConfigDocument } from './config-section.js';
import { findContactListens } from './contact-option.js';
import type { ConfigProblems } from './config-problems.js';

type MutableDocument = Record<string, unknown>;

/** A socket as the file would have it; a text that is none stays one, for the reader of the file to refuse. */
type DraftListen = MutableDocument | string;

/** An option is one text: what is wrong with a part of it is wrong with the option. */
const LISTEN_PARTS = ['', '.protocol', '.address', '.port'];

export class CommandDraft {
  readonly problems: ConfigProblems;
  readonly document: MutableDocument = {};
  readonly origins = new Map<string, string>();
  configFile: string | undefined;
  secretFile: string | undefined;
  readonly #listens: DraftListen[] = [];
  /** What the last `--listen` or `--contact` added: the options behind it are about these. */
  #lastListens: { readonly index: number; readonly listen: MutableDocument }[] = [];
  readonly #controlPort: { address?: string; tcp?: string; tls?: string } = {};

  constructor(problems: ConfigProblems) {
    this.problems = problems;
  }

  /** @param path of a field, `tls.keyFile` */
  set(path: string, value: unknown, option: string): void {
    if (this.origins.has(path)) this.problems.add(option, 'it is given twice', 'Give it once.');
    this.origins.set(path, option);
    const names = path.split('.');
    const last = names.pop() ?? path;
    let target = this.document;
    for (const name of names) target = (target[name] ??= {}) as MutableDocument;
    target[last] = value;
  }

  /** A text that is no number stays one, for the reader of the file to refuse. */
  setNumber(path: string, text: string, option: string): void {
    this.set(path, findNumber(text, Number.MAX_SAFE_INTEGER) ?? text, option);
  }

  append(path: string, value: unknown, option: string): void {
    const list = (this.document[path] ??= []) as unknown[];
    this.origins.set(`${path}[${String(list.length)}]`, option);
    list.push(value);
  }

  addListen(text: string, option: string): void {
    const listen = findListen(text);
    this.#addListens([listen === undefined ? text : { ...listen }], option);
  }

  addContact(text: string, option: string): void {
    const listens = findContactListens(text)?.map((listen) => ({ ...listen }));
    this.#addListens(listens ?? [text], option);
  }

  setExternalAddress(text: string, option: string): void {
    this.#describeListens('externalAddress', text, option);
  }

  addLocalNet(text: string, option: string): void {
    this.#describeListens('localNets', [text], option);
  }

  /** drachtio-server has the address and the two ports of its control port apart. */
  setControlPart(part: 'address' | 'tcp' | 'tls', text: string): void {
    this.#controlPort[part] = text;
  }

  addTrustedSource(text: string, option: string): void {
    const limits = (this.document['limits'] ??= { trustedSources: [] }) as { trustedSources: string[] };
    this.origins.set(`limits.trustedSources[${String(limits.trustedSources.length)}]`, option);
    limits.trustedSources.push(text);
  }

  /** One service for all methods. */
  setHandlerPart(name: 'url' | 'httpMethod', text: string, option: string): void {
    const handlers = (this.document['requestHandlers'] ??= [{ method: '*' }]) as [MutableDocument];
    handlers[0][name] = text;
    this.origins.set(`requestHandlers[0].${name}`, option);
    // Whoever gives the method of asking without the service is told by the option that is missing.
    if (!this.origins.has('requestHandlers[0].url'))
      this.origins.set('requestHandlers[0].url', '--http-handler');
  }

  end(defaults: { readonly address: string; readonly port: number }): ConfigDocument {
    const { address = defaults.address, tls } = this.#controlPort;
    const host = address.includes(':') ? `[${address}]` : address;
    const tcp = this.#controlPort.tcp ?? (tls === undefined ? String(defaults.port) : undefined);
    if (Object.keys(this.#controlPort).length > 0) {
      if (tcp !== undefined) this.append('control', `${host}:${tcp}`, '--port');
      if (tls !== undefined) this.append('control', `tls:${host}:${tls}`, '--tls-port');
    }
    return this.document;
  }

  #addListens(listens: readonly DraftListen[], option: string): void {
    this.document['listen'] = this.#listens;
    this.#lastListens = [];
    for (const listen of listens) {
      const index = this.#listens.push(listen) - 1;
      for (const part of LISTEN_PARTS) this.origins.set(`listen[${String(index)}]${part}`, option);
      if (typeof listen !== 'string') this.#lastListens.push({ index, listen });
    }
  }

  #describeListens(name: string, value: string | readonly string[], option: string): void {
    if (this.#listens.length === 0)
      this.problems.add(
        option,
        'it has nothing to be about',
        'Give it after the --listen or --contact it is about.',
      );
    for (const { index, listen } of this.#lastListens) {
      this.origins.set(`listen[${String(index)}].${name}`, option);
      const before = listen[name];
      listen[name] = Array.isArray(before) && Array.isArray(value) ? before.concat(value) : value;
    }
  }
}

/** What the command line says wins; a list replaces a list. */
export function mergeDocuments(file: ConfigDocument, command: ConfigDocument): ConfigDocument {
  const merged: MutableDocument = { ...file };
  for (const [name, value] of Object.entries(command)) {
    const before = merged[name];
    merged[name] = isDocument(before) && isDocument(value) ? mergeDocuments(before, value) : value;
  }
  return merged;
}
