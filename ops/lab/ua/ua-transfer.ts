/** Transfers (RFC 3515, RFC 3891) from one call: asked for, and done when asked. */
import type { DialogExchange } from './dialog-exchange.js';
import { headerOf, type HeaderLines, type SipMessage } from './sip-text.js';
import type { HostPort } from './sip-wire.js';
import { parseReferTo, type ReferTarget } from './ua-dialog.js';
import type { CallEvent } from './ua-orders.js';
import type { UserAgent } from './user-agent.js';

export interface TransferOptions {
  readonly agent: UserAgent;
  readonly exchange: DialogExchange;
  readonly tell: (event: CallEvent) => void;
  /** Nobody is told any more then. */
  readonly isOver: () => boolean;
}

export class UaTransfer {
  readonly #options: TransferOptions;
  /** Status codes of NOTIFYs, in order. */
  readonly referred: number[] = [];

  constructor(options: TransferOptions) {
    this.#options = options;
  }

  /** @param to a number, or a URI @param replaces the dialog that the target ends @returns the status of the answer */
  ask(to: string, replaces: string | undefined): Promise<number> {
    const { agent, exchange } = this.#options;
    const uri = /^sips?:/i.test(to) ? to : `sip:${to}@${agent.options.server.address}`;
    const suffix = replaces === undefined ? '' : `?Replaces=${encodeURIComponent(replaces)}`;
    return exchange.ask('REFER', [['Refer-To', `<${uri}${suffix}>`], ...agent.abilities]);
  }

  /** Accepted, tried, and told how it went. The call itself is for whoever asked to end. */
  onRefer(request: SipMessage, from: HostPort): void {
    const { agent, exchange, tell } = this.#options;
    const target = parseReferTo(headerOf(request, 'refer-to'));
    exchange.respond(request, from, target === undefined ? 400 : 202);
    if (target === undefined) return;
    this.#notify(100);
    tell({ event: 'referredTo', uri: target.uri });
    agent.attempt(() => this.#call(target));
  }

  onNotify(request: SipMessage): void {
    const status = Number(/^SIP\/2\.0 (\d{3})/.exec(request.body)?.[1] ?? 0);
    if (status === 0) return;
    this.referred.push(status);
    this.#options.tell({ event: 'referred', status });
  }

  async #call({ uri, replaces }: ReferTarget): Promise<void> {
    const headers: HeaderLines = replaces === undefined ? [] : [['Replaces', replaces]];
    const onStatus = (status: number): void => {
      if (status > 100) this.#notify(status);
    };
    await this.#options.agent.call({ to: uri, headers, onStatus });
  }

  #notify(status: number): void {
    const { agent, exchange, isOver } = this.#options;
    if (isOver()) return;
    const state = status < 200 ? 'active;expires=60' : 'terminated;reason=noresource';
    const headers: HeaderLines = [
      ['Event', 'refer'],
      ['Subscription-State', state],
      ['Content-Type', 'message/sipfrag;version=2.0'],
      ...agent.abilities,
    ];
    exchange.request({ method: 'NOTIFY', headers, body: `SIP/2.0 ${String(status)} Status\r\n` });
  }
}
