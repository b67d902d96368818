/**
 * `npm run bench -- <name> [--trials N] [--quick] [--json]`, and `npm run soak -- <name>` with the longer programs.
 * Ends with 0 when every declared metric has samples and the bench did not fail, 1 otherwise, 2 for arguments that
 * make no sense (and lists the benches), 130 after Ctrl-C.
 */
import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { BENCH_USAGE, BenchUsageError, parseBenchArguments, type BenchArguments } from './bench-arguments.js';
import { planBench, runBench, type Bench, type BenchEnd } from './frame.js';
import { jsonLine, tableLines } from './report.js';

const EXIT_USAGE = 2;
const EXIT_STOPPED = 130;

/** The programs of one kind: name -> address of the compiled module. */
function discover(kind: BenchArguments['kind']): Map<string, string> {
  const folder = new URL(`../${kind}/`, import.meta.url);
  const files = existsSync(folder) ? readdirSync(fileURLToPath(folder)) : [];
  const ending = new RegExp(`\\.${kind}\\.[jt]s$`);
  return new Map(
    files
      .filter((file) => ending.test(file))
      .sort()
      .map((file) => [file.replace(ending, ''), new URL(file, folder).href]),
  );
}

function isBench(value: unknown): value is Bench {
  const bench = value as Partial<Bench> | undefined;
  return (
    typeof bench?.name === 'string' &&
    typeof bench.run === 'function' &&
    typeof bench.metrics === 'object' &&
    Object.keys(bench.metrics).length > 0
  );
}

/** @throws BenchUsageError when there is no such program; TypeError when it is none */
async function load({ kind, name }: BenchArguments): Promise<Bench> {
  const known = discover(kind);
  const address = name === undefined ? undefined : known.get(name);
  if (address === undefined) {
    const problem = name === undefined ? `no ${kind} is named` : `there is no ${kind} "${name}"`;
    throw new BenchUsageError(`${problem}; there are: ${[...known.keys()].join(', ') || 'none'}`);
  }
  const bench: unknown = await import(address);
  if (!isBench(bench)) throw new TypeError(`${address} does not export name, metrics and run`);
  if (bench.name !== name)
    throw new TypeError(`${address} has the name "${bench.name}" instead of its file's`);
  return bench;
}

function stopOnSignal(): AbortSignal {
  const stop = new AbortController();
  const onSignal = (signal: NodeJS.Signals): void => {
    if (stop.signal.aborted) process.exit(EXIT_STOPPED);
    stop.abort(new Error(`stopped by ${signal}`));
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return stop.signal;
}

/** Progress and problems beside the result: with --json nothing else may be the last line. */
function printer(json: boolean): (line: string) => void {
  const stream = json ? process.stderr : process.stdout;
  return (line) => stream.write(`${line}\n`);
}

function report(bench: Bench, args: BenchArguments, end: BenchEnd): void {
  for (const problem of end.problems) process.stderr.write(`${args.kind} ${bench.name}: ${problem}\n`);
  const lines = args.json
    ? [jsonLine(bench.name, args.quick, end.figures)]
    : tableLines(end.figures, bench.metrics);
  process.stdout.write(`${lines.join('\n')}\n`);
}

async function main(): Promise<number> {
  const args = parseBenchArguments(process.argv.slice(2));
  const bench = await load(args);
  const stop = stopOnSignal();
  const surroundings = { nowMs: () => performance.now(), say: printer(args.json), stop };
  const end = await runBench(bench, planBench(bench, args), surroundings);
  report(bench, args, end);
  if (stop.aborted) return EXIT_STOPPED;
  return end.problems.length === 0 ? 0 : 1;
}

try {
  // Not by itself: what a bench left open must not keep a finished one from ending.
  process.exit(await main());
} catch (error) {
  if (!(error instanceof BenchUsageError)) throw error;
  process.stderr.write(`${error.message}\n${BENCH_USAGE}\n`);
  process.exit(EXIT_USAGE);
}
