/**
 * What call control asks of the media relay. One *media call* belongs to one telephone call from its first answer to
 * its end; a *leg* is one party of it. The caller's ports stay the same whoever the other party is, so that going from
 * the queue to a seat, or from a seat to another, costs the caller no re-INVITE.
 *
 *     openAlone(A)            A hears what is played; nobody is behind it
 *     offerFrom(A) -> SDP     for the INVITE to a seat; again for the next seat, or with another profile
 *     joinTo(A, B, SDP of B)  A and B hear each other; whoever was there before is out
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

export interface MediaStatistics {
  /** Packets received from and lost on the way from each leg, by its tag. */
  readonly legs: Readonly<Record<string, LegStatistics>>;
}

export interface LegStatistics {
  readonly packets: number;
  readonly packetsLost: number;
  /** ms; undefined when no RTCP told. */
  readonly jitterMs: number | undefined;
  readonly roundTripMs: number | undefined;
  /** 1 to 5 (ITU-T G.107 estimate); undefined without figures. */
  readonly mos: number | undefined;
}

export type MediaEvent =
  /** A key that was pressed (RFC 4733), once, at its end. */
  | { readonly kind: 'dtmf'; readonly leg: MediaLeg; readonly key: string; readonly durationMs: number }
  /** The relay has ended this call by itself: no media for too long, or it was restarted and knows nothing. */
  | { readonly kind: 'lost'; readonly mediaCallId: string }
  | { readonly kind: 'reachable'; readonly isReachable: boolean };

export interface PlayOptions {
  /** Absolute path of a WAV file that the relay can read. */
  readonly file: string;
  /** Undefined: once. */
  readonly repeatTimes?: number;
}

export interface MediaPort {
  /**
   * Answers an offer by ourselves.
   * @param sdp the offer of the leg @returns the answer for the leg, with one audio codec and telephone-event
   */
  openAlone(leg: MediaLeg, sdp: string): Promise<string>;
  /**
   * An offer for somebody who may become the other party of `leg`. Nothing changes for `leg`.
   * @param sdp what `leg` offered last
   * @returns an offer with every codec we can make of it, under `profile`
   */
  offerFrom(leg: MediaLeg, sdp: string, branch: string, profile: MediaProfile): Promise<string>;
  /**
   * The other party has answered such an offer: from now on both hear each other.
   * @param branch the one given to offerFrom @returns the answer for `leg`; to be sent only if it has none yet
   */
  joinTo(leg: MediaLeg, other: MediaLeg, sdp: string, branch: string): Promise<string>;
  /** @param leg who hears it. Nobody else is heard meanwhile (`others` are blocked). @returns its length in ms, once */
  play(leg: MediaLeg, others: readonly MediaLeg[], options: PlayOptions): Promise<number>;
  /** Ends what is played, and unblocks `others`. */
  stopPlaying(leg: MediaLeg, others: readonly MediaLeg[]): Promise<void>;
  /** @returns undefined when the relay did not know it any more */
  close(mediaCallId: string): Promise<MediaStatistics | undefined>;
  /** @returns a function that ends it */
  onEvent(listener: (event: MediaEvent) => void): () => void;
}
