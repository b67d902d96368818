/**
 * Where the engine keeps what its partner needs to go on with its calls (continuity.md, rules 12 to 14). A record is
 * one JSON text under a key of its own; keys begin with the service address it belongs to.
 *
 * Nothing here throws and nothing waits for a store that is ill: a call is never lost because its copy could not be
 * written. What could not be written is written again as a whole when the store is back (`onReset`).
 */

/** `ack`: the partner holds everything that was put before. `alone`: there is no partner now, or it was too slow. */
export type HeldOutcome = 'ack' | 'alone';

export interface ContinuityPort {
  /** Writes or replaces a record. Order is kept. */
  put(addressId: string, key: string, record: string): void;
  remove(addressId: string, key: string): void;
  /**
   * Resolves when the partner holds all that was put before this call, or after `deadlineMs`, or at once when there
   * is known to be no partner.
   */
  whenHeld(deadlineMs: number): Promise<HeldOutcome>;
  /** The partner's records of an address, from the local replica. @throws OperatingError when it cannot be read */
  readPartner(addressId: string): Promise<readonly { readonly key: string; readonly record: string }[]>;
  /** Called when the store has lost what was put (its run id changed): everything has to be put again. */
  onReset(listener: () => void): void;
}
