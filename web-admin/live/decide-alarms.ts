/** What needs a person now, worst first; the pages have a sentence and the next action for each code. Pure. */
import type { PictureAddress, PictureCall, PictureNode, PictureTrunk } from './live-picture.js';

export type AlarmCode =
  | 'emergencyWaits'
  | 'addressUnheld'
  | 'nodeSilent'
  | 'callsDown'
  | 'mediaDown'
  | 'addressAway'
  | 'daemonDown'
  | 'trunkDown'
  | 'storeBehind';

export interface Alarm {
  /** The same as long as it is the same trouble. */
  readonly alarmId: string;
  readonly code: AlarmCode;
  readonly severity: 'critical' | 'warning';
  readonly params: Readonly<Record<string, string>>;
}

export interface AlarmInput {
  readonly nodes: readonly PictureNode[];
  readonly addresses: readonly PictureAddress[];
  readonly trunks: readonly PictureTrunk[];
  readonly calls: readonly PictureCall[];
  readonly nowWallMs: number;
}

/** 95 % of emergencies shall be answered in 10 s. */
const EMERGENCY_MS_MAX = 10_000;
const BACKLOG_MS_MAX = 60_000;

function alarm(
  code: AlarmCode,
  severity: Alarm['severity'],
  params: Readonly<Record<string, string>>,
): Alarm {
  return { alarmId: [code, ...Object.values(params)].join(' '), code, severity, params };
}

function ofNode(node: PictureNode): readonly Alarm[] {
  const { nodeId, state } = node;
  if (state === 'voter') return [];
  if (state === 'silent') return [alarm('nodeSilent', 'critical', { node: nodeId })];
  return [
    ...(node.isControlReachable ? [] : [alarm('callsDown', 'critical', { node: nodeId })]),
    ...(node.isControlReachable && !node.isMediaReachable
      ? [alarm('mediaDown', 'critical', { node: nodeId })]
      : []),
    ...node.daemons
      .filter((daemon) => daemon.state === 'down')
      .map(({ name }) => alarm('daemonDown', 'warning', { node: nodeId, daemon: name })),
    ...(node.backlogAgeMs > BACKLOG_MS_MAX ? [alarm('storeBehind', 'warning', { node: nodeId })] : []),
  ];
}

function ofAddress({ home, holder, address }: PictureAddress): readonly Alarm[] {
  if (holder === null) return [alarm('addressUnheld', 'critical', { address, home })];
  return holder === home ? [] : [alarm('addressAway', 'warning', { address, home, holder })];
}

/** One alarm a trunk, whatever number of nodes it does not answer. */
function ofTrunks(trunks: readonly PictureTrunk[]): readonly Alarm[] {
  const down = trunks.filter(({ isUp }) => isUp === false);
  const isCutOff = down.length > 0 && down.length === trunks.length;
  const ids = [...new Set(down.map(({ trunkId }) => trunkId))];
  return ids.map((trunk) => {
    const nodes = down.filter(({ trunkId }) => trunkId === trunk).map(({ node }) => node.toUpperCase());
    return alarm('trunkDown', isCutOff ? 'critical' : 'warning', { trunk, nodes: nodes.join(', ') });
  });
}

export function decideAlarms({ nodes, addresses, trunks, calls, nowWallMs }: AlarmInput): readonly Alarm[] {
  const emergencies = calls.filter(
    ({ emergency, waitingSinceWallMs }) =>
      emergency !== null &&
      waitingSinceWallMs !== null &&
      nowWallMs - emergency.sinceWallMs > EMERGENCY_MS_MAX,
  );
  const waiting = emergencies.length > 0 ? [alarm('emergencyWaits', 'critical', {})] : [];
  const all = [...waiting, ...addresses.flatMap(ofAddress), ...nodes.flatMap(ofNode), ...ofTrunks(trunks)];
  return [
    ...all.filter((one) => one.severity === 'critical'),
    ...all.filter((one) => one.severity !== 'critical'),
  ];
}
