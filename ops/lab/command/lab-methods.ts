/**
 * What the process that started a box does for the commands to it: one method for each command (lab-arguments.ts).
 * Checks what only the box knows, and answers with a sentence and the command that takes it back.
 */
import type { Clock } from '../../../cluster/base/clock.js';
import { isOperatingError } from '../../../cluster/base/errors.js';
import type { RpcParams } from '../../../cluster/base/local-rpc.js';
import { opsErrors } from '../../errors.js';
import type { Box } from '../box.js';
import type { BoxStatus } from '../box-status.js';
import type { Cut } from '../network-commands.js';
import { describeWan } from '../status-table.js';
import type { Impairment } from '../wan/impairment.js';
import type { CommandName } from './lab-arguments.js';
import { badArgument } from './parse-words.js';

export interface CommandAnswer {
  readonly sentence: string;
  /** Words of the command that takes it back; absent when it passes by itself or cannot be taken back. */
  readonly undo?: string;
}

export interface LabMethodsOptions {
  readonly box: Box;
  readonly clock: Clock;
  readonly status: () => Promise<BoxStatus>;
  /** What is done is shown in the foreground, too. */
  readonly say: (sentence: string) => void;
  readonly stop: () => void;
}

const STOP_DELAY_MS = 50;

type Method = (params: RpcParams) => Promise<CommandAnswer>;

function textOf(params: RpcParams, name: string): string {
  const value = params[name];
  if (typeof value !== 'string') throw badArgument(name, 'it is missing', 'See npm run lab -- --help.');
  return value;
}

export class LabMethods {
  readonly #options: LabMethodsOptions;
  readonly #box: Box;
  /** The last command of each node: a power-on must not meet a kill halfway. */
  readonly #tails = new Map<string, Promise<unknown>>();

  constructor(options: LabMethodsOptions) {
    this.#options = options;
    this.#box = options.box;
  }

