/**
 * The laboratory's command: `start` brings a box up in the foreground, everything else is a command to a box that runs.
 *
 *     node dist/ops/lab/lab-main.js start [--box ID] ...
 *     node dist/ops/lab/lab-main.js kill a [--box ID]
 */
import { fileURLToPath } from 'node:url';
import { RealClock } from '../../cluster/base/clock.js';
import { isOperatingError, describeErrorChain } from '../../cluster/base/errors.js';
import { systemRng } from '../../cluster/base/rng.js';
import { labHelp, parseLabArguments } from './command/lab-arguments.js';
import { runLabCommand } from './command/lab-client.js';
import { parseStartArguments, START_HELP } from './command/start-arguments.js';
import { StopRequest } from './command/stop-request.js';
import { LiveLines } from './traffic/live-lines.js';

const projectRoot = fileURLToPath(new URL('../../..', import.meta.url));
const clock = new RealClock();
const stop = new StopRequest();

const live = new LiveLines((text) => process.stdout.write(text), process.stdout.isTTY);

function print(text: string): void {
  live.print(text);
}

function listenForStop(): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop.ask);
  // Whoever read this has gone (a pipe that was closed, a terminal that went away): as if it had been hung up.
  process.stdout.on('error', stop.ask);
  process.stderr.on('error', stop.ask);
}

async function start(words: readonly string[]): Promise<void> {
  const args = parseStartArguments(words);
  if (args.isHelp) {
    process.stdout.write(START_HELP);
    return;
  }
  listenForStop();
  // Only here: a command to a running box shall be there at once, and these take longer to load than to use.
  const { exampleSite } = await import('../../firmware-config/defaults/example-site.js');
  const { parseSite } = await import('../../firmware-config/parse-site.js');
  const { findRqlited, readRqlitedMajor } = await import('./find-rqlited.js');
  const { runStart } = await import('./command/run-start.js');
  const { RQLITED } = process.env;
  const isNamed = RQLITED !== undefined && RQLITED !== '';
  const rqlited = findRqlited(RQLITED, projectRoot);
  await runStart({
    boxId: args.box ?? `x${systemRng().integer(0, 99_999).toString(36)}`,
    site: parseSite(exampleSite(args.layout)),
    args,
    rqlited,
    ...(isNamed ? { rqlitedMajor: await readRqlitedMajor(rqlited, clock) } : {}),
    nodeProgram: process.execPath,
    projectRoot,
    clock,
    stop,
    print,
    showLive: (lines) => {
      live.show(lines);
    },
    isLive: process.stdout.isTTY,
  });
}

async function main(argv: readonly string[]): Promise<void> {
  const [command, ...words] = argv;
  if (command === 'start') await start(words);
  else if (argv.includes('--help') || command === 'help') process.stdout.write(labHelp());
  else print(await runLabCommand(parseLabArguments(argv), clock));
}

function describe(error: unknown): string {
  if (!isOperatingError(error)) return error instanceof Error ? (error.stack ?? '') : String(error);
  const cause = error.cause === undefined ? '' : ` (${describeErrorChain(error.cause)})`;
  return `${error.message}${cause}. ${error.action}`;
}

try {
  await main(process.argv.slice(2));
  process.exit(0);
} catch (error) {
  process.stderr.write(`${describe(error)}\n`);
  process.exit(1);
}
