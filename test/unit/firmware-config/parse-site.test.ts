import { OperatingError } from '../../../cluster/base/errors.js';
import { exampleSite } from '../../../firmware-config/defaults/example-site.js';
import { parseNode } from '../../../firmware-config/parse-node.js';
import { parseSite } from '../../../firmware-config/parse-site.js';
import { findPartner, fullNodeIndex, getNode } from '../../../firmware-config/site-nodes.js';
import type { Problem } from '../../../firmware-config/problems.js';
import { assert, spec } from '../../support/spec.js';

type Json = Record<string, unknown>;

/** The example with the given change made to it. */
function changed(change: (site: Json & { nodes: Json[]; places: Json[] }) => void): unknown {
  const site = exampleSite() as Json & { nodes: Json[]; places: Json[] };
  change(site);
  return site;
}

function problemsOf(parse: (input: unknown) => unknown, input: unknown): readonly Problem[] {
  try {
    parse(input);
  } catch (error) {
    if (error instanceof OperatingError) return error.details['problems'] as readonly Problem[];
    throw error;
  }
  return [];
}

interface Refusal {
  readonly sentence: string;
  readonly input: unknown;
  readonly path: string;
  readonly fix: RegExp;
}

const REFUSALS: readonly Refusal[] = [
  {
    sentence: 'an unknown key is refused with the nearest known one',
    input: changed((site) => (site['layuot'] = 'pair+dr')),
    path: 'layuot',
    fix: /Did you mean "layout"/,
  },
  {
    sentence: 'an unknown key deep in a node is refused',
    input: changed((site) => (site.nodes[1] = { ...site.nodes[1], colour: 'red' })),
    path: 'nodes[1].colour',
    fix: /known keys are id, place/,
  },
  {
    sentence: 'an address outside the subnet is refused',
    input: changed((site) => (site.nodes[0] = { ...site.nodes[0], address: '10.99.0.1' })),
    path: 'nodes[0].address',
    fix: /within the subnet of "site"/,
  },
  {
    sentence: "the subnet's broadcast address is refused",
    input: changed((site) => (site.nodes[0] = { ...site.nodes[0], address: '10.77.0.255' })),
    path: 'nodes[0].address',
    fix: /within the subnet/,
  },
  {
    sentence: 'two nodes with one name are refused',
    input: changed((site) => (site.nodes[1] = { ...site.nodes[1], id: 'a' })),
    path: 'nodes[1].id',
    fix: /a name of its own/,
  },
  {
    sentence: 'a service address that is a gateway is refused',
    input: changed((site) => (site.nodes[1] = { ...site.nodes[1], serviceAddress: '10.77.0.254' })),
    path: 'nodes[1].serviceAddress',
    fix: /nothing else has/,
  },
  {
    sentence: 'a full node without a service address is refused',
    input: changed((site) => delete site.nodes[0]?.['serviceAddress']),
    path: 'nodes[0].serviceAddress',
    fix: /whose home is this node/,
  },
  {
    sentence: 'a port inside the RTP range is refused',
    input: changed((site) => (site['ports'] = { panel: 30_001 })),
    path: 'ports.panel',
    fix: /outside 30000 to 39999/,
  },
  {
    sentence: 'two equal ports are refused',
    input: changed((site) => (site['ports'] = { redisOwn: 4001 })),
    path: 'ports.redisOwn',
    fix: /its own port/,
  },
  {
    sentence: 'an empty RTP range is refused',
    input: changed((site) => (site['rtp'] = { portMin: 30_000, portMax: 30_000 })),
    path: 'rtp.portMax',
    fix: /above 30000/,
  },
  {
    sentence: 'an even number of voters is refused',
    input: changed((site) =>
      site.nodes.push({
        id: 'e',
        place: 'dr',
        role: 'full',
        address: '10.78.0.2',
        serviceAddress: '10.78.0.12',
      }),
    ),
    path: 'nodes',
    fix: /even number of voters/,
  },
  {
    sentence: 'overlapping subnets are refused',
    input: changed(
      (site) => (site.places[1] = { ...site.places[1], subnet: '10.76.0.0/14', gateway: '10.78.0.254' }),
    ),
    path: 'places[1].subnet',
    fix: /subnet of its own/,
  },
  {
    sentence: 'an advert interval that flaps or is slow is refused',
    input: changed((site) => (site['vrrp'] = { advertIntervalMs: 5 })),
    path: 'vrrp.advertIntervalMs',
    fix: /from 20 to 100/,
  },
  {
    sentence: 'a Raft lease longer than the heartbeat is refused',
    input: changed((site) => (site['raft'] = { leaderLeaseMs: 400 })),
    path: 'raft.leaderLeaseMs',
    fix: /at most 300/,
  },
  {
    sentence: 'a missing field is named with what belongs there',
    input: changed((site) => delete site['siteId']),
    path: 'siteId',
    fix: /short name/,
  },
  { sentence: 'something that is no document is refused', input: 'hello', path: '', fix: /documentation/ },
];

