/** One call of a user agent: how far it is, what it sends and answers in its dialog, and its media. */
import type { Timer } from '../../../cluster/base/clock.js';
import type { RtpReport, RtpStream } from './rtp-stream.js';
import { branchOf, headerOf, userIn, type HeaderLines, type SipMessage } from './sip-text.js';
import type { HostPort } from './sip-wire.js';
import { parseReferTo, UaDialog, type ReferTarget, type ReplacedDialog } from './ua-dialog.js';
import { UaMedia } from './ua-media.js';
import type { CallEvent } from './ua-orders.js';
import type { Policy, UserAgent } from './user-agent.js';

export type CallProgress = 'calling' | 'ringing' | 'up' | 'over';
type Moment = 'invite' | 'ringing' | 'up' | 'over';

export interface CallReport {
  readonly id: string;
  readonly agent: string;
  readonly isIncoming: boolean;
  readonly progress: CallProgress;
  /** Final response; of an incoming call too, once it was refused. 0: none yet. */
  readonly status: number;
  /** User part of From. */
  readonly caller: string;
  /** User part of the Request-URI. */
  readonly dialled: string;
  readonly sipCallId: string;
  /** INVITE sent or received, 180, 2xx, end; CLOCK_MONOTONIC in ms: comparable between processes. */
  readonly times: Readonly<Partial<Record<Moment, number>>>;
  readonly isHeld: boolean;
  /** Status codes of NOTIFYs about a transfer. */
  readonly referred: readonly number[];
  readonly endedBy: 'us' | 'them' | undefined;
  readonly audio: RtpReport;
}

export interface CallOptions {
  /** A packet each so many times 20 ms; 0: none. */
  readonly rtpEvery?: number;
  /** Counted from when it is up. */
  readonly hangUpAfterMs?: number;
}

export interface OutgoingCall extends CallOptions {
  /** A number, or a URI that says where it goes itself. */
  readonly to: string;
  /** User part of From. */
  readonly from?: string;
  readonly headers?: HeaderLines;
  /** How it ends, each provisional response before. */
  readonly onStatus?: (status: number) => void;
}

const SDP_HEADER: HeaderLines = [['Content-Type', 'application/sdp']];
/** A challenge, and once more when the nonce was too old. */
const CHALLENGES_MAX = 2;

export class UaCall {
  readonly id: string;
  readonly #agent: UserAgent;
  readonly #media: UaMedia;
  readonly #hangUpAfterMs: number | undefined;
  #dialog: UaDialog;
  #isIncoming = false;
  #progress: CallProgress = 'calling';
  #status = 0;
  #caller = '';
  #dialled = '';
  #times: Partial<Record<Moment, number>> = {};
  #peer: HostPort;
  #referred: number[] = [];
  #endedBy: 'us' | 'them' | undefined;
  /** That made an incoming call. */
  #invite: SipMessage | undefined;
  #inviteBranch = '';
  #isCancelled = false;
  #isReinviting = false;
  /** We were asked for an offer: what the ACK brings is the answer. */
  #awaitsAnswer = false;
  #onStatus: (status: number) => void = () => undefined;
  #timer: Timer | undefined;
  readonly #acks = new Map<number, string>();

