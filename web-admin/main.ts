/**
 * The panel of one node: parse, open, listen, announce ready, wait, stop.
 *
 *     node dist/web-admin/main.js --site <site document> --node <node document>
 *
 * Invariant: no call depends on it, and it starts, logs people in and shows this node with no store and no other node.
 */
import { createPublicKey } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { get } from 'node:https';
import { RealClock, type Clock } from '../cluster/base/clock.js';
import { describeErrorChain, isOperatingError } from '../cluster/base/errors.js';
import { createIdSource } from '../cluster/base/ids.js';
import { openLog, type Log } from '../cluster/base/log.js';
import { systemRng, type Rng } from '../cluster/base/rng.js';
import { openServiceNotify } from '../cluster/base/service-notify.js';
import { BatchingWriter } from '../cluster/store/batching-writer.js';
import { FailoverStore } from '../cluster/store/failover-store.js';
import { DiskJournalFiles } from '../cluster/store/journal-files.js';
import { applyMigrations } from '../cluster/store/migrations.js';
import { Outbox } from '../cluster/store/outbox.js';
import { OutboxIdentity } from '../cluster/store/outbox-identity.js';
import { planPanelStatements } from '../cluster/store/plan-panel-statements.js';
import { RefusedFile } from '../cluster/store/refused-file.js';
import { RqliteCallRecords } from '../cluster/store/rqlite-call-records.js';
import { RqliteClient } from '../cluster/store/rqlite-client.js';
import { RqliteIdentity } from '../cluster/store/rqlite-identity.js';
import { panelFiles } from '../firmware-config/panel-files.js';
import { readDocuments, type Documents } from '../firmware-config/read-documents.js';
import { startSchedule } from '../ops/schedule/schedule.js';
import { testCallsTask, type TestCallsTaskOptions } from '../ops/schedule/test-calls-task.js';
import { whoRuns } from '../ops/schedule/who-runs.js';
import { panelErrors } from './errors.js';
import { FileStatusSource } from './file-status-source.js';
import { CopyFile } from './identity/copy-file.js';
import { FirstCodeFile } from './identity/first-code.js';
import { IdentityBook } from './identity/identity-book.js';
import { Identity } from './identity/identity.js';
import { webAuthnPasskeys } from './identity/passkeys.js';
import { argon2Passwords } from './identity/passwords.js';
import { SessionTokens } from './identity/session-tokens.js';
import { HttpsPeers } from './live/https-peers.js';
import { LiveWatch } from './live/live-watch.js';
import { openLocalOrders } from './live/local-orders.js';
import { openPanelKeys, untilDone } from './panel-keys.js';
import { PromptFolder } from './prompt-store.js';
import { buildServer, type PanelOptions } from './server.js';

/** A service address comes and goes: listening on every address means that it is answered from its first packet. */
const EVERY_ADDRESS = '0.0.0.0';
const STOP_MS_MAX = 2000;
const ALIVE_MS_MAX = 1000;
const STORE_MS_MAX = 3000;
const RECORDS_MS_MAX = 5000;
const GATHER_MS = 200;

interface Parts extends Documents {
  readonly clock: Clock;
  readonly rng: Rng;
  readonly log: Log;
}

