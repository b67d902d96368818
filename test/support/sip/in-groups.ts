/** Work for hundreds of calls without a burst that a socket's buffer would lose. */

/** @returns how many succeeded, and why the others did not */
export async function inGroups<T>(
  things: readonly T[],
  size: number,
  work: (thing: T) => Promise<unknown>,
): Promise<{ readonly done: number; readonly failures: readonly string[] }> {
  const failures: string[] = [];
  for (let first = 0; first < things.length; first += size) {
    for (const result of await Promise.allSettled(things.slice(first, first + size).map(work))) {
      if (result.status === 'rejected') failures.push(String(result.reason));
    }
  }
  return { done: things.length - failures.length, failures };
}
