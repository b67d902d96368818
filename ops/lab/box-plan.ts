/**
 * The plan of a site in a box: which namespaces, bridges and links exist and what they are called. Pure.
 *
 * Invariant: every name that is visible on the host carries the box id, so that two boxes never meet and a
 * later start can find everything a killed one has left. Names inside a namespace need no id.
 *
 *      hub ─ bridge `lan` ─┬─ a   ┌───────────────┐      dr ─ bridge `lan` ─── d
 *                          ├─ b   │ shuttle (WAN) │──────┘
 *                          ├─ phones, trunk, his ─┤      witness ─ bridge `lan` ─── w
 *                          └──────┘               └──────┘
 */
import type { SiteDocument } from '../../firmware-config/schema/site.js';

export const BOX_PREFIX = 'wl';
export const BOX_ID_PATTERN = /^[a-z0-9]{1,8}$/;
/** A place's bridge has the same name in every place's hub: the namespace tells them apart. */
export const BRIDGE = 'lan';
/** Name of the network interface of every node and client. */
export const NODE_INTERFACE = 'eth0';

export type PlaceId = SiteDocument['places'][number]['id'];

/** Something with one interface on one place's LAN. */
export interface SpacePlan {
  /** `a`, `phones`, ... */
  readonly id: string;
  readonly kind: 'node' | 'client';
  /** Name of the network namespace on the host. */
  readonly namespace: string;
  readonly place: PlaceId;
  /** Addresses in CIDR notation, the first is the main one. */
  readonly addresses: readonly string[];
  readonly gateway: string;
  /** The interface of the place's hub that this space is plugged into. */
  readonly port: string;
}

export interface PlacePlan {
  readonly id: PlaceId;
  /** Namespace with this place's bridge, which is also its router. */
  readonly namespace: string;
  readonly subnet: string;
  /** The router's address in CIDR notation. */
  readonly gateway: string;
}

/** A shuttled link from the site's router to another place's router. */
export interface WanPlan {
  readonly place: PlaceId;
  /** TUN interface at the site's router and at the far one. */
  readonly nearInterface: string;
  readonly farInterface: string;
  readonly nearAddress: string;
  readonly farAddress: string;
  /** Loopback UDP ports in the hub over which the TUN ends and the shuttle exchange packets. */
  readonly udpPorts: {
    readonly nearTun: number;
    readonly nearShuttle: number;
    readonly farTun: number;
    readonly farShuttle: number;
  };
}

export interface BoxPlan {
  readonly boxId: string;
  readonly hub: PlacePlan;
  readonly farPlaces: readonly PlacePlan[];
  readonly spaces: readonly SpacePlan[];
  readonly wans: readonly WanPlan[];
}

/** Clients on the site's LAN (architecture section 9); phones get a range so that each can have its own address. */
const CLIENTS = [
  { id: 'phones', firstHost: 100, count: 16 },
  { id: 'trunk', firstHost: 20, count: 1 },
  { id: 'his', firstHost: 30, count: 1 },
] as const;

const WAN_UDP_BASE = 42_000;

function hostOf(subnet: string, host: number): string {
  const [network = '', length = '24'] = subnet.split('/');
  const octets = network.split('.').slice(0, 3);
  return `${octets.join('.')}.${String(host)}/${length}`;
}

function prefixLength(subnet: string): string {
  return subnet.split('/')[1] ?? '24';
}

export function namespaceName(boxId: string, spaceId: string): string {
  return `${BOX_PREFIX}-${boxId}-${spaceId}`;
}

function planPlace(boxId: string, place: SiteDocument['places'][number]): PlacePlan {
  return {
    id: place.id,
    namespace: namespaceName(boxId, place.id === 'site' ? 'hub' : `hub-${place.id}`),
    subnet: place.subnet,
    gateway: `${place.gateway}/${prefixLength(place.subnet)}`,
  };
}

function planWan(place: PlaceId, index: number): WanPlan {
  const port = WAN_UDP_BASE + index * 4;
  return {
    place,
    nearInterface: `wan-${place}`,
    farInterface: `far-${place}`,
    nearAddress: `10.76.${String(index)}.1/30`,
    farAddress: `10.76.${String(index)}.2/30`,
    udpPorts: { nearTun: port, nearShuttle: port + 1, farTun: port + 2, farShuttle: port + 3 },
  };
}

function planNodes(boxId: string, site: SiteDocument, places: ReadonlyMap<string, PlacePlan>): SpacePlan[] {
  return site.nodes.flatMap((node) => {
    const place = places.get(node.place);
    if (place === undefined) return [];
    return [
      {
        id: node.id,
        kind: 'node' as const,
        namespace: namespaceName(boxId, node.id),
        place: node.place,
        addresses: [`${node.address}/${prefixLength(place.subnet)}`],
        gateway: place.gateway.split('/')[0] ?? '',
        port: `p-${node.id}`,
      },
    ];
  });
}

function planClients(boxId: string, site: PlacePlan): SpacePlan[] {
  return CLIENTS.map((client) => ({
    id: client.id,
    kind: 'client' as const,
    namespace: namespaceName(boxId, client.id),
    place: site.id,
    addresses: Array.from({ length: client.count }, (_, index) =>
      hostOf(site.subnet, client.firstHost + index),
    ),
    gateway: site.gateway.split('/')[0] ?? '',
    port: `p-${client.id}`,
  }));
}

/** @returns what has to exist for this site document; the same document and id give the same plan. */
export function planBox(boxId: string, site: SiteDocument): BoxPlan {
  const places = site.places.map((place) => planPlace(boxId, place));
  const hub = places.find((place) => place.id === 'site');
  if (hub === undefined)
    throw new Error('a site document always has the place "site" (checked by parseSite)');
  const farPlaces = places.filter((place) => place !== hub);
  return {
    boxId,
    hub,
    farPlaces,
    spaces: [
      ...planNodes(boxId, site, new Map(places.map((place) => [place.id, place]))),
      ...planClients(boxId, hub),
    ],
    wans: farPlaces.map((place, index) => planWan(place.id, index)),
  };
}

/** All namespaces of a box, hubs first. */
export function namespacesOf(plan: BoxPlan): string[] {
  return [
    plan.hub.namespace,
    ...plan.farPlaces.map((place) => place.namespace),
    ...plan.spaces.map((space) => space.namespace),
  ];
}

export function getSpace(plan: BoxPlan, id: string): SpacePlan {
  const space = plan.spaces.find((candidate) => candidate.id === id);
  if (space === undefined) throw new Error(`no space "${id}" in box ${plan.boxId}`);
  return space;
}

/** The hub (bridge and router) that a space is plugged into. */
export function hubOf(plan: BoxPlan, space: SpacePlan): PlacePlan {
  return [plan.hub, ...plan.farPlaces].find((place) => place.id === space.place) ?? plan.hub;
}
