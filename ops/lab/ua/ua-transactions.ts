/**
 * Transactions of a user agent (RFC 3261 17): what is sent again until it is answered, what is answered again when it
 * comes again. Knows no dialogs. INVITE and the rest, client and server, as far as a phone needs them.
 */
import type { Clock, Timer } from '../../../cluster/base/clock.js';
import { RecentMap } from './recent-map.js';
import { branchOf, buildSip, cseqOf, headerOf, type HeaderLines, type SipMessage } from './sip-text.js';
import type { HostPort } from './sip-wire.js';

export const T1_MS = 500;
const T2_MS = 4000;
/** 64 T1: timers B, F, H, and the wait for the ACK of a 2xx. */
export const GIVE_UP_MS = 64 * T1_MS;
const REMEMBERED = 10_000;

export interface ClientRequest {
  readonly method: string;
  readonly uri: string;
  /** Without Via and Max-Forwards. */
  readonly headers: HeaderLines;
  readonly body: string;
  readonly to: HostPort;
  /** Each response; a 408 of our own when none came. */
  readonly onResponse: (response: SipMessage) => void;
}

export interface TransactionsOptions {
  readonly clock: Clock;
  /** TCP and TLS send nothing again. */
  readonly isReliable: boolean;
  readonly send: (text: string, to: HostPort) => void;
  /** A Via with this branch. */
  readonly via: (branch: string) => string;
  readonly newBranch: () => string;
}

interface Pending {
  readonly request: ClientRequest;
  readonly branch: string;
  readonly text: string;
  hasProvisional: boolean;
  isCancelled: boolean;
  timer: Timer | undefined;
}

interface Unacknowledged {
  timer: Timer | undefined;
}

interface Sent {
  readonly text: string;
  readonly to: HostPort;
}

const NO_ANSWER: SipMessage = { method: '', uri: '', status: 408, headers: new Map(), body: '' };

/** An ACK has the Call-ID and the number of its INVITE, whatever its branch. */
function inviteKey(message: SipMessage): string {
  return `${headerOf(message, 'call-id')} ${String(cseqOf(message).number)}`;
}

export class Transactions {
  readonly #options: TransactionsOptions;
  readonly #pending = new Map<string, Pending>();
  readonly #unacknowledged = new Map<string, Unacknowledged>();
  /** Last response by branch and method, for requests that come again. */
  readonly #answered = new RecentMap<Sent>(REMEMBERED);
  /** ACKs of failed INVITEs, for responses that come again. */
  readonly #acks = new RecentMap<Sent>(REMEMBERED);

  constructor(options: TransactionsOptions) {
    this.#options = options;
  }

  /** @returns its branch */
  request(request: ClientRequest): string {
    return this.#begin(request, this.#options.newBranch());
  }

  /** An INVITE ends with a 487 then, if the other side keeps to the rules; with a 408 of our own if not. */
  cancel(branch: string): void {
    const pending = this.#pending.get(`${branch} INVITE`);
    if (pending === undefined || pending.isCancelled) return;
    pending.isCancelled = true;
    // Not before a provisional response: the CANCEL could overtake the INVITE (RFC 3261 9.1).
    if (pending.hasProvisional) this.#sendCancel(pending);
  }

  /** An ACK to a 2xx is of no transaction, and is sent once for each that comes. @returns it as sent */
  ack(uri: string, headers: HeaderLines, to: HostPort, body = ''): string {
    const text = this.#write('ACK', uri, headers, body, this.#options.newBranch());
    this.#options.send(text, to);
    return text;
  }

  /** Sent again whenever the request comes again. */
  respond(request: SipMessage, from: HostPort, text: string): void {
    this.#answered.set(`${branchOf(request)} ${request.method}`, { text, to: from });
    this.#options.send(text, from);
  }

