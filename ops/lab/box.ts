/**
 * A site in a box: its network and its machines, and the faults that can be done to them.
 *
 * Invariant: whatever happens to this process, nothing of the box outlives it but named namespaces and the state
 * folder, which `removeBox` removes. Never touches a host interface, firewall rule or sysctl.
 */
import { mkdir, rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Clock } from '../../cluster/base/clock.js';
import type { OwnershipStatus } from '../../cluster/ownership/ownership.js';
import { parseNode } from '../../firmware-config/parse-node.js';
import { findPartner, type Site } from '../../firmware-config/site-nodes.js';
import { opsErrors } from '../errors.js';
import { BoxNetwork, removeNamespaces } from './box-network.js';
import { getSpace, planBox, type BoxPlan } from './box-plan.js';
import { Machine, type MachineStatus } from './machine/machine.js';
import type { ServiceReport } from './machine/supervisor.js';
import { inNamespace, run } from './shell.js';

export interface BoxOptions {
  readonly boxId: string;
  readonly site: Site;
  readonly clock: Clock;
  /** Program that runs rqlited. */
  readonly rqlited: string;
  readonly nodeProgram: string;
  /** Root of the compiled tree's project, for the programs of our own. */
  readonly projectRoot: string;
  /** Called for whatever a person should see: one sentence. */
  readonly say: (sentence: string) => void;
}

/** On a disk, not under /run: machines cover /run, and their disks are images. */
export const STATE_ROOT = '/var/tmp/wardline-lab';

/** Two keepalived that start together need their start-up delay of a second and a down time. */
const SETTLE_MS_MAX = 10_000;

const program = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

export class Box {
  readonly plan: BoxPlan;
  readonly network: BoxNetwork;
  readonly stateFolder: string;
  readonly #options: BoxOptions;
  readonly #machines: ReadonlyMap<string, Machine>;

  constructor(options: BoxOptions) {
    this.#options = options;
    this.plan = planBox(options.boxId, options.site);
    this.stateFolder = `${STATE_ROOT}/${options.boxId}`;
    this.network = new BoxNetwork({
      plan: this.plan,
      clock: options.clock,
      shuttleProgram: program('./wan/shuttle-main.js'),
      seed: options.boxId,
    });
    this.#machines = new Map(options.site.nodes.map((node) => [node.id, this.#makeMachine(node.id)]));
  }

