/**
 * One node of a pair does what is to be done once: the one that holds the first service address. Ownership is the lease:
 * it needs no quorum, goes to the partner with the address in a tenth of a second, and two have it for a moment at most.
 * Pure.
 */

export interface HeldAddress {
  /** Whose it is when all is well. */
  readonly home: string;
  /** Null: nobody that is known. */
  readonly holder: string | null;
}

/** @returns undefined when nobody holds any address of the site */
export function whoRuns(addresses: readonly HeldAddress[]): string | undefined {
  const inOrder = addresses.toSorted((one, other) => (one.home < other.home ? -1 : 1));
  return inOrder.find(({ holder }) => holder !== null)?.holder ?? undefined;
}
