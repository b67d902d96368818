/**
 * The seats of the site as this node sees them: where their phones are registered, who is logged in and what state he
 * is in. Decides nothing: it runs the registrar, the call-takers' machine and the rules about PINs, and tells the
 * queue of every change.
 */
import type { Clock } from '../cluster/base/clock.js';
import type { Log } from '../cluster/base/log.js';
import type { Telephony, TelephonyCallTaker, TelephonySeat } from '../firmware-config/schema/telephony.js';
import { isPinRight } from '../firmware-config/telephony-secrets.js';
import {
  applyRegister,
  DEFAULT_REGISTRAR_RULES,
  liveBindings,
  planDevices,
  type Binding,
} from './call/bindings.js';
import {
  nextCallTakerState,
  openSeat,
  type CallTakerEffect,
  type CallTakerEvent,
  type CallTakerState,
} from './call/call-taker-state.js';
import type { FeatureCommand } from './call/feature-codes.js';
import { afterPin, NO_ATTEMPTS, pinWaitMs, type PinAttempts } from './call/pin-attempts.js';
import type { RegisterAnswer, RegisterRequest } from './call/signalling-port.js';
import type { PartnerMessage } from './partner-messages.js';
import type { SeatFacts } from './queue/seat.js';

/** What of a seat outlives this process. */
export interface KeptSeat {
  readonly bindings: readonly Binding[];
  readonly state: CallTakerState;
}

export interface SeatListener {
  onSeat(facts: SeatFacts): void;
  /** Something of it has changed that the next process has to know. */
  onKeep(seatId: string, kept: KeptSeat): void;
  onDisposition(callId: string, code: string | undefined): void;
  /** For the partner. */
  onTell(message: PartnerMessage): void;
}

export interface SeatBookOptions {
  readonly telephony: Telephony;
  readonly node: string;
  /** Undefined: this node dispatches all seats. */
  readonly partner: string | undefined;
  readonly isPartnerThere: () => boolean;
  /** The call is one of this node's. */
  readonly isOurCall: (callId: string) => boolean;
  readonly clock: Clock;
  readonly log: Log;
  readonly listener: SeatListener;
}

/** What came of a command; each is a prompt that the call-taker hears. */
export type CommandOutcome =
  | 'loginOk'
  | 'loginWrong'
  | 'loginLocked'
  | 'loggedOut'
  | 'readyOk'
  | 'notReadyOk'
  | 'dispositionOk'
  | 'notLoggedIn'
  /** Another node dispatches the seat. */
  | 'notNow';

interface SeatEntry {
  readonly seat: TelephonySeat;
  /** The node that dispatches it while both are there. */
  readonly home: string;
  /** Registered here. */
  bindings: readonly Binding[];
  /** Registered at the partner. */
  partnerBindings: readonly Binding[];
  state: CallTakerState;
  /** Calls that the seat is in, whoever began them; of a seat that the partner dispatches those of this node. */
  readonly calls: Set<string>;
  /** Those of them that the partner has. */
  readonly partnerCalls: Set<string>;
  /** One of its calls that has ended was a call of a queue. */
  needsWrapUp: boolean;
}

const LOOK_EVERY_MS = 1000;

export class SeatBook {
  readonly #options: SeatBookOptions;
  readonly #seats: ReadonlyMap<string, SeatEntry>;
  readonly #byExtension: ReadonlyMap<string, TelephonySeat>;
  readonly #callTakers: ReadonlyMap<string, TelephonyCallTaker>;
  /** By `person:<id>` and `seat:<id>`. */
  readonly #attempts = new Map<string, PinAttempts>();
  #isStopped = false;
  /** By home: the node that holds its service address, and dispatches its seats. */
  readonly #holders = new Map<string, string>();
  readonly #generations = new Map<string, number>();