  /**
   * A final response to an INVITE: sent again until its ACK comes.
   * @param onNoAck after 32 s
   */
  respondUntilAck(request: SipMessage, from: HostPort, text: string, onNoAck: () => void): void {
    this.respond(request, from, text);
    const key = inviteKey(request);
    this.#unacknowledged.get(key)?.timer?.cancel();
    const waiting: Unacknowledged = { timer: undefined };
    this.#unacknowledged.set(key, waiting);
    // A 2xx is sent again on TCP as well: it goes from end to end (RFC 3261 13.3.1.4).
    const isRepeated = !this.#options.isReliable || /^SIP\/2\.0 2/.test(text);
    const again = (afterMs: number, elapsedMs: number): void => {
      const stepMs = isRepeated ? Math.min(afterMs, GIVE_UP_MS - elapsedMs) : GIVE_UP_MS;
      waiting.timer = this.#options.clock.schedule(stepMs, () => {
        if (elapsedMs + stepMs >= GIVE_UP_MS) {
          this.#unacknowledged.delete(key);
          onNoAck();
          return;
        }
        this.#options.send(text, from);
        again(Math.min(afterMs * 2, T2_MS), elapsedMs + stepMs);
      });
    };
    again(T1_MS, 0);
  }

  onAck(ack: SipMessage): void {
    const key = inviteKey(ack);
    this.#unacknowledged.get(key)?.timer?.cancel();
    this.#unacknowledged.delete(key);
  }

  /** @returns whether the request has come before: what it was answered is sent again then */
  isRepeated(request: SipMessage): boolean {
    const sent = this.#answered.get(`${branchOf(request)} ${request.method}`);
    if (sent === undefined) return false;
    this.#options.send(sent.text, sent.to);
    return true;
  }

  /** @returns false: it is no answer to what waits for one */
  onResponse(response: SipMessage): boolean {
    const { method } = cseqOf(response);
    const key = `${branchOf(response)} ${method}`;
    const pending = this.#pending.get(key);
    if (pending === undefined) return this.#acknowledgeAgain(key);
    if (response.status < 200) this.#onProvisional(pending);
    else {
      pending.timer?.cancel();
      this.#pending.delete(key);
      if (method === 'INVITE' && response.status >= 300) this.#ackFailure(pending, response);
    }
    pending.request.onResponse(response);
    return true;
  }

  close(): void {
    for (const { timer } of this.#pending.values()) timer?.cancel();
    for (const { timer } of this.#unacknowledged.values()) timer?.cancel();
    this.#pending.clear();
    this.#unacknowledged.clear();
  }

  #begin(request: ClientRequest, branch: string): string {
    const { method, uri, headers, body, to } = request;
    const text = this.#write(method, uri, headers, body, branch);
    const pending: Pending = {
      ...{ request, branch, text, timer: undefined },
      ...{ hasProvisional: false, isCancelled: false },
    };
    this.#pending.set(`${branch} ${method}`, pending);
    this.#sendAgainLater(pending, T1_MS, 0);
    this.#options.send(text, to);
    return branch;
  }

  #sendAgainLater(pending: Pending, afterMs: number, elapsedMs: number): void {
    const { clock, isReliable, send } = this.#options;
    const { method, to } = pending.request;
    const stepMs = isReliable ? GIVE_UP_MS : Math.min(afterMs, GIVE_UP_MS - elapsedMs);
    pending.timer = clock.schedule(stepMs, () => {
      if (elapsedMs + stepMs >= GIVE_UP_MS) {
        this.#giveUp(pending);
        return;
      }
      send(pending.text, to);
      const nextMs = method === 'INVITE' ? afterMs * 2 : Math.min(afterMs * 2, T2_MS);
      this.#sendAgainLater(pending, nextMs, elapsedMs + stepMs);
    });
  }

  #giveUp(pending: Pending): void {
    this.#pending.delete(`${pending.branch} ${pending.request.method}`);
    pending.request.onResponse(NO_ANSWER);
  }

  /** An INVITE that rings is not sent again and waits as long as it rings; others go on until they are answered. */
  #onProvisional(pending: Pending): void {
    if (pending.request.method !== 'INVITE') return;
    if (!pending.hasProvisional) pending.timer?.cancel();
    pending.hasProvisional = true;
    if (pending.isCancelled) this.#sendCancel(pending);
  }

  /** RFC 3261 9.1: branch, URI, From, To, Call-ID and number of the INVITE. */
  #sendCancel(pending: Pending): void {
    const { request, branch } = pending;
    pending.timer?.cancel();
    pending.timer = this.#options.clock.schedule(GIVE_UP_MS, () => {
      this.#giveUp(pending);
    });
    if (this.#pending.has(`${branch} CANCEL`)) return;
    const headers = ofSameTransaction(request.headers, 'CANCEL');
    this.#begin({ ...request, method: 'CANCEL', headers, body: '', onResponse: () => undefined }, branch);
  }

  /** RFC 3261 17.1.1.3: as the INVITE, with the To of the response. */
  #ackFailure({ request, branch }: Pending, response: SipMessage): void {
    const headers = ofSameTransaction(request.headers, 'ACK').map(([name, value]) =>
      name === 'To' ? (['To', headerOf(response, 'to')] as const) : ([name, value] as const),
    );
    const text = this.#write('ACK', request.uri, headers, '', branch);
    this.#acks.set(`${branch} INVITE`, { text, to: request.to });
    this.#options.send(text, request.to);
  }

  #acknowledgeAgain(key: string): boolean {
    const ack = this.#acks.get(key);
    if (ack !== undefined) this.#options.send(ack.text, ack.to);
    return ack !== undefined;
  }

  #write(method: string, uri: string, headers: HeaderLines, body: string, branch: string): string {
    const all: HeaderLines = [['Via', this.#options.via(branch)], ['Max-Forwards', '70'], ...headers];
    return buildSip(`${method} ${uri} SIP/2.0`, all, body);
  }
}

function ofSameTransaction(headers: HeaderLines, method: string): HeaderLines {
  return headers
    .filter(([name]) => ['Route', 'From', 'To', 'Call-ID', 'CSeq'].includes(name))
    .map(([name, value]) => (name === 'CSeq' ? [name, value.replace(/\S+$/, method)] : [name, value]));
}
