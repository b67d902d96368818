/**
 * What the end of a test process means. Its own result is believed only if everything else agrees with it: a file
 * that ends early, runs nothing or leaves processes behind counts as failed. Pure.
 */
import { countCases, exitCodeOf, type CaseResult, type FileResult } from './test-result.js';

/** What the executor saw of one file. */
export interface FileEnd {
  readonly name: string;
  readonly durationMs: number;
  readonly exitCode: number | null;
  readonly signal: string | null;
  /** Set when the runner stopped it, as a sentence. */
  readonly stopped: string | undefined;
  readonly result: FileResult | undefined;
  readonly output: string;
  /** Command lines of processes that it left running. */
  readonly leftBehind: readonly string[];
}

export interface FileVerdict {
  readonly name: string;
  readonly durationMs: number;
  readonly cases: readonly CaseResult[];
  readonly output: string;
}

function endText(end: FileEnd): string {
  return end.signal === null ? `exit code ${String(end.exitCode)}` : `signal ${end.signal}`;
}

function resultProblem(end: FileEnd): string | undefined {
  if (end.result === undefined) return `it ended without a result (${endText(end)})`;
  if (end.result.cases.length === 0) return 'it ran no tests';
  const expected = exitCodeOf(countCases(end.result.cases));
  if (end.signal === null && end.exitCode === expected) return undefined;
  return `its result says exit code ${String(expected)}, but it ended with ${endText(end)}`;
}

function problemsOf(end: FileEnd): string[] {
  const leftBehind =
    end.leftBehind.length === 0 ? undefined : `it left processes behind: ${end.leftBehind.join('; ')}`;
  return [end.stopped, resultProblem(end), leftBehind].filter((problem) => problem !== undefined);
}

export function judgeFile(end: FileEnd): FileVerdict {
  const problems = problemsOf(end).map((text): CaseResult => {
    return { suite: end.name, name: '(the file)', status: 'failed', durationMs: 0, text };
  });
  const { name, durationMs, output } = end;
  return { name, durationMs, output, cases: [...(end.result?.cases ?? []), ...problems] };
}
