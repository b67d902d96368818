/**
 * Attaches a box to a network interface of the host, so that real phones reach its service addresses (docs/adr/0005).
 *
 * Everything is done inside the hub's namespace; the host lends one macvlan, which disappears with it. Nothing but the
 * service addresses can be reached from there, and nothing but they can reach out.
 */
import type { Clock } from '../../cluster/base/clock.js';
import { overlap, parseSubnet } from '../../firmware-config/ipv4.js';
import type { Site } from '../../firmware-config/site-nodes.js';
import { opsErrors } from '../errors.js';
import { applyBatch } from './box-network.js';
import { BRIDGE, type BoxPlan } from './box-plan.js';
import type { IpBatch } from './network-commands.js';
import { inNamespace, run } from './shell.js';

export interface AttachOptions {
  /** Of the host. */
  readonly interface: string;
  /** An address on that LAN in CIDR notation, for phones that keep their own addresses and have a route. */
  readonly address?: string;
}

export interface AttachPlan {
  readonly batches: readonly IpBatch[];
  /** Kernel settings of the hub's namespace. */
  readonly sysctl: readonly string[];
  /** Input for nft in the hub's namespace. */
  readonly filter: string;
  /** What is done and what a phone needs, for people. */
  readonly sentences: readonly string[];
}

/** Name of the macvlan inside the hub. */
const PORT = 'att0';
/** Real phones share the site's LAN with the simulated ones (.100-.115): .128-.191. */
const PHONES = { firstHost: 128, prefixLength: 26, lastHost: 191 } as const;

function renderFilter(serviceAddresses: readonly string[]): string {
  const set = `{ ${serviceAddresses.join(', ')} }`;
  return [
    'table inet attach {',
    '  chain forward {',
    '    type filter hook forward priority 10',
    `    iifname "${PORT}" ip daddr != ${set} drop`,
    `    oifname "${PORT}" ip saddr != ${set} drop`,
    '  }',
    '  chain input {',
    '    type filter hook input priority 10',
    `    iifname "${PORT}" ip protocol != icmp drop`,
    '  }',
    '}',
    '',
  ].join('\n');
}

function phoneSentences(plan: BoxPlan, site: Site, options: AttachOptions, own: readonly string[]): string[] {
  const net = plan.hub.subnet.split('.').slice(0, 3).join('.');
  const range = `${net}.${String(PHONES.firstHost)} to ${net}.${String(PHONES.lastHost)}`;
  const [registrar = ''] = own;
  const panel = `https://${registrar}:${String(site.ports.panel)}/`;
  const gateway = options.address?.split('/')[0];
  return [
    `phones there: an address from ${range}, mask 255.255.255.0,`,
    `  gateway ${plan.hub.gateway.split('/')[0] ?? ''}, registrar ${own.join(' or ')}`,
    ...(gateway === undefined
      ? []
      : [`  or the address they have, and a route to ${plan.hub.subnet} via ${gateway}`]),
    `the panel from there: ${panel}`,
  ];
}

/** Pure. */
export function planAttach(plan: BoxPlan, site: Site, options: AttachOptions): AttachPlan {
  const addressesOf = (isOwnLan: boolean): string[] =>
    site.nodes.flatMap(({ place, serviceAddress }) =>
      serviceAddress !== undefined && (place === 'site') === isOwnLan ? [serviceAddress] : [],
    );
  const own = addressesOf(true);
  const net = plan.hub.subnet.split('.').slice(0, 3).join('.');
  const phones = `${net}.${String(PHONES.firstHost)}/${String(PHONES.prefixLength)}`;
  const { namespace } = plan.hub;
  const at = options.address === undefined ? [] : [`address add ${options.address} dev ${PORT}`];
  return {
    batches: [
      // Made inside the hub: no name of it ever appears on the host.
      {
        lines: [
          `link add link ${options.interface} name ${PORT} netns ${namespace} type macvlan mode bridge`,
        ],
      },
      {
        namespace,
        lines: [
          ...at,
          `link set ${PORT} up`,
          `route add ${phones} dev ${PORT}`,
          ...own.map((address) => `neigh add proxy ${address} dev ${PORT}`),
        ],
      },
    ],
    sysctl: [
      // The LAN outside must not configure the hub.
      `net.ipv6.conf.${PORT}.disable_ipv6=1`,
      // Nodes ask for real phones on their own LAN; the hub answers for what it routes elsewhere.
      `net.ipv4.conf.${BRIDGE}.proxy_arp=1`,
      // The kernel answers for others after up to 0.8 s, and a call would wait for it.
      `net.ipv4.neigh.${BRIDGE}.proxy_delay=0`,
      `net.ipv4.neigh.${PORT}.proxy_delay=0`,
    ],
    filter: renderFilter([...own, ...addressesOf(false)]),
    sentences: [
      `a macvlan on ${options.interface} in the box's hub; nothing else of this host is changed`,
      `it answers ARP for ${own.join(' and ')} and lets nothing but the service addresses through`,
      ...phoneSentences(plan, site, options, own),
    ],
  };
}

interface LinkEntry {
  readonly ifname: string;
  readonly flags: readonly string[];
}

function badArgument(argument: string, problem: string, fix: string): Error {
  return opsErrors.LAB_BAD_ARGUMENT({ argument, problem, fix });
}

/** @throws LAB_BAD_ARGUMENT when the interface or the address will not do */
export async function checkAttach(options: AttachOptions, plan: BoxPlan, clock: Clock): Promise<void> {
  const links = JSON.parse(await run(['ip', '-json', 'link', 'show'], { clock })) as readonly LinkEntry[];
  const usable = links.filter(({ flags }) => !flags.includes('LOOPBACK'));
  const link = usable.find(({ ifname }) => ifname === options.interface);
  if (link === undefined) {
    const known = usable.map(({ ifname }) => ifname).join(', ');
    throw badArgument('--attach', `no interface "${options.interface}" here`, `Name one of: ${known}.`);
  }
  if (!link.flags.includes('UP')) {
    const fix = `Bring it up first: ip link set ${options.interface} up`;
    throw badArgument('--attach', `${options.interface} is down`, fix);
  }
  const { address } = options;
  const lan = address === undefined ? undefined : parseSubnet(address);
  const taken = [plan.hub, ...plan.farPlaces].find((place) => lan && overlap(lan, parseSubnet(place.subnet)));
  if (taken !== undefined) {
    const problem = `${address ?? ''} overlaps ${taken.subnet} of the box`;
    throw badArgument('--attach-address', problem, `Give a free address of the LAN of ${options.interface}.`);
  }
}

/** The network of the box must be open. */
export async function applyAttach(attach: AttachPlan, plan: BoxPlan, clock: Clock): Promise<void> {
  const { namespace } = plan.hub;
  const [create, ...others] = attach.batches;
  if (create !== undefined) await applyBatch(create, clock);
  await run(inNamespace(namespace, ['sysctl', '-qw', ...attach.sysctl]), { clock });
  await run(inNamespace(namespace, ['nft', '-f', '-']), { clock, input: attach.filter });
  for (const batch of others) await applyBatch(batch, clock);
}

/** At once, where the kernel would take its time after the end of the namespace. Idempotent. */
export async function undoAttach(plan: BoxPlan, clock: Clock): Promise<void> {
  await run(['ip', '-n', plan.hub.namespace, 'link', 'delete', PORT], { clock }).catch(() => undefined);
}
