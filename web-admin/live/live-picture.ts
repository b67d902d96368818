/** The site as one value, made of what each node says of itself. Pure. */
import type { SiteDocument } from '../../firmware-config/schema/site.js';
import { isInScope, type CallerScope } from '../identity/roles.js';
import type { DaemonStatus, ServiceAddressStatus } from '../status-source.js';
import { decideAlarms, type Alarm } from './decide-alarms.js';
import type {
  ControlCall,
  ControlEntry,
  ControlParty,
  ControlSeat,
  ControlTest,
  NodeSnapshot,
} from './node-snapshot.js';

export interface PictureNode {
  readonly nodeId: string;
  readonly place: string;
  readonly role: string;
  readonly address: string;
  readonly serviceAddress: string | null;
  /** silent: its panel does not answer the one that is asked. voter: it has no panel. */
  readonly state: 'fresh' | 'stale' | 'absent' | 'silent' | 'voter';
  readonly seenWallMs: number | null;
  readonly sentence: string;
  readonly daemons: readonly DaemonStatus[];
  readonly serviceAddresses: readonly ServiceAddressStatus[];
  readonly isControlReachable: boolean;
  readonly isMediaReachable: boolean;
  readonly calls: number;
  readonly opened: number;
  readonly backlog: number;
  readonly backlogAgeMs: number;
  readonly isStoreReachable: boolean;
  /** Since when its call control has not heard of the partner's; null: it has, or there is none. */
  readonly aloneSinceWallMs: number | null;
  /** No new calls but emergencies. */
  readonly isDraining: boolean;
  readonly routingVersion: number | null;
  /** A version of the routing that is active and does not fit this node. */
  readonly routingRefused: number | null;
}

export interface PictureAddress {
  readonly home: string;
  readonly address: string;
  /** Node that answers on it; null: none that is known. */
  readonly holder: string | null;
}

export interface PictureParty {
  readonly kind: 'trunk' | 'seat';
  readonly number: string;
  readonly trunkId: string;
  readonly seatId: string;
}

export interface PictureCall {
  readonly callId: string;
  readonly node: string;
  readonly state: string;
  readonly direction: string;
  readonly dialled: string;
  readonly departmentId: string | null;
  readonly priority: number;
  readonly caller: PictureParty;
  readonly other: PictureParty | null;
  readonly openedWallMs: number;
  /** The waiting clock; null: it does not wait. */
  readonly waitingSinceWallMs: number | null;
  /** 1 is next in its department; null: in no queue. */
  readonly position: number | null;
  readonly ringingSeatIds: readonly string[];
  /** Why it is an emergency; null: it is none. */
  readonly emergency: {
    readonly trigger: string;
    readonly sinceWallMs: number;
    readonly isOutside: boolean;
  } | null;
}

export interface PictureSeat {
  readonly seatId: string;
  readonly extension: string;
  readonly callTakerId: string | null;
  readonly state: string;
  readonly reason: string | null;
  readonly departmentIds: readonly string[];
  readonly takesEmergencies: boolean;
  readonly isReachable: boolean;
  /** Of whose service address it is registered; null: of none. */
  readonly node: string | null;
}

export interface PictureRegistration {
  /** Whose service address it is. */
  readonly home: string;
  readonly isRegistered: boolean;
  /** Of the last answer; 0: not tried yet; 408: none. */
  readonly lastStatus: number;
  /** Since when it is so, ms of the wall clock. */
  readonly sinceWallMs: number;
}

export interface PictureTrunk {
  readonly trunkId: string;
  readonly node: string;
  /** Of the addresses that the node holds; empty when the carrier wants none. */
  readonly registrations: readonly PictureRegistration[];
  readonly isUp: boolean | null;
  readonly lastStatus: number | null;
  readonly sinceWallMs: number;
}

/** The last one of all nodes. */
export interface PictureTest {
  readonly number: string;
  readonly trunkId: string;
  /** Null: not tested yet. */
  readonly outcome: string | null;
  readonly status: number | null;
  readonly returnedMs: number | null;
  readonly atWallMs: number | null;
  readonly failuresInARow: number;
}

export interface PictureQueue {
  readonly departmentId: string;
  readonly waiting: number;
  readonly emergencies: number;
  /** Who has hung up and is called back in his turn. */
  readonly callbacks: number;
  readonly oldestWallMs: number | null;
  readonly seatsReady: number;
  readonly seatsTalking: number;
  readonly seatsIn: number;
}

/** What one node of the pair can carry when it is alone, and what all carry now. */
export interface PictureCapacity {
  readonly aloneCalls: number;
  /** Which bound is the narrowest. */
  readonly bound: 'mediaPorts' | 'trunkLines';
  readonly nowCalls: number;
}

export interface LivePicture {
  readonly atWallMs: number;
  /** Whose panel made it. */
  readonly node: string;
  readonly nodes: readonly PictureNode[];
  readonly addresses: readonly PictureAddress[];
  readonly calls: readonly PictureCall[];
  readonly seats: readonly PictureSeat[];
  readonly trunks: readonly PictureTrunk[];
  readonly queues: readonly PictureQueue[];
  readonly tests: readonly PictureTest[];
  readonly alarms: readonly Alarm[];
  readonly capacity: PictureCapacity;
}

