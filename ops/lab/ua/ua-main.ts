/**
 * User agents of one network namespace: reads one JSON order a line, answers each with a line under its id. Ends with
 * its input.
 */
import { performance } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import process from 'node:process';
import { RealClock } from '../../../cluster/base/clock.js';
import { systemRng } from '../../../cluster/base/rng.js';
import type { UaCall } from './ua-call.js';
import type { AgentOrder, UaOrder } from './ua-orders.js';
import { UserAgent } from './user-agent.js';

/** Comparable between the processes of a machine, which performance.now() is not. */
class SharedClock extends RealClock {
  override monotonicMs(): number {
    return performance.timeOrigin + performance.now();
  }
}

const TICK_MS = 20;
const clock = new SharedClock();
const rng = systemRng();
const agents = new Map<string, UserAgent>();

function getAgent(name: string): UserAgent {
  const agent = agents.get(name);
  if (agent === undefined) throw new Error(`there is no agent "${name}"`);
  return agent;
}

function getCall(name: string): UaCall {
  for (const agent of agents.values()) {
    const call = agent.calls.get(name);
    if (call !== undefined) return call;
  }
  throw new Error(`there is no call "${name}"`);
}

async function openAgent(order: AgentOrder): Promise<unknown> {
  const { agent: name, password, user = name } = order;
  const agent = new UserAgent({
    ...{ name, user, address: order.address, port: order.port ?? 0, protocol: order.protocol ?? 'udp' },
    ...{ server: order.server, hz: order.hz ?? 440, codecs: order.codecs ?? ['PCMA', 'PCMU'], clock, rng },
    credentials: password === undefined ? undefined : { username: user, password },
    instance: order.instance,
    isSecure: order.isSecure ?? false,
    isMute: order.isMute ?? false,
    policy: order.policy ?? { kind: 'ring' },
  });
  await agent.open();
  agents.set(name, agent);
  return agent.local;
}

async function obey(order: UaOrder): Promise<unknown> {
  switch (order.do) {
    case 'open':
      return openAgent(order);
    case 'register':
      return getAgent(order.agent).register(order.expires ?? 120);
    case 'policy':
      getAgent(order.agent).policy = order.policy;
      return null;
    case 'call': {
      const call = await getAgent(order.agent).call(order.to, order.headers ?? [], order.from);
      return call.id;
    }
    case 'calls':
      return getAgent(order.agent).reports();
    case 'allCalls':
      return [...agents.values()].flatMap((agent) => agent.reports());
    case 'forgetEnded':
      for (const agent of agents.values()) agent.forgetEnded();
      return null;
    case 'answer':
      getCall(order.call).answer();
      return null;
    case 'reject':
      getCall(order.call).reject(order.status);
      return null;
    case 'hangUp':
      getCall(order.call).hangUp();
      return null;
    case 'hold':
      return getCall(order.call).hold(order.isHolding);
    case 'reinvite':
      return getCall(order.call).reinvite();
    case 'refer':
      return getCall(order.call).refer(
        order.to,
        order.replaced === undefined ? undefined : getCall(order.replaced),
      );
    case 'press':
      for (const key of order.keys) {
        getCall(order.call).rtp.press(key);
        await clock.sleep(300);
      }
      return null;
    case 'reset':
      getCall(order.call).rtp.reset();
      return null;
  }
}

async function answer(line: string): Promise<void> {
  let id: unknown = null;
  try {
    const order = JSON.parse(line) as UaOrder & { readonly id: number };
    id = order.id;
    const result = await obey(order);
    process.stdout.write(`${JSON.stringify({ id, result: result ?? null })}\n`);
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    process.stdout.write(`${JSON.stringify({ id, error: text })}\n`);
  }
}

/** Keeps time by the clock, not by the number of ticks: a late one is made up for at once. */
function keepTicking(dueMs: number): void {
  let nextMs = dueMs;
  while (nextMs <= clock.monotonicMs()) {
    for (const agent of agents.values())
      for (const call of agent.calls.values()) if (call.isUp) call.rtp.tick();
    nextMs += TICK_MS;
  }
  clock.schedule(nextMs - clock.monotonicMs(), () => {
    keepTicking(nextMs);
  });
}

const input = createInterface({ input: process.stdin });
input.on('line', (line) => void answer(line));
input.on('close', () => {
  for (const agent of agents.values()) agent.close();
  process.exit(0);
});
keepTicking(clock.monotonicMs() + TICK_MS);
process.stdout.write('ready\n');
