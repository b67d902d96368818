/** One call of a user agent: how far it is, what it sends and answers in its dialog, and its media. */
import type { Timer } from '../../../cluster/base/clock.js';
import type { RtpReport, RtpStream } from './rtp-stream.js';
import { DialogExchange, SDP_HEADER } from './dialog-exchange.js';
import { branchOf, headerOf, userIn, type HeaderLines, type SipMessage } from './sip-text.js';
import type { HostPort } from './sip-wire.js';
import { UaDialog, type ReplacedDialog } from './ua-dialog.js';
import { UaMedia, type MediaOptions } from './ua-media.js';
import type { CallEvent } from './ua-orders.js';
import { UaTransfer } from './ua-transfer.js';
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
  /** Undefined: of its own. */
  readonly media?: UaMedia;
  readonly onOver?: () => void;
  /** A packet each so many times 20 ms; 0: none. */
  readonly rtpEvery?: number;
  /** Counted from when it is up. */
  readonly hangUpAfterMs?: number;
}

export interface OutgoingCall extends CallOptions {
  /** A number, or a URI that says where it goes itself. */
  readonly to: string;
  /** User part of To, where that is not whom `to` names. */
  readonly dialled?: string;
  /** User part of From. */
  readonly from?: string;
  readonly headers?: HeaderLines;
  /** How it ends, each provisional response before. */
  readonly onStatus?: (status: number) => void;
}

export class UaCall {
  readonly id: string;
  readonly #agent: UserAgent;
  readonly #media: UaMedia;
  readonly #hangUpAfterMs: number | undefined;
  readonly #onOver: (() => void) | undefined;
  #exchange: DialogExchange;
  #transfer: UaTransfer;
  #isIncoming = false;
  #progress: CallProgress = 'calling';
  #status = 0;
  #caller = '';
  #dialled = '';
  #times: Partial<Record<Moment, number>> = {};
  #endedBy: 'us' | 'them' | undefined;
  /** That made an incoming call. */
  #invite: SipMessage | undefined;
  #isCancelled = false;
  #isReinviting = false;
  /** We were asked for an offer: what the ACK brings is the answer. */
  #awaitsAnswer = false;
  #onStatus: (status: number) => void = () => undefined;
  #timer: Timer | undefined;

  constructor(agent: UserAgent, id: string, options: CallOptions = {}) {
    this.#agent = agent;
    this.id = id;
    this.#hangUpAfterMs = options.hangUpAfterMs;
    this.#onOver = options.onOver;
    this.#media = options.media ?? new UaMedia(this.#mediaOptions(options));
    const { server } = agent.options;
    const nobody = { callId: '', localTag: '', localUri: '', remoteUri: '', target: '' };
    this.#exchange = new DialogExchange(agent, UaDialog.calling(nobody), server);
    this.#transfer = this.#newTransfer();
  }

