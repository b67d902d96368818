/**
 * An engine that proxies, on virtual time: a caller, callees by the last number of their address, one application.
 * What it sends stands in `take()` as short lines: `11: INVITE`, `caller: 486 INVITE`, `app: 200`, `app: done`.
 */
import { FakeClock } from '../../../../../cluster/base/clock.js';
import { openLog } from '../../../../../cluster/base/log.js';
import { seededRng } from '../../../../../cluster/base/rng.js';
import {
  parseControlCommand,
  type EngineCommand,
} from '../../../../../appliance/sip-engine/control/control-command.js';
import type { ControlReply } from '../../../../../appliance/sip-engine/control/control-framing.js';
import { LocalIdentities } from '../../../../../appliance/sip-engine/engine/local-identity.js';
import { SipEngine, type SipEngineOptions } from '../../../../../appliance/sip-engine/engine/sip-engine.js';
import { MessageBuilder } from '../../../../../appliance/sip-engine/message/message-builder.js';
import { parseSipMessage } from '../../../../../appliance/sip-engine/message/parse-sip-message.js';
import type { SipMessage } from '../../../../../appliance/sip-engine/message/sip-message.js';
import type { SipFlow, SipProtocol } from '../../../../../appliance/sip-engine/transport/sip-flow.js';

export const US = '192.0.2.100';
const NET = '192.0.2.';
const CALLER = 1;
const FROM_CALLER = `<sip:caller@${NET}1>;tag=caller`;

function parsed(bytes: Buffer): SipMessage {
  const result = parseSipMessage(bytes);
  if (result.kind !== 'message') throw new Error(`no message: ${bytes.toString('latin1')}`);
  return result.message;
}

export function flowOf(host: number, changes: Partial<SipFlow> = {}): SipFlow {
  const place = {
    localAddress: US,
    localPort: 5060,
    remoteAddress: `${NET}${String(host)}`,
    remotePort: 5060,
  };
  return { isReliable: false, protocol: 'udp', ...place, ...changes };
}

export interface RequestOptions {
  readonly method?: string;
  readonly uri?: string;
  readonly branch?: string;
  readonly host?: number;
  readonly cseq?: number;
  readonly from?: string;
  readonly to?: string;
  /** Lines between CSeq and the body. */
  readonly lines?: readonly string[];
  readonly flow?: SipFlow;
}

export interface AnswerOptions {
  readonly method?: string;
  readonly lines?: readonly string[];
}

export interface ProxyOptions {
  readonly transactionId?: string;
  readonly remain?: boolean;
  readonly follow?: boolean;
  readonly simultaneous?: boolean;
  readonly provisional?: string;
  readonly final?: string;
  readonly to: readonly number[];
  /** Instead of `to`. */
  readonly destinations?: readonly string[];
  readonly headers?: readonly string[];
}

export class ProxyBench {
  readonly clock = new FakeClock();
  readonly engine: SipEngine;
  /** Streams that are open. */
  readonly connections = new Set<number>();
  /** Callees to whom nothing can be sent. */
  readonly unreachable = new Set<number>();
  /** The id of the last request that the application got. */
  transactionId = '';
  readonly replies: ControlReply[] = [];
  readonly #sent: { readonly host: number; readonly message: SipMessage; readonly flow: SipFlow }[] = [];
  readonly #log: string[] = [];
  #messageIds = 0;

