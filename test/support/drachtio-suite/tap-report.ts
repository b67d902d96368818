/** The result of one file of the suite, read from what it printed in the Test Anything Protocol. Pure. */

export interface TapReport {
  readonly passed: number;
  /** What each failed assertion is called, with what was said about it. */
  readonly failures: readonly string[];
  /** The plan was printed: every test came to its end. */
  readonly isComplete: boolean;
}

/** Lines between two results that say why the first one failed. */
function reasonAfter(lines: readonly string[], index: number): string {
  const rest = lines.slice(index + 1);
  const end = rest.findIndex((line) => !line.startsWith('  '));
  return rest.slice(0, end < 0 ? rest.length : end).join('\n');
}

export function parseTap(output: string): TapReport {
  const lines = output.split('\n');
  const failures = lines.flatMap((line, index) => {
    const name = /^not ok \d+ (.*)$/.exec(line)?.[1];
    return name === undefined ? [] : [`${name}\n${reasonAfter(lines, index)}`.trimEnd()];
  });
  const passed = lines.filter((line) => /^ok \d+ /.test(line)).length;
  const plan = lines.map((line) => /^1\.\.(\d+)$/.exec(line)?.[1]).find((count) => count !== undefined);
  return { passed, failures, isComplete: Number(plan ?? NaN) === passed + failures.length };
}
