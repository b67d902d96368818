/**
 * A node dies with calls in every state, again and again: what is lost of them, and how much of the talk. Only calls that
 * the dead node had count. Packets are counted by their sequence numbers, never by a clock.
 */
import type { Box } from '../../ops/lab/box.js';
import type { CallReport } from '../../ops/lab/ua/ua-call.js';
import type { UaFarm } from '../../ops/lab/ua/ua-farm.js';
import { largeHospital, largeSeats, PASSWORD, PIN } from '../support/box/large-hospital.js';
import {
  clock,
  isEverythingInSync,
  SERVICE_ADDRESSES,
  SITE_NODES,
  type SiteNodeId,
} from '../support/box/test-box.js';
import { notYet, waitFor } from '../support/wait.js';
import { withBenchBox } from '../support/box/bench-box.js';
import type { Metrics } from './figures.js';
import type { BenchContext } from './frame.js';

export const name = 'takeover';
export const metrics: Metrics = {
  lostEstablished: { unit: 'calls', help: 'of a death: talked before, and do not hear each other after it' },
  lostHeld: { unit: 'calls', help: 'were on hold, and hear no music' },
  lostQueued: { unit: 'calls', help: 'waited, and have lost their place or their clock' },
  lostRinging: { unit: 'calls', help: 'a seat rang, and none rings within a second of the takeover' },
  ownedCalls: { unit: 'calls', help: 'of the dead node, in all these states' },
  mediaGapPackets: { unit: 'packets', help: 'of each direction of each talk' },
  knownAfterMs: { unit: 'ms', help: 'from the kill until the survivor knows all of them' },
};
export const trials = { full: 20, quick: 3 };

/** Over both nodes. */
const TALKING = 32;
const HELD = 8;
const RINGING = 4;
const QUEUED = 8;
const SEATS = TALKING + HELD + RINGING;
/** The first two take emergencies, and are left to them. */
const RESERVED = 2;
const seatsOfWard = largeSeats(SEATS + RESERVED).slice(RESERVED);
const MAIN = '01065129000';
const PHONE_ADDRESSES = 16;
const SETTLE_MS = 4000;
const RING_MS_MAX = 1500;
const TRIAL_MS_MAX = 90_000;

interface Waiting {
  readonly callId: string;
  readonly arrivedWallMs: number;
  readonly mediaNode: string;
}

/** One trial's calls, by what they do. */
interface Scene {
  readonly talking: readonly string[];
  readonly held: readonly string[];
  readonly ringing: readonly string[];
  readonly queued: readonly string[];
}

class Ward {
  readonly #box: Box;
  readonly #phones: UaFarm;
  readonly #trunk: UaFarm;
  #patients = 0;

  constructor(box: Box, phones: UaFarm, trunk: UaFarm) {
    this.#box = box;
    this.#phones = phones;
    this.#trunk = trunk;
  }

