/**
 * A phone as the engine's tests need it: it says exactly what it is told to, at the moment it is told to, and keeps
 * what reaches its address. Nothing is answered by itself, so that every crossing of messages can be written down.
 */
import type { SipMessage } from '../../../../../appliance/sip-engine/message/sip-message.js';
import type { SipFlow } from '../../../../../appliance/sip-engine/transport/sip-flow.js';

export type Headers = Readonly<Record<string, string | readonly string[]>>;

export interface RequestSaid {
  readonly headers?: Headers;
  readonly body?: string;
  /** Default: one more than the last request of this call. */
  readonly cseq?: number;
  /** Default: a new one. */
  readonly branch?: string;
  readonly uri?: string;
  /** Default: as the flow says, with rport. */
  readonly via?: string;
  /** Default: one behind the flow's address; empty for none. */
  readonly contact?: string;
}

export interface ResponseSaid {
  readonly headers?: Headers;
  readonly body?: string;
  /** Default: the tag of this call. Empty: none. */
  readonly toTag?: string;
  readonly contact?: string;
}

/** What a phone needs of the bench it stands on. */
export interface PhoneNetwork {
  deliver(bytes: Buffer, flow: SipFlow): void;
}

export const SDP = 'v=0\r\no=- 1 1 IN IP4 10.77.1.50\r\ns=-\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n';

/** `INVITE`, `200 INVITE`. */
export function nameOf(message: SipMessage): string {
  return message.isRequest ? message.method : `${String(message.status)} ${message.cseq.method}`;
}

function headerLines(headers: Headers = {}): string[] {
  return Object.entries(headers).flatMap(([name, values]) =>
    (typeof values === 'string' ? [values] : values).map((value) => `${name}: ${value}`),
  );
}

function textOf(lines: readonly string[], body: string, contentType?: string): string {
  const typed = body === '' || contentType !== undefined ? [] : ['Content-Type: application/sdp'];
  const all = [...lines, ...typed, `Content-Length: ${String(Buffer.byteLength(body))}`];
  return `${all.join('\r\n')}\r\n\r\n${body}`;
}

export class VirtualPhone {
  /** Where it is, seen from the engine. */
  flow: SipFlow;
  readonly user: string;
  /** Everything that came, oldest first. */
  readonly received: SipMessage[] = [];
  /** Another one when the service address has moved. */
  network: PhoneNetwork;
  #numbers = 0;
  #taken = 0;

  constructor(network: PhoneNetwork, user: string, flow: SipFlow) {
    this.network = network;
    this.user = user;
    this.flow = flow;
  }

  /** Of its calls and branches. */
  nextNumber(): number {
    this.#numbers += 1;
    return this.#numbers;
  }

  get hostPort(): string {
    return `${this.flow.remoteAddress}:${String(this.flow.remotePort)}`;
  }

  get contact(): string {
    const { protocol } = this.flow;
    return `<sip:${this.user}@${this.hostPort}${protocol === 'udp' ? '' : `;transport=${protocol}`}>`;
  }

  /** What came since the last look, as `100 INVITE, 180 INVITE`. */
  take(): string {
    const news = this.received.slice(this.#taken);
    this.#taken = this.received.length;
    return news.map(nameOf).join(', ');
  }

  /** The newest message with this name. @throws when there is none */
  last(name: string): SipMessage {
    const found = this.received.findLast((message) => nameOf(message) === name);
    if (found === undefined) {
      throw new Error(`no ${name} came, only: ${this.received.map(nameOf).join(', ')}`);
    }
    return found;
  }

  all(name: string): readonly SipMessage[] {
    return this.received.filter((message) => nameOf(message) === name);
  }

  /** A call that this phone makes, or answers when `incoming` is the request that began it. */
  call(incoming?: SipMessage): PhoneCall {
    return new PhoneCall(this, incoming);
  }

  send(text: string): void {
    this.network.deliver(Buffer.from(text), this.flow);
  }

  via(branch: string): string {
    return `SIP/2.0/${this.flow.protocol.toUpperCase()} ${this.hostPort};branch=${branch};rport`;
  }
}

/** One side of a dialog, or of a request outside of any. */
export class PhoneCall {
  readonly phone: VirtualPhone;
  readonly callId: string;
  localTag: string;
  remoteTag = '';
  /** Values of From and To without tags, seen from here. */
  readonly local: string;
  readonly remote: string;
  seq: number;
  /** Request-URI of what is sent. */
  target: string;
  routes: readonly string[] = [];
  /** As sent last. */
  sentText = '';
  respondedText = '';
  branch = '';

