/**
 * One call at work: does what its machine says (call/next-call-state.ts) at the relay and in SIP, and tells it what
 * came of it. Commands to the relay of one call go one after another; nothing here waits for the store, and an effect
 * that fails is an event of the machine or a line in the log, never the end of another call.
 */
import type { Clock } from '../cluster/base/clock.js';
import { isOperatingError } from '../cluster/base/errors.js';
import type { Log } from '../cluster/base/log.js';
import type {
  CallEffect,
  CallEvent,
  CallState,
  CallStep,
  CallTransition,
  EndReason,
  KeptPlace,
  Leg,
  Place,
  Target,
} from './call/call-types.js';
import type { MediaLeg, MediaPort, MediaProfile, MediaStatistics } from './call/media-port.js';
import { nextCallState } from './call/next-call-state.js';
import type { OutgoingCall, SignallingPort } from './call/signalling-port.js';
import type { PromptFiles } from './prompt-files.js';

/** How a target is reached, and what it is offered. */
export type Route = Omit<OutgoingCall, 'legId' | 'sdp'> & { readonly media: MediaProfile };

/** What of the house a call needs; each answers at once. */
export interface CallHouse {
  /** Undefined: nobody can be reached there now. */
  findRoute(target: Target, state: CallState): Route | undefined;
  enqueue(callId: string, place: Place): void;
  leaveQueue(callId: string, why: 'abandoned' | 'elsewhere'): void;
  moveInQueue(callId: string, place: Place): void;
  /** Whoever has the call is called back from this place. */
  keepPlace(state: CallState, place: Place, reason: KeptPlace['reason']): void;
  raiseEmergency(callId: string, trigger: string): void;
  undoEmergency(callId: string): void;
  claimOffer(offerId: string, seatId: string): void;
  refuseOffer(offerId: string, seatId: string): void;
  seatBusy(seatId: string, callId: string): void;
  seatFree(seatId: string, callId: string, needsWrapUp: boolean): void;
  /** A leg of the call is known by this id from now on. */
  ownLeg(legId: string, call: RunningCall): void;
  onState(state: CallState): void;
  onStep(state: CallState, step: CallStep): void;
  onClosed(state: CallState, reason: EndReason, statistics: MediaStatistics | undefined): void;
}

export interface RunningCallOptions {
  readonly media: MediaPort;
  readonly signalling: SignallingPort;
  readonly house: CallHouse;
  readonly prompts: PromptFiles;
  readonly clock: Clock;
  readonly log: Log;
}

/** Music is played again and again for as long as anybody waits. */
const MUSIC_TIMES = 1000;
/** No person answers sooner. */
const GREETING_AFTER_MS = 300;
/** An INVITE of ours that crosses one of theirs is refused (RFC 3261 14.2). */
const REKEY_AFTER_MS = 200;
/** How long a farewell may take when nobody knows its length. */
const FAREWELL_MS_MAX = 15_000;

function statusOf(error: unknown): number {
  if (isOperatingError(error, 'MEDIA_NO_CODEC')) return 488;
  return isOperatingError(error) ? 503 : 500;
}

/** Both parties are to be heard. */
function isTalk({ name, caller, other }: CallState): boolean {
  return name === 'talking' && !caller.isHolding && other?.isHolding === false;
}

function isSrtp({ sdp }: Leg): boolean {
  return sdp.includes('RTP/SAVP');
}

type Handlers = {
  readonly [K in CallEffect['kind']]: (effect: Extract<CallEffect, { kind: K }>) => void;
};

export class RunningCall {
  readonly #options: RunningCallOptions;
  readonly #log: Log;
  readonly #events: CallEvent[] = [];
  #state: CallState;
  #isRunning = false;
  /** Commands to the relay, in order. */
  #relay: Promise<unknown> = Promise.resolve();
  /** Who hears music now. */
  readonly #music = new Set<string>();
  /** To whom the relay plays something. */
  readonly #playing = new Set<string>();
  #isGreeted = false;
  /** Legs that send to the caller without the relay. */
  readonly #passed = new Set<string>();
  /** Of the relay's call for which keys are due. */
  #freshId: string | undefined;
  /** Undefined: it was not asked for. */
  #answering: Promise<boolean> | undefined;
  #farewell: Promise<void> = Promise.resolve();
  readonly #hasHungUp = new AbortController();

