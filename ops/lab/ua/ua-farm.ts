/** User agents in a namespace of the laboratory, seen from the host. They die with whoever started them. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Clock } from '../../../cluster/base/clock.js';
import { diesWithParent, inNamespace } from '../shell.js';
import type { AgentOrder, UaOrder } from './ua-orders.js';
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

  async open(order: AgentOrder): Promise<void> {
    await this.order({ do: 'open', ...order });
  }

  /** @returns final status */
  async register(agent: string, expires?: number): Promise<number> {
    const order = { do: 'register', agent, ...(expires === undefined ? {} : { expires }) } as const;
    return (await this.order(order)) as number;
  }

  /** @returns the id of the call */
  async call(agent: string, to: string, from?: string): Promise<string> {
    return (await this.order({
      do: 'call',
      agent,
      to,
      ...(from === undefined ? {} : { from }),
    })) as string;
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
    const { id, result, error } = JSON.parse(line) as { id: number; result?: unknown; error?: string };
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error === undefined) waiting?.resolve(result);
    else waiting?.reject(new Error(error));
  }
}
