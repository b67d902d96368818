/** What is wrong with a document, and how each problem is put right. */
import type { OperatingError } from '../cluster/base/errors.js';
import { configErrors } from './errors.js';

export interface Problem {
  /** Path of the field, as one would write it: `nodes[1].serviceAddress`; empty for the whole document. */
  readonly path: string;
  readonly problem: string;
  /** What to write instead. */
  readonly fix: string;
}

/** One line: where, what, and what to do. */
export function describeProblem({ path, problem, fix }: Problem): string {
  return `${path === '' ? '(the document)' : path}: ${problem}. ${fix}`;
}

/** The documents that a node is told by. */
export type DocumentKind = 'site' | 'node' | 'routing' | 'telephony';

export function invalidDocument(document: DocumentKind, problems: readonly Problem[]): OperatingError {
  const list = problems.map((problem) => `  ${describeProblem(problem)}`).join('\n');
  return configErrors.CONFIG_INVALID({ document, count: problems.length, list, problems });
}

export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const member of Object.values(value)) deepFreeze(member);
  }
  return value;
}