  readonly #handlers: Handlers = {
    ringBack: () => {
      this.#options.signalling.ringBack(this.#state.caller.legId);
    },
    answerCaller: () => {
      this.#answering = this.#answerCaller(this.#state.caller);
    },
    refuseCaller: ({ status }) => {
      this.#options.signalling.refuse(this.#state.caller.legId, status);
    },
    farewell: ({ legId, reason }) => {
      this.#farewell = this.#quietly(() => this.#sayFarewell(legId, reason));
    },
    ring: ({ legId, target }) => void this.#ring(legId, target),
    join: ({ legId, sdp }) => void this.#join(legId, sdp),
    rejoin: ({ legId }) => void this.#rejoin(legId),
    endLeg: ({ legId }) => {
      this.#options.signalling.end(legId);
    },
    startMusic: ({ legId }) => void this.#quietly(() => this.#startMusic(legId)),
    stopMusic: ({ legId }) => void this.#quietly(() => this.#stopMusic(legId)),
    enqueue: ({ place }) => {
      this.#options.house.enqueue(this.#state.callId, place);
    },
    leaveQueue: ({ why }) => {
      this.#options.house.leaveQueue(this.#state.callId, why);
    },
    keepPlace: ({ place }) => {
      this.#options.house.keepPlace(this.#state, place, 'asked');
    },
    claimOffer: ({ offerId, seatId }) => {
      this.#options.house.claimOffer(offerId, seatId);
    },
    refuseOffer: ({ offerId, seatId }) => {
      this.#options.house.refuseOffer(offerId, seatId);
    },
    moveInQueue: ({ place }) => {
      this.#options.house.moveInQueue(this.#state.callId, place);
    },
    raiseEmergency: ({ trigger }) => {
      this.#options.house.raiseEmergency(this.#state.callId, trigger);
    },
    undoEmergency: () => {
      this.#options.house.undoEmergency(this.#state.callId);
    },
    seatBusy: ({ seatId }) => {
      this.#options.house.seatBusy(seatId, this.#state.callId);
    },
    seatFree: ({ seatId, needsWrapUp }) => {
      this.#options.house.seatFree(seatId, this.#state.callId, needsWrapUp);
    },
    notifyTransfer: ({ legId, status }) => {
      this.#options.signalling.notifyReferral(legId, status);
    },
    unblockMedia: () => void this.#quietly(() => this.#unblock()),
    restoreTalk: () => void this.#quietly(() => this.#restoreTalk()),
    rebuildMedia: () => void this.#quietly(() => this.#rebuild()),
    note: ({ step }) => {
      this.#options.house.onStep(this.#state, step);
    },
    close: ({ reason }) => void this.#close(reason),
    ignored: ({ event, why }) => {
      this.#log.debug({ event, why }, 'nothing to do');
    },
  };

  constructor(state: CallState, options: RunningCallOptions) {
    this.#state = state;
    this.#options = options;
    this.#log = options.log.child({ call: state.callId });
  }

  get state(): CallState {
    return this.#state;
  }

  apply(event: CallEvent): void {
    // Nobody is left to hear the end of it.
    if (event.kind === 'legEnded' && event.legId === this.#state.caller.legId) this.#hasHungUp.abort();
    this.#events.push(event);
    if (this.#isRunning) return;
    this.#isRunning = true;
    try {
      for (let next = this.#events.shift(); next !== undefined; next = this.#events.shift()) this.#step(next);
    } catch (error) {
      this.#giveUp(error);
    } finally {
      this.#isRunning = false;
    }
  }

  /** A fault of ours ends this one call: out of an event of SIP or of a timer it would end the process, and with it all. */
  #giveUp(error: unknown): void {
    const { media, signalling, house } = this.#options;
    const { caller, other, joining, ringing, callId, mediaCallId } = this.#state;
    this.#log.error({ err: error }, 'the call is given up');
    this.#events.length = 0;
    this.#state = { ...this.#state, name: 'ended', endReason: 'internalError' };
    const legs = [caller, other, joining?.leg, ...Object.values(ringing)];
    for (const leg of legs) if (leg !== undefined) signalling.end(leg.legId);
    house.leaveQueue(callId, 'elsewhere');
    house.onClosed(this.#state, 'internalError', undefined);
    void this.#quietly(async () => {
      await media.close(mediaCallId);
    });
  }

  /** A call of a process that is gone: its caller has been greeted. */
  goOn({ state, effects }: CallTransition): void {
    this.#isGreeted = true;
    this.#options.media.adopt(state.mediaCallId);
    this.#state = state;
    this.#options.house.onState(state);
    try {
      for (const effect of effects) this.#run(effect);
    } catch (error) {
      this.#giveUp(error);
    }
  }

  /** Somebody else goes on with it: nothing is done any more, whatever still comes. @returns its legs */
  letGo(): readonly string[] {
    const { caller, other, joining, ringing } = this.#state;
    this.#hasHungUp.abort();
    this.#music.clear();
    this.#events.length = 0;
    this.#state = { ...this.#state, name: 'ended' };
    const legs = [caller, other, joining?.leg, ...Object.values(ringing)];
    return legs.flatMap((leg) => (leg === undefined ? [] : [leg.legId]));
  }

  /** A party has offered anew. @returns the answer for it @throws what the relay throws */
  async renew(legId: string, sdp: string, isHold: boolean): Promise<string> {
    const { media } = this.#options;
    const { caller, other } = this.#state;
    const leg = caller.legId === legId ? caller : other;
    if (leg?.legId !== legId) return leg?.sdp ?? '';
    const isTalking = this.#state.name === 'talking' && other !== undefined;
    const joined = isTalking ? (leg === caller ? other : caller) : undefined;
    const answer = await this.#inOrder(() =>
      media.renew(
        this.#mediaLeg(legId),
        sdp,
        joined === undefined ? undefined : { leg: this.#mediaLeg(joined.legId), sdp: joined.sdp },
      ),
    );
    this.apply({ kind: 'legRenegotiated', legId, sdp, isHold });
    return answer;
  }

  /** Something to say to who waits; music goes on after it. */
  announce(files: readonly string[]): void {
    const { caller } = this.#state;
    if (this.#music.has(caller.legId)) void this.#quietly(() => this.#say(caller.legId, files));
  }

  #step(event: CallEvent): void {
    const { clock, house } = this.#options;
    const { state, effects } = nextCallState(this.#state, event, clock.wallMs());
    this.#state = state;
    house.onState(state);
    for (const effect of effects) this.#run(effect);
    if (this.#freshId !== undefined && isTalk(state)) this.#rekeyLater(this.#freshId);
  }

  /** Who has been taken back has not heard our answer to that yet. */
  #rekeyLater(freshId: string): void {
    this.#freshId = undefined;
    this.#options.clock.schedule(REKEY_AFTER_MS, () => void this.rekey(freshId));
  }

  #run(effect: CallEffect): void {
    // The table has a handler for the kind of each effect; TypeScript cannot tie the two together.
    (this.#handlers[effect.kind] as (effect: CallEffect) => void)(effect);
  }

  /** @returns whether the 200 is out */
  async #answerCaller({ legId, sdp }: Leg): Promise<boolean> {
    const { media, signalling } = this.#options;
    try {
      const answer = await this.#inOrder(() => media.openAlone(this.#mediaLeg(legId), sdp));
      const isOut = await signalling.answer(legId, answer);
      if (isOut) this.apply({ kind: 'callerAnswered' });
      return isOut;
    } catch (error) {
      this.#log.error({ err: error }, 'the caller cannot be answered');
      this.apply({ kind: 'callerAnswerFailed', status: statusOf(error) });
      return false;
    }
  }

  async #ring(legId: string, target: Target): Promise<void> {
    const { media, signalling, house } = this.#options;
    const route = house.findRoute(target, this.#state);
    if (route === undefined) {
      this.apply({ kind: 'legFailed', legId, status: 480 });
      return;
    }
    house.ownLeg(legId, this);
    const { media: profile, ...rest } = route;
    try {
      const { caller } = this.#state;
      const sdp = await this.#inOrder(() =>
        media.offerFrom(this.#mediaLeg(caller.legId), caller.sdp, legId, profile),
      );
      // It may have been withdrawn meanwhile.
      if (this.#state.ringing[legId] !== undefined) signalling.call({ ...rest, legId, sdp });
    } catch (error) {
      this.#log.error({ err: error, leg: legId }, 'nothing can be offered to the leg');
      const { caller, ringing } = this.#state;
      if (!this.#canPass(error, profile)) this.apply({ kind: 'legFailed', legId, status: statusOf(error) });
      else if (ringing[legId] !== undefined) {
        this.#passed.add(legId);
        signalling.call({ ...rest, legId, sdp: caller.sdp });
      }
    }
  }

  /** An emergency without a relay: both parties send to each other, as far as they speak the same (rule 19c). */
  #canPass(error: unknown, profile: MediaProfile): boolean {
    const { place, caller } = this.#state;
    const isIll = isOperatingError(error, 'MEDIA_NO_ANSWER') || isOperatingError(error, 'MEDIA_UNREACHABLE');
    return isIll && place?.trigger !== undefined && isSrtp(caller) === (profile === 'srtp');
  }

  async #join(legId: string, sdp: string): Promise<void> {
    const { signalling } = this.#options;
    const { caller } = this.#state;
    try {
      const isPassed = this.#passed.has(legId);
      const answer = isPassed ? sdp : await this.#connect(caller, legId, sdp);
      // Who has been answered by the relay before hears of the other party by a re-INVITE.
      if (isPassed && caller.isAnswered) await signalling.renegotiate(caller.legId, sdp);
      // A seat may be quicker than our own 200. Who has gone while he was answered is told of as ended.
      const isAnswered = caller.isAnswered || (await this.#answering);
      if (!(isAnswered ?? (await signalling.answer(caller.legId, answer)))) return;
      this.apply({ kind: 'joined', legId });
    } catch (error) {
      this.#log.error({ err: error, leg: legId }, 'the parties cannot be joined');
      this.apply({ kind: 'joinFailed', legId, status: statusOf(error) });
    }
  }

  /** A party of another call comes over: it is offered the media of this one. */
  async #rejoin(legId: string): Promise<void> {
    const { media, signalling } = this.#options;
    const { caller, joining } = this.#state;
    try {
      const profile = joining?.leg.sdp.includes('RTP/SAVP') === true ? 'srtp' : 'rtp';
      const offer = await this.#inOrder(() =>
        media.offerFrom(this.#mediaLeg(caller.legId), caller.sdp, legId, profile),
      );
      await this.#connect(caller, legId, await signalling.renegotiate(legId, offer));
      this.apply({ kind: 'joined', legId });
    } catch (error) {
      this.#log.error({ err: error, leg: legId }, 'the party of the other call cannot be joined');
      this.apply({ kind: 'joinFailed', legId, status: statusOf(error) });
    }
  }

  /** @returns the answer for the caller */
  #connect(caller: Leg, legId: string, sdp: string): Promise<string> {
    const { other } = this.#state;
    const former = other === undefined ? undefined : this.#mediaLeg(other.legId);
    const { media } = this.#options;
    return this.#inOrder(() =>
      media.joinTo(this.#mediaLeg(caller.legId), caller.sdp, this.#mediaLeg(legId), sdp, former),
    );
  }

  async #startMusic(legId: string): Promise<void> {
    if (this.#music.has(legId)) return;
    this.#music.add(legId);
    const { caller, answeredWallMs, direction } = this.#state;
    const isNew = answeredWallMs === undefined && legId === caller.legId && direction === 'inbound';
    if (isNew && !this.#isGreeted) {
      this.#isGreeted = true;
      // What is answered at once needs no greeting, and half a word of it would only irritate.
      await this.#options.clock.sleep(GREETING_AFTER_MS);
      await this.#say(legId, this.#options.prompts.spoken('greeting'));
    } else await this.#playMusic(legId);
  }

  async #playMusic(legId: string): Promise<void> {
    const { media, prompts } = this.#options;
    await this.#inOrder(async () => {
      if (!this.#music.has(legId)) return;
      this.#playing.add(legId);
      await media.play(this.#mediaLeg(legId), this.#otherLegs(legId), {
        file: prompts.music,
        repeatTimes: MUSIC_TIMES,
      });
    });
  }

  async #stopMusic(legId: string): Promise<void> {
    if (!this.#music.delete(legId)) return;
    const { media } = this.#options;
    await this.#inOrder(async () => {
      if (this.#playing.delete(legId)) await media.stopPlaying(this.#mediaLeg(legId), this.#otherLegs(legId));
    });
  }

  /** One file after another, then music again if it is still wanted. */
  async #say(legId: string, files: readonly string[]): Promise<void> {
    const { media, clock } = this.#options;
    for (const file of files) {
      if (!this.#music.has(legId)) return;
      this.#playing.add(legId);
      const { lengthMs } = await this.#inOrder(() =>
        media.play(this.#mediaLeg(legId), this.#otherLegs(legId), { file }),
      );
      await clock.sleep(lengthMs);
    }
    await this.#playMusic(legId);
  }

  async #sayFarewell(legId: string, reason: string): Promise<void> {
    const { media, prompts, signalling, clock } = this.#options;
    this.#music.delete(legId);
    try {
      for (const file of prompts.spoken(reason)) {
        if (this.#hasHungUp.signal.aborted) return;
        const { lengthMs } = await this.#inOrder(() => media.play(this.#mediaLeg(legId), [], { file }));
        await clock.sleep(Math.min(lengthMs, FAREWELL_MS_MAX), this.#hasHungUp.signal).catch(() => undefined);
      }
    } finally {
      signalling.end(legId);
    }
  }

  async #unblock(): Promise<void> {
    const { caller, other } = this.#state;
    const legs = [caller, other].flatMap((leg) => (leg === undefined ? [] : [this.#mediaLeg(leg.legId)]));
    await this.#inOrder(() => this.#options.media.unblock(legs));
  }

  /** An offer to somebody else has taken the caller's media from who talked before (measured). */
  async #restoreTalk(): Promise<void> {
    const { caller, other } = this.#state;
    if (other === undefined) return;
    const { media } = this.#options;
    const joined = { leg: this.#mediaLeg(other.legId), sdp: other.sdp };
    await this.#inOrder(() => media.renew(this.#mediaLeg(caller.legId), caller.sdp, joined));
  }

  /** The relay has forgotten the call: both parties get new ports. */
  async #rebuild(): Promise<void> {
    const { media, signalling } = this.#options;
    const { caller, other, name } = this.#state;
    if (!caller.isAnswered) return;
    const callerLeg = this.#mediaLeg(caller.legId);
    if (name !== 'talking' || other === undefined) {
      const sdp = await this.#inOrder(() => media.openAlone(callerLeg, caller.sdp));
      await signalling.renegotiate(caller.legId, sdp);
      if (this.#music.has(caller.legId)) await this.#playMusic(caller.legId);
      return;
    }
    const profile = other.sdp.includes('RTP/SAVP') ? 'srtp' : 'rtp';
    const offer = await this.#inOrder(() => media.offerFrom(callerLeg, caller.sdp, other.legId, profile));
    const answered = await signalling.renegotiate(other.legId, offer);
    const sdp = await this.#inOrder(() =>
      media.joinTo(callerLeg, caller.sdp, this.#mediaLeg(other.legId), answered, undefined),
    );
    await signalling.renegotiate(caller.legId, sdp);
  }

  /**
   * One party encrypts and the other does not: after a takeover, and after a restart of the relay, the party that encrypts
   * gets fresh keys (continuity rule 17): rtpengine 10.5.3 restores the roll-over counter wrongly, and only a new call
   * there has new ports, with which keys and counters begin anew (RFC 4568 7.1.4). Whoever is on hold or waits hears
   * music as it is; the keys are due when two parties talk. Never rejects.
   * @param freshId of the call at the relay
   */
  async rekey(freshId: string): Promise<void> {
    const { caller, other, mediaCallId } = this.#state;
    if (other === undefined || !isTalk(this.#state)) {
      this.#freshId = freshId;
      return;
    }
    const [srtp, rtp] = isSrtp(caller) ? [caller, other] : [other, caller];
    if (!isSrtp(srtp) || isSrtp(rtp)) return;
    await this.#quietly(async () => {
      const { media, signalling } = this.#options;
      const plain = { mediaCallId: freshId, legTag: rtp.legId };
      const sealed = { mediaCallId: freshId, legTag: srtp.legId };
      try {
        const offer = await this.#inOrder(() => media.offerFrom(plain, rtp.sdp, srtp.legId, 'srtp'));
        const sdp = await signalling.renegotiate(srtp.legId, offer);
        const answer = await this.#inOrder(() => media.joinTo(plain, rtp.sdp, sealed, sdp, undefined));
        this.apply({ kind: 'mediaRenewed', mediaCallId: freshId, legId: srtp.legId, sdp });
        await signalling.renegotiate(rtp.legId, answer);
      } finally {
        // Who has hung up meanwhile has closed the one that the call had then.
        const unused = this.#state.mediaCallId === freshId ? mediaCallId : freshId;
        await this.#inOrder(() => media.close(unused));
      }
    });
  }

  async #close(reason: EndReason): Promise<void> {
    const { media, house } = this.#options;
    const state = this.#state;
    this.#music.clear();
    let statistics: MediaStatistics | undefined;
    await this.#quietly(async () => {
      await this.#farewell;
      statistics = await this.#inOrder(() => media.close(state.mediaCallId));
    });
    house.onClosed(state, reason, statistics);
  }

  #mediaLeg(legId: string): MediaLeg {
    return { mediaCallId: this.#state.mediaCallId, legTag: legId };
  }

  /** Who must not be heard while something is played to the leg. */
  #otherLegs(legId: string): readonly MediaLeg[] {
    const { caller, other } = this.#state;
    return [caller, ...(other === undefined ? [] : [other])]
      .filter((leg) => leg.legId !== legId)
      .map((leg) => this.#mediaLeg(leg.legId));
  }

  #inOrder<T>(act: () => Promise<T>): Promise<T> {
    const done = this.#relay.then(act, act);
    this.#relay = done.catch(() => undefined);
    return done;
  }

  async #quietly(act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } catch (error) {
      this.#log.warn({ err: error }, 'the call goes on without it');
    }
  }
}