spec('parse-site', (it) => {
  it('the example site of each layout is complete, frozen and has every default', () => {
    for (const layout of ['pair+dr', 'two-two-one'] as const) {
      const site = parseSite(exampleSite(layout));
      assert.is(site.vrrp.advertIntervalMs, 30);
      assert.equal(site.raft, { heartbeatTimeoutMs: 300, electionTimeoutMs: 300, leaderLeaseMs: 300 });
      assert.ok(Object.isFrozen(site) && Object.isFrozen(site.nodes[0]));
    }
  });

  for (const { sentence, input, path, fix } of REFUSALS) {
    it(sentence, () => {
      const problem = problemsOf(parseSite, input).find((candidate) => candidate.path === path);
      assert.ok(problem, `a problem at "${path}" in ${JSON.stringify(problemsOf(parseSite, input))}`);
      assert.match(problem.fix, fix);
    });
  }

  it('all problems are named at once, one line each', () => {
    const input = changed((site) => {
      site['vrrp'] = { advertIntervalMs: 5 };
      site['raft'] = { leaderLeaseMs: 1 };
      site['colour'] = 1;
    });
    assert.equal(
      problemsOf(parseSite, input)
        .map(({ path }) => path)
        .toSorted(),
      ['colour', 'raft.leaderLeaseMs', 'vrrp.advertIntervalMs'],
    );
  });

  it('partners are the two full nodes of one place', () => {
    const site = parseSite(exampleSite('two-two-one'));
    assert.equal(
      ['a', 'b', 'd', 'e', 'w'].map((id) => findPartner(site, id)?.id),
      ['b', 'a', 'e', 'd', undefined],
    );
    assert.is(findPartner(parseSite(exampleSite()), 'd'), undefined);
  });

  it("a node's index does not depend on the order in the document", () => {
    const site = parseSite(changed((input) => input.nodes.reverse()));
    assert.equal(
      ['a', 'b', 'd'].map((id) => fullNodeIndex(site, id)),
      [0, 1, 2],
    );
  });

  it('a node that the site does not have is refused with those it has', () => {
    const site = parseSite(exampleSite());
    assert.match(problemsOf(() => getNode(site, 'x'), undefined)[0]?.fix ?? '', /a, b, d/);
  });
});

spec('parse-node', (it) => {
  it('a node document needs only its version and its node', () => {
    const node = parseNode({ version: 1, nodeId: 'a' });
    assert.is(node.interface, 'eth0');
    assert.is(node.paths.config, '/etc/wardline');
  });

  it('a relative path is refused', () => {
    const problem = problemsOf(parseNode, { version: 1, nodeId: 'a', paths: { data: 'here' } })[0];
    assert.is(problem?.path, 'paths.data');
    assert.match(problem?.fix ?? '', /absolute path/);
  });
});
