/**
 * The versions of the routing rules: proposed, tried on past calls, activated, rolled back by people, in the store; and
 * the one by which this node routes. Each node follows the store by its own copy of it and keeps what it has accepted in
 * a signed file, from which it starts when no store is there (continuity rule 21). A version that does not fit what this
 * node has is refused here, and the one before stays.
 */
import { createHash } from 'node:crypto';
import type { Clock } from '../cluster/base/clock.js';
import type { Log } from '../cluster/base/log.js';
import type { CallRecordReadPort } from '../cluster/store/call-record-read-port.js';
import type {
  ConfigurationDocumentsPort,
  DocumentVersion,
} from '../cluster/store/configuration-documents-port.js';
import type { SignedFile } from '../cluster/store/signed-file.js';
import { deepFreeze } from '../firmware-config/problems.js';
import { openSealed, sealDocument } from '../firmware-config/sealed-document.js';
import type { Routing } from '../firmware-config/schema/routing.js';
import { localTimeOf } from './local-time.js';
import { dryRun, type DryRunReport } from './routing/dry-run.js';

export interface RoutingBookOptions {
  /** That this node was set up with: the first version, when the store has none. */
  readonly given: Routing;
  readonly file: Pick<SignedFile, 'read' | 'write'>;
  readonly documents: ConfigurationDocumentsPort;
  readonly past: Pick<CallRecordReadPort, 'findCalls'>;
  /** As a person wrote it. @returns text of the sealed document @throws CONFIG_INVALID */
  readonly check: (document: unknown) => Promise<string>;
  /** Checked before, by itself: does it fit what this node has besides? @throws CONFIG_INVALID */
  readonly checkFit: (routing: Routing) => void;
  /** Calls are routed by it from now on. */
  readonly onRouting: (routing: Routing) => void;
  readonly clock: Clock;
  readonly log: Log;
}

/** What this node has accepted, as it stands in its file. */
interface Accepted {
  readonly version: number;
  readonly json: string;
  readonly acceptedWallMs: number;
}

export interface RoutingStatus {
  /** 0: as this node was set up; no version of the store was seen yet. */
  readonly version: number;
  readonly sha256: string;
  readonly acceptedWallMs: number;
  readonly document: Routing;
  /** A version that is active in the store and does not fit here. */
  readonly refused: { readonly version: number; readonly problem: string } | null;
  /** Whether the store was there when it was last asked. */
  readonly isFollowing: boolean;
}

const KIND = 'routing';
const FOLLOW_EVERY_MS = 1000;
const DAYS_OF_DRY_RUN = 30;
const CALLS_OF_DRY_RUN = 1000;
const CHANGES_SHOWN = 100;

export class RoutingBook {
  readonly #options: RoutingBookOptions;
  readonly #log: Log;
  #accepted: Accepted;
  #routing: Routing;
  #refused: RoutingStatus['refused'] = null;
  #isFollowing = false;
  #isStopped = false;
  /** One look at the store at a time. */
  #looking: Promise<void> = Promise.resolve();

  constructor(options: RoutingBookOptions) {
    this.#options = options;
    this.#log = options.log.child({ part: 'routing' });
    const { given, clock } = options;
    this.#routing = given;
    this.#accepted = { version: 0, json: sealDocument(KIND, given), acceptedWallMs: clock.wallMs() };
  }

  /** What was accepted last. Without a file, or with one that cannot be believed, what the node was set up with. */
  async open(): Promise<Routing> {
    try {
      const kept = (await this.#options.file.read()) as Accepted | undefined;
      if (kept !== undefined) {
        this.#routing = await this.#read(kept.json);
        this.#accepted = kept;
      }
    } catch (error) {
      this.#log.error(
        { err: error },
        'the routing that was accepted last cannot be used: the node routes as set up',
      );
    }
    return this.#routing;
  }

  start(): void {
    void this.#follow();
  }

  stop(): void {
    this.#isStopped = true;
  }

