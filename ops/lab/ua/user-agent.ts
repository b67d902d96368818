/**
 * A desk phone, or the carrier, of the laboratory: registers, calls, answers, holds, transfers, with media that is
 * really sent. It takes every Request-URI for its own. Whatever arrives, it goes on: what it does not understand it
 * ignores, and what goes wrong it tells as an event.
 */
import type { Clock } from '../../../cluster/base/clock.js';
import type { Rng } from '../../../cluster/base/rng.js';
import { CarrierRegistrar } from './carrier-registrar.js';
import { answerChallenge, chooseChallenge, type Credentials } from './digest.js';
import type { MediaTicker } from './media-ticker.js';
import { passMedia, type Deafness } from './passed-media.js';
import {
  branchOf,
  buildResponse,
  cseqOf,
  headerOf,
  parseSip,
  placeOf,
  splitValues,
  tagOf,
  userIn,
  type HeaderLines,
  type SipMessage,
} from './sip-text.js';
import { openWire, type HostPort, type Wire, type WireCertificate, type WireProtocol } from './sip-wire.js';
import { UaCall, type CallOptions, type CallReport, type OutgoingCall } from './ua-call.js';
import { parseReplaces } from './ua-dialog.js';
import type { UaEvent } from './ua-orders.js';
import { Registration } from './ua-registration.js';
import type { MediaOptions } from './ua-media.js';
import type { OfferedCodec } from './ua-sdp.js';
import { readNotice, type ToldNotice } from './ua-subscription.js';
import { Transactions } from './ua-transactions.js';

/** What becomes of a call that comes in. */
export type Policy =
  /** Rings, unless `afterMs` is 0, and answers. */
  | { readonly kind: 'answer'; readonly afterMs: number; readonly hangUpAfterMs?: number }
  /** Until it is told otherwise, or for ever. */
  | { readonly kind: 'ring' }
  | { readonly kind: 'refuse'; readonly status: number }
  /** As a carrier brings a call to a number of the house (with this beginning) back to it. Other calls ring. */
  | { readonly kind: 'return'; readonly prefix?: string; readonly deafness?: Deafness }
  /** As if its power were cut. */
  | { readonly kind: 'vanish' };

export interface UserAgentOptions {
  readonly name: string;
  readonly address: string;
  /** 0: a free one. */
  readonly port: number;
  readonly protocol: WireProtocol;
  readonly certificate: WireCertificate | undefined;
  readonly server: HostPort;
  /** User part of its own URI. */
  readonly user: string;
  readonly credentials: Credentials | undefined;
  readonly instance: string | undefined;
  readonly regId: number;
  readonly hz: number;
  readonly rtpEvery: number;
  readonly firstSequence: number | undefined;
  readonly codecs: readonly OfferedCodec[];
  readonly isSecure: boolean;
  /** Of a carrier: who registers with it. */
  readonly subscriber: (Credentials & { readonly expiresSeconds: number }) | undefined;
  readonly policy: Policy;
  readonly clock: Clock;
  readonly rng: Rng;
  readonly ticker: MediaTicker;
  readonly onEvent: (event: UaEvent) => void;
}

const ALLOW = 'INVITE, ACK, CANCEL, BYE, OPTIONS, REFER, NOTIFY, INFO, UPDATE, MESSAGE';

export class UserAgent {
  readonly options: UserAgentOptions;
  readonly calls = new Map<string, UaCall>();
  readonly transactions: Transactions;
  readonly #registration: Registration;
  readonly registrar: CarrierRegistrar | undefined;
  readonly notices: ToldNotice[] = [];
  /** Call-IDs of its subscriptions. */
  readonly #subscriptions = new Set<string>();
  readonly #byDialog = new Map<string, UaCall>();
  readonly #byBranch = new Map<string, UaCall>();
  #wire: Wire | undefined;
  #policy: Policy;
  #made = 0;

