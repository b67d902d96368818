/**
 * Calls that prove the way of emergencies: out over a trunk to a number of ours, and back in, with a tone that is heard
 * both ways. No seat rings, no place in a queue is taken, no record of a patient is written.
 *
 *     dial ──INVITE──► carrier ──INVITE──► this node, or its partner: answered by a party with a tone of its own
 *      │                                        │
 *      └─ hears the other's tone? ◄── media ──► hears ours? ──► told to who dialled
 *
 * What comes back is known by the number that is tested and by our own number as its caller, while the test runs. Should it
 * be a person all the same, nothing of ours is heard, and the call goes where it would have gone (`onStranger`).
 */
import type { Clock } from '../cluster/base/clock.js';
import type { Log } from '../cluster/base/log.js';
import type { Telephony, TelephonyTrunk } from '../firmware-config/schema/telephony.js';
import type { MediaLeg, MediaPort } from './call/media-port.js';
import type { IncomingCall, LegEvent, SignallingPort } from './call/signalling-port.js';
import { applianceErrors } from './errors.js';
import type { Peer } from './peers.js';
import { normaliseNumber } from './routing/normalise-number.js';
import type { NumberPlan, RoutingDocument } from './routing/routing-document.js';
import { uriOf } from './route-finder.js';

/** How far it came. */
export type TestOutcome =
  | 'ok'
  /** No answer to the INVITE, or a refusal (`status`). */
  | 'notAnswered'
  /** Somebody answered, and nothing came back. */
  | 'notReturned'
  /** It came back; what was sent out was not heard there. */
  | 'silentIn'
  /** What was sent back was not heard. */
  | 'silentOut'
  /** Our own relay or network. */
  | 'notSent';

export interface TestCallStatus {
  readonly number: string;
  readonly trunkId: string;
  /** Undefined: not tested yet. */
  readonly outcome: TestOutcome | undefined;
  /** SIP status that ended it; undefined: it was answered. */
  readonly status: number | undefined;
  /** From the INVITE to its return, ms. */
  readonly returnedMs: number | undefined;
  readonly atWallMs: number | undefined;
  readonly failuresInARow: number;
  /** Not sooner than this. */
  readonly dueWallMs: number;
}

/** A test that is under way, for the node at which it may come back. */
export interface TestNotice {
  readonly testId: string;
  readonly number: string;
  readonly callerId: string;
  /** 0: it is over. */
  readonly forMs: number;
}

/** What became of what came back. */
export interface TestReturn {
  readonly testId: string;
  readonly state: 'returned' | 'heard' | 'silent';
}

/** A party with a tone (media/tone-party.ts). */
export interface TonePartyPort {
  readonly sdp: string;
  speakTo(sdp: string): void;
  hears(hz: number): boolean;
  close(): void;
}

export interface TestCallsOptions {
  readonly telephony: Telephony;
  readonly routing: () => RoutingDocument;
  readonly media: Pick<MediaPort, 'offerFrom' | 'joinTo' | 'close'>;
  readonly signalling: Pick<SignallingPort, 'answer' | 'call' | 'end'>;
  readonly openParty: (hz: number) => Promise<TonePartyPort>;
  /** Service address that this node calls from. */
  readonly localAddress: () => string | undefined;
  readonly nextCallId: () => string;
  readonly newMediaCallId: (callId: string) => string;
  readonly tellPartner: (
    message: ({ kind: 'testNotice' } & TestNotice) | ({ kind: 'testReturn' } & TestReturn),
  ) => void;
  /** It was no test: whoever is on the line is to be served. @param isAnswered his INVITE has a 200 already */
  readonly onStranger: (incoming: IncomingCall, peer: Peer, isAnswered: boolean) => void;
  readonly clock: Clock;
  readonly log: Log;
}

interface Notice extends TestNotice {
  readonly untilMs: number;
  readonly isOfPartner: boolean;
}

