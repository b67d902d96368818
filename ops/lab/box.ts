/**
 * A site in a box: its network and its machines, and the faults that can be done to them.
 *
 * Invariant: whatever happens to this process, nothing of the box outlives it but named namespaces and the state
 * folder, which the next start removes (leftovers.ts). Never touches a host interface, firewall rule or sysctl.
 */
import { fileURLToPath } from 'node:url';
import type { Clock } from '../../cluster/base/clock.js';
import type { RpcParams } from '../../cluster/base/local-rpc.js';
import type { NodeReport } from '../../cluster/health/node-report.js';
import type { OwnershipStatus } from '../../cluster/ownership/ownership.js';
import { exampleRouting } from '../../firmware-config/defaults/example-routing.js';
import { exampleTelephony } from '../../firmware-config/defaults/example-telephony.js';
import { parseNode } from '../../firmware-config/parse-node.js';
import { parseRouting } from '../../firmware-config/parse-routing.js';
import { parseTelephony } from '../../firmware-config/parse-telephony.js';
import type { CallDocuments } from '../../firmware-config/render/render-node.js';
import { findPartner, type Site } from '../../firmware-config/site-nodes.js';
import { opsErrors } from '../errors.js';
import { BoxNetwork } from './box-network.js';
import { getSpace, planBox, type BoxPlan } from './box-plan.js';
import { claimBox, releaseBox } from './leftovers.js';
import type { MachineInspection } from './machine/inspection.js';
import { Machine, type MachineStatus } from './machine/machine.js';
import type { ServiceReport } from './machine/supervisor.js';
import { NetworkFaults, type NetworkFaultStatus, type PartitionOptions } from './network-faults.js';
import { diesWithParent, inNamespace, run } from './shell.js';
import { stateFolderOf } from './state-folder.js';
import type { Impairment } from './wan/impairment.js';

export interface BoxOptions {
  readonly boxId: string;
  readonly site: Site;
  /** Checked; default: the demonstration hospital. */
  readonly calls?: CallDocuments;
  readonly clock: Clock;
  /** Program that runs rqlited. */
  readonly rqlited: string;
  readonly nodeProgram: string;
  /** Root of the compiled tree's project, for the programs of our own. */
  readonly projectRoot: string;
  /** Major version of that rqlited; default: of the one that the npm package brings. */
  readonly rqlitedMajor?: number;
  /** Host interface that the box will be attached to (attach.ts); no two boxes have the same. */
  readonly attach?: string;
  /** Called for whatever a person should see: one sentence. */
  readonly say: (sentence: string) => void;
}

/** Two keepalived that start together need their start-up delay of a second and a down time. */
const SETTLE_MS_MAX = 10_000;

/** Does a step of a start; the sentence that it returns says what was done. */
export type StepRunner = (work: () => Promise<string>) => Promise<void>;

const runStep: StepRunner = async (work) => {
  await work();
};

function demonstrationHospital(site: Site): CallDocuments {
  const routing = parseRouting(exampleRouting);
  return { routing, telephony: parseTelephony(exampleTelephony(), { routing, site }) };
}

const program = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

export class Box {
  readonly plan: BoxPlan;
  readonly network: BoxNetwork;
  readonly stateFolder: string;
  readonly #options: BoxOptions;
  readonly #machines: ReadonlyMap<string, Machine>;
  readonly #faults: NetworkFaults;
  #isClaimed = false;

  constructor(options: BoxOptions) {
    this.#options = options;
    this.plan = planBox(options.boxId, options.site);
    this.stateFolder = stateFolderOf(options.boxId);
    this.network = new BoxNetwork({
      plan: this.plan,
      clock: options.clock,
      nodeProgram: options.nodeProgram,
      say: options.say,
      shuttleProgram: program('./wan/shuttle-main.js'),
      seed: options.boxId,
    });
    this.#faults = new NetworkFaults(this.plan, this.network);
    const calls = options.calls ?? demonstrationHospital(options.site);
    this.#machines = new Map(options.site.nodes.map(({ id }) => [id, this.#makeMachine(id, calls)]));
  }