export interface SeenNode {
  readonly snapshot: NodeSnapshot;
  /** When this panel got it. */
  readonly seenWallMs: number;
  /** The last question was answered. */
  readonly isAnswering: boolean;
}

export interface PictureInput {
  readonly site: SiteDocument;
  /** The node that makes the picture. */
  readonly node: string;
  readonly seen: ReadonlyMap<string, SeenNode>;
  readonly departmentIds: readonly string[];
  /** Calls at a time over all trunks; undefined: not known. */
  readonly trunkLines: number | undefined;
  readonly nowWallMs: number;
}

/** rtpengine takes two ports for each of two legs. */
const PORTS_PER_CALL = 4;

function nodeOf(site: SiteDocument['nodes'][number], seen: SeenNode | undefined): PictureNode {
  const { id, place, role, address, serviceAddress = null } = site;
  const known = seen?.isAnswering === true ? seen.snapshot : undefined;
  const report = known?.report;
  const status = known?.control?.status;
  const backlog = status?.records?.backlog;
  const fresh = report?.state === 'fresh' ? report.report : undefined;
  return {
    ...{ nodeId: id, place, role, address, serviceAddress },
    state: role === 'witness' ? 'voter' : (report?.state ?? 'silent'),
    seenWallMs: seen?.seenWallMs ?? null,
    sentence: fresh?.sentence ?? '',
    daemons: fresh?.daemons ?? [],
    serviceAddresses: fresh?.serviceAddresses ?? [],
    isControlReachable: status !== undefined,
    isMediaReachable: status?.isMediaReachable ?? false,
    calls: status?.calls ?? 0,
    opened: status?.opened ?? 0,
    backlog: backlog?.entries ?? 0,
    backlogAgeMs: backlog?.oldestAgeMs ?? 0,
    isStoreReachable: backlog?.isStoreReachable ?? false,
    aloneSinceWallMs: status?.partner?.isLinked === false ? status.partner.sinceWallMs : null,
    isDraining: status?.isDraining ?? false,
    routingVersion: status?.routing?.version ?? null,
    routingRefused: status?.routing?.refused ?? null,
  };
}

function addressesOf(nodes: readonly PictureNode[]): readonly PictureAddress[] {
  return nodes.flatMap(({ nodeId, serviceAddress }) => {
    if (serviceAddress === null) return [];
    // Of two that say so, the later word counts: the earlier one may be the last of a node that has died since.
    const [holder] = nodes
      .filter((node) => node.serviceAddresses.some((one) => one.address === serviceAddress && one.isHeld))
      .sort((a, b) => (b.seenWallMs ?? 0) - (a.seenWallMs ?? 0));
    return [{ home: nodeId, address: serviceAddress, holder: holder?.nodeId ?? null }];
  });
}

function partyOf({ kind, number = '', trunkId = '', seatId = '' }: ControlParty): PictureParty {
  return { kind, number, trunkId, seatId };
}

function callOf(node: string, call: ControlCall, queue: readonly ControlEntry[]): PictureCall {
  const entry = queue.find(({ callId }) => callId === call.callId);
  const before = (other: ControlEntry): boolean =>
    other.departmentId === entry?.departmentId && other.arrivedWallMs <= entry.arrivedWallMs;
  const { place } = call;
  const mark = entry?.emergency;
  return {
    ...{ callId: call.callId, node, state: call.name, direction: call.direction, dialled: call.dialled },
    departmentId: entry?.departmentId ?? place?.departmentId ?? null,
    priority: entry?.priority ?? place?.priority ?? 0,
    caller: partyOf(call.caller),
    other: call.other === undefined ? null : partyOf(call.other),
    openedWallMs: call.openedWallMs,
    waitingSinceWallMs: entry?.arrivedWallMs ?? null,
    position: entry === undefined ? null : queue.filter(before).length,
    ringingSeatIds: entry?.offer?.seatIds ?? [],
    emergency:
      mark !== undefined
        ? { trigger: mark.trigger, sinceWallMs: mark.sinceWallMs, isOutside: mark.isOutsideRung }
        : place?.trigger !== undefined
          ? { trigger: place.trigger, sinceWallMs: place.arrivedWallMs, isOutside: false }
          : null,
  };
}

/** A phone is known to both nodes and registered at one: that one's word counts. */
function mergeSeats(
  lists: readonly (readonly [node: string, seats: readonly ControlSeat[]])[],
): PictureSeat[] {
  const merged = new Map<string, PictureSeat>();
  for (const [node, seats] of lists)
    for (const { seatId, extension, callTakerId, reason, ...seat } of seats) {
      const before = merged.get(seatId);
      const weight = (reachable: boolean, taker: unknown): number =>
        Number(reachable) * 2 + Number(taker != null);
      const isBetter =
        before === undefined ||
        weight(seat.isReachable, callTakerId) > weight(before.isReachable, before.callTakerId);
      if (!isBetter) continue;
      const { state, departmentIds, takesEmergencies, isReachable } = seat;
      merged.set(seatId, {
        ...{ seatId, extension, state, departmentIds, takesEmergencies, isReachable },
        callTakerId: callTakerId ?? null,
        reason: reason ?? null,
        node: isReachable ? node : null,
      });
    }
  return [...merged.values()].sort((a, b) => a.extension.localeCompare(b.extension));
}

