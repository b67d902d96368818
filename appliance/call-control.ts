/**
 * All calls of this node: who calls is found out, routed, and handed to its own machine; queues, seats, keys and
 * triggers find their call here. One call that goes wrong is ended; the others do not notice.
 */
import type { Clock } from '../cluster/base/clock.js';
import type { Log } from '../cluster/base/log.js';
import type { Rng } from '../cluster/base/rng.js';
import type { LiveFactsPort } from '../cluster/live-state/live-facts-port.js';
import type { Telephony } from '../firmware-config/schema/telephony.js';
import type {
  CallEvent,
  CallState,
  CallStep,
  EndReason,
  Leg,
  Party,
  Place,
  Target,
} from './call/call-types.js';
import type { FeatureCommand } from './call/feature-codes.js';
import type { MediaEvent, MediaPort, MediaStatistics } from './call/media-port.js';
import { adoptCall } from './call/adopt-call.js';
import { callerLegId, openCall } from './call/next-call-state.js';
import type {
  Credentials,
  IncomingCall,
  LegEvent,
  Referral,
  RegisterAnswer,
  RegisterRequest,
  SignallingListener,
  SignallingPort,
} from './call/signalling-port.js';
import { CallbackDesk, type CallbackNote } from './callback-desk.js';
import { Dispatcher } from './dispatcher.js';
import { LoadWatch } from './load-watch.js';
import { localTimeOf } from './local-time.js';
import { obeyCommand } from './obey-command.js';
import { NO_LINK, Partner, type PartnerLink } from './partner.js';
import type { PartnerMessage } from './partner-messages.js';
import { Peers, type Peer } from './peers.js';
import { planRoute, planTransfer, type RoutePlan, type RouteQuestion } from './plan-route.js';
import type { PromptFiles } from './prompt-files.js';
import type { DispatchSettings } from './queue/dispatch-settings.js';
import type { QueueEntry } from './queue/queue-entry.js';
import type { DispatchEffect } from './queue/dispatch-types.js';
import type { TriggerDecision, TriggerInput } from './routing/decide-trigger.js';
import type { RoutingDocument } from './routing/routing-document.js';
import { RouteFinder, type ServiceAddresses } from './route-finder.js';
import { RunningCall, type CallHouse } from './running-call.js';
import { SeatBook } from './seat-book.js';
import { TestCalls, type TonePartyPort } from './test-calls.js';
import { Triggers } from './triggers.js';
import { TrunkRegistrar } from './trunk-registrar.js';
import { TrunkWatch } from './trunk-watch.js';
import { Watchers } from './watchers.js';
import { ServiceCall } from './service-call.js';
import { isHold } from './media/sdp.js';

/** What others want to know of calls: live state, records, the panel. Nothing here is waited for. */
export interface CallObserver {
  onState(state: CallState): void;
  onStep(state: CallState, step: CallStep): void;
  onClosed(state: CallState, reason: EndReason, statistics: MediaStatistics | undefined): void;
  /** The call goes on elsewhere. */
  onLetGo(callId: string): void;
  onTrigger(callId: string, input: TriggerInput, decision: TriggerDecision, outcome: string): void;
  onUndone(callId: string): void;
  onDisposition(callId: string, code: string | undefined): void;
  onCallback(record: CallbackNote): void;
}

export interface CallControlOptions {
  readonly node: string;
  /** Undefined: this node is alone. */
  readonly partner?: { readonly id: string; readonly link: PartnerLink };
  /** Of the pair. */
  readonly serviceAddresses: ServiceAddresses;
  readonly telephony: Telephony;
  readonly routing: RoutingDocument;
  readonly dispatch: DispatchSettings;
  readonly media: MediaPort;
  readonly signalling: SignallingPort;
  readonly prompts: PromptFiles;
  readonly observer: CallObserver;
  readonly facts: Pick<LiveFactsPort, 'put' | 'remove'>;
  readonly nextCallId: () => string;
  readonly sipPort: number;
  /** Of trunks that ask for a password. */
  readonly credentialsOf: (trunkId: string) => Credentials | undefined;
  /** Of test calls. */
  readonly openToneParty: (hz: number) => Promise<TonePartyPort>;
  readonly clock: Clock;
  readonly rng: Rng;
  readonly log: Log;
}

/** The engine gives an INVITE that nobody has answered to the next process at once. */
const INVITE_BACK_MS_MAX = 3000;
/** Of a takeover, in which an emergency is not left to wait for its history. */
const FACTS_MS_MAX = 500;
/** Phones answer a re-INVITE in milliseconds; all at once would be a storm (continuity rule 17). */
const REKEYED_AT_ONCE = 10;
const REKEY_EVERY_MS = 10;
/** Far above the time in which the partner reads what it takes over. */
const LEFT_MS = 5000;

