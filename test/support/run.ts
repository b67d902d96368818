/**
 * The test runner: `node dist/test/support/run.js unit contract --filter keepalived`.
 *
 * One process per file, always: no module state, no handle and no crash of one file reaches another. Its last line
 * is `N passed, N failed, N skipped`; it ends with 0 only when nothing failed and something passed, with 2 when its
 * arguments make no sense, with 130 after Ctrl-C (a second Ctrl-C kills at once).
 */
import { readdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { projectRoot } from './project-files.js';
import { runFile } from './run-file.js';
import { junitXml } from './run-junit.js';
import { parseRunArguments, RUN_USAGE, UsageError, type RunOptions } from './run-options.js';
import { planRun, type PlannedFile } from './run-plan.js';
import { fileLines, runExitCode, summaryLines } from './run-summary.js';
import { judgeFile, type FileVerdict } from './run-verdict.js';

const EXIT_USAGE = 2;
const EXIT_INTERRUPTED = 130;

function print(lines: readonly string[]): void {
  process.stdout.write(`${lines.join('\n')}\n`);
}

function testSources(root: string): string[] {
  return readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
    .filter((path) => /^[^/]+\/.*\.test\.ts$/.test(path))
    .map((path) => `test/${path}`);
}

/** Runs `files`, at most `jobs` at once; after `stop` no further one is started. */
async function runFiles(
  files: readonly PlannedFile[],
  jobs: number,
  run: (file: PlannedFile) => Promise<void>,
  stop: AbortSignal,
): Promise<void> {
  const waiting = [...files];
  const worker = async (): Promise<void> => {
    for (let file = waiting.shift(); file !== undefined && !stop.aborted; file = waiting.shift()) {
      await run(file);
    }
  };
  await Promise.all(Array.from({ length: jobs }, worker));
}

function stopOnSignal(): AbortSignal {
  const stop = new AbortController();
  const onSignal = (signal: NodeJS.Signals): void => {
    if (stop.signal.aborted) process.exit(EXIT_INTERRUPTED);
    stop.abort(`the run was stopped by ${signal}`);
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return stop.signal;
}

async function runAll(options: RunOptions, root: string, stop: AbortSignal): Promise<FileVerdict[]> {
  const plan = planRun(testSources(root), options);
  const environment = {
    ...process.env,
    ...(options.seed === undefined ? {} : { WARDLINE_SEED: options.seed }),
  };
  const verdicts: FileVerdict[] = [];
  const run = async (file: PlannedFile): Promise<void> => {
    const verdict = judgeFile(await runFile(file, { projectRoot: root, environment, stop }));
    verdicts.push(verdict);
    print(fileLines(verdict));
  };
  await runFiles(plan.together, options.jobs, run, stop);
  await runFiles(plan.alone, 1, run, stop);
  if (verdicts.length === 0) print(['no test file matches']);
  return verdicts;
}

async function main(): Promise<number> {
  const options = parseRunArguments(process.argv.slice(2), process.env, availableParallelism());
  const stop = stopOnSignal();
  const verdicts = await runAll(options, options.root ?? projectRoot, stop);
  if (options.junitPath !== undefined) writeFileSync(options.junitPath, junitXml(verdicts));
  if (stop.aborted) print(['', `${String(stop.reason)}: the files that had not started are not counted`]);
  print(summaryLines(verdicts));
  return stop.aborted ? EXIT_INTERRUPTED : runExitCode(verdicts);
}

try {
  process.exit(await main());
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`${error.message}\n\n${RUN_USAGE}\n`);
  process.exit(EXIT_USAGE);
}
