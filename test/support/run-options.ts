/** The arguments of the test runner. Pure. */
import { parseArgs } from 'node:util';
import { parseSlowness } from './slowness.js';

export interface RunOptions {
  /** Folders below test/, in the order in which they run; empty means all. */
  readonly suites: readonly string[];
  /** A file runs when its path contains one of these; empty means all. */
  readonly filters: readonly string[];
  readonly junitPath: string | undefined;
  /** Milliseconds for every file; undefined means the default of its suite. */
  readonly timeoutMs: number | undefined;
  readonly slowness: number;
  /** Files at once in the suites that allow it. */
  readonly jobs: number;
  readonly seed: string | undefined;
  /** The project; undefined means the one the runner belongs to. */
  readonly root: string | undefined;
}

export class UsageError extends Error {}

export const RUN_USAGE = `Usage: run.js [suite...] [options]
  suite            unit, contract, sim, system, ... (a folder below test/); default: all
  --filter TEXT    only files whose path contains TEXT (may be given several times)
  --junit FILE     also write the result as JUnit XML
  --timeout S      seconds per file instead of 120 (300 for suites that run alone)
  --jobs N         files at once; default: the number of cores
  --seed TEXT      the seed of all random numbers; default: a new one per file, printed when a test fails
  --root FOLDER    the project; default: the one this runner belongs to`;

function wholeNumber(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^[1-9]\d{0,5}$/.test(text))
    throw new UsageError(`${option} needs a whole number from 1, not "${text}"`);
  return Number(text);
}

const OPTIONS = {
  filter: { type: 'string', multiple: true },
  junit: { type: 'string' },
  timeout: { type: 'string' },
  jobs: { type: 'string' },
  seed: { type: 'string' },
  root: { type: 'string' },
} as const;

function parsed(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/**
 * @param environment WARDLINE_TEST_TIMEOUT (seconds per file) and WARDLINE_TEST_SLOWNESS are read
 * @throws UsageError for anything that is not understood
 */
export function parseRunArguments(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
  cores: number,
): RunOptions {
  const { values, positionals } = parsed(args);
  const seconds =
    wholeNumber('--timeout', values.timeout) ??
    wholeNumber('WARDLINE_TEST_TIMEOUT', environment['WARDLINE_TEST_TIMEOUT']);
  return {
    suites: positionals,
    filters: values.filter ?? [],
    junitPath: values.junit,
    timeoutMs: seconds === undefined ? undefined : seconds * 1000,
    slowness: parseSlowness(environment['WARDLINE_TEST_SLOWNESS']),
    jobs: wholeNumber('--jobs', values.jobs) ?? cores,
    seed: values.seed,
    root: values.root,
  };
}
