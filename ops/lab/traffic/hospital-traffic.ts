/**
 * Traffic of the demonstration hospital: phones and carrier that really send audio. Whether somebody is answered is
 * told by what is heard, never by what was signalled. Its faults end calls, not the box.
 */
import type { Clock } from '../../../cluster/base/clock.js';
import type { Rng } from '../../../cluster/base/rng.js';
import { examplePassword, examplePin } from '../../../firmware-config/defaults/example-telephony.js';
import type { Box } from '../box.js';
import { getSpace } from '../box-plan.js';
import type { CallReport } from '../ua/ua-call.js';
import { UaFarm } from '../ua/ua-farm.js';
import { planEmergency, planOrdinaryCall, type PlannedCall, type TrafficSettings } from './plan-traffic.js';
import type { SeatLine, TrafficReport } from './traffic-report.js';

interface SeatFacts {
  readonly extension: string;
  readonly state: string;
  readonly isReachable: boolean;
  readonly dispatchNode: string;
}

interface Caller {
  readonly plan: PlannedCall;
  readonly id: string;
  readonly sinceMs: number;
  talkingSinceMs: number | undefined;
  isTransferAsked: boolean;
}

export interface TrafficOptions {
  readonly box: Box;
  readonly settings: TrafficSettings;
  /** Service addresses by node. */
  readonly addresses: Readonly<Record<string, string>>;
  readonly clock: Clock;
  readonly rng: Rng;
  readonly say: (sentence: string) => void;
}

const LOOK_EVERY_MS = 500;
const SIP_PORT = 5060;
const CARRIER_HZ = 900;
/** Phones have tones above the carrier's, voices and music below. */
const PHONE_HZ_BASE = 1000;
const PHONES_FIRST_HOST = 100;
const CARRIER_ADDRESS = '10.77.0.20';
/** Numbers of the demonstration hospital begin like this. */
const HOUSE_PREFIX = '+861065129';
const ANSWER_MS = { min: 1200, max: 3500 };
const WRITE_UP_MS = 5000;

export class HospitalTraffic {
  readonly #options: TrafficOptions;
  #phones: UaFarm | undefined;
  #trunk: UaFarm | undefined;
  readonly #callers = new Map<string, Caller>();
  readonly #wrapUps = new Map<string, number>();
  #seats: readonly SeatLine[] = [];
  #counts = { ended: 0, gaveUp: 0, failed: 0, transferred: 0 };
  readonly #waitsMs: number[] = [];
  readonly #emergencyWaitsMs: number[] = [];
  #made = 0;
  #isStopped = false;
  #isAway = false;

  constructor(options: TrafficOptions) {
    this.#options = options;
  }

