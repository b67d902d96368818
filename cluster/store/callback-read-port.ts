/** Places of callbacks as the store has them: for whoever starts when live state is gone. */
import type { CallbackRecord } from './call-record-port.js';

export interface CallbackReadPort {
  /**
   * Who is still to be called back, longest waiting first.
   * @param home service address that their calls came to
   * @param beforeWallMs only what was written before, ms of the wall clock
   * @throws STORE_AWAY, STORE_NO_LEADER, STORE_NO_TABLES, STORE_REFUSED
   */
  findCallbacks(home: string, beforeWallMs: number): Promise<readonly CallbackRecord[]>;
}
