/** Ports of the site document that somebody else has. Pure. */
import type { Problem } from '../problems.js';
import type { NodeDocument } from '../schema/node.js';
import { findPartner, getNode, type Site } from '../site-nodes.js';
import type { HeldPort, WorldFacts } from './world-facts.js';

interface WantedPort {
  readonly path: string;
  readonly protocol: 'tcp' | 'udp';
  readonly first: number;
  readonly last: number;
  /** Where we listen; a program on another address is in nobody's way. */
  readonly addresses: readonly string[];
}

const LOOPBACK = '127.0.0.1';
/** Our own units; who has the port then is the very process that shall have it. */
const OUR_UNIT = /^wardline-/;

function wantedPorts(site: Site, node: NodeDocument): readonly WantedPort[] {
  const own = getNode(site, node.nodeId);
  const partner = findPartner(site, node.nodeId);
  const { ports, rtp } = site;
  const wanted = (
    name: keyof Site['ports'],
    addresses: readonly string[],
    protocol: 'tcp' | 'udp' = 'tcp',
  ) => ({
    path: `site.ports.${name}`,
    protocol,
    first: ports[name],
    last: ports[name],
    addresses,
  });
  const lan = [own.address];
  const store = [wanted('rqliteHttp', lan), wanted('rqliteRaft', lan)];
  if (own.role === 'witness') return store;
  const service = [own, partner].flatMap((home) => home?.serviceAddress ?? []);
  const media = { path: 'site.rtp', protocol: 'udp', first: rtp.portMin, last: rtp.portMax } as const;
  return [
    ...store,
    wanted('sip', [...service, ...lan]),
    wanted('sip', [...service, ...lan], 'udp'),
    wanted('sipTls', [...service, ...lan]),
    wanted('control', [LOOPBACK]),
    wanted('rtpengineCli', [LOOPBACK]),
    wanted('rtpengineHttp', [LOOPBACK]),
    wanted('dtmfLog', [LOOPBACK], 'udp'),
    wanted('redisOwn', [LOOPBACK, ...lan]),
    ...(partner === undefined ? [] : [wanted('redisPartner', [LOOPBACK]), wanted('callLink', lan)]),
    wanted('nodeLink', lan),
    wanted('panel', [LOOPBACK, ...service, ...lan]),
    { ...media, addresses: service },
  ];
}

function isInTheWay(held: HeldPort, wanted: WantedPort): boolean {
  return (
    held.protocol === wanted.protocol &&
    held.port >= wanted.first &&
    held.port <= wanted.last &&
    (held.address === '*' || wanted.addresses.includes(held.address)) &&
    !OUR_UNIT.test(held.unit ?? '')
  );
}

function holderOf({ program, pid }: HeldPort): string {
  if (program === '') return 'a process that this user may not see';
  return pid === undefined ? program : `${program} (process ${String(pid)})`;
}

function fixFor({ unit, program }: HeldPort): string {
  if (unit !== undefined)
    return `Run "systemctl disable --now ${unit}", or give another port, on every node.`;
  if (program === '') return 'Run this check as root to see which.';
  return 'End that process, or give another port, on every node.';
}

/** One per process: another media relay may hold thousands of the range. */
function oncePerProcess(held: readonly HeldPort[]): readonly HeldPort[] {
  return [...new Map(held.toReversed().map((one) => [holderOf(one), one])).values()].toReversed();
}

function toProblem(held: HeldPort, path: string): Problem {
  const where = held.address === '*' ? 'every address' : held.address;
  const port = `${held.protocol.toUpperCase()} port ${String(held.port)}`;
  return { path, problem: `${port} is held by ${holderOf(held)} on ${where}`, fix: fixFor(held) };
}

export function decidePortProblems(facts: WorldFacts, site: Site, node: NodeDocument): Problem[] {
  return wantedPorts(site, node).flatMap((wanted) =>
    oncePerProcess(facts.heldPorts.filter((held) => isInTheWay(held, wanted))).map((held) =>
      toProblem(held, wanted.path),
    ),
  );
}
