/**
 * Where the engine keeps what its partner needs to go on with its calls (continuity.md, rules 12 to 14). A record is
 * one JSON text under a key, of the service address that it belongs to.
 *
 * Writing never throws and never waits for a store that is ill: a call is never lost because its copy could not be
 * written. What could not be written is written again as a whole when the store is back (`onReset`).
 */

/**
 * `ack`: the partner holds everything that was put before. `alone`: it is not known to, for there is no partner now,
 * or it was too slow.
 */
export type HeldOutcome = 'ack' | 'alone';

/**
 * `paired`: the partner acknowledges. `alone`: this node's store takes records, nobody acknowledges them in time.
 * `away`: this node's own store does not answer. Only while paired does `whenHeld` wait.
 */
export type ContinuityState = 'paired' | 'alone' | 'away';

export interface StoredRecord {
  readonly key: string;
  readonly record: string;
}

export interface ContinuityPort {
  /**
   * Writes or replaces a record. The store passes only through states in which everything is there that was put
   * before the newest record in it; of several changes of one record it may see only the last.
   */
  put(addressId: string, key: string, record: string): void;
  remove(addressId: string, key: string): void;
  /**
   * Resolves when the partner holds all that was put before this call, or after `deadlineMs`, or at once when there
   * is known to be no partner. Never rejects.
   */
  whenHeld(deadlineMs: number): Promise<HeldOutcome>;
  /** The partner's records of an address, from the local replica. @throws OperatingError when it cannot be read */
  readPartner(addressId: string): Promise<readonly StoredRecord[]>;
  /** The records that this node wrote, for an engine that has been restarted. @throws OperatingError likewise */
  readOwn(addressId: string): Promise<readonly StoredRecord[]>;
  /**
   * Called when the store has lost what was put. The listener puts every record again before it returns: a record of
   * an address changed here that is not among them was removed meanwhile, and is removed from the store, so that no
   * ended call comes to life at a takeover.
   */
  onReset(listener: () => void): void;
  state(): ContinuityState;
  /** Called at each change of `state`: `alone` and `away` are alarms. */
  onState(listener: (state: ContinuityState) => void): void;
}
