/** What is asked of a store: one node's rqlited, or whichever of several answers. */

export type SqlValue = string | number | boolean | null;
/** SQL with `?` for each parameter. */
export type Statement = readonly [sql: string, ...parameters: readonly SqlValue[]];
/** A row by column. Integers beyond 2^53 lose digits on the way: keep ids as text. */
export type Row = Readonly<Record<string, unknown>>;
/** none: this node's own copy, however old. weak: the leader's. strong: through the log, proven to be current. */
export type ReadLevel = 'none' | 'weak' | 'strong';

export interface StorePort {
  /**
   * Writes all statements in one transaction. When it fails with STORE_AWAY or STORE_NO_LEADER it may have been done.
   * @throws STORE_AWAY, STORE_NO_LEADER, STORE_NO_TABLES, STORE_REFUSED
   */
  execute(statements: readonly Statement[], deadlineMs: number): Promise<void>;
  /** @throws STORE_AWAY, STORE_NO_LEADER, STORE_NO_TABLES, STORE_REFUSED */
  query(statement: Statement, level: ReadLevel, deadlineMs: number): Promise<readonly Row[]>;
}
