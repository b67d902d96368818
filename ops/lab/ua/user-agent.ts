/**
 * A desk phone, or the carrier, of the laboratory: registers, calls, answers, holds, transfers, with media that is
 * really sent. For peers that keep to the protocol; whatever it does not understand it ignores.
 */
import type { Clock, Timer } from '../../../cluster/base/clock.js';
import type { Rng } from '../../../cluster/base/rng.js';
import { answerChallenge, chooseChallenge, type Credentials } from './digest.js';
import {
  branchOf,
  buildResponse,
  buildSip,
  cseqOf,
  headerOf,
  parseSip,
  tagOf,
  uriIn,
  userIn,
  type HeaderLines,
  type SipMessage,
} from './sip-text.js';
import { openWire, type HostPort, type Wire, type WireProtocol } from './sip-wire.js';
import type { Codec } from './tone.js';
import { UaCall, type CallReport } from './ua-call.js';

export type Policy =
  | { readonly kind: 'answer'; readonly afterMs: number; readonly hangUpAfterMs?: number }
  | { readonly kind: 'ring' }
  | { readonly kind: 'refuse'; readonly status: number }
  /** As if its power were cut. */
  | { readonly kind: 'vanish' };

export interface UserAgentOptions {
  readonly name: string;
  readonly address: string;
  /** 0: a free one. */
  readonly port: number;
  readonly protocol: WireProtocol;
  readonly server: HostPort;
  /** User part of its own URI. */
  readonly user: string;
  readonly credentials: Credentials | undefined;
  readonly instance: string | undefined;
  readonly hz: number;
  readonly codecs: readonly Codec[];
  readonly isSecure: boolean;
  readonly isMute: boolean;
  readonly policy: Policy;
  readonly clock: Clock;
  readonly rng: Rng;
}

interface Pending {
  readonly message: string;
  readonly to: HostPort;
  readonly onResponse: (response: SipMessage) => void;
  timer: Timer | undefined;
}

const T1_MS = 500;
const T2_MS = 4000;
const GIVE_UP_MS = 32_000;
const REMEMBERED_MAX = 20_000;

export class UserAgent {
  readonly options: UserAgentOptions;
  readonly calls = new Map<string, UaCall>();
  #wire: Wire | undefined;
  policy: Policy;
  readonly #pending = new Map<string, Pending>();
  /** Last response by branch and method, for requests that come again. */
  readonly #answered = new Map<string, { readonly text: string; readonly to: HostPort }>();
  #made = 0;
  #registration: { readonly callId: string; cseq: number; expires: number; status: number } | undefined;
  #refresh: Timer | undefined;

  constructor(options: UserAgentOptions) {
    this.options = options;
    this.policy = options.policy;
  }

