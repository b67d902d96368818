/** Accounts in memory, as the store has them; away when it is told to be. */
import { clusterErrors } from '../../../cluster/errors.js';
import type {
  AccountRecord,
  ApprovalRecord,
  AuditEntry,
  IdentityCopy,
  IdentityJournalPort,
  IdentityPort,
  PanelNodeRecord,
  Revocation,
} from '../../../cluster/store/identity-port.js';

export class FakeIdentityStore implements IdentityPort, IdentityJournalPort {
  isAway = false;
  /** The copy of a node that has not applied the latest; undefined: it has. */
  oldCopy: readonly AccountRecord[] | undefined;
  readonly accounts = new Map<string, AccountRecord>();
  readonly nodes = new Map<string, PanelNodeRecord>();
  readonly revocations: Revocation[] = [];
  readonly approvals: ApprovalRecord[] = [];
  readonly entries: AuditEntry[] = [];

  async readCopy(): Promise<IdentityCopy> {
    this.#refuse();
    const { revocations, approvals } = this;
    return {
      accounts: this.oldCopy ?? [...this.accounts.values()],
      nodes: [...this.nodes.values()],
      ...{ revocations: [...revocations], approvals: [...approvals] },
    };
  }

  async addFirst(account: AccountRecord): Promise<boolean> {
    return this.accounts.size === 0 && this.add(account);
  }

  async add(account: AccountRecord): Promise<boolean> {
    this.#refuse();
    if ([...this.accounts.values()].some(({ name }) => name === account.name)) return false;
    this.accounts.set(account.accountId, account);
    return true;
  }

  async replace(account: AccountRecord): Promise<boolean> {
    this.#refuse();
    if (this.accounts.get(account.accountId)?.revision !== account.revision - 1) return false;
    this.accounts.set(account.accountId, account);
    return true;
  }

  async putNode(node: PanelNodeRecord): Promise<void> {
    this.#refuse();
    this.nodes.set(node.nodeId, node);
  }

  async findAudit(beforeWallMs: number, limit: number): Promise<readonly AuditEntry[]> {
    this.#refuse();
    return this.entries.filter(({ wallMs }) => wallMs < beforeWallMs).slice(-limit);
  }

  audit(entry: AuditEntry): void {
    this.entries.push(entry);
  }

  revoke(revocation: Revocation): void {
    this.revocations.push(revocation);
  }

  approval(record: ApprovalRecord): void {
    this.approvals.push(record);
  }

  #refuse(): void {
    if (this.isAway) throw clusterErrors.STORE_NO_LEADER({ host: 'fake', port: 0 });
  }
}
