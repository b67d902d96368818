/**
 * The tables of the store, by number. Each migration is one transaction that begins with its number in schema_version: of
 * two nodes that do the same at one moment, one is refused there and has changed nothing. So any node may do it at any
 * time, also again after an answer that was lost.
 *
 * Never change a migration that was released; add one. It must leave what older programs use, because the nodes are
 * upgraded one after the other.
 */
import { isOperatingError } from '../base/errors.js';
import type { Statement, StorePort } from './store-port.js';

export interface Migration {
  readonly version: number;
  readonly statements: readonly string[];
}

const CALLS = `CREATE TABLE calls (
  call_id TEXT NOT NULL PRIMARY KEY,
  node TEXT NOT NULL DEFAULT '',
  generation INTEGER NOT NULL,
  revision INTEGER NOT NULL,
  direction TEXT NOT NULL DEFAULT '',
  caller TEXT NOT NULL DEFAULT '',
  dialled TEXT NOT NULL DEFAULT '',
  department TEXT,
  priority INTEGER NOT NULL DEFAULT 0,
  is_emergency INTEGER NOT NULL DEFAULT 0,
  opened_wall_ms INTEGER NOT NULL DEFAULT 0,
  answered_wall_ms INTEGER,
  ended_wall_ms INTEGER,
  waited_ms INTEGER,
  talked_ms INTEGER,
  seat TEXT,
  call_taker TEXT,
  end_reason TEXT,
  mos REAL,
  recording INTEGER,
  disposition TEXT,
  disposition_wall_ms INTEGER
)`;

const CALL_STEPS = `CREATE TABLE call_steps (
  call_id TEXT NOT NULL,
  step_no INTEGER NOT NULL,
  wall_ms INTEGER NOT NULL,
  kind TEXT NOT NULL,
  node TEXT NOT NULL,
  detail TEXT NOT NULL,
  PRIMARY KEY (call_id, node, step_no)
) WITHOUT ROWID`;

const TRIGGER_LOG = `CREATE TABLE trigger_log (
  trigger_id TEXT NOT NULL PRIMARY KEY,
  call_id TEXT NOT NULL,
  wall_ms INTEGER NOT NULL,
  node TEXT NOT NULL,
  input TEXT NOT NULL,
  word TEXT NOT NULL,
  source TEXT NOT NULL,
  confidence REAL NOT NULL,
  reason TEXT NOT NULL,
  outcome TEXT NOT NULL,
  undone_wall_ms INTEGER
)`;

const QUEUE_ENTRIES = `CREATE TABLE queue_entries (
  entry_id TEXT NOT NULL PRIMARY KEY,
  call_id TEXT NOT NULL,
  node TEXT NOT NULL,
  generation INTEGER NOT NULL,
  revision INTEGER NOT NULL,
  department TEXT NOT NULL,
  priority INTEGER NOT NULL,
  number TEXT NOT NULL,
  arrived_wall_ms INTEGER NOT NULL,
  state TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  changed_wall_ms INTEGER NOT NULL
)`;

const CONFIGURATION_DOCUMENTS = `CREATE TABLE configuration_documents (
  kind TEXT NOT NULL,
  version INTEGER NOT NULL,
  sha256 TEXT NOT NULL,
  json TEXT NOT NULL,
  created_by TEXT NOT NULL,
  created_wall_ms INTEGER NOT NULL,
  is_active INTEGER NOT NULL DEFAULT 0,
  activated_by TEXT,
  activated_wall_ms INTEGER,
  PRIMARY KEY (kind, version),
  UNIQUE (kind, sha256)
)`;

const PANEL_AUDIT = `CREATE TABLE panel_audit (
  entry_id TEXT NOT NULL PRIMARY KEY,
  node TEXT NOT NULL,
  wall_ms INTEGER NOT NULL,
  actor TEXT NOT NULL,
  action TEXT NOT NULL,
  subject TEXT NOT NULL,
  outcome TEXT NOT NULL,
  detail TEXT NOT NULL
)`;

