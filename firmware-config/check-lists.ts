/** Findings that documents have in common: what stands twice in a list, and what leads back to itself. Pure. */
import type { Problem } from './problems.js';

/**
 * @param list its path, such as `trunks`
 * @param values of the field, in the order of the list; an undefined one stands for itself
 */
export function checkTwice(
  list: string,
  field: string,
  values: readonly (string | undefined)[],
  fix: string,
): Problem[] {
  const first = new Map<string, number>();
  return values.flatMap((value, index) => {
    if (value === undefined) return [];
    const before = first.get(value);
    first.set(value, before ?? index);
    if (before === undefined) return [];
    const problem = `"${value}" is that of ${list}[${String(before)}] already`;
    return [{ path: `${list}[${String(index)}].${field}`, problem, fix }];
  });
}

/** @param next where each one leads. @returns whether `start` leads back to itself */
export function isOnCircle(start: string, next: ReadonlyMap<string, string | undefined>): boolean {
  const seen = new Set<string>();
  let at = next.get(start);
  while (at !== undefined && at !== start && !seen.has(at)) {
    seen.add(at);
    at = next.get(at);
  }
  return at === start;
}
