/** A box with phones and the carrier in it, and what tests ask about who hears whom. */
import { examplePassword, examplePin } from '../../../firmware-config/defaults/example-telephony.js';
import type { Box } from '../../../ops/lab/box.js';
import { getSpace } from '../../../ops/lab/box-plan.js';
import type { CallReport } from '../../../ops/lab/ua/ua-call.js';
import { UaFarm } from '../../../ops/lab/ua/ua-farm.js';
import type { AgentOrder } from '../../../ops/lab/ua/ua-orders.js';
import { assert, type TestContext } from '../spec.js';
import { notYet, waitFor } from '../wait.js';
import { clock, isEverythingInSync, NODE_ADDRESSES, SERVICE_ADDRESSES, type SiteNodeId } from './test-box.js';

export const CARRIER_HZ = 900;
export interface Phone {
  /** Also the name of its agent, and its number. */
  readonly extension: string;
  readonly hz: number;
}

/** One side of a call, and its tone. */
export type Party = readonly [farm: UaFarm, agent: string, call: string, hz: number];

/** Each with a tone of its own; apart from the carrier's. */
function toneOf(extension: string): number {
  return 1000 + (Number(extension) % 100) * 100;
}

/** At an agent that is called. */
export function rings({ progress, isIncoming }: CallReport): boolean {
  return isIncoming && progress === 'ringing';
}

export function isOver({ progress }: CallReport): boolean {
  return progress === 'over';
}

export class CallLab {
  readonly phones: UaFarm;
  readonly trunk: UaFarm;
  readonly #box: Box;

  private constructor(box: Box, phones: UaFarm, trunk: UaFarm) {
    this.#box = box;
    this.phones = phones;
    this.trunk = trunk;
  }

  /** Brings up the box, and takes all of it down with the test. */
  static async start(t: TestContext, box: Box): Promise<CallLab> {
    t.defer(() => box.stop());
    await box.start();
    await waitFor('everything is in sync', () => isEverythingInSync(box), { deadlineMs: 20_000 });
    const lab = await CallLab.open(box);
    t.defer(() => lab.close());
    return lab;
  }

  static async open(box: Box): Promise<CallLab> {
    const farm = (id: string): Promise<UaFarm> => UaFarm.start(getSpace(box.plan, id).namespace, clock);
    const [phones, trunk] = await Promise.all([farm('phones'), farm('trunk')]);
    return new CallLab(box, phones, trunk);
  }

  async close(): Promise<void> {
    await Promise.all([this.phones.stop(), this.trunk.stop()]);
  }

  /** A phone that is registered, and rings unless told otherwise. */
  async plugIn(extension: string, more: Partial<AgentOrder> = {}, node: SiteNodeId = 'a'): Promise<Phone> {
    const hz = toneOf(extension);
    await this.phones.open({
      ...{ agent: extension, user: extension, password: examplePassword(extension), hz },
      address: `10.77.0.${String(100 + (Number(extension) % 100))}`,
      server: { address: SERVICE_ADDRESSES[node], port: 5060 },
      ...more,
    });
    assert.is(await this.phones.register(extension), 200, `${extension} registers`);
    return { extension, hz };
  }

  /** Hangs up when the house has answered: what was dialled is done then. @returns the status */
  async dialCode(phone: Phone, code: string): Promise<number> {
    const id = await this.phones.call(phone.extension, code);
    const hasAnswer = ({ progress }: CallReport): boolean => progress === 'up' || progress === 'over';
    const { status } = await this.until(this.phones, phone.extension, id, hasAnswer, `${code} is answered`);
    await this.phones.order({ do: 'hangUp', call: id });
    return status;
  }

  async logIn(phone: Phone, callTakerId: string): Promise<void> {
    const status = await this.dialCode(phone, `*11*${callTakerId}*${examplePin(callTakerId)}#`);
    assert.is(status, 200, `${callTakerId} logs in at ${phone.extension}`);
  }

