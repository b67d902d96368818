/** The user agents of one process, and what each order does to them. */
import type { Clock } from '../../../cluster/base/clock.js';
import type { Rng } from '../../../cluster/base/rng.js';
import { MediaTicker } from './media-ticker.js';
import type { CallReport, UaCall } from './ua-call.js';
import type { AgentOrder, CallOrder, Totals, UaEvent, UaOrder } from './ua-orders.js';
import { UserAgent } from './user-agent.js';

export interface HostedAgentsOptions {
  readonly clock: Clock;
  readonly rng: Rng;
  readonly onEvent: (event: UaEvent) => void;
}

const DEFAULT_HZ = 440;
const EXPIRES_SECONDS = 120;
/** A key lasts 160 ms with its end. */
const KEY_EVERY_MS = 300;

export class HostedAgents {
  readonly #options: HostedAgentsOptions;
  readonly #ticker: MediaTicker;
  readonly #agents = new Map<string, UserAgent>();

  constructor(options: HostedAgentsOptions) {
    this.#options = options;
    this.#ticker = new MediaTicker(options.clock);
  }

  close(): void {
    for (const agent of this.#agents.values()) agent.close();
    this.#agents.clear();
  }

  /** @returns what ua-orders.ts says @throws why it cannot be done */
  async obey(order: UaOrder): Promise<unknown> {
    switch (order.do) {
      case 'open':
        return this.#open(order);
      case 'allCalls':
        return this.#reports();
      case 'totals':
        return sumUp(this.#reports());
      case 'forgetEnded':
        for (const agent of this.#agents.values()) agent.forgetEnded();
        return null;
      case 'close':
      case 'register':
      case 'policy':
      case 'call':
      case 'calls':
        return this.#obeyAgent(this.#getAgent(order.agent), order);
      case 'press':
        return this.#press(this.#getCall(order.call), order.keys);
      default:
        return obeyCall(this.#getCall(order.call), order, (id) => this.#getCall(id));
    }
  }

  async #obeyAgent(
    agent: UserAgent,
    order: Extract<UaOrder, { do: 'close' | 'register' | 'policy' | 'call' | 'calls' }>,
  ): Promise<unknown> {
    switch (order.do) {
      case 'close':
        agent.close();
        this.#agents.delete(order.agent);
        return null;
      case 'register':
        return agent.register(order.expires ?? EXPIRES_SECONDS);
      case 'policy':
        agent.policy = order.policy;
        return null;
      case 'call':
        return (await agent.call(outgoing(order))).id;
      case 'calls':
        return agent.reports();
    }
  }

  async #open(order: AgentOrder): Promise<unknown> {
    const { agent: name, password, user = name } = order;
    if (this.#agents.has(name)) throw new Error(`there is an agent "${name}" already`);
    const agent = new UserAgent({
      ...{ name, user, address: order.address, port: order.port ?? 0, protocol: order.protocol ?? 'udp' },
      ...{ server: order.server, certificate: order.certificate, codecs: order.codecs ?? ['PCMA', 'PCMU'] },
      ...{ hz: order.hz ?? DEFAULT_HZ, rtpEvery: order.rtpEvery ?? 1, isSecure: order.isSecure ?? false },
      ...{ instance: order.instance, regId: order.regId ?? 1, policy: order.policy ?? { kind: 'ring' } },
      credentials: password === undefined ? undefined : { username: user, password },
      ...{ ...this.#options, ticker: this.#ticker },
    });
    this.#agents.set(name, agent);
    try {
      await agent.open();
    } catch (error) {
      this.#agents.delete(name);
      throw error;
    }
    return agent.local;
  }

  async #press(call: UaCall, keys: string): Promise<null> {
    for (const key of keys) {
      call.rtp.press(key);
      await this.#options.clock.sleep(KEY_EVERY_MS);
    }
    return null;
  }

  #reports(): readonly CallReport[] {
    return [...this.#agents.values()].flatMap((agent) => agent.reports());
  }

  #getAgent(name: string): UserAgent {
    const agent = this.#agents.get(name);
    if (agent === undefined) throw new Error(`there is no agent "${name}"`);
    return agent;
  }

  #getCall(id: string): UaCall {
    for (const agent of this.#agents.values()) {
      const call = agent.calls.get(id);
      if (call !== undefined) return call;
    }
    throw new Error(`there is no call "${id}"`);
  }
}

type OneCallOrder = Extract<UaOrder, { call: string }>;

async function obeyCall(call: UaCall, order: OneCallOrder, find: (id: string) => UaCall): Promise<unknown> {
  switch (order.do) {
    case 'answer':
      call.answer();
      return null;
    case 'reject':
      call.reject(order.status);
      return null;
    case 'hangUp':
      call.hangUp();
      return null;
    case 'hold':
      return call.hold(order.isHolding, order.direction);
    case 'reinvite':
      return call.reinvite();
    case 'refer':
      return call.refer(order.to, order.replaced === undefined ? undefined : find(order.replaced));
    case 'ask':
      return call.ask(order.method, order.headers, order.body);
    case 'reset':
      call.rtp.reset();
      return null;
    case 'report':
      return call.report();
    case 'invite': {
      const { invite } = call;
      if (invite === undefined) throw new Error(`the call "${call.id}" has not come in`);
      return { ...invite, headers: Object.fromEntries(invite.headers) };
    }
    default:
      throw new Error(`there is no order "${order.do}"`);
  }
}

function outgoing({ to, from, headers, rtpEvery, hangUpAfterMs }: CallOrder) {
  return {
    to,
    ...(from === undefined ? {} : { from }),
    ...(headers === undefined ? {} : { headers }),
    ...(rtpEvery === undefined ? {} : { rtpEvery }),
    ...(hangUpAfterMs === undefined ? {} : { hangUpAfterMs }),
  };
}

function countBy(names: readonly string[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

/** Pure. */
export function sumUp(reports: readonly CallReport[]): Totals {
  const sum = (of: (report: CallReport) => number): number =>
    reports.reduce((total, one) => total + of(one), 0);
  return {
    calls: reports.length,
    byProgress: countBy(reports.map(({ progress }) => progress)),
    byStatus: countBy(
      reports.filter(({ progress }) => progress === 'over').map(({ status }) => String(status)),
    ),
    sent: sum(({ audio }) => audio.sent),
    received: sum(({ audio }) => audio.received),
    lost: sum(({ audio }) => audio.lost),
    refused: sum(({ audio }) => audio.refused),
    longestGapMs: reports.reduce((longest, { audio }) => Math.max(longest, audio.longestGapMs), 0),
  };
}
