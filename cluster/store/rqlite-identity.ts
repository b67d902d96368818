/** Accounts, the panels of the nodes, revocations, approvals and audit entries in the store. */
import type {
  AccountRecord,
  ApprovalRecord,
  AuditEntry,
  IdentityCopy,
  IdentityPort,
  PanelNodeRecord,
} from './identity-port.js';
import type { ReadLevel, Row, Statement, StorePort } from './store-port.js';

export interface RqliteIdentityOptions {
  readonly store: StorePort;
  /** For each request. */
  readonly deadlineMs: number;
}

/** A document as JSON, because all of it is read at once and nothing is searched for but the name. */
const ADD = 'INSERT INTO accounts (account_id, name, revision, json)';
const CONFLICT = 'ON CONFLICT DO NOTHING';

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

function auditOf(row: Row): AuditEntry {
  return {
    entryId: textOf(row['entry_id']),
    node: textOf(row['node']),
    wallMs: Number(row['wall_ms']),
    actor: textOf(row['actor']),
    action: textOf(row['action']),
    subject: textOf(row['subject']),
    outcome: textOf(row['outcome']) as AuditEntry['outcome'],
    detail: JSON.parse(textOf(row['detail'])) as AuditEntry['detail'],
  };
}

export class RqliteIdentity implements IdentityPort {
  readonly #options: RqliteIdentityOptions;

  constructor(options: RqliteIdentityOptions) {
    this.#options = options;
  }

  async readCopy(sinceWallMs: number): Promise<IdentityCopy> {
    const [accounts, nodes, revocations, approvals] = await Promise.all([
      this.#query(['SELECT json FROM accounts ORDER BY name'], 'none'),
      this.#query(['SELECT node_id, token_key, certificate FROM panel_nodes'], 'none'),
      this.#query(['SELECT * FROM session_revocations WHERE before_wall_ms >= ?', sinceWallMs], 'none'),
      this.#query(['SELECT json FROM approvals WHERE requested_wall_ms >= ?', sinceWallMs], 'none'),
    ]);
    return {
      accounts: accounts.map((row) => JSON.parse(textOf(row['json'])) as AccountRecord),
      nodes: nodes.map((row) => ({
        nodeId: textOf(row['node_id']),
        tokenKey: textOf(row['token_key']),
        certificate: textOf(row['certificate']),
      })),
      revocations: revocations.map((row) => ({
        subject: textOf(row['subject']),
        beforeWallMs: Number(row['before_wall_ms']),
      })),
      approvals: approvals.map((row) => JSON.parse(textOf(row['json'])) as ApprovalRecord),
    };
  }

  async addFirst(account: AccountRecord): Promise<boolean> {
    const { accountId, name, revision } = account;
    const select = 'SELECT ?, ?, ?, ? WHERE NOT EXISTS (SELECT 1 FROM accounts)';
    await this.#execute([
      [`${ADD} ${select} ${CONFLICT}`, accountId, name, revision, JSON.stringify(account)],
    ]);
    return this.#has(account);
  }

  async add(account: AccountRecord): Promise<boolean> {
    const { accountId, name, revision } = account;
    await this.#execute([
      [`${ADD} VALUES (?, ?, ?, ?) ${CONFLICT}`, accountId, name, revision, JSON.stringify(account)],
    ]);
    return this.#has(account);
  }

  async replace(account: AccountRecord): Promise<boolean> {
    const { accountId, revision } = account;
    const sql = 'UPDATE accounts SET revision = ?, json = ? WHERE account_id = ? AND revision = ?';
    await this.#execute([[sql, revision, JSON.stringify(account), accountId, revision - 1]]);
    return this.#has(account);
  }

  async putNode({ nodeId, tokenKey, certificate }: PanelNodeRecord): Promise<void> {
    const sql = `INSERT INTO panel_nodes (node_id, token_key, certificate) VALUES (?, ?, ?)
      ON CONFLICT (node_id) DO UPDATE SET token_key = excluded.token_key, certificate = excluded.certificate`;
    await this.#execute([[sql, nodeId, tokenKey, certificate]]);
  }

  async findAudit(beforeWallMs: number, limit: number): Promise<readonly AuditEntry[]> {
    const sql = 'SELECT * FROM panel_audit WHERE wall_ms < ? ORDER BY wall_ms DESC, entry_id DESC LIMIT ?';
    return (await this.#query([sql, beforeWallMs, limit], 'none')).map(auditOf);
  }

  /** The answer to a write does not say what it did, and the write may have been repeated: what counts is what is there. */
  async #has(account: AccountRecord): Promise<boolean> {
    const [row] = await this.#query(
      ['SELECT json FROM accounts WHERE account_id = ?', account.accountId],
      'weak',
    );
    return row?.['json'] === JSON.stringify(account);
  }

  #execute(statements: readonly Statement[]): Promise<void> {
    return this.#options.store.execute(statements, this.#options.deadlineMs);
  }

  #query(statement: Statement, level: ReadLevel): Promise<readonly Row[]> {
    return this.#options.store.query(statement, level, this.#options.deadlineMs);
  }
}
