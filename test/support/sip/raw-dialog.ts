/**
 * One dialog of a raw peer, in either role: it numbers, tags and routes what the test sends (RFC 3261 12) and answers
 * nothing by itself.
 */
import type { SipPort } from './engine-process.js';
import type { RawSipPeer, ReceivedSip } from './raw-sip-peer.js';
import {
  allOf,
  cseqOf,
  headerOf,
  parseSipText,
  responseHeaders,
  sdp,
  tagOf,
  token,
  uriOf,
  writeSipText,
  type HeaderList,
  type SipText,
} from './sip-text.js';

export interface MessageParts {
  readonly headers?: HeaderList;
  readonly body?: string;
}

export interface DialogStart {
  readonly peer: RawSipPeer;
  /** Where the engine listens. */
  readonly engine: SipPort;
  /** User part of the request-URI; default `service`. */
  readonly user?: string;
  readonly callId?: string;
}

interface Sides {
  readonly callId: string;
  readonly local: string;
  remote: string;
  remoteTarget: string;
  routes: readonly string[];
}

const SDP_HEADER = ['Content-Type', 'application/sdp'] as const;

function withBody(parts: MessageParts): HeaderList {
  const isSdp = parts.body?.startsWith('v=0') === true;
  const isNamed = parts.headers?.some(([name]) => name.toLowerCase() === 'content-type') === true;
  return [...(parts.headers ?? []), ...(isSdp && !isNamed ? [SDP_HEADER] : [])];
}

export class RawDialog {
  readonly peer: RawSipPeer;
  readonly engine: SipPort;
  readonly localTag: string;
  #cseq: number;
  readonly #sides: Sides;

  private constructor(start: DialogStart, localTag: string, sides: Sides, cseq: number) {
    this.peer = start.peer;
    this.engine = start.engine;
    this.localTag = localTag;
    this.#sides = sides;
    this.#cseq = cseq;
  }

  /** A dialog-to-be that this peer begins. */
  static calling(start: DialogStart): RawDialog {
    const { peer, engine } = start;
    const transport = peer.protocol === 'udp' ? '' : `;transport=${peer.protocol}`;
    const target = `sip:${start.user ?? 'service'}@${engine.address}:${String(engine.port)}${transport}`;
    const localTag = token();
    const sides: Sides = {
      callId: start.callId ?? `${token(10)}@phone`,
      local: `<sip:caller@${peer.address}>;tag=${localTag}`,
      remote: `<${target}>`,
      remoteTarget: target,
      routes: [],
    };
    return new RawDialog(start, localTag, sides, 0);
  }

  /** The dialog-to-be that an INVITE or SUBSCRIBE to this peer begins. */
  static called(start: DialogStart, request: SipText): RawDialog {
    const localTag = token();
    const to = headerOf(request, 'To');
    const sides: Sides = {
      callId: headerOf(request, 'Call-ID'),
      local: tagOf(to) === '' ? `${to};tag=${localTag}` : to,
      remote: headerOf(request, 'From'),
      remoteTarget: uriOf(headerOf(request, 'Contact')),
      routes: allOf(request, 'Record-Route'),
    };
    return new RawDialog(start, localTag, sides, 100);
  }

  get callId(): string {
    return this.#sides.callId;
  }

