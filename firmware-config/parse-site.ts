/** Reads a site document: defaults, schema, then everything that no schema can say. Pure. */
import { DEFAULTS } from './defaults/defaults.js';
import { isHostIn, overlap, parseSubnet } from './ipv4.js';
import { checkAgainstSchema } from './check-schema.js';
import { deepFreeze, invalidDocument, type Problem } from './problems.js';
import { SiteDocumentSchema, type SiteNode } from './schema/site.js';
import type { Site } from './site-nodes.js';

/** How many nodes of which kind a layout has (architecture section 1). An odd number of voters in each. */
const LAYOUTS = {
  'pair+dr': { site: 2, dr: 1, witness: 0 },
  'two-two-one': { site: 2, dr: 2, witness: 1 },
} as const;

function checkPlaces(site: Site): Problem[] {
  const problems: Problem[] = [];
  for (const [index, place] of site.places.entries()) {
    const path = `places[${String(index)}]`;
    const subnet = parseSubnet(place.subnet);
    if (!isHostIn(subnet, place.gateway)) {
      problems.push({
        path: `${path}.gateway`,
        problem: `${place.gateway} is outside ${place.subnet}`,
        fix: 'Give an address within the subnet.',
      });
    }
    for (const other of site.places.slice(0, index)) {
      if (other.id === place.id) {
        problems.push({
          path: `${path}.id`,
          problem: `"${place.id}" stands twice`,
          fix: 'List each place once.',
        });
      }
      if (overlap(subnet, parseSubnet(other.subnet))) {
        problems.push({
          path: `${path}.subnet`,
          problem: `overlaps the subnet of "${other.id}"`,
          fix: 'Give each place a subnet of its own.',
        });
      }
    }
  }
  return problems;
}

function checkNodePlace(site: Site, node: SiteNode, path: string): Problem[] {
  const place = site.places.find((candidate) => candidate.id === node.place);
  if (place === undefined) {
    return [
      {
        path: `${path}.place`,
        problem: `there is no place "${node.place}"`,
        fix: 'Add it to "places" or name another.',
      },
    ];
  }
  const problems: Problem[] = [];
  for (const field of ['address', 'serviceAddress'] as const) {
    const address = node[field];
    if (address !== undefined && !isHostIn(parseSubnet(place.subnet), address)) {
      problems.push({
        path: `${path}.${field}`,
        problem: `${address} is outside ${place.subnet}`,
        fix: `Give an address within the subnet of "${place.id}".`,
      });
    }
  }
  const expectedRole = node.place === 'witness' ? 'witness' : 'full';
  if (node.role !== expectedRole) {
    problems.push({
      path: `${path}.role`,
      problem: `a node at "${node.place}" is "${expectedRole}"`,
      fix: `Write "${expectedRole}", or move the node.`,
    });
  }
  if (node.role === 'full' && node.serviceAddress === undefined) {
    problems.push({
      path: `${path}.serviceAddress`,
      problem: 'is missing',
      fix: 'Give the service address whose home is this node.',
    });
  }
  if (node.role === 'witness' && node.serviceAddress !== undefined) {
    problems.push({
      path: `${path}.serviceAddress`,
      problem: 'a witness serves no calls',
      fix: 'Remove it.',
    });
  }
  return problems;
}

/** Names and addresses that stand twice, gateways included. */
function checkUnique(site: Site): Problem[] {
  const problems: Problem[] = [];
  const names = new Map<string, string>();
  const addresses = new Map(
    site.places.map((place, index) => [place.gateway, `places[${String(index)}].gateway`]),
  );
  for (const [index, node] of site.nodes.entries()) {
    const path = `nodes[${String(index)}]`;
    const first = names.get(node.id);
    if (first !== undefined) {
      problems.push({
        path: `${path}.id`,
        problem: `"${node.id}" is the name of ${first} already`,
        fix: 'Give each node a name of its own.',
      });
    }
    names.set(node.id, path);
    for (const field of ['address', 'serviceAddress'] as const) {
      const address = node[field];
      if (address === undefined) continue;
      const taken = addresses.get(address);
      if (taken !== undefined) {
        problems.push({
          path: `${path}.${field}`,
          problem: `${address} is taken by ${taken}`,
          fix: 'Give an address that nothing else has.',
        });
      }
      addresses.set(address, `${path}.${field}`);
    }
  }
  return problems;
}

function checkLayout(site: Site): Problem[] {
  return Object.entries(LAYOUTS[site.layout]).flatMap(([place, wanted]) => {
    const count = site.nodes.filter((node) => node.place === place).length;
    if (count === wanted) return [];
    const problem = `layout "${site.layout}" has ${String(wanted)} node(s) at "${place}", the document has ${String(count)}`;
    return [
      {
        path: 'nodes',
        problem,
        fix: 'Change the nodes or the layout; an even number of voters would stop at a split.',
      },
    ];
  });
}

function checkPorts(site: Site): Problem[] {
  const problems: Problem[] = [];
  const { portMin, portMax } = site.rtp;
  if (portMin >= portMax) {
    problems.push({
      path: 'rtp.portMax',
      problem: `${String(portMax)} is not above portMin`,
      fix: `Give a port above ${String(portMin)}.`,
    });
  }
  const taken = new Map<number, string>();
  // In the order of the defaults, so that which of two equal ports is named does not depend on the input's order.
  for (const name of Object.keys(DEFAULTS.ports) as (keyof Site['ports'])[]) {
    const port = site.ports[name];
    const first = taken.get(port);
    if (first !== undefined) {
      problems.push({
        path: `ports.${name}`,
        problem: `${String(port)} is the port "${first}" already`,
        fix: 'Give each its own port.',
      });
    }
    taken.set(port, name);
    if (port >= portMin && port <= portMax) {
      problems.push({
        path: `ports.${name}`,
        problem: `${String(port)} is inside the RTP range`,
        fix: `Give a port outside ${String(portMin)} to ${String(portMax)}, or move the range.`,
      });
    }
  }
  return problems;
}

function checkRaft(site: Site): Problem[] {
  const { leaderLeaseMs, heartbeatTimeoutMs, electionTimeoutMs } = site.raft;
  const problems: Problem[] = [];
  if (leaderLeaseMs > heartbeatTimeoutMs) {
    problems.push({
      path: 'raft.leaderLeaseMs',
      problem: 'is longer than heartbeatTimeoutMs',
      fix: `Give at most ${String(heartbeatTimeoutMs)}.`,
    });
  }
  if (heartbeatTimeoutMs > electionTimeoutMs) {
    problems.push({
      path: 'raft.heartbeatTimeoutMs',
      problem: 'is longer than electionTimeoutMs',
      fix: `Give at most ${String(electionTimeoutMs)}.`,
    });
  }
  return problems;
}

/**
 * @returns the complete document, frozen
 * @throws CONFIG_INVALID with every problem in `details.problems` (Problem[]) and one line each in its message
 */
export function parseSite(input: unknown): Site {
  const { document, problems } = checkAgainstSchema(SiteDocumentSchema, input);
  if (problems.length > 0) throw invalidDocument('site', problems);
  const site = document as Site;
  const found = [
    ...checkPlaces(site),
    ...site.nodes.flatMap((node, index) => checkNodePlace(site, node, `nodes[${String(index)}]`)),
    ...checkUnique(site),
    ...checkLayout(site),
    ...checkPorts(site),
    ...checkRaft(site),
  ];
  if (found.length > 0) throw invalidDocument('site', found);
  return deepFreeze(site);
}
