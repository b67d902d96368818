/**
 * Which way leads to a registered phone (RFC 5626, and drachtio-server's cache of connections): for each Contact that
 * an application has accepted, the flow its REGISTER came by. A request to that Contact takes that flow, also when
 * the Contact names a port nobody listens on, which is the rule for phones on TCP and TLS.
 *
 * A phone that registers again from a new connection, or with the same instance and reg-id under a new Contact,
 * replaces its old way (RFC 5626 6). Bounded; a binding ends at its expiry.
 */
import type { Clock } from '../../../cluster/base/clock.js';
import type { SipFlow } from '../transport/sip-flow.js';

export interface Binding {
  /** The Contact URI as registered, wire text. */
  readonly contact: string;
  readonly addressId: string;
  readonly flow: SipFlow;
  readonly expiresWallMs: number;
  /** `+sip.instance` with its brackets and quotes removed. */
  readonly instance?: string;
  readonly regId?: number;
}

export interface BindingTableOptions {
  readonly clock: Clock;
  readonly bindingsMax: number;
  /** One went, by expiry, replacement or removal. */
  readonly onRemoved?: (binding: Binding) => void;
}

/** user@host:port of a URI, without scheme and parameters: what a Contact and a Request-URI have in common. */
export function bindingKey(uri: string): string {
  const colon = uri.indexOf(':');
  const start = colon < 0 ? 0 : colon + 1;
  let end = uri.length;
  for (const mark of [';', '?', '>']) {
    const at = uri.indexOf(mark, start);
    if (at >= 0 && at < end) end = at;
  }
  return uri.slice(start, end).toLowerCase();
}

function deviceKey(binding: Binding): string | undefined {
  const { instance, regId } = binding;
  return instance === undefined ? undefined : `${instance}|${String(regId ?? 0)}`;
}

export class BindingTable {
  readonly #options: BindingTableOptions;
  readonly #byContact = new Map<string, Binding>();
  readonly #byDevice = new Map<string, Binding>();

  constructor(options: BindingTableOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#byContact.size;
  }

  [Symbol.iterator](): IterableIterator<Binding> {
    return this.#byContact.values();
  }

  put(binding: Binding): void {
    const device = deviceKey(binding);
    const before = device === undefined ? undefined : this.#byDevice.get(device);
    if (before !== undefined && bindingKey(before.contact) !== bindingKey(binding.contact))
      this.#drop(before);
    const key = bindingKey(binding.contact);
    if (this.#isFullFor(key)) this.#sweep();
    if (this.#isFullFor(key)) return;
    this.#byContact.set(key, binding);
    if (device !== undefined) this.#byDevice.set(device, binding);
  }

  remove(contact: string): void {
    const binding = this.#byContact.get(bindingKey(contact));
    if (binding !== undefined) this.#drop(binding);
  }

  find(uri: string): Binding | undefined {
    const binding = this.#byContact.get(bindingKey(uri));
    if (binding === undefined || binding.expiresWallMs > this.#options.clock.wallMs()) return binding;
    this.#drop(binding);
    return undefined;
  }

  /** A connection is gone: what was registered over it cannot be reached until it registers again. */
  forgetConnection(connectionId: number): readonly Binding[] {
    const lost = [...this.#byContact.values()].filter(({ flow }) => flow.connectionId === connectionId);
    for (const binding of lost) this.#drop(binding);
    return lost;
  }

  /** Who is in it may always renew. */
  #isFullFor(key: string): boolean {
    return this.#byContact.size >= this.#options.bindingsMax && !this.#byContact.has(key);
  }

  #sweep(): void {
    const nowMs = this.#options.clock.wallMs();
    for (const binding of [...this.#byContact.values()]) {
      if (binding.expiresWallMs <= nowMs) this.#drop(binding);
    }
  }

  #drop(binding: Binding): void {
    this.#byContact.delete(bindingKey(binding.contact));
    const device = deviceKey(binding);
    if (device !== undefined && this.#byDevice.get(device) === binding) this.#byDevice.delete(device);
    this.#options.onRemoved?.(binding);
  }
}