interface Waiting {
  readonly onLeg: (event: LegEvent) => void;
}

const OUT_HZ = 750;
const BACK_HZ = 1150;
const ANSWER_MS_MAX = 5000;
const TONE_MS_MAX = 2500;
/** For a stranger's call: how long our own takes to be gone. */
const GONE_MS_MAX = 1500;
const LOOK_EVERY_MS = 50;

export class TestCalls {
  readonly #options: TestCallsOptions;
  readonly #log: Log;
  readonly #statuses = new Map<string, TestCallStatus>();
  readonly #notices = new Map<string, Notice>();
  readonly #returns = new Map<string, TestReturn['state']>();
  /** By leg id. */
  readonly #legs = new Map<string, Waiting>();
  #isRunning = false;

  constructor(options: TestCallsOptions) {
    this.#options = options;
    this.#log = options.log.child({ part: 'testCalls' });
  }

  /** Every emergency number that can be dialled from outside, over every trunk. */
  list(): readonly TestCallStatus[] {
    const { telephony, routing } = this.#options;
    const numbers = routing().numbers.filter(
      ({ isEmergency, number }) => isEmergency && number.startsWith('+'),
    );
    return numbers.flatMap(({ number }) =>
      telephony.trunks.map(({ id: trunkId }) => this.#statusOf(number, trunkId)),
    );
  }

  /** One after the other: a test that waits for another one is refused. @throws CALLS_BAD_ORDER, CALLS_TEST_RUNS */
  async run(number: string, trunkId: string): Promise<TestCallStatus> {
    const trunk = this.#options.telephony.trunks.find(({ id }) => id === trunkId);
    if (trunk === undefined || !this.list().some((one) => one.number === number))
      throw applianceErrors.CALLS_BAD_ORDER({
        ...{ field: trunk === undefined ? 'trunk' : 'number', problem: 'it is not tested' },
        fix: 'Name a number and a trunk of the list of test calls.',
      });
    if (this.#isRunning) throw applianceErrors.CALLS_TEST_RUNS({});
    this.#isRunning = true;
    try {
      return await this.#test(number, trunk);
    } finally {
      this.#isRunning = false;
    }
  }

  /** A test of the partner's. */
  onNotice({ testId, number, callerId, forMs }: TestNotice): void {
    this.#keepNotice({ testId, number, callerId, forMs }, true);
  }

  /** What came back at the partner. */
  onReturn({ testId, state }: TestReturn): void {
    if (this.#returns.has(testId)) this.#returns.set(testId, state);
  }

  /** @returns whether the call is one of a test that has come back: nobody else has to do anything about it */
  claims(incoming: IncomingCall, peer: Peer): boolean {
    if (peer.kind !== 'trunk' || incoming.sdp === '') return false;
    const { numberPlan } = this.#options.routing();
    const nowMs = this.#options.clock.monotonicMs();
    for (const notice of this.#notices.values()) {
      if (notice.untilMs < nowMs) this.#notices.delete(notice.testId);
      else if (isOf(notice, incoming, numberPlan)) {
        // Once: the next one is somebody.
        this.#notices.delete(notice.testId);
        void this.#answer(notice, incoming, peer);
        return true;
      }
    }
    return false;
  }

  /** @returns whether it is a leg of a test */
  onLeg(event: LegEvent): boolean {
    const waiting = this.#legs.get(event.legId);
    waiting?.onLeg(event);
    return waiting !== undefined;
  }

  #statusOf(number: string, trunkId: string): TestCallStatus {
    const known = this.#statuses.get(`${number} ${trunkId}`);
    const nothing = { outcome: undefined, status: undefined, returnedMs: undefined, atWallMs: undefined };
    return known ?? { number, trunkId, ...nothing, failuresInARow: 0, dueWallMs: 0 };
  }

  async #test(number: string, trunk: TelephonyTrunk): Promise<TestCallStatus> {
    const { clock, telephony } = this.#options;
    const before = this.#statusOf(number, trunk.id);
    const { outcome, status, returnedMs } = await this.#dial(number, trunk);
    const failuresInARow = outcome === 'ok' ? 0 : before.failuresInARow + 1;
    const atWallMs = clock.wallMs();
    const dueWallMs = atWallMs + telephony.testCallsEverySeconds * 1000;
    const result = {
      number,
      trunkId: trunk.id,
      outcome,
      status,
      returnedMs,
      atWallMs,
      failuresInARow,
      dueWallMs,
    };
    this.#statuses.set(`${number} ${trunk.id}`, result);
    this.#log[outcome === 'ok' ? 'info' : 'warn'](result, 'test call');
    return result;
  }

  async #dial(
    number: string,
    trunk: TelephonyTrunk,
  ): Promise<Pick<TestCallStatus, 'status' | 'returnedMs'> & { readonly outcome: TestOutcome }> {
    const { clock, media, signalling, openParty, nextCallId, newMediaCallId, tellPartner } = this.#options;
    const testId = nextCallId();
    const legId = `${testId}-0`;
    const mediaCallId = newMediaCallId(testId);
    const [own, far]: MediaLeg[] = ['tone', legId].map((legTag) => ({ mediaCallId, legTag }));
    const startMs = clock.monotonicMs();
    let returnedMs: number | undefined;
    const notice = { testId, number, callerId: trunk.callerId, forMs: ANSWER_MS_MAX };
    const party = await openParty(OUT_HZ).catch(() => undefined);
    if (party === undefined || own === undefined || far === undefined)
      return { outcome: 'notSent', status: undefined, returnedMs };
    const answered = this.#listen(legId);
    try {
      const offer = await media.offerFrom(own, party.sdp, legId, trunk.media);
      this.#returns.set(testId, 'silent');
      this.#keepNotice(notice, false);
      tellPartner({ kind: 'testNotice', ...notice });
      signalling.call({ ...this.#routeTo(number, trunk), legId, sdp: offer });
      const answer = await answered.answer(ANSWER_MS_MAX);
      if (typeof answer === 'number') return { outcome: 'notAnswered', status: answer, returnedMs };
      party.speakTo(await media.joinTo(own, party.sdp, far, answer, undefined));
      const isBack = await this.#until(() => {
        const state = this.#returns.get(testId);
        if (state !== 'silent') returnedMs ??= clock.monotonicMs() - startMs;
        return state === 'heard' && party.hears(BACK_HZ);
      }, TONE_MS_MAX);
      if (isBack) return { outcome: 'ok', status: undefined, returnedMs };
      const state = this.#returns.get(testId);
      const outcome = state === 'silent' ? 'notReturned' : state === 'heard' ? 'silentOut' : 'silentIn';
      return { outcome, status: undefined, returnedMs };
    } catch (error) {
      this.#log.warn({ err: error }, 'a test call was not sent');
      return { outcome: 'notSent', status: undefined, returnedMs };
    } finally {
      answered.stop();
      this.#keepNotice({ ...notice, forMs: 0 }, false);
      tellPartner({ kind: 'testNotice', ...notice, forMs: 0 });
      this.#returns.delete(testId);
      signalling.end(legId);
      party.close();
      await this.#closeMedia(mediaCallId);
    }
  }

