/** Requests and responses of one dialog: numbered, sent where the other side is, proven when asked, acknowledged. */
import { cseqOf, type HeaderLines, type SipMessage } from './sip-text.js';
import type { HostPort } from './sip-wire.js';
import type { UaDialog } from './ua-dialog.js';
import type { UserAgent } from './user-agent.js';

export const SDP_HEADER: HeaderLines = [['Content-Type', 'application/sdp']];
/** A challenge, and once more when the nonce was too old. */
const CHALLENGES_MAX = 2;

export interface ExchangeRequest {
  readonly method: string;
  readonly headers?: HeaderLines;
  readonly body?: string;
  readonly onResponse?: (response: SipMessage) => void;
}

export class DialogExchange {
  readonly dialog: UaDialog;
  /** Where the next message goes. */
  peer: HostPort;
  readonly #agent: UserAgent;
  readonly #acks = new Map<number, string>();
  /** Branch of the INVITE that was sent last, for its CANCEL. */
  inviteBranch = '';

  constructor(agent: UserAgent, dialog: UaDialog, peer: HostPort) {
    this.#agent = agent;
    this.dialog = dialog;
    this.peer = peer;
  }

  /** @param mayProve false: a challenge is an answer like any other */
  request(request: ExchangeRequest, mayProve: () => boolean = () => true): void {
    this.#send(request, mayProve, [], 0);
  }

  /** @returns the final status; a 408 of our own when there was none */
  ask(method: string, headers: HeaderLines = [], body = ''): Promise<number> {
    return new Promise((resolve) => {
      const onResponse = ({ status }: SipMessage): void => {
        if (status >= 200) resolve(status);
      };
      this.request({ method, headers, body, onResponse });
    });
  }

  cancel(): void {
    this.#agent.transactions.cancel(this.inviteBranch);
  }

  /** @param response a 2xx to an INVITE: the ACK has its number, whatever was sent since (RFC 3261 13.2.2.4) */
  ack(response: SipMessage): void {
    const { number } = cseqOf(response);
    const headers = this.dialog.headers('ACK', number);
    this.#acks.set(number, this.#agent.transactions.ack(this.dialog.target, headers, this.peer));
  }

  /** A 2xx that came again: its ACK was lost. */
  ackAgain(response: SipMessage): void {
    const ack = this.#acks.get(cseqOf(response).number);
    if (ack !== undefined && response.status >= 200 && response.status < 300)
      this.#agent.send(ack, this.peer);
  }

  respond(request: SipMessage, from: HostPort, status: number, sdp = ''): void {
    const more = sdp === '' ? [] : SDP_HEADER;
    this.#agent.respond(request, from, status, this.dialog.localTag, more, sdp);
  }

  /** @param onNoAck nobody has heard it */
  respondUntilAck(
    request: SipMessage,
    from: HostPort,
    status: number,
    sdp = '',
    onNoAck: () => void = () => undefined,
  ): void {
    const more = sdp === '' ? [] : SDP_HEADER;
    this.#agent.respondUntilAck(request, from, status, this.dialog.localTag, more, sdp, onNoAck);
  }

  #send(
    request: ExchangeRequest,
    mayProve: () => boolean,
    authorization: HeaderLines,
    challenges: number,
  ): void {
    const { method, headers = [], body = '', onResponse } = request;
    const { target: uri } = this.dialog;
    const branch = this.#agent.transactions.request({
      ...{ method, uri, body, to: this.peer },
      headers: [...this.dialog.nextHeaders(method), ...headers, ...authorization],
      onResponse: (response) => {
        const proof =
          challenges < CHALLENGES_MAX && mayProve()
            ? this.#agent.authorize(response, method, uri, challenges)
            : [];
        if (proof.length > 0) this.#send(request, mayProve, proof, challenges + 1);
        else onResponse?.(response);
      },
    });
    if (method === 'INVITE') this.inviteBranch = branch;
  }
}
