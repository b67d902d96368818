/**
 * Carries out what ownership-state.ts decides, for every service address of a pair.
 *
 * Invariant: a decision is made from what is known at that moment and reaches keepalived's track file at once; the
 * live state is read and written beside it and never waited for.
 */
import { renameSync, writeFileSync } from 'node:fs';
import type { Clock, Timer } from '../base/clock.js';
import type { Log } from '../base/log.js';
import { clusterErrors } from '../errors.js';
import { parseOwnershipFact, type OwnershipFact } from './ownership-fact.js';
import type { OwnershipFactsPort } from './ownership-facts-port.js';
import {
  decideFact,
  decideWeight,
  firstOwnershipState,
  nextOwnershipState,
  type MoveEnd,
  type OwnershipEffect,
  type OwnershipIdentity,
  type OwnershipState,
  type OwnershipView,
} from './ownership-state.js';
import type { ServiceAddressPort } from './service-address-port.js';

/** How often the partner's facts are read; a planned move needs four reads. */
const LOOK_INTERVAL_MS = 100;

export interface OwnedAddress {
  /** Node whose home address this is. */
  readonly home: string;
  readonly address: string;
  /** keepalived's track file. */
  readonly weightFile: string;
}

export interface OwnershipOptions {
  readonly identity: OwnershipIdentity;
  readonly addresses: readonly OwnedAddress[];
  readonly facts: OwnershipFactsPort;
  readonly interface: ServiceAddressPort;
  /** keepalived's last word about an address. */
  readonly isMaster: (home: string) => boolean;
  /** keepalived has listened for long enough to take the address the moment its owner leaves. */
  readonly canTake: (home: string) => boolean;
  readonly clock: Clock;
  readonly log: Log;
}

export interface OwnershipStatus {
  readonly home: string;
  readonly address: string;
  readonly state: OwnershipState['name'];
  readonly generation: number;
  readonly holder: string;
  readonly isMaster: boolean;
  readonly isOnInterface: boolean;
}

interface Move {
  readonly id: string;
  readonly end: (how: MoveEnd) => void;
}

class AddressOwnership {
  readonly address: OwnedAddress;
  readonly #options: OwnershipOptions;
  #state: OwnershipState;
  #weight: number | undefined;
  #isWeightFailing = false;
  #published: string | undefined;
  #partner: OwnershipFact | undefined;
  #move: Move | undefined;
  /** Effects and publications of this address, one after the other. */
  #work: Promise<void> = Promise.resolve();

  constructor(address: OwnedAddress, options: OwnershipOptions, known: OwnershipFact | undefined) {
    this.address = address;
    this.#options = options;
    this.#state = firstOwnershipState(options.identity, known, options.isMaster(address.home));
  }

  setPartner(fact: OwnershipFact | undefined): void {
    this.#partner = fact;
  }

  status(): OwnershipStatus {
    const { home, address } = this.address;
    const { name, generation, holder } = this.#state;
    const isMaster = this.#options.isMaster(home);
    const isOnInterface = this.#options.interface.has(address);
    return { home, address, state: name, generation, holder, isMaster, isOnInterface };
  }

