/** User agents in a namespace of the laboratory, seen from the host. They die with whoever started them. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Clock } from '../../../cluster/base/clock.js';
import { diesWithParent, inNamespace } from '../shell.js';
import type { HostPort } from './sip-wire.js';
import type { AgentOrder, CallOrder, Totals, UaEvent, UaOrder } from './ua-orders.js';
import type { CallReport } from './ua-call.js';

interface Waiting {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

const ANSWER_MS = 40_000;

export class UaFarm {
  readonly #child: ChildProcess;
  readonly #clock: Clock;
  readonly #waiting = new Map<number, Waiting>();
  readonly #listeners = new Set<(event: UaEvent) => void>();
  #lastId = 0;

  private constructor(child: ChildProcess, clock: Clock) {
    this.#child = child;
    this.#clock = clock;
  }

  /** @param namespace undefined: here */
  static async start(namespace: string | undefined, clock: Clock): Promise<UaFarm> {
    const program = fileURLToPath(new URL('ua-main.js', import.meta.url));
    const words = diesWithParent([process.execPath, program]);
    const [command, ...args] = namespace === undefined ? words : inNamespace(namespace, words);
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'], detached: true });
    const farm = new UaFarm(child, clock);
    child.stdin.on('error', () => undefined);
    const lines = createInterface({ input: child.stdout });
    await new Promise<void>((resolve, reject) => {
      lines.once('line', () => {
        resolve();
      });
      child.once('exit', () => {
        reject(new Error('the user agents ended before they were ready'));
      });
    });
    lines.on('line', (line) => {
      farm.#hear(line);
    });
    child.on('exit', () => {
      for (const { reject } of farm.#waiting.values()) reject(new Error('the user agents have ended'));
      farm.#waiting.clear();
    });
    return farm;
  }

  /** @throws what the agents say, or that they say nothing */
  order(order: UaOrder): Promise<unknown> {
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve, reject) => {
      const timer = this.#clock.schedule(ANSWER_MS, () => {
        this.#waiting.delete(id);
        reject(new Error(`no answer to ${JSON.stringify(order)}`));
      });
      const settle =
        <T>(act: (value: T) => void) =>
        (value: T): void => {
          timer.cancel();
          act(value);
        };
      this.#waiting.set(id, { resolve: settle(resolve), reject: settle(reject) });
      this.#child.stdin?.write(`${JSON.stringify({ id, ...order })}\n`);
    });
  }

  /** Where to look when something shall be measured from outside. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** @returns what ends it */
  onEvent(listener: (event: UaEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** @returns where the agent is reached */
  async open(order: AgentOrder): Promise<HostPort> {
    return (await this.order({ do: 'open', ...order })) as HostPort;
  }

  /** @returns final status */
  async register(agent: string, expires?: number): Promise<number> {
    const order = { do: 'register', agent, ...(expires === undefined ? {} : { expires }) } as const;
    return (await this.order(order)) as number;
  }

  /** @param from user part of From @returns the id of the call */
  async call(
    agent: string,
    to: string,
    from?: string,
    more: Omit<CallOrder, 'agent' | 'to' | 'from'> = {},
  ): Promise<string> {
    const order = { do: 'call', agent, to, ...(from === undefined ? {} : { from }), ...more } as const;
    return (await this.order(order)) as string;
  }

  async report(call: string): Promise<CallReport> {
    return (await this.order({ do: 'report', call })) as CallReport;
  }

  async totals(): Promise<Totals> {
    return (await this.order({ do: 'totals' })) as Totals;
  }

  async calls(agent: string): Promise<readonly CallReport[]> {
    return (await this.order({ do: 'calls', agent })) as readonly CallReport[];
  }

  async allCalls(): Promise<readonly CallReport[]> {
    return (await this.order({ do: 'allCalls' })) as readonly CallReport[];
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.stdin?.end();
    await ended;
  }

  #hear(line: string): void {
    const told = JSON.parse(line) as UaEvent | { id: number; result?: unknown; error?: string };
    if ('event' in told) {
      for (const listener of this.#listeners) listener(told);
      return;
    }
    const waiting = this.#waiting.get(told.id);
    this.#waiting.delete(told.id);
    if (told.error === undefined) waiting?.resolve(told.result);
    else waiting?.reject(new Error(told.error));
  }
}
