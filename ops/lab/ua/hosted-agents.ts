/** The user agents of one process, and what each order does to them. */
import type { Clock } from '../../../cluster/base/clock.js';
import type { Rng } from '../../../cluster/base/rng.js';
import { MediaTicker } from './media-ticker.js';
import type { CallReport, UaCall } from './ua-call.js';
import type { AgentOrder, CallOrder, Totals, UaEvent, UaOrder } from './ua-orders.js';
import { subscribe } from './ua-subscription.js';
import { UserAgent } from './user-agent.js';

export interface HostedAgentsOptions {
  readonly clock: Clock;
  readonly rng: Rng;
  readonly onEvent: (event: UaEvent) => void;
}

type Handlers = {
  readonly [Do in UaOrder['do']]: (order: UaOrder & { readonly do: Do }) => unknown;
};

const DEFAULT_HZ = 440;
const EXPIRES_SECONDS = 120;
/** A key lasts 160 ms with its end. */
const KEY_EVERY_MS = 300;

export class HostedAgents {
  readonly #options: HostedAgentsOptions;
  readonly #ticker: MediaTicker;
  readonly #agents = new Map<string, UserAgent>();
  readonly #handlers: Handlers = {
    open: (order) => this.#open(order),
    close: ({ agent: name }) => {
      this.#getAgent(name).close();
      this.#agents.delete(name);
    },
    register: ({ agent, expires }) => this.#getAgent(agent).register(expires ?? EXPIRES_SECONDS),
    subscribe: ({ agent, to, event, expires }) => subscribe(this.#getAgent(agent), to, event, expires),
    notices: ({ agent }) => this.#getAgent(agent).notices,
    registrations: ({ agent }) => this.#getAgent(agent).registrar?.registrations ?? [],
    policy: ({ agent, policy }) => {
      this.#getAgent(agent).policy = policy;
    },
    call: async (order) => (await this.#getAgent(order.agent).call(outgoing(order))).id,
    calls: ({ agent }) => this.#getAgent(agent).reports(),
    allCalls: () => this.#reports(),
    totals: () => sumUp(this.#reports()),
    forgetEnded: () => {
      for (const agent of this.#agents.values()) agent.forgetEnded();
    },
    answer: ({ call }) => {
      this.#getCall(call).answer();
    },
    reject: ({ call, status }) => {
      this.#getCall(call).reject(status);
    },
    hangUp: ({ call }) => {
      this.#getCall(call).hangUp();
    },
    hold: ({ call, isHolding, direction }) => this.#getCall(call).hold(isHolding, direction),
    reinvite: ({ call }) => this.#getCall(call).reinvite(),
    refer: ({ call, to, replaced }) =>
      this.#getCall(call).refer(to, replaced === undefined ? undefined : this.#getCall(replaced)),
    ask: ({ call, method, headers, body }) => this.#getCall(call).ask(method, headers, body),
    press: ({ call, keys }) => this.#press(this.#getCall(call), keys),
    reset: ({ call }) => {
      this.#getCall(call).rtp.reset();
    },
    report: ({ call }) => this.#getCall(call).report(),
    invite: ({ call }) => inviteOf(this.#getCall(call)),
  };

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
    if (!Object.hasOwn(this.#handlers, order.do)) throw new Error(`there is no order "${order.do}"`);
    const handle = this.#handlers[order.do] as (order: UaOrder) => unknown;
    return await handle(order);
  }

  async #open(order: AgentOrder): Promise<unknown> {
    const { agent: name } = order;
    if (this.#agents.has(name)) throw new Error(`there is an agent "${name}" already`);
    const agent = new UserAgent({ ...agentOptions(order), ...this.#options, ticker: this.#ticker });
    this.#agents.set(name, agent);
    try {
      await agent.open();
    } catch (error) {
      this.#agents.delete(name);
      throw error;
    }
    return agent.local;
  }

  async #press(call: UaCall, keys: string): Promise<void> {
    for (const key of keys) {
      call.rtp.press(key);
      await this.#options.clock.sleep(KEY_EVERY_MS);
    }
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

function agentOptions({ agent: name, user = name, password, ...order }: AgentOrder) {
  const defaults = {
    ...{ port: 0, protocol: 'udp' as const, certificate: undefined, codecs: ['PCMA', 'PCMU'] as const },
    ...{
      hz: DEFAULT_HZ,
      rtpEvery: 1,
      firstSequence: undefined,
      subscriber: undefined,
      isSecure: false,
      instance: undefined,
      regId: 1,
    },
    policy: { kind: 'ring' } as const,
  };
  const credentials = password === undefined ? undefined : { username: user, password };
  return { ...defaults, ...order, name, user, credentials };
}

function inviteOf({ id, invite }: UaCall): object {
  if (invite === undefined) throw new Error(`the call "${id}" has not come in`);
  return { ...invite, headers: Object.fromEntries(invite.headers) };
}

function outgoing({ to, from, dialled, headers, rtpEvery, hangUpAfterMs }: CallOrder) {
  return {
    to,
    ...(from === undefined ? {} : { from }),
    ...(dialled === undefined ? {} : { dialled }),
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