  constructor(options: Pick<SipEngineOptions, 'proxyKey' | 'gate'> = {}) {
    const listens = (['udp', 'tcp'] as const).map((protocol) => ({
      ...{ protocol, address: US, port: 5060, addressId: 'A', localNets: [] },
    }));
    this.engine = new SipEngine({
      clock: this.clock,
      rng: seededRng('proxy'),
      log: openLog({ name: 'test', level: 'silent' }),
      settings: {
        ...{ t1Ms: 500, t2Ms: 4000, mtu: 0, natDetection: true, dialogsMax: 100, pendingInviteMs: 2000 },
        sessionTimers: { minSe: 90, defaultRefresher: 'none' },
      },
      ...{ transactionSettings: {}, transactionsMax: 1000, bindingsMax: 100, cdrs: true },
      ...{ heldMs: 0, tryingHeldMs: 0 },
      wire: {
        send: (bytes, flow, sender) => {
          const host = Number(flow.remoteAddress.slice(NET.length));
          if (this.unreachable.has(host)) sender.onSendError(new Error('unreachable'));
          else this.#onSent(bytes, flow, host);
        },
      },
      flows: {
        flowTo: ({ protocol, address, port }) => ({
          ...flowOf(0, { protocol, isReliable: protocol !== 'udp' }),
          ...{ remoteAddress: address, remotePort: port },
        }),
        hasConnection: (id) => this.connections.has(id),
      },
      identities: new LocalIdentities(listens),
      resolver: {
        resolve: ({ host, port, params }) =>
          host.startsWith(NET)
            ? [{ protocol: (params['transport'] ?? 'udp') as SipProtocol, address: host, port: port ?? 5060 }]
            : [],
      },
      preferredFrom: () => US,
      ...options,
    });
    this.engine.onApplicationAuthenticated(this.#application());
  }

  /** From the network. */
  receive(text: string | Buffer, flow: SipFlow): void {
    this.engine.receive(Buffer.from(text), flow);
  }

  request(options: RequestOptions = {}): void {
    const { method = 'INVITE', host = CALLER, branch = 'z9hG4bKcaller', cseq = 1, lines = [] } = options;
    const flow = options.flow ?? flowOf(host);
    const via = `SIP/2.0/${flow.protocol.toUpperCase()} ${flow.remoteAddress}:5060;branch=${branch}`;
    const { uri = `sip:100@${US}`, from = FROM_CALLER, to = `<sip:100@${US}>` } = options;
    const text = [
      ...[`${method} ${uri} SIP/2.0`, `Via: ${via}`, `From: ${from}`, `To: ${to}`, 'Call-ID: call-1'],
      ...[`CSeq: ${String(cseq)} ${method}`, `Contact: <sip:somebody@${flow.remoteAddress}>`],
      ...lines,
      'Content-Length: 0',
    ];
    this.receive(`${text.join('\r\n')}\r\n\r\n`, flow);
  }

  /** The command of the application, as it comes over its connection. */
  proxy(options: ProxyOptions): void {
    const { to, headers = [], transactionId = this.transactionId } = options;
    const destinations = options.destinations ?? to.map((host) => `sip:100@${NET}${String(host)}`);
    const fields = [
      ...['cmd', 'proxy', transactionId, options.remain === true ? 'remainInDialog' : '', 'fullResponse'],
      options.follow === true ? 'followRedirects' : '',
      options.simultaneous === true ? 'simultaneous' : 'serial',
      ...[options.provisional ?? '', options.final ?? ''],
      ...destinations,
    ];
    const text = [`INVITE ${destinations[0] ?? ''} SIP/2.0`, ...headers, '', ''].join('\r\n');
    this.say(`${fields.join('|')}\r\n${text}`);
  }

  /** Anything that the application may say. */
  say(payload: string): void {
    this.engine.onCommand(this.#application(), parseControlCommand(Buffer.from(payload)) as EngineCommand);
  }

  loseApplication(): void {
    this.engine.onApplicationGone(this.#application());
  }

  /** What a callee, or the caller, got last. */
  last(host: number, name = ''): SipMessage {
    const found = this.#sent.findLast((sent) => sent.host === host && nameOf(sent.message).startsWith(name));
    if (found === undefined) throw new Error(`nothing was sent to ${String(host)}: ${name}`);
    return found.message;
  }

  lastFlow(host: number): SipFlow | undefined {
    return this.#sent.findLast((sent) => sent.host === host)?.flow;
  }

  /** A callee answers what it got last, or the last request of that method. */
  answer(host: number, status: number, options: AnswerOptions = {}): void {
    this.receive(this.responseOf(host, status, options), flowOf(host));
  }

  responseOf(host: number, status: number, options: AnswerOptions = {}): string {
    const request = this.last(host, options.method ?? '');
    const builder = MessageBuilder.response(status, 'Reason').copyHeaders(
      request,
      'Via',
      'Record-Route',
      'From',
    );
    const to = request.header('To') ?? '';
    builder.add('To', to.includes('tag=') || status === 100 ? to : `${to};tag=callee${String(host)}`);
    builder.copyHeaders(request, 'Call-ID', 'CSeq');
    for (const line of options.lines ?? []) {
      const colon = line.indexOf(':');
      builder.add(line.slice(0, colon), line.slice(colon + 1).trim());
    }
    return builder.build().toString('latin1');
  }

  /** The caller acknowledges the refusal it got. */
  acknowledge(): void {
    const { to } = this.last(CALLER);
    const tag = to.tag === undefined ? '' : `;tag=${to.tag}`;
    this.request({ method: 'ACK', to: `<sip:100@${US}>${tag}` });
  }

  /** What was sent since the last time. */
  take(): string[] {
    return this.#log.splice(0);
  }

  /** INVITE, its 100, and the application has it. */
  call(options: RequestOptions = {}): void {
    this.request(options);
    this.take();
  }

  #application() {
    return {
      id: 'app',
      tags: [],
      hasRoute: () => true,
      newMessageId: () => String((this.#messageIds += 1)),
      send: (reply: ControlReply) => {
        this.#onReply(reply);
        return 'taken' as const;
      },
    };
  }

  #onReply(reply: ControlReply): void {
    const fields = reply.line.split('|');
    const kind = fields[1] ?? '';
    if (kind.startsWith('cdr:')) {
      this.#log.push(
        `cdr: ${[kind.slice(4), fields[2], fields[4]].filter((field) => field !== undefined).join(' ')}`,
      );
      return;
    }
    this.replies.push(reply);
    if (kind === 'sip') {
      this.transactionId = fields[8] ?? '';
      this.#log.push('app: request');
      return;
    }
    const isResponse = fields.at(-1) === 'continue' && fields.length === 13;
    this.#log.push(`app: ${isResponse ? String(statusOf(reply)) : fields.slice(3).join(' ')}`);
  }

  #onSent(bytes: Buffer, flow: SipFlow, host: number): void {
    const message = parsed(bytes);
    this.#sent.push({ host, message, flow });
    this.#log.push(`${host === CALLER ? 'caller' : String(host)}: ${nameOf(message)}`);
  }
}

function statusOf({ sip }: ControlReply): number {
  return parsed(Buffer.from(sip ?? '')).status;
}

function nameOf(message: SipMessage): string {
  return message.isRequest ? message.method : `${String(message.status)} ${message.cseq.method}`;
}

/** Without the call records, for those who do not look at them. */
export function withoutRecords(lines: readonly string[]): string[] {
  return lines.filter((line) => !line.startsWith('cdr:'));
}