function mergeTests(lists: readonly (readonly ControlTest[])[]): readonly PictureTest[] {
  const merged = new Map<string, ControlTest>();
  for (const one of lists.flat()) {
    const key = `${one.number} ${one.trunkId}`;
    if ((one.atWallMs ?? 0) >= (merged.get(key)?.atWallMs ?? 0)) merged.set(key, one);
  }
  return [...merged.values()].map(({ outcome, status, returnedMs, atWallMs, ...test }) => ({
    ...test,
    ...{ outcome: outcome ?? null, status: status ?? null },
    ...{ returnedMs: returnedMs ?? null, atWallMs: atWallMs ?? null },
  }));
}

function queueOf(
  departmentId: string,
  callbacks: readonly ControlEntry[],
  calls: readonly PictureCall[],
  seats: readonly PictureSeat[],
): PictureQueue {
  const waiting = calls.filter((one) => one.departmentId === departmentId && one.waitingSinceWallMs !== null);
  const members = seats.filter((seat) => seat.departmentIds.includes(departmentId));
  const since = waiting.map(({ waitingSinceWallMs }) => waitingSinceWallMs ?? Infinity);
  return {
    departmentId,
    waiting: waiting.length,
    emergencies: waiting.filter(({ emergency }) => emergency !== null).length,
    callbacks: callbacks.filter((one) => one.departmentId === departmentId).length,
    oldestWallMs: since.length === 0 ? null : Math.min(...since),
    seatsReady: members.filter(({ state, isReachable }) => state === 'ready' && isReachable).length,
    seatsTalking: members.filter(({ state }) => state === 'talking').length,
    seatsIn: members.filter(({ callTakerId }) => callTakerId !== null).length,
  };
}

function capacityOf({ site, trunkLines }: PictureInput, nodes: readonly PictureNode[]): PictureCapacity {
  const byPorts = Math.floor((site.rtp.portMax - site.rtp.portMin + 1) / PORTS_PER_CALL);
  const nowCalls = nodes.reduce((sum, { calls }) => sum + calls, 0);
  const isTrunks = trunkLines !== undefined && trunkLines < byPorts;
  return {
    aloneCalls: isTrunks ? trunkLines : byPorts,
    bound: isTrunks ? 'trunkLines' : 'mediaPorts',
    nowCalls,
  };
}

export function describeSite(input: PictureInput): LivePicture {
  const { site, seen, nowWallMs } = input;
  const nodes = site.nodes.map((node) => nodeOf(node, seen.get(node.id)));
  const controls = [...seen].flatMap(([id, { snapshot, isAnswering }]) =>
    isAnswering && snapshot.control !== null ? [[id, snapshot.control] as const] : [],
  );
  const calls = controls.flatMap(([id, control]) =>
    control.calls.map((one) => callOf(id, one, control.queue)),
  );
  // Both nodes know of each place; whoever has it tells of it.
  const callbacks = controls.flatMap(([id, { queue }]) =>
    queue.filter(({ callback, mediaNode }) => callback !== undefined && mediaNode === id),
  );
  const seats = mergeSeats(controls.map(([id, control]) => [id, control.seats]));
  const trunks = controls.flatMap(([id, control]) =>
    control.trunks.map(({ trunkId, isUp = null, lastStatus = null, sinceWallMs, registrations = [] }) => ({
      ...{ trunkId, node: id, isUp, lastStatus, sinceWallMs },
      registrations: registrations.map(({ home, isRegistered, lastStatus: answer, sinceWallMs: since }) => ({
        ...{ home, isRegistered, lastStatus: answer, sinceWallMs: since },
      })),
    })),
  );
  const addresses = addressesOf(nodes);
  const tests = mergeTests(controls.map(([, { status }]) => status.tests ?? []));
  return {
    atWallMs: nowWallMs,
    node: input.node,
    ...{ nodes, addresses, trunks, seats, tests },
    calls: calls.sort((a, b) => a.openedWallMs - b.openedWallMs),
    queues: input.departmentIds.map((id) => queueOf(id, callbacks, calls, seats)),
    alarms: decideAlarms({ nodes, addresses, trunks, tests, calls, nowWallMs }),
    capacity: capacityOf(input, nodes),
  };
}

/** What of it an account may see: callers of its own departments; numbers of calls are no secret. */
export function pictureFor(picture: LivePicture, scope: CallerScope): LivePicture {
  if (scope.kind === 'all') return picture;
  return { ...picture, calls: picture.calls.filter(({ departmentId }) => isInScope(scope, departmentId)) };
}
