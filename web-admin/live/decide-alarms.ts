/** What needs a person now, worst first; the pages have a sentence and the next action for each code. Pure. */
import type { PictureAddress, PictureCall, PictureNode, PictureTest, PictureTrunk } from './live-picture.js';

export type AlarmCode =
  | 'emergencyWaits'
  | 'addressUnheld'
  | 'nodeSilent'
  | 'callsDown'
  | 'mediaDown'
  | 'alone'
  | 'noQuorum'
  | 'notReplicated'
  | 'routingRefused'
  | 'draining'
  | 'addressAway'
  | 'daemonDown'
  | 'trunkDown'
  | 'trunkUnregistered'
  | 'testCallFails'
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
  readonly tests: readonly PictureTest[];
  readonly calls: readonly PictureCall[];
  readonly nowWallMs: number;
}

/** 95 % of emergencies shall be answered in 10 s. */
const EMERGENCY_MS_MAX = 10_000;
const BACKLOG_MS_MAX = 60_000;
/** A link that is being made again is no news. */
const ALONE_MS_MIN = 3000;
/** A carrier that does not answer once is asked again after 2 and 4 s. */
const UNREGISTERED_MS_MIN = 10_000;

function alarm(
  code: AlarmCode,
  severity: Alarm['severity'],
  params: Readonly<Record<string, string>>,
): Alarm {
  return { alarmId: [code, ...Object.values(params)].join(' '), code, severity, params };
}

/** The node could not be taken over from now, or not with all that it knows. */
function ofPair(node: PictureNode, nowWallMs: number): readonly Alarm[] {
  const { nodeId, aloneSinceWallMs, daemons } = node;
  if (aloneSinceWallMs !== null)
    return nowWallMs - aloneSinceWallMs < ALONE_MS_MIN ? [] : [alarm('alone', 'critical', { node: nodeId })];
  const replica = daemons.find(({ name }) => name === 'redis-partner');
  return replica?.state === 'starting' ? [alarm('notReplicated', 'warning', { node: nodeId })] : [];
}

/** One may be chance: two in a row are none. */
function ofTests(tests: readonly PictureTest[]): readonly Alarm[] {
  return tests
    .filter(({ failuresInARow }) => failuresInARow >= 2)
    .map(({ number, trunkId }) => alarm('testCallFails', 'critical', { number, trunk: trunkId }));
}

/** Calls go on without it; what people change does not last yet. */
function ofStore(nodes: readonly PictureNode[]): readonly Alarm[] {
  const stores = nodes.flatMap(({ daemons }) => daemons.filter(({ name }) => name === 'rqlited'));
  const isStuck = stores.length > 0 && stores.every(({ state }) => state !== 'up');
  return isStuck ? [alarm('noQuorum', 'warning', {})] : [];
}

function ofNode(node: PictureNode, nowWallMs: number): readonly Alarm[] {
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
    ...ofPair(node, nowWallMs),
    ...(node.isDraining ? [alarm('draining', 'warning', { node: nodeId })] : []),
    ...(node.routingRefused === null
      ? []
      : [alarm('routingRefused', 'warning', { node: nodeId, version: String(node.routingRefused) })]),
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

/** The carrier brings no call to that address. While it does not answer at all, that is the trouble. */
function ofRegistrations(trunks: readonly PictureTrunk[], nowWallMs: number): readonly Alarm[] {
  return trunks
    .filter(({ isUp }) => isUp !== false)
    .flatMap(({ trunkId, registrations }) =>
      registrations
        .filter(({ isRegistered, lastStatus }) => !isRegistered && lastStatus !== 0)
        .filter(({ sinceWallMs }) => nowWallMs - sinceWallMs >= UNREGISTERED_MS_MIN)
        .map(({ home, lastStatus }) =>
          alarm('trunkUnregistered', 'critical', {
            ...{ trunk: trunkId, home: home.toUpperCase(), status: String(lastStatus) },
          }),
        ),
    );
}

export function decideAlarms({
  nodes,
  addresses,
  trunks,
  tests,
  calls,
  nowWallMs,
}: AlarmInput): readonly Alarm[] {
  const emergencies = calls.filter(
    ({ emergency, waitingSinceWallMs }) =>
      emergency !== null &&
      waitingSinceWallMs !== null &&
      nowWallMs - emergency.sinceWallMs > EMERGENCY_MS_MAX,
  );
  const waiting = emergencies.length > 0 ? [alarm('emergencyWaits', 'critical', {})] : [];
  const all = [
    ...[...waiting, ...addresses.flatMap(ofAddress)],
    ...nodes.flatMap((node) => ofNode(node, nowWallMs)),
    ...[...ofStore(nodes), ...ofTrunks(trunks), ...ofRegistrations(trunks, nowWallMs), ...ofTests(tests)],
  ];
  return [
    ...all.filter((one) => one.severity === 'critical'),
    ...all.filter((one) => one.severity !== 'critical'),
  ];
}
