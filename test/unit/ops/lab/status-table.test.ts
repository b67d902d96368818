import type { BoxStatus, NodeStatus } from '../../../../ops/lab/box-status.js';
import type { MachineInspection } from '../../../../ops/lab/machine/inspection.js';
import { renderStatus, WIDTH_MAX } from '../../../../ops/lab/status-table.js';
import { assert, spec } from '../../../support/spec.js';

const up = (name: string) => ({ name, state: 'Up' as const, restarts: 0, isFrozen: false });
const address = (home: string, vrrp: string, state: 'Settled' | 'Other') => ({
  home,
  address: home === 'a' ? '10.77.0.11' : '10.77.0.12',
  vrrp,
  state,
  generation: 1,
  holder: home,
  isMaster: vrrp === 'MASTER',
  isOnInterface: true,
});

const inspection: MachineInspection = {
  services: ['redis-own', 'redis-partner', 'rqlited', 'keepalived'].map(up),
  addresses: ['10.77.0.1', '10.77.0.11'],
  serviceAddresses: [address('a', 'MASTER', 'Settled'), address('b', 'BACKUP', 'Other')],
  raft: { nodeId: 'a', state: 'Leader', term: 7, leaderId: 'a', appliedIndex: 42 },
  redisOwn: { role: 'master', followers: 1, behindSeconds: 0, behindBytes: 0 },
  redisPartner: { role: 'replica', of: '10.77.0.2', isLinkUp: false },
  disk: { usedPercent: 100, freeBytes: 0 },
};

function node(id: string, more: Partial<NodeStatus>): NodeStatus {
  return { id, place: 'site', address: `10.77.0.${id === 'a' ? '1' : '2'}`, power: 'on', ...more };
}

function statusOf(nodes: readonly NodeStatus[], network: Partial<BoxStatus['network']> = {}): BoxStatus {
  const impairment = { delayMs: 15, jitterMs: 0, lossPercent: 2, cut: false };
  const wans = [{ place: 'dr', impairment }];
  return {
    box: 'x1',
    layout: 'pair+dr',
    panel: [],
    nodes,
    network: { cuts: [], unplugged: [], wans, ...network },
  };
}

function row(text: string, label: string): string {
  const found = text.split('\n').find((line) => line.trim().startsWith(label));
  return found?.trim().slice(label.length).trim() ?? `no row ${label}`;
}

spec('the status table', (it) => {
  it('shows each node in a column of its own', () => {
    const text = renderStatus(statusOf([node('a', { inspection }), node('b', { power: 'off' })]));
    assert.match(row(text, 'power'), /^on +off$/);
    assert.is(row(text, 'holds'), '10.77.0.11');
    assert.is(row(text, '10.77.0.12'), 'BACKUP other');
    assert.is(row(text, 'raft'), 'leader');
    assert.is(row(text, 'live master'), 'in step');
    assert.is(row(text, 'live replica'), 'link down');
    assert.is(row(text, 'disk'), '100 % used');
    assert.match(text, /durable state led by a in term 7/);
    assert.match(text, /wan to dr: 15 ms one way, 2 % loss/);
  });

  it('says that a part does not answer, and leaves out what a node does not have', () => {
    const services = [
      { ...up('redis-own'), isFrozen: true },
      { ...up('rqlited'), restarts: 2 },
    ];
    const silent = { services, addresses: [] };
    const text = renderStatus(statusOf([node('a', { inspection: silent })]));
    assert.is(row(text, 'raft'), 'no answer');
    assert.is(row(text, 'live master'), 'no answer');
    assert.is(row(text, 'live replica'), '-');
    assert.is(row(text, 'redis-own'), 'frozen');
    assert.is(row(text, 'rqlited'), 'up, 2 restarts');
    assert.match(text, /durable state has no leader/);
  });

  it('has a column without content for a node that does not answer at all', () => {
    const text = renderStatus(
      statusOf([node('a', { power: 'no answer' }), node('b', { power: 'starting' })]),
    );
    assert.match(row(text, 'power'), /^no answer +starting$/);
    assert.is(row(text, 'raft'), '');
  });

  it('lists what has been done to the network', () => {
    const network = {
      cuts: [{ from: 'a', to: 'b', only: 'vrrp' as const }],
      unplugged: ['b'],
    };
    const text = renderStatus(statusOf([node('a', {}), node('b', {})], network));
    assert.match(text, /cuts: a to b \(vrrp only\)/);
    assert.match(row(text, 'power'), /^on +on, unplugged$/);
  });

  it('is aligned and never wider than a terminal, with five nodes and long words', () => {
    const long = { ...inspection, services: [{ ...up('redis-own'), restarts: 123_456_789 }] };
    const five = ['a', 'b', 'd', 'e', 'w'].map((id) => node(id, { inspection: long }));
    const lines = renderStatus(statusOf(five)).split('\n');
    assert.is(lines.filter((line) => line.includes('…')).length, 1);
    for (const line of lines) assert.ok(line.length <= WIDTH_MAX, line);
    assert.is(lines.find((line) => line.includes('redis-own'))?.match(/up, /g)?.length, 5);
  });
});