export class CallControl implements SignallingListener, CallHouse {
  readonly #options: CallControlOptions;
  readonly #calls = new Map<string, RunningCall>();
  /** By leg id. */
  readonly #legs = new Map<string, RunningCall>();
  readonly #services = new Map<string, ServiceCall>();
  readonly #peers: Peers;
  readonly #routes: RouteFinder;
  readonly seats: SeatBook;
  readonly #dispatcher: Dispatcher;
  readonly partner: Partner;
  readonly callbacks: CallbackDesk;
  readonly triggers: Triggers;
  readonly tests: TestCalls;
  readonly trunks: TrunkWatch;
  readonly registrar: TrunkRegistrar;
  readonly load: LoadWatch;
  readonly watchers: Watchers;
  #routing: RoutingDocument;
  /** Adopted calls whose dialogs are not known yet. */
  readonly #expected = new Set<string>();
  /** Adopted calls whose unanswered INVITE has to come again. */
  readonly #awaited = new Set<string>();
  /** Calls of ours of which the partner was told that their INVITE has no answer. */
  readonly #unanswered = new Set<string>();
  /** Unanswered calls of the partner whose INVITE has come here before anything else was known of them. */
  readonly #early = new Set<string>();
  /** Places in the queue of adopted calls that have not taken them up. */
  readonly #places = new Map<string, QueueEntry>();
  /** Let go, and perhaps not read by the partner yet. */
  readonly #leaving = new Set<string>();
  #opened = 0;
  #isDraining = false;
  #hasBeenConnected = false;

