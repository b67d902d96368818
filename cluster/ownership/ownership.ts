/**
 * Carries out what ownership-state.ts decides, for every service address of a pair.
 *
 * Invariants: a decision is made from what is known at that moment and reaches keepalived's track file at once. The
 * live state is read and written beside it and never waited for, neither by a decision nor by the interface. Whatever
 * failed is made good at a later look, because looks compare what is with what shall be.
 */
import { renameSync, writeFileSync } from 'node:fs';
import type { Clock, Timer } from '../base/clock.js';
import type { Log } from '../base/log.js';
import { clusterErrors } from '../errors.js';
import type { HeartbeatPort } from './heartbeat-port.js';
import { parseOwnershipFact, type OwnershipClaim, type OwnershipFact } from './ownership-fact.js';
import type { OwnershipFactsPort } from './ownership-facts-port.js';
import {
  decideClaim,
  decideRepair,
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

/**
 * How often the world is looked at and facts are exchanged: more often than VRRP's adverts, so that a partner that is
 * alive is known to be when its adverts are lost.
 */
const LOOK_INTERVAL_MS = 20;
/** keepalived is told again so often, whether it has missed a change or somebody's hands have been at the file. */
const WEIGHT_INTERVAL_MS = 1000;
/** keepalived changes the interface and says so a moment later; only what stays wrong for so long is repaired. */
const REPAIR_MS_MIN = 150;

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
  readonly heartbeat: HeartbeatPort;
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
  /** Time since the partner's facts last went on; absent when they never did. */
  readonly partnerSilentMs?: number;
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
  #weightMs = -Infinity;
  #isWeightFailing = false;
  #partner: OwnershipFact | undefined;
  #partnerBeatMs = -Infinity;
  #move: Move | undefined;
  /** What is done to the interface, one after the other. */
  #work: Promise<void> = Promise.resolve();
  #workCount = 0;
  /** Since when the interface has not been what it should be. */
  #wrongSinceMs: number | undefined;
  #isListening = false;
  #hearsPartner = false;

  constructor(address: OwnedAddress, options: OwnershipOptions) {
    this.address = address;
    this.#options = options;
    this.#state = firstOwnershipState(options.identity, undefined, options.isMaster(address.home));
  }

  /** What this node had published before it was restarted; nothing is published before it is known. */
  remember(fact: OwnershipFact | undefined): void {
    const { identity, isMaster } = this.#options;
    if (fact === undefined || fact.generation <= this.#state.generation) return;
    const known = firstOwnershipState(identity, fact, isMaster(this.address.home));
    // Taken already, in ignorance of a higher generation: above it then.
    const hasTaken = this.#state.holder === identity.own && known.name === 'Other';
    this.#state = hasTaken ? { ...this.#state, generation: fact.generation + 1 } : known;
  }

  setPartner(fact: OwnershipFact | undefined): void {
    if (fact !== undefined && fact.beat !== this.#partner?.beat) {
      // The first beat that is read may be the last that a dead partner told.
      if (this.#partner !== undefined) this.#partnerBeatMs = this.#options.clock.monotonicMs();
    }
    this.#partner = fact;
  }

  status(): OwnershipStatus {
    const { home, address } = this.address;
    const { name, generation, holder } = this.#state;
    const { isMaster, isOnInterface, partnerSilentMs } = this.#view();
    const silence = Number.isFinite(partnerSilentMs) ? { partnerSilentMs } : {};
    return { home, address, state: name, generation, holder, isMaster, isOnInterface, ...silence };
  }

  claim(): OwnershipClaim {
    return decideClaim(this.#state, this.#view());
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
      this.#hearsPartner = false;
      if (name === 'Yielding')
        log.error(fields, 'heartbeat path lost: the partner is alive and is not heard');
    }
    for (const effect of step.effects) this.#carryOut(effect);
    if (step.state.name === 'Yielding') this.#listen();
    this.#repair(view);
  }

  #view(): OwnershipView {
    const { home, address } = this.address;
    const { isMaster, canTake, clock } = this.#options;
    return {
      isMaster: isMaster(home),
      canTake: canTake(home),
      partner: this.#partner,
      partnerSilentMs: clock.monotonicMs() - this.#partnerBeatMs,
      hearsPartner: this.#hearsPartner,
      isOnInterface: this.#options.interface.has(address),
      ...(this.#move === undefined ? {} : { order: this.#move.id }),
    };
  }

  /** Synchronous: on tmpfs it takes microseconds, and nothing may come between the decision and keepalived. */
  #writeWeight(): void {
    const weight = decideWeight(this.#state);
    const nowMs = this.#options.clock.monotonicMs();
    if (weight === this.#weight && nowMs - this.#weightMs < WEIGHT_INTERVAL_MS) return;
    const { weightFile } = this.address;
    try {
      // keepalived makes the file as root when it is missing; it sees a file that is moved into its place as well.
      writeFileSync(`${weightFile}.new`, `${String(weight)}\n`);
      renameSync(`${weightFile}.new`, weightFile);
      this.#weight = weight;
      this.#weightMs = nowMs;
      this.#isWeightFailing = false;
    } catch (error) {
      const fields = { err: error, weight };
      if (!this.#isWeightFailing) this.#options.log.error(fields, 'keepalived cannot be told who owns');
      this.#isWeightFailing = true;
    }
  }

  #carryOut(effect: OwnershipEffect): void {
    switch (effect.type) {
      case 'takeAddress':
        this.#take();
        break;
      case 'announceAddress':
        this.#options.interface.announce(this.address.address);
        break;
      case 'dropAddress':
        this.#drop();
        break;
      case 'endMove':
        if (this.#move?.id === effect.moveId) this.#move.end(effect.how);
        this.#move = undefined;
        break;
    }
  }

  #take(): void {
    this.#enqueue('put on the interface', async () => {
      // keepalived may have let go while this waited.
      if (decideRepair(this.#state, { ...this.#view(), isOnInterface: false }) !== 'take') return;
      await this.#options.interface.take(this.address.address);
    });
  }

  #drop(): void {
    this.#enqueue('taken off the interface', async () => {
      // keepalived may have become master while this waited.
      const isStillWrong = decideRepair(this.#state, this.#view()) === 'drop';
      if (isStillWrong) await this.#options.interface.drop(this.address.address);
    });
  }

  #repair(view: OwnershipView): void {
    const wanted = this.#workCount > 0 ? undefined : decideRepair(this.#state, view);
    const nowMs = this.#options.clock.monotonicMs();
    if (wanted === undefined) this.#wrongSinceMs = undefined;
    else this.#wrongSinceMs ??= nowMs;
    if (this.#wrongSinceMs === undefined || nowMs - this.#wrongSinceMs < REPAIR_MS_MIN) return;
    this.#wrongSinceMs = undefined;
    const fields = { home: this.address.home, state: this.#state.name, repair: wanted };
    this.#options.log.warn(fields, 'the interface is not as it should be');
    if (wanted === 'take') this.#take();
    else this.#drop();
  }

  #enqueue(what: string, work: () => Promise<void>): void {
    this.#workCount += 1;
    this.#work = this.#work
      .then(work)
      .catch((error: unknown) => {
        this.#options.log.warn({ err: error, home: this.address.home, what }, 'ownership step failed');
      })
      .finally(() => (this.#workCount -= 1));
  }

  /** Again and again while the state lasts; a failure to listen counts as nothing heard. */
  #listen(): void {
    if (this.#isListening) return;
    this.#isListening = true;
    void this.#options.heartbeat
      .isHeard(this.address.home)
      .catch((error: unknown) => {
        this.#options.log.warn({ err: error }, 'adverts of the partner cannot be listened for');
        return false;
      })
      .then((isHeard) => {
        this.#isListening = false;
        if (this.#state.name === 'Yielding') this.#hearsPartner = isHeard;
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
    case 'Doubting':
    case 'Yielding':
    case 'Superseded':
      return 'this node does not own it';
  }
}

export class Ownership {
  readonly #options: OwnershipOptions;
  readonly #addresses: ReadonlyMap<string, AddressOwnership>;
  #timer: Timer | undefined;
  #isStopped = false;
  #lookedMs: number;
  #beat: number;
  #isOwnKnown = false;
  #isReading = false;
  #isTelling = false;
  /** Of the live state, so that each trouble is logged once. */
  readonly #troubles = new Set<string>();

  private constructor(options: OwnershipOptions) {
    this.#options = options;
    this.#lookedMs = options.clock.monotonicMs();
    // Another than before a restart, so that the partner sees that this node lives.
    this.#beat = options.clock.wallMs();
    this.#addresses = new Map(
      options.addresses.map((address) => [address.home, new AddressOwnership(address, options)]),
    );
  }

  /** Never fails: a live state that is away means that nothing is known yet. */
  static async start(options: OwnershipOptions): Promise<Ownership> {
    const ownership = new Ownership(options);
    await ownership.#remember();
    await ownership.#read();
    ownership.#tick();
    return ownership;
  }

  /** Call when keepalived has said something. */
  look(): void {
    this.#lookedMs = this.#options.clock.monotonicMs();
    for (const address of this.#addresses.values()) address.look();
  }

  /** How long ago the last look was: this is what has to go on, whatever else stands still. */
  get sinceLookMs(): number {
    return this.#options.clock.monotonicMs() - this.#lookedMs;
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

  #tick(): void {
    if (this.#isStopped) return;
    this.look();
    if (!this.#isReading) void this.#read();
    if (!this.#isTelling) void this.#tell();
    this.#timer = this.#options.clock.schedule(LOOK_INTERVAL_MS, () => {
      this.#tick();
    });
  }

  /** What cannot be read leaves what was known: the replica is on this machine and comes back within a second. */
  async #read(): Promise<void> {
    this.#isReading = true;
    await this.#withLiveState("partner's facts cannot be read", async () => {
      const texts = await this.#options.facts.readPartner();
      for (const [home, address] of this.#addresses) address.setPartner(parseOwnershipFact(texts.get(home)));
    });
    this.#isReading = false;
  }

  async #remember(): Promise<void> {
    await this.#withLiveState('own facts cannot be read', async () => {
      const texts = await this.#options.facts.readOwn();
      for (const [home, address] of this.#addresses) address.remember(parseOwnershipFact(texts.get(home)));
      this.#isOwnKnown = true;
    });
  }

  /** Everything, every time: the live state may have lost what it was told (rule 10). */
  async #tell(): Promise<void> {
    this.#isTelling = true;
    if (!this.#isOwnKnown) await this.#remember();
    if (this.#isOwnKnown) {
      await this.#withLiveState('own facts cannot be told', () => {
        this.#beat += 1;
        const texts = [...this.#addresses].map(
          ([home, address]) => [home, JSON.stringify({ ...address.claim(), beat: this.#beat })] as const,
        );
        return this.#options.facts.publish(new Map(texts));
      });
    }
    this.#isTelling = false;
  }

  /** Never rejects. */
  async #withLiveState(trouble: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
      this.#troubles.delete(trouble);
    } catch (error) {
      if (!this.#troubles.has(trouble))
        this.#options.log.warn({ err: error }, `${trouble}, not logged again`);
      this.#troubles.add(trouble);
    }
  }
}
