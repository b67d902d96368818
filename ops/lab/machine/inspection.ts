/**
 * How one machine is, gathered inside it for the status of a box. Every part is asked at once and has its own deadline;
 * a part that does not answer is left out, so that a look at a broken node never fails.
 */
import { readFile, statfs } from 'node:fs/promises';
import type { Clock } from '../../../cluster/base/clock.js';
import { callRpc } from '../../../cluster/base/local-rpc.js';
import type { OwnershipStatus } from '../../../cluster/ownership/ownership.js';
import { parseVrrpLine } from '../../../cluster/ownership/vrrp-notify.js';
import type { RaftStatus } from '../../../cluster/store/rqlite-client.js';
import { findPartner, getNode } from '../../../firmware-config/site-nodes.js';
import { vrrpFiles, vrrpInstance } from '../../../firmware-config/vrrp-files.js';
import { findAddresses } from './inspect.js';
import type { MachineDocuments } from './machine-layout.js';
import { askReplication, type RedisReplication } from './redis-info.js';
import type { ServiceStatus } from './supervisor.js';

export interface InspectedService extends ServiceStatus {
  /** Its process has been stopped by SIGSTOP. */
  readonly isFrozen: boolean;
}

export interface InspectedAddress extends OwnershipStatus {
  /** keepalived's own word: MASTER, BACKUP, FAULT. */
  readonly vrrp?: string;
}

/** A part that is absent did not answer, or does not exist on this node. */
export interface MachineInspection {
  readonly services: readonly InspectedService[];
  readonly addresses: readonly string[];
  readonly serviceAddresses?: readonly InspectedAddress[];
  readonly raft?: RaftStatus;
  readonly redisOwn?: RedisReplication;
  readonly redisPartner?: RedisReplication;
  readonly disk?: { readonly usedPercent: number; readonly freeBytes: number };
}

export interface InspectionOptions {
  readonly documents: MachineDocuments;
  readonly services: () => readonly ServiceStatus[];
  readonly clock: Clock;
}

const PART_DEADLINE_MS = 500;

/** proc(5): T is a process that was stopped by a signal. */
async function isFrozen(pid: number | undefined): Promise<boolean> {
  if (pid === undefined) return false;
  const stat = await readFile(`/proc/${String(pid)}/stat`, 'utf8').catch(() => '');
  return stat.slice(stat.lastIndexOf(')') + 2).startsWith('T');
}

async function inspectService(service: ServiceStatus): Promise<InspectedService> {
  return { ...service, isFrozen: await isFrozen(service.pid) };
}

async function readVrrpStates(file: string): Promise<ReadonlyMap<string, string>> {
  const text = await readFile(file, 'utf8').catch(() => '');
  const lines = text.split('\n').flatMap((line) => parseVrrpLine(line) ?? []);
  return new Map(lines.map(({ instance, state }) => [instance, state]));
}

/** The node service keeps what keepalived said last: without its answer nobody knows the role. */
async function inspectServiceAddresses(options: InspectionOptions): Promise<InspectedAddress[]> {
  const { node } = options.documents;
  const answer = (await callRpc({
    path: `${node.paths.run}/node/admin.sock`,
    method: 'status',
    deadlineMs: PART_DEADLINE_MS,
    clock: options.clock,
  })) as { readonly ownership: readonly OwnershipStatus[] };
  const states = await readVrrpStates(vrrpFiles(node).lastStates);
  return answer.ownership.map((status) => {
    const vrrp = states.get(vrrpInstance(status.home));
    return vrrp === undefined ? status : { ...status, vrrp };
  });
}

async function inspectRaft({ documents, clock }: InspectionOptions): Promise<RaftStatus> {
  // Loaded at the first look: the package behind it would make every boot slower.
  const { RqliteClient } = await import('../../../cluster/store/rqlite-client.js');
  const { address } = getNode(documents.site, documents.node.nodeId);
  const port = documents.site.ports.rqliteHttp;
  return new RqliteClient({ host: address, port, clock }).raftStatus(PART_DEADLINE_MS);
}

async function inspectDisk(folder: string): Promise<MachineInspection['disk']> {
  const { bsize, blocks, bfree, bavail } = await statfs(folder);
  // As df(1) has it: of what a service may use, not of what is kept for root.
  const used = blocks - bfree;
  return { usedPercent: Math.ceil((100 * used) / (used + bavail)), freeBytes: bavail * bsize };
}

/** The part under its name, or nothing when it does not answer. */
async function part<Name extends string, T>(name: Name, ask: Promise<T>): Promise<Partial<Record<Name, T>>> {
  try {
    return { [name]: await ask } as Record<Name, T>;
  } catch {
    return {};
  }
}

/** Takes a little more than half a second at most. Never rejects because of a part. */
export async function inspectMachine(options: InspectionOptions): Promise<MachineInspection> {
  const { documents, clock } = options;
  const { site, node } = documents;
  const hasPartner = findPartner(site, node.nodeId) !== undefined;
  const isFull = getNode(site, node.nodeId).role === 'full';
  const redis = (port: number): Promise<RedisReplication> => askReplication(port, PART_DEADLINE_MS, clock);
  const [services, addresses, ...parts] = await Promise.all([
    Promise.all(options.services().map(inspectService)),
    findAddresses(node.interface, clock),
    part('raft', inspectRaft(options)),
    part('disk', inspectDisk(node.paths.data)),
    isFull ? part('redisOwn', redis(site.ports.redisOwn)) : {},
    hasPartner ? part('redisPartner', redis(site.ports.redisPartner)) : {},
    hasPartner ? part('serviceAddresses', inspectServiceAddresses(options)) : {},
  ]);
  return Object.assign({ services, addresses }, ...parts) as MachineInspection;
}
