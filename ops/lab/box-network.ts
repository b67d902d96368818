/**
 * Builds and takes down the network of a box. Touches the host only through namespaces whose names carry the box id;
 * never a host interface, route, firewall rule or sysctl.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Clock } from '../../cluster/base/clock.js';
import { BOX_PREFIX, getSpace, namespacesOf, type BoxPlan, type WanPlan } from './box-plan.js';
import {
  connectWan,
  createLan,
  createNamespace,
  plugIn,
  removePort,
  renderCuts,
  setPort,
  type Cut,
  type IpBatch,
} from './network-commands.js';
import { diesWithParent, inNamespace, run } from './shell.js';
import { DEFAULT_IMPAIRMENT, type Impairment } from './wan/impairment.js';
import { ShuttleLink } from './wan/shuttle-link.js';

export interface BoxNetworkOptions {
  readonly plan: BoxPlan;
  readonly clock: Clock;
  readonly nodeProgram: string;
  /** Compiled shuttle-main.js. */
  readonly shuttleProgram: string;
  /** Called with one sentence when something of the network fails by itself. */
  readonly say: (sentence: string) => void;
  /** Seeds the WAN's jitter and loss. */
  readonly seed: string;
}

export class BoxNetwork {
  readonly #options: BoxNetworkOptions;
  #children: ChildProcess[] = [];
  readonly #links = new Map<string, ShuttleLink>();

  constructor(options: BoxNetworkOptions) {
    this.#options = options;
  }

  /** @throws COMMAND_FAILED; call `close` then too, it removes what exists */
  async open(): Promise<void> {
    const { plan } = this.#options;
    for (const namespace of namespacesOf(plan)) await this.#apply(createNamespace(namespace));
    for (const place of [plan.hub, ...plan.farPlaces]) {
      await this.#apply(createLan(place));
      // Inside the hub's namespace; the host's own setting is another one.
      await this.#in(place.namespace, ['sysctl', '-qw', 'net.ipv4.ip_forward=1']);
    }
    for (const space of plan.spaces) for (const batch of plugIn(plan, space)) await this.#apply(batch);
    for (const wan of plan.wans) await this.#openWan(wan);
  }

  /** Replaces all cuts, in one transaction. */
  async cut(cuts: readonly Cut[]): Promise<void> {
    const { plan, clock } = this.#options;
    const input = renderCuts(plan, cuts);
    await run(inNamespace(plan.hub.namespace, ['nft', '-f', '-']), { clock, input });
  }

  /** What the WAN to a place does to packets now. */
  impairmentOf(place: string): Impairment {
    return this.#links.get(place)?.impairment ?? DEFAULT_IMPAIRMENT;
  }

  /** Changes the WAN to a place, at once and for packets to come. @throws LAB_FAULT_FAILED */
  async impair(place: string, change: Partial<Impairment>): Promise<Impairment> {
    const link = this.#links.get(place);
    if (link === undefined) throw new RangeError(`no WAN to "${place}"`);
    return link.change(change);
  }

  /** The link of a node or client, as a cable that is pulled or put back. */
  async setPort(spaceId: string, state: 'up' | 'down'): Promise<void> {
    const { plan } = this.#options;
    await this.#apply(setPort(plan, getSpace(plan, spaceId), state));
  }

  /** Deletes a space's namespace with everything in it. */
  async unplug(spaceId: string): Promise<void> {
    const { plan, clock } = this.#options;
    // First, because the kernel deletes a namespace's links some time after the namespace.
    await this.#apply(removePort(plan, getSpace(plan, spaceId)));
    await run(['ip', 'netns', 'delete', getSpace(plan, spaceId).namespace], { clock });
  }

  /** Makes a space's namespace anew, as a reboot would, and plugs it in. */
  async plug(spaceId: string): Promise<void> {
    const { plan } = this.#options;
    const space = getSpace(plan, spaceId);
    await this.#apply(createNamespace(space.namespace));
    for (const batch of plugIn(plan, space)) await this.#apply(batch);
  }