/** Who may use the panel. */
const IDENTITY = [
  `CREATE TABLE accounts (
  account_id TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  revision INTEGER NOT NULL,
  json TEXT NOT NULL
)`,
  `CREATE TABLE panel_nodes (
  node_id TEXT NOT NULL PRIMARY KEY,
  token_key TEXT NOT NULL,
  certificate TEXT NOT NULL
)`,
  'CREATE TABLE session_revocations (subject TEXT NOT NULL PRIMARY KEY, before_wall_ms INTEGER NOT NULL)',
  `CREATE TABLE approvals (
  approval_id TEXT NOT NULL PRIMARY KEY,
  revision INTEGER NOT NULL,
  requested_wall_ms INTEGER NOT NULL,
  json TEXT NOT NULL
)`,
  'CREATE INDEX approvals_requested ON approvals (requested_wall_ms)',
  PANEL_AUDIT,
  'CREATE INDEX panel_audit_time ON panel_audit (wall_ms)',
];

export const MIGRATIONS: readonly Migration[] = [
  {
    version: 1,
    statements: [
      CALLS,
      'CREATE INDEX calls_opened ON calls (opened_wall_ms)',
      'CREATE INDEX calls_open ON calls (opened_wall_ms) WHERE ended_wall_ms IS NULL',
      CALL_STEPS,
      TRIGGER_LOG,
      'CREATE INDEX trigger_log_call ON trigger_log (call_id)',
      'CREATE INDEX trigger_log_time ON trigger_log (wall_ms)',
      QUEUE_ENTRIES,
      'CREATE INDEX queue_entries_state ON queue_entries (state, arrived_wall_ms)',
      CONFIGURATION_DOCUMENTS,
      'CREATE UNIQUE INDEX configuration_active ON configuration_documents (kind) WHERE is_active = 1',
    ],
  },
  { version: 2, statements: IDENTITY },
  // What it takes to go on with a place when live state is gone. Older places have no home: nobody goes on with them.
  {
    version: 3,
    statements: [
      "ALTER TABLE queue_entries ADD COLUMN home TEXT NOT NULL DEFAULT ''",
      "ALTER TABLE queue_entries ADD COLUMN trunk TEXT NOT NULL DEFAULT ''",
      "ALTER TABLE queue_entries ADD COLUMN reason TEXT NOT NULL DEFAULT 'asked'",
      "ALTER TABLE queue_entries ADD COLUMN skills TEXT NOT NULL DEFAULT '[]'",
      'ALTER TABLE queue_entries ADD COLUMN trigger_name TEXT',
    ],
  },
];

const SCHEMA_VERSION =
  'CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL PRIMARY KEY, applied_wall_ms INTEGER NOT NULL)';

/** Pure. */
export function planMigration({ version, statements }: Migration, nowWallMs: number): readonly Statement[] {
  return [
    [SCHEMA_VERSION],
    ['INSERT INTO schema_version (version, applied_wall_ms) VALUES (?, ?)', version, Math.floor(nowWallMs)],
    ...statements.map((sql): Statement => [sql]),
  ];
}

/** Two began at one moment. */
function isMadeByOther(error: unknown): boolean {
  const problem = isOperatingError(error, 'STORE_REFUSED') ? String(error.details['problem']) : '';
  return problem.includes('UNIQUE constraint failed: schema_version');
}

/** The highest version that the leader's store has; 0: none. @throws STORE_AWAY, STORE_NO_LEADER, STORE_REFUSED */
async function readVersion(store: StorePort, deadlineMs: number): Promise<number> {
  try {
    const [row] = await store.query(
      ['SELECT MAX(version) AS version FROM schema_version'],
      'weak',
      deadlineMs,
    );
    return Number(row?.['version'] ?? 0);
  } catch (error) {
    if (isOperatingError(error, 'STORE_NO_TABLES')) return 0;
    throw error;
  }
}

/**
 * @param options.deadlineMs for each request
 * @returns the version that the store has now; it may be a later one than this program knows
 * @throws STORE_AWAY, STORE_NO_LEADER: try again; STORE_REFUSED: the migration is wrong
 */
export async function applyMigrations(
  store: StorePort,
  options: {
    readonly nowWallMs: number;
    readonly deadlineMs: number;
    readonly migrations?: readonly Migration[];
  },
): Promise<number> {
  const { nowWallMs, deadlineMs, migrations = MIGRATIONS } = options;
  let version = await readVersion(store, deadlineMs);
  for (const migration of migrations) {
    if (migration.version <= version) continue;
    try {
      await store.execute(planMigration(migration, nowWallMs), deadlineMs);
    } catch (error) {
      // Another node was quicker, or an earlier attempt had succeeded after all.
      if (!isMadeByOther(error)) throw error;
    }
    version = migration.version;
  }
  return version;
}