  constructor(options: CallControlOptions) {
    this.#options = options;
    const { node, telephony, dispatch, clock, log, observer } = options;
    this.#routing = options.routing;
    this.#peers = new Peers(telephony);
    this.#dispatcher = new Dispatcher({
      ...{ node, settings: dispatch, clock, log },
      facts: {
        put: (...fact) => {
          options.facts.put(...fact);
        },
        remove: (kind, id) => {
          if (!this.#leaving.has(id)) options.facts.remove(kind, id);
        },
      },
      onTell: (message) => {
        this.partner.tell(message);
      },
      onEffect: (effect) => {
        this.#onDispatch(effect);
      },
    });
    this.seats = new SeatBook({
      ...{ telephony, node, clock, log, partner: options.partner?.id },
      isPartnerThere: () => this.partner.isUp,
      isOurCall: (callId) => this.#calls.has(callId),
      listener: {
        onTell: (message) => {
          this.partner.tell(message);
        },
        onSeat: (seat) => {
          this.#dispatcher.apply({ kind: 'seatChanged', seat });
          this.watchers.look();
        },
        onKeep: (seatId, kept) => {
          options.facts.put('seat', seatId, kept);
        },
        onDisposition: (callId, code) => {
          observer.onDisposition(callId, code);
        },
      },
    });
    this.tests = this.#openTests(options);
    this.partner = new Partner({
      tests: this.tests,
      ...{ link: options.partner?.link ?? NO_LINK, queue: this.#dispatcher, seats: this.seats, clock, log },
      ownCalls: () => this.#tellOwnCalls(),
      onCommand: (seatId, command) => this.#obey(seatId, command),
    });
    this.#routes = new RouteFinder(
      ...([telephony, this.seats, options.serviceAddresses, options.credentialsOf] as const),
    );
    this.registrar = new TrunkRegistrar({
      ...{ trunks: telephony.trunks, addresses: options.serviceAddresses, sipPort: options.sipPort },
      ...{ credentialsOf: options.credentialsOf, signalling: options.signalling, clock, log },
      newCallId: () => `${Buffer.from(options.rng.bytes(12)).toString('hex')}@${node}`,
    });
    this.callbacks = this.#openCallbacks(options);
    this.triggers = this.#openTriggers(options);
    this.watchers = this.#openWatchers(options);
    this.load = new LoadWatch(clock);
    this.trunks = new TrunkWatch({
      ...{ trunks: telephony.trunks, signalling: options.signalling, clock, log },
    });
  }

  #tellOwnCalls(): readonly PartnerMessage[] {
    const unanswered = this.calls.filter(({ caller }) => !caller.isAnswered);
    return [
      { kind: 'drained', isDrained: this.#isDraining },
      ...unanswered.map(({ callId, sipCallId }) => ({ kind: 'unanswered', callId, sipCallId }) as const),
    ];
  }

  #openWatchers({ signalling, telephony, clock }: CallControlOptions): Watchers {
    const departmentsOf = (seatId: string): readonly string[] =>
      telephony.seats.find(({ id }) => id === seatId)?.departments ?? [];
    return new Watchers({
      ...{ signalling, clock },
      findSeat: (extension) => this.seats.findByExtension(extension)?.id,
      calls: () => this.calls,
      isBusyElsewhere: (seatId) => this.seats.isBusy(seatId),
      callbacksFor: (seatId) => {
        const departments = departmentsOf(seatId);
        const waiting = Object.values(this.queue.entries).filter(({ callback }) => callback !== undefined);
        return waiting.filter(({ departmentId }) => departments.includes(departmentId)).length;
      },
    });
  }

  #openTriggers({ observer, log }: CallControlOptions): Triggers {
    return new Triggers({
      ...{ observer, log, callbacks: this.callbacks },
      routing: () => this.#routing,
      running: () => this.#calls,
      isExpected: (callId) => this.#expected.has(callId),
    });
  }

  #openCallbacks({
    node,
    media,
    signalling,
    nextCallId,
    clock,
    log,
    ...options
  }: CallControlOptions): CallbackDesk {
    return new CallbackDesk({
      ...{ node, queue: this.#dispatcher, clock, log, nextCallId },
      ...{ media, signalling },
      findRoute: (target, state) => this.#routes.find(target, state),
      newMediaCallId: (callId) => this.#newMediaCallId(callId),
      open: (state) => {
        this.#callBack(state);
      },
      onRecord: (record) => {
        options.observer.onCallback(record);
      },
    });
  }

  #openTests({ telephony, media, signalling, ...options }: CallControlOptions): TestCalls {
    const { node, serviceAddresses, nextCallId, openToneParty: openParty, clock, log } = options;
    return new TestCalls({
      ...{ telephony, media, signalling, openParty, nextCallId, clock, log },
      routing: () => this.#routing,
      localAddress: () => serviceAddresses.get(node),
      newMediaCallId: (callId) => this.#newMediaCallId(callId),
      tellPartner: (message) => {
        this.partner.tell(message);
      },
      onStranger: (incoming, peer, isAnswered) => {
        if (isAnswered) this.#takeIn(incoming, peer);
        else this.#routeFrom(incoming, peer);
      },
    });
  }

  start(): void {
    this.seats.start();
    this.load.start();
  }

  stop(): void {
    this.seats.stop();
    this.trunks.stop();
    this.registrar.stop();
    this.load.stop();
    this.watchers.stop();
    this.#dispatcher.stop();
  }

  get hasPartner(): boolean {
    return this.#options.partner !== undefined;
  }

  get calls(): readonly CallState[] {
    return [...this.#calls.values()].map(({ state }) => state);
  }

  /** Since the start. */
  get opened(): number {
    return this.#opened;
  }

  get queue(): Dispatcher['state'] {
    return this.#dispatcher.state;
  }

  get isDraining(): boolean {
    return this.#isDraining;
  }

  /**
   * No new calls here but emergencies: 503 sends a carrier or a phone to the other address (RFC 3261 21.5.4). Those that
   * are here go on. Outlives this process, not the boot. While the partner is away or drained itself, nobody else
   * would take them: then they are taken here.
   */
  drain(isDraining: boolean): void {
    const { facts, node, log } = this.#options;
    if (this.#isDraining !== isDraining)
      log.warn({}, isDraining ? 'drained: no new calls but emergencies' : 'takes new calls again');
    this.#isDraining = isDraining;
    this.partner.tell({ kind: 'drained', isDrained: isDraining });
    if (isDraining) facts.put('drain', node, {});
    else facts.remove('drain', node);
  }

  /** Another document counts from the next call on. */
  get routing(): RoutingDocument {
    return this.#routing;
  }

  /** Whoever waits keeps place and clock, also when his department is not there any more. */
  setRouting(routing: RoutingDocument, dispatch: DispatchSettings): void {
    this.#routing = routing;
    this.#dispatcher.apply({ kind: 'settingsChanged', settings: dispatch });
  }

  // From SIP

  callIdFor(sipCallId: string): string {
    for (const callId of this.#awaited)
      if (this.#calls.get(callId)?.state.sipCallId === sipCallId) return callId;
    return this.partner.findUnanswered(sipCallId) ?? this.#options.nextCallId();
  }

  /**
   * Calls of a process that is gone, before SIP is asked what is left of them: from now on their unanswered INVITEs are
   * known when they come again.
   * @param entries places in the queue, by call id
   */
  expect(states: readonly CallState[], entries: ReadonlyMap<string, QueueEntry>): void {
    const { clock, media, signalling, prompts, log } = this.#options;
    for (const state of states) {
      const { callId, caller, other, joining } = state;
      if (this.#calls.has(callId)) continue;
      const call = new RunningCall(state, { media, signalling, house: this, prompts, clock, log });
      this.#calls.set(callId, call);
      for (const leg of [caller, other, joining?.leg]) if (leg !== undefined) this.#legs.set(leg.legId, call);
      const entry = entries.get(callId);
      if (entry !== undefined) this.#places.set(callId, entry);
      if (caller.isAnswered) this.#expected.add(callId);
      else this.#await(call);
    }
    for (const entry of entries.values()) this.callbacks.restore(entry);
  }

  /** Somebody waits to be called back in this place, is talking, or has been served since this process began. */
  knowsPlace(entryId: string): boolean {
    const isCalled = this.calls.some(({ callback }) => callback?.entryId === entryId);
    return isCalled || entryId in this.queue.entries || this.callbacks.hasRecorded(entryId);
  }

  /** Legs that must be there before what is expected can go on. */
  get expectedLegs(): readonly string[] {
    return [...this.#expected].flatMap((callId) => {
      const state = this.#calls.get(callId)?.state;
      const legs = [state?.caller, state?.other, state?.joining?.leg];
      return legs.flatMap((leg) => (leg?.isAnswered === true ? [leg.legId] : []));
    });
  }

  /** Goes on with what was expected. @param alive legs that SIP has; the others have hung up */
  goOn(alive: ReadonlySet<string>): void {
    const { clock, signalling } = this.#options;
    for (const callId of this.#expected) {
      const call = this.#calls.get(callId);
      call?.goOn(adoptCall(call.state, alive, clock.wallMs()));
    }
    this.#expected.clear();
    for (const legId of alive) if (!this.#legs.has(legId)) signalling.end(legId);
  }

  /**
   * The address has gone to the partner, and its calls with it: nothing is ended and no record is closed. What stands in
   * live state of them stays until the partner has read it, and so does the relay's copy.
   */
  letGo(home: string): void {
    const { signalling, observer, facts, log } = this.#options;
    const going = [...this.#calls.values()].filter(({ state }) => state.home === home);
    for (const call of going) {
      const { callId } = call.state;
      this.#leaving.add(callId);
      for (const legId of call.letGo()) {
        signalling.forget(legId);
        this.#legs.delete(legId);
      }
      this.#calls.delete(callId);
      this.leaveQueue(callId, 'elsewhere');
      this.seats.callLeft(callId);
      observer.onLetGo(callId);
    }
    this.callbacks.letGo(home, (entryId) => {
      this.#leaving.add(entryId);
      this.#options.clock.schedule(LEFT_MS, () => {
        this.#leaving.delete(entryId);
        if (this.queue.entries[entryId]?.mediaNode !== this.#options.node)
          facts.remove('queueEntry', entryId);
      });
    });
    // It may have told of them while they were still ours here.
    this.partner.tell({ kind: 'again' });
    if (going.length === 0) return;
    log.info({ home, calls: going.length }, 'calls go on at the partner');
    this.#options.clock.schedule(LEFT_MS, () => {
      for (const { state } of going) this.#forgetLeft(state);
    });
  }

  #forgetLeft({ callId, mediaCallId }: CallState): void {
    const { facts, media, log } = this.#options;
    this.#leaving.delete(callId);
    // It may have come back meanwhile.
    if (this.#calls.has(callId)) return;
    for (const kind of ['call', 'queueEntry'] as const) facts.remove(kind, callId);
    media.close(mediaCallId).catch((error: unknown) => {
      log.debug({ err: error, call: callId }, 'the relay has no copy of the call');
    });
  }

  /** @param mediaCallIds that another relay, or another process, had before; emergencies first, then the oldest */
  async rekey(mediaCallIds: ReadonlySet<string>): Promise<void> {
    const { clock } = this.#options;
    const calls = [...this.#calls.values()].filter(({ state }) => mediaCallIds.has(state.mediaCallId));
    calls.sort((a, b) => urgencyOf(a.state) - urgencyOf(b.state));
    for (const [index, call] of calls.entries()) {
      if (index % REKEYED_AT_ONCE === REKEYED_AT_ONCE - 1) await clock.sleep(REKEY_EVERY_MS);
      void call.rekey(this.#newMediaCallId(call.state.callId));
    }
  }

  #newMediaCallId(callId: string): string {
    return `${callId}-${Buffer.from(this.#options.rng.bytes(8)).toString('hex')}`;
  }

  #await(call: RunningCall): void {
    const { clock } = this.#options;
    const { callId, caller } = call.state;
    call.goOn(adoptCall(call.state, new Set(), clock.wallMs()));
    if (this.#early.delete(callId)) {
      call.apply({ kind: 'callerBack' });
      return;
    }
    this.#awaited.add(callId);
    clock.schedule(INVITE_BACK_MS_MAX, () => {
      if (this.#awaited.delete(callId)) call.apply({ kind: 'legEnded', legId: caller.legId });
    });
  }

  onEngine(isConnected: boolean): void {
    this.#options.log.info({ isConnected }, 'SIP engine');
    if (isConnected && !this.#hasBeenConnected) this.trunks.start();
    this.#hasBeenConnected ||= isConnected;
  }

  onSubscribe({ user, target, event }: Parameters<SignallingListener['onSubscribe']>[0]): number {
    return this.#peers.findSeat(user) === undefined ? 403 : this.watchers.statusOf(target, event);
  }

  onSubscribed(subscriptionId: string, target: string, event: string): void {
    this.watchers.add(subscriptionId, target, event);
  }

  onRefreshed(subscriptionId: string): void {
    this.watchers.refresh(subscriptionId);
  }

  onUnsubscribed(subscriptionId: string): void {
    this.watchers.remove(subscriptionId);
  }

  onRegister(request: RegisterRequest): RegisterAnswer {
    const seat = this.#peers.findSeat(request.user);
    return seat === undefined ? { status: 404, contacts: [] } : this.seats.register(seat, request);
  }

  onIncoming(incoming: IncomingCall): void {
    if (this.#awaited.delete(incoming.callId)) {
      this.#calls.get(incoming.callId)?.apply({ kind: 'callerBack' });
      return;
    }
    if (this.partner.findUnanswered(incoming.sipCallId) === incoming.callId) this.#keepEarly(incoming);
    else this.#route(incoming);
  }

  /** The partner's INVITE is here before its facts are read; without them it is a call like any other. */
  #keepEarly(incoming: IncomingCall): void {
    this.#early.add(incoming.callId);
    this.#options.clock.schedule(FACTS_MS_MAX, () => {
      if (this.#early.delete(incoming.callId)) this.#route(incoming);
    });
  }

  #route(received: IncomingCall): void {
    const { log, signalling } = this.#options;
    const { legId, source, user } = received;
    const peer = this.#peers.find(source, user);
    const incoming = { ...received, dialled: dialledOf(received, peer) };
    const { dialled } = incoming;
    if (peer === undefined) {
      log.warn({ address: source.address, dialled }, 'nobody we know calls');
      signalling.refuse(legId, 403);
      return;
    }
    if (!this.tests.claims(incoming, peer)) this.#routeFrom(incoming, peer);
  }

  #routeFrom(incoming: IncomingCall, peer: Peer): void {
    const { log, signalling } = this.#options;
    const { legId, dialled } = incoming;
    const plan = planRoute(peer.kind, this.#question(dialled, incoming.claimedNumber));
    if (plan.kind === 'command') this.#serve(incoming, peer, plan);
    else if (incoming.sdp === '') signalling.refuse(legId, 488);
    else if (plan.kind === 'refuse') {
      log.info({ leg: legId, dialled, reason: plan.reason.key }, 'call refused');
      signalling.refuse(legId, plan.status);
    } else this.#open(incoming, peer, plan);
  }

  onLeg(event: LegEvent): void {
    const service = this.#services.get(event.legId);
    if (service !== undefined) {
      if (event.kind === 'ended') service.ended();
      return;
    }
    if (this.callbacks.onLeg(event) || this.tests.onLeg(event)) return;
    const call = this.#legs.get(event.legId);
    if (call === undefined) {
      this.#options.log.debug({ leg: event.legId, event: event.kind }, 'a leg that nobody knows');
      return;
    }
    if (event.kind === 'key') this.triggers.onKey(call, event.legId, event.key);
    else call.apply(eventOfLeg(event));
  }

  async onRenegotiation(legId: string, sdp: string): Promise<{ sdp: string } | { status: number }> {
    const call = this.#legs.get(legId);
    if (call === undefined) return { status: 481 };
    try {
      return { sdp: await call.renew(legId, sdp, isHold(sdp)) };
    } catch (error) {
      this.#options.log.warn({ err: error, leg: legId }, 'new media refused');
      return { status: 488 };
    }
  }

  onReferral(legId: string, { number, replacedLegId }: Referral): number {
    const call = this.#legs.get(legId);
    if (call === undefined) return 481;
    if (replacedLegId !== undefined) return this.#mergeCalls(call, legId, replacedLegId);
    const plan = planTransfer(this.#question(number, ''));
    if (plan.kind === 'queue') {
      const place = { ...plan.place, arrivedWallMs: call.state.openedWallMs };
      call.apply({ kind: 'transferAsked', legId, isReferred: true, to: { kind: 'queue', place } });
    } else if (plan.kind === 'dial')
      call.apply({ kind: 'transferAsked', legId, isReferred: true, to: this.#inOrder(plan.target) });
    else return plan.kind === 'refuse' ? plan.status : 480;
    return 202;
  }

  // From the relay

  onMedia(event: MediaEvent): void {
    const { log } = this.#options;
    if (event.kind === 'reachable') log.info({ isReachable: event.isReachable }, 'rtpengine');
    else if (event.kind === 'dtmf') {
      const call = this.#legs.get(event.leg.legTag);
      if (call !== undefined) this.triggers.onKey(call, event.leg.legTag, event.key);
    } else if (event.kind === 'returned') void this.rekey(new Set(event.mediaCallIds));
    else {
      const call = [...this.#calls.values()].find(({ state }) => state.mediaCallId === event.mediaCallId);
      call?.apply({ kind: 'mediaLost' });
    }
  }

  // What calls ask of the house

  findRoute(target: Target, state: CallState): ReturnType<RouteFinder['find']> {
    return this.#routes.find(target, state);
  }

  enqueue(callId: string, place: Place): void {
    const { departmentId, priority, skills, arrivedWallMs, trigger } = place;
    const mediaNode = this.#options.node;
    const known = this.#places.get(callId);
    if (this.#places.delete(callId) && known !== undefined) {
      this.#dispatcher.apply({ kind: 'entryRestored', entry: { ...known, mediaNode } });
      return;
    }
    const entry = { callId, departmentId, priority, skills, arrivedWallMs, mediaNode };
    this.#dispatcher.apply({ kind: 'entryArrived', entry, ...(trigger === undefined ? {} : { trigger }) });
  }

  leaveQueue(callId: string, why: 'abandoned' | 'elsewhere'): void {
    this.#dispatcher.apply({ kind: 'entryLeft', callId, why });
  }

  moveInQueue(callId: string, { departmentId, priority, skills }: Place): void {
    this.#dispatcher.apply({ kind: 'entryMoved', callId, departmentId, priority, skills });
  }

  keepPlace(state: CallState, place: Place, reason: 'asked'): void {
    this.callbacks.keep(state, place, reason);
  }

  raiseEmergency(callId: string, trigger: string): void {
    this.#dispatcher.apply({ kind: 'emergencyRaised', callId, trigger });
  }

  undoEmergency(callId: string): void {
    this.#dispatcher.apply({ kind: 'emergencyUndone', callId });
  }

  claimOffer(offerId: string, seatId: string): void {
    this.#dispatcher.apply({ kind: 'offerAccepted', offerId, seatId });
  }

  refuseOffer(offerId: string, seatId: string): void {
    this.#dispatcher.apply({ kind: 'offerRefused', offerId, seatId });
  }

  seatBusy(seatId: string, callId: string): void {
    this.seats.callBegan(seatId, callId);
  }

  seatFree(seatId: string, callId: string, needsWrapUp: boolean): void {
    this.seats.callEnded(seatId, callId, needsWrapUp);
  }

  ownLeg(legId: string, call: RunningCall): void {
    this.#legs.set(legId, call);
  }

  onState(state: CallState): void {
    if (state.name !== 'ended') this.#options.facts.put('call', state.callId, state);
    this.#tellAnswer(state);
    this.watchers.look();
    this.#options.observer.onState(state);
  }

  #tellAnswer({ callId, sipCallId, caller, name }: CallState): void {
    const isUnanswered = !caller.isAnswered && name !== 'ended';
    if (isUnanswered === this.#unanswered.has(callId)) return;
    if (isUnanswered) this.#unanswered.add(callId);
    else this.#unanswered.delete(callId);
    this.partner.tell(
      isUnanswered ? { kind: 'unanswered', callId, sipCallId } : { kind: 'answered', callId },
    );
  }

  onStep(state: CallState, step: CallStep): void {
    this.#options.observer.onStep(state, step);
  }

  onClosed(state: CallState, reason: EndReason, statistics: MediaStatistics | undefined): void {
    this.#calls.delete(state.callId);
    this.watchers.look();
    this.#places.delete(state.callId);
    this.#options.facts.remove('call', state.callId);
    for (const [legId, call] of this.#legs) if (call.state.callId === state.callId) this.#legs.delete(legId);
    this.seats.callClosed(state.callId);
    const { answeredWallMs, departmentId } = state;
    if (answeredWallMs !== undefined && departmentId !== undefined) {
      const durationMs = this.#options.clock.wallMs() - answeredWallMs;
      this.#dispatcher.apply({ kind: 'callHandled', departmentId, durationMs });
    }
    this.#options.observer.onClosed(state, reason, statistics);
    this.callbacks.callClosed(state);
  }

  #question(dialled: string, callerNumber: string): RouteQuestion {
    const { telephony, clock } = this.#options;
    const nowWallMs = clock.wallMs();
    return {
      ...{ telephony, routing: this.#routing, dialled, callerNumber, nowWallMs, at: localTimeOf(nowWallMs) },
      findByExtension: (extension) => this.seats.findByExtension(extension),
    };
  }

  #open(
    incoming: IncomingCall,
    peer: Peer,
    plan: Extract<RoutePlan, { kind: 'queue' | 'dial' | 'closed' }>,
  ): void {
    const { signalling, log } = this.#options;
    const { callId, legId } = incoming;
    const isEmergency = plan.kind === 'queue' && plan.place.trigger !== undefined;
    const why = this.#whyElsewhere();
    if (!isEmergency && why !== undefined) {
      log.info({ leg: legId, why }, 'call sent elsewhere');
      signalling.refuse(legId, 503);
      return;
    }
    if (peer.kind === 'trunk' && !isEmergency && this.#isFull(peer.trunk.id, peer.trunk.callsMax)) {
      log.warn({ trunk: peer.trunk.id }, 'trunk has as many calls as it may');
      signalling.refuse(legId, 503);
      return;
    }
    const call = this.#start(this.#prepare(incoming, peer, plan));
    this.#legs.set(callerLegId(callId), call);
    call.apply(
      plan.kind === 'dial' ? { kind: 'dialled', target: this.#inOrder(plan.target) } : firstEventOf(plan),
    );
  }

  #whyElsewhere(): string | undefined {
    if (this.#isDraining && (this.partner.takesCalls || !this.hasPartner)) return 'the node is drained';
    if (this.#options.media.isHung) return 'the relay does not answer';
    return this.load.isOverloaded ? 'there are more calls than can be served' : undefined;
  }

  #prepare(
    { callId, sipCallId, sdp, claimedNumber, dialled, localAddress }: IncomingCall,
    peer: Peer,
    plan: RoutePlan,
  ): CallState {
    const party: Party =
      peer.kind === 'seat'
        ? { kind: 'seat', seatId: peer.seat.id }
        : { kind: 'trunk', trunkId: peer.trunk.id, number: claimedNumber };
    const direction =
      peer.kind === 'trunk' ? 'inbound' : plan.kind === 'dial' && plan.isOutbound ? 'outbound' : 'internal';
    const home = this.#homeOf(localAddress);
    const mediaCallId = this.#newMediaCallId(callId);
    const call = { callId, sipCallId, home, direction, mediaCallId, party, sdp, dialled } as const;
    return openCall(call, this.#options.clock.wallMs());
  }

  /** Answered already, as a test call, and is none. */
  #takeIn(incoming: IncomingCall, peer: Peer): void {
    const { dialled, claimedNumber, callId, legId } = incoming;
    const plan = planRoute(peer.kind, this.#question(dialled, claimedNumber));
    if (plan.kind !== 'queue') {
      this.#options.signalling.end(legId);
      return;
    }
    const state = this.#prepare(incoming, peer, plan);
    const call = this.#start({ ...state, caller: { ...state.caller, isAnswered: true } });
    this.#legs.set(callerLegId(callId), call);
    call.apply(firstEventOf(plan));
    // The relay had the leg in a call of its own.
    call.apply({ kind: 'mediaLost' });
  }

  /** A call-taker is on the line already. */
  #callBack(state: CallState): void {
    const { callId, caller, callback } = state;
    if (callback === undefined) return;
    const call = this.#start(state);
    this.#legs.set(caller.legId, call);
    const { trunkId, number } = callback;
    const backups = this.#options.telephony.trunks.filter(({ backupFor }) => backupFor === trunkId);
    const trunkIds = [trunkId, ...backups.map(({ id }) => id)];
    this.#options.log.info({ call: callId, of: callback.ofCallId, attempt: callback.attempts }, 'calls back');
    call.apply({ kind: 'dialled', target: this.#inOrder({ kind: 'trunk', trunkIds, number }) });
  }

  #start(state: CallState): RunningCall {
    const { signalling, media, prompts, clock, log } = this.#options;
    const call = new RunningCall(state, { media, signalling, house: this, prompts, clock, log });
    this.#calls.set(state.callId, call);
    this.#opened += 1;
    return call;
  }

  #homeOf(address: string): string {
    const { serviceAddresses, node } = this.#options;
    for (const [home, one] of serviceAddresses) if (one === address) return home;
    return node;
  }

  /** Trunks that are down are tried last. */
  #inOrder(target: Target): Target {
    return target.kind === 'seat' ? target : { ...target, trunkIds: this.trunks.inOrder(target.trunkIds) };
  }

  #isFull(trunkId: string, callsMax: number): boolean {
    let count = 0;
    for (const { state } of this.#calls.values())
      for (const leg of [state.caller, state.other])
        if (leg?.party.kind === 'trunk' && leg.party.trunkId === trunkId) count += 1;
    return count >= callsMax;
  }

  #serve(incoming: IncomingCall, peer: Peer, { command }: Extract<RoutePlan, { kind: 'command' }>): void {
    const { signalling, media, prompts, clock, rng, log } = this.#options;
    const { legId } = incoming;
    if (peer.kind !== 'seat') {
      signalling.refuse(legId, 404);
      return;
    }
    const service = new ServiceCall({
      ...{ incoming, media, signalling, prompts, clock, rng, log },
      onEnd: () => {
        this.#services.delete(legId);
      },
    });
    this.#services.set(legId, service);
    const seatId = peer.seat.id;
    const outcome = obeyCommand({
      here: () => this.#obey(seatId, command),
      atPartner: () => this.partner.command(seatId, command),
      clock,
    });
    void service.run(outcome);
  }

  /** What was dialled here or at the partner, as far as this node can. */
  #obey(seatId: string, command: FeatureCommand): Promise<string> {
    if (command.kind === 'emergency') return Promise.resolve(this.triggers.hotKey(seatId));
    return this.seats.command(seatId, command);
  }

  /** Attended transfer: the party that `replacedLegId`'s owner consulted comes into this call. */
  #mergeCalls(call: RunningCall, legId: string, replacedLegId: string): number {
    const consultation = this.#legs.get(replacedLegId);
    if (consultation === undefined || consultation === call) return 481;
    const { state } = consultation;
    const third: Leg | undefined = state.caller.legId === replacedLegId ? state.other : state.caller;
    if (state.name !== 'talking' || third === undefined) return 481;
    if (call.state.name !== 'talking') return 481;
    // Taken first: a seat that comes over is in a call all the time.
    call.apply({ kind: 'legTaken', byLegId: legId, isReferred: true, leg: third });
    consultation.apply({ kind: 'legGiven', legId: third.legId });
    this.#legs.set(third.legId, call);
    return 202;
  }

  #onDispatch(effect: DispatchEffect): void {
    if (effect.kind === 'seatSilent') {
      this.seats.setSilent(effect.seatId);
      return;
    }
    if (effect.kind === 'askPartner' || effect.kind === 'turnDown' || effect.kind === 'rang') {
      this.partner.tell(effect);
      return;
    }
    this.watchers.look();
    if (effect.kind === 'ignored' || this.callbacks.onDispatch(effect)) return;
    const call = this.#calls.get(effect.callId);
    if (call === undefined) {
      // It ended while the queue decided.
      if (effect.kind !== 'withdraw') this.leaveQueue(effect.callId, 'abandoned');
      return;
    }
    const event = this.#eventOfDispatch(effect);
    if (event !== undefined) call.apply(event);
    else if (effect.kind === 'announce') call.announce(this.#placeAnnouncement(effect));
    else if (effect.kind === 'offerCallback' && this.callbacks.canKeep(call.state))
      call.announce(this.#options.prompts.spoken('callbackOffer'));
  }

  #eventOfDispatch(
    effect: Exclude<DispatchEffect, { kind: 'seatSilent' | 'ignored' | 'askPartner' | 'turnDown' | 'rang' }>,
  ): CallEvent | undefined {
    switch (effect.kind) {
      case 'offer':
        return { kind: 'seatOffered', offerId: effect.offerId, seatId: effect.seatId };
      case 'withdraw':
        return { kind: 'offerWithdrawn', offerId: effect.offerId, seatId: effect.seatId };
      case 'connect':
        return { kind: 'offerGranted', offerId: effect.offerId, seatId: effect.seatId };
      case 'ringOutside': {
        const { trunkIds, number } = this.#options.telephony.emergencyOutside;
        return { kind: 'outsideAsked', target: this.#inOrder({ kind: 'trunk', trunkIds, number }) };
      }
      case 'overflowed':
        return { kind: 'overflowed', departmentId: effect.to };
      case 'expired':
        return { kind: 'waitedTooLong' };
      case 'announce':
      case 'offerCallback':
        return undefined;
    }
  }

  #placeAnnouncement({
    position,
    estimateMs,
  }: Extract<DispatchEffect, { kind: 'announce' }>): readonly string[] {
    return this.#options.prompts.place(position, estimateMs);
  }
}

function eventOfLeg(event: Exclude<LegEvent, { kind: 'key' }>): CallEvent {
  const { legId } = event;
  switch (event.kind) {
    case 'ringing':
      return { kind: 'legRinging', legId };
    case 'answered':
      return { kind: 'legAnswered', legId, sdp: event.sdp };
    case 'failed':
      return { kind: 'legFailed', legId, status: event.status };
    case 'ended':
      return { kind: 'legEnded', legId };
  }
}

/** A carrier at which we are registered calls our Contact: what was dialled is in To. */
function dialledOf({ dialled, to }: IncomingCall, peer: Peer | undefined): string {
  const isContact =
    peer?.kind === 'trunk' && peer.trunk.kind === 'registering' && peer.trunk.user === dialled;
  return isContact && to !== '' ? to : dialled;
}

function firstEventOf(plan: Extract<RoutePlan, { kind: 'queue' | 'closed' }>): CallEvent {
  return plan.kind === 'queue' ? { kind: 'queued', place: plan.place } : { kind: 'departmentClosed' };
}

/** Smaller goes first. */
function urgencyOf({ isEmergency, openedWallMs }: CallState): number {
  return isEmergency ? openedWallMs - Number.MAX_SAFE_INTEGER : openedWallMs;
}
