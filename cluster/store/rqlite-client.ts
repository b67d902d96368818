/**
 * One rqlited, by its HTTP interface. The only file that knows the package rqlite-js.
 *
 * Of the package only the inherited `fetch` is used: its own query and execute drop most options and repeat a POST
 * after a reset, which writes twice (measured). Repeating is for whoever knows that the statement is idempotent.
 */
import { DataApiClient } from 'rqlite-js';
import type { Clock } from '../base/clock.js';
import { clusterErrors } from '../errors.js';
import { refusalOf } from './refusal.js';
import type { ReadLevel, Row, Statement, StorePort } from './store-port.js';

export interface RaftStatus {
  readonly nodeId: string;
  /** Leader, Follower, Candidate, Shutdown. */
  readonly state: string;
  readonly term: number;
  /** Empty while there is none. */
  readonly leaderId: string;
  readonly appliedIndex: number;
}

export interface RqliteClientOptions {
  readonly host: string;
  readonly port: number;
  readonly clock: Clock;
}

type Fields = Readonly<Record<string, unknown>>;

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** At the beginning only: a column of which something is wrong may have such a name, too. */
const WITHOUT_LEADER = /^(not leader|leadership lost|leader not found|not current|timeout)/i;
const STATEMENT_CHARACTERS_MAX = 100;

/** Enough to know it by. */
function shortened(sql: string): string {
  return sql.length <= STATEMENT_CHARACTERS_MAX ? sql : `${sql.slice(0, STATEMENT_CHARACTERS_MAX)}...`;
}

interface Request {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly query?: Fields;
  readonly body?: unknown;
  readonly deadlineMs: number;
}

export class RqliteClient implements StorePort {
  readonly #options: RqliteClientOptions;
  readonly #client: DataApiClient;

  constructor(options: RqliteClientOptions) {
    this.#options = options;
    this.#client = new DataApiClient(`http://${options.host}:${String(options.port)}`);
  }

  async execute(statements: readonly Statement[], deadlineMs: number): Promise<void> {
    const query = { transaction: true };
    const body = await this.#ask({ method: 'POST', path: 'db/execute', query, body: statements, deadlineMs });
    this.#resultsOf(body, statements);
  }

  async query(statement: Statement, level: ReadLevel, deadlineMs: number): Promise<readonly Row[]> {
    const query = { level, associative: true };
    const body = await this.#ask({ method: 'POST', path: 'db/query', query, body: [statement], deadlineMs });
    const [result] = this.#resultsOf(body, [statement]);
    const rows = result?.['rows'];
    return Array.isArray(rows) ? (rows as Row[]) : [];
  }

  /** True when the node has a leader and has caught up with it. */
  async isReady(deadlineMs: number): Promise<boolean> {
    try {
      await this.#ask({ method: 'GET', path: 'readyz', query: { sync: true }, deadlineMs });
      return true;
    } catch {
      return false;
    }
  }

  /** @throws STORE_AWAY */
  async raftStatus(deadlineMs: number): Promise<RaftStatus> {
    const body = fieldsOf(await this.#ask({ method: 'GET', path: 'status', deadlineMs }));
    const store = fieldsOf(body['store']);
    const raft = fieldsOf(store['raft']);
    return {
      nodeId: textOf(store['node_id']),
      state: textOf(raft['state']),
      term: Number(raft['term'] ?? 0),
      leaderId: textOf(fieldsOf(store['leader'])['node_id']),
      appliedIndex: Number(raft['applied_index'] ?? 0),
    };
  }

  /**
   * One result per statement, or it is none. What goes wrong with the request (the leader is lost, the way to it is cut)
   * is told with status 200 as an error beside an empty list (measured with 8.26.8, leader killed under load): whether it
   * was done is unknown. Only an error inside a result is about its statement.
   */
  #resultsOf(body: unknown, statements: readonly Statement[]): readonly Fields[] {
    const { results, error } = fieldsOf(body);
    if (error !== undefined) throw this.#unknown(textOf(error));
    const list = Array.isArray(results) ? results.map(fieldsOf) : [];
    const failed = list.findIndex((result) => result['error'] !== undefined);
    if (failed >= 0) throw this.#refused(statements[failed], textOf(list[failed]?.['error']));
    if (list.length !== statements.length) throw this.#away('the answer has not one result per statement');
    return list;
  }

  /** Of another node that was asked on our behalf, the last part tells. */
  #unknown(problem: string): Error {
    return WITHOUT_LEADER.test(problem.replace(/^.*: /, ''))
      ? this.#noLeader(new Error(problem))
      : this.#away(problem);
  }

  #refused(statement: Statement | undefined, problem: string): Error {
    if (WITHOUT_LEADER.test(problem)) return this.#noLeader(new Error(problem));
    return refusalOf(shortened(statement?.[0] ?? '(any)'), problem);
  }

  async #ask(request: Request): Promise<unknown> {
    const { clock } = this.#options;
    const { method, path, query, body, deadlineMs } = request;
    const sent = this.#client.fetch({
      uri: path,
      httpMethod: method,
      ...(body === undefined ? {} : { body }),
      ...(query === undefined ? {} : { query }),
      timeout: deadlineMs,
      retries: 0,
      maxRedirects: 0,
    });
    const over = new AbortController();
    // The package's own time starts anew with each byte; this one does not.
    const tooLate = clock.sleep(deadlineMs, over.signal).then(() => {
      throw this.#away(`no answer within ${String(deadlineMs)} ms`);
    });
    const explained = sent.catch((error: unknown) => {
      throw this.#explain(error);
    });
    try {
      return (await Promise.race([explained, tooLate])).body;
    } finally {
      over.abort();
    }
  }

  #explain(error: unknown): Error {
    const response = fieldsOf(fieldsOf(error)['response']);
    const text = textOf(response['data']);
    if (response['status'] === 503 && /leader/i.test(text)) return this.#noLeader(error);
    const problem = text === '' ? (error instanceof Error ? error.message : String(error)) : text.trim();
    // A parameter that is no SQL value, a body that is no list: the whole request is refused, not one statement.
    if (response['status'] === 400)
      return clusterErrors.STORE_REFUSED({ statement: '(any)', problem }, error);
    return this.#away(problem, error);
  }

  #away(problem: string, cause?: unknown): Error {
    const { host, port } = this.#options;
    return clusterErrors.STORE_AWAY({ host, port, problem }, cause);
  }

  #noLeader(cause?: unknown): Error {
    const { host, port } = this.#options;
    return clusterErrors.STORE_NO_LEADER({ host, port }, cause);
  }
}
