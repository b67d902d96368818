/** Ties the book of routing versions to the store, the disk of this node, and the checks. */
import type { Clock } from '../cluster/base/clock.js';
import type { Log } from '../cluster/base/log.js';
import { RqliteCallRecords } from '../cluster/store/rqlite-call-records.js';
import { RqliteConfigurationDocuments } from '../cluster/store/rqlite-configuration-documents.js';
import { SignedFile } from '../cluster/store/signed-file.js';
import type { StorePort } from '../cluster/store/store-port.js';
import { checkTelephony } from '../firmware-config/check-telephony.js';
import { invalidDocument } from '../firmware-config/problems.js';
import type { Routing } from '../firmware-config/schema/routing.js';
import type { Telephony } from '../firmware-config/schema/telephony.js';
import type { Site } from '../firmware-config/site-nodes.js';
import { checkInWorker } from './check-routing.js';
import { RoutingBook } from './routing-book.js';

export interface OpenRoutingOptions {
  readonly given: Routing;
  readonly telephony: Telephony;
  readonly site: Site;
  /** Of this node, on the disk. */
  readonly folder: string;
  readonly store: StorePort;
  readonly onRouting: (routing: Routing) => void;
  readonly clock: Clock;
  readonly log: Log;
}

const STORE_MS_MAX = 3000;

/** @throws the system's error when the disk is ill */
export async function openRouting(options: OpenRoutingOptions): Promise<RoutingBook> {
  const { given, telephony, site, folder, store, onRouting, clock, log } = options;
  const file = await SignedFile.open(`${folder}/accepted-routing.json`, `${folder}/accepted-key.pem`);
  return new RoutingBook({
    ...{ given, file, onRouting, clock, log },
    documents: new RqliteConfigurationDocuments({ store, clock, deadlineMs: STORE_MS_MAX }),
    past: new RqliteCallRecords({ store, deadlineMs: STORE_MS_MAX }),
    check: (document) => checkInWorker({ document, telephony, site }),
    checkFit: (routing) => {
      const problems = checkTelephony(telephony, { routing, site });
      if (problems.length > 0) throw invalidDocument('routing', problems);
    },
  });
}