  constructor(agent: UserAgent, id: string, options: CallOptions = {}) {
    this.#agent = agent;
    this.id = id;
    this.#hangUpAfterMs = options.hangUpAfterMs;
    const { hz, clock, rng, server, address, codecs, isSecure, rtpEvery } = agent.options;
    this.#media = new UaMedia({
      ...{ hz, clock, rng, address, codecs, isSecure, rtpEvery: options.rtpEvery ?? rtpEvery },
      onKey: (key) => {
        this.#tell({ event: 'key', key });
      },
    });
    this.#peer = server;
    this.#dialog = UaDialog.calling({ callId: '', localTag: '', localUri: '', remoteUri: '', target: '' });
  }

  get rtp(): RtpStream {
    return this.#media.rtp;
  }

  get isOver(): boolean {
    return this.#progress === 'over';
  }

  get isUp(): boolean {
    return this.#progress === 'up';
  }

  get progress(): CallProgress {
    return this.#progress;
  }

  get invite(): SipMessage | undefined {
    return this.#invite;
  }

  /** By which messages find it. */
  get sipCallId(): string {
    return this.#dialog.callId;
  }

  get localTag(): string {
    return this.#dialog.localTag;
  }

  get inviteBranch(): string {
    return this.#inviteBranch;
  }

  isDialog({ callId, localTag, remoteTag }: ReplacedDialog): boolean {
    const dialog = this.#dialog;
    return dialog.callId === callId && dialog.localTag === localTag && dialog.remoteTag === remoteTag;
  }

  report(): CallReport {
    return {
      ...{ id: this.id, agent: this.#agent.options.name, isIncoming: this.#isIncoming },
      ...{ progress: this.#progress, status: this.#status, caller: this.#caller, dialled: this.#dialled },
      ...{ sipCallId: this.sipCallId, times: this.#times, isHeld: this.#media.isHeld },
      ...{ referred: this.#referred, endedBy: this.#endedBy, audio: this.rtp.report() },
    };
  }

  /** @throws when it cannot have a port for its media */
  async call({ to, from, headers = [], onStatus }: OutgoingCall): Promise<void> {
    const { server, user, address } = this.#agent.options;
    const { target, peer, remoteUri } = this.#agent.wayTo(to);
    this.#caller = from ?? user;
    this.#dialled = userIn(target);
    this.#peer = peer;
    if (onStatus !== undefined) this.#onStatus = onStatus;
    this.#dialog = UaDialog.calling({
      ...{ callId: `${this.#agent.token(12)}@${address}`, localTag: this.#agent.token(5), target, remoteUri },
      localUri: `<sip:${this.#caller}@${server.address}>`,
    });
    await this.#media.open();
    this.#mark('invite');
    this.#sendInvite(headers, 0);
  }

  #sendInvite(more: HeaderLines, challenges: number, authorization: HeaderLines = []): void {
    const uri = this.#dialog.target;
    const headers = [
      ...this.#dialog.nextHeaders('INVITE'),
      ...this.#agent.abilities,
      ...more,
      ...authorization,
      ...SDP_HEADER,
    ];
    const onResponse = (response: SipMessage): void => {
      const again =
        response.status < 300 || this.#isCancelled || challenges >= CHALLENGES_MAX
          ? []
          : this.#agent.authorize(response, 'INVITE', uri, challenges);
      if (again.length > 0) this.#sendInvite(more, challenges + 1, again);
      else this.#onInviteResponse(response);
    };
    const request = { method: 'INVITE', uri, headers, body: this.#media.offer(), to: this.#peer, onResponse };
    this.#inviteBranch = this.#agent.transactions.request(request);
  }

  #onInviteResponse(response: SipMessage): void {
    const { status } = response;
    if (this.isOver) return;
    if (status < 200) {
      // Sound before the answer: announcements, the carrier's ringing tone.
      if (response.body !== '') this.#media.acceptAnswer(response.body);
      if (status > 100) this.#become('ringing');
    } else if (status >= 300) {
      this.#status = status;
      this.#end(this.#isCancelled ? 'us' : 'them');
    } else {
      this.#dialog.learn(response);
      this.#ack();
      this.#status = status;
      this.#goUp(this.#media.acceptAnswer(response.body));
      if (this.#isCancelled) this.hangUp();
    }
    this.#onStatus(status);
  }

  /** A 2xx that came again: its ACK was lost. */
  onLateResponse(response: SipMessage): void {
    const ack = this.#acks.get(Number.parseInt(headerOf(response, 'cseq'), 10));
    if (ack !== undefined && response.status >= 200 && response.status < 300)
      this.#agent.send(ack, this.#peer);
  }

  /** @throws when it cannot have a port for its media */
  async ringFor(request: SipMessage, from: HostPort, policy: Policy): Promise<void> {
    this.#isIncoming = true;
    this.#invite = request;
    this.#inviteBranch = branchOf(request);
    this.#peer = from;
    this.#dialog = UaDialog.called(request, this.#agent.token(5));
    this.#caller = userIn(headerOf(request, 'from'));
    this.#dialled = userIn(request.uri);
    this.#mark('invite');
    this.#tell({ event: 'incoming', caller: this.#caller, dialled: this.#dialled, uri: request.uri });
    this.#respond(request, from, 100);
    await this.#media.open();
    // Whoever called may have hung up meanwhile.
    if (!this.isOver) this.#follow(policy);
  }

  #follow(policy: Policy): void {
    if (policy.kind === 'refuse') {
      this.reject(policy.status);
      return;
    }
    if (policy.kind === 'answer' && policy.afterMs === 0) {
      this.answer(policy.hangUpAfterMs);
      return;
    }
    // Before it is sent: the other side must not have seen it earlier than we say.
    this.#become('ringing');
    if (this.#invite !== undefined) this.#respond(this.#invite, this.#peer, 180);
    if (policy.kind === 'answer')
      this.#later(policy.afterMs, () => {
        this.answer(policy.hangUpAfterMs);
      });
  }

  /** @throws when there is nothing to answer */
  answer(hangUpAfterMs?: number): void {
    const request = this.#invite;
    const isOpen = this.#progress === 'ringing' || this.#progress === 'calling';
    if (request === undefined || !isOpen) throw new Error('there is nothing to answer');
    this.#timer?.cancel();
    this.#awaitsAnswer = request.body === '';
    if (!this.#awaitsAnswer && !this.#media.acceptOffer(request.body)) {
      this.reject(488);
      return;
    }
    this.#status = 200;
    this.#mark('up');
    this.#accept(request, this.#peer);
    this.#goUp(true, hangUpAfterMs);
  }

  /** Nothing where it is answered or over. */
  reject(status: number): void {
    if (this.#isIncoming && this.#progress !== 'up') this.#refuse(status, 'us');
  }

  /** BYE, CANCEL or a refusal. */
  hangUp(): void {
    if (this.isOver) return;
    if (this.isUp) {
      this.#inDialog('BYE', [], '', () => undefined);
      this.#end('us');
    } else if (this.#isIncoming) this.reject(480);
    else {
      this.#isCancelled = true;
      this.#agent.transactions.cancel(this.#inviteBranch);
    }
  }

  /** @param direction of the hold @returns the status of the answer */
  hold(isHolding: boolean, direction: 'sendonly' | 'inactive' = 'sendonly'): Promise<number> {
    this.#getUp();
    this.#media.direction = isHolding ? direction : 'sendrecv';
    return this.reinvite();
  }

  /** @returns the status of the answer */
  reinvite(): Promise<number> {
    this.#getUp();
    this.#isReinviting = true;
    return new Promise((resolve) => {
      const headers: HeaderLines = [...this.#agent.abilities, ...SDP_HEADER];
      this.#inDialog('INVITE', headers, this.#media.offer(), (response) => {
        if (response.status < 200) return;
        this.#isReinviting = false;
        if (response.status < 300) {
          this.#dialog.refreshTarget(response);
          this.#ack();
          this.#media.acceptAnswer(response.body);
        }
        resolve(response.status);
      });
    });
  }

  /**
   * @param to a number, or a URI
   * @param replaced the call that the target replaces
   * @returns the status of the answer
   */
  refer(to: string, replaced?: UaCall): Promise<number> {
    this.#getUp();
    const { server } = this.#agent.options;
    const uri = to.startsWith('sip') ? to : `sip:${to}@${server.address}`;
    const replaces =
      replaced === undefined ? '' : `?Replaces=${encodeURIComponent(replaced.#dialog.replaces)}`;
    return this.ask('REFER', [['Refer-To', `<${uri}${replaces}>`], ...this.#agent.abilities]);
  }

  /** Any other request in the dialog. @returns the status of the answer */
  ask(method: string, headers: HeaderLines = [], body = ''): Promise<number> {
    this.#getUp();
    return new Promise((resolve) => {
      this.#inDialog(method, headers, body, ({ status }) => {
        if (status >= 200) resolve(status);
      });
    });
  }

  onRequest(request: SipMessage, from: HostPort): void {
    if (this.#agent.options.protocol === 'udp') this.#peer = from;
    switch (request.method) {
      case 'ACK':
        if (this.#awaitsAnswer && request.body !== '') this.#media.acceptAnswer(request.body);
        this.#awaitsAnswer = false;
        return;
      case 'CANCEL':
      case 'BYE':
        this.#onEnd(request, from);
        return;
      case 'INVITE':
        this.#onReinvite(request, from);
        return;
      case 'UPDATE':
        this.#onUpdate(request, from);
        return;
      case 'REFER':
        this.#onRefer(request, from);
        return;
      default:
        if (request.method === 'NOTIFY') this.#hearNotify(request);
        this.#respond(request, from, 200);
    }
  }

  /** Media and timers end; nothing is sent any more. */
  stop(): void {
    this.#timer?.cancel();
    this.#agent.options.ticker.remove(this.rtp);
    this.rtp.close();
  }

  /** A CANCEL that comes after the answer changes nothing (RFC 3261 9.2). */
  #onEnd(request: SipMessage, from: HostPort): void {
    this.#respond(request, from, 200);
    if (this.#isIncoming && !this.isUp) this.#refuse(487, 'them');
    else if (request.method === 'BYE') this.#end('them');
  }

  #onUpdate(request: SipMessage, from: HostPort): void {
    if (request.body === '') this.#respond(request, from, 200);
    else if (this.#acceptOffer(request)) this.#respond(request, from, 200, SDP_HEADER, this.#media.answer());
    else this.#respond(request, from, 488);
  }

  #onReinvite(request: SipMessage, from: HostPort): void {
    if (this.#isReinviting) {
      this.#respondUntilAck(request, from, 491);
      return;
    }
    this.#awaitsAnswer = request.body === '';
    if (this.#awaitsAnswer || this.#acceptOffer(request)) this.#accept(request, from);
    else this.#respondUntilAck(request, from, 488);
  }

  #acceptOffer(request: SipMessage): boolean {
    const wasHeld = this.#media.isHeld;
    if (!this.#media.acceptOffer(request.body)) return false;
    this.#dialog.refreshTarget(request);
    if (this.#media.isHeld !== wasHeld) this.#tell({ event: wasHeld ? 'resumed' : 'held' });
    return true;
  }

  /** RFC 3515: accepted, tried, and told how it went. The call itself is for whoever asked to end. */
  #onRefer(request: SipMessage, from: HostPort): void {
    const target = parseReferTo(headerOf(request, 'refer-to'));
    if (target === undefined) {
      this.#respond(request, from, 400);
      return;
    }
    this.#respond(request, from, 202);
    this.#notify(100);
    this.#tell({ event: 'referredTo', uri: target.uri });
    this.#agent.attempt(() => this.#callReferred(target));
  }

  async #callReferred({ uri, replaces }: ReferTarget): Promise<void> {
    const headers: HeaderLines = replaces === undefined ? [] : [['Replaces', replaces]];
    const onStatus = (status: number): void => {
      if (status > 100) this.#notify(status);
    };
    await this.#agent.call({ to: uri, headers, onStatus });
  }

  #notify(status: number): void {
    if (this.isOver) return;
    const state = status < 200 ? 'active;expires=60' : 'terminated;reason=noresource';
    const headers: HeaderLines = [
      ['Event', 'refer'],
      ['Subscription-State', state],
      ['Content-Type', 'message/sipfrag;version=2.0'],
      ...this.#agent.abilities,
    ];
    this.#inDialog('NOTIFY', headers, `SIP/2.0 ${String(status)} Status\r\n`, () => undefined);
  }

  #hearNotify(request: SipMessage): void {
    const status = Number(/^SIP\/2\.0 (\d{3})/.exec(request.body)?.[1] ?? 0);
    if (status === 0) return;
    this.#referred.push(status);
    this.#tell({ event: 'referred', status });
  }

  /** 2xx with what we have to say about media. */
  #accept(request: SipMessage, from: HostPort): void {
    const body = this.#awaitsAnswer ? this.#media.offer() : this.#media.answer();
    this.#respondUntilAck(request, from, 200, SDP_HEADER, body);
  }

  #respond(request: SipMessage, from: HostPort, status: number, more: HeaderLines = [], body = ''): void {
    this.#agent.respond(request, from, status, this.localTag, more, body);
  }

  #respondUntilAck(
    request: SipMessage,
    from: HostPort,
    status: number,
    more: HeaderLines = [],
    body = '',
  ): void {
    const onNoAck = (): void => {
      if (status < 300) this.hangUp();
    };
    this.#agent.respondUntilAck(request, from, status, this.localTag, more, body, onNoAck);
  }

  #refuse(status: number, by: 'us' | 'them'): void {
    if (this.isOver || this.#invite === undefined) return;
    this.#status = status;
    this.#respondUntilAck(this.#invite, this.#peer, status);
    this.#end(by);
  }

  #ack(): void {
    const { cseq, target } = this.#dialog;
    const text = this.#agent.transactions.ack(target, this.#dialog.headers('ACK', cseq), this.#peer);
    this.#acks.set(cseq, text);
  }

  #inDialog(
    method: string,
    more: HeaderLines,
    body: string,
    onResponse: (response: SipMessage) => void,
    challenges = 0,
  ): void {
    const { target: uri } = this.#dialog;
    this.#agent.transactions.request({
      ...{ method, uri, headers: [...this.#dialog.nextHeaders(method), ...more], body, to: this.#peer },
      onResponse: (response) => {
        const again =
          challenges >= CHALLENGES_MAX ? [] : this.#agent.authorize(response, method, uri, challenges);
        const kept = more.filter(([name]) => !/authorization$/i.test(name));
        if (again.length > 0) this.#inDialog(method, [...kept, ...again], body, onResponse, challenges + 1);
        else onResponse(response);
      },
    });
  }

  #getUp(): void {
    if (!this.isUp) throw new Error(`the call "${this.id}" is not up`);
  }

  #goUp(hasMedia: boolean, hangUpAfterMs = this.#hangUpAfterMs): void {
    this.#become('up');
    this.#agent.options.ticker.add(this.rtp);
    // Nothing that could be talked about with the other side.
    if (!hasMedia) this.hangUp();
    else if (hangUpAfterMs !== undefined)
      this.#later(hangUpAfterMs, () => {
        this.hangUp();
      });
  }

  #mark(what: Moment): void {
    this.#times[what] ??= this.#agent.options.clock.monotonicMs();
  }

  #become(progress: 'ringing' | 'up'): void {
    if (this.#progress === progress) return;
    this.#progress = progress;
    this.#mark(progress);
    this.#tell({ event: progress });
  }

  #end(by: 'us' | 'them'): void {
    if (this.isOver) return;
    this.#progress = 'over';
    this.#endedBy = by;
    this.#mark('over');
    this.stop();
    this.#tell({ event: 'over', status: this.#status, by });
  }

  #tell(event: CallEvent): void {
    const { name, clock, onEvent } = this.#agent.options;
    onEvent({ agent: name, call: this.id, atMs: clock.monotonicMs(), ...event });
  }

  #later(afterMs: number, act: () => void): void {
    this.#timer?.cancel();
    this.#timer = this.#agent.options.clock.schedule(afterMs, act);
  }
}
