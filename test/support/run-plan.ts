/** Which test files run, how long each may take and which of them may run beside others. Pure. */
import { UsageError, type RunOptions } from './run-options.js';

export interface PlannedFile {
  readonly suite: string;
  /** Of the source, relative to the project, as it is shown. */
  readonly name: string;
  /** Of the compiled file, relative to the project. */
  readonly compiled: string;
  readonly timeoutMs: number;
}

export interface RunPlan {
  readonly together: readonly PlannedFile[];
  /** They own ports, namespaces and most of the machine: strictly one after the other. */
  readonly alone: readonly PlannedFile[];
}

/** Suites whose files own nothing outside of their process; every other suite runs its files alone. */
const TOGETHER = new Set(['unit', 'contract', 'sim']);
const TOGETHER_TIMEOUT_MS = 120_000;
const ALONE_TIMEOUT_MS = 300_000;

function suiteOf(source: string): string {
  return source.split('/')[1] ?? '';
}

function planned(source: string, options: RunOptions): PlannedFile {
  const suite = suiteOf(source);
  const timeoutMs = options.timeoutMs ?? (TOGETHER.has(suite) ? TOGETHER_TIMEOUT_MS : ALONE_TIMEOUT_MS);
  return {
    suite,
    name: source,
    compiled: `dist/${source.replace(/\.ts$/, '.js')}`,
    timeoutMs: timeoutMs * options.slowness,
  };
}

/**
 * @param sources paths of all files `test/<suite>/**` that end in `.test.ts`, relative to the project
 * @throws UsageError when a suite named in the options has no files
 */
export function planRun(sources: readonly string[], options: RunOptions): RunPlan {
  const known = [...new Set(sources.map(suiteOf))].sort();
  const unknown = options.suites.find((suite) => !known.includes(suite));
  if (unknown !== undefined)
    throw new UsageError(`there is no suite "${unknown}"; known are: ${known.join(', ')}`);
  const suites = options.suites.length === 0 ? known : options.suites;
  const files = sources
    .filter((source) => suites.includes(suiteOf(source)))
    .filter(
      (source) => options.filters.length === 0 || options.filters.some((filter) => source.includes(filter)),
    )
    .map((source) => planned(source, options))
    .sort((a, b) => suites.indexOf(a.suite) - suites.indexOf(b.suite) || a.name.localeCompare(b.name));
  return {
    together: files.filter((file) => TOGETHER.has(file.suite)),
    alone: files.filter((file) => !TOGETHER.has(file.suite)),
  };
}
