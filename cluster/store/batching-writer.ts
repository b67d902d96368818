/**
 * The one writer of a node into the store: takes entries of the outbox in their order, many in one transaction, and
 * acknowledges them when they are there. A request without an answer may have been done, so the same statements are
 * sent again until there is one: every statement has to be harmless when it comes twice, or late.
 *
 * Must never: leave an entry out that the store could take, or let one that it will never take stop the others.
 */
import type { Clock } from '../base/clock.js';
import { describeErrorChain } from '../base/errors.js';
import type { Log } from '../base/log.js';
import { retry } from '../base/retry.js';
import type { Rng } from '../base/rng.js';
import type { JournalledEntry } from './journal-line.js';
import type { Outbox } from './outbox.js';
import type { OutboxStatus } from './outbox-port.js';
import { decideFailure, planBatch, type PlannedEntry, type PlanStatements } from './plan-batch.js';
import type { RefusedFile } from './refused-file.js';
import type { Statement, StorePort } from './store-port.js';

export interface BatchingWriterOptions {
  readonly outbox: Outbox;
  readonly store: StorePort;
  readonly plan: PlanStatements;
  /** Makes the tables; before the first write, and when the store says that one is missing. */
  readonly migrate: () => Promise<void>;
  readonly refused: RefusedFile;
  readonly clock: Clock;
  readonly rng: Rng;
  readonly log: Log;
  /** Default 200. */
  readonly statementsMax?: number;
  /** Default 128 KiB. */
  readonly bytesMax?: number;
  /** For one request. Default 3000: an election takes about a second. */
  readonly deadlineMs?: number;
  /** Between two requests, so that many entries share one. Default 0. */
  readonly gatherMs?: number;
  /** First pause after a failure, doubled up to the maximum, with full jitter. Default 100. */
  readonly delayMs?: number;
  /** Default 5000. */
  readonly delayMsMax?: number;
}

export interface Backlog extends Pick<OutboxStatus, 'entries' | 'bytes' | 'oldestAgeMs'> {
  /** The last request was answered. */
  readonly isStoreReachable: boolean;
  /** Of the last failure; undefined once something was written again. */
  readonly lastError: string | undefined;
  /** Entries that the store will never take, since the start. */
  readonly refused: number;
  /** Of these, not on the disk: the process that dies loses them. */
  readonly refusedUndurable: number;
}

const DEFAULTS = {
  statementsMax: 200,
  bytesMax: 128 * 1024,
  deadlineMs: 3000,
  gatherMs: 0,
  delayMs: 100,
  delayMsMax: 5000,
};

export class BatchingWriter {
  readonly #options: BatchingWriterOptions & typeof DEFAULTS;
  #isStoreReachable = false;
  #lastError: string | undefined;
  #stopping: AbortController | undefined;
  #running: Promise<void> = Promise.resolve();
  #wake: () => void = () => undefined;
  /** The outbox has said something since it was asked last. */
  #hasNews = false;

  constructor(options: BatchingWriterOptions) {
    this.#options = { ...DEFAULTS, ...options };
  }