  /** One method for each command. */
  all(): Readonly<Record<CommandName, (params: RpcParams) => unknown>> {
    const told =
      (method: Method) =>
      async (params: RpcParams): Promise<CommandAnswer> => {
        const answer = await method(params);
        this.#options.say(answer.sentence);
        return answer;
      };
    return {
      status: () => this.#options.status(),
      kill: told((params) => this.#kill(textOf(params, 'node'))),
      'power-on': told((params) => this.#powerOn(textOf(params, 'node'))),
      freeze: told((params) => this.#freeze(params)),
      'kill-service': told((params) => this.#killService(params)),
      unplug: told((params) => this.#unplug(textOf(params, 'node'))),
      plug: told((params) => this.#plug(textOf(params, 'node'))),
      partition: told((params) => this.#partition(params)),
      wan: told((params) => this.#wan(params)),
      heal: told(() => this.#heal()),
      'fill-disk': told((params) => this.#fillDisk(textOf(params, 'node'))),
      'free-disk': told((params) => this.#freeDisk(textOf(params, 'node'))),
      stop: () => {
        // Once the answer has left: the taking down begins with this socket.
        this.#options.clock.schedule(STOP_DELAY_MS, this.#options.stop);
        return { sentence: 'the box is being taken down' };
      },
    };
  }

  async #kill(node: string): Promise<CommandAnswer> {
    await this.#afterOthers(node, () => this.#box.kill(node));
    const sentence = `node ${node} has lost its power: every process killed, link down`;
    return { sentence, undo: `power-on ${node}` };
  }

  async #powerOn(node: string): Promise<CommandAnswer> {
    let homes = 'every service address is at its home';
    await this.#afterOthers(node, async () => {
      try {
        const areAllHome = await this.#box.powerOn(node);
        if (!areAllHome) homes = 'no service address was moved: its partner is off';
      } catch (error) {
        // The node is on; that its partner cannot be asked may be the very fault that is being tried.
        if (!this.#box.isOn(node) || !isOperatingError(error)) throw error;
        if (error.code === 'LAB_NODE_ON') throw error;
        homes = `but ${error.message}`;
      }
    });
    return { sentence: `node ${node} is on again; ${homes}`, undo: `kill ${node}` };
  }

  async #freeze(params: RpcParams): Promise<CommandAnswer> {
    const node = textOf(params, 'node');
    const forMs = Number(params['forMs']);
    const { service } = params;
    const time = `stood still for ${String(forMs)} ms and goes on`;
    if (service === undefined) {
      await this.#afterOthers(node, () => this.#box.freeze(node, forMs));
      return { sentence: `node ${node} ${time}` };
    }
    const name = await this.#getService(node, textOf(params, 'service'), '--service');
    await this.#afterOthers(node, () => this.#box.freezeService(node, name, forMs));
    return { sentence: `${name} of node ${node} ${time}` };
  }

  async #killService(params: RpcParams): Promise<CommandAnswer> {
    const node = textOf(params, 'node');
    const service = await this.#getService(node, textOf(params, 'service'), 'SERVICE');
    await this.#box.killService(node, service);
    return { sentence: `${service} of node ${node} was killed; its supervisor restarts it` };
  }

  async #unplug(node: string): Promise<CommandAnswer> {
    await this.#afterOthers(node, () => this.#box.unplug(node));
    const sentence = `the cable of node ${node} is pulled; everything on it runs on`;
    return { sentence, undo: `plug ${node}` };
  }

  async #plug(node: string): Promise<CommandAnswer> {
    await this.#afterOthers(node, () => this.#box.plug(node));
    return { sentence: `the cable of node ${node} is plugged in`, undo: `unplug ${node}` };
  }

  async #partition(params: RpcParams): Promise<CommandAnswer> {
    const [one, other] = [this.#getSpace(textOf(params, 'a')), this.#getSpace(textOf(params, 'b'))];
    if (one === other) throw badArgument('B', `"${other}" stands on both sides`, 'Name another node.');
    const only = params['only'] as Cut['only'];
    const isOneWay = params['isOneWay'] === true;
    await this.#box.partition(one, other, only === undefined ? { isOneWay } : { only, isOneWay });
    const what = only === undefined ? 'nothing passes' : `no ${only} traffic passes`;
    const way = isOneWay ? `from ${one} to ${other}` : `between ${one} and ${other}`;
    return { sentence: `${what} ${way}`, undo: 'heal' };
  }

  async #wan(params: RpcParams): Promise<CommandAnswer> {
    const place = textOf(params, 'place');
    const impairment = await this.#box.wan(place, params['change'] as Partial<Impairment>);
    return { sentence: describeWan({ place, impairment }), undo: 'heal' };
  }

  async #heal(): Promise<CommandAnswer> {
    await this.#box.heal();
    return { sentence: 'cuts, cables and WANs are as they were at the start' };
  }

  async #fillDisk(node: string): Promise<CommandAnswer> {
    const bytes = await this.#afterOthers(node, () => this.#box.fillDisk(node));
    const megabytes = Math.round(bytes / 1_000_000);
    const sentence = `the data disk of node ${node} is full (${String(megabytes)} MB taken)`;
    return { sentence, undo: `free-disk ${node}` };
  }

  async #freeDisk(node: string): Promise<CommandAnswer> {
    await this.#afterOthers(node, () => this.#box.freeDisk(node));
    return { sentence: `the data disk of node ${node} is free again`, undo: `fill-disk ${node}` };
  }

  /** Commands that change the same node follow each other. */
  async #afterOthers<T>(node: string, work: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(node) ?? Promise.resolve();
    const turn = before.then(work, work);
    this.#tails.set(node, turn);
    return turn;
  }

  #getSpace(id: string): string {
    const known = this.#box.plan.spaces.map((space) => space.id);
    if (known.includes(id)) return id;
    throw opsErrors.LAB_UNKNOWN_NODE({ node: id, known: known.join(', ') });
  }

  async #getService(node: string, service: string, argument: string): Promise<string> {
    const { services } = await this.#box.status(node);
    const known = services.map(({ name }) => name);
    if (known.includes(service)) return service;
    const problem = `node ${node} has no service "${service}"`;
    throw badArgument(argument, problem, `Name one of: ${known.join(', ')}.`);
  }
}
