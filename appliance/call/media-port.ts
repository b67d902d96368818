/**
 * What call control asks of the media relay. One *media call* belongs to one telephone call from its first answer to
 * its end; a *leg* is one party of it. The caller's ports stay the same whoever the other party is, so that going from
 * the queue to a seat, or from a seat to another, costs the caller no re-INVITE.
 *
 *     openAlone(A)            A hears what is played; nobody is behind it
 *     offerAlone(B) -> SDP    for the INVITE to somebody who is called before anybody is behind him; then answerAlone(B)
 *     offerFrom(A) -> SDP     for the INVITE to a seat; again for the next seat, or with another profile
 *     joinTo(A, B, SDP of B)  A and B hear each other; whoever was there before is out
 *     renew(A)                A has changed its address, or holds
 *     close()                 everything of this call is gone
 *
 * Every method ends within its deadline and rejects with an operating error (MEDIA_UNREACHABLE, MEDIA_NO_ANSWER,
 * MEDIA_REFUSED, MEDIA_NO_CODEC: no codec in common) and can be asked again with the same arguments.
 */

/** How a leg's RTP travels. srtp: SDES (RFC 4568), no NULL suites, no DTLS. */
export type MediaProfile = 'rtp' | 'srtp';

export interface MediaLeg {
  /** Random, of one call; never a SIP Call-ID, and never used again (facts/rtpengine.md section 3, trap D). */
  readonly mediaCallId: string;
  /** Random, of one leg of it. */
  readonly legTag: string;
}

export interface LegStatistics {
  /** Received from the leg. */
  readonly packets: number;
  /** What RTCP told (RFC 3550 6.4), averaged; undefined when it told nothing. */
  readonly quality: LegQuality | undefined;
}

export interface LegQuality {
  /** 1.0 to 5.0 */
  readonly mos: number;
  readonly jitterMs: number;
  readonly roundTripMs: number;
  readonly lossPercent: number;
}

/** By the tag of the leg. */
export type MediaStatistics = Readonly<Record<string, LegStatistics>>;

export type MediaEvent =
  /** A key that was pressed (RFC 4733), once, at its end. */
  | { readonly kind: 'dtmf'; readonly leg: MediaLeg; readonly key: string; readonly durationMs: number }
  /** The relay has ended this call by itself: no media for too long, or it was restarted and knows nothing. */
  | { readonly kind: 'lost'; readonly mediaCallId: string }
  /** It was away and is there again, with these calls as it had written them down. */
  | { readonly kind: 'returned'; readonly mediaCallIds: readonly string[] }
  | { readonly kind: 'reachable'; readonly isReachable: boolean };

export interface PlayOptions {
  /** Absolute path of a WAV file that the relay can read. */
  readonly file: string;
  /** Undefined: once. */
  readonly repeatTimes?: number;
}

export interface JoinedLeg {
  readonly leg: MediaLeg;
  readonly sdp: string;
}

export interface Playing {
  /** Of one time. */
  readonly lengthMs: number;
}

export interface MediaPort {
  /** It is there and does not answer: whoever can be served elsewhere should be. */
  readonly isHung: boolean;
  /** A call that another process has opened is one of ours now. */
  adopt(mediaCallId: string): void;
  /** Everybody may be heard: a copy of a call may remember that somebody was not, at its last change of media. */
  unblock(legs: readonly MediaLeg[]): Promise<void>;
  /** The partner is gone: the copies of its calls, which are relayed already, are calls of this node. */
  takeOver(): Promise<void>;
  /**
   * Answers an offer by ourselves.
   * @param sdp the offer of the leg @returns the answer for the leg, with one audio codec and telephone-event
   */
  openAlone(leg: MediaLeg, sdp: string): Promise<string>;
  /** @returns an offer for a leg that nobody is behind yet, with every codec we can make of it */
  offerAlone(leg: MediaLeg, profile: MediaProfile): Promise<string>;
  /** The leg has answered such an offer. @param sdp what it answered */
  answerAlone(leg: MediaLeg, sdp: string): Promise<void>;
  /**
   * An offer for somebody who may become the other party of `leg`. Nothing changes for `leg`.
   * @param sdp what `leg` offered last
   * @param branch the tag that the other party will have
   * @returns an offer with every codec we can make of it, under `profile`
   */
  offerFrom(leg: MediaLeg, sdp: string, branch: string, profile: MediaProfile): Promise<string>;
  /**
   * The other party has answered such an offer: from now on both hear each other.
   * @param offered what `leg` offered last
   * @param other its tag is the branch of the offer
   * @param answer what it answered
   * @param former who was the other party before, and is not heard any more
   * @returns the answer for `leg`; to be sent only if it has none yet
   */
  joinTo(
    leg: MediaLeg,
    offered: string,
    other: MediaLeg,
    answer: string,
    former: MediaLeg | undefined,
  ): Promise<string>;
  /**
   * A party has offered anew: another address, hold, a session refresh.
   * @param other with whom it is joined, with the SDP of that party; undefined: it is alone
   * @returns the answer for `leg`
   */
  renew(leg: MediaLeg, sdp: string, other: JoinedLeg | undefined): Promise<string>;
  /** @param leg who hears it; `others` are not heard meanwhile */
  play(leg: MediaLeg, others: readonly MediaLeg[], options: PlayOptions): Promise<Playing>;
  /** Ends what is played, and `others` are heard again. */
  stopPlaying(leg: MediaLeg, others: readonly MediaLeg[]): Promise<void>;
  /** Idempotent. @returns undefined when the relay did not know it any more */
  close(mediaCallId: string): Promise<MediaStatistics | undefined>;
}
