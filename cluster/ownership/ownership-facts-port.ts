/**
 * Where ownership facts of the two partners are exchanged: the live state. Nothing here is waited for by whoever
 * decides about an address.
 */
export interface OwnershipFactsPort {
  /** By home. @throws LIVE_STATE_AWAY */
  readOwn(): Promise<ReadonlyMap<string, string>>;
  /** By home, from the local replica, which still answers when the partner is gone. @throws LIVE_STATE_AWAY */
  readPartner(): Promise<ReadonlyMap<string, string>>;
  /** By home; homes that are not named stay as they are. @throws LIVE_STATE_AWAY */
  publish(texts: ReadonlyMap<string, string>): Promise<void>;
}
