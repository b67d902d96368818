/**
 * What call control asks of SIP, and what it hears. A *leg* is one dialog, or an INVITE that may become one, under the
 * id that call control gives it. No method waits for the network and none throws for what the network does: what came
 * of it is told to the listener.
 */

/** Where a message came from. */
export interface Source {
  readonly address: string;
  readonly port: number;
  readonly protocol: string;
}

export interface IncomingCall {
  readonly callId: string;
  readonly sipCallId: string;
  readonly legId: string;
  readonly source: Source;
  /** Address of ours that it came to. */
  readonly localAddress: string;
  /** Whose password the engine has checked; undefined for peers that are not asked. */
  readonly user: string | undefined;
  /** User part of the Request-URI. */
  readonly dialled: string;
  /** User part of To: what was dialled, when the Request-URI is our own Contact at a carrier. */
  readonly to: string;
  /** What the peer says about itself: P-Asserted-Identity, else From. Believed of trunks only. */
  readonly claimedNumber: string;
  /** Empty when the offer is to come from us (RFC 3261 13.2.1); such an INVITE is refused with 488. */
  readonly sdp: string;
}

export interface RegisterContact {
  readonly uri: string;
  /** Undefined: nothing was said (RFC 3261 10.2.1.1). */
  readonly expiresSeconds: number | undefined;
  /** `+sip.instance` and `reg-id` (RFC 5626); two flows of one phone share the instance. */
  readonly instance: string | undefined;
  readonly regId: number | undefined;
}

export interface RegisterRequest {
  readonly user: string;
  /** `Contact: *` with `Expires: 0`: all of them go. */
  readonly isRemoveAll: boolean;
  readonly contacts: readonly RegisterContact[];
  readonly sipCallId: string;
  readonly cseq: number;
  readonly source: Source;
}

export interface RegisterAnswer {
  readonly status: number;
  /** Of a 423. */
  readonly minExpiresSeconds?: number;
  /** What is registered now (RFC 3261 10.3 step 8). */
  readonly contacts: readonly { readonly uri: string; readonly expiresSeconds: number }[];
}

/** Whom a REFER points at (RFC 3515; RFC 3891 for an attended transfer). */
export interface Referral {
  /** User part of the Refer-To URI. */
  readonly number: string;
  /** The leg that Replaces names, if it is one of ours. */
  readonly replacedLegId: string | undefined;
}

export type LegEvent =
  | { readonly kind: 'ringing'; readonly legId: string }
  | { readonly kind: 'answered'; readonly legId: string; readonly sdp: string }
  /** @property status of the final response; 408: nobody said anything */
  | { readonly kind: 'failed'; readonly legId: string; readonly status: number }
  /** A key, by INFO (application/dtmf-relay); those in the media are the relay's to tell. */
  | { readonly kind: 'key'; readonly legId: string; readonly key: string }
  /** Hung up, cancelled, or given up by the engine. @property cause `Reason` text, for the record */
  | { readonly kind: 'ended'; readonly legId: string; readonly cause: string };

export interface SignallingListener {
  /**
   * @param sipCallId of the INVITE; one that an earlier process has had comes again
   * @returns the id of the call; its first leg is `<call id>-0`
   */
  callIdFor(sipCallId: string): string;
  onIncoming(call: IncomingCall): void;
  onLeg(event: LegEvent): void;
  /** @returns the answer, or the status with which it is refused */
  onRenegotiation(
    legId: string,
    sdp: string,
  ): Promise<{ readonly sdp: string } | { readonly status: number }>;
  /** @returns status of the answer to the REFER: 202, or why not */
  onReferral(legId: string, referral: Referral): number;
  onRegister(request: RegisterRequest): RegisterAnswer;
  /** A phone wants to be told. @property target user part of the Request-URI @returns 202, or a refusal */
  onSubscribe(asked: {
    readonly user: string | undefined;
    readonly target: string;
    readonly event: string;
  }): number;
  /** It is to be told at once. */
  onSubscribed(subscriptionId: string, target: string, event: string): void;
  /** It is to be told everything once more. */
  onRefreshed(subscriptionId: string): void;
  onUnsubscribed(subscriptionId: string): void;
  /** The engine is there, or is gone. */
  onEngine(isConnected: boolean): void;
}

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** What a subscription is told. */
export interface Notice {
  readonly contentType: string;
  readonly body: string;
}

export interface OutgoingRegistration {
  /** SIP URI of the carrier. */
  readonly registrar: string;
  readonly aor: string;
  readonly contact: string;
  /** Address of ours to send from. */
  readonly localAddress: string;
  readonly expiresSeconds: number;
  readonly credentials: Credentials | undefined;
  /** The same for all registrations of one Contact, the number higher each time (RFC 3261 10.2). */
  readonly sipCallId: string;
  readonly cseq: number;
}

export interface OutgoingCall {
  readonly legId: string;
  /**
   * Devices ring at the same time; of one device the next contact is tried when the one before cannot be reached.
   * SIP URIs.
   */
  readonly devices: readonly (readonly string[])[];
  readonly sdp: string;
  /** Address of ours to call from; undefined: whichever is here. */
  readonly localAddress: string | undefined;
  /** Shown to whoever is called: a number or an extension, and a name for its display. */
  readonly from: { readonly number: string; readonly name: string | undefined };
  /** Further headers by name. */
  readonly headers: Readonly<Record<string, string>>;
  /** Of a trunk that asks for it. */
  readonly credentials: Credentials | undefined;
  /** Without a final response for so long it has failed with 408. */
  readonly ringMs: number;
}

export interface SignallingPort {
  /** Somebody else goes on with the leg: nothing is sent, nothing is heard of it any more. */
  forget(legId: string): void;
  /**
   * Takes the dialogs of the process before, or of the node whose address has come here; what was not answered yet is
   * ended. @returns legs that are there now; those that nobody wants are to be ended
   */
  adoptLegs(): Promise<ReadonlySet<string>>;
  /** 180 to whoever called. */
  ringBack(legId: string): void;
  /** 200. @returns whether it is out; false when the caller has gone meanwhile, which is told as `ended` */
  answer(legId: string, sdp: string): Promise<boolean>;
  refuse(legId: string, status: number, reason?: string): void;
  call(outgoing: OutgoingCall): void;
  /** CANCEL, BYE or a refusal, whichever fits; idempotent, and nothing is heard of the leg after it. */
  end(legId: string): void;
  /** re-INVITE. @returns the answer @throws SIGNALLING_REFUSED with the status, SIGNALLING_GONE */
  renegotiate(legId: string, sdp: string): Promise<string>;
  /** NOTIFY about a transfer. */
  notifyReferral(legId: string, status: number): void;
  /** NOTIFY of a subscription that is open; nothing for one that is not. */
  notify(subscriptionId: string, notice: Notice): void;
  /** REGISTER at a carrier. @returns the status, 408 for silence, and for how long it is registered */
  register(
    registration: OutgoingRegistration,
  ): Promise<{ readonly status: number; readonly expiresSeconds: number }>;
  /** OPTIONS outside of any dialog. @returns the status; 408: no answer */
  probe(uri: string): Promise<number>;
}
