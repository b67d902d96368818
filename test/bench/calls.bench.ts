/**
 * Calls through trunk, queue and seat, over both nodes at once: how long until the seat rings, how many fail, what one
 * costs. Nobody speaks: what media costs is rtpengine's, and in facts/rtpengine.md section 8.
 */
import { getSpace } from '../../ops/lab/box-plan.js';
import type { CallReport } from '../../ops/lab/ua/ua-call.js';
import type { UaFarm } from '../../ops/lab/ua/ua-farm.js';
import { largeHospital, largeSeats, PASSWORD, PIN } from '../support/box/large-hospital.js';
import { readNodeUsage } from '../support/box/node-usage.js';
import { clock, SERVICE_ADDRESSES, SITE_NODES } from '../support/box/test-box.js';
import { waitFor } from '../support/wait.js';
import { withBenchBox } from '../support/box/bench-box.js';
import type { Metrics } from './figures.js';
import type { BenchContext } from './frame.js';

export const name = 'calls';
export const metrics: Metrics = {
  seatRingMs: { unit: 'ms', help: 'ordinary calls: first INVITE of the trunk to the INVITE at a seat' },
  emergencyRingMs: { unit: 'ms', help: 'the same for emergencies' },
  failedCalls: { unit: 'calls', help: 'of a run: not answered, or cut off' },
  placedCalls: { unit: 'calls', help: 'of a run' },
  cpuMsPerCall: { unit: 'ms', help: 'engine, call control, rtpengine and Redis of both nodes' },
  engineCpuMsPerCall: { unit: 'ms', help: 'of that, the SIP engines' },
  controlCpuMsPerCall: { unit: 'ms', help: 'of that, call control' },
  relayCpuMsPerCall: { unit: 'ms', help: 'of that, rtpengine' },
};
export const trials = { full: 3, quick: 1 };

const SEATS = 120;
const EMERGENCY_SEATS = 12;
const CALLS_PER_SECOND = 50;
const SECONDS = { full: 60, quick: 20 };
const TALK_MS = 2000;
const EMERGENCY_EVERY = 8;
const PHONE_ADDRESSES = 16;
const TRIAL_MS_MAX = 110_000;

class BenchHospital {
  readonly #phones: UaFarm;
  readonly #trunk: UaFarm;

  constructor(phones: UaFarm, trunk: UaFarm) {
    this.#phones = phones;
    this.#trunk = trunk;
  }

