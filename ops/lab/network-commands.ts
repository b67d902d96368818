/**
 * The `ip` and `nft` input that builds, changes and takes down a box's network, as text. Pure: what it says is
 * what happens, and a test reads it without root.
 */
import {
  BRIDGE,
  NODE_INTERFACE,
  hubOf,
  type BoxPlan,
  type PlacePlan,
  type SpacePlan,
  type WanPlan,
} from './box-plan.js';

/** Lines for `ip -batch -`, run in the given namespace or, without one, on the host. */
export interface IpBatch {
  readonly namespace?: string;
  readonly lines: readonly string[];
}

export function createNamespace(namespace: string): IpBatch {
  return { lines: [`netns add ${namespace}`] };
}

/** A place's LAN: a bridge that is also the router's interface, so that hosts reach other places through it. */
export function createLan(place: PlacePlan): IpBatch {
  return {
    namespace: place.namespace,
    lines: [
      'link set lo up',
      // No spanning tree and no multicast snooping: a port forwards from its first frame, as an edge port does.
      `link add ${BRIDGE} type bridge stp_state 0 forward_delay 0 mcast_snooping 0`,
      `address add ${place.gateway} dev ${BRIDGE}`,
      `link set ${BRIDGE} up`,
    ],
  };
}

/** Plugs a namespace that exists into its place's LAN. */
export function plugIn(plan: BoxPlan, space: SpacePlan): readonly IpBatch[] {
  const hub = hubOf(plan, space);
  return [
    {
      namespace: hub.namespace,
      lines: [
        `link add ${space.port} type veth peer name ${NODE_INTERFACE} netns ${space.namespace}`,
        `link set ${space.port} master ${BRIDGE} up`,
      ],
    },
    {
      namespace: space.namespace,
      lines: [
        'link set lo up',
        ...space.addresses.map((address) => `address add ${address} dev ${NODE_INTERFACE}`),
        `link set ${NODE_INTERFACE} up`,
        `route add default via ${space.gateway}`,
      ],
    },
  ];
}

export function setPort(plan: BoxPlan, space: SpacePlan, state: 'up' | 'down'): IpBatch {
  return { namespace: hubOf(plan, space).namespace, lines: [`link set ${space.port} ${state}`] };
}

/** Removes the link between a space and its hub, both ends at once. */
export function removePort(plan: BoxPlan, space: SpacePlan): IpBatch {
  return { namespace: hubOf(plan, space).namespace, lines: [`link delete ${space.port}`] };
}

/**
 * The far end of a WAN link: a TUN made in the hub is moved to the other place's router and keeps its reader.
 * The MTU stays 1500, as on a leased line.
 */
export function connectWan(plan: BoxPlan, wan: WanPlan): readonly IpBatch[] {
  const far = plan.farPlaces.find((place) => place.id === wan.place);
  if (far === undefined) throw new Error(`no place "${wan.place}" in the plan`);
  const nearHost = wan.nearAddress.split('/')[0] ?? '';
  const farHost = wan.farAddress.split('/')[0] ?? '';
  return [
    {
      namespace: plan.hub.namespace,
      lines: [
        `link set ${wan.farInterface} netns ${far.namespace}`,
        `address add ${wan.nearAddress} dev ${wan.nearInterface}`,
        `link set ${wan.nearInterface} up`,
        `route add ${far.subnet} via ${farHost}`,
      ],
    },
    {
      namespace: far.namespace,
      lines: [
        `address add ${wan.farAddress} dev ${wan.farInterface}`,
        `link set ${wan.farInterface} up`,
        `route add default via ${nearHost}`,
      ],
    },
  ];
}

/** One direction in which nothing passes. `only` limits it to one kind of traffic. */
export interface Cut {
  readonly from: string;
  readonly to: string;
  readonly only?: 'vrrp' | 'redis' | 'raft' | 'sip' | 'rtp';
}

/** Requests and, from the other end, answers: a direction is cut for both. */
const KIND_MATCHES: Readonly<Record<NonNullable<Cut['only']>, readonly string[]>> = {
  vrrp: ['ip protocol 112'],
  redis: ['tcp dport 6379', 'tcp sport 6379'],
  raft: ['tcp dport 4002', 'tcp sport 4002'],
  sip: [
    'meta l4proto { tcp, udp } th dport { 5060, 5061 }',
    'meta l4proto { tcp, udp } th sport { 5060, 5061 }',
  ],
  rtp: ['udp dport 30000-39999', 'udp sport 30000-39999'],
};

function cutMatch(plan: BoxPlan, cut: Cut, table: 'bridge' | 'inet'): string | undefined {
  const from = plan.spaces.find((space) => space.id === cut.from);
  const to = plan.spaces.find((space) => space.id === cut.to);
  if (from === undefined || to === undefined) return undefined;
  // Within one LAN the bridge carries it and only ports tell the two ends apart (service addresses move).
  if (from.place === to.place) {
    return table === 'bridge' ? `iifname "${from.port}" oifname "${to.port}"` : undefined;
  }
  if (table === 'bridge') return undefined;
  const [source, target] = [from, to].map((space) => (space.addresses[0] ?? '').split('/')[0] ?? '');
  return `ip saddr ${source ?? ''} ip daddr ${target ?? ''}`;
}

function cutRules(plan: BoxPlan, cut: Cut, table: 'bridge' | 'inet'): readonly string[] {
  const match = cutMatch(plan, cut, table);
  if (match === undefined) return [];
  const kinds = cut.only === undefined ? [''] : KIND_MATCHES[cut.only];
  return kinds.map((kind) => [match, kind, 'drop'].filter(Boolean).join(' '));
}

/** The complete nftables input for the site's hub: replaces whatever cuts there were, in one transaction. */
export function renderCuts(plan: BoxPlan, cuts: readonly Cut[]): string {
  const chain = (table: 'bridge' | 'inet'): string => {
    const rules = cuts.flatMap((cut) => cutRules(plan, cut, table));
    return [
      `table ${table} cuts`,
      `delete table ${table} cuts`,
      `table ${table} cuts {`,
      '  chain forward {',
      '    type filter hook forward priority 0',
      ...rules.map((rule) => `    ${rule}`),
      '  }',
      '}',
    ].join('\n');
  };
  return `${chain('bridge')}\n${chain('inet')}\n`;
}
