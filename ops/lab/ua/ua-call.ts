/** One call of a user agent: its dialog and its media. */
import type { Timer } from '../../../cluster/base/clock.js';
import { RtpStream, type RtpReport } from './rtp-stream.js';
import {
  branchOf,
  buildResponse,
  buildSip,
  cseqOf,
  headerOf,
  tagOf,
  uriIn,
  userIn,
  type HeaderLines,
  type SipMessage,
} from './sip-text.js';
import type { HostPort } from './sip-wire.js';
import { MASTER_BYTES } from './srtp.js';
import { mirrored, readSdp, writeSdp, type Direction, type TheirMedia } from './ua-sdp.js';
import type { Policy, UserAgent } from './user-agent.js';

export type CallProgress = 'calling' | 'ringing' | 'up' | 'over';

export interface CallReport {
  readonly id: string;
  readonly isIncoming: boolean;
  readonly progress: CallProgress;
  /** Of an outgoing call: its final response. */
  readonly status: number;
  /** User part of From. */
  readonly caller: string;
  /** User part of the Request-URI. */
  readonly dialled: string;
  readonly sipCallId: string;
  /** Monotonic, of this machine: comparable between processes. */
  readonly times: Readonly<Partial<Record<'invite' | 'ringing' | 'up' | 'over', number>>>;
  readonly isHeld: boolean;
  /** Status codes of NOTIFYs about a transfer. */
  readonly referred: readonly number[];
  readonly endedBy: 'us' | 'them' | undefined;
  readonly audio: RtpReport;
}

const RETRANSMIT_MS = 500;
const GIVE_UP_MS = 32_000;

export class UaCall {
  readonly id: string;
  readonly rtp: RtpStream;
  readonly #agent: UserAgent;
  #isIncoming = false;
  #progress: CallProgress = 'calling';
  #status = 0;
  #caller = '';
  #dialled = '';
  #times: Partial<Record<'invite' | 'ringing' | 'up' | 'over', number>> = {};
  sipCallId: string;
  #localTag: string;
  #remoteTag = '';
  #localUri = '';
  #remoteUri = '';
  #target = '';
  #routes: readonly string[] = [];
  #peer: HostPort;
  #cseq = 0;
  #port = 0;
  #version = 0;
  #key: Buffer | undefined;
  #theirs: TheirMedia | undefined;
  #isHolding = false;
  #isHeld = false;
  #referred: number[] = [];
  #endedBy: 'us' | 'them' | undefined;
  #invite: SipMessage | undefined;
  #inviteBranch = '';
  #inviteUri = '';
  #inviteHeaders: HeaderLines = [];
  #isCancelled = false;
  #resend: Timer | undefined;
  #timer: Timer | undefined;
  #lastAck = '';

  constructor(agent: UserAgent, id: string) {
    this.#agent = agent;
    this.id = id;
    const { hz, clock, rng, server, isSecure } = agent.options;
    this.rtp = new RtpStream(hz, clock, rng);
    this.sipCallId = `${agent.token(12)}@${agent.options.address}`;
    this.#localTag = agent.token(5);
    this.#peer = server;
    this.#key = isSecure ? Buffer.from(rng.bytes(MASTER_BYTES)) : undefined;
  }

  get isOver(): boolean {
    return this.#progress === 'over';
  }

  get isUp(): boolean {
    return this.#progress === 'up';
  }