  constructor(options: SeatBookOptions) {
    this.#options = options;
    const { telephony, clock, node, partner } = options;
    const nodes = partner === undefined ? [node] : [node, partner].toSorted();
    this.#seats = new Map(
      telephony.seats.map((seat, index) => [
        seat.id,
        {
          ...{ seat, bindings: [], partnerBindings: [], needsWrapUp: false },
          home: seat.dispatchNode ?? nodes[index % nodes.length] ?? node,
          state: openSeat(seat.id, clock.wallMs()),
          calls: new Set<string>(),
          partnerCalls: new Set<string>(),
        },
      ]),
    );
    this.#byExtension = new Map(telephony.seats.map((seat) => [seat.extension, seat]));
    this.#callTakers = new Map(telephony.callTakers.map((one) => [one.id, one]));
  }

  start(): void {
    for (const entry of this.#seats.values()) this.#tellQueue(entry);
    void this.#watch();
  }

  stop(): void {
    this.#isStopped = true;
  }

  /** As the process before has left it; who is in a call that does not go on is found by `settle`. */
  restore(seatId: string, { bindings, state }: KeptSeat): void {
    const entry = this.#seats.get(seatId);
    if (entry === undefined || state.seatId !== seatId) return;
    entry.bindings = bindings;
    entry.state = state;
    this.#tellQueue(entry);
  }

  /** As the partner has left it, which is gone: only if it has not told a newer state over the link. */
  inherit(seatId: string, { bindings, state }: KeptSeat): void {
    const entry = this.#seats.get(seatId);
    if (entry === undefined || state.seatId !== seatId) return;
    if (bindings.length > entry.partnerBindings.length) entry.partnerBindings = bindings;
    if (
      this.#isOurs(entry) &&
      entry.home !== this.#options.node &&
      state.sinceWallMs > entry.state.sinceWallMs
    )
      entry.state = state;
    this.#tellQueue(entry);
  }

  /** All calls that go on are known: whoever is in none of them is free. */
  settle(): void {
    this.#forgetCallsOfDead();
    for (const entry of this.#seats.values()) {
      const { callId, name } = entry.state;
      if (this.#isOurs(entry) && name === 'talking' && entry.calls.size === 0)
        this.#apply(entry, { kind: 'callEnded', callId: callId ?? '', needsWrapUp: false });
    }
  }

  /** Everything that the partner has to know of seats. */
  *tellAll(): Iterable<PartnerMessage> {
    for (const entry of this.#seats.values()) {
      const { seat, bindings, partnerBindings } = entry;
      const seatId = seat.id;
      if (bindings.length > 0) yield { kind: 'bindings', seatId, bindings };
      if (partnerBindings.length > 0) yield { kind: 'yourBindings', seatId, bindings: partnerBindings };
      yield* this.#tellOne(entry);
    }
  }

  /** Its state, by who dispatches it; and that it is in calls of ours. */
  *#tellOne(entry: SeatEntry): Iterable<PartnerMessage> {
    const { seat, calls, partnerCalls } = entry;
    const seatId = seat.id;
    if (this.#isOurs(entry)) {
      yield this.#stateOf(entry);
      return;
    }
    for (const callId of calls) if (!partnerCalls.has(callId)) yield { kind: 'seatBusy', seatId, callId };
  }

  onPartner(
    message: Extract<
      PartnerMessage,
      { kind: 'seatState' | 'bindings' | 'yourBindings' | 'seatBusy' | 'seatFree' }
    >,
  ): void {
    const entry = this.#seats.get(message.seatId);
    if (entry === undefined) return;
    switch (message.kind) {
      case 'bindings': {
        entry.partnerBindings = message.bindings;
        this.#tellQueue(entry);
        break;
      }
      case 'yourBindings':
        if (entry.bindings.length > 0) break;
        entry.bindings = message.bindings;
        this.#keep(entry);
        this.#tellQueue(entry);
        break;
      case 'seatState':
        // A node that has just started does not know yet that its address is elsewhere.
        if (!this.#isOurs(entry) || message.generation > this.#generationOf(entry.home))
          this.#mirror(entry, message.state);
        break;
      case 'seatBusy':
        // Told before the partner knew that the call has come here.
        if (!this.#options.isOurCall(message.callId)) this.callBegan(message.seatId, message.callId, true);
        break;
      case 'seatFree':
        this.callEnded(message.seatId, message.callId, message.needsWrapUp);
    }
  }

  /** The partner has told all its calls: a seat is in no others of its. */
  forgetPartnerCalls(told: ReadonlySet<string>): void {
    for (const { seat, partnerCalls } of this.#seats.values())
      for (const callId of partnerCalls) {
        if (!told.has(callId)) this.callEnded(seat.id, callId, false);
      }
  }

  /** @param holder the node that has the service address of `home` now, and with it dispatches its seats */
  setHolder(home: string, holder: string, generation: number): void {
    this.#generations.set(home, generation);
    if (this.#holderOf(home) === holder) return;
    const { node, listener, log } = this.#options;
    log.warn({ home, holder }, 'its seats are dispatched by');
    this.#holders.set(home, holder);
    for (const entry of this.#seats.values()) {
      if (entry.home !== home) continue;
      if (holder === node) this.#tellQueue(entry);
      else {
        // Its next dispatcher goes on from here.
        listener.onTell(this.#stateOf(entry));
        for (const message of this.#tellOne(entry)) listener.onTell(message);
      }
    }
  }

  /** Of a partner that is silent and holds no address, no calls are left but those that were adopted. */
  #forgetCallsOfDead(): void {
    const { partner, isPartnerThere } = this.#options;
    const holdsAny = [...this.#seats.values()].some(({ home }) => this.#holderOf(home) === partner);
    if (!isPartnerThere() && !holdsAny) this.forgetPartnerCalls(new Set());
  }

  findByExtension(extension: string): TelephonySeat | undefined {
    return this.#byExtension.get(extension);
  }

  findSeat(seatId: string): TelephonySeat | undefined {
    return this.#seats.get(seatId)?.seat;
  }

  callTakerOf(seatId: string): string | undefined {
    return this.#seats.get(seatId)?.state.callTakerId;
  }

  /** SIP URIs: devices, and the flows of each. */
  devicesOf(seatId: string): readonly (readonly string[])[] {
    const entry = this.#seats.get(seatId);
    if (entry === undefined) return [];
    // A flow to this node is tried before one to the partner's.
    return planDevices([entry.bindings, entry.partnerBindings], this.#options.clock.wallMs());
  }

  /** States as the panel shows them. */
  list(): readonly (SeatFacts & { readonly extension: string })[] {
    return [...this.#seats.values()].map((entry) => ({
      ...this.#factsOf(entry),
      extension: entry.seat.extension,
    }));
  }

  /** @param seat of the user whose password was right */
  register(seat: TelephonySeat, request: RegisterRequest): RegisterAnswer {
    const entry = this.#seats.get(seat.id);
    if (entry === undefined) return { status: 404, contacts: [] };
    const { clock } = this.#options;
    const wasReachable = isReachable(entry, clock.wallMs());
    const { bindings, answer } = applyRegister(
      entry.bindings,
      request,
      clock.wallMs(),
      DEFAULT_REGISTRAR_RULES,
    );
    entry.bindings = bindings;
    if (wasReachable !== isReachable(entry, clock.wallMs())) this.#tellQueue(entry);
    this.#keep(entry);
    this.#options.listener.onTell({ kind: 'bindings', seatId: seat.id, bindings });
    return answer;
  }

  /** What a call-taker dialled, here or at the partner. Never rejects. */
  async command(seatId: string, command: FeatureCommand): Promise<CommandOutcome> {
    const entry = this.#seats.get(seatId);
    return entry !== undefined && this.#isOurs(entry) ? this.#command(entry, command) : 'notNow';
  }

  async #command(entry: SeatEntry, command: FeatureCommand): Promise<CommandOutcome> {
    if (command.kind === 'login') return this.#login(entry, command.callTakerId, command.pin);
    if (entry.state.callTakerId === undefined) return 'notLoggedIn';
    switch (command.kind) {
      case 'logout':
        this.#apply(entry, { kind: 'logout' });
        return 'loggedOut';
      case 'ready':
        this.#apply(entry, { kind: 'ready' });
        return 'readyOk';
      case 'notReady':
        this.#apply(entry, { kind: 'notReady', reason: command.reason });
        return 'notReadyOk';
      case 'disposition':
        this.#apply(entry, { kind: 'disposition', callId: entry.state.callId ?? '', code: command.code });
        return 'dispositionOk';
      case 'emergency':
        return 'notLoggedIn';
    }
  }

  /** It did not answer so often that the queue sets it to not ready. */
  setSilent(seatId: string): void {
    const entry = this.#seats.get(seatId);
    if (entry !== undefined) this.#apply(entry, { kind: 'notReady', reason: 'noAnswer' });
  }

  /** In a call, here or at the partner. */
  isBusy(seatId: string): boolean {
    const entry = this.#seats.get(seatId);
    return entry !== undefined && (entry.calls.size > 0 || entry.state.name === 'talking');
  }

  callBegan(seatId: string, callId: string, isPartners = false): void {
    const entry = this.#seats.get(seatId);
    if (entry === undefined) return;
    entry.calls.add(callId);
    if (isPartners) entry.partnerCalls.add(callId);
    else entry.partnerCalls.delete(callId);
    if (this.#isOurs(entry)) this.#apply(entry, { kind: 'callBegan', callId });
    else if (!isPartners) this.#options.listener.onTell({ kind: 'seatBusy', seatId, callId });
  }

  callEnded(seatId: string, callId: string, needsWrapUp: boolean): void {
    const entry = this.#seats.get(seatId);
    if (entry?.calls.delete(callId) !== true) return;
    const isPartners = entry.partnerCalls.delete(callId);
    if (!this.#isOurs(entry)) {
      if (!isPartners) this.#options.listener.onTell({ kind: 'seatFree', seatId, callId, needsWrapUp });
      return;
    }
    entry.needsWrapUp ||= needsWrapUp;
    const [goesOn] = entry.calls;
    if (goesOn !== undefined) {
      // A consultation, or the call that was transferred: the seat is not free in between.
      entry.state = { ...entry.state, callId: goesOn };
      return;
    }
    this.#apply(entry, {
      kind: 'callEnded',
      callId: entry.state.callId ?? callId,
      needsWrapUp: entry.needsWrapUp,
    });
    entry.needsWrapUp = false;
  }

  /** The call goes on at the partner, which tells of it: the seat is in it all the same. */
  callLeft(callId: string): void {
    for (const { calls, partnerCalls } of this.#seats.values()) {
      calls.delete(callId);
      partnerCalls.delete(callId);
    }
  }

  /** The call is over, whatever became of it: no seat is in it any more. */
  callClosed(callId: string): void {
    for (const { seat, calls } of this.#seats.values())
      if (calls.has(callId)) this.callEnded(seat.id, callId, false);
  }

  async #login(entry: SeatEntry, callTakerId: string, pin: string): Promise<CommandOutcome> {
    const { clock, log, telephony } = this.#options;
    const keys = [`person:${callTakerId}`, `seat:${entry.seat.id}`];
    const known = this.#callTakers.get(callTakerId);
    if (keys.some((key) => pinWaitMs(this.#attempts.get(key) ?? NO_ATTEMPTS, clock.wallMs()) > 0)) {
      log.warn({ seat: entry.seat.id, callTaker: callTakerId }, 'login is locked');
      return 'loginLocked';
    }
    const isRight = known !== undefined && (await isPinRight(pin, known.pinHash));
    for (const key of keys) {
      const before = this.#attempts.get(key) ?? NO_ATTEMPTS;
      this.#attempts.set(key, afterPin(before, isRight, clock.wallMs(), telephony.pinRules));
    }
    if (!isRight) {
      log.warn({ seat: entry.seat.id, callTaker: callTakerId }, 'wrong PIN');
      return 'loginWrong';
    }
    this.#leaveOtherSeats(entry, callTakerId);
    this.#apply(entry, { kind: 'login', callTakerId });
    return 'loginOk';
  }

  /** A person sits at one seat. */
  #leaveOtherSeats(entry: SeatEntry, callTakerId: string): void {
    for (const other of this.#seats.values())
      if (other !== entry && other.state.callTakerId === callTakerId && this.#isOurs(other))
        this.#apply(other, { kind: 'logout' });
  }

  /** Who has logged in at the partner since leaves his seat here. */
  #mirror(entry: SeatEntry, state: CallTakerState): void {
    const before = entry.state;
    entry.state = state;
    const { callTakerId } = state;
    if (callTakerId === undefined || callTakerId === before.callTakerId) return;
    const isOlder = [...this.#seats.values()].every(
      (other) => other.state.callTakerId !== callTakerId || other.state.sinceWallMs <= state.sinceWallMs,
    );
    if (isOlder) this.#leaveOtherSeats(entry, callTakerId);
  }

  #isOurs({ home }: SeatEntry): boolean {
    return this.#holderOf(home) === this.#options.node;
  }

  #holderOf(home: string): string {
    return this.#holders.get(home) ?? home;
  }

  #apply(entry: SeatEntry, event: CallTakerEvent): void {
    const { clock, telephony } = this.#options;
    const { wrapUpMs } = telephony;
    const { state, effects } = nextCallTakerState(entry.state, event, clock.wallMs(), { wrapUpMs });
    const hasChanged = entry.state !== state;
    entry.state = state;
    if (hasChanged) this.#keep(entry);
    for (const effect of effects) this.#run(entry, effect);
  }

  #run(entry: SeatEntry, effect: CallTakerEffect): void {
    const { listener, log } = this.#options;
    switch (effect.kind) {
      case 'seatChanged':
        log.info({ seat: entry.seat.id, state: effect.state, reason: effect.reason }, 'seat changed');
        this.#tellQueue(entry);
        break;
      case 'dispositionNoted':
        listener.onDisposition(effect.callId, effect.code);
        break;
      case 'dispositionMissing':
        listener.onDisposition(effect.callId, undefined);
        break;
      case 'ignored':
        log.debug({ seat: entry.seat.id, event: effect.event, why: effect.why }, 'nothing to do');
        break;
    }
  }

  #keep(entry: SeatEntry): void {
    const { seat, bindings, state } = entry;
    this.#options.listener.onKeep(seat.id, { bindings, state });
    if (this.#isOurs(entry)) this.#options.listener.onTell(this.#stateOf(entry));
  }

  #stateOf({ seat, state, home }: SeatEntry): PartnerMessage {
    return { kind: 'seatState', seatId: seat.id, state, generation: this.#generationOf(home) };
  }

  #generationOf(home: string): number {
    return this.#generations.get(home) ?? 0;
  }

  /** The partner's queue tells of its own. */
  #tellQueue(entry: SeatEntry): void {
    if (this.#isOurs(entry)) this.#options.listener.onSeat(this.#factsOf(entry));
  }

  #factsOf(entry: SeatEntry): SeatFacts {
    const { seat, state, home } = entry;
    const { clock } = this.#options;
    const person = state.callTakerId === undefined ? undefined : this.#callTakers.get(state.callTakerId);
    const departments = person?.departments.length ? person.departments : seat.departments;
    const skills = new Set([...seat.skills, ...(person?.skills ?? [])]);
    return {
      seatId: seat.id,
      callTakerId: state.callTakerId,
      state: state.name,
      reason: state.reason,
      departmentIds: departments,
      skills: Object.fromEntries([...skills].map((skill) => [skill, 1])),
      takesEmergencies: seat.takesEmergencies,
      isReachable: isReachable(entry, clock.wallMs()),
      dispatchNode: this.#holderOf(home),
    };
  }

  /** Wrap-ups end and registrations lapse by time alone. */
  async #watch(): Promise<void> {
    const { clock } = this.#options;
    while (!this.#isStopped) {
      await clock.sleep(LOOK_EVERY_MS);
      for (const entry of this.#seats.values()) this.#look(entry, clock.wallMs());
    }
  }

  #look(entry: SeatEntry, nowWallMs: number): void {
    if (entry.state.wrapUpUntilWallMs !== undefined && this.#isOurs(entry))
      this.#apply(entry, { kind: 'tick' });
    const { bindings, partnerBindings } = entry;
    entry.bindings = liveBindings(bindings, nowWallMs);
    entry.partnerBindings = liveBindings(partnerBindings, nowWallMs);
    const left = entry.bindings.length + entry.partnerBindings.length;
    if (left === bindings.length + partnerBindings.length) return;
    this.#options.log.info({ seat: entry.seat.id, left }, 'registration has lapsed');
    this.#tellQueue(entry);
  }
}

function isReachable({ bindings, partnerBindings }: SeatEntry, nowWallMs: number): boolean {
  return [bindings, partnerBindings].some((some) => liveBindings(some, nowWallMs).length > 0);
}