  get remoteTag(): string {
    return tagOf(this.#sides.remote);
  }

  get remoteTarget(): string {
    return this.#sides.remoteTarget;
  }

  /** Takes tag, target and routes of a 1xx with a tag or a 2xx (RFC 3261 12.1.2). */
  learn(response: SipText): void {
    this.#sides.remote = headerOf(response, 'To');
    const contact = headerOf(response, 'Contact');
    if (contact !== '') this.#sides.remoteTarget = uriOf(contact);
    this.#sides.routes = allOf(response, 'Record-Route').reverse();
  }

  /** Writes the next request of the dialog. @returns it as sent */
  request(method: string, parts: MessageParts = {}): SipText {
    this.#cseq += 1;
    return this.#send(method, this.#cseq, parts);
  }

  /** The first INVITE, with an offer. */
  invite(parts: MessageParts = {}): SipText {
    return this.request('INVITE', {
      body: sdp(),
      ...parts,
      headers: [this.contact, ...(parts.headers ?? [])],
    });
  }

  get contact(): readonly ['Contact', string] {
    return ['Contact', `<${this.peer.uri()}>`];
  }

  /** A request as if there had been a dialog: with a To tag that the engine never gave. */
  unknownDialog(method: string): SipText {
    if (this.remoteTag === '') this.#sides.remote += `;tag=${token()}`;
    const headers: HeaderList = [
      this.contact,
      ['RAck', '1 1 INVITE'],
      ['Refer-To', '<sip:x@127.0.0.1>'],
      ['Event', 'x'],
    ];
    return this.request(method, { headers });
  }

  /** A request with a number of its own, whatever came before. */
  repeatNumber(method: string, number: number): SipText {
    return this.#send(method, number, {});
  }

  /** To a 2xx: a request of its own, with the number of the INVITE (RFC 3261 13.2.2.4). */
  ack(invite: SipText, parts: MessageParts = {}): SipText {
    return this.#send('ACK', cseqOf(invite).number, parts);
  }

  /** To another final response: within the transaction of the INVITE (RFC 3261 17.1.1.3). */
  ackFailure(invite: SipText, response: SipText): void {
    this.#sendWithin(invite, 'ACK', headerOf(response, 'To'));
  }

  cancel(invite: SipText, parts: MessageParts = {}): void {
    this.#sendWithin(invite, 'CANCEL', headerOf(invite, 'To'), parts);
  }

  /** The next response to a request of ours. */
  async response(request: SipText, status: number, deadlineMs?: number): Promise<ReceivedSip> {
    const wanted = cseqOf(request);
    return this.peer.expect(
      `a ${String(status)} to ${request.method} ${String(wanted.number)} arrives`,
      (message) => {
        const cseq = cseqOf(message);
        return message.status === status && cseq.number === wanted.number && cseq.method === wanted.method;
      },
      deadlineMs,
      this.callId,
    );
  }

  /** INVITE, 200, ACK. @returns the 200 */
  async establish(parts: MessageParts = {}): Promise<ReceivedSip> {
    const invite = this.invite(parts);
    const ok = await this.response(invite, 200);
    this.learn(ok);
    this.ack(invite);
    return ok;
  }

  /** A request of ours, and its response with that status. */
  async exchange(method: string, status: number, parts: MessageParts = {}): Promise<ReceivedSip> {
    const request = this.request(method, parts);
    return this.response(request, status);
  }

  /** The next request of the other side in this dialog. */
  async incoming(method: string, deadlineMs?: number): Promise<ReceivedSip> {
    return this.peer.expect(
      `a ${method} of the dialog arrives`,
      (message) => message.method === method,
      deadlineMs,
      this.callId,
    );
  }

  /** With our tag, and our Contact where a response makes or refreshes a dialog. */
  answer(
    request: ReceivedSip,
    status: number,
    parts: MessageParts & { readonly reason?: string } = {},
  ): void {
    const isTarget =
      ['INVITE', 'UPDATE', 'SUBSCRIBE'].includes(request.method) && status > 100 && status < 300;
    const isOwn = parts.headers?.some(([name]) => name === 'Contact') === true;
    const headers: HeaderList = [
      ...responseHeaders(request, status === 100 ? '' : this.localTag),
      ...(isTarget && !isOwn ? [this.contact] : []),
      ...withBody(parts),
    ];
    request.reply(
      writeSipText(`SIP/2.0 ${String(status)} ${parts.reason ?? 'Because'}`, headers, parts.body ?? ''),
    );
  }

  #send(method: string, number: number, parts: MessageParts): SipText {
    const { callId, local, remote, remoteTarget, routes } = this.#sides;
    const text = writeSipText(
      `${method} ${remoteTarget} SIP/2.0`,
      [
        ['Via', this.peer.via()],
        ['Max-Forwards', '70'],
        ...routes.map((route) => ['Route', route] as const),
        ['From', local],
        ['To', remote],
        ['Call-ID', callId],
        ['CSeq', `${String(number)} ${method}`],
        ...withBody(parts),
      ],
      parts.body ?? '',
    );
    this.peer.send(text, this.engine);
    return parseSipText(text);
  }

  #sendWithin(invite: SipText, method: string, to: string, parts: MessageParts = {}): void {
    const text = writeSipText(`${method} ${invite.uri} SIP/2.0`, [
      ['Via', headerOf(invite, 'Via')],
      ['Max-Forwards', '70'],
      ...allOf(invite, 'Route').map((route) => ['Route', route] as const),
      ['From', headerOf(invite, 'From')],
      ['To', to],
      ['Call-ID', this.callId],
      ['CSeq', `${String(cseqOf(invite).number)} ${method}`],
      ...(parts.headers ?? []),
    ]);
    this.peer.send(text, this.engine);
  }
}