  constructor(options: UserAgentOptions) {
    this.options = options;
    this.#policy = options.policy;
    this.transactions = new Transactions({
      clock: options.clock,
      isReliable: options.protocol !== 'udp',
      send: (text, to) => {
        this.send(text, to);
      },
      via: (branch) => this.#via(branch),
      newBranch: () => `z9hG4bK${this.token(8)}`,
    });
    this.#registration = new Registration(this);
    const { subscriber } = options;
    this.registrar =
      subscriber === undefined
        ? undefined
        : new CarrierRegistrar(subscriber, subscriber.expiresSeconds, this.token());
  }

  async open(): Promise<void> {
    const { protocol, address, port, certificate } = this.options;
    const onMessage = (text: string, from: HostPort): void => {
      this.attempt(() => {
        this.#receive(text, from);
      });
    };
    this.#wire = await openWire({ protocol, local: { address, port }, certificate, onMessage });
  }

  close(): void {
    this.#registration.close();
    this.transactions.close();
    for (const call of this.calls.values()) call.stop();
    this.#wire?.close();
  }

  get policy(): Policy {
    return this.#policy;
  }

  set policy(policy: Policy) {
    this.#policy = policy;
    for (const call of this.calls.values()) call.rtp.isMuted = policy.kind === 'vanish';
  }

  get local(): HostPort {
    return this.#wire?.local ?? { address: this.options.address, port: 0 };
  }

  get contactUri(): string {
    const { user, protocol } = this.options;
    const { address, port } = this.local;
    const transport = protocol === 'udp' ? '' : `;transport=${protocol}`;
    return `sip:${user}@${address}:${String(port)}${transport}`;
  }

  /** What goes with whatever makes or moves a dialog. */
  get abilities(): HeaderLines {
    return [
      ['Contact', `<${this.contactUri}>`],
      ['Allow', ALLOW],
      ['Supported', 'replaces'],
    ];
  }

  get mediaOptions(): Omit<MediaOptions, 'onKey'> {
    const { hz, clock, rng, address, codecs, isSecure, firstSequence, rtpEvery } = this.options;
    return { hz, clock, rng, address, codecs, isSecure, firstSequence, rtpEvery };
  }

  token(bytes = 6): string {
    return Buffer.from(this.options.rng.bytes(bytes)).toString('hex');
  }

  /** NOTIFYs of this Call-ID belong to a subscription of ours. */
  expectNotices(callId: string): void {
    this.#subscriptions.add(callId);
  }

  /** Final status of the registration as it is. 0: none yet. */
  get registrationStatus(): number {
    return this.#registration.status;
  }

  /** And again, in time, until it is told otherwise. @param expires seconds; 0: unregisters @returns the final status */
  register(expires: number): Promise<number> {
    return this.#registration.register(expires);
  }

  async call(call: OutgoingCall): Promise<UaCall> {
    const made = this.#newCall(call);
    try {
      await made.call(call);
    } catch (error) {
      made.stop();
      this.#forget(made);
      throw error;
    }
    this.#byDialog.set(dialogKey(made.sipCallId, made.localTag), made);
    return made;
  }

  /** Where a call goes: a number to the server, a URI that says it in numbers to there. */
  wayTo(to: string): { readonly target: string; readonly remoteUri: string; readonly peer: HostPort } {
    const { server } = this.options;
    if (/^sips?:/i.test(to)) return { target: to, remoteUri: `<${to}>`, peer: placeOf(to) ?? server };
    const target = `sip:${to}@${server.address}:${String(server.port)}`;
    return { target, remoteUri: `<sip:${to}@${server.address}>`, peer: server };
  }

  reports(): readonly CallReport[] {
    return [...this.calls.values()].map((call) => call.report());
  }

  forgetEnded(): void {
    for (const call of this.calls.values()) if (call.isOver) this.#forget(call);
  }

