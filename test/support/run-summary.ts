/** What the test runner prints. Pure; lines without their ends. */
import type { FileVerdict } from './run-verdict.js';
import { countCases, countsText, type CaseResult, type Counts } from './test-result.js';

const SLOWEST_SHOWN = 5;

function seconds(durationMs: number): string {
  return `${(durationMs / 1000).toFixed(2)} s`;
}

function indented(text: string): string {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => `    | ${line}`)
    .join('\n');
}

/** One line per file; a failed one is followed by why and by everything it printed. */
export function fileLines(verdict: FileVerdict): string[] {
  const counts = countCases(verdict.cases);
  const mark = counts.failed > 0 ? 'FAIL' : 'ok  ';
  const line = `${mark} ${seconds(verdict.durationMs).padStart(8)}  ${verdict.name}  (${countsText(counts)})`;
  if (counts.failed === 0) return [line];
  const fileProblems = verdict.cases.filter((one) => one.name === '(the file)');
  return [line, ...fileProblems.map((one) => `    ${one.text}`), indented(verdict.output)];
}

function caseLines(
  heading: string,
  verdicts: readonly FileVerdict[],
  status: CaseResult['status'],
): string[] {
  const lines = verdicts.flatMap((verdict) =>
    verdict.cases
      .filter((one) => one.status === status)
      .map((one) => {
        const reason = status === 'skipped' ? `: ${one.text}` : '';
        return `  ${verdict.name}: ${one.suite === verdict.name ? '' : `${one.suite}: `}${one.name}${reason}`;
      }),
  );
  return lines.length === 0 ? [] : ['', heading, ...lines];
}

function slowestLines(verdicts: readonly FileVerdict[]): string[] {
  if (verdicts.length <= 1) return [];
  const slowest = [...verdicts].sort((a, b) => b.durationMs - a.durationMs).slice(0, SLOWEST_SHOWN);
  return ['', 'slowest:', ...slowest.map((one) => `  ${seconds(one.durationMs).padStart(8)}  ${one.name}`)];
}

export function totalCounts(verdicts: readonly FileVerdict[]): Counts {
  return countCases(verdicts.flatMap((verdict) => verdict.cases));
}

/** The last line is exactly `N passed, N failed, N skipped`. */
export function summaryLines(verdicts: readonly FileVerdict[]): string[] {
  return [
    ...caseLines('skipped:', verdicts, 'skipped'),
    ...slowestLines(verdicts),
    ...caseLines('failed:', verdicts, 'failed'),
    '',
    countsText(totalCounts(verdicts)),
  ];
}

/** Nothing failed and something passed. */
export function runExitCode(verdicts: readonly FileVerdict[]): 0 | 1 {
  const { passed, failed } = totalCounts(verdicts);
  return failed === 0 && passed > 0 ? 0 : 1;
}
