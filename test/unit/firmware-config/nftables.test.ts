import { exampleSite } from '../../../firmware-config/defaults/example-site.js';
import { parseNode } from '../../../firmware-config/parse-node.js';
import { parseSite } from '../../../firmware-config/parse-site.js';
import { renderNftables } from '../../../firmware-config/render/nftables.js';
import { assert, spec } from '../../support/spec.js';

const site = parseSite(exampleSite());
const wide = parseSite(exampleSite('two-two-one'));
const rules = (nodeId: string, of = site): string => renderNftables(of, parseNode({ version: 1, nodeId }));

/** The lines of one chain or set. */
function block(text: string, name: string): string {
  return new RegExp(`^  (?:chain|set) ${name} \\{\\n([^]*?)^  \\}`, 'm').exec(text)?.[1] ?? '';
}

spec('the packet filter', (it) => {
  it('touches its own table only, and replaces it', () => {
    for (const text of [rules('a'), rules('w', wide)]) {
      assert.equal(
        [...text.matchAll(/^(?:delete )?table .*$/gm)].map(([line]) => line),
        ['table inet wardline', 'delete table inet wardline', 'table inet wardline {'],
      );
      assert.not.match(text, /flush/);
    }
  });

  it('asks for no state where a service address is concerned', () => {
    const text = rules('a');
    assert.not.match(block(text, 'to-service'), /ct state/);
    const input = block(text, 'input');
    assert.ok(input.indexOf('goto to-service') < input.indexOf('ct state'));
    assert.match(block(text, 'untracked-in'), /ip daddr @service notrack/);
    assert.match(block(text, 'untracked-out'), /ip saddr @service notrack/);
    assert.not.match(text, /invalid/);
  });

  it('knows both service addresses of a pair, and the only one of a node alone', () => {
    assert.match(block(rules('a'), 'service'), /\{ 10\.77\.0\.11, 10\.77\.0\.12 \}/);
    assert.match(block(rules('d'), 'service'), /\{ 10\.78\.0\.11 \}/);
  });

  it('lets the partner alone to live state and adverts', () => {
    const fromPartner = (text: string): string[] =>
      text.split('\n').filter((line) => /vrrp|6379/.test(line) && line.includes('accept'));
    assert.ok(fromPartner(rules('b')).every((line) => line.includes('ip saddr 10.77.0.1 ')));
    assert.is(fromPartner(rules('b')).length, 2);
    assert.equal(fromPartner(rules('d')), []);
  });

  it('knows every other node as a voter, itself not', () => {
    assert.match(
      block(rules('e', wide), 'voters'),
      /\{ 10\.77\.0\.1, 10\.77\.0\.2, 10\.78\.0\.1, 10\.79\.0\.1 \}/,
    );
  });

  it('opens nothing on a witness but the store, ICMP and ssh', () => {
    const input = block(rules('w', wide), 'input').split('\n');
    const accepted = input.filter((line) => line.includes('accept') && !/icmp|iif lo|ct state/.test(line));
    assert.equal(
      accepted.map((line) => line.trim()),
      ['ip saddr @voters tcp dport { 4001, 4002 } accept', 'tcp dport 22 accept'],
    );
  });

  it('follows the ports of the site document', () => {
    const other = parseSite({
      ...(exampleSite() as object),
      ports: { sip: 5070, redisOwn: 7379, rqliteRaft: 5002 },
      rtp: { portMin: 20_000, portMax: 29_999 },
    });
    const text = rules('a', other);
    for (const expected of ['5070, 20000-29999', 'dport { 7379, 7444 }', '4001, 5002'])
      assert.ok(text.includes(expected));
  });
});
