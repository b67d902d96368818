/** Who we are on a flow: what Via, Contact and `localhost` say, and which service address it belongs to. */
import { isIPv6 } from 'node:net';
import type { SipListen } from '../config/engine-config.js';
import { NetworkSet } from '../transport/network-set.js';
import type { SipFlow, SipProtocol } from '../transport/sip-flow.js';

export interface LocalIdentity {
  readonly addressId: string;
  readonly protocol: SipProtocol;
  /** `10.77.0.11:5060`, an IPv6 address in brackets. */
  readonly hostPort: string;
}

type IdentityListen = Pick<
  SipListen,
  'protocol' | 'address' | 'port' | 'addressId' | 'externalAddress' | 'localNets'
>;

interface Identities {
  readonly inside: LocalIdentity;
  readonly outside: LocalIdentity | undefined;
  readonly localNets: NetworkSet;
}

/** Of listens that have no id, which have no partner either. */
export const UNNAMED_ADDRESS = 'x';

function hostPortText(address: string, port: number): string {
  return `${isIPv6(address) ? `[${address}]` : address}:${String(port)}`;
}

function identitiesOf(listen: IdentityListen): Identities {
  const { protocol, address, port, externalAddress } = listen;
  const addressId = listen.addressId ?? UNNAMED_ADDRESS;
  const inside = Object.freeze({ addressId, protocol, hostPort: hostPortText(address, port) });
  const outside =
    externalAddress === undefined
      ? undefined
      : Object.freeze({ addressId, protocol, hostPort: hostPortText(externalAddress, port) });
  return { inside, outside, localNets: new NetworkSet(listen.localNets) };
}

export class LocalIdentities {
  readonly #byListen = new Map<string, Identities>();
  readonly #listens: readonly IdentityListen[];

  /** @param listens as they were opened, with their real ports */
  constructor(listens: readonly IdentityListen[]) {
    this.#listens = listens;
    for (const listen of listens) {
      this.#byListen.set(`${listen.protocol}|${listen.address}|${String(listen.port)}`, identitiesOf(listen));
    }
  }

  of(flow: SipFlow): LocalIdentity {
    const found = this.#byListen.get(`${flow.protocol}|${flow.localAddress}|${String(flow.localPort)}`);
    if (found === undefined) {
      const hostPort = hostPortText(flow.localAddress, flow.localPort);
      return { addressId: UNNAMED_ADDRESS, protocol: flow.protocol, hostPort };
    }
    if (found.outside === undefined) return found.inside;
    return found.localNets.has(flow.remoteAddress) ? found.inside : found.outside;
  }

  /** `udp/10.77.0.11:5060`, as applications are told. */
  get internalHostPorts(): readonly string[] {
    return this.#listens.map(({ protocol, address, port }) => `${protocol}/${hostPortText(address, port)}`);
  }

  get externalHostPorts(): readonly string[] {
    return this.#listens.map(
      ({ protocol, address, port, externalAddress }) =>
        `${protocol}/${hostPortText(externalAddress ?? address, port)}`,
    );
  }

  /** The first address of ours with this protocol that `fits`. */
  findAddress(protocol: SipProtocol, fits: (address: string) => boolean): string | undefined {
    return this.#listens.find((listen) => listen.protocol === protocol && fits(listen.address))?.address;
  }

  /** A URI that leads to us, whatever its user: `sip:...@10.77.0.11`. */
  isOurs(host: string, port: number): boolean {
    return this.#listens.some((listen) => {
      const bare = host.startsWith('[') ? host.slice(1, -1) : host;
      return listen.port === port && (listen.address === bare || listen.externalAddress === bare);
    });
  }
}

export const TRANSPORT_PARAM: Readonly<Record<SipProtocol, string>> = {
  udp: '',
  tcp: ';transport=tcp',
  tls: ';transport=tls',
};

/** A Contact that reaches us the way the flow does. */
export function contactUri(identity: LocalIdentity, user?: string): string {
  const at = user === undefined || user === '' ? '' : `${user}@`;
  return `sip:${at}${identity.hostPort}${TRANSPORT_PARAM[identity.protocol]}`;
}

export function viaValue(identity: LocalIdentity, branch: string): string {
  return `SIP/2.0/${identity.protocol.toUpperCase()} ${identity.hostPort};branch=${branch};rport`;
}
