/**
 * Names -> addresses to try, in order (RFC 3263 4.2). Numeric targets and what is cached are answered at once,
 * without a promise: nearly every request of a hospital goes to an address.
 *
 * Invariant: every question ends within its deadline, and the number of questions and answers is bounded. A name
 * that does not resolve is an empty list, never an exception: what it means is the caller's to say (503).
 */
import type { Clock } from '../../../cluster/base/clock.js';
import type { Rng } from '../../../cluster/base/rng.js';
import type { SipProtocol } from '../transport/sip-flow.js';
import type { ResolveTarget } from './next-hop.js';
import { QuestionCache } from './question-cache.js';
import { orderServers, type SrvRecord } from './srv-order.js';

export interface Address {
  readonly protocol: SipProtocol;
  /** Numeric, without brackets. */
  readonly address: string;
  readonly port: number;
}

/** The questions; both reject when there is no such name, as those of Node do. */
export interface DnsFunctions {
  readonly resolveSrv: (name: string) => Promise<readonly SrvRecord[]>;
  /** All addresses, best first; with those of the hosts file, which DNS does not know. */
  readonly lookup: (host: string) => Promise<readonly string[]>;
}

export interface DnsResolverOptions {
  readonly clock: Clock;
  readonly rng: Rng;
  readonly dns: DnsFunctions;
  readonly limits?: Partial<DnsLimits>;
}

export interface DnsLimits {
  /** For all questions about one target together. */
  readonly deadlineMs: number;
  /** Node tells no TTL of SRV records and of what the hosts file says. */
  readonly answerMs: number;
  readonly noAnswerMs: number;
  /** Of each kind. */
  readonly answersMax: number;
  readonly openMax: number;
  /** Addresses of one target: who tries more has no call left by then. */
  readonly addressesMax: number;
}

const LIMITS: DnsLimits = {
  deadlineMs: 3000,
  answerMs: 30_000,
  noAnswerMs: 5000,
  answersMax: 1000,
  openMax: 100,
  addressesMax: 16,
};

const NOTHING: readonly Address[] = [];

type HostTarget = Exclude<ResolveTarget, { readonly kind: 'address' }>;
type ServiceTarget = Extract<ResolveTarget, { readonly kind: 'service' }>;

/** RFC 2782: a target "." says that the service is decidedly not there. */
function isDenied(servers: readonly SrvRecord[]): boolean {
  return servers.length === 1 && (servers[0]?.name === '.' || servers[0]?.name === '');
}

export class DnsResolver {
  readonly #options: DnsResolverOptions;
  readonly #limits: DnsLimits;
  readonly #servers: QuestionCache<SrvRecord>;
  readonly #hosts: QuestionCache<string>;

  constructor(options: DnsResolverOptions) {
    this.#options = options;
    this.#limits = { ...LIMITS, ...options.limits };
    const { clock, dns } = options;
    const { deadlineMs } = this.#limits;
    this.#servers = new QuestionCache({
      ...{ clock, ...this.#limits },
      // Half of the time at most: where DNS is away, the hosts file may still know the name.
      ask: (name) => this.#inTime(dns.resolveSrv(name), deadlineMs / 2),
    });
    this.#hosts = new QuestionCache({
      ...{ clock, ...this.#limits },
      ask: (host) => this.#inTime(dns.lookup(host), deadlineMs),
    });
  }

  status(): { readonly answers: number; readonly refused: number } {
    return {
      answers: this.#servers.size + this.#hosts.size,
      refused: this.#servers.refused + this.#hosts.refused,
    };
  }

  /** @returns where to try, in order; empty when the name leads nowhere. Never rejects */
  resolve(target: ResolveTarget): readonly Address[] | Promise<readonly Address[]> {
    if (target.kind === 'address') {
      const { protocol, address, port } = target;
      return [{ protocol, address, port }];
    }
    return this.#findKnown(target) ?? this.#ask(target);
  }

  #findKnown(target: HostTarget): readonly Address[] | undefined {
    const servers = target.kind === 'host' ? [] : this.#servers.find(target.service);
    if (servers === undefined) return undefined;
    return this.#combine(target, servers, (host) => this.#hosts.find(host));
  }

  /** Both questions together have one deadline: what has come by then is what there is. */
  async #ask(target: HostTarget): Promise<readonly Address[]> {
    const answered = target.kind === 'host' ? this.#askHost(target) : this.#askService(target);
    try {
      return await this.#inTime(answered, this.#limits.deadlineMs);
    } catch {
      return NOTHING;
    }
  }

  async #askHost({ protocol, host, port }: HostTarget): Promise<readonly Address[]> {
    const addresses = await this.#hosts.ask(host);
    return this.#place(addresses, protocol, port);
  }

  async #askService(target: ServiceTarget): Promise<readonly Address[]> {
    const servers = await this.#servers.ask(target.service);
    if (servers.length === 0) return this.#askHost(target);
    const found = new Map<string, readonly string[]>();
    const names = new Set(servers.slice(0, this.#limits.addressesMax).map(({ name }) => name));
    const ask = async (name: string): Promise<void> => {
      found.set(name, await this.#hosts.ask(name));
    };
    if (!isDenied(servers)) await Promise.all([...names].map(ask));
    return this.#combine(target, servers, (host) => found.get(host) ?? []) ?? NOTHING;
  }

  /** @returns undefined when `find` does not know one of the hosts */
  #combine(
    { protocol, host, port }: HostTarget,
    servers: readonly SrvRecord[],
    find: (host: string) => readonly string[] | undefined,
  ): readonly Address[] | undefined {
    if (isDenied(servers)) return NOTHING;
    if (servers.length === 0) {
      const addresses = find(host);
      return addresses && this.#place(addresses, protocol, port);
    }
    const all: Address[] = [];
    for (const server of orderServers(servers.slice(0, this.#limits.addressesMax), this.#options.rng)) {
      const addresses = find(server.name);
      if (addresses === undefined) return undefined;
      all.push(...this.#place(addresses, protocol, server.port));
    }
    return all.slice(0, this.#limits.addressesMax);
  }

  #place(addresses: readonly string[], protocol: SipProtocol, port: number): readonly Address[] {
    return addresses.slice(0, this.#limits.addressesMax).map((address) => ({ protocol, address, port }));
  }

  /** Rejects when the time is up; what comes later is let go. */
  #inTime<T>(answer: Promise<T>, deadlineMs: number): Promise<T> {
    return new Promise((resolve, reject) => {
      const timer = this.#options.clock.schedule(deadlineMs, () => {
        reject(new Error('no answer in time'));
      });
      answer.then(resolve, reject).finally(() => {
        timer.cancel();
      });
    });
  }
}
