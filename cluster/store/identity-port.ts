/**
 * Who may use the panel, as all nodes know it. What is read is this node's own copy, however old: there without a leader.
 * Times are ms of the wall clock.
 */

export interface PasskeyRecord {
  /** base64url */
  readonly id: string;
  readonly publicKey: string;
  readonly counter: number;
  readonly name: string;
  readonly addedWallMs: number;
}

export interface AccountRecord {
  readonly accountId: string;
  /** In lower case; no two accounts have the same. */
  readonly name: string;
  readonly displayName: string;
  readonly roles: readonly string[];
  /** Of call-takers and supervisors: whose callers and records they see. */
  readonly departments: readonly string[];
  /** PHC string. */
  readonly passwordHash: string;
  /** In base 32; undefined: not enrolled yet. */
  readonly totpKey?: string;
  readonly passkeys: readonly PasskeyRecord[];
  readonly isDisabled: boolean;
  /** 1, 2, 3 ... with each change. */
  readonly revision: number;
  readonly changedBy: string;
  readonly changedWallMs: number;
}

/** How the panels of the nodes know each other. */
export interface PanelNodeRecord {
  readonly nodeId: string;
  /** SPKI, PEM: what the node's session tokens are verified with. */
  readonly tokenKey: string;
  /** PEM: what its TLS is verified with. */
  readonly certificate: string;
}

/** Tokens of the session, or of all sessions of the account, that were issued before. */
export interface Revocation {
  readonly subject: string;
  readonly beforeWallMs: number;
}

export interface ApprovalRecord {
  readonly approvalId: string;
  /** Larger replaces smaller. */
  readonly revision: number;
  readonly kind: string;
  /** For people. */
  readonly sentence: string;
  readonly reason: string;
  readonly details: Readonly<Record<string, string>>;
  readonly requestedBy: string;
  readonly requestedWallMs: number;
  readonly expiresWallMs: number;
  readonly state: 'pending' | 'approved' | 'refused' | 'withdrawn';
  readonly decidedBy: string | null;
  readonly decidedWallMs: number | null;
  readonly decisionNote: string | null;
}

export interface AuditEntry {
  readonly entryId: string;
  readonly node: string;
  readonly wallMs: number;
  /** Account id, or empty for nobody. */
  readonly actor: string;
  /** A stable word: login, logout, accountAdded ... */
  readonly action: string;
  /** What it was done to. */
  readonly subject: string;
  readonly outcome: 'done' | 'refused' | 'failed';
  readonly detail: Readonly<Record<string, string>>;
}

export interface IdentityCopy {
  readonly accounts: readonly AccountRecord[];
  readonly nodes: readonly PanelNodeRecord[];
  readonly revocations: readonly Revocation[];
  readonly approvals: readonly ApprovalRecord[];
}

/** Each throws STORE_AWAY, STORE_NO_LEADER, STORE_NO_TABLES or STORE_REFUSED; after the first three the same may be asked again. */
export interface IdentityPort {
  /** @param sinceWallMs older revocations and approvals are left out */
  readCopy(sinceWallMs: number): Promise<IdentityCopy>;
  /** The very first account of the site. @returns false when there is one already */
  addFirst(account: AccountRecord): Promise<boolean>;
  /** @returns false when the name is taken */
  add(account: AccountRecord): Promise<boolean>;
  /** Of the revision before. @returns false when somebody else has changed it meanwhile */
  replace(account: AccountRecord): Promise<boolean>;
  putNode(node: PanelNodeRecord): Promise<void>;
  /** The latest first. */
  findAudit(beforeWallMs: number, limit: number): Promise<readonly AuditEntry[]>;
}

/** What is written without waiting: this node's disk has it first, the store later (continuity rule 20). */
export interface IdentityJournalPort {
  audit(entry: AuditEntry): void;
  revoke(revocation: Revocation): void;
  approval(record: ApprovalRecord): void;
}
