/** Versions of documents in memory; away when it is told so. */
import { clusterErrors } from '../../../cluster/errors.js';
import type {
  ConfigurationDocumentsPort,
  DocumentVersion,
  StoredDocument,
} from '../../../cluster/store/configuration-documents-port.js';

export class FakeConfigurationDocuments implements ConfigurationDocumentsPort {
  isAway = false;
  #documents: StoredDocument[] = [];
  #nowMs = 0;

  async add(kind: string, json: string, createdBy: string): Promise<DocumentVersion> {
    await this.#reach();
    const known = this.#documents.find((one) => one.kind === kind && one.json === json);
    return versionOf(known ?? this.#put(kind, json, createdBy));
  }

  async addFirst(kind: string, json: string, createdBy: string): Promise<void> {
    await this.#reach();
    if (this.#documents.some((one) => one.kind === kind)) return;
    const { version } = this.#put(kind, json, createdBy);
    await this.activate(kind, version, createdBy);
  }

  async activate(kind: string, version: number, activatedBy: string): Promise<DocumentVersion> {
    const chosen = await this.getVersion(kind, version);
    const activated = { isActive: true, activatedBy, activatedWallMs: (this.#nowMs += 1) };
    this.#documents = this.#documents.map((one) => {
      if (one.kind !== kind) return one;
      return one.version === version
        ? { ...one, ...(chosen.isActive ? {} : activated) }
        : { ...one, isActive: false };
    });
    return versionOf(await this.getVersion(kind, version));
  }

  async rollBack(kind: string, activatedBy: string): Promise<DocumentVersion> {
    await this.#reach();
    const [previous] = this.#documents
      .filter((one) => one.kind === kind && !one.isActive && one.activatedWallMs !== null)
      .sort((a, b) => (b.activatedWallMs ?? 0) - (a.activatedWallMs ?? 0));
    if (previous === undefined)
      throw clusterErrors.STORE_NO_SUCH_DOCUMENT({ kind, version: 'that was active before' });
    return this.activate(kind, previous.version, activatedBy);
  }

  async findActive(kind: string): Promise<StoredDocument | undefined> {
    await this.#reach();
    return this.#documents.find((one) => one.kind === kind && one.isActive);
  }

  async getVersion(kind: string, version: number): Promise<StoredDocument> {
    await this.#reach();
    const found = this.#documents.find((one) => one.kind === kind && one.version === version);
    if (found === undefined) throw clusterErrors.STORE_NO_SUCH_DOCUMENT({ kind, version: String(version) });
    return found;
  }

  async list(kind: string): Promise<readonly DocumentVersion[]> {
    await this.#reach();
    const some = this.#documents.filter((one) => one.kind === kind).map(versionOf);
    return some.sort((a, b) => b.version - a.version);
  }

  #put(kind: string, json: string, createdBy: string): StoredDocument {
    const version = this.#documents.filter((one) => one.kind === kind).length + 1;
    const fresh = { isActive: false, activatedBy: null, activatedWallMs: null };
    const document = {
      kind,
      version,
      sha256: json,
      createdBy,
      createdWallMs: (this.#nowMs += 1),
      json,
      ...fresh,
    };
    this.#documents.push(document);
    return document;
  }

  async #reach(): Promise<void> {
    await Promise.resolve();
    if (this.isAway) throw clusterErrors.STORE_AWAY({ host: 'fake', port: 0, problem: 'it is away' });
  }
}

function versionOf(document: StoredDocument): DocumentVersion {
  const { kind, version, sha256, createdBy, createdWallMs, isActive, activatedBy, activatedWallMs } =
    document;
  return { kind, version, sha256, createdBy, createdWallMs, isActive, activatedBy, activatedWallMs };
}