  /** Removes everything; idempotent. */
  async close(): Promise<void> {
    const children = this.#children;
    this.#children = [];
    const exits = children.filter((child) => child.exitCode === null && child.signalCode === null);
    const ended = exits.map((child) => once(child, 'exit'));
    for (const child of exits) child.kill('SIGKILL');
    await Promise.all(ended);
    await removeNamespaces(this.#options.plan.boxId, this.#options.clock);
  }

  async #openWan(wan: WanPlan): Promise<void> {
    const { plan, seed, shuttleProgram, nodeProgram } = this.#options;
    const { nearTun, nearShuttle, farTun, farShuttle } = wan.udpPorts;
    const tun = (name: string, own: number, shuttle: number): string[] => [
      'socat',
      `TUN,tun-name=${name},tun-type=tun,iff-no-pi`,
      `UDP4:127.0.0.1:${String(shuttle)},bind=127.0.0.1:${String(own)}`,
    ];
    const shuttle = { udpPorts: wan.udpPorts, impairment: DEFAULT_IMPAIRMENT, seed: `${seed}:${wan.place}` };
    const process = this.#spawn([
      nodeProgram,
      '--enable-source-maps',
      shuttleProgram,
      JSON.stringify(shuttle),
    ]);
    const link = new ShuttleLink(process, wan.place, this.#options.clock);
    await link.ready();
    this.#links.set(wan.place, link);
    this.#spawn(tun(wan.nearInterface, nearTun, nearShuttle));
    this.#spawn(tun(wan.farInterface, farTun, farShuttle));
    for (const name of [wan.nearInterface, wan.farInterface])
      await this.#waitForInterface(plan.hub.namespace, name);
    for (const batch of connectWan(plan, wan)) await this.#apply(batch);
  }

  #spawn(command: readonly string[]): ChildProcess {
    const [program, ...args] = diesWithParent(inNamespace(this.#options.plan.hub.namespace, command));
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'ignore'], detached: true });
    this.#children.push(child);
    const name = command.slice(0, 4).join(' ');
    child.on('error', (error) => {
      this.#options.say(
        `the network of the box has lost a part that cannot be started: ${name}: ${error.message}`,
      );
    });
    child.on('exit', (code, signal) => {
      if (!this.#children.includes(child)) return;
      this.#options.say(
        `the network of the box has lost a part: ${name} ended with ${String(signal ?? code)}`,
      );
    });
    return child;
  }

  async #waitForInterface(namespace: string, name: string): Promise<void> {
    const { clock } = this.#options;
    const endMs = clock.monotonicMs() + 5000;
    for (;;) {
      try {
        await run(['ip', '-n', namespace, 'link', 'show', name], { clock });
        return;
      } catch (error) {
        if (clock.monotonicMs() > endMs) throw error;
        await clock.sleep(10);
      }
    }
  }

  async #in(namespace: string, command: readonly string[]): Promise<void> {
    await run(inNamespace(namespace, command), { clock: this.#options.clock });
  }

  async #apply(batch: IpBatch): Promise<void> {
    await applyBatch(batch, this.#options.clock);
  }
}

/** Runs a batch of iproute2 in its namespace; without one, on the host. @throws COMMAND_FAILED */
export async function applyBatch({ namespace, lines }: IpBatch, clock: Clock): Promise<void> {
  const scope = namespace === undefined ? [] : ['-n', namespace];
  await run(['ip', ...scope, '-batch', '-'], { clock, input: `${lines.join('\n')}\n` });
}

/** Deletes every namespace of a box, whoever made it; links and bridges in them go with them. */
export async function removeNamespaces(boxId: string, clock: Clock): Promise<void> {
  const listed = await run(['ip', 'netns', 'list'], { clock });
  const names = listed.split('\n').map((line) => line.split(' ')[0] ?? '');
  const own = names.filter((name) => name.startsWith(`${BOX_PREFIX}-${boxId}-`));
  for (const name of own) await run(['ip', 'netns', 'delete', name], { clock });
}
