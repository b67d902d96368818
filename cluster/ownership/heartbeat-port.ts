/** Whether the partner's VRRP adverts reach this node, seen without keepalived, which does not listen in FAULT. */
export interface HeartbeatPort {
  /**
   * Listens for a while, below a second.
   * @param home node whose home address it is about
   * @returns whether an advert of the partner for this address arrived
   */
  isHeard(home: string): Promise<boolean>;
}