  #routeTo(number: string, trunk: TelephonyTrunk) {
    const { localAddress } = this.#options;
    return {
      devices: [[uriOf(trunk, number)]],
      from: { number: trunk.callerId, name: 'test call' },
      headers: { 'P-Asserted-Identity': `<sip:${trunk.callerId}@localhost>` },
      ...{ localAddress: localAddress(), credentials: undefined, ringMs: ANSWER_MS_MAX },
    };
  }

  /** The far end of a test. */
  async #answer(notice: Notice, incoming: IncomingCall, peer: Peer): Promise<void> {
    const { media, signalling, openParty, newMediaCallId } = this.#options;
    const { legId, sdp, callId } = incoming;
    const mediaCallId = newMediaCallId(callId);
    const [caller, own]: MediaLeg[] = [legId, 'tone'].map((legTag) => ({ mediaCallId, legTag }));
    const ended = this.#listen(legId);
    const party = await openParty(BACK_HZ).catch(() => undefined);
    let [isTest, isAnswered] = [false, false];
    try {
      if (party === undefined || caller === undefined || own === undefined) return;
      this.#tellReturn(notice, 'returned');
      party.speakTo(await media.offerFrom(caller, sdp, 'tone', 'rtp'));
      const answer = await media.joinTo(caller, sdp, own, party.sdp, undefined);
      isAnswered = await signalling.answer(legId, answer);
      // He has gone.
      if (!isAnswered) isTest = true;
      else if (await this.#until(() => party.hears(OUT_HZ) || ended.isOver(), TONE_MS_MAX)) {
        isTest = true;
        if (party.hears(OUT_HZ)) this.#tellReturn(notice, 'heard');
        await this.#until(() => ended.isOver(), ANSWER_MS_MAX);
      } else isTest = await this.#until(() => ended.isOver(), GONE_MS_MAX);
    } catch (error) {
      this.#log.warn({ err: error }, 'what came back of a test call was not answered');
    } finally {
      party?.close();
      ended.stop();
      if (isTest) signalling.end(legId);
      await this.#closeMedia(mediaCallId);
      if (!isTest) this.#options.onStranger(incoming, peer, isAnswered);
    }
  }

  #tellReturn({ testId, isOfPartner }: Notice, state: TestReturn['state']): void {
    if (isOfPartner) this.#options.tellPartner({ kind: 'testReturn', testId, state });
    else this.onReturn({ testId, state });
  }

  #keepNotice(notice: TestNotice, isOfPartner: boolean): void {
    // One test at a time on each node; the one before is over.
    for (const known of this.#notices.values())
      if (known.isOfPartner === isOfPartner) this.#notices.delete(known.testId);
    if (notice.forMs <= 0) return;
    const untilMs = this.#options.clock.monotonicMs() + Math.min(notice.forMs, ANSWER_MS_MAX);
    this.#notices.set(notice.testId, { ...notice, untilMs, isOfPartner });
  }

  #listen(legId: string) {
    let over: number | undefined;
    let answer: string | undefined;
    this.#legs.set(legId, {
      onLeg: (event) => {
        if (event.kind === 'answered') answer = event.sdp;
        else if (event.kind === 'failed') over = event.status;
        else if (event.kind === 'ended') over = 487;
      },
    });
    return {
      isOver: (): boolean => over !== undefined,
      /** @returns its SDP, or the status that there was instead; 408 for silence */
      answer: async (forMs: number): Promise<string | number> => {
        await this.#until(() => answer !== undefined || over !== undefined, forMs);
        return answer ?? over ?? 408;
      },
      stop: (): void => void this.#legs.delete(legId),
    };
  }

  async #until(isSo: () => boolean, forMs: number): Promise<boolean> {
    const { clock } = this.#options;
    const endMs = clock.monotonicMs() + forMs;
    while (!isSo()) {
      if (clock.monotonicMs() >= endMs) return false;
      await clock.sleep(LOOK_EVERY_MS);
    }
    return true;
  }

  async #closeMedia(mediaCallId: string): Promise<void> {
    await this.#options.media.close(mediaCallId).catch((error: unknown) => {
      this.#log.debug({ err: error }, 'the relay has nothing of the test call');
    });
  }
}

function isOf(notice: TestNotice, { dialled, claimedNumber }: IncomingCall, plan: NumberPlan): boolean {
  return (
    normaliseNumber(dialled, plan) === notice.number &&
    normaliseNumber(claimedNumber, plan) === normaliseNumber(notice.callerId, plan)
  );
}
