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
}

export interface SeatBookOptions {
  readonly telephony: Telephony;
  /** The node that dispatches seats for which the document names none. */
  readonly node: string;
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
  | 'notLoggedIn';

interface SeatEntry {
  readonly seat: TelephonySeat;
  bindings: readonly Binding[];
  state: CallTakerState;
  /** Calls that the seat is in, whoever began them. */
  readonly calls: Set<string>;
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

  constructor(options: SeatBookOptions) {
    this.#options = options;
    const { telephony, clock } = options;
    this.#seats = new Map(
      telephony.seats.map((seat) => {
        const state = openSeat(seat.id, clock.wallMs());
        return [seat.id, { seat, bindings: [], state, calls: new Set<string>(), needsWrapUp: false }];
      }),
    );
    this.#byExtension = new Map(telephony.seats.map((seat) => [seat.extension, seat]));
    this.#callTakers = new Map(telephony.callTakers.map((one) => [one.id, one]));
  }

  start(): void {
    for (const entry of this.#seats.values()) this.#tell(entry);
    void this.#watch();
  }

  stop(): void {
    this.#isStopped = true;
  }

  /** As the process before has left it. Its calls are not ours: whoever was in one is free. */
  restore(seatId: string, { bindings, state }: KeptSeat): void {
    const entry = this.#seats.get(seatId);
    if (entry === undefined || state.seatId !== seatId) return;
    entry.bindings = bindings;
    entry.state = state;
    const { callId, name } = state;
    if (callId !== undefined && name === 'talking')
      this.#apply(entry, { kind: 'callEnded', callId, needsWrapUp: false });
    this.#tell(entry);
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
    return planDevices(this.#seats.get(seatId)?.bindings ?? [], this.#options.clock.wallMs());
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
    if (wasReachable !== isReachable(entry, clock.wallMs())) this.#tell(entry);
    this.#keep(entry);
    return answer;
  }

  /** What a call-taker dialled. Never rejects. */
  async command(seatId: string, command: FeatureCommand): Promise<CommandOutcome> {
    const entry = this.#seats.get(seatId);
    if (entry === undefined) return 'notLoggedIn';
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

  callBegan(seatId: string, callId: string): void {
    const entry = this.#seats.get(seatId);
    if (entry === undefined) return;
    entry.calls.add(callId);
    this.#apply(entry, { kind: 'callBegan', callId });
  }

  callEnded(seatId: string, callId: string, needsWrapUp: boolean): void {
    const entry = this.#seats.get(seatId);
    if (entry?.calls.delete(callId) !== true) return;
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
    // A person sits at one seat.
    for (const other of this.#seats.values())
      if (other !== entry && other.state.callTakerId === callTakerId) this.#apply(other, { kind: 'logout' });
    this.#apply(entry, { kind: 'login', callTakerId });
    return 'loginOk';
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
        this.#tell(entry);
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

  #keep({ seat, bindings, state }: SeatEntry): void {
    this.#options.listener.onKeep(seat.id, { bindings, state });
  }

  #tell(entry: SeatEntry): void {
    this.#options.listener.onSeat(this.#factsOf(entry));
  }

  #factsOf({ seat, state, bindings }: SeatEntry): SeatFacts {
    const { clock, node } = this.#options;
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
      isReachable: liveBindings(bindings, clock.wallMs()).length > 0,
      dispatchNode: seat.dispatchNode ?? node,
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
    if (entry.state.wrapUpUntilWallMs !== undefined) this.#apply(entry, { kind: 'tick' });
    if (entry.bindings.length === 0) return;
    const live = liveBindings(entry.bindings, nowWallMs);
    if (live.length === entry.bindings.length) return;
    entry.bindings = live;
    this.#options.log.info({ seat: entry.seat.id, left: live.length }, 'registration has lapsed');
    this.#tell(entry);
  }
}

function isReachable({ bindings }: SeatEntry, nowWallMs: number): boolean {
  return liveBindings(bindings, nowWallMs).length > 0;
}
