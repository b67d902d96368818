/** Addresses and networks, `10.77.0.20` and `10.0.0.0/8`, as an operator lists them. Asked for every datagram. */
import { BlockList, isIPv6 } from 'node:net';

export class NetworkSet {
  readonly #addresses = new Set<string>();
  /** Undefined as long as there are no networks: asking it costs a microsecond. */
  readonly #networks: BlockList | undefined;

  /** @param nets as the configuration has checked them */
  constructor(nets: readonly string[]) {
    const networks = nets.filter((net) => net.includes('/'));
    for (const net of nets) if (!net.includes('/')) this.#addresses.add(net);
    this.#networks = networks.length === 0 ? undefined : new BlockList();
    for (const network of networks) {
      const [address = '', prefix] = network.split('/');
      this.#networks?.addSubnet(address, Number(prefix), isIPv6(address) ? 'ipv6' : 'ipv4');
    }
  }

  /** @param address in its canonical spelling */
  has(address: string): boolean {
    if (this.#addresses.has(address)) return true;
    return this.#networks?.check(address, isIPv6(address) ? 'ipv6' : 'ipv4') ?? false;
  }
}