  async openCarrier(more: Partial<AgentOrder> = {}, node: SiteNodeId = 'a'): Promise<void> {
    await this.trunk.open({
      ...{ agent: 'carrier', user: 'carrier', address: '10.77.0.20', port: 5060, hz: CARRIER_HZ },
      server: { address: SERVICE_ADDRESSES[node], port: 5060 },
      ...more,
    });
  }

  /** The last call of an agent that fits. */
  async until(
    farm: UaFarm,
    agent: string,
    id: string | undefined,
    fits: (call: CallReport) => boolean,
    sentence: string,
    deadlineMs = 8000,
  ): Promise<CallReport> {
    return waitFor(
      sentence,
      async () => {
        const calls = await farm.calls(agent);
        const call = id === undefined ? calls.at(-1) : calls.find((one) => one.id === id);
        return call !== undefined && fits(call) ? call : notYet(call ?? 'no call');
      },
      { deadlineMs },
    );
  }

  /** Both hear each other, and nobody else. */
  async talk(one: Party, other: Party): Promise<void> {
    await Promise.all([
      this.hears(one[0], one[1], one[2], other[3]),
      this.hears(other[0], other[1], other[2], one[3]),
    ]);
  }

  /** The party hears this tone now, and nothing else for half a second. */
  async hears(farm: UaFarm, agent: string, id: string, hz: number | 'music' | 'nothing'): Promise<void> {
    await farm.order({ do: 'reset', call: id });
    await this.until(
      farm,
      agent,
      id,
      ({ audio }) => {
        const last = audio.heard.slice(-3).map((one) => one.hz);
        if (hz === 'nothing') return audio.heard.length === 0;
        const isRight = (one: number): boolean =>
          hz === 'music' ? one !== 0 && one < CARRIER_HZ : one === hz;
        return last.length === 3 && last.every(isRight);
      },
      `${agent} hears ${String(hz)}`,
    );
  }

  /** What call control of a node answers. */
  async ask<T>(node: SiteNodeId, method: string, params: Readonly<Record<string, unknown>> = {}): Promise<T> {
    return (await this.#box.askCalls(node, method, params)) as T;
  }

  /** Everybody hangs up, rings when called, and is ready: nothing of a test is left for the next one. */
  async calm(phones: readonly Phone[], node: SiteNodeId = 'a'): Promise<void> {
    for (const farm of [this.phones, this.trunk])
      for (const { id, progress } of await farm.allCalls())
        if (progress !== 'over') await farm.order({ do: 'hangUp', call: id });
    await this.isQuiet(node);
    for (const farm of [this.phones, this.trunk]) await farm.order({ do: 'forgetEnded' });
    const seats = await this.ask<readonly { extension: string; state: string }[]>(node, 'seats');
    for (const phone of phones) {
      await this.phones.order({ do: 'policy', agent: phone.extension, policy: { kind: 'ring' } });
      const state = seats.find(({ extension }) => extension === phone.extension)?.state;
      if (state !== 'ready' && state !== 'loggedOut') await this.dialCode(phone, '*13');
    }
  }

  /** Rows of the store, as the leader has them. */
  async query(sql: string, node: SiteNodeId = 'a'): Promise<readonly (readonly unknown[])[]> {
    const url = `http://${NODE_ADDRESSES[node] ?? ''}:4001/db/query?level=strong`;
    const words = [
      'curl',
      '-s',
      '-m',
      '5',
      '-H',
      'Content-Type: application/json',
      '-d',
      JSON.stringify([sql]),
      url,
    ];
    const { results } = JSON.parse(await this.#box.runIn('his', words)) as {
      results: readonly { readonly values?: readonly (readonly unknown[])[]; readonly error?: string }[];
    };
    const [result] = results;
    if (result?.error !== undefined) throw new Error(result.error);
    return result?.values ?? [];
  }

  /** No call is left on the node. */
  async isQuiet(node: SiteNodeId = 'a'): Promise<void> {
    await waitFor('no call is left', async () => {
      const calls = await this.ask<readonly unknown[]>(node, 'calls');
      return calls.length === 0 || notYet(calls);
    });
  }
}
