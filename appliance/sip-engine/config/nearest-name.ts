/** "Did you mean": the known name that somebody most likely wanted to type. */

/** Changes of one letter (add, drop, replace) that make `b` of `a`; Levenshtein's distance, one row at a time. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (a.charCodeAt(i - 1) === b.charCodeAt(j - 1) ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

/** Longer words are no slips of anybody's finger, and the cost grows with the square. */
const WORD_LENGTH_MAX = 64;

/** Without regard to case and dashes, so that `natdetection` finds `natDetection`. */
function comparable(name: string): string {
  return name.toLowerCase().replaceAll('-', '');
}

/** @returns undefined when nothing is near: a far-fetched proposal is worse than none */
export function findNearestName(name: string, known: Iterable<string>): string | undefined {
  if (name.length > WORD_LENGTH_MAX) return undefined;
  const wanted = comparable(name);
  let [nearest, least]: [string | undefined, number] = [undefined, Math.max(2, wanted.length / 3)];
  for (const candidate of known) {
    const changes = distance(wanted, comparable(candidate));
    if (changes < least || (changes === least && nearest === undefined))
      [nearest, least] = [candidate, changes];
  }
  return nearest;
}