  /**
   * Claims the name, then network, disks, every machine at once, then each service address to its home. Resolves when
   * every service is up or given up. When it throws, `stop` removes what exists.
   * @param step is told each step as a sentence once it is done
   * @throws LAB_BOX_RUNNING when a living process has a box of this id
   */
  async start(step: StepRunner = runStep): Promise<void> {
    const { boxId, clock, attach } = this.#options;
    const machines = [...this.#machines.values()];
    const names = [...this.#machines.keys()].join(', ');
    await step(async () => {
      const removed = await claimBox(boxId, clock, attach);
      this.#isClaimed = true;
      const left = removed.length === 0 ? '' : `; removed what was left of: ${removed.join(', ')}`;
      return `box "${boxId}"${left}`;
    });
    await step(async () => {
      await this.network.open();
      return `network: ${describeNetwork(this.plan)}`;
    });
    await step(async () => {
      await Promise.all(machines.map((machine) => machine.makeDisk()));
      return `disks of ${names}`;
    });
    await step(async () => {
      await Promise.all(machines.map((machine) => machine.powerOn()));
      return `power on: ${names}, with their daemons`;
    });
    await step(async () => {
      await this.returnHome();
      return 'every service address is at its home';
    });
  }

  /** This process has made something of it that `stop` will remove. */
  get exists(): boolean {
    return this.#isClaimed;
  }

  /** Takes everything down and forgets it. Idempotent; never touches a box of another process. */
  async stop(): Promise<void> {
    if (!this.#isClaimed) return;
    await this.cutPower();
    await this.network.close();
    await releaseBox(this.#options.boxId, this.#options.clock);
    this.#isClaimed = false;
  }

  /** Every machine that is on loses its power, which also ends a start that waits for it. */
  async cutPower(): Promise<void> {
    await Promise.all([...this.#machines.values()].map((machine) => machine.powerOff()));
  }

  /** A power cut: the link goes down and every process of the node ends, in one step. */
  async kill(nodeId: string): Promise<void> {
    const machine = this.#getOn(nodeId);
    await this.network.setPort(nodeId, 'down');
    await machine.powerOff();
    await this.network.unplug(nodeId);
    this.#faults.forgetCable(nodeId);
  }

  /**
   * Boots a node that is off, from the disk it had, with a network interface that knows nothing, and moves its
   * address back to it (rule 8: nobody takes one back by coming up).
   * @returns whether every address is at its home; not while a partner is off
   */
  async powerOn(nodeId: string): Promise<boolean> {
    const machine = this.#get(nodeId);
    if (machine.isOn) throw opsErrors.LAB_NODE_ON({ node: nodeId });
    await this.network.plug(nodeId);
    await machine.powerOn();
    return this.returnHome();
  }

  /**
   * Moves each service address to its home, one after the other, where both partners are on.
   * @returns whether every address is at its home now
   */
  async returnHome(): Promise<boolean> {
    const { site } = this.#options;
    let areAllHome = true;
    for (const { id, serviceAddress } of site.nodes) {
      const partner = findPartner(site, id);
      if (serviceAddress === undefined || partner === undefined) continue;
      if (!this.isOn(id) || !this.isOn(partner.id)) {
        areAllHome = false;
        continue;
      }
      const owner = await this.#waitForSettledOwner(id, [id, partner.id]);
      if (owner !== id) await this.move(id, owner);
    }
    return areAllHome;
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
    return (await this.nodeStatus(nodeId)).ownership;
  }

  /** Asks call control of a node, as its own panel would. @throws its operating error; LAB_NODE_OFF */
  askCalls(nodeId: string, method: string, params: RpcParams = {}): Promise<unknown> {
    return this.#getOn(nodeId).askCalls(method, params);
  }

  /** What the node service of a node says. */
  async nodeStatus(nodeId: string): Promise<NodeReport & { readonly ownership: readonly OwnershipStatus[] }> {
    return (await this.#getOn(nodeId).askNode('status')) as Awaited<ReturnType<Box['nodeStatus']>>;
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

  /** Nothing passes between two nodes or clients, besides what is cut already. */
  partition(one: string, other: string, options?: PartitionOptions): Promise<void> {
    return this.#faults.partition(one, other, options);
  }

  /** Cuts, pulled cables and WANs as they were at the start. */
  heal(): Promise<void> {
    return this.#faults.heal();
  }

  /** Pulls the cable of a node; everything on it runs on. */
  async unplug(nodeId: string): Promise<void> {
    this.#getOn(nodeId);
    await this.#faults.unplug(nodeId);
  }

  async plug(nodeId: string): Promise<void> {
    this.#getOn(nodeId);
    await this.#faults.plug(nodeId);
  }

  /** @param change what is not named stays as it is. @returns what the WAN does to packets now */
  wan(place: string, change: Partial<Impairment>): Promise<Impairment> {
    return this.#faults.wan(place, change);
  }

  networkFaults(): NetworkFaultStatus {
    return this.#faults.status();
  }

  /** Not one block of the node's disk stays free, for root neither. @returns bytes taken */
  fillDisk(nodeId: string): Promise<number> {
    return this.#getOn(nodeId).fillDisk();
  }

  /** Takes back `fillDisk`. */
  freeDisk(nodeId: string): Promise<void> {
    return this.#getOn(nodeId).freeDisk();
  }

  /** How a node is, as far as its parts answer. @throws LAB_NODE_OFF, RPC_NO_ANSWER when it is frozen */
  inspect(nodeId: string): Promise<MachineInspection> {
    return this.#getOn(nodeId).inspect();
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
    const words = diesWithParent(inNamespace(getSpace(this.plan, spaceId).namespace, command));
    const { clock } = this.#options;
    return run(words, deadlineMs === undefined ? { clock } : { clock, deadlineMs });
  }

  /** @returns the node that owns the address and whose partner has confirmed it. @throws LAB_NO_OWNER */
  async #waitForSettledOwner(home: string, nodes: readonly string[]): Promise<string> {
    const { clock } = this.#options;
    const endMs = clock.monotonicMs() + SETTLE_MS_MAX;
    let seen = 'nothing';
    while (clock.monotonicMs() < endMs && nodes.every((id) => this.isOn(id))) {
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

  #makeMachine(nodeId: string, calls: CallDocuments): Machine {
    const { clock, rqlited, rqlitedMajor, nodeProgram, projectRoot, site, say } = this.#options;
    const major = rqlitedMajor === undefined ? {} : { rqlitedMajor };
    const paths = { rqlited, node: nodeProgram, wardline: projectRoot };
    return new Machine({
      id: nodeId,
      namespace: getSpace(this.plan, nodeId).namespace,
      stateFolder: `${this.stateFolder}/${nodeId}`,
      supervisorProgram: program('./machine/machine-main.js'),
      nodeProgram,
      documents: { site, node: parseNode({ version: 1, nodeId, paths, ...major }), calls },
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

function describeNetwork(plan: BoxPlan): string {
  const lans = [plan.hub, ...plan.farPlaces].map(({ id, subnet }) => `${id} ${subnet}`);
  return `${lans.join(', ')}; ${String(plan.spaces.length)} machines and clients`;
}