  /**
   * The header that answers a challenge; none when there is nothing to answer it with.
   * @param attempts that have failed: a second one makes sense only if the nonce was too old
   */
  authorize(response: SipMessage, method: string, uri: string, attempts: number): HeaderLines {
    const { credentials } = this.options;
    if (response.status !== 401 && response.status !== 407) return [];
    const isProxy = response.status === 407;
    const values = response.headers.get(isProxy ? 'proxy-authenticate' : 'www-authenticate') ?? [];
    const challenge = chooseChallenge(values);
    if (challenge === undefined || credentials === undefined) return [];
    if (attempts > 0 && !challenge.isStale) return [];
    const value = answerChallenge(challenge, credentials, method, uri, this.token(8));
    return [[isProxy ? 'Proxy-Authorization' : 'Authorization', value]];
  }

  respond(
    request: SipMessage,
    from: HostPort,
    status: number,
    toTag: string,
    more: HeaderLines = [],
    body = '',
  ): void {
    const headers = [...(status > 100 ? this.abilities : []), ...more];
    this.transactions.respond(request, from, buildResponse(request, status, toTag, headers, body));
  }

  respondUntilAck(
    request: SipMessage,
    from: HostPort,
    status: number,
    toTag: string,
    more: HeaderLines,
    body: string,
    onNoAck: () => void,
  ): void {
    const text = buildResponse(request, status, toTag, [...this.abilities, ...more], body);
    this.transactions.respondUntilAck(request, from, text, onNoAck);
  }

  /** Sends what was built before. */
  send(text: string, to: HostPort): void {
    if (this.#policy.kind !== 'vanish') this.#wire?.send(text, to);
  }

  /** An error of one message ends neither the agent nor the process. */
  attempt(act: () => void | Promise<void>): void {
    const tell = (error: unknown): void => {
      const { name, clock, onEvent } = this.options;
      const text = error instanceof Error ? error.message : String(error);
      onEvent({ event: 'fault', agent: name, atMs: clock.monotonicMs(), text });
    };
    try {
      act()?.catch(tell);
    } catch (error) {
      tell(error);
    }
  }

  #via(branch: string): string {
    const { address, port } = this.local;
    return `SIP/2.0/${this.options.protocol.toUpperCase()} ${address}:${String(port)};branch=${branch};rport`;
  }

  #receive(text: string, from: HostPort): void {
    if (this.#policy.kind === 'vanish') return;
    const message = parseSip(text);
    if (message === undefined) return;
    if (message.status > 0) this.#onResponse(message);
    else this.#onRequest(message, from);
  }