  status(): RoutingStatus {
    const { version, json, acceptedWallMs } = this.#accepted;
    const sha256 = createHash('sha256').update(json).digest('hex');
    return {
      ...{ version, sha256, acceptedWallMs, document: this.#routing },
      ...{ refused: this.#refused, isFollowing: this.#isFollowing },
    };
  }

  versions(): Promise<readonly DocumentVersion[]> {
    return this.#options.documents.list(KIND);
  }

  /** @throws CONFIG_INVALID, and what the store throws */
  async propose(document: unknown, by: string): Promise<DocumentVersion> {
    const json = await this.#options.check(document);
    return this.#options.documents.add(KIND, json, by);
  }

  /** What the version would have made of the calls of the last weeks. @throws CONFIG_INVALID, and what the store throws */
  async dryRun(version: number): Promise<DryRunReport> {
    const { documents, past, clock } = this.#options;
    const proposed = await this.#read((await documents.getVersion(KIND, version)).json);
    const toWallMs = clock.wallMs();
    const filter = { fromWallMs: toWallMs - DAYS_OF_DRY_RUN * 86_400_000, toWallMs, limit: CALLS_OF_DRY_RUN };
    const calls = (await past.findCalls(filter)).filter(({ direction }) => direction === 'inbound');
    const report = dryRun(
      this.#routing,
      proposed,
      calls.map(({ callId, dialled, caller, openedWallMs }) => ({
        ...{ callId, dialled, caller, at: localTimeOf(openedWallMs) },
      })),
    );
    return { ...report, changed: report.changed.slice(0, CHANGES_SHOWN) };
  }

  /** @throws CONFIG_INVALID when it does not fit this node any more, and what the store throws */
  async activate(version: number, by: string): Promise<DocumentVersion> {
    const { documents } = this.#options;
    await this.#read((await documents.getVersion(KIND, version)).json);
    const activated = await documents.activate(KIND, version, by);
    await this.look();
    return activated;
  }

  /** To the version that was active before. @throws STORE_NO_SUCH_DOCUMENT, and what the store throws */
  async rollBack(by: string): Promise<DocumentVersion> {
    const activated = await this.#options.documents.rollBack(KIND, by);
    await this.look();
    return activated;
  }

  /** At the store, whether another version is active. Never rejects. */
  look(): Promise<void> {
    this.#looking = this.#looking.then(() => this.#look());
    return this.#looking;
  }

  async #follow(): Promise<void> {
    while (!this.#isStopped) {
      await this.look();
      await this.#options.clock.sleep(FOLLOW_EVERY_MS);
    }
  }

  async #look(): Promise<void> {
    const { documents, given } = this.#options;
    try {
      let active = await documents.findActive(KIND);
      if (active === undefined) {
        await documents.addFirst(KIND, sealDocument(KIND, given), 'setup');
        active = await documents.findActive(KIND);
      }
      this.#isFollowing = true;
      // This node's copy of the store may be a moment behind.
      if (active === undefined) return;
      if (active.json !== this.#accepted.json || active.version !== this.#accepted.version)
        await this.#accept(active.version, active.json);
      else this.#refused = null;
    } catch (error) {
      if (this.#isFollowing) this.#log.warn({ err: error }, 'the store does not say which routing is active');
      this.#isFollowing = false;
    }
  }

  async #accept(version: number, json: string): Promise<void> {
    if (this.#refused?.version === version) return;
    const { onRouting, file, clock } = this.#options;
    let routing: Routing;
    try {
      routing = await this.#read(json);
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      this.#refused = { version, problem };
      this.#log.error({ err: error, version }, 'a routing does not fit this node: the one before stays');
      return;
    }
    const isSame = json === this.#accepted.json;
    this.#accepted = { version, json, acceptedWallMs: clock.wallMs() };
    this.#routing = routing;
    this.#refused = null;
    if (!isSame) onRouting(routing);
    this.#log.info({ version }, 'calls are routed by this version');
    try {
      await file.write(this.#accepted);
    } catch (error) {
      this.#log.error(
        { err: error, version },
        'the routing is not on the disk: a start without a store has the one before',
      );
    }
  }

  /** What this release has sealed need not be checked by the slow library again. @throws CONFIG_INVALID */
  async #read(json: string): Promise<Routing> {
    const { check, checkFit } = this.#options;
    const { document, isSealed } = openSealed(KIND, JSON.parse(json));
    if (!isSealed) return openSealed(KIND, JSON.parse(await check(document))).document as Routing;
    const routing = deepFreeze(document as Routing);
    checkFit(routing);
    return routing;
  }
}
