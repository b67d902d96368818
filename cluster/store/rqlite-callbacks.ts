/** Places of callbacks, read out of the store. */
import type { CallbackRecord } from './call-record-port.js';
import type { CallbackReadPort } from './callback-read-port.js';
import type { Row, StorePort } from './store-port.js';

export interface RqliteCallbacksOptions {
  readonly store: StorePort;
  /** For each query. */
  readonly deadlineMs: number;
}

/** With the leader: a copy that lags would have somebody called twice. */
const LEVEL = 'weak';
const FIND =
  "SELECT * FROM queue_entries WHERE state IN ('waiting', 'calling') AND home = ? AND changed_wall_ms < ? " +
  'ORDER BY arrived_wall_ms, entry_id';

function callbackOf(row: Row): CallbackRecord {
  const trigger = row['trigger_name'];
  return {
    entryId: String(row['entry_id']),
    callId: String(row['call_id']),
    generation: Number(row['generation']),
    department: String(row['department']),
    priority: Number(row['priority']),
    skills: JSON.parse(String(row['skills'])) as readonly string[],
    trigger: typeof trigger === 'string' ? trigger : undefined,
    number: String(row['number']),
    trunkId: String(row['trunk']),
    reason: row['reason'] === 'lost' ? 'lost' : 'asked',
    home: String(row['home']),
    arrivedWallMs: Number(row['arrived_wall_ms']),
    state: row['state'] === 'calling' ? 'calling' : 'waiting',
    attempts: Number(row['attempts']),
  };
}

export class RqliteCallbacks implements CallbackReadPort {
  readonly #options: RqliteCallbacksOptions;

  constructor(options: RqliteCallbacksOptions) {
    this.#options = options;
  }

  async findCallbacks(home: string, beforeWallMs: number): Promise<readonly CallbackRecord[]> {
    const { store, deadlineMs } = this.#options;
    return (await store.query([FIND, home, Math.floor(beforeWallMs)], LEVEL, deadlineMs)).map(callbackOf);
  }
}
