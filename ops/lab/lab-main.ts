/**
 * The laboratory's command. `start` brings a box up in the foreground and takes it down at Ctrl-C; today a box is its
 * network (namespaces, LANs, WAN), the nodes' daemons are the next step.
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { RealClock } from '../../cluster/base/clock.js';
import { describeErrorChain, isOperatingError } from '../../cluster/base/errors.js';
import { systemRng } from '../../cluster/base/rng.js';
import { exampleSite } from '../../firmware-config/defaults/example-site.js';
import { parseSite } from '../../firmware-config/parse-site.js';
import { opsErrors } from '../errors.js';
import { BoxNetwork } from './box-network.js';
import { BOX_ID_PATTERN, planBox, type BoxPlan } from './box-plan.js';

const clock = new RealClock();

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function step(sentence: string, work: () => Promise<void>): Promise<void> {
  const startMs = clock.monotonicMs();
  await work();
  say(`${((clock.monotonicMs() - startMs) / 1000).toFixed(1).padStart(6)} s  ${sentence}`);
}

function parseBoxId(value: string | undefined): string {
  if (value === undefined) return `x${systemRng().integer(0, 99_999).toString(36)}`;
  if (BOX_ID_PATTERN.test(value)) return value;
  const fix = 'Use 1 to 8 characters of a-z and 0-9.';
  throw opsErrors.LAB_BAD_ARGUMENT({ argument: '--box', problem: `"${value}" is no box id`, fix });
}

function showSpaces(plan: BoxPlan): void {
  say('');
  say('  what      address          enter it with');
  for (const space of plan.spaces) {
    const address = space.addresses[0] ?? '';
    say(`  ${space.id.padEnd(8)}  ${address.padEnd(15)}  ip netns exec ${space.namespace} bash`);
  }
}

/** Resolves at the first SIGINT or SIGTERM; a terminal or a dying parent may send several. */
function askedToStop(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, () => {
        resolve();
      });
    }
    // Something must keep the process alive while it waits.
    const keepAlive = (): void => void clock.schedule(60_000, keepAlive);
    keepAlive();
  });
}

async function start(args: string[]): Promise<void> {
  const { values } = parseArgs({ args, options: { box: { type: 'string' } } });
  const plan = planBox(parseBoxId(values.box), parseSite(exampleSite()));
  const shuttleProgram = fileURLToPath(new URL('./wan/shuttle-main.js', import.meta.url));
  const network = new BoxNetwork({ plan, clock, shuttleProgram, seed: plan.boxId });
  const stop = askedToStop();
  try {
    await step(`network of box "${plan.boxId}"`, async () => {
      await network.close();
      await network.open();
    });
    showSpaces(plan);
    say('\n  The nodes have no daemons yet. Ctrl-C takes everything down.');
    await stop;
  } finally {
    await step('box taken down', () => network.close());
  }
}

async function main(argv: readonly string[]): Promise<void> {
  const [command, ...args] = argv;
  if (command !== 'start') {
    const problem = `"${command ?? ''}" is not there yet`;
    throw opsErrors.LAB_BAD_ARGUMENT({
      argument: 'command',
      problem,
      fix: 'The only one today is: npm start',
    });
  }
  await start(args);
}

try {
  await main(process.argv.slice(2));
  process.exit(0);
} catch (error) {
  const action = isOperatingError(error) ? ` ${error.action}` : '';
  process.stderr.write(`${describeErrorChain(error)}.${action}\n`);
  process.exit(1);
}
