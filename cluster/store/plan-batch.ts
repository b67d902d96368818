/** Which entries go into the store together, and what a refusal of the store means. Pure. */
import { describeErrorChain, isOperatingError } from '../base/errors.js';
import type { JournalledEntry, OutboxEntry } from './journal-line.js';
import type { Statement } from './store-port.js';

/** @throws for an entry that nobody can make statements of */
export type PlanStatements = (entry: OutboxEntry) => readonly Statement[];

export interface BatchLimits {
  readonly statementsMax: number;
  /** Of the request's JSON. */
  readonly bytesMax: number;
}

export interface PlannedEntry {
  readonly entry: JournalledEntry;
  readonly statements: readonly Statement[];
  /** Why there are no statements. */
  readonly problem: string | undefined;
}

function planEntry(entry: JournalledEntry, plan: PlanStatements): PlannedEntry {
  try {
    return { entry, statements: plan(entry), problem: undefined };
  } catch (error) {
    return { entry, statements: [], problem: describeErrorChain(error) };
  }
}

/** The entries from the first on that fit into one request; the first one always does. */
export function planBatch(
  entries: readonly JournalledEntry[],
  plan: PlanStatements,
  limits: BatchLimits,
): readonly PlannedEntry[] {
  const batch: PlannedEntry[] = [];
  let statements = 0;
  let bytes = 0;
  for (const entry of entries) {
    const planned = planEntry(entry, plan);
    statements += planned.statements.length;
    bytes += Buffer.byteLength(JSON.stringify(planned.statements));
    const isTooMuch = statements > limits.statementsMax || bytes > limits.bytesMax;
    if (isTooMuch && batch.length > 0) break;
    batch.push(planned);
  }
  return batch;
}

/**
 * away: it may have been done; the same again later. schema: tables are missing. content: the same will be refused
 * again, whenever it comes.
 */
export type StoreFailure = 'away' | 'schema' | 'content';

/** What SQLite and rqlite say when the store is ill, not the statement. */
const ILL =
  /disk is full|disk I\/O|database is locked|database table is locked|busy|readonly|out of memory|malformed|interrupted|not a database|unable to open/i;

/** Whatever is not known to pass is content: it is put aside with its reason, which is better than a queue that stands. */
export function decideFailure(error: unknown): StoreFailure {
  if (isOperatingError(error, 'STORE_NO_TABLES')) return 'schema';
  if (!isOperatingError(error, 'STORE_REFUSED')) return 'away';
  return ILL.test(String(error.details['problem'])) ? 'away' : 'content';
}
