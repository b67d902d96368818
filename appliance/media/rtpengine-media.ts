/**
 * The media of calls at the local rtpengine 10.5.3. One rtpengine call for one telephone call, a tag for each leg, a
 * branch for each leg that may answer (docs/adr/0012). Measured with it: `port-latching` keeps the caller's port
 * through every offer and answer, a former party goes on being heard until it is blocked.
 */
import type { Clock } from '../../cluster/base/clock.js';
import type { Log } from '../../cluster/base/log.js';
import { isOperatingError } from '../../cluster/base/errors.js';
import type {
  JoinedLeg,
  MediaEvent,
  MediaLeg,
  MediaPort,
  MediaProfile,
  MediaStatistics,
  PlayOptions,
  Playing,
} from '../call/media-port.js';
import { mediaErrors } from './errors.js';
import { openDtmfListener, type DtmfListener } from './dtmf-listener.js';
import type { NgAnswer } from './ng-connection.js';
import { NgPool } from './ng-pool.js';
import { readStatistics } from './read-statistics.js';
import { answerOfNobody, completeAnswer, OFFER_OF_NOBODY, profileOf, withOneCodec } from './sdp.js';

export interface RtpengineMediaOptions {
  readonly url: string;
  /** Where rtpengine says which keys were pressed (dtmf-log-dest); port 0 takes a free one. */
  readonly dtmfPort: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly onEvent: (event: MediaEvent) => void;
}

const COMMON = {
  flags: ['trust-address', 'port-latching'],
  replace: ['origin'],
  ICE: 'remove',
  'rtcp-mux': ['demux'],
} as const;

/**
 * `pad`: keys of 38 and 44 bytes with their "=", without which a strict phone reads 42 of 44 (baresip 1.0.0) and decrypts
 * nothing. Without the others an offer of rtpengine has ciphers that encrypt nothing; `only-...` is ignored (facts
 * section 7).
 */
const SDES = [
  'pad',
  'no-NULL_HMAC_SHA1_80',
  'no-NULL_HMAC_SHA1_32',
  'no-F8_128_HMAC_SHA1_80',
  'no-F8_128_HMAC_SHA1_32',
] as const;

const TRANSCODED = ['PCMA', 'PCMU', 'G722', 'opus'] as const;
const TRANSPORTS: Readonly<Record<MediaProfile, string>> = { rtp: 'RTP/AVP', srtp: 'RTP/SAVP' };
/** Tag of nobody, behind a party that is alone. */
const NOBODY = 'nobody';
const LIST_EVERY_MS = 10_000;
const TAKE_OVER_MS_MAX = 1500;
const LIST_MAX = 20_000;

function securityOf(profile: MediaProfile): object {
  return profile === 'srtp' ? { DTLS: 'off', SDES } : {};
}

function sdpOf(answer: NgAnswer): string {
  const { sdp } = answer;
  return typeof sdp === 'string' ? sdp : '';
}

export class RtpengineMedia implements MediaPort {
  readonly #options: RtpengineMediaOptions;
  readonly #ng: NgPool;
  readonly #open = new Set<string>();
  #keys: DtmfListener | undefined;
  #hasBeenReachable = false;
  #isStopped = false;

