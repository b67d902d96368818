/**
 * The status of a box as text for a terminal: one column for each node, one row for each fact. Pure.
 *
 * With five nodes a column has 14 characters: what a cell says in good times fits in there.
 */
import type { RaftStatus } from '../../cluster/store/rqlite-client.js';
import type { BoxStatus, NodeStatus } from './box-status.js';
import type { InspectedService, MachineInspection } from './machine/inspection.js';
import type { RedisReplication } from './machine/redis-info.js';
import type { Cut } from './network-commands.js';
import type { WanStatus } from './network-faults.js';

export const WIDTH_MAX = 100;
const INDENT = '  ';
const GAP = '  ';
const NO_ANSWER = 'no answer';

/** A label, then one cell for each node. */
type Row = readonly [label: string, cells: readonly string[]];

function shorten(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`;
}

function renderRows(rows: readonly Row[], columnCount: number): string[] {
  const labelWidth = Math.max(...rows.map(([label]) => label.length));
  const room = WIDTH_MAX - INDENT.length - labelWidth - GAP.length;
  const cellMax = Math.floor(room / columnCount) - GAP.length;
  const widths = Array.from({ length: columnCount }, (_, index) =>
    Math.min(cellMax, Math.max(...rows.map(([, cells]) => cells[index]?.length ?? 0))),
  );
  return rows.map(([label, cells]) => {
    const shown = cells.map((cell, index) =>
      shorten(cell, widths[index] ?? 0).padEnd((widths[index] ?? 0) + GAP.length),
    );
    return `${INDENT}${label.padEnd(labelWidth)}${GAP}${shown.join('')}`.trimEnd();
  });
}

/** Nothing is said about the inside of a node that cannot be looked into. */
function cell(node: NodeStatus, describe: (inspection: MachineInspection) => string): string {
  return node.inspection === undefined ? '' : describe(node.inspection);
}

function has(inspection: MachineInspection, service: string): boolean {
  return inspection.services.some(({ name }) => name === service);
}

/** What a part says, `no answer` when it exists and says nothing, and nothing when the node has no such part. */
function answer<T>(
  inspection: MachineInspection,
  service: string,
  value: T | undefined,
  describe: (value: T) => string,
): string {
  if (!has(inspection, service)) return '-';
  return value === undefined ? NO_ANSWER : describe(value);
}

function describeService(service: InspectedService | undefined): string {
  if (service === undefined) return '-';
  const state = service.isFrozen ? 'frozen' : service.state.toLowerCase();
  const { restarts } = service;
  if (restarts === 0) return state;
  return `${state}, ${String(restarts)} restart${restarts === 1 ? '' : 's'}`;
}

function serviceRows(nodes: readonly NodeStatus[]): Row[] {
  const names = nodes.flatMap(({ inspection }) => inspection?.services.map(({ name }) => name) ?? []);
  return [...new Set(names)].map((name): Row => {
    const find = (inspection: MachineInspection): string =>
      describeService(inspection.services.find((service) => service.name === name));
    return [name, nodes.map((node) => cell(node, find))];
  });
}

function heldRows(nodes: readonly NodeStatus[]): Row[] {
  const held = nodes.map(({ address, inspection }) =>
    (inspection?.addresses ?? []).filter((own) => own !== address),
  );
  const count = Math.max(1, ...held.map((addresses) => addresses.length));
  return Array.from({ length: count }, (_, index): Row => {
    const label = index === 0 ? 'holds' : '';
    return [label, held.map((addresses) => addresses[index] ?? '')];
  });
}

/** One row for each service address that two nodes share: keepalived's role, then what the node service says. */
function roleRows(nodes: readonly NodeStatus[]): Row[] {
  const homes = new Map<string, string>();
  for (const { inspection } of nodes)
    for (const { home, address } of inspection?.serviceAddresses ?? []) homes.set(home, address);
  return [...homes].map(([home, address]): Row => {
    const describe = (inspection: MachineInspection): string =>
      answer(inspection, 'keepalived', inspection.serviceAddresses, (known) => {
        const found = known.find((entry) => entry.home === home);
        return found === undefined ? '-' : `${found.vrrp ?? 'unknown'} ${found.state.toLowerCase()}`;
      });
    return [`  ${address}`, nodes.map((node) => cell(node, describe))];
  });
}

/** A replica confirms every second, and its master pings it every second: that much is no lag. */
const STEADY_SECONDS = 2;

function describeReplication(replication: RedisReplication): string {
  if (replication.role === 'replica') {
    const { isLinkUp, heardSecondsAgo = 0 } = replication;
    if (!isLinkUp) return 'link down';
    return heardSecondsAgo <= STEADY_SECONDS ? 'link up' : `silent ${String(heardSecondsAgo)} s`;
  }
  const { followers, behindSeconds } = replication;
  if (followers === 0 || behindSeconds === undefined) return 'no replica';
  return behindSeconds <= STEADY_SECONDS ? 'in step' : `${String(behindSeconds)} s behind`;
}

function stateRows(nodes: readonly NodeStatus[]): Row[] {
  const row = (label: string, describe: (inspection: MachineInspection) => string): Row => [
    label,
    nodes.map((node) => cell(node, describe)),
  ];
  const raft = (label: string, describe: (status: RaftStatus) => string): Row =>
    row(label, (inspection) => answer(inspection, 'rqlited', inspection.raft, describe));
  return [
    raft('raft', ({ state }) => state.toLowerCase()),
    raft('  term', ({ term }) => String(term)),
    raft('  log', ({ appliedIndex }) => String(appliedIndex)),
    row('live master', (inspection) =>
      answer(inspection, 'redis-own', inspection.redisOwn, describeReplication),
    ),
    row('live replica', (inspection) =>
      answer(inspection, 'redis-partner', inspection.redisPartner, describeReplication),
    ),
    row('disk', ({ disk }) => (disk === undefined ? NO_ANSWER : `${String(disk.usedPercent)} % used`)),
  ];
}

function nodeRows(status: BoxStatus): Row[] {
  const { nodes, network } = status;
  const power = (node: NodeStatus): string =>
    network.unplugged.includes(node.id) && node.power !== 'off' ? `${node.power}, unplugged` : node.power;
  return [
    ['node', nodes.map(({ id, place }) => `${id} (${place})`)],
    ['power', nodes.map(power)],
    ['address', nodes.map(({ address }) => address)],
    ...heldRows(nodes),
    ...roleRows(nodes),
    ...stateRows(nodes),
    ...serviceRows(nodes),
  ];
}

export function describeWan({ place, impairment }: WanStatus): string {
  const { delayMs, jitterMs, lossPercent, cut } = impairment;
  const jitter = jitterMs === 0 ? '' : `, up to ${String(jitterMs)} ms jitter`;
  const link = `${String(delayMs)} ms one way${jitter}, ${String(lossPercent)} % loss`;
  return cut ? `wan to ${place}: cut` : `wan to ${place}: ${link}`;
}

export function describeCut({ from, to, only }: Cut): string {
  return `${from} to ${to}${only === undefined ? '' : ` (${only} only)`}`;
}

function describeNetwork({ network }: BoxStatus): string[] {
  const cuts = network.cuts.map(describeCut);
  return [
    ...network.wans.map(describeWan),
    ...(cuts.length === 0 ? ['cuts: none'] : [`cuts: ${cuts.join(', ')}`]),
    ...(network.unplugged.length === 0 ? [] : [`unplugged: ${network.unplugged.join(', ')}`]),
  ];
}

/** @returns lines of at most WIDTH_MAX columns, without a line break at the end */
export function renderStatus(status: BoxStatus): string {
  const leader = status.nodes.map(({ inspection }) => inspection?.raft).find((raft) => raft?.leaderId);
  const raft =
    leader === undefined
      ? 'durable state has no leader'
      : `durable state led by ${leader.leaderId} in term ${String(leader.term)}`;
  const lines = [
    ...renderRows(nodeRows(status), status.nodes.length),
    '',
    ...[raft, ...describeNetwork(status)].map((line) => `${INDENT}${line}`),
  ];
  return lines.map((line) => shorten(line, WIDTH_MAX)).join('\n');
}