  /**
   * Network, then disks, then every machine at once, then each service address to its home. Resolves when every
   * service is up or given up.
   */
  async start(): Promise<void> {
    await removeBox(this.#options.boxId, this.#options.clock);
    await mkdir(this.stateFolder, { recursive: true, mode: 0o711 });
    await this.network.open();
    await Promise.all([...this.#machines.values()].map((machine) => machine.makeDisk()));
    await Promise.all([...this.#machines.values()].map((machine) => machine.powerOn()));
    await this.returnHome();
  }

  /** Takes everything down and forgets it. Idempotent. */
  async stop(): Promise<void> {
    await Promise.all([...this.#machines.values()].map((machine) => machine.powerOff()));
    await this.network.close();
    await rm(this.stateFolder, { recursive: true, force: true });
  }

  /** A power cut: the link goes down and every process of the node ends, in one step. */
  async kill(nodeId: string): Promise<void> {
    const machine = this.#getOn(nodeId);
    await this.network.setPort(nodeId, 'down');
    await machine.powerOff();
    await this.network.unplug(nodeId);
  }

  /**
   * Boots a node that is off, from the disk it had, with a network interface that knows nothing, and moves its
   * address back to it (rule 8: nobody takes one back by coming up).
   */
  async powerOn(nodeId: string): Promise<void> {
    const machine = this.#get(nodeId);
    if (machine.isOn) throw opsErrors.LAB_NODE_ON({ node: nodeId });
    await this.network.plug(nodeId);
    await machine.powerOn();
    await this.returnHome();
  }

  /** Moves each service address to its home, one after the other, where both partners are on. */
  async returnHome(): Promise<void> {
    const { site } = this.#options;
    for (const { id, serviceAddress } of site.nodes) {
      const partner = findPartner(site, id);
      if (serviceAddress === undefined || partner === undefined) continue;
      if (!this.isOn(id) || !this.isOn(partner.id)) continue;
      const owner = await this.#waitForSettledOwner(id, [id, partner.id]);
      if (owner !== id) await this.move(id, owner);
    }
  }

  /**
   * Moves a service address from its owner to the partner, as a person would for maintenance.
   * @param home node whose home address it is
   * @throws NODE_MOVE_NOT_POSSIBLE, NODE_MOVE_FAILED, LAB_NODE_OFF
   */
  async move(home: string, owner: string): Promise<void> {
    await this.#getOn(owner).askNode('move', { home });
  }

  /** What the node service of a node says of the service addresses; empty for a node without a partner. */
  async ownership(nodeId: string): Promise<readonly OwnershipStatus[]> {
    const status = (await this.#getOn(nodeId).askNode('status')) as { ownership: readonly OwnershipStatus[] };
    return status.ownership;
  }

  /** The whole node stands still for a time, as a virtual machine does while a snapshot is taken. */
  async freeze(nodeId: string, forMs: number): Promise<void> {
    const machine = this.#getOn(nodeId);
    await machine.signalAll('SIGSTOP');
    await this.#options.clock.sleep(forMs);
    await machine.signalAll('SIGCONT');
  }

  /** One service of a node stands still for a time. */
  async freezeService(nodeId: string, service: string, forMs: number): Promise<void> {
    const params = { service, signal: 'SIGSTOP', thawAfterMs: forMs };
    await this.#getOn(nodeId).ask('signal', params, forMs + 5000);
  }

  /** One service of a node crashes; its supervisor restarts it. */
  async killService(nodeId: string, service: string): Promise<void> {
    await this.#getOn(nodeId).ask('signal', { service, signal: 'SIGKILL' });
  }

  /** @throws LAB_NODE_OFF, RPC_NO_ANSWER when it is frozen */
  status(nodeId: string): Promise<MachineStatus> {
    return this.#getOn(nodeId).status();
  }

  isOn(nodeId: string): boolean {
    return this.#get(nodeId).isOn;
  }

  /** Runs a program of a client or node namespace, on the host's file system. @returns its standard output */
  runIn(spaceId: string, command: readonly string[], deadlineMs?: number): Promise<string> {
    const words = inNamespace(getSpace(this.plan, spaceId).namespace, command);
    const { clock } = this.#options;
    return run(words, deadlineMs === undefined ? { clock } : { clock, deadlineMs });
  }

  /** @returns the node that owns the address and whose partner has confirmed it. @throws LAB_NO_OWNER */
  async #waitForSettledOwner(home: string, nodes: readonly string[]): Promise<string> {
    const { clock } = this.#options;
    const endMs = clock.monotonicMs() + SETTLE_MS_MAX;
    let seen = 'nothing';
    while (clock.monotonicMs() < endMs) {
      const states = await Promise.all(
        nodes.map(async (id) => {
          const known = await this.ownership(id).catch(() => []);
          return { id, state: known.find((entry) => entry.home === home)?.state ?? 'no answer' };
        }),
      );
      const owner = states.find(({ state }) => state === 'Settled');
      if (owner !== undefined) return owner.id;
      seen = states.map(({ id, state }) => `${id} ${state}`).join(', ');
      await clock.sleep(50);
    }
    throw opsErrors.LAB_NO_OWNER({ home, seconds: SETTLE_MS_MAX / 1000, seen });
  }

  #get(nodeId: string): Machine {
    const machine = this.#machines.get(nodeId);
    if (machine === undefined) {
      throw opsErrors.LAB_UNKNOWN_NODE({ node: nodeId, known: [...this.#machines.keys()].join(', ') });
    }
    return machine;
  }

  #getOn(nodeId: string): Machine {
    const machine = this.#get(nodeId);
    if (!machine.isOn) throw opsErrors.LAB_NODE_OFF({ node: nodeId });
    return machine;
  }

  #makeMachine(nodeId: string): Machine {
    const { clock, rqlited, nodeProgram, projectRoot, site, say } = this.#options;
    const paths = { rqlited, node: nodeProgram, wardline: projectRoot };
    return new Machine({
      id: nodeId,
      namespace: getSpace(this.plan, nodeId).namespace,
      stateFolder: `${this.stateFolder}/${nodeId}`,
      supervisorProgram: program('./machine/machine-main.js'),
      nodeProgram,
      documents: { site, node: parseNode({ version: 1, nodeId, paths }) },
      clock,
      onReport: (machine, report) => {
        const sentence = describeReport(machine, report);
        if (sentence !== undefined) say(sentence);
      },
      onUnexpectedEnd: (machine) => {
        say(
          `node ${machine}: its supervisor ended by itself; see ${this.stateFolder}/${machine}/log/supervisor.log`,
        );
      },
    });
  }
}

/** @returns one sentence for a person, or undefined when all is well */
export function describeReport(machine: string, report: ServiceReport): string | undefined {
  const { service, what, detail } = report;
  switch (what) {
    case 'up':
      return undefined;
    case 'crashed':
      return `node ${machine}: ${service} ended and is being restarted: ${detail}`;
    case 'gaveUp':
      return `node ${machine}: ${service} does not stay up and is given up: ${detail}`;
    case 'overdue':
      return `node ${machine}: ${service} has not become ready: ${detail}`;
    case 'cannotPrepare':
      return `node ${machine}: ${service} cannot be prepared: ${detail}`;
  }
}

/** Removes what a box that was killed has left: its namespaces and its state folder. */
export async function removeBox(boxId: string, clock: Clock): Promise<void> {
  await removeNamespaces(boxId, clock);
  await rm(`${STATE_ROOT}/${boxId}`, { recursive: true, force: true });
}
