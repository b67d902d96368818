/** From a URI to addresses, as the engine's routes ask for it: resolve/ does the work. */
import type { DnsResolver } from '../resolve/dns-resolver.js';
import { targetOfUri } from '../resolve/next-hop.js';
import type { SipUri } from '../message/sip-uri.js';
import type { TargetResolver } from './outbound-routes.js';

export function uriTargets(resolver: DnsResolver): TargetResolver {
  return {
    resolve: (uri) => {
      const hop = targetOfUri(uri);
      return hop.kind === 'target' ? resolver.resolve(hop.target) : [];
    },
  };
}

/** The outbound proxy as a next hop: host, port and transport are all that counts of it. */
export function hopText({ scheme, host, port, params }: SipUri): string {
  const transport = params['transport'];
  const suffix = typeof transport === 'string' ? `;transport=${transport}` : '';
  return `${scheme}:${host}${port === undefined ? '' : `:${String(port)}`}${suffix}`;
}