  /** @throws NODE_MOVE_NOT_POSSIBLE, with the reason, when the move cannot begin */
  move(id: string): Promise<MoveEnd> {
    const reason = whyNoMove(this.#state.name);
    if (reason !== undefined)
      throw clusterErrors.NODE_MOVE_NOT_POSSIBLE({ address: this.address.address, reason });
    return new Promise((resolve) => {
      this.#move = { id, end: resolve };
      this.look();
      // keepalived may have let go since the last look: then nothing was begun that could end.
      if (this.#state.moveId !== id) {
        this.#move = undefined;
        resolve('lost');
      }
    });
  }

  /** Everything has to be told again: the live state may have lost it. */
  forgetPublished(): void {
    this.#published = undefined;
    this.look();
  }

  look(): void {
    const { identity, clock, log } = this.#options;
    const view = this.#view();
    const before = this.#state;
    const step = nextOwnershipState(before, view, identity, clock.monotonicMs());
    this.#state = step.state;
    this.#writeWeight();
    if (before.name !== step.state.name) {
      const { name, generation, holder } = step.state;
      const fields = { home: this.address.home, from: before.name, to: name, generation, holder };
      log.info(fields, 'ownership changed');
    }
    for (const effect of step.effects) this.#carryOut(effect);
    this.#publish(decideFact(step.state, view));
  }

  #view(): OwnershipView {
    const { home } = this.address;
    const isMaster = this.#options.isMaster(home);
    const canTake = this.#options.canTake(home);
    const order = this.#move === undefined ? {} : { order: this.#move.id };
    return { isMaster, canTake, partner: this.#partner, ...order };
  }

  /** Synchronous: on tmpfs it takes microseconds, and nothing may come between the decision and keepalived. */
  #writeWeight(): void {
    const weight = decideWeight(this.#state);
    if (weight === this.#weight) return;
    const { weightFile } = this.address;
    try {
      // keepalived makes the file as root when it is missing; it sees a file that is moved into its place as well.
      writeFileSync(`${weightFile}.new`, `${String(weight)}\n`);
      renameSync(`${weightFile}.new`, weightFile);
      this.#weight = weight;
      this.#isWeightFailing = false;
    } catch (error) {
      const fields = { err: error, weight };
      if (!this.#isWeightFailing) this.#options.log.error(fields, 'keepalived cannot be told who owns');
      this.#isWeightFailing = true;
    }
  }

  #carryOut(effect: OwnershipEffect): void {
    const { interface: port } = this.#options;
    const { address } = this.address;
    switch (effect.type) {
      case 'takeAddress':
        this.#enqueue('put on the interface', () => port.take(address));
        break;
      case 'dropAddress':
        this.#enqueue('taken off the interface', async () => {
          // keepalived may have become master while this waited.
          if (this.#state.name === 'Other' || this.#state.name === 'Superseded') await port.drop(address);
        });
        break;
      case 'endMove':
        if (this.#move?.id === effect.moveId) this.#move.end(effect.how);
        this.#move = undefined;
        break;
    }
  }

  /** Behind the effects: the partner must not read "prepared" before the address is there. */
  #publish(fact: OwnershipFact): void {
    const text = JSON.stringify(fact);
    if (text === this.#published) return;
    this.#published = text;
    this.#enqueue('told to the partner', async () => {
      try {
        await this.#options.facts.publish(this.address.home, text);
      } catch (error) {
        if (this.#published === text) this.#published = undefined;
        throw error;
      }
    });
  }

  #enqueue(what: string, work: () => Promise<void>): void {
    this.#work = this.#work.then(work).catch((error: unknown) => {
      this.#options.log.warn({ err: error, home: this.address.home, what }, 'ownership step failed');
    });
  }
}

function whyNoMove(state: OwnershipState['name']): string | undefined {
  switch (state) {
    case 'Settled':
      return undefined;
    case 'Taker':
      return 'the partner has not confirmed that this node owns it: it is away or still starting';
    case 'Offering':
    case 'Leaving':
      return 'it is being moved already';
    case 'Other':
    case 'Preparing':
    case 'Superseded':
      return 'this node does not own it';
  }
}

export class Ownership {
  readonly #options: OwnershipOptions;
  readonly #addresses: ReadonlyMap<string, AddressOwnership>;
  #timer: Timer | undefined;
  #isStopped = false;
  #isPartnerHeard = true;

  private constructor(options: OwnershipOptions, known: ReadonlyMap<string, string>) {
    this.#options = options;
    this.#addresses = new Map(
      options.addresses.map((address) => {
        const fact = parseOwnershipFact(known.get(address.home));
        return [address.home, new AddressOwnership(address, options, fact)];
      }),
    );
  }

  /** Never fails: a live state that is away means that nothing is known yet. */
  static async start(options: OwnershipOptions): Promise<Ownership> {
    const known = await options.facts.readOwn().catch(() => new Map<string, string>());
    const ownership = new Ownership(options, known);
    options.facts.onOwnRestarted(() => {
      for (const address of ownership.#addresses.values()) address.forgetPublished();
    });
    await ownership.#lookAtPartner();
    return ownership;
  }

  /** Call when keepalived has said something. */
  look(): void {
    for (const address of this.#addresses.values()) address.look();
  }

  status(): readonly OwnershipStatus[] {
    return [...this.#addresses.values()].map((address) => address.status());
  }

  /**
   * Moves an address to the partner without losing a packet (rule 9). This node must own it.
   * @throws NODE_UNKNOWN_ADDRESS, NODE_MOVE_NOT_POSSIBLE
   */
  async move(home: string, moveId: string): Promise<MoveEnd> {
    const address = this.#addresses.get(home);
    if (address === undefined) {
      throw clusterErrors.NODE_UNKNOWN_ADDRESS({ home, known: [...this.#addresses.keys()].join(', ') });
    }
    return address.move(moveId);
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  async #lookAtPartner(): Promise<void> {
    await this.#readPartner();
    this.look();
    if (!this.#isStopped) {
      this.#timer = this.#options.clock.schedule(LOOK_INTERVAL_MS, () => void this.#lookAtPartner());
    }
  }

  /** What cannot be read leaves what was known: the replica is on this machine and comes back within a second. */
  async #readPartner(): Promise<void> {
    const { facts, log } = this.#options;
    try {
      const texts = await facts.readPartner();
      for (const [home, address] of this.#addresses) address.setPartner(parseOwnershipFact(texts.get(home)));
      this.#isPartnerHeard = true;
    } catch (error) {
      if (this.#isPartnerHeard) log.warn({ err: error }, "partner's facts cannot be read, not logged again");
      this.#isPartnerHeard = false;
    }
  }
}
