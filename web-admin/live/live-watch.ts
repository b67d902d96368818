/**
 * Follows this node's call control and report, and the panels of the other nodes. Nothing that it asks can slow a call:
 * one question at a time, each with a deadline, seldom while nobody looks.
 */
import type { Clock, Timer } from '../../cluster/base/clock.js';
import type { Log } from '../../cluster/base/log.js';
import type { SiteDocument } from '../../firmware-config/schema/site.js';
import type { IdentityBook } from '../identity/identity-book.js';
import type { StatusSourcePort } from '../status-source.js';
import type { Directory } from './directory.js';
import { describeSite, type LivePicture, type SeenNode } from './live-picture.js';
import type { ControlSnapshot, NodeSnapshot } from './node-snapshot.js';

/** The orders and questions of this node's processes. */
export interface OrdersPort {
  /** @throws the process's OperatingError, RPC_UNREACHABLE, RPC_NO_ANSWER */
  ask(
    service: 'calls' | 'node',
    method: string,
    params?: Readonly<Record<string, unknown>>,
  ): Promise<unknown>;
}

/** The panels of the other nodes. */
export interface PeersPort {
  /** Rejects when the panel does not answer, or is not the one that it should be. */
  snapshot(nodeId: string): Promise<NodeSnapshot>;
  order(
    nodeId: string,
    service: 'calls' | 'node',
    method: string,
    params: Readonly<Record<string, unknown>>,
  ): Promise<unknown>;
}

export interface LiveWatchOptions {
  readonly site: SiteDocument;
  readonly node: string;
  readonly orders: OrdersPort;
  readonly peers: PeersPort;
  readonly status: StatusSourcePort;
  readonly book: IdentityBook;
  readonly clock: Clock;
  readonly log: Log;
}

const WATCHED_MS = 300;
const UNWATCHED_MS = 2000;
const DIRECTORY_MS = 5000;
/** A panel that misses one question has only been slow. */
const MISSES_MAX = 2;

const NO_DIRECTORY: Directory = {
  departments: [],
  seats: [],
  callTakers: [],
  trunks: [],
  reasons: [],
  dispositions: [],
};

export class LiveWatch {
  readonly #options: LiveWatchOptions;
  readonly #seen = new Map<string, SeenNode>();
  readonly #misses = new Map<string, number>();
  readonly #listeners = new Set<(picture: LivePicture) => void>();
  readonly #timers = new Map<string, Timer>();
  #directory = NO_DIRECTORY;
  #directoryAtMs = -Infinity;
  #isStopped = false;

  constructor(options: LiveWatchOptions) {
    this.#options = options;
  }

  start(): void {
    const { site, node } = this.#options;
    void this.#follow(node, () => this.snapshot());
    for (const { id, role } of site.nodes)
      if (id !== node && role === 'full') void this.#follow(id, () => this.#options.peers.snapshot(id));
  }

  stop(): void {
    this.#isStopped = true;
    for (const timer of this.#timers.values()) timer.cancel();
  }

  get directory(): Directory {
    return this.#directory;
  }

  picture(): LivePicture {
    const { site, node, clock } = this.#options;
    const { departments, trunks } = this.#directory;
    const lines = trunks.reduce((sum, { callsMax }) => sum + callsMax, 0);
    return describeSite({
      ...{ site, node, seen: this.#seen, nowWallMs: clock.wallMs() },
      departmentIds: departments.map(({ id }) => id),
      trunkLines: trunks.length === 0 ? undefined : lines,
    });
  }

  /** @returns how to stop listening */
  onChange(listener: (picture: LivePicture) => void): () => void {
    this.#listeners.add(listener);
    if (this.#listeners.size === 1) this.#hurry();
    return () => this.#listeners.delete(listener);
  }

  /** This node alone. Never rejects. */
  async snapshot(): Promise<NodeSnapshot> {
    const { node, status, book, clock } = this.#options;
    const [report, control] = await Promise.all([status.read(), this.#findControl()]);
    const { approvals, revocations } = book;
    return { nodeId: node, atWallMs: clock.wallMs(), report, control, approvals, revocations };
  }

  /** Which node has the call now. */
  nodeOfCall(callId: string): string | undefined {
    for (const [id, { snapshot }] of this.#seen)
      if (snapshot.control?.calls.some((one) => one.callId === callId) === true) return id;
    return undefined;
  }

  async #findControl(): Promise<ControlSnapshot | null> {
    const { orders, clock } = this.#options;
    try {
      const [status, calls, seats, trunks, queue] = await Promise.all(
        ['status', 'calls', 'seats', 'trunks', 'queue'].map((method) => orders.ask('calls', method)),
      );
      if (clock.monotonicMs() - this.#directoryAtMs > DIRECTORY_MS) await this.#readDirectory();
      return { status, calls, seats, trunks, queue } as ControlSnapshot;
    } catch {
      // It is restarting or gone: the picture says so, and the log of the node service why.
      return null;
    }
  }

  async #readDirectory(): Promise<void> {
    const { orders, clock } = this.#options;
    this.#directory = (await orders.ask('calls', 'directory')) as Directory;
    this.#directoryAtMs = clock.monotonicMs();
  }

  async #follow(id: string, ask: () => Promise<NodeSnapshot>): Promise<void> {
    await this.#look(id, ask);
    if (this.#isStopped) return;
    const delayMs = this.#listeners.size > 0 ? WATCHED_MS : UNWATCHED_MS;
    this.#timers.set(
      id,
      this.#options.clock.schedule(delayMs, () => {
        // What is under way has no timer, and is not begun a second time.
        this.#timers.delete(id);
        void this.#follow(id, ask);
      }),
    );
  }

  async #look(id: string, ask: () => Promise<NodeSnapshot>): Promise<void> {
    const { clock, book } = this.#options;
    try {
      const snapshot = await ask();
      this.#seen.set(id, { snapshot, seenWallMs: clock.wallMs(), isAnswering: true });
      this.#misses.set(id, 0);
      if (id !== this.#options.node) book.learn(snapshot);
    } catch (error) {
      this.#noteMiss(id, error);
    }
    this.#tell();
  }

  #noteMiss(id: string, error: unknown): void {
    const misses = (this.#misses.get(id) ?? 0) + 1;
    this.#misses.set(id, misses);
    const before = this.#seen.get(id);
    if (misses < MISSES_MAX) return;
    if (misses === MISSES_MAX)
      this.#options.log.warn({ err: error, peer: id }, 'panel of a node does not answer');
    if (before !== undefined) this.#seen.set(id, { ...before, isAnswering: false });
  }

  #tell(): void {
    if (this.#listeners.size === 0) return;
    const picture = this.picture();
    for (const listener of this.#listeners) listener(picture);
  }

  /** Somebody looks now: what waits for its slow turn is asked at once. */
  #hurry(): void {
    const { node, peers } = this.#options;
    const waiting = [...this.#timers];
    this.#timers.clear();
    for (const [id, timer] of waiting) {
      timer.cancel();
      void this.#follow(id, id === node ? () => this.snapshot() : () => peers.snapshot(id));
    }
  }
}