  constructor(phone: VirtualPhone, incoming: SipMessage | undefined) {
    const number = phone.nextNumber();
    this.phone = phone;
    this.callId = incoming?.callId ?? `call-${String(number)}@${phone.user}`;
    this.localTag = `${phone.user}-${String(number)}`;
    this.remoteTag = incoming?.from.tag ?? '';
    this.local = incoming === undefined ? `<sip:${phone.user}@hospital.example>` : `<${incoming.to.uri}>`;
    this.remote = `<${incoming?.from.uri ?? 'sip:100@10.77.0.11'}>`;
    this.seq = incoming === undefined ? 0 : 500;
    this.target = incoming?.contacts[0] === undefined ? 'sip:100@10.77.0.11' : contactOf(incoming);
  }

  /** Sends a request; its CSeq is `seq` afterwards. */
  request(method: string, said: RequestSaid = {}): void {
    this.seq = said.cseq ?? this.seq + 1;
    this.#send(method, this.seq, said);
  }

  /** The first INVITE, with an offer unless it says something else. */
  invite(said: RequestSaid = {}): void {
    this.request('INVITE', { body: SDP, ...said });
  }

  /** The last request once more, as after a loss. */
  repeat(): void {
    this.phone.send(this.sentText);
  }

  /** The last response once more. */
  repeatResponse(): void {
    this.phone.send(this.respondedText);
  }

  /** For the INVITE that was sent last: the same branch (RFC 3261 9.1). */
  cancel(): void {
    const { seq, sentText, branch } = this;
    this.#send('CANCEL', seq, { branch, contact: '' });
    this.sentText = sentText;
    this.branch = branch;
  }

  /** @param response the 2xx that is acknowledged; its Contact and routes count from now on */
  ack(response: SipMessage, said: RequestSaid = {}): void {
    this.learn(response);
    this.#send('ACK', response.cseq.number, { contact: '', ...said });
  }

  /** For a refusal: hop by hop, in the transaction of the INVITE (RFC 3261 17.1.1.3). */
  ackRefusal(response: SipMessage): void {
    this.remoteTag = response.to.tag ?? '';
    this.#send('ACK', response.cseq.number, { branch: response.via.branch ?? '', contact: '' });
  }

  /** The dialog that this response makes (RFC 3261 12.1.2). */
  learn(response: SipMessage): void {
    this.remoteTag = response.to.tag ?? '';
    const contact = response.contacts[0];
    if (contact !== undefined) this.target = contactOf(response);
    this.routes = response.headerList('Record-Route').reverse();
  }

  /** Answers a request of the engine. */
  respond(request: SipMessage, status: number, said: ResponseSaid = {}): void {
    const toTag = request.to.tag ?? said.toTag ?? this.localTag;
    const to = (request.header('To') ?? '').replace(/;tag=.*$/, '');
    const contact = said.contact ?? this.phone.contact;
    const lines = [
      `SIP/2.0 ${String(status)} Whatever`,
      ...request.headerAll('Via').map((value) => `Via: ${value}`),
      `From: ${request.header('From') ?? ''}`,
      `To: ${to}${toTag === '' ? '' : `;tag=${toTag}`}`,
      `Call-ID: ${request.callId}`,
      `CSeq: ${request.header('CSeq') ?? ''}`,
      ...(contact === '' ? [] : [`Contact: ${contact}`]),
      ...headerLines(said.headers),
    ];
    this.respondedText = textOf(lines, said.body ?? '', said.headers?.['Content-Type'] as string | undefined);
    this.phone.send(this.respondedText);
  }

  #send(method: string, seq: number, said: RequestSaid): void {
    const branch = said.branch ?? `z9hG4bK-${this.phone.user}-${String(this.phone.nextNumber())}`;
    const contact = said.contact ?? this.phone.contact;
    const to = this.remoteTag === '' ? this.remote : `${this.remote};tag=${this.remoteTag}`;
    const lines = [
      `${method} ${said.uri ?? this.target} SIP/2.0`,
      `Via: ${said.via ?? this.phone.via(branch)}`,
      ...this.routes.map((route) => `Route: ${route}`),
      'Max-Forwards: 70',
      `From: ${this.local};tag=${this.localTag}`,
      `To: ${to}`,
      `Call-ID: ${this.callId}`,
      `CSeq: ${String(seq)} ${method}`,
      ...(contact === '' ? [] : [`Contact: ${contact}`]),
      ...headerLines(said.headers),
    ];
    this.branch = branch;
    this.sentText = textOf(lines, said.body ?? '', said.headers?.['Content-Type'] as string | undefined);
    this.phone.send(this.sentText);
  }
}

function contactOf({ contacts }: SipMessage): string {
  return contacts === '*' ? '' : (contacts[0]?.uri ?? '');
}