  constructor(options: RtpengineMediaOptions) {
    this.#options = options;
    const { url, clock, log, onEvent } = options;
    this.#ng = new NgPool({
      ...{ url, clock, log },
      onReachable: (isReachable) => {
        onEvent({ kind: 'reachable', isReachable });
        // A relay that was restarted may have forgotten everything.
        if (isReachable) void this.#findLost(this.#hasBeenReachable);
        this.#hasBeenReachable ||= isReachable;
      },
    });
  }

  /** Waits for nothing: rtpengine may come later, and again. */
  async start(): Promise<void> {
    const { dtmfPort, log, onEvent } = this.#options;
    this.#ng.open();
    this.#keys = await openDtmfListener(dtmfPort, log, (press) => {
      if (this.#open.has(press.leg.mediaCallId)) onEvent({ kind: 'dtmf', ...press });
    });
    void this.#watch();
  }

  stop(): void {
    this.#isStopped = true;
    this.#ng.close();
    this.#keys?.close();
  }

  get isReachable(): boolean {
    return this.#ng.isOpen;
  }

  get isHung(): boolean {
    return this.#ng.isHung;
  }

  adopt(mediaCallId: string): void {
    this.#open.add(mediaCallId);
  }

  /** As `rtpengine-ctl active` does it; without it a node that comes back finds its calls nowhere (facts section 4). */
  async takeOver(): Promise<void> {
    const address = this.#options.url.replace(/^ws/, 'http');
    const answer = await fetch(`${address}/cli/active`, { signal: AbortSignal.timeout(TAKE_OVER_MS_MAX) });
    if (!answer.ok)
      throw mediaErrors.MEDIA_REFUSED({ command: 'active', reason: `HTTP ${String(answer.status)}` });
  }

  async openAlone({ mediaCallId, legTag }: MediaLeg, sdp: string): Promise<string> {
    const own = withOneCodec(sdp);
    this.#open.add(mediaCallId);
    const call = { ...COMMON, 'call-id': mediaCallId, 'from-tag': legTag };
    const offer = await this.#ng.send('offer', { ...call, 'transport-protocol': TRANSPORTS.rtp, sdp: own });
    const nobody = answerOfNobody(sdpOf(offer));
    const answer = await this.#ng.send('answer', { ...call, 'to-tag': NOBODY, sdp: nobody });
    return completeAnswer(sdpOf(answer), sdp);
  }

  async offerAlone({ mediaCallId, legTag }: MediaLeg, profile: MediaProfile): Promise<string> {
    this.#open.add(mediaCallId);
    const offer = await this.#ng.send('offer', {
      ...COMMON,
      ...securityOf(profile),
      ...{ 'call-id': mediaCallId, 'from-tag': NOBODY, 'via-branch': legTag, sdp: OFFER_OF_NOBODY },
      'transport-protocol': TRANSPORTS[profile],
      codec: { transcode: TRANSCODED },
    });
    return sdpOf(offer);
  }

  async answerAlone({ mediaCallId, legTag }: MediaLeg, sdp: string): Promise<void> {
    const call = { ...COMMON, 'call-id': mediaCallId, 'from-tag': NOBODY };
    await this.#ng.send('answer', { ...call, 'to-tag': legTag, 'via-branch': legTag, sdp });
  }

  async offerFrom(leg: MediaLeg, sdp: string, branch: string, profile: MediaProfile): Promise<string> {
    const { mediaCallId, legTag } = leg;
    const own = withOneCodec(sdp);
    this.#open.add(mediaCallId);
    const offer = await this.#ng.send('offer', {
      ...COMMON,
      ...securityOf(profile),
      ...{ 'call-id': mediaCallId, 'from-tag': legTag, 'via-branch': branch, sdp: own },
      'transport-protocol': TRANSPORTS[profile],
      codec: { transcode: TRANSCODED },
    });
    return sdpOf(offer);
  }

  async joinTo(
    leg: MediaLeg,
    offered: string,
    other: MediaLeg,
    sdp: string,
    former: MediaLeg | undefined,
  ): Promise<string> {
    const { mediaCallId, legTag } = leg;
    const answer = await this.#ng.send('answer', {
      ...COMMON,
      ...{
        'call-id': mediaCallId,
        'from-tag': legTag,
        'to-tag': other.legTag,
        'via-branch': other.legTag,
        sdp,
      },
    });
    if (former !== undefined) await this.#block([former]);
    return completeAnswer(sdpOf(answer), offered);
  }

  async renew(leg: MediaLeg, sdp: string, other: JoinedLeg | undefined): Promise<string> {
    if (other === undefined) return this.openAlone(leg, sdp);
    const own = withOneCodec(sdp);
    const call = { ...COMMON, 'call-id': leg.mediaCallId };
    const profile = profileOf(other.sdp);
    await this.#ng.send('offer', {
      ...call,
      ...securityOf(profile),
      ...{ 'from-tag': leg.legTag, 'to-tag': other.leg.legTag, sdp: own },
      'transport-protocol': TRANSPORTS[profile],
    });
    const answer = await this.#ng.send('answer', {
      ...call,
      ...{ 'from-tag': leg.legTag, 'to-tag': other.leg.legTag, sdp: other.sdp },
    });
    return completeAnswer(sdpOf(answer), sdp);
  }

  async play(leg: MediaLeg, others: readonly MediaLeg[], options: PlayOptions): Promise<Playing> {
    await this.#block(others);
    const { file, repeatTimes } = options;
    const { duration } = await this.#ng.send('playMedia', {
      ...{ 'call-id': leg.mediaCallId, 'from-tag': leg.legTag, file },
      ...(repeatTimes === undefined ? {} : { 'repeat-times': repeatTimes }),
    });
    return { lengthMs: typeof duration === 'number' ? duration : 0 };
  }

  async stopPlaying(leg: MediaLeg, others: readonly MediaLeg[]): Promise<void> {
    await this.#ng.send('stopMedia', { 'call-id': leg.mediaCallId, 'from-tag': leg.legTag });
    await this.unblock(others);
  }

  /** What rtpengine 10.5.3 writes for its partner at an offer or answer has the blocks of that moment, and no later change. */
  async unblock(legs: readonly MediaLeg[]): Promise<void> {
    for (const { mediaCallId, legTag } of legs)
      await this.#ng.send('unblockMedia', { 'call-id': mediaCallId, 'from-tag': legTag });
  }

  async close(mediaCallId: string): Promise<MediaStatistics | undefined> {
    this.#open.delete(mediaCallId);
    // By call-id alone: with a tag a call that was taken over stays (facts section 3, trap E).
    const call = { 'call-id': mediaCallId };
    try {
      const told = await this.#ng.send('query', call);
      await this.#ng.send('delete', call);
      return readStatistics(told);
    } catch (error) {
      if (isOperatingError(error, 'MEDIA_REFUSED')) return undefined;
      throw error;
    }
  }

  async #block(legs: readonly MediaLeg[]): Promise<void> {
    for (const { mediaCallId, legTag } of legs)
      await this.#ng.send('blockMedia', { 'call-id': mediaCallId, 'from-tag': legTag });
  }

  async #watch(): Promise<void> {
    const { clock } = this.#options;
    while (!this.#isStopped) {
      await clock.sleep(LIST_EVERY_MS);
      await this.#findLost(false);
    }
  }

  /** Calls that we have opened and rtpengine does not know: it ended them for want of media, or was restarted. */
  async #findLost(hasReturned: boolean): Promise<void> {
    const { log, onEvent } = this.#options;
    const before = [...this.#open];
    if (before.length === 0) return;
    try {
      const { calls } = await this.#ng.send('list', { limit: LIST_MAX });
      const known = new Set(Array.isArray(calls) ? calls.map(String) : []);
      for (const mediaCallId of before)
        if (this.#open.has(mediaCallId) && !known.has(mediaCallId)) onEvent({ kind: 'lost', mediaCallId });
      if (hasReturned)
        onEvent({ kind: 'returned', mediaCallIds: before.filter((mediaCallId) => known.has(mediaCallId)) });
    } catch (error) {
      log.warn({ err: error }, 'rtpengine does not say which calls it has');
    }
  }
}