  #mediaOptions({ rtpEvery }: CallOptions): MediaOptions {
    return {
      ...this.#agent.mediaOptions,
      ...(rtpEvery === undefined ? {} : { rtpEvery }),
      onKey: (key) => {
        this.#tell({ event: 'key', key });
      },
    };
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
    return this.#exchange.dialog.callId;
  }

  get localTag(): string {
    return this.#exchange.dialog.localTag;
  }

  get inviteBranch(): string {
    return this.#isIncoming && this.#invite !== undefined
      ? branchOf(this.#invite)
      : this.#exchange.inviteBranch;
  }

  isDialog({ callId, localTag, remoteTag }: ReplacedDialog): boolean {
    const { dialog } = this.#exchange;
    return dialog.callId === callId && dialog.localTag === localTag && dialog.remoteTag === remoteTag;
  }

  report(): CallReport {
    return {
      ...{ id: this.id, agent: this.#agent.options.name, isIncoming: this.#isIncoming },
      ...{ progress: this.#progress, status: this.#status, caller: this.#caller, dialled: this.#dialled },
      ...{ sipCallId: this.sipCallId, times: this.#times, isHeld: this.#media.isHeld },
      ...{ referred: this.#transfer.referred, endedBy: this.#endedBy, audio: this.rtp.report() },
    };
  }

  /** @throws when it cannot have a port for its media */
  async call({ to, from, dialled, headers = [], onStatus }: OutgoingCall): Promise<void> {
    const { server, user, address } = this.#agent.options;
    const { target, peer, ...way } = this.#agent.wayTo(to);
    const remoteUri = dialled === undefined ? way.remoteUri : `<sip:${dialled}@${server.address}>`;
    this.#caller = from ?? user;
    this.#dialled = userIn(target);
    if (onStatus !== undefined) this.#onStatus = onStatus;
    const dialog = UaDialog.calling({
      ...{ callId: `${this.#agent.token(12)}@${address}`, localTag: this.#agent.token(5), target, remoteUri },
      localUri: `<sip:${this.#caller}@${server.address}>`,
    });
    this.#begin(dialog, peer);
    await this.#media.open();
    this.#mark('invite');
    const request = {
      method: 'INVITE',
      headers: [...this.#agent.abilities, ...headers, ...SDP_HEADER],
      body: this.#media.offer(),
      onResponse: (response: SipMessage) => {
        this.#onInviteResponse(response);
      },
    };
    this.#exchange.request(request, () => !this.#isCancelled);
  }

  #begin(dialog: UaDialog, peer: HostPort): void {
    this.#exchange = new DialogExchange(this.#agent, dialog, peer);
    this.#transfer = this.#newTransfer();
  }

  #newTransfer(): UaTransfer {
    return new UaTransfer({
      ...{ agent: this.#agent, exchange: this.#exchange },
      tell: (event) => {
        this.#tell(event);
      },
      isOver: () => this.isOver,
    });
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
      this.#exchange.dialog.learn(response);
      this.#exchange.ack(response);
      this.#status = status;
      this.#goUp(this.#media.acceptAnswer(response.body));
      if (this.#isCancelled) this.hangUp();
    }
    this.#onStatus(status);
  }

  /** A 2xx that came again: its ACK was lost. */
  onLateResponse(response: SipMessage): void {
    this.#exchange.ackAgain(response);
  }

  /** @throws when it cannot have a port for its media */
  async ringFor(request: SipMessage, from: HostPort, policy: Policy): Promise<void> {
    this.#isIncoming = true;
    this.#invite = request;
    this.#begin(UaDialog.called(request, this.#agent.token(5)), from);
    this.#caller = userIn(headerOf(request, 'from'));
    this.#dialled = userIn(request.uri);
    this.#mark('invite');
    this.#tell({ event: 'incoming', caller: this.#caller, dialled: this.#dialled, uri: request.uri });
    this.#exchange.respond(request, from, 100);
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
    if (this.#invite !== undefined) this.#exchange.respond(this.#invite, this.#exchange.peer, 180);
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
    this.#accept(request, this.#exchange.peer);
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
      this.#exchange.request({ method: 'BYE' });
      this.#end('us');
    } else if (this.#isIncoming) this.reject(480);
    else {
      this.#isCancelled = true;
      this.#exchange.cancel();
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
    const { dialog } = this.#exchange;
    return new Promise((resolve) => {
      const onResponse = (response: SipMessage): void => {
        if (response.status < 200) return;
        this.#isReinviting = false;
        if (response.status < 300) {
          dialog.refreshTarget(response);
          this.#exchange.ack(response);
          this.#media.acceptAnswer(response.body);
        }
        resolve(response.status);
      };
      const headers = [...this.#agent.abilities, ...SDP_HEADER];
      this.#exchange.request({ method: 'INVITE', headers, body: this.#media.offer(), onResponse });
    });
  }

  /**
   * @param to a number, or a URI
   * @param replaced the call that the target replaces
   * @returns the status of the answer
   */
  refer(to: string, replaced?: UaCall): Promise<number> {
    this.#getUp();
    const replaces = replaced === undefined ? undefined : replaced.#exchange.dialog.replaces;
    return this.#transfer.ask(to, replaces);
  }

  /** Any other request in the dialog. @returns the status of the answer */
  ask(method: string, headers: HeaderLines = [], body = ''): Promise<number> {
    this.#getUp();
    return this.#exchange.ask(method, headers, body);
  }

  onRequest(request: SipMessage, from: HostPort): void {
    if (this.#agent.options.protocol === 'udp') this.#exchange.peer = from;
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
        this.#transfer.onRefer(request, from);
        return;
      default:
        if (request.method === 'NOTIFY') this.#transfer.onNotify(request);
        this.#exchange.respond(request, from, 200);
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
    this.#exchange.respond(request, from, 200);
    if (this.#isIncoming && !this.isUp) this.#refuse(487, 'them');
    else if (request.method === 'BYE') this.#end('them');
  }

  #onUpdate(request: SipMessage, from: HostPort): void {
    const exchange = this.#exchange;
    if (request.body === '') exchange.respond(request, from, 200);
    else if (this.#acceptOffer(request)) exchange.respond(request, from, 200, this.#media.answer());
    else exchange.respond(request, from, 488);
  }

  #onReinvite(request: SipMessage, from: HostPort): void {
    if (!this.isUp || this.#isReinviting) {
      this.#exchange.respondUntilAck(request, from, 491);
      return;
    }
    this.#awaitsAnswer = request.body === '';
    if (this.#awaitsAnswer || this.#acceptOffer(request)) this.#accept(request, from);
    else this.#exchange.respondUntilAck(request, from, 488);
  }

  #acceptOffer(request: SipMessage): boolean {
    const wasHeld = this.#media.isHeld;
    if (!this.#media.acceptOffer(request.body)) return false;
    this.#exchange.dialog.refreshTarget(request);
    if (this.#media.isHeld !== wasHeld) this.#tell({ event: wasHeld ? 'resumed' : 'held' });
    return true;
  }

  /** 2xx with what we have to say about media. Without its ACK there is no call. */
  #accept(request: SipMessage, from: HostPort): void {
    const sdp = this.#awaitsAnswer ? this.#media.offer() : this.#media.answer();
    this.#exchange.respondUntilAck(request, from, 200, sdp, () => {
      this.hangUp();
    });
  }

  #refuse(status: number, by: 'us' | 'them'): void {
    if (this.isOver || this.#invite === undefined) return;
    this.#status = status;
    this.#exchange.respondUntilAck(this.#invite, this.#exchange.peer, status);
    this.#end(by);
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
    this.#onOver?.();
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
