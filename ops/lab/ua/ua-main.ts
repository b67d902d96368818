/**
 * User agents of one network namespace: reads one JSON order a line, answers each with a line under its id, and tells
 * events in lines between. Ends with its input.
 */
import { createInterface } from 'node:readline';
import process from 'node:process';
import { RealClock } from '../../../cluster/base/clock.js';
import { systemRng } from '../../../cluster/base/rng.js';
import { HostedAgents } from './hosted-agents.js';
import type { UaOrder } from './ua-orders.js';

/** CLOCK_MONOTONIC as it is, comparable between the processes of a machine; performance.now() counts from their start. */
class SharedClock extends RealClock {
  override monotonicMs(): number {
    const [seconds, nanoseconds] = process.hrtime();
    return seconds * 1000 + nanoseconds / 1e6;
  }
}

function write(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

const agents = new HostedAgents({ clock: new SharedClock(), rng: systemRng(), onEvent: write });

async function answer(line: string): Promise<void> {
  let id: unknown = null;
  try {
    const order = JSON.parse(line) as UaOrder & { readonly id: number };
    id = order.id;
    const result = await agents.obey(order);
    write({ id, result: result ?? null });
  } catch (error) {
    write({ id, error: error instanceof Error ? error.message : String(error) });
  }
}

const input = createInterface({ input: process.stdin });
input.on('line', (line) => void answer(line));
input.on('close', () => {
  agents.close();
  process.exit(0);
});
process.stdout.write('ready\n');
