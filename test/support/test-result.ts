/** What one test file reports: the JSON document that spec.ts writes and run.ts reads. */

export type CaseStatus = 'passed' | 'failed' | 'skipped';

export interface CaseResult {
  readonly suite: string;
  readonly name: string;
  readonly status: CaseStatus;
  readonly durationMs: number;
  /** The failure with its details, or the reason of a skip; empty when passed. */
  readonly text: string;
}

export interface FileResult {
  readonly seed: string;
  readonly durationMs: number;
  readonly cases: readonly CaseResult[];
}

export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export function countCases(cases: readonly CaseResult[]): Counts {
  const having = (status: CaseStatus): number => cases.filter((one) => one.status === status).length;
  return { passed: having('passed'), failed: having('failed'), skipped: having('skipped') };
}

export function countsText(counts: Counts): string {
  return `${String(counts.passed)} passed, ${String(counts.failed)} failed, ${String(counts.skipped)} skipped`;
}

/** 1 when something failed or nothing passed and nothing was skipped, else 0. */
export function exitCodeOf(counts: Counts): 0 | 1 {
  return counts.failed > 0 || counts.passed + counts.skipped === 0 ? 1 : 0;
}

function isCase(value: unknown): value is CaseResult {
  const one = value as Partial<CaseResult> | null;
  return (
    typeof one?.suite === 'string' &&
    typeof one.name === 'string' &&
    typeof one.text === 'string' &&
    typeof one.durationMs === 'number' &&
    (one.status === 'passed' || one.status === 'failed' || one.status === 'skipped')
  );
}

/** @returns undefined when the text is not a whole result (a file that was killed while it wrote) */
export function parseFileResult(text: string): FileResult | undefined {
  let value: Partial<FileResult> | null;
  try {
    value = JSON.parse(text) as Partial<FileResult> | null;
  } catch {
    return undefined;
  }
  if (typeof value?.seed !== 'string' || typeof value.durationMs !== 'number') return undefined;
  if (!Array.isArray(value.cases) || !value.cases.every(isCase)) return undefined;
  return { seed: value.seed, durationMs: value.durationMs, cases: value.cases };
}
