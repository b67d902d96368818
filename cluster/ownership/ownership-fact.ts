/**
 * What a node tells its partner about one service address, in its own live state. Pure.
 *
 * Invariant: a fact only ever speaks of its publisher's own doing (it holds, it offers, it has prepared) and of the
 * highest generation it knows. Nobody writes the other's fact.
 */
export interface OwnershipClaim {
  /** Highest generation that the publisher knows; 0 when it knows of none. */
  readonly generation: number;
  /** Who holds the address in that generation. */
  readonly holder: string;
  /** The publisher is VRRP master for the address. */
  readonly isHeld: boolean;
  /** Goes up each time the publisher announced itself and then left the address to the reader, who announces itself again. */
  readonly yields: number;
  /** A planned move to the partner waits for it to prepare: id of the move. */
  readonly offer?: string;
  /** The publisher has the address on its interface for the partner's offer of this id. */
  readonly prepared?: string;
}

export interface OwnershipFact extends OwnershipClaim {
  /** Goes up as long as the publisher lives and its live state reaches the reader. */
  readonly beat: number;
}

type Fields = Readonly<Record<string, unknown>>;

/**
 * Lenient, because the partner may run another release: what is not a fact counts as nothing known.
 * @param text JSON as it stands in the partner's live state
 */
export function parseOwnershipFact(text: string | undefined): OwnershipFact | undefined {
  if (text === undefined) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { generation, holder, isHeld, beat, yields, offer, prepared } = value as Fields;
  if (typeof generation !== 'number' || !Number.isSafeInteger(generation) || generation < 0) return undefined;
  if (typeof holder !== 'string' || typeof isHeld !== 'boolean') return undefined;
  return {
    generation,
    holder,
    isHeld,
    beat: typeof beat === 'number' ? beat : 0,
    yields: typeof yields === 'number' ? yields : 0,
    ...(typeof offer === 'string' ? { offer } : {}),
    ...(typeof prepared === 'string' ? { prepared } : {}),
  };
}
