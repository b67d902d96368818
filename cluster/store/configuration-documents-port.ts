/** Documents that people change while the site runs (routing rules), in all their versions, one of each kind active. */

export interface DocumentVersion {
  readonly kind: string;
  /** 1, 2, 3 ... within its kind. */
  readonly version: number;
  /** Of `json`, in hexadecimal. */
  readonly sha256: string;
  readonly createdBy: string;
  readonly createdWallMs: number;
  readonly isActive: boolean;
  readonly activatedBy: string | null;
  /** The last time. */
  readonly activatedWallMs: number | null;
}

export interface StoredDocument extends DocumentVersion {
  readonly json: string;
}

/** Each throws STORE_AWAY, STORE_NO_LEADER, STORE_NO_TABLES or STORE_REFUSED; after the first three the same may be asked again. */
export interface ConfigurationDocumentsPort {
  /**
   * A new version, not active yet; the same text again is the version that it was. Whether it is right was checked before.
   */
  add(kind: string, json: string, createdBy: string): Promise<DocumentVersion>;
  /** The first version, which is active at once; nothing happens when there is any already. */
  addFirst(kind: string, json: string, createdBy: string): Promise<void>;
  /** @throws STORE_NO_SUCH_DOCUMENT */
  activate(kind: string, version: number, activatedBy: string): Promise<DocumentVersion>;
  /** Activates the version that was active before this one. @throws STORE_NO_SUCH_DOCUMENT when there was none */
  rollBack(kind: string, activatedBy: string): Promise<DocumentVersion>;
  /** This node's own copy, however old: there without a leader. */
  findActive(kind: string): Promise<StoredDocument | undefined>;
  /** As the leader has it, or else this node's own copy; the list as well. @throws STORE_NO_SUCH_DOCUMENT */
  getVersion(kind: string, version: number): Promise<StoredDocument>;
  /** The latest first. */
  list(kind: string): Promise<readonly DocumentVersion[]>;
}