  /** @returns a sentence about who is there */
  async start(): Promise<string> {
    const { box, clock, addresses } = this.#options;
    const farm = (id: string): Promise<UaFarm> => UaFarm.start(getSpace(box.plan, id).namespace, clock);
    [this.#phones, this.#trunk] = await Promise.all([farm('phones'), farm('trunk')]);
    const seats = await this.#askSeats();
    for (const seat of seats) await this.#plugIn(seat);
    for (const [index, [node, address]] of Object.entries(addresses).entries()) {
      await this.#trunk.open({
        ...{
          agent: `carrier-${node}`,
          address: CARRIER_ADDRESS,
          port: SIP_PORT + index * 10,
          hz: CARRIER_HZ,
          policy: { kind: 'return', prefix: HOUSE_PREFIX },
        },
        server: { address, port: SIP_PORT },
      });
    }
    void this.#run();
    return `hospital: ${String(seats.length)} call-takers at their phones, callers on ${Object.keys(addresses).join(' and ')}`;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all([this.#phones?.stop(), this.#trunk?.stop()]);
  }

  report(): TrafficReport {
    const callers = [...this.#callers.values()];
    const talking = callers.filter(({ talkingSinceMs }) => talkingSinceMs !== undefined).length;
    return {
      ...this.#counts,
      ...{ talking, waiting: callers.length - talking, seats: this.#seats },
      ...{ waitsMs: this.#waitsMs, emergencyWaitsMs: this.#emergencyWaitsMs },
    };
  }

  async #plugIn({ extension, dispatchNode }: SeatFacts): Promise<void> {
    const { addresses, rng } = this.#options;
    const phones = this.#phones;
    const server = addresses[dispatchNode];
    if (phones === undefined || server === undefined) return;
    const index = Number(extension) % 100;
    await phones.open({
      ...{ agent: extension, user: extension, password: examplePassword(extension) },
      address: `10.77.0.${String(PHONES_FIRST_HOST + index)}`,
      server: { address: server, port: SIP_PORT },
      hz: PHONE_HZ_BASE + index * 100,
      isSecure: extension === '8012',
      policy: { kind: 'answer', afterMs: rng.integer(ANSWER_MS.min, ANSWER_MS.max) },
    });
    await phones.register(extension);
    const callTaker = `10${extension.slice(2)}`;
    await this.#dial(extension, `*11*${callTaker}*${examplePin(callTaker)}#`);
  }

  /** The house says what came of it and hangs up. */
  async #dial(extension: string, code: string): Promise<void> {
    await this.#phones?.call(extension, code);
  }

  async #run(): Promise<void> {
    const { clock, settings, rng } = this.#options;
    const plans = {
      ordinary: planOrdinaryCall(settings, rng, (this.#made += 1)),
      emergency: { ...planEmergency(settings, rng, (this.#made += 1)), afterMs: 10_000 },
    };
    let [ordinaryMs, emergencyMs] = [plans.ordinary.afterMs, plans.emergency.afterMs].map(
      (afterMs) => clock.monotonicMs() + afterMs,
    ) as [number, number];
    while (!this.#isStopped) {
      const nowMs = clock.monotonicMs();
      if (nowMs >= ordinaryMs) {
        await this.#quietly(() => this.#place(plans.ordinary));
        plans.ordinary = planOrdinaryCall(settings, rng, (this.#made += 1));
        ordinaryMs = nowMs + plans.ordinary.afterMs;
      }
      if (nowMs >= emergencyMs) {
        await this.#quietly(() => this.#place(plans.emergency));
        plans.emergency = planEmergency(settings, rng, (this.#made += 1));
        emergencyMs = nowMs + plans.emergency.afterMs;
      }
      await this.#quietly(() => this.#look());
      await clock.sleep(LOOK_EVERY_MS);
    }
  }

  async #place(plan: PlannedCall): Promise<void> {
    const id = await this.#trunk?.call(`carrier-${plan.node}`, plan.dialled, plan.number);
    if (id === undefined) return;
    const sinceMs = this.#options.clock.monotonicMs();
    this.#callers.set(id, { plan, id, sinceMs, talkingSinceMs: undefined, isTransferAsked: false });
  }

  async #look(): Promise<void> {
    for (const report of (await this.#trunk?.allCalls()) ?? []) {
      const caller = this.#callers.get(report.id);
      if (caller !== undefined) await this.#attend(caller, report);
    }
    await this.#trunk?.order({ do: 'forgetEnded' });
    await this.#phones?.order({ do: 'forgetEnded' });
    await this.#writeUp();
  }

  async #attend(caller: Caller, { progress, times, audio, endedBy }: CallReport): Promise<void> {
    const { plan, id, sinceMs } = caller;
    const nowMs = this.#options.clock.monotonicMs();
    // A voice has many tones; a phone keeps to its own.
    const person = audio.heard.find(
      ({ hz }, index) => hz > PHONE_HZ_BASE && audio.heard[index + 1]?.hz === hz,
    );
    if (caller.talkingSinceMs === undefined && person !== undefined) {
      caller.talkingSinceMs = nowMs;
      this.#waitsMs.push(person.atMs - (times.invite ?? person.atMs));
      if (plan.isEmergency) this.#emergencyWaitsMs.push(person.atMs - (times.invite ?? person.atMs));
    }
    if (progress === 'over') {
      this.#callers.delete(id);
      if (endedBy === 'them') this.#counts.failed += 1;
      return;
    }
    const { talkingSinceMs } = caller;
    if (talkingSinceMs === undefined) {
      if (nowMs - sinceMs > plan.patienceMs) await this.#hangUp(caller, 'gaveUp');
    } else if (nowMs - talkingSinceMs > plan.talkMs) await this.#hangUp(caller, 'ended');
    else if (plan.isTransferred && !caller.isTransferAsked && nowMs - talkingSinceMs > plan.talkMs / 2)
      await this.#transfer(caller);
  }

  async #hangUp({ id }: Caller, how: 'ended' | 'gaveUp'): Promise<void> {
    this.#callers.delete(id);
    this.#counts[how] += 1;
    await this.#trunk?.order({ do: 'hangUp', call: id });
  }

  /** To a colleague at the same node who is ready. */
  async #transfer(caller: Caller): Promise<void> {
    caller.isTransferAsked = true;
    const call = (await this.#phones?.allCalls())?.find(
      (one) => one.caller === caller.plan.number && one.progress === 'up',
    );
    const colleague = this.#seats.find(
      ({ node, state, extension }) =>
        node === caller.plan.node && state === 'ready' && Number(extension) > 8004,
    );
    if (call === undefined || colleague === undefined) return;
    await this.#phones?.order({ do: 'refer', call: call.id, to: colleague.extension });
    this.#counts.transferred += 1;
  }

  /** Each call-taker notes something, and is ready again. */
  async #writeUp(): Promise<void> {
    const nowMs = this.#options.clock.monotonicMs();
    this.#seats = (await this.#askSeats()).map(({ dispatchNode, ...seat }) => ({
      ...seat,
      node: dispatchNode,
    }));
    for (const { extension, state } of this.#seats) {
      if (state !== 'wrapUp') this.#wrapUps.delete(extension);
      else if (!this.#wrapUps.has(extension)) this.#wrapUps.set(extension, nowMs);
      else if (nowMs - (this.#wrapUps.get(extension) ?? nowMs) > WRITE_UP_MS) {
        this.#wrapUps.delete(extension);
        await this.#dial(extension, '*15*1#');
      }
    }
  }

  /** Each node knows best about the seats that it dispatches. */
  async #askSeats(): Promise<readonly SeatFacts[]> {
    const { box, addresses } = this.#options;
    const answers = await Promise.all(
      Object.keys(addresses).map(async (node) => {
        if (!box.isOn(node)) return [];
        const seats = (await box.askCalls(node, 'seats')) as readonly SeatFacts[];
        return seats.filter(({ dispatchNode }) => dispatchNode === node);
      }),
    );
    return answers.flat();
  }

  /** A node that is down makes no exception of the hospital. */
  async #quietly(act: () => Promise<void>): Promise<void> {
    try {
      await act();
      this.#isAway = false;
    } catch (error) {
      if (!this.#isAway && !this.#isStopped)
        this.#options.say(
          `hospital: a node does not answer (${error instanceof Error ? error.message : ''})`,
        );
      this.#isAway = true;
    }
  }
}
