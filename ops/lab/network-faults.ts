/**
 * What is wrong with the network of a box on purpose: cuts, pulled cables, worse WANs. Remembers what has been done, so
 * that it can be shown and taken back.
 */
import { opsErrors } from '../errors.js';
import type { BoxNetwork } from './box-network.js';
import type { BoxPlan } from './box-plan.js';
import type { Cut } from './network-commands.js';
import { DEFAULT_IMPAIRMENT, type Impairment } from './wan/impairment.js';

export interface PartitionOptions {
  /** Only this kind of traffic; default: everything. */
  readonly only?: NonNullable<Cut['only']>;
  /** Only from the first to the second; default: both ways. */
  readonly isOneWay?: boolean;
}

export interface WanStatus {
  readonly place: string;
  readonly impairment: Impairment;
}

export interface NetworkFaultStatus {
  readonly cuts: readonly Cut[];
  /** Nodes and clients whose cable is pulled. */
  readonly unplugged: readonly string[];
  readonly wans: readonly WanStatus[];
}

function isSameCut(one: Cut, other: Cut): boolean {
  return one.from === other.from && one.to === other.to && one.only === other.only;
}

export class NetworkFaults {
  readonly #plan: BoxPlan;
  readonly #network: BoxNetwork;
  readonly #unplugged = new Set<string>();
  #cuts: readonly Cut[] = [];

  constructor(plan: BoxPlan, network: BoxNetwork) {
    this.#plan = plan;
    this.#network = network;
  }

  status(): NetworkFaultStatus {
    return {
      cuts: this.#cuts,
      unplugged: [...this.#unplugged],
      wans: this.#plan.wans.map(({ place }) => ({ place, impairment: this.#network.impairmentOf(place) })),
    };
  }

  /** Nothing passes between the two, besides what is cut already. */
  async partition(one: string, other: string, options: PartitionOptions = {}): Promise<void> {
    const only = options.only === undefined ? {} : { only: options.only };
    const wanted: Cut[] = [
      { from: one, to: other, ...only },
      ...(options.isOneWay === true ? [] : [{ from: other, to: one, ...only }]),
    ];
    const added = wanted.filter((cut) => !this.#cuts.some((known) => isSameCut(known, cut)));
    await this.#setCuts([...this.#cuts, ...added]);
  }

  /** Pulls the cable of a node or client; its processes run on. */
  async unplug(spaceId: string): Promise<void> {
    await this.#network.setPort(spaceId, 'down');
    this.#unplugged.add(spaceId);
  }

  async plug(spaceId: string): Promise<void> {
    await this.#network.setPort(spaceId, 'up');
    this.#unplugged.delete(spaceId);
  }

  /** A node that lost its power comes back with its cable plugged in. */
  forgetCable(spaceId: string): void {
    this.#unplugged.delete(spaceId);
  }

  /** What is not named stays as it is. @throws LAB_BAD_ARGUMENT for a place without a WAN */
  wan(place: string, change: Partial<Impairment>): Promise<Impairment> {
    const places = this.#plan.wans.map((wan) => wan.place);
    if (!places.some((known) => known === place)) {
      throw opsErrors.LAB_BAD_ARGUMENT({
        argument: '--place',
        problem: `there is no WAN to "${place}"`,
        fix: `Name one of: ${places.join(', ')}.`,
      });
    }
    return this.#network.impair(place, change);
  }

  /** Cuts, cables and WANs as they were at the start. */
  async heal(): Promise<void> {
    await this.#setCuts([]);
    for (const spaceId of [...this.#unplugged]) await this.plug(spaceId);
    for (const { place } of this.#plan.wans) await this.#network.impair(place, DEFAULT_IMPAIRMENT);
  }

  async #setCuts(cuts: readonly Cut[]): Promise<void> {
    await this.#network.cut(cuts);
    this.#cuts = cuts;
  }
}
