/** The way of call records into the store: journal on this node's disk, one writer, whichever store answers. */
import type { Clock } from '../cluster/base/clock.js';
import type { Log } from '../cluster/base/log.js';
import type { Rng } from '../cluster/base/rng.js';
import { BatchingWriter, type Backlog } from '../cluster/store/batching-writer.js';
import type { CallbackReadPort } from '../cluster/store/callback-read-port.js';
import { FailoverStore } from '../cluster/store/failover-store.js';
import { DiskJournalFiles } from '../cluster/store/journal-files.js';
import { applyMigrations } from '../cluster/store/migrations.js';
import { Outbox } from '../cluster/store/outbox.js';
import { OutboxCallRecords } from '../cluster/store/outbox-call-records.js';
import type { OutboxStatus } from '../cluster/store/outbox-port.js';
import { planCallStatements } from '../cluster/store/plan-call-statements.js';
import { RefusedFile } from '../cluster/store/refused-file.js';
import type { StorePort } from '../cluster/store/store-port.js';
import { RqliteCallbacks } from '../cluster/store/rqlite-callbacks.js';
import { RqliteClient } from '../cluster/store/rqlite-client.js';

export interface OpenRecordsOptions {
  readonly node: string;
  readonly folder: string;
  /** Of the nodes with a store, this one first. */
  readonly storeHosts: readonly [string, ...string[]];
  readonly storePort: number;
  readonly clock: Clock;
  readonly rng: Rng;
  readonly log: Log;
}

export interface OpenedRecords {
  readonly records: OutboxCallRecords;
  /** Whichever answers, this node's first. */
  readonly store: StorePort;
  readonly callbacks: CallbackReadPort;
  status(): { readonly backlog: Backlog; readonly journal: OutboxStatus };
  stop(): Promise<void>;
}

const MIGRATION_MS = 5000;
const QUERY_MS = 3000;
/** Nobody waits for a record; a request for each call would cost every voter a write to its disk. */
const GATHER_MS = 500;

/** Waits for the disk of this node, never for a store. */
export async function openRecords(options: OpenRecordsOptions): Promise<OpenedRecords> {
  const { node, folder, storeHosts, storePort: port, clock, rng, log } = options;
  const files = new DiskJournalFiles(folder);
  const outbox = await Outbox.open({ files, clock, log });
  const [own, ...others] = storeHosts.map((host) => new RqliteClient({ host, port, clock }));
  const store = new FailoverStore({ stores: [own as RqliteClient, ...others], clock });
  const writer = new BatchingWriter({
    ...{ outbox, store, clock, rng, log },
    plan: planCallStatements,
    migrate: async () => {
      await applyMigrations(store, { nowWallMs: clock.wallMs(), deadlineMs: MIGRATION_MS });
    },
    refused: new RefusedFile(files),
    gatherMs: GATHER_MS,
  });
  const records = new OutboxCallRecords({ outbox, node, clock, log });
  writer.start();
  return {
    ...{ records, store },
    callbacks: new RqliteCallbacks({ store, deadlineMs: QUERY_MS }),
    status: () => ({ backlog: writer.backlog(), journal: outbox.status() }),
    stop: async () => {
      await writer.stop();
      await outbox.close();
    },
  };
}
