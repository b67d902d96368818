/** Outbox, writer and call records of one process, wired as in the product. */
import type { Clock } from '../../../cluster/base/clock.js';
import type { Log } from '../../../cluster/base/log.js';
import type { Rng } from '../../../cluster/base/rng.js';
import { BatchingWriter } from '../../../cluster/store/batching-writer.js';
import { DiskJournalFiles } from '../../../cluster/store/journal-files.js';
import { applyMigrations } from '../../../cluster/store/migrations.js';
import { OutboxCallRecords } from '../../../cluster/store/outbox-call-records.js';
import { Outbox } from '../../../cluster/store/outbox.js';
import { planCallStatements } from '../../../cluster/store/plan-call-statements.js';
import { RefusedFile } from '../../../cluster/store/refused-file.js';
import type { StorePort } from '../../../cluster/store/store-port.js';

export interface CallRecordParts {
  readonly outbox: Outbox;
  readonly writer: BatchingWriter;
  readonly records: OutboxCallRecords;
}

export async function openCallRecords(options: {
  readonly folder: string;
  readonly store: StorePort;
  readonly clock: Clock;
  readonly log: Log;
  readonly rng: Rng;
}): Promise<CallRecordParts> {
  const { folder, store, clock, log, rng } = options;
  const files = new DiskJournalFiles(folder);
  const outbox = await Outbox.open({ files, clock, log, segmentBytesMax: 256 * 1024 });
  const migrate = async (): Promise<void> => {
    await applyMigrations(store, { nowWallMs: clock.wallMs(), deadlineMs: 2000 });
  };
  const writer = new BatchingWriter({
    ...{ outbox, store, migrate, clock, rng, log, delayMsMax: 500 },
    plan: planCallStatements,
    refused: new RefusedFile(files),
  });
  return { outbox, writer, records: new OutboxCallRecords({ outbox, node: 'a', clock, log }) };
}
