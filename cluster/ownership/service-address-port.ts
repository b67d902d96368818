/** A service address on the interface of this node. */
export interface ServiceAddressPort {
  /** Puts it on the interface, if it is not there, and tells the LAN. Resolves when it is on the interface. */
  take(address: string): Promise<void>;
  /** Tells the LAN, if it is on the interface. */
  announce(address: string): void;
  /** Takes it off the interface; nothing happens when it is not there. */
  drop(address: string): Promise<void>;
  has(address: string): boolean;
}