  report(): CallReport {
    return {
      ...{ id: this.id, isIncoming: this.#isIncoming, progress: this.#progress, status: this.#status },
      ...{ caller: this.#caller, dialled: this.#dialled, sipCallId: this.sipCallId, times: this.#times },
      ...{ isHeld: this.#isHeld, referred: this.#referred, endedBy: this.#endedBy, audio: this.rtp.report() },
    };
  }

  /** For Replaces (RFC 3891): how the peer of this dialog names it. */
  get replaces(): string {
    return `${this.sipCallId};to-tag=${this.#remoteTag};from-tag=${this.#localTag}`;
  }

  async invite(to: string, more: HeaderLines, fromUser?: string): Promise<void> {
    const { server, user, address } = this.#agent.options;
    this.#port = await this.rtp.open(address);
    this.#localUri = `<sip:${fromUser ?? user}@${server.address}>`;
    this.#remoteUri = `<sip:${to}@${server.address}>`;
    this.#inviteUri = `sip:${to}@${server.address}:${String(server.port)}`;
    this.#caller = fromUser ?? user;
    this.#dialled = to;
    this.#mark('invite');
    this.#sendInvite(more);
  }

  #sendInvite(more: HeaderLines): void {
    this.#inviteHeaders = more;
    this.#cseq += 1;
    this.#inviteBranch = this.#agent.request(
      'INVITE',
      this.#inviteUri,
      [...this.#dialogHeaders('INVITE'), ['Contact', this.#agent.contact], ...more, ...SDP_HEADER],
      this.#ownSdp('sendrecv'),
      this.#peer,
      (response) => {
        this.#onInviteResponse(response);
      },
    );
  }

  #onInviteResponse(response: SipMessage): void {
    const { status } = response;
    if (status < 200) {
      if (status > 100 && this.#progress === 'calling') this.#become('ringing');
      return;
    }
    if (status >= 300) {
      this.#ackFailure(response);
      const authorization = this.#agent.authorize(response, 'INVITE', this.#inviteUri);
      const isFirst = !this.#inviteHeaders.some(([name]) => /authorization$/i.test(name));
      if (authorization.length > 0 && isFirst && !this.#isCancelled) {
        this.#sendInvite([...this.#inviteHeaders, ...authorization]);
        return;
      }
      this.#status = status;
      this.#end('them');
      return;
    }
    this.#learn(response);
    this.#ack();
    this.#status = status;
    this.#connect(response.body);
    this.#become('up');
    if (this.#isCancelled) this.hangUp();
  }

  /** A 2xx that came again. */
  onLateResponse(response: SipMessage): void {
    if (
      response.status >= 200 &&
      response.status < 300 &&
      cseqOf(response).method === 'INVITE' &&
      this.#lastAck !== ''
    )
      this.#agent.send(this.#lastAck, this.#peer);
  }

  async ringFor(request: SipMessage, from: HostPort, policy: Policy): Promise<void> {
    this.#isIncoming = true;
    this.#invite = request;
    this.#peer = from;
    this.sipCallId = headerOf(request, 'call-id');
    this.#remoteTag = tagOf(headerOf(request, 'from'));
    this.#remoteUri = `<${uriIn(headerOf(request, 'from'))}>`;
    this.#localUri = `<${uriIn(headerOf(request, 'to'))}>`;
    this.#target = uriIn(headerOf(request, 'contact'));
    this.#routes = request.headers.get('record-route') ?? [];
    this.#caller = userIn(headerOf(request, 'from'));
    this.#dialled = userIn(request.uri);
    this.#mark('invite');
    this.#port = await this.rtp.open(this.#agent.options.address);
    if (policy.kind === 'refuse') {
      this.#refuse(policy.status);
      return;
    }
    this.#respondToInvite(180);
    this.#become('ringing');
    if (policy.kind !== 'answer') return;
    const { hangUpAfterMs } = policy;
    this.#later(policy.afterMs, () => {
      this.answer();
      if (hangUpAfterMs !== undefined)
        this.#later(hangUpAfterMs, () => {
          this.hangUp();
        });
    });
  }

  answer(): void {
    const request = this.#invite;
    if (request === undefined || this.#progress !== 'ringing') return;
    const theirs = readSdp(request.body);
    if (theirs === undefined || theirs.codecs.length === 0) {
      this.#refuse(488);
      return;
    }
    if (theirs.isSecure) this.#key ??= Buffer.from(this.#agent.options.rng.bytes(MASTER_BYTES));
    else this.#key = undefined;
    this.#theirs = theirs;
    const body = this.#ownSdp(mirrored(theirs.direction));
    this.#connect(request.body);
    const text = buildResponse(
      request,
      200,
      this.#localTag,
      [['Contact', this.#agent.contact], ...SDP_HEADER],
      body,
    );
    this.#become('up');
    this.#sendUntilAck(text, RETRANSMIT_MS, 0);
  }

  reject(status: number): void {
    if (this.#isIncoming && this.#progress === 'ringing') this.#refuse(status);
  }

  /** BYE, CANCEL or a refusal. */
  hangUp(): void {
    if (this.#progress === 'over') return;
    if (this.#progress === 'up') {
      this.#inDialog('BYE', [], '', () => undefined);
      this.#end('us');
    } else if (this.#isIncoming) this.#refuse(480);
    else {
      this.#isCancelled = true;
      const headers: HeaderLines = this.#dialogHeaders('CANCEL');
      this.#agent.request(
        'CANCEL',
        this.#inviteUri,
        headers,
        '',
        this.#peer,
        () => undefined,
        this.#inviteBranch,
      );
    }
  }

  /** @returns the status of the answer */
  hold(isHolding: boolean): Promise<number> {
    this.#isHolding = isHolding;
    return this.reinvite();
  }

  reinvite(): Promise<number> {
    return new Promise((resolve) => {
      const body = this.#ownSdp(this.#isHolding ? 'sendonly' : 'sendrecv');
      this.#inDialog('INVITE', [['Contact', this.#agent.contact], ...SDP_HEADER], body, (response) => {
        if (response.status < 200) return;
        this.#ack();
        if (response.status < 300) this.#connect(response.body);
        resolve(response.status);
      });
    });
  }

  /** @param replaced the call that the target replaces @returns the status of the answer */
  refer(number: string, replaced?: UaCall): Promise<number> {
    const { server } = this.#agent.options;
    const uri = `sip:${number}@${server.address}`;
    const to = replaced === undefined ? uri : `${uri}?Replaces=${encodeURIComponent(replaced.replaces)}`;
    return new Promise((resolve) => {
      this.#inDialog(
        'REFER',
        [
          ['Refer-To', `<${to}>`],
          ['Contact', this.#agent.contact],
        ],
        '',
        ({ status }) => {
          if (status >= 200) resolve(status);
        },
      );
    });
  }

  onRequest(request: SipMessage, from: HostPort): void {
    const { method } = request;
    this.#peer = this.#agent.options.protocol === 'udp' ? from : this.#peer;
    if (method === 'ACK') {
      this.#resend?.cancel();
      return;
    }
    if (method === 'CANCEL') {
      this.#agent.respond(request, from, 200, this.#localTag);
      if (this.#progress === 'ringing') this.#refuse(487, 'them');
      return;
    }
    if (method === 'BYE') {
      this.#agent.respond(request, from, 200, this.#localTag);
      this.#end('them');
      return;
    }
    if (method === 'INVITE' || (method === 'UPDATE' && request.body !== '')) this.#onOffer(request, from);
    else {
      if (method === 'NOTIFY') {
        const status = /^SIP\/2\.0 (\d{3})/.exec(request.body)?.[1];
        if (status !== undefined) this.#referred.push(Number(status));
      }
      this.#agent.respond(request, from, 200, this.#localTag);
    }
  }

  /** Media and timers end; nothing is sent any more. */
  stop(): void {
    this.#resend?.cancel();
    this.#timer?.cancel();
    this.rtp.close();
  }

  #onOffer(request: SipMessage, from: HostPort): void {
    const theirs = readSdp(request.body);
    const contact: HeaderLines = [['Contact', this.#agent.contact]];
    if (theirs === undefined) {
      this.#agent.respond(
        request,
        from,
        200,
        this.#localTag,
        [...contact, ...SDP_HEADER],
        this.#ownSdp('sendrecv'),
      );
      return;
    }
    this.#theirs = theirs;
    this.#isHeld = theirs.direction === 'sendonly' || theirs.direction === 'inactive';
    const body = this.#ownSdp(this.#isHolding ? 'sendonly' : mirrored(theirs.direction));
    this.#connect(request.body);
    this.#agent.respond(request, from, 200, this.#localTag, [...contact, ...SDP_HEADER], body);
  }

  #respondToInvite(status: number): void {
    if (this.#invite !== undefined)
      this.#agent.respond(this.#invite, this.#peer, status, this.#localTag, [
        ['Contact', this.#agent.contact],
      ]);
  }

  #refuse(status: number, by: 'us' | 'them' = 'us'): void {
    this.#status = status;
    this.#respondToInvite(status);
    this.#end(by);
  }

  #sendUntilAck(text: string, afterMs: number, elapsedMs: number): void {
    this.#agent.send(text, this.#peer);
    if (elapsedMs >= GIVE_UP_MS) return;
    this.#resend = this.#agent.options.clock.schedule(afterMs, () => {
      this.#sendUntilAck(text, Math.min(afterMs * 2, 4000), elapsedMs + afterMs);
    });
  }

  #learn(response: SipMessage): void {
    this.#remoteTag = tagOf(headerOf(response, 'to'));
    this.#target = uriIn(headerOf(response, 'contact'));
    this.#routes = [...(response.headers.get('record-route') ?? [])].reverse();
  }

  #ack(): void {
    const branch = `z9hG4bK${this.#agent.token(8)}`;
    const { address, port } = this.#agent.local;
    const protocol = this.#agent.options.protocol.toUpperCase();
    const via = `SIP/2.0/${protocol} ${address}:${String(port)};branch=${branch};rport`;
    const headers: HeaderLines = [['Via', via], ['Max-Forwards', '70'], ...this.#dialogHeaders('ACK')];
    this.#lastAck = buildSip(`ACK ${this.#target} SIP/2.0`, headers);
    this.#agent.send(this.#lastAck, this.#peer);
  }

  /** RFC 3261 17.1.1.3: of the same transaction. */
  #ackFailure(response: SipMessage): void {
    const headers: HeaderLines = [
      ['From', headerOf(response, 'from')],
      ['To', headerOf(response, 'to')],
      ['Call-ID', this.sipCallId],
      ['CSeq', `${String(cseqOf(response).number)} ACK`],
    ];
    if (response.headers.size > 0)
      this.#agent.request(
        'ACK',
        this.#inviteUri,
        headers,
        '',
        this.#peer,
        () => undefined,
        branchOf(response),
      );
  }

  #inDialog(
    method: string,
    more: HeaderLines,
    body: string,
    onResponse: (response: SipMessage) => void,
  ): void {
    this.#cseq += 1;
    const headers = [...this.#dialogHeaders(method), ...more];
    this.#agent.request(method, this.#target, headers, body, this.#peer, onResponse);
  }

  #dialogHeaders(method: string): HeaderLines {
    const to = this.#remoteTag === '' ? this.#remoteUri : `${this.#remoteUri};tag=${this.#remoteTag}`;
    return [
      ...this.#routes.map((route) => ['Route', route] as const),
      ['From', `${this.#localUri};tag=${this.#localTag}`],
      ['To', to],
      ['Call-ID', this.sipCallId],
      ['CSeq', `${String(this.#cseq)} ${method}`],
    ];
  }

  #ownSdp(direction: Direction): string {
    this.#version += 1;
    const { address, codecs } = this.#agent.options;
    const common =
      this.#theirs === undefined ? codecs : codecs.filter((one) => this.#theirs?.codecs.includes(one));
    return writeSdp({
      ...{ address, port: this.#port, version: this.#version, direction, key: this.#key },
      codecs: common.length === 0 ? codecs : common,
      cryptoTag: this.#theirs?.cryptoTag ?? '1',
    });
  }

  #connect(sdp: string): void {
    const theirs = readSdp(sdp);
    if (theirs === undefined) return;
    this.#theirs = theirs;
    const codec = this.#agent.options.codecs.find((one) => theirs.codecs.includes(one));
    if (codec === undefined) return;
    this.rtp.connect({
      ...{ address: theirs.address, port: theirs.port, codec, payloadType: codec === 'PCMU' ? 0 : 8 },
      keyType: theirs.keyType,
      theirKey: theirs.isSecure ? theirs.key : undefined,
      ourKey: theirs.isSecure ? this.#key : undefined,
      isSending:
        !this.#agent.options.isMute && (theirs.direction === 'sendrecv' || theirs.direction === 'recvonly'),
    });
  }

  #mark(what: 'invite' | 'ringing' | 'up' | 'over'): void {
    this.#times[what] ??= this.#agent.options.clock.monotonicMs();
  }

  #become(progress: 'ringing' | 'up'): void {
    this.#progress = progress;
    this.#mark(progress);
  }

  #end(by: 'us' | 'them'): void {
    if (this.#progress === 'over') return;
    this.#progress = 'over';
    this.#endedBy = by;
    this.#mark('over');
    this.stop();
  }

  #later(afterMs: number, act: () => void): void {
    this.#timer = this.#agent.options.clock.schedule(afterMs, act);
  }
}

const SDP_HEADER: HeaderLines = [['Content-Type', 'application/sdp']];
