/** The questions of dns-resolver.ts, asked by Node. */
import { lookup, Resolver } from 'node:dns/promises';
import type { DnsFunctions } from './dns-resolver.js';

/** One try of c-ares; the deadline of dns-resolver.ts is above all tries. */
const TRY_MS = 1000;
const TRIES = 2;

export function nodeDns(): DnsFunctions {
  const resolver = new Resolver({ timeout: TRY_MS, tries: TRIES });
  return {
    resolveSrv: (name) => resolver.resolveSrv(name),
    // getaddrinfo knows /etc/hosts and sorts by RFC 6724; it runs in Node's pool of threads and cannot be stopped.
    lookup: async (host) => {
      const found = await lookup(host, { all: true, order: 'verbatim' });
      return found.map(({ address }) => address);
    },
  };
}