  async open(): Promise<void> {
    const { protocol, address, port } = this.options;
    this.#wire = await openWire(protocol, { address, port }, (text, from) => {
      this.#receive(text, from);
    });
  }

  close(): void {
    this.#refresh?.cancel();
    for (const { timer } of this.#pending.values()) timer?.cancel();
    for (const call of this.calls.values()) call.stop();
    this.#wire?.close();
  }

  get local(): HostPort {
    return this.#wire?.local ?? { address: this.options.address, port: 0 };
  }

  get contact(): string {
    const { user, protocol, instance } = this.options;
    const { address, port } = this.local;
    const transport = protocol === 'udp' ? '' : `;transport=${protocol}`;
    const id = instance === undefined ? '' : `;+sip.instance="<urn:uuid:${instance}>";reg-id=1`;
    return `<sip:${user}@${address}:${String(port)}${transport}>${id}`;
  }

  get registrationStatus(): number {
    return this.#registration?.status ?? 0;
  }

  token(bytes = 6): string {
    return Buffer.from(this.options.rng.bytes(bytes)).toString('hex');
  }

  /** @returns the final status */
  register(expires: number): Promise<number> {
    const { user, server, clock } = this.options;
    this.#registration ??= { callId: this.token(12), cseq: 0, expires, status: 0 };
    const registration = this.#registration;
    registration.expires = expires;
    this.#refresh?.cancel();
    const aor = `<sip:${user}@${server.address}>`;
    return new Promise((resolve) => {
      const send = (more: HeaderLines): void => {
        registration.cseq += 1;
        const headers: HeaderLines = [
          ['From', `${aor};tag=${this.token(4)}`],
          ['To', aor],
          ['Call-ID', registration.callId],
          ['CSeq', `${String(registration.cseq)} REGISTER`],
          ['Contact', this.contact],
          ['Expires', String(expires)],
          ...more,
        ];
        this.request('REGISTER', `sip:${server.address}`, headers, '', server, (response) => {
          const authorization =
            more.length === 0 ? this.authorize(response, 'REGISTER', `sip:${server.address}`) : [];
          if (authorization.length > 0) send(authorization);
          else if (response.status >= 200) {
            registration.status = response.status;
            if (expires > 0 && response.status === 200) {
              this.#refresh = clock.schedule((expires * 1000) / 2, () => void this.register(expires));
            }
            resolve(response.status);
          }
        });
      };
      send([]);
    });
  }

  async call(to: string, more: HeaderLines = [], fromUser?: string): Promise<UaCall> {
    this.#made += 1;
    const call = new UaCall(this, `${this.options.name}-${String(this.#made)}`);
    this.calls.set(call.id, call);
    await call.invite(to, more, fromUser);
    return call;
  }

  reports(): readonly CallReport[] {
    return [...this.calls.values()].map((call) => call.report());
  }

  forgetEnded(): void {
    for (const [id, call] of this.calls) if (call.isOver) this.calls.delete(id);
  }

  /** @returns the header that answers a challenge; none when there is nothing to answer */
  authorize(response: SipMessage, method: string, uri: string): HeaderLines {
    const { credentials } = this.options;
    if (response.status !== 401 && response.status !== 407) return [];
    const isProxy = response.status === 407;
    const values = response.headers.get(isProxy ? 'proxy-authenticate' : 'www-authenticate') ?? [];
    const challenge = chooseChallenge(values);
    if (challenge === undefined || credentials === undefined) return [];
    const value = answerChallenge(challenge, credentials, method, uri, this.token(8));
    return [[isProxy ? 'Proxy-Authorization' : 'Authorization', value]];
  }

  /** A transaction of ours. @returns its branch */
  request(
    method: string,
    uri: string,
    headers: HeaderLines,
    body: string,
    to: HostPort,
    onResponse: (response: SipMessage) => void,
    branch = `z9hG4bK${this.token(8)}`,
  ): string {
    const { address, port } = this.local;
    const via = `SIP/2.0/${this.options.protocol.toUpperCase()} ${address}:${String(port)};branch=${branch};rport`;
    const all: HeaderLines = [['Via', via], ['Max-Forwards', '70'], ...headers];
    const message = buildSip(`${method} ${uri} SIP/2.0`, all, body);
    this.#send(message, to);
    if (method === 'ACK') return branch;
    const pending: Pending = { message, to, onResponse, timer: undefined };
    const key = `${branch} ${method}`;
    this.#pending.set(key, pending);
    this.#retransmit(key, pending, method, T1_MS, 0);
    return branch;
  }

  respond(
    request: SipMessage,
    from: HostPort,
    status: number,
    toTag: string,
    more: HeaderLines = [],
    body = '',
  ): void {
    const text = buildResponse(request, status, toTag, more, body);
    if (this.#answered.size > REMEMBERED_MAX) this.#answered.clear();
    this.#answered.set(`${branchOf(request)} ${request.method}`, { text, to: from });
    this.#send(text, from);
  }

  /** Sends what was built before, such as a 2xx until its ACK. */
  send(text: string, to: HostPort): void {
    this.#send(text, to);
  }

  #send(text: string, to: HostPort): void {
    if (this.policy.kind !== 'vanish') this.#wire?.send(text, to);
  }

  #retransmit(key: string, pending: Pending, method: string, afterMs: number, elapsedMs: number): void {
    const isReliable = this.options.protocol !== 'udp';
    pending.timer = this.options.clock.schedule(isReliable ? GIVE_UP_MS : afterMs, () => {
      const elapsed = elapsedMs + afterMs;
      if (isReliable || elapsed >= GIVE_UP_MS) {
        this.#pending.delete(key);
        pending.onResponse({ method: '', uri: '', status: 408, headers: new Map(), body: '' });
        return;
      }
      this.#send(pending.message, pending.to);
      const nextMs = method === 'INVITE' ? afterMs * 2 : Math.min(afterMs * 2, T2_MS);
      this.#retransmit(key, pending, method, nextMs, elapsed);
    });
  }

  #receive(text: string, from: HostPort): void {
    if (this.policy.kind === 'vanish') return;
    const message = parseSip(text);
    if (message === undefined) return;
    if (message.status > 0) this.#onResponse(message);
    else this.#onRequest(message, from);
  }

  #onResponse(response: SipMessage): void {
    const key = `${branchOf(response)} ${cseqOf(response).method}`;
    const pending = this.#pending.get(key);
    if (pending === undefined) {
      this.#findCall(response)?.onLateResponse(response);
      return;
    }
    pending.timer?.cancel();
    if (response.status >= 200) this.#pending.delete(key);
    pending.onResponse(response);
  }

  #onRequest(request: SipMessage, from: HostPort): void {
    const again = this.#answered.get(`${branchOf(request)} ${request.method}`);
    if (again !== undefined && request.method !== 'ACK') {
      this.#send(again.text, again.to);
      return;
    }
    const call = this.#findCall(request);
    if (call !== undefined) call.onRequest(request, from);
    else if (request.method === 'INVITE' && tagOf(headerOf(request, 'to')) === '')
      this.#onInvite(request, from);
    else if (request.method === 'OPTIONS' || request.method === 'NOTIFY')
      this.respond(request, from, 200, this.token(4));
    else if (request.method !== 'ACK') this.respond(request, from, 481, this.token(4));
  }

  #onInvite(request: SipMessage, from: HostPort): void {
    this.#made += 1;
    const call = new UaCall(this, `${this.options.name}-${String(this.#made)}`);
    this.calls.set(call.id, call);
    void call.ringFor(request, from, this.policy);
  }

  #findCall(message: SipMessage): UaCall | undefined {
    const sipCallId = headerOf(message, 'call-id');
    for (const call of this.calls.values()) if (call.sipCallId === sipCallId) return call;
    return undefined;
  }
}

export { uriIn, userIn };