  #onResponse(response: SipMessage): void {
    if (this.transactions.onResponse(response) || cseqOf(response).method !== 'INVITE') return;
    const tag = tagOf(headerOf(response, 'from'));
    this.#byDialog.get(dialogKey(headerOf(response, 'call-id'), tag))?.onLateResponse(response);
  }

  #onRequest(request: SipMessage, from: HostPort): void {
    if (request.method === 'ACK') this.transactions.onAck(request);
    else if (this.transactions.isRepeated(request)) return;
    const tag = tagOf(headerOf(request, 'to'));
    const call =
      request.method === 'CANCEL'
        ? this.#byBranch.get(branchOf(request))
        : this.#byDialog.get(dialogKey(headerOf(request, 'call-id'), tag));
    if (call !== undefined && !call.isOver) call.onRequest(request, from);
    else if (request.method === 'NOTIFY' && this.#subscriptions.has(headerOf(request, 'call-id'))) {
      this.notices.push(readNotice(request));
      this.respond(request, from, 200, '');
    } else if (request.method === 'INVITE' && tag === '') this.#onInvite(request, from);
    else if (request.method === 'REGISTER' && this.registrar !== undefined) {
      const { status, headers } = this.registrar.answer(request, from);
      this.transactions.respond(request, from, buildResponse(request, status, this.token(4), headers, ''));
    } else if (request.method !== 'ACK')
      this.respond(request, from, statusOutside(request.method, tag), this.token(4));
  }

  #onInvite(request: SipMessage, from: HostPort): void {
    const unknown = splitValues(request.headers.get('require') ?? []).filter((one) => one !== 'replaces');
    if (unknown.length > 0) {
      this.#refuse(request, from, 420, [['Unsupported', unknown.join(', ')]]);
      return;
    }
    const replaces = headerOf(request, 'replaces');
    const replaced = replaces === '' ? undefined : this.#findReplaced(replaces);
    if (replaces !== '' && replaced === undefined) this.#refuse(request, from, 481);
    else this.attempt(() => this.#takeCall(request, from, replaced));
  }

  async #takeCall(request: SipMessage, from: HostPort, replaced: UaCall | undefined): Promise<void> {
    const policy: Policy = replaced === undefined ? this.#policy : { kind: 'answer', afterMs: 0 };
    if (policy.kind === 'return' && userIn(request.uri).startsWith(policy.prefix ?? '')) {
      await this.#returnCall(request, from, policy.deafness ?? 'none');
      return;
    }
    const call = this.#newCall({});
    const isTaken = call.ringFor(request, from, policy);
    this.#byDialog.set(dialogKey(call.sipCallId, call.localTag), call);
    this.#byBranch.set(call.inviteBranch, call);
    try {
      await isTaken;
    } catch (error) {
      call.reject(500);
      throw error;
    }
    // RFC 3891 3: whoever is replaced hears it from us.
    if (call.isUp) replaced?.hangUp();
  }

  async #returnCall(request: SipMessage, from: HostPort, deafness: Deafness): Promise<void> {
    const [inside, outside] = passMedia({ ...this.mediaOptions, onKey: () => undefined }, deafness);
    const back: { call?: UaCall } = {};
    const call = this.#newCall({
      media: inside,
      onOver: () => {
        inside.close();
        back.call?.hangUp();
      },
    });
    const isTaken = call.ringFor(request, from, { kind: 'ring' });
    this.#byDialog.set(dialogKey(call.sipCallId, call.localTag), call);
    this.#byBranch.set(call.inviteBranch, call);
    await isTaken;
    inside.acceptOffer(request.body);
    const { caller, dialled } = call.report();
    back.call = await this.call({
      ...{ to: dialled, from: caller, media: outside },
      onStatus: (status) => {
        if (status >= 300) call.reject(status);
        else if (status >= 200 && !call.isOver) call.answer();
      },
      onOver: () => {
        outside.close();
        call.hangUp();
      },
    });
  }

  #refuse(request: SipMessage, from: HostPort, status: number, more: HeaderLines = []): void {
    this.respondUntilAck(request, from, status, this.token(4), more, '', () => undefined);
  }

  #findReplaced(value: string): UaCall | undefined {
    const dialog = parseReplaces(value);
    if (dialog === undefined) return undefined;
    return [...this.calls.values()].find((call) => call.isUp && call.isDialog(dialog));
  }

  #newCall(options: CallOptions): UaCall {
    this.#made += 1;
    const call = new UaCall(this, `${this.options.name}-${String(this.#made)}`, options);
    this.calls.set(call.id, call);
    return call;
  }

  #forget(call: UaCall): void {
    this.calls.delete(call.id);
    this.#byDialog.delete(dialogKey(call.sipCallId, call.localTag));
    this.#byBranch.delete(call.inviteBranch);
  }
}

function dialogKey(callId: string, localTag: string): string {
  return `${callId} ${localTag}`;
}

/** What is answered to a request that belongs to no call. */
function statusOutside(method: string, toTag: string): number {
  if (method === 'OPTIONS' || method === 'MESSAGE') return 200;
  // Message-waiting and BLF come without a subscription that we would know of.
  return method === 'NOTIFY' && toTag === '' ? 200 : 481;
}