  async open(): Promise<void> {
    for (const [index, { extension, node }] of seatsOfWard.entries()) {
      await this.#phones.open({
        ...{ agent: extension, password: PASSWORD },
        address: `10.77.0.${String(100 + (index % PHONE_ADDRESSES))}`,
        server: { address: SERVICE_ADDRESSES[node], port: 5060 },
      });
      const status = await this.#phones.register(extension, 3600);
      if (status !== 200) throw new Error(`${extension} cannot register: ${String(status)}`);
    }
    for (const [index, node] of SITE_NODES.entries())
      await this.#trunk.open({
        ...{ agent: `carrier-${node}`, address: '10.77.0.20', port: 5060 + index * 10 },
        server: { address: SERVICE_ADDRESSES[node], port: 5060 },
      });
  }

  /** Seats log in one after the other, so that each state has the calls that it shall have. */
  async arrange(): Promise<Scene> {
    const logIn = async (from: number, to: number, policy: object): Promise<void> => {
      for (const { extension, callTaker } of seatsOfWard.slice(from, to)) {
        await this.#phones.order({ do: 'policy', agent: extension, policy: policy as never });
        await this.#dialCode(extension, `*11*${callTaker}*${PIN}#`);
      }
    };
    await logIn(0, TALKING + HELD, { kind: 'answer', afterMs: 0 });
    const busy = await this.#dial(
      TALKING + HELD,
      ({ audio, progress }) => progress === 'up' && audio.received > 25,
    );
    const held = busy.slice(TALKING);
    for (const call of await this.#seatCallsOf(held))
      await this.#phones.order({ do: 'hold', call: call.id, isHolding: true });
    await logIn(TALKING + HELD, SEATS, { kind: 'ring' });
    const ringing = await this.#dial(RINGING, ({ progress }) => progress === 'up');
    const queued = await this.#dial(QUEUED, ({ progress }) => progress === 'up');
    await clock.sleep(SETTLE_MS);
    return { talking: busy.slice(0, TALKING), held, ringing, queued };
  }

  async clear(): Promise<void> {
    for (const farm of [this.#trunk, this.#phones])
      for (const { id, progress } of await farm.allCalls())
        if (progress !== 'over') await farm.order({ do: 'hangUp', call: id });
    for (const node of SITE_NODES)
      await waitFor('no call is left', async () => {
        const calls = (await this.#box.askCalls(node, 'calls', {})) as readonly unknown[];
        return calls.length === 0 || notYet(calls.length);
      });
    for (const { extension } of seatsOfWard) await this.#dialCode(extension, '*12');
    for (const farm of [this.#trunk, this.#phones]) await farm.order({ do: 'forgetEnded' });
  }

  /** By caller, whom both sides of a call know. */
  async patients(): Promise<ReadonlyMap<string, CallReport>> {
    return new Map((await this.#trunk.allCalls()).map((call) => [call.caller, call]));
  }

  async seats(): Promise<ReadonlyMap<string, CallReport>> {
    const calls = (await this.#phones.allCalls()).filter(
      ({ isIncoming, progress }) => isIncoming && progress !== 'over',
    );
    return new Map(calls.map((call) => [call.caller, call]));
  }

  async forgetHeard(): Promise<void> {
    for (const farm of [this.#trunk, this.#phones])
      for (const { id, progress } of await farm.allCalls())
        if (progress === 'up') await farm.order({ do: 'reset', call: id });
  }

  queue(node: SiteNodeId): Promise<readonly Waiting[]> {
    return this.#box.askCalls(node, 'queue', {}) as Promise<readonly Waiting[]>;
  }

  async callCount(node: SiteNodeId): Promise<number> {
    return ((await this.#box.askCalls(node, 'calls', {})) as readonly unknown[]).length;
  }

  async #dialCode(extension: string, code: string): Promise<void> {
    const id = await this.#phones.call(extension, code);
    await waitFor(`${code} is answered`, async () => {
      const call = (await this.#phones.calls(extension)).find((one) => one.id === id);
      return call?.progress === 'up' || call?.progress === 'over';
    });
    await this.#phones.order({ do: 'hangUp', call: id });
  }

  /** Every other one at each node. @returns their numbers, when all are as they shall be */
  async #dial(count: number, isThere: (call: CallReport) => boolean): Promise<readonly string[]> {
    const numbers: string[] = [];
    for (let index = 0; index < count; index += 1) {
      this.#patients += 1;
      const number = `139${String(this.#patients).padStart(8, '0')}`;
      numbers.push(number);
      await this.#trunk.call(`carrier-${index % 2 === 0 ? 'a' : 'b'}`, MAIN, number);
    }
    await waitFor(
      `${String(count)} calls`,
      async () => {
        const calls = await this.patients();
        const missing = numbers.filter((number) => {
          const call = calls.get(number);
          return call === undefined || !isThere(call);
        });
        return missing.length === 0 || notYet(missing);
      },
      { deadlineMs: 20_000 },
    );
    return numbers;
  }

  async #seatCallsOf(numbers: readonly string[]): Promise<readonly CallReport[]> {
    const seats = await this.seats();
    return numbers.flatMap((number) => seats.get(number) ?? []);
  }
}

/** Those that came in at the node that dies: the even ones (`#dial`). */
const owned = (numbers: readonly string[]): readonly string[] =>
  numbers.filter((_, index) => index % 2 === 0);

async function trial(context: BenchContext, box: Box, ward: Ward): Promise<void> {
  const scene = await ward.arrange();
  const before = { patients: await ward.patients(), seats: await ward.seats(), queue: await ward.queue('a') };
  const all = (await ward.callCount('a')) + (await ward.callCount('b'));
  const killedMs = clock.monotonicMs();
  await box.kill('a');
  await waitFor('the survivor knows all calls', async () => {
    const count = await ward.callCount('b');
    return count === all || notYet(`${String(count)} of ${String(all)}`);
  }).catch((error: unknown) => {
    context.say(String(error));
  });
  context.add('knownAfterMs', clock.monotonicMs() - killedMs);
  await clock.sleep(RING_MS_MAX);
  const rung = await ward.seats();
  await ward.forgetHeard();
  await clock.sleep(1500);
  const after = { patients: await ward.patients(), seats: await ward.seats(), queue: await ward.queue('b') };

  const hears = (call: CallReport | undefined): boolean =>
    call?.progress === 'up' && call.audio.heard.length > 2;
  const lost = (numbers: readonly string[], isKept: (number: string) => boolean): number =>
    owned(numbers).filter((number) => !isKept(number)).length;
  context.add(
    'lostEstablished',
    lost(scene.talking, (one) => hears(after.patients.get(one)) && hears(after.seats.get(one))),
  );
  context.add(
    'lostHeld',
    lost(scene.held, (one) => hears(after.patients.get(one))),
  );
  context.add(
    'lostRinging',
    lost(scene.ringing, (one) => rung.get(one)?.progress === 'ringing'),
  );
  const places = new Map(after.queue.map((entry) => [entry.callId, entry.arrivedWallMs]));
  const ours = before.queue.filter(({ mediaNode }) => mediaNode === 'a');
  context.add(
    'lostQueued',
    ours.filter(({ callId, arrivedWallMs }) => places.get(callId) !== arrivedWallMs).length,
  );
  context.add('ownedCalls', [scene.talking, scene.held, scene.ringing, scene.queued].flatMap(owned).length);
  for (const one of owned(scene.talking))
    for (const [side, other] of [
      ['patients', 'seats'],
      ['seats', 'patients'],
    ] as const) {
      const [was, is] = [before[side].get(one)?.audio, after[side].get(one)?.audio];
      const [sentBefore, sentAfter] = [before[other].get(one)?.audio.sent, after[other].get(one)?.audio.sent];
      if (was === undefined || is === undefined || sentBefore === undefined || sentAfter === undefined)
        continue;
      // The relay's copy of a call may begin a stream anew, whose numbers say nothing of what came before.
      const isNewStream = is.sources > was.sources;
      const missing = sentAfter - sentBefore - (is.received - was.received);
      context.add('mediaGapPackets', isNewStream ? Math.max(0, missing) : is.lost - was.lost);
    }
}

export async function run(context: BenchContext): Promise<void> {
  await withBenchBox(largeHospital(SEATS + RESERVED, RESERVED / 2), async (box, phones, trunk) => {
    const ward = new Ward(box, phones, trunk);
    await ward.open();
    for (let count = 1; count <= context.trials; count += 1) {
      if (context.signal.aborted || context.remainingMs() < TRIAL_MS_MAX) return;
      await trial(context, box, ward);
      context.say(`death ${String(count)} of ${String(context.trials)}`);
      await box.powerOn('a');
      await waitFor('everything is in sync', () => isEverythingInSync(box), { deadlineMs: 30_000 });
      await ward.clear();
    }
  });
}
