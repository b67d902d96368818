/**
 * Two answers to the question whether this node may speak for an address. The kernel alone is no answer: of IPv6 it
 * sends from addresses that the node does not have (any more) when non-local binding is allowed.
 */
import { networkInterfaces } from 'node:os';
import type { Clock } from '../../../cluster/base/clock.js';
import type { AddressGate } from './transport-port.js';

/** Reading the interfaces costs some 0.1 ms, too much for every message. */
const CACHE_MS = 20;

const WILDCARDS: readonly string[] = ['0.0.0.0', '::'];

/** Loopback and wildcards: nobody takes them over. */
function isAlwaysOwned(address: string): boolean {
  return address.startsWith('127.') || address === '::1' || WILDCARDS.includes(address);
}

function addressesOfInterfaces(): ReadonlySet<string> {
  const all = Object.values(networkInterfaces()).flatMap((addresses = []) => addresses);
  return new Set(all.map(({ address }) => address));
}

export interface InterfaceGateOptions {
  readonly clock: Clock;
  readonly cacheMs?: number;
  readonly readAddresses?: () => ReadonlySet<string>;
}

/** Owned is what an interface of this machine has: whoever moves addresses needs to tell nobody. */
export class InterfaceGate implements AddressGate {
  readonly #clock: Clock;
  readonly #cacheMs: number;
  readonly #readAddresses: () => ReadonlySet<string>;
  #addresses: ReadonlySet<string> = new Set();
  #readAtMs = -Infinity;

  constructor({ clock, cacheMs = CACHE_MS, readAddresses = addressesOfInterfaces }: InterfaceGateOptions) {
    this.#clock = clock;
    this.#cacheMs = cacheMs;
    this.#readAddresses = readAddresses;
  }

  isOwned(address: string): boolean {
    if (isAlwaysOwned(address)) return true;
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#readAtMs >= this.#cacheMs) {
      this.#addresses = this.#readAddresses();
      this.#readAtMs = nowMs;
    }
    return this.#addresses.has(address);
  }
}

/** Owned is what somebody said. */
export class FixedGate implements AddressGate {
  readonly #addresses: Set<string>;

  constructor(addresses: readonly string[] = []) {
    this.#addresses = new Set(addresses);
  }

  own(address: string): void {
    this.#addresses.add(address);
  }

  release(address: string): void {
    this.#addresses.delete(address);
  }

  isOwned(address: string): boolean {
    return this.#addresses.has(address);
  }
}
