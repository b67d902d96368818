/** A box of its own for a test, a bench or a soak, and what all of them ask of one. */
import { RealClock } from '../../../cluster/base/clock.js';
import { systemRng } from '../../../cluster/base/rng.js';
import { exampleSite } from '../../../firmware-config/defaults/example-site.js';
import { parseSite } from '../../../firmware-config/parse-site.js';
import type { CallDocuments } from '../../../firmware-config/render/render-node.js';
import { Box } from '../../../ops/lab/box.js';
import { findRqlited } from '../../../ops/lab/find-rqlited.js';
import type { MachineInspection } from '../../../ops/lab/machine/inspection.js';
import { parseExampleCalls } from '../example-calls.js';
import { projectRoot } from '../project-files.js';

export const clock = new RealClock();
export const SITE_NODES = ['a', 'b'] as const;
export type SiteNodeId = (typeof SITE_NODES)[number];
export const SERVICE_ADDRESSES: Readonly<Record<SiteNodeId, string>> = { a: '10.77.0.11', b: '10.77.0.12' };
export const NODE_ADDRESSES: Readonly<Record<string, string>> = {
  a: '10.77.0.1',
  b: '10.77.0.2',
  d: '10.78.0.1',
};

export interface TestBox {
  readonly box: Box;
  /** Sentences that the box said: something was wrong. */
  readonly said: string[];
}

export interface TestBoxOptions {
  readonly isAllDay?: boolean;
  /** Another hospital. */
  readonly calls?: CallDocuments;
}

/** Not started yet; whoever makes it stops it. @param isAllDay no department of it is ever closed */
export function makeTestBox({ isAllDay = false, calls }: TestBoxOptions = {}): TestBox {
  const said: string[] = [];
  const site = parseSite(exampleSite());
  const box = new Box({
    boxId: `t${String(systemRng().integer(0, 999_999))}`,
    site,
    calls: calls ?? parseExampleCalls(site, isAllDay),
    clock,
    rqlited: findRqlited(undefined, projectRoot),
    nodeProgram: process.execPath,
    projectRoot,
    say: (sentence) => said.push(sentence),
  });
  return { box, said };
}

/** Who asks the box by SIP: the carrier, whom its trunks name, or a phone that nobody knows. */
const ASKERS = { trunk: '10.77.0.20', phones: '10.77.0.100' } as const;

/** Sends one request outside of any call. @returns the status line of the final answer */
export async function askBySip(
  box: Box,
  from: keyof typeof ASKERS,
  method: string,
  protocol: 'udp' | 'tcp',
  address: string,
): Promise<string> {
  const program = `${projectRoot}/dist/test/support/box/sip-ask-main.js`;
  const words = [process.execPath, program, method, protocol, ASKERS[from], address, '5060'];
  return (await box.runIn(from, words, 10_000)).trim();
}

export function partnerOf(id: SiteNodeId): SiteNodeId {
  return id === 'a' ? 'b' : 'a';
}

/** Nodes that have each service address on their interface, such as ['a', 'b']; several or none as 'ab' or ''. */
export async function findHolders(box: Box): Promise<string[]> {
  const on = SITE_NODES.filter((id) => box.isOn(id));
  const held = await Promise.all(on.map(async (id) => ({ id, addresses: (await box.status(id)).addresses })));
  return Object.values(SERVICE_ADDRESSES).map((address) =>
    held
      .filter(({ addresses }) => addresses.includes(address))
      .map(({ id }) => id)
      .join(''),
  );
}

function areReplicasLinked({ redisOwn, redisPartner }: MachineInspection): boolean {
  const isFollowed = redisOwn?.role === 'master' && redisOwn.followers === 1;
  return isFollowed && redisPartner?.role === 'replica' && redisPartner.isLinkUp;
}

function areAddressesHome(id: string, { serviceAddresses = [] }: MachineInspection): boolean {
  return (
    serviceAddresses.length > 0 &&
    serviceAddresses.every(({ home, vrrp }) => vrrp === (home === id ? 'MASTER' : 'BACKUP'))
  );
}

function isInSync(id: string, seen: MachineInspection): boolean {
  const hasPartner = (SITE_NODES as readonly string[]).includes(id);
  return (
    (seen.raft?.leaderId ?? '') !== '' &&
    seen.services.every(({ state }) => state === 'Up') &&
    (!hasPartner || (areReplicasLinked(seen) && areAddressesHome(id, seen)))
  );
}

/** Every service up, store caught up, replicas linked, every address at its home. Rejects when a node does not answer. */
export async function isEverythingInSync(box: Box): Promise<boolean> {
  const ids = Object.keys(NODE_ADDRESSES);
  const seen = await Promise.all(ids.map(async (id) => isInSync(id, await box.inspect(id))));
  const ready = await Promise.all(ids.map((id) => isStoreReady(box, NODE_ADDRESSES[id] ?? '')));
  return [...seen, ...ready].every(Boolean);
}

/** readyz?sync: the node has a leader and has applied everything that was committed when it was asked. */
export async function isStoreReady(box: Box, nodeAddress: string): Promise<boolean> {
  const url = `http://${nodeAddress}:4001/readyz?sync&timeout=1s`;
  const code = await box
    .runIn('his', ['curl', '-s', '-m', '2', '-o', '/dev/null', '-w', '%{http_code}', url])
    .catch(() => '');
  return code === '200';
}

/** The store's leader as node b or a sees it, whichever is on. */
export async function findLeader(
  box: Box,
): Promise<{ readonly id: string; readonly term: number } | undefined> {
  const witness = SITE_NODES.find((id) => box.isOn(id));
  if (witness === undefined) return undefined;
  const { raft } = await box.inspect(witness);
  return raft === undefined || raft.leaderId === '' ? undefined : { id: raft.leaderId, term: raft.term };
}

/** Waits, for benches and soaks. @throws Error that says what was waited for */
export async function until(
  sentence: string,
  probe: () => Promise<boolean>,
  deadlineMs: number,
): Promise<void> {
  const endMs = clock.monotonicMs() + deadlineMs;
  while (clock.monotonicMs() < endMs) {
    if (await probe().catch(() => false)) return;
    await clock.sleep(50);
  }
  throw new Error(`waited ${String(deadlineMs)} ms for: ${sentence}`);
}
