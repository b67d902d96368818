/** Versions of configuration documents in the store. Every write may be sent twice. */
import { createHash } from 'node:crypto';
import type { Clock } from '../base/clock.js';
import { isOperatingError } from '../base/errors.js';
import { clusterErrors } from '../errors.js';
import type {
  ConfigurationDocumentsPort,
  DocumentVersion,
  StoredDocument,
} from './configuration-documents-port.js';
import type { ReadLevel, Row, Statement, StorePort } from './store-port.js';

export interface RqliteConfigurationDocumentsOptions {
  readonly store: StorePort;
  readonly clock: Clock;
  /** For each request. */
  readonly deadlineMs: number;
}

const ADD = `INSERT INTO configuration_documents (kind, version, sha256, json, created_by, created_wall_ms)
  SELECT ?, COALESCE(MAX(version), 0) + 1, ?, ?, ?, ? FROM configuration_documents WHERE kind = ?
  ON CONFLICT (kind, sha256) DO NOTHING`;
const ADD_FIRST = `INSERT INTO configuration_documents
  (kind, version, sha256, json, created_by, created_wall_ms, is_active, activated_by, activated_wall_ms)
  SELECT ?, 1, ?, ?, ?, ?, 1, ?, ? WHERE NOT EXISTS (SELECT 1 FROM configuration_documents WHERE kind = ?)`;
/** Only when there is something to activate instead. */
const DEACTIVATE = `UPDATE configuration_documents SET is_active = 0 WHERE kind = ? AND is_active = 1 AND version <> ?
  AND EXISTS (SELECT 1 FROM configuration_documents WHERE kind = ? AND version = ?)`;
const ACTIVATE = `UPDATE configuration_documents SET is_active = 1, activated_by = ?, activated_wall_ms = ?
  WHERE kind = ? AND version = ? AND is_active = 0`;
const PREVIOUS = `SELECT version FROM configuration_documents
  WHERE kind = ? AND is_active = 0 AND activated_wall_ms IS NOT NULL
  ORDER BY activated_wall_ms DESC, version DESC LIMIT 1`;
const BY_VERSION = 'SELECT * FROM configuration_documents WHERE kind = ? AND version = ?';

function versionOf(row: Row): DocumentVersion {
  const { kind, version, sha256, created_by, created_wall_ms, is_active, activated_by, activated_wall_ms } =
    row;
  return {
    kind: String(kind),
    version: Number(version),
    sha256: String(sha256),
    createdBy: String(created_by),
    createdWallMs: Number(created_wall_ms),
    isActive: is_active === 1,
    activatedBy: typeof activated_by === 'string' ? activated_by : null,
    activatedWallMs: typeof activated_wall_ms === 'number' ? activated_wall_ms : null,
  };
}

function documentOf(row: Row): StoredDocument {
  return { ...versionOf(row), json: String(row['json']) };
}

export class RqliteConfigurationDocuments implements ConfigurationDocumentsPort {
  readonly #options: RqliteConfigurationDocumentsOptions;

  constructor(options: RqliteConfigurationDocumentsOptions) {
    this.#options = options;
  }

  async add(kind: string, json: string, createdBy: string): Promise<DocumentVersion> {
    const sha256 = sha256Of(json);
    await this.#execute([[ADD, kind, sha256, json, createdBy, this.#wallMs(), kind]]);
    const find = 'SELECT * FROM configuration_documents WHERE kind = ? AND sha256 = ?';
    const [row] = await this.#query([find, kind, sha256], 'weak');
    if (row === undefined) throw noSuchDocument(kind, 'the one that was just added');
    return versionOf(row);
  }

  async addFirst(kind: string, json: string, createdBy: string): Promise<void> {
    const nowMs = this.#wallMs();
    const sha256 = sha256Of(json);
    await this.#execute([[ADD_FIRST, kind, sha256, json, createdBy, nowMs, createdBy, nowMs, kind]]);
  }

  async activate(kind: string, version: number, activatedBy: string): Promise<DocumentVersion> {
    await this.#execute([
      [DEACTIVATE, kind, version, kind, version],
      [ACTIVATE, activatedBy, this.#wallMs(), kind, version],
    ]);
    return versionOf(await this.#getRow(kind, version, 'weak'));
  }

  async rollBack(kind: string, activatedBy: string): Promise<DocumentVersion> {
    const [row] = await this.#query([PREVIOUS, kind], 'weak');
    if (row === undefined) throw noSuchDocument(kind, 'that was active before');
    return this.activate(kind, Number(row['version']), activatedBy);
  }

  async findActive(kind: string): Promise<StoredDocument | undefined> {
    const sql = 'SELECT * FROM configuration_documents WHERE kind = ? AND is_active = 1';
    const [row] = await this.#query([sql, kind], 'none');
    return row === undefined ? undefined : documentOf(row);
  }

  async getVersion(kind: string, version: number): Promise<StoredDocument> {
    const [row] = await this.#queryFresh([BY_VERSION, kind, version]);
    if (row === undefined) throw noSuchDocument(kind, String(version));
    return documentOf(row);
  }

  async list(kind: string): Promise<readonly DocumentVersion[]> {
    const sql = 'SELECT * FROM configuration_documents WHERE kind = ? ORDER BY version DESC';
    return (await this.#queryFresh([sql, kind])).map(versionOf);
  }

  async #getRow(kind: string, version: number, level: ReadLevel): Promise<Row> {
    const [row] = await this.#query([BY_VERSION, kind, version], level);
    if (row === undefined) throw noSuchDocument(kind, String(version));
    return row;
  }

  /** As the leader has it, so that whoever has just changed something sees it; else this node's own copy. */
  async #queryFresh(statement: Statement): Promise<readonly Row[]> {
    try {
      return await this.#query(statement, 'weak');
    } catch (error) {
      if (!isOperatingError(error) || !error.retryable) throw error;
      return this.#query(statement, 'none');
    }
  }

  #execute(statements: readonly Statement[]): Promise<void> {
    return this.#options.store.execute(statements, this.#options.deadlineMs);
  }

  #query(statement: Statement, level: ReadLevel): Promise<readonly Row[]> {
    return this.#options.store.query(statement, level, this.#options.deadlineMs);
  }

  #wallMs(): number {
    return Math.floor(this.#options.clock.wallMs());
  }
}

function sha256Of(json: string): string {
  return createHash('sha256').update(json).digest('hex');
}

function noSuchDocument(kind: string, version: string): Error {
  return clusterErrors.STORE_NO_SUCH_DOCUMENT({ kind, version });
}
