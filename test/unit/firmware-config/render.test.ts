import { readFile, writeFile } from 'node:fs/promises';
import { exampleSite } from '../../../firmware-config/defaults/example-site.js';
import { parseNode } from '../../../firmware-config/parse-node.js';
import { parseSite } from '../../../firmware-config/parse-site.js';
import { renderKeepalivedConf } from '../../../firmware-config/render/keepalived-conf.js';
import { renderSystem } from '../../../firmware-config/render/render-system.js';
import { renderRedisOwnConf, renderRedisPartnerConf } from '../../../firmware-config/render/redis-conf.js';
import { rqlitedArguments } from '../../../firmware-config/render/rqlited-arguments.js';
import { renderRtpengineConf } from '../../../firmware-config/render/rtpengine-conf.js';
import { renderSipEngineJson } from '../../../firmware-config/render/sip-engine-json.js';
import { planServices } from '../../../firmware-config/services/plan-services.js';
import { parseExampleCalls } from '../../support/example-calls.js';
import { projectRoot } from '../../support/project-files.js';
import { assert, spec } from '../../support/spec.js';

const site = parseSite(exampleSite());
const { telephony } = parseExampleCalls(site);
const wide = parseSite(exampleSite('two-two-one'));
const node = (nodeId: string, more: object = {}): ReturnType<typeof parseNode> =>
  parseNode({ version: 1, nodeId, ...more });

/** `a-sysctl.d-90-wardline.conf` for node a's /etc/sysctl.d/90-wardline.conf. */
function goldenName(nodeId: string, path: string): string {
  return [nodeId, ...path.split('/').slice(-2)].join('-');
}

/** What is rendered for the example site, by the name of its golden file. */
const RENDERED: Readonly<Record<string, string>> = {
  'a-keepalived.conf': renderKeepalivedConf(site, node('a')),
  'b-keepalived.conf': renderKeepalivedConf(site, node('b')),
  'a-redis-own.conf': renderRedisOwnConf(site, node('a')),
  'a-redis-partner.conf': renderRedisPartnerConf(site, node('a')),
  'd-redis-own.conf': renderRedisOwnConf(site, node('d')),
  'a-rtpengine.conf': renderRtpengineConf(site, node('a')),
  'b-rtpengine.conf': renderRtpengineConf(site, node('b')),
  'd-rtpengine.conf': renderRtpengineConf(site, node('d')),
  'a-sip-engine.json': renderSipEngineJson(site, node('a'), telephony),
  'd-sip-engine.json': renderSipEngineJson(site, node('d'), telephony),
  'a-rqlited.txt': `${rqlitedArguments(site, node('a')).join('\n')}\n`,
};

/** What production needs besides; `a-nftables.conf` and so on. */
const SYSTEM: Readonly<Record<string, string>> = Object.fromEntries(
  [
    { of: site, id: 'a' },
    { of: site, id: 'd' },
    { of: wide, id: 'w' },
  ].flatMap(({ of, id }) =>
    renderSystem(of, node(id)).map(({ path, content }) => [goldenName(id, path), content] as const),
  ),
);

const GOLDEN = `${projectRoot}/test/unit/firmware-config/golden`;
const isUpdate = process.env['WARDLINE_UPDATE_GOLDEN'] === '1';

/** Value of `key = value` in an rtpengine file. */
function option(text: string, key: string): string | undefined {
  return new RegExp(`^${key} = (.*)$`, 'm').exec(text)?.[1];
}

spec('rendered configuration', (it) => {
  for (const [name, text] of Object.entries({ ...RENDERED, ...SYSTEM })) {
    it(`${name} is as in the golden file`, async () => {
      if (isUpdate) await writeFile(`${GOLDEN}/${name}`, text);
      assert.fixture(text, await readFile(`${GOLDEN}/${name}`, 'utf8'));
    });
  }

  it('partners know the same media interfaces, each its own first', () => {
    const [a = '', b = ''] = ['a', 'b'].map((id) => option(renderRtpengineConf(site, node(id)), 'interface'));
    assert.ok(a.startsWith('va/10.77.0.11;vb/'));
    assert.ok(b.startsWith('vb/10.77.0.12;va/'));
    assert.equal(a.split(';').toSorted(), b.split(';').toSorted());
  });

  it('each partner reads the database that the other writes', () => {
    const [a, b] = ['a', 'b'].map((id) => renderRtpengineConf(site, node(id)));
    assert.is(option(a ?? '', 'redis-write')?.split('/')[1], option(b ?? '', 'subscribe-keyspace'));
    assert.is(option(b ?? '', 'redis-write')?.split('/')[1], option(a ?? '', 'subscribe-keyspace'));
  });

  it('keepalived stands above the media in real-time priority', () => {
    const vrrp = /vrrp_rt_priority (\d+)/.exec(renderKeepalivedConf(site, node('a')))?.[1];
    assert.ok(Number(vrrp) > Number(option(renderRtpengineConf(site, node('a')), 'priority')));
  });

  it('a node alone at its place has no keepalived and no replica', () => {
    const names = (id: string): string[] => planServices(site, node(id)).map((service) => service.name);
    const engines = [
      'redis-own',
      'redis-partner',
      'rqlited',
      'rtpengine',
      'sip-engine',
      'calls',
      'keepalived',
    ];
    assert.equal(names('a'), [...engines, 'node', 'admin']);
    assert.equal(names('d'), ['redis-own', 'rqlited', 'rtpengine', 'sip-engine', 'calls', 'node', 'admin']);
    assert.throws(() => renderKeepalivedConf(site, node('d')), /no partner/);
    assert.throws(() => renderRedisPartnerConf(site, node('d')), /no partner/);
  });

  it('a witness only votes', () => {
    assert.equal(
      planServices(wide, node('w')).map((service) => service.name),
      ['rqlited'],
    );
  });

  it('every service starts after those it names', () => {
    const services = planServices(site, node('a'));
    for (const [index, service] of services.entries()) {
      const earlier = services.slice(0, index).map((other) => other.name);
      assert.ok(
        service.after.every((name) => earlier.includes(name)),
        service.name,
      );
    }
  });

  it("keepalived's service addresses are removed before it starts and after it ends", () => {
    const keepalived = planServices(site, node('a')).find((service) => service.name === 'keepalived');
    for (const commands of [keepalived?.prepare, keepalived?.cleanUp]) {
      const text = (commands ?? []).map((command) => command.join(' ')).join('\n');
      assert.match(text, /flush dev eth0 to 10\.77\.0\.11\/32/);
      assert.match(text, /flush dev eth0 to 10\.77\.0\.12\/32/);
    }
  });

  it('the Raft heartbeat flag follows the version of rqlited', () => {
    assert.ok(rqlitedArguments(site, node('a')).includes('-raft-timeout'));
    const newer = rqlitedArguments(site, node('a', { rqlitedMajor: 10 }));
    assert.ok(newer.includes('-raft-heartbeat-timeout'));
    assert.not.ok(newer.includes('-raft-timeout'));
  });
});
