/** Calls that talk for minutes: what rtpengine loses of their packets, beside a stream that does not pass it. */
import type { UaFarm } from '../../ops/lab/ua/ua-farm.js';
import type { CallReport } from '../../ops/lab/ua/ua-call.js';
import { largeHospital, largeSeats, PASSWORD, PIN } from '../support/box/large-hospital.js';
import { clock, SERVICE_ADDRESSES, SITE_NODES } from '../support/box/test-box.js';
import { notYet, waitFor } from '../support/wait.js';
import { withBenchBox } from '../support/box/bench-box.js';
import type { Metrics } from './figures.js';
import type { BenchContext } from './frame.js';

export const name = 'media';
export const metrics: Metrics = {
  heldCalls: { unit: 'calls', help: 'that talk over both nodes at the same time' },
  brokenCalls: { unit: 'calls', help: 'of them, over before the end' },
  sentPackets: { unit: 'packets', help: 'by all parties' },
  lostPackets: { unit: 'packets', help: 'of those, by their sequence numbers' },
  besideLostPackets: { unit: 'packets', help: 'of a call of the same length between two phones alone' },
};
export const trials = { full: 1, quick: 1 };

const CALLS = { full: 200, quick: 40 };
const SECONDS = { full: 300, quick: 20 };
/** A packet each 100 ms: 200 calls of 50 packets a second are more than the senders on this machine can make. */
const RTP_EVERY = 5;
const MAIN = '01065129000';
/** Seats that take emergencies alone. */
const RESERVED = 2;
const PHONE_ADDRESSES = 16;

class Talk {
  readonly #phones: UaFarm;
  readonly #trunk: UaFarm;

  constructor(phones: UaFarm, trunk: UaFarm) {
    this.#phones = phones;
    this.#trunk = trunk;
  }

  async open(calls: number): Promise<void> {
    for (const [index, { extension, node, callTaker }] of largeSeats(calls + RESERVED)
      .slice(RESERVED)
      .entries()) {
      await this.#phones.open({
        ...{ agent: extension, password: PASSWORD, rtpEvery: RTP_EVERY },
        ...{ address: `10.77.0.${String(100 + (index % PHONE_ADDRESSES))}` },
        policy: { kind: 'answer', afterMs: 0 },
        server: { address: SERVICE_ADDRESSES[node], port: 5060 },
      });
      await this.#phones.register(extension, 3600);
      await this.#phones.call(extension, `*11*${callTaker}*${PIN}#`);
    }
    for (const [index, node] of SITE_NODES.entries())
      await this.#trunk.open({
        ...{ agent: `carrier-${node}`, address: '10.77.0.20', port: 5060 + index * 10, rtpEvery: RTP_EVERY },
        server: { address: SERVICE_ADDRESSES[node], port: 5060 },
      });
    const beside = { address: '10.77.0.115', port: 5090 };
    await this.#phones.open({
      ...{ agent: 'beside', ...beside, rtpEvery: RTP_EVERY, policy: { kind: 'answer', afterMs: 0 } },
      server: { address: SERVICE_ADDRESSES.a, port: 5060 },
    });
    await this.#trunk.call('carrier-a', 'sip:beside@10.77.0.115:5090');
  }

  async dial(calls: number): Promise<void> {
    for (let index = 0; index < calls; index += 1) {
      await this.#trunk.call(
        `carrier-${SITE_NODES[index % 2] ?? 'a'}`,
        MAIN,
        `139${String(index).padStart(8, '0')}`,
      );
      await clock.sleep(50);
    }
    await waitFor(
      'all talk',
      async () => {
        const talking = await this.calls();
        return talking.length === calls * 2 || notYet(talking.length);
      },
      { deadlineMs: 30_000 },
    );
    for (const farm of [this.#phones, this.#trunk])
      for (const { id, progress } of await farm.allCalls())
        if (progress === 'up') await farm.order({ do: 'reset', call: id });
  }

  /** Both sides of each that talks. */
  async calls(): Promise<readonly CallReport[]> {
    const all = await this.#all();
    return all.filter(
      ({ progress, dialled, agent }) =>
        progress === 'up' && agent !== 'beside' && !dialled.startsWith('*') && dialled !== 'beside',
    );
  }

  async beside(): Promise<readonly CallReport[]> {
    return (await this.#all()).filter(({ dialled }) => dialled === 'beside');
  }

  async #all(): Promise<readonly CallReport[]> {
    return [...(await this.#phones.allCalls()), ...(await this.#trunk.allCalls())];
  }
}

function sum(calls: readonly CallReport[], what: 'sent' | 'lost'): number {
  return calls.reduce((total, { audio }) => total + audio[what], 0);
}

export async function run(context: BenchContext): Promise<void> {
  const [calls, seconds] = context.quick ? [CALLS.quick, SECONDS.quick] : [CALLS.full, SECONDS.full];
  await withBenchBox(largeHospital(calls + RESERVED, RESERVED / 2), async (_box, phones, trunk) => {
    const talk = new Talk(phones, trunk);
    await talk.open(calls);
    await talk.dial(calls);
    context.say(`${String(calls)} calls talk for ${String(seconds)} s`);
    await clock.sleep(seconds * 1000);
    const talking = await talk.calls();
    context.add('heldCalls', calls);
    context.add('brokenCalls', calls - talking.length / 2);
    context.add('sentPackets', sum(talking, 'sent'));
    context.add('lostPackets', sum(talking, 'lost'));
    context.add('besideLostPackets', sum(await talk.beside(), 'lost'));
  });
}