  /**
   * Begins to write, and goes on until `stop`. Not before the generations of now are known: an old journal must not be
   * told as news (continuity rule 15).
   */
  start(): void {
    if (this.#stopping !== undefined) return;
    this.#stopping = new AbortController();
    this.#options.outbox.onReady(() => {
      this.#hasNews = true;
      this.#wake();
    });
    this.#running = this.#run(this.#stopping.signal);
  }

  /** What is not written stays in the outbox. */
  async stop(): Promise<void> {
    this.#stopping?.abort(new Error('the writer is stopped'));
    this.#wake();
    await this.#running;
    this.#stopping = undefined;
    await this.#options.refused.close();
  }

  backlog(): Backlog {
    const { outbox, refused } = this.#options;
    const { entries, bytes, oldestAgeMs } = outbox.status();
    return {
      ...{ entries, bytes, oldestAgeMs },
      isStoreReachable: this.#isStoreReachable,
      lastError: this.#lastError,
      refused: refused.count,
      refusedUndurable: refused.undurable,
    };
  }

  async #run(signal: AbortSignal): Promise<void> {
    try {
      await this.#keepTrying('making the tables', () => this.#migrate(), signal);
      while (!signal.aborted) {
        await this.#turn(signal);
        if (this.#options.gatherMs > 0) await this.#options.clock.sleep(this.#options.gatherMs, signal);
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  async #turn(signal: AbortSignal): Promise<void> {
    const { outbox, plan, statementsMax, bytesMax } = this.#options;
    const next = (): Promise<readonly JournalledEntry[]> => outbox.take(statementsMax, bytesMax);
    this.#hasNews = false;
    // A disk that does not give back what it has is waited for like the store.
    const entries = await this.#keepTrying('reading the journal', next, signal);
    if (entries.length === 0) {
      await this.#whenNews(signal);
      return;
    }
    const batch = planBatch(entries, plan, { statementsMax, bytesMax });
    await this.#writeBatch(batch, signal);
    outbox.acknowledge(batch.at(-1)?.entry.seq ?? 0);
  }

  #whenNews(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
      if (signal.aborted || this.#hasNews) resolve();
    });
  }

  async #writeBatch(batch: readonly PlannedEntry[], signal: AbortSignal): Promise<void> {
    const { refused } = this.#options;
    const writable = batch.filter(({ problem }) => problem === undefined);
    for (const { entry, problem } of batch) if (problem !== undefined) await this.#putAside(entry, problem);
    const problem = await this.#write(
      writable.flatMap(({ statements }) => statements),
      signal,
    );
    if (problem === undefined) {
      await refused.flush().catch(() => undefined);
      return;
    }
    const [only] = writable;
    if (writable.length === 1 && only !== undefined) await this.#putAside(only.entry, problem);
    // The transaction was taken back as a whole: each by itself shows who it was.
    else for (const one of writable) await this.#writeBatch([one], signal);
  }

  async #migrate(): Promise<void> {
    await this.#options.migrate();
    this.#onAnswer();
  }

  /** @returns why the store will never take it; undefined: it has */
  async #write(statements: readonly Statement[], signal: AbortSignal): Promise<string | undefined> {
    if (statements.length === 0) return undefined;
    let hasMigrated = false;
    const attempt = async (): Promise<string | undefined> => {
      const error = await this.#findFailure(statements);
      if (error === undefined) return undefined;
      const failure = decideFailure(error);
      if (failure === 'away') throw error;
      if (failure === 'content' || hasMigrated) return describeErrorChain(error);
      await this.#migrate();
      hasMigrated = true;
      return attempt();
    };
    return this.#keepTrying('writing to the store', attempt, signal);
  }

  async #findFailure(statements: readonly Statement[]): Promise<Error | undefined> {
    const { store, deadlineMs } = this.#options;
    try {
      await store.execute(statements, deadlineMs);
      this.#onAnswer();
      return undefined;
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  }

  async #putAside(entry: JournalledEntry, reason: string): Promise<void> {
    const { refused, log } = this.#options;
    log.error({ seq: entry.seq, kind: entry.kind, reason }, 'the store refuses an entry, it is put aside');
    try {
      await refused.add(entry, reason);
    } catch (error) {
      log.error({ err: error, seq: entry.seq }, 'the refused entry is in memory only');
    }
  }

  /** @throws only when the writer is stopped */
  #keepTrying<T>(what: string, act: () => Promise<T>, signal: AbortSignal): Promise<T> {
    const { clock, rng, delayMs, delayMsMax } = this.#options;
    const attempt = (): Promise<T> =>
      act().catch((error: unknown) => {
        this.#onFailure(what, error);
        throw error;
      });
    return retry(attempt, {
      ...{ what, clock, rng, delayMs, delayMsMax, signal },
      deadlineMs: Infinity,
      attemptsMax: Infinity,
      isRetryable: () => true,
    });
  }

  #onFailure(what: string, error: unknown): void {
    const { log, outbox } = this.#options;
    this.#isStoreReachable = false;
    const isFirst = this.#lastError === undefined;
    this.#lastError = `${what}: ${describeErrorChain(error)}`;
    if (isFirst)
      log.warn({ err: error, what, entries: outbox.status().entries }, 'entries wait for the store');
  }

  #onAnswer(): void {
    const { log, outbox } = this.#options;
    if (this.#lastError !== undefined)
      log.info({ entries: outbox.status().entries }, 'the store takes entries again');
    this.#isStoreReachable = true;
    this.#lastError = undefined;
  }
}
