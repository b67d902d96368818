/** The registration of a user agent (RFC 3261 10, RFC 5626): made, answered to its challenge, made again in time. */
import type { Timer } from '../../../cluster/base/clock.js';
import { headerOf, splitValues, uriIn, type HeaderLines, type SipMessage } from './sip-text.js';
import type { UserAgent } from './user-agent.js';

const CHALLENGES_MAX = 2;
/** After a refresh that failed: a phone does not give up, and does not hammer either. */
const RETRY_MS = 5000;

export class Registration {
  readonly #agent: UserAgent;
  #callId = '';
  #tag = '';
  #cseq = 0;
  #refresh: Timer | undefined;
  /** Which of several orders is the one that counts. */
  #turn = 0;
  status = 0;

  constructor(agent: UserAgent) {
    this.#agent = agent;
  }

  /** @param expires seconds @returns the final status; a 408 of our own when there was no answer */
  register(expires: number): Promise<number> {
    this.#turn += 1;
    const turn = this.#turn;
    this.#refresh?.cancel();
    return new Promise((resolve) => {
      this.#send(expires, [], 0, (response) => {
        const { status } = response;
        this.status = status;
        if (turn === this.#turn && expires > 0) this.#plan(expires, response);
        this.#tell(status);
        resolve(status);
      });
    });
  }

  close(): void {
    this.#refresh?.cancel();
  }

  /** Halfway; never again where the registrar does not want us. */
  #plan(expires: number, response: SipMessage): void {
    const { status } = response;
    if (status === 401 || status === 403 || status === 407) return;
    const granted = grantedSeconds(response, this.#agent.contactUri) ?? expires;
    const delayMs = status === 200 ? (granted * 1000) / 2 : RETRY_MS;
    this.#refresh = this.#agent.options.clock.schedule(delayMs, () => void this.register(expires));
  }

  #send(
    expires: number,
    authorization: HeaderLines,
    challenges: number,
    onDone: (response: SipMessage) => void,
  ): void {
    const { server } = this.#agent.options;
    const uri = `sip:${server.address}`;
    this.#agent.transactions.request({
      ...{ method: 'REGISTER', uri, body: '', to: server },
      headers: [...this.#headers(expires), ...authorization],
      onResponse: (response) => {
        if (response.status < 200) return;
        const again =
          challenges >= CHALLENGES_MAX ? [] : this.#agent.authorize(response, 'REGISTER', uri, challenges);
        if (again.length > 0) this.#send(expires, again, challenges + 1, onDone);
        else onDone(response);
      },
    });
  }

  #headers(expires: number): HeaderLines {
    const { user, server, instance, regId } = this.#agent.options;
    if (this.#callId === '') [this.#callId, this.#tag] = [this.#agent.token(12), this.#agent.token(4)];
    this.#cseq += 1;
    const aor = `<sip:${user}@${server.address}>`;
    const device =
      instance === undefined ? '' : `;+sip.instance="<urn:uuid:${instance}>";reg-id=${String(regId)}`;
    return [
      ['From', `${aor};tag=${this.#tag}`],
      ['To', aor],
      ['Call-ID', this.#callId],
      ['CSeq', `${String(this.#cseq)} REGISTER`],
      ['Contact', `<${this.#agent.contactUri}>${device}`],
      ['Expires', String(expires)],
      ...(instance === undefined ? [] : [['Supported', 'path, outbound'] as const]),
    ];
  }

  #tell(status: number): void {
    const { name, clock, onEvent } = this.#agent.options;
    onEvent({ event: 'registered', agent: name, atMs: clock.monotonicMs(), status });
  }
}

/** What the registrar grants this contact (RFC 3261 10.2.4). Pure. */
export function grantedSeconds(response: SipMessage, contactUri: string): number | undefined {
  const ours = splitValues(response.headers.get('contact') ?? []).find((one) => uriIn(one) === contactUri);
  const text = /;\s*expires=(\d+)/i.exec(ours ?? '')?.[1] ?? headerOf(response, 'expires');
  return /^[1-9]\d*$/.test(text) ? Number(text) : undefined;
}
