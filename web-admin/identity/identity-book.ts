/**
 * The last known copy of accounts, panels, revocations and approvals: in memory, in a file of this node, and followed
 * from the store every two seconds. Whoever logs in or acts is judged by it, so that it works with no quorum, and after
 * a restart with no store at all (continuity rule 20).
 *
 * Invariant: what was changed, revoked or decided here is never forgotten because the store does not have it yet.
 */
import { isOperatingError } from '../../cluster/base/errors.js';
import type { Clock, Timer } from '../../cluster/base/clock.js';
import type { Log } from '../../cluster/base/log.js';
import type {
  AccountRecord,
  ApprovalRecord,
  IdentityCopy,
  IdentityPort,
  PanelNodeRecord,
  Revocation,
} from '../../cluster/store/identity-port.js';

/** Where the copy is kept; the file holds hashes of passwords, and its mode says so. */
export interface CopyFilePort {
  /** Undefined: there is none that can be read. */
  read(): Promise<IdentityCopy | undefined>;
  write(copy: IdentityCopy): Promise<void>;
}

export interface IdentityBookOptions {
  readonly store: IdentityPort;
  readonly file: CopyFilePort;
  readonly clock: Clock;
  readonly log: Log;
}

const FOLLOW_MS = 2000;
/** No token lives longer, and no approval is asked for longer. */
const REMEMBERED_MS = 8 * 24 * 3_600_000;

/** The stricter of both. Pure. */
export function mergeRevocations(
  known: readonly Revocation[],
  more: readonly Revocation[],
): readonly Revocation[] {
  const merged = new Map<string, Revocation>();
  for (const one of [...known, ...more]) {
    const before = merged.get(one.subject);
    if (before === undefined || one.beforeWallMs > before.beforeWallMs) merged.set(one.subject, one);
  }
  return [...merged.values()];
}

/** The later revision of each. Pure. */
export function mergeApprovals(
  known: readonly ApprovalRecord[],
  more: readonly ApprovalRecord[],
): readonly ApprovalRecord[] {
  const merged = new Map<string, ApprovalRecord>();
  for (const one of [...known, ...more]) {
    const before = merged.get(one.approvalId);
    if (before === undefined || one.revision > before.revision) merged.set(one.approvalId, one);
  }
  return [...merged.values()].sort((a, b) => b.requestedWallMs - a.requestedWallMs);
}

/** The later revision of each, by name: no account is ever deleted. Pure. */
export function mergeAccounts(
  known: readonly AccountRecord[],
  more: readonly AccountRecord[],
): readonly AccountRecord[] {
  const merged = new Map<string, AccountRecord>();
  for (const one of [...known, ...more]) {
    const before = merged.get(one.accountId);
    if (before === undefined || one.revision > before.revision) merged.set(one.accountId, one);
  }
  return [...merged.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

const EMPTY: IdentityCopy = { accounts: [], nodes: [], revocations: [], approvals: [] };

export class IdentityBook {
  readonly #options: IdentityBookOptions;
  #copy: IdentityCopy = EMPTY;
  #written = '';
  #followedAtMs: number | undefined;
  #timer: Timer | undefined;
  #isStopped = false;
  #isFailing = false;

  constructor(options: IdentityBookOptions) {
    this.#options = options;
  }

  /** Reads the file; never waits for the store. */
  async open(): Promise<void> {
    this.#copy = (await this.#options.file.read()) ?? EMPTY;
    this.#written = JSON.stringify(this.#copy);
    void this.#follow();
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  get accounts(): readonly AccountRecord[] {
    return this.#copy.accounts;
  }

  get nodes(): readonly PanelNodeRecord[] {
    return this.#copy.nodes;
  }

  get approvals(): readonly ApprovalRecord[] {
    return this.#copy.approvals;
  }

  get revocations(): readonly Revocation[] {
    return this.#copy.revocations;
  }

  /** When the store was read last; undefined: not since the start. */
  get followedAtMs(): number | undefined {
    return this.#followedAtMs;
  }

  findAccount(accountId: string): AccountRecord | undefined {
    return this.#copy.accounts.find((one) => one.accountId === accountId);
  }

  findByName(name: string): AccountRecord | undefined {
    const wanted = name.trim().toLowerCase();
    return this.#copy.accounts.find((one) => one.name === wanted);
  }

  findNode(nodeId: string): PanelNodeRecord | undefined {
    return this.#copy.nodes.find((one) => one.nodeId === nodeId);
  }

  /** Whether a token that was issued then still counts. */
  isRevoked(subjects: readonly string[], issuedWallMs: number): boolean {
    return this.#copy.revocations.some(
      ({ subject, beforeWallMs }) => subjects.includes(subject) && issuedWallMs <= beforeWallMs,
    );
  }

  /** What this node, or another one, has just decided, and this node's copy of the store may not have yet. */
  learn(more: {
    readonly accounts?: readonly AccountRecord[];
    readonly revocations?: readonly Revocation[];
    readonly approvals?: readonly ApprovalRecord[];
  }): void {
    this.#take({
      ...this.#copy,
      accounts: mergeAccounts(this.#copy.accounts, more.accounts ?? []),
      revocations: mergeRevocations(this.#copy.revocations, more.revocations ?? []),
      approvals: mergeApprovals(this.#copy.approvals, more.approvals ?? []),
    });
  }

  /** Reads this node's copy of the store now, which may be behind the leader's. Never rejects. */
  async refresh(): Promise<void> {
    const { store, clock, log } = this.#options;
    const sinceWallMs = Math.floor(clock.wallMs() - REMEMBERED_MS);
    try {
      const { accounts, nodes, revocations, approvals } = await store.readCopy(sinceWallMs);
      this.#take({
        accounts: mergeAccounts(this.#copy.accounts, accounts),
        nodes,
        revocations: mergeRevocations(this.#copy.revocations, revocations).filter(
          (one) => one.beforeWallMs >= sinceWallMs,
        ),
        approvals: mergeApprovals(this.#copy.approvals, approvals).filter(
          (one) => one.requestedWallMs >= sinceWallMs,
        ),
      });
      this.#followedAtMs = clock.wallMs();
      this.#isFailing = false;
    } catch (error) {
      // A store that has just been founded is no trouble.
      const isNew = isOperatingError(error, 'STORE_NO_TABLES');
      if (!this.#isFailing)
        log[isNew ? 'info' : 'warn']({ err: error }, 'accounts cannot be read, the last known ones count');
      this.#isFailing = true;
    }
  }

  async #follow(): Promise<void> {
    await this.refresh();
    if (this.#isStopped) return;
    this.#timer = this.#options.clock.schedule(FOLLOW_MS, () => void this.#follow());
  }

  #take(copy: IdentityCopy): void {
    this.#copy = copy;
    const text = JSON.stringify(copy);
    if (text === this.#written) return;
    this.#written = text;
    this.#options.file.write(copy).catch((error: unknown) => {
      this.#written = '';
      this.#options.log.warn({ err: error }, 'the copy of the accounts cannot be written');
    });
  }
}