/** Asks itself from outside, so that a panel that has stopped answering is restarted. */
function answersHealthz(port: number, ca: string): Promise<boolean> {
  return new Promise((resolve) => {
    const options = { host: '127.0.0.1', port, path: '/healthz', timeout: ALIVE_MS_MAX };
    const request = get({ ...options, ca, checkServerIdentity: () => undefined }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    request.on('timeout', () => request.destroy());
    request.on('error', () => {
      resolve(false);
    });
  });
}

function openStore({ site, own, clock }: Parts): FailoverStore {
  const others = site.nodes.filter(({ id }) => id !== own.id).map(({ address }) => address);
  const clientOf = (host: string): RqliteClient =>
    new RqliteClient({ host, port: site.ports.rqliteHttp, clock });
  return new FailoverStore({ stores: [clientOf(own.address), ...others.map(clientOf)], clock });
}

async function openJournal({ node, clock, rng, log }: Parts, store: FailoverStore): Promise<Outbox> {
  const files = new DiskJournalFiles(`${panelFiles(node).folder}/journal`);
  const outbox = await Outbox.open({ files, clock, log });
  const writer = new BatchingWriter({
    ...{ outbox, store, clock, rng, log, plan: planPanelStatements, gatherMs: GATHER_MS },
    migrate: async () => {
      await applyMigrations(store, { nowWallMs: clock.wallMs(), deadlineMs: RECORDS_MS_MAX });
    },
    refused: new RefusedFile(files),
  });
  writer.start();
  return outbox;
}

interface OpenedIdentity {
  readonly identity: Identity;
  readonly tls: { readonly key: string; readonly cert: string };
  readonly firstCode: FirstCodeFile;
}

async function openIdentity(parts: Parts, store: FailoverStore, stop: AbortSignal): Promise<OpenedIdentity> {
  const { site, node, own, clock, rng, log } = parts;
  const files = panelFiles(node);
  const [keys, key, cert] = await Promise.all([
    openPanelKeys(files.tokenKey),
    readFile(files.tlsKey, 'utf8'),
    readFile(files.tlsCertificate, 'utf8'),
  ]);
  const accounts = new RqliteIdentity({ store, deadlineMs: STORE_MS_MAX });
  const book = new IdentityBook({ store: accounts, file: new CopyFile(files.copy), clock, log });
  await book.open();
  const tokens = new SessionTokens({
    clock,
    keys: {
      nodeId: own.id,
      privateKey: keys.privateKey,
      publicKeyOf: (id) => {
        const pem = id === own.id ? keys.publicKey : book.findNode(id)?.tokenKey;
        return pem === undefined ? undefined : createPublicKey(pem);
      },
    },
  });
  void untilDone(
    async () => {
      await applyMigrations(store, { nowWallMs: clock.wallMs(), deadlineMs: RECORDS_MS_MAX });
      await accounts.putNode({ nodeId: own.id, tokenKey: keys.publicKey, certificate: cert });
    },
    clock,
    stop,
  );
  const firstCode = new FirstCodeFile(files.firstCode);
  const identity = new Identity({
    ...{ node: own.id, siteId: site.siteId, book, store: accounts, tokens, firstCode, clock, rng },
    journal: new OutboxIdentity(await openJournal(parts, store)),
    passwords: argon2Passwords,
    passkeys: webAuthnPasskeys,
    nextId: createIdSource({ node: own.id, clock, rng }),
  });
  return { identity, tls: { key, cert }, firstCode };
}

async function findPages(folder: string): Promise<Pick<PanelOptions, 'pages'>> {
  const template = await readFile(`${folder}/index.html`, 'utf8').catch(() => undefined);
  return template === undefined ? {} : { pages: { folder, template } };
}

async function panelOptions({ site, node, own }: Parts, tls: PanelOptions['tls']): Promise<PanelOptions> {
  const homes = new Map<string, string>();
  for (const { id, serviceAddress } of site.nodes)
    if (serviceAddress !== undefined) homes.set(serviceAddress, id);
  const { wardline } = node.paths;
  const about = JSON.parse(await readFile(`${wardline}/package.json`, 'utf8')) as { version: string };
  return {
    ...{ node: own, homes },
    ...(tls === undefined ? {} : { tls }),
    settings: {
      ...{ siteId: site.siteId, layout: site.layout, node: own.id, version: about.version },
      ports: site.ports,
      advertIntervalMs: site.vrrp.advertIntervalMs,
      // The machine's is the hospital's (appliance/local-time.ts).
      zone: new Intl.DateTimeFormat().resolvedOptions().timeZone,
    },
    ...(await findPages(`${wardline}/artefacts/panel`)),
  };
}

async function main(): Promise<void> {
  const documents = await readDocuments(process.argv.slice(2));
  const { site, node, own } = documents;
  const clock = new RealClock();
  const rng = systemRng();
  const log = openLog({ name: 'admin', node: own.id, level: node.logLevel });
  const parts: Parts = { ...documents, clock, rng, log };
  const stop = new AbortController();

  const store = openStore(parts);
  const { identity, tls, firstCode } = await openIdentity(parts, store, stop.signal);
  const { book, tokens } = identity.options;
  const status = new FileStatusSource({ path: `${node.paths.run}/node/status.json`, clock });
  const orders = openLocalOrders({ runFolder: node.paths.run, clock });
  const peers = new HttpsPeers({ site, book, tokens });
  const live = new LiveWatch({ site, node: own.id, orders, peers, status, book, clock, log });
  const records = new RqliteCallRecords({ store, deadlineMs: RECORDS_MS_MAX });
  const prompts = new PromptFolder(`${node.paths.wardline}/artefacts/prompts`);
  const server = buildServer(
    { status, identity, live, orders, peers, records, prompts, clock, log },
    await panelOptions(parts, tls),
  );
  live.start();
  const isOurs = (): boolean => whoRuns(live.picture().addresses) === own.id;
  const ask: TestCallsTaskOptions['ask'] = (method, params) => orders.ask('calls', method, params);
  const tasks = startSchedule(
    [testCallsTask({ ask, isOurs, wallMs: () => clock.wallMs(), log })],
    log.child({ part: 'schedule' }),
  );
  if (identity.isFirst) {
    const code = await firstCode.ensure(rng);
    // For whoever has just set up the site; worthless from the first account on.
    process.stdout.write(
      `no account yet: open the panel and make the first with the one-time code ${code}\n`,
    );
  }

  const { panel: port } = site.ports;
  await server.listen({ host: EVERY_ADDRESS, port }).catch((error: unknown) => {
    const problem = error instanceof Error ? error.message : String(error);
    throw panelErrors.PANEL_CANNOT_LISTEN({ port, problem }, error);
  });
  const { NOTIFY_SOCKET, WATCHDOG_USEC } = process.env;
  const notify = openServiceNotify({ socketPath: NOTIFY_SOCKET, watchdogUsec: WATCHDOG_USEC, clock, log });
  notify.ready(`panel on port ${String(port)}`);
  notify.startWatchdog(() => answersHealthz(port, tls.cert));

  process.once('SIGTERM', () => {
    notify.stop();
    tasks.stop();
    stop.abort();
    live.stop();
    book.stop();
    peers.close();
    clock.schedule(STOP_MS_MAX, () => process.exit(1));
    void server.close().then(() => process.exit(0));
  });
}

main().catch((error: unknown) => {
  const sentence = isOperatingError(error) ? `${error.message}\n${error.action}` : describeErrorChain(error);
  process.stderr.write(`${sentence}\n`);
  process.exit(1);
});
