/**
 * The flow on which a request leaves: a registered phone's own, an open connection, or a new way to what the URI
 * resolves to (RFC 3261 8.1.2, RFC 3263 4). Synchronous wherever no name has to be asked for: it is on the way of
 * every call.
 */
import type { BindingTable } from '../flow/binding-table.js';
import { ignoringSyntax } from '../message/sip-syntax-error.js';
import { parseSipUri, type SipUri } from '../message/sip-uri.js';
import type { SipFlow, SipProtocol } from '../transport/sip-flow.js';

export interface ResolvedTarget {
  readonly protocol: SipProtocol;
  readonly address: string;
  readonly port: number;
}

export interface TargetResolver {
  /** In order of preference; empty when there is no such host. Never rejects. */
  resolve(uri: SipUri): readonly ResolvedTarget[] | Promise<readonly ResolvedTarget[]>;
}

export interface FlowSource {
  flowTo(
    target: ResolvedTarget,
    from?: { readonly address: string; readonly port?: number },
  ): SipFlow | undefined;
  hasConnection(id: number): boolean;
}

export interface OutboundRoutesOptions {
  readonly bindings: BindingTable;
  readonly resolver: TargetResolver;
  readonly transport: FlowSource;
  /** Where to send from when nothing says it: an address of ours that this node owns. */
  readonly preferredFrom: (protocol: SipProtocol) => string | undefined;
}

export class OutboundRoutes {
  readonly #options: OutboundRoutesOptions;

  constructor(options: OutboundRoutesOptions) {
    this.#options = options;
  }

  /**
   * @param from the address of ours to send from
   * @returns undefined when the URI is none, its host has no address, or there is no such transport here
   */
  findFlow(uri: string, from?: string): SipFlow | undefined | Promise<SipFlow | undefined> {
    const registered = this.#findRegistered(uri);
    if (registered !== undefined) return this.#sentFrom(registered, from);
    const parsed = ignoringSyntax(() => parseSipUri(uri));
    if (parsed === undefined) return undefined;
    const targets = this.#options.resolver.resolve(parsed);
    if (targets instanceof Promise) return targets.then((found) => this.#firstFlow(found, from));
    return this.#firstFlow(targets, from);
  }

  /** Whether messages can still go there: a stream whose connection is gone is none. */
  isAlive(flow: SipFlow): boolean {
    return flow.connectionId === undefined
      ? flow.protocol === 'udp'
      : this.#options.transport.hasConnection(flow.connectionId);
  }

  /** The same remote over another protocol (RFC 3261 18.1.1: what is too long for a datagram). */
  overTcp(flow: SipFlow): SipFlow | undefined {
    const target = { protocol: 'tcp', address: flow.remoteAddress, port: flow.remotePort } as const;
    return this.#options.transport.flowTo(target, { address: flow.localAddress });
  }

  #findRegistered(uri: string): SipFlow | undefined {
    const binding = this.#options.bindings.find(uri);
    return binding !== undefined && this.isAlive(binding.flow) ? binding.flow : undefined;
  }

  /** A phone takes datagrams from any address of ours; a connection is what it is. */
  #sentFrom(flow: SipFlow, from: string | undefined): SipFlow {
    if (from === undefined || from === flow.localAddress || flow.protocol !== 'udp') return flow;
    const { protocol, remoteAddress: address, remotePort: port } = flow;
    return this.#options.transport.flowTo({ protocol, address, port }, { address: from }) ?? flow;
  }

  #firstFlow(targets: readonly ResolvedTarget[], from: string | undefined): SipFlow | undefined {
    for (const target of targets) {
      const address = from ?? this.#options.preferredFrom(target.protocol);
      const flow = this.#options.transport.flowTo(target, address === undefined ? undefined : { address });
      if (flow !== undefined) return flow;
    }
    return undefined;
  }
}