  async open(): Promise<void> {
    for (const [index, { extension, node, callTaker }] of largeSeats(SEATS).entries()) {
      await this.#phones.open({
        ...{ agent: extension, password: PASSWORD, rtpEvery: 0, policy: { kind: 'answer', afterMs: 0 } },
        address: `10.77.0.${String(100 + (index % PHONE_ADDRESSES))}`,
        server: { address: SERVICE_ADDRESSES[node], port: 5060 },
      });
      const status = await this.#phones.register(extension, 3600);
      if (status !== 200) throw new Error(`${extension} cannot register: ${String(status)}`);
      const id = await this.#phones.call(extension, `*11*${callTaker}*${PIN}#`);
      await waitFor(`${callTaker} is logged in`, async () => {
        const call = (await this.#phones.calls(extension)).find((one) => one.id === id);
        return call?.progress === 'up' || call?.progress === 'over';
      });
      await this.#phones.order({ do: 'hangUp', call: id });
    }
    for (const [index, node] of SITE_NODES.entries())
      await this.#trunk.open({
        ...{ agent: `carrier-${node}`, address: '10.77.0.20', port: 5060 + index * 10, rtpEvery: 0 },
        server: { address: SERVICE_ADDRESSES[node], port: 5060 },
      });
    await clock.sleep(2000);
    await this.forget();
  }

  async forget(): Promise<void> {
    await Promise.all([this.#phones, this.#trunk].map((farm) => farm.order({ do: 'forgetEnded' })));
  }

  /** @returns reports of both sides of the calls that were placed */
  async run(seconds: number): Promise<{ trunk: Map<string, CallReport>; seats: Map<string, CallReport> }> {
    const [trunk, seats] = [new Map<string, CallReport>(), new Map<string, CallReport>()];
    const count = CALLS_PER_SECOND * seconds;
    const startMs = clock.monotonicMs();
    const hangUps: { readonly atMs: number; readonly id: string }[] = [];
    let placed = 0;
    let lookMs = startMs + 1000;
    while (placed < count || clock.monotonicMs() < startMs + seconds * 1000 + TALK_MS + 3000) {
      const nowMs = clock.monotonicMs();
      for (; placed < count && nowMs >= startMs + (placed * 1000) / CALLS_PER_SECOND; placed += 1) {
        const node = placed % 4 < 2 ? 'a' : 'b';
        const dialled = placed % EMERGENCY_EVERY === 0 ? '01065129120' : '01065129000';
        const number = `139${String(placed).padStart(8, '0')}`;
        void this.#trunk.call(`carrier-${node}`, dialled, number).then((id) => {
          hangUps.push({ atMs: clock.monotonicMs() + TALK_MS, id });
        });
      }
      while (hangUps[0] !== undefined && hangUps[0].atMs <= nowMs)
        void this.#trunk.order({ do: 'hangUp', call: hangUps.shift()?.id ?? '' }).catch(() => undefined);
      if (nowMs > lookMs) {
        lookMs = nowMs + 1000;
        await this.#collect(trunk, seats);
      }
      await clock.sleep(5);
    }
    await this.#collect(trunk, seats);
    return { trunk, seats };
  }

  async #collect(trunk: Map<string, CallReport>, seats: Map<string, CallReport>): Promise<void> {
    // One that is being begun has no name yet, and is seen the next time.
    for (const call of await this.#trunk.allCalls())
      if (call.times.invite !== undefined) trunk.set(call.caller, call);
    for (const call of await this.#phones.allCalls()) {
      const known = seats.get(call.caller);
      const isFirst = known === undefined || (call.times.invite ?? 0) <= (known.times.invite ?? 0);
      if (call.isIncoming && isFirst) seats.set(call.caller, call);
    }
    await this.forget();
  }
}

export async function run(context: BenchContext): Promise<void> {
  await withBenchBox(largeHospital(SEATS, EMERGENCY_SEATS), async (box, phones, trunk) => {
    const hospital = new BenchHospital(phones, trunk);
    await hospital.open();
    context.say(`${String(SEATS)} seats are ready`);
    for (let trial = 1; trial <= context.trials; trial += 1) {
      if (context.signal.aborted || context.remainingMs() < TRIAL_MS_MAX) return;
      await measure(context, hospital, (id) => readNodeUsage(getSpace(box.plan, id).namespace));
      context.say(`run ${String(trial)} of ${String(context.trials)}`);
    }
  });
}

async function measure(
  context: BenchContext,
  hospital: BenchHospital,
  usageOf: (node: string) => Readonly<Record<string, number>>,
): Promise<void> {
  const before = SITE_NODES.map(usageOf);
  const { trunk, seats } = await hospital.run(context.quick ? SECONDS.quick : SECONDS.full);
  const after = SITE_NODES.map(usageOf);
  const costOf = (part: string): number =>
    after.reduce((sum, usage, index) => sum + (usage[part] ?? 0) - (before[index]?.[part] ?? 0), 0);
  let failed = 0;
  for (const [number, call] of trunk) {
    const rang = seats.get(number)?.times.invite;
    const isGood = call.times.up !== undefined && call.endedBy === 'us' && rang !== undefined;
    if (!isGood) failed += 1;
    if (rang === undefined) continue;
    const metric = call.dialled.endsWith('120') ? 'emergencyRingMs' : 'seatRingMs';
    context.add(metric, rang - (call.times.invite ?? rang));
  }
  context.add('failedCalls', failed);
  context.add('placedCalls', trunk.size);
  const [engine, control, relay] = [costOf('sip-engine'), costOf('calls'), costOf('rtpengine')];
  context.add('relayCpuMsPerCall', relay / trunk.size);
  context.add('engineCpuMsPerCall', engine / trunk.size);
  context.add('controlCpuMsPerCall', control / trunk.size);
  context.add('cpuMsPerCall', (engine + control + relay + costOf('redis')) / trunk.size);
}
