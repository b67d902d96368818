/**
 * Call control of one node: calls, queues, seats, emergencies.
 *
 *     node dist/appliance/main.js --site FILE --node FILE --telephony FILE --routing FILE
 *
 * Invariant: no call waits for the store, the panel or the partner's call control, and none ends because this process
 * does: the engine keeps its dialogs, the relay its media (docs/continuity.md).
 */
import { readFile } from 'node:fs/promises';
import process from 'node:process';
import { RealClock, type Clock } from '../cluster/base/clock.js';
import { describeErrorChain, isOperatingError } from '../cluster/base/errors.js';
import { createIdSource } from '../cluster/base/ids.js';
import { callRpc, serveRpc } from '../cluster/base/local-rpc.js';
import { openLog, type Log } from '../cluster/base/log.js';
import { systemRng } from '../cluster/base/rng.js';
import { openServiceNotify } from '../cluster/base/service-notify.js';
import type { OutboxCallRecords } from '../cluster/store/outbox-call-records.js';
import { RedisLiveFacts } from '../cluster/live-state/redis-live-facts.js';
import { dispatchSettingsOf } from '../firmware-config/dispatch-settings.js';
import { readApplianceDocuments, type ApplianceDocuments } from '../firmware-config/read-documents.js';
import { serviceAddressesOf } from '../firmware-config/site-nodes.js';
import { sipEngineFiles } from '../firmware-config/sip-engine-files.js';
import { adoptCalls, NO_PAST, readPastCalls, type PastCalls } from './adopt-calls.js';
import { adminMethods } from './admin-methods.js';
import { CallControl } from './call-control.js';
import { CallRecords } from './call-records.js';
import { openRecords, type OpenedRecords, type OpenRecordsOptions } from './open-records.js';
import { openPartner } from './open-partner.js';
import { OwnGeneration } from './own-generation.js';
import { ToneParty } from './media/tone-party.js';
import { RtpengineMedia } from './media/rtpengine-media.js';
import { openRouting } from './open-routing.js';
import type { RoutingBook } from './routing-book.js';
import { StoredCallbacks } from './stored-callbacks.js';
import { Takeover } from './takeover.js';
import { PromptFiles } from './prompt-files.js';
import type { KeptSeat } from './seat-book.js';
import { readTrunkSecrets } from './trunk-secrets.js';
import { DrachtioSignalling } from './signalling/drachtio-signalling.js';

const ALIVE_MS_MAX = 1000;
const LOOPBACK = '127.0.0.1';
const SECRET_EVERY_MS = 200;
const PARTNER_MS_MAX = 2000;

/** The engine's unit makes it; whichever of the two starts first, this one waits. */
async function readSecret(path: string, clock: Clock, log: Log): Promise<string> {
  for (let isTold = false; ; isTold = true) {
    try {
      return (await readFile(path, 'utf8')).trim();
    } catch (error) {
      if (!isTold) log.warn({ err: error }, 'the SIP engine has not been here yet, waiting for its secret');
      await clock.sleep(SECRET_EVERY_MS);
    }
  }
}

/** Registrations and logins of the process before. @returns its calls, which go on when SIP is there */
async function restoreFacts(facts: RedisLiveFacts, control: CallControl, log: Log): Promise<PastCalls> {
  try {
    for (const [seatId, kept] of await facts.all('seat')) control.seats.restore(seatId, kept as KeptSeat);
    if ((await facts.all('drain')).size > 0) control.drain(true);
    return await readPastCalls(facts);
  } catch (error) {
    log.error({ err: error }, 'live state is away: phones register and people log in again, calls are lost');
    return NO_PAST;
  }
}

interface Inheritance {
  readonly past: PastCalls;
  /** Its calls go on. */
  readonly adopted: Promise<unknown>;
  readonly control: CallControl;
  readonly facts: RedisLiveFacts;
  readonly records: OutboxCallRecords;
  readonly clock: Clock;
}

/** What is left over of the process before is closed. */
async function settle({ past, adopted, control, facts, records, clock }: Inheritance): Promise<void> {
  await adopted;
  const live = new Set(control.calls.map(({ callId }) => callId));
  for (const { callId } of past.calls) if (!live.has(callId)) facts.remove('call', callId);
  for (const callId of past.entries.keys())
    if (!(callId in control.queue.entries)) facts.remove('queueEntry', callId);
  records.closeOrphans('processDied', live);
  // Seats may be in calls of the partner, which tells them when the link is up.
  const untilMs = clock.monotonicMs() + PARTNER_MS_MAX;
  while (!control.partner.isSynced && clock.monotonicMs() < untilMs) await clock.sleep(SECRET_EVERY_MS);
  control.seats.settle();
}

function mediaOf(
  { ports }: ApplianceDocuments['site'],
  { clock, log }: Pick<OpenRecordsOptions, 'clock' | 'log'>,
  control: () => CallControl,
): RtpengineMedia {
  return new RtpengineMedia({
    url: `ws://${LOOPBACK}:${String(ports.rtpengineHttp)}`,
    dtmfPort: ports.dtmfLog,
    ...{ clock, log },
    onEvent: (event) => {
      control().onMedia(event);
    },
  });
}

interface StoredParts {
  readonly control: CallControl;
  readonly takeover: Takeover;
  readonly store: OpenedRecords;
  readonly clock: Clock;
  readonly log: Log;
}

function storedCallbacks({ control, takeover, store, clock, log }: StoredParts): StoredCallbacks {
  return new StoredCallbacks({
    store: store.callbacks,
    oldestUnwrittenMs: () => store.status().backlog.oldestAgeMs,
    settled: () => takeover.settled,
    isKnown: (entryId) => control.knowsPlace(entryId),
    recall: (record) => {
      control.callbacks.recall(record);
    },
    ...{ clock, log },
  });
}

/** To whoever has started this process, and from now on that it is alive: it answers at its socket. */
function announce(socket: string, clock: Clock, log: Log): ReturnType<typeof openServiceNotify> {
  const { NOTIFY_SOCKET, WATCHDOG_USEC } = process.env;
  const notify = openServiceNotify({ socketPath: NOTIFY_SOCKET, watchdogUsec: WATCHDOG_USEC, clock, log });
  notify.ready('takes calls');
  notify.startWatchdog(async () => {
    await callRpc({ path: socket, method: 'status', deadlineMs: ALIVE_MS_MAX, clock });
    return true;
  });
  return notify;
}

/** What outlives this machine: records of calls, and the versions of the routing. */
async function openDurable(
  { site, node, own, telephony, routing: given }: ApplianceDocuments,
  { clock, rng, log }: Pick<OpenRecordsOptions, 'clock' | 'rng' | 'log'>,
  onRouting: (routing: ApplianceDocuments['routing']) => void,
): Promise<{ store: OpenedRecords; book: RoutingBook; routing: ApplianceDocuments['routing'] }> {
  const folder = `${node.paths.data}/calls`;
  const others = site.nodes.filter(({ id }) => id !== own.id).map(({ address }) => address);
  const store = await openRecords({
    ...{ node: own.id, folder, clock, rng, log },
    ...{ storeHosts: [own.address, ...others], storePort: site.ports.rqliteHttp },
  });
  const book = await openRouting({
    ...{ given, telephony, site, folder, store: store.store, onRouting, clock, log },
  });
  return { store, book, routing: await book.open() };
}

function stopOnSignal(parts: readonly ({ stop(): void } | undefined)[], close: () => Promise<unknown>): void {
  process.once('SIGTERM', () => {
    for (const part of parts) part?.stop();
    void close().then(() => process.exit(0));
  });
}

async function main(): Promise<void> {
  const documents = await readApplianceDocuments(process.argv.slice(2));
  const { site, node, own, telephony } = documents;
  const [clock, rng] = [new RealClock(), systemRng()];
  const log = openLog({ name: 'calls', node: own.id, level: node.logLevel });
  const secret = await readSecret(sipEngineFiles(node).controlSecret, clock, log);
  const secrets = await readTrunkSecrets(telephony, log);
  const nextId = createIdSource({ node: own.id, clock, rng });
  const generation = new OwnGeneration({
    ...{ ownPort: site.ports.redisOwn, partnerPort: site.ports.redisPartner, clock, log },
    onHolder: (...known) => {
      takeover.onHolder(...known);
      control.registrar.setHeld(known[0], known[1] === own.id);
      stored.onHolder(known[0], known[1] === own.id);
    },
  });
  const { store, book, routing } = await openDurable(documents, { clock, rng, log }, (document) => {
    control.setRouting(document, dispatchSettingsOf(telephony, document));
  });
  const records = new CallRecords({
    ...{ records: store.records, nextId, generation: () => generation.current },
    callTakerOf: (seatId) => control.seats.callTakerOf(seatId),
  });
  const facts = new RedisLiveFacts({ host: LOOPBACK, port: site.ports.redisOwn, clock, log });
  const media = mediaOf(site, { clock, log }, () => control);
  const signalling = new DrachtioSignalling({ host: LOOPBACK, port: site.ports.control, secret, clock, log });
  const partner = openPartner({ site, own, telephony, clock, log }, () => control.partner);
  const control: CallControl = new CallControl({
    ...(partner === undefined ? {} : { partner }),
    ...{ node: own.id, telephony, routing, media, signalling, clock, rng, log },
    dispatch: dispatchSettingsOf(telephony, routing),
    serviceAddresses: serviceAddressesOf(site, own.id),
    prompts: new PromptFiles(`${node.paths.wardline}/artefacts/prompts`, telephony.prompts.languageOrder),
    observer: records,
    facts,
    nextCallId: nextId,
    sipPort: site.ports.sip,
    credentialsOf: (trunkId) => secrets.get(trunkId),
    openToneParty: (hz) => ToneParty.open(own.address, hz, clock, rng),
  });
  await media.start();
  control.start();
  await facts.open();
  const past = await restoreFacts(facts, control, log);
  partner?.start();
  signalling.start(control);
  const adopted = adoptCalls(past, { control, signalling, clock, log });
  const takeover = new Takeover({
    ...{ node: own.id, control, signalling, media, facts, partnerFacts: partner?.facts, before: adopted },
    ...{ engineSocket: sipEngineFiles(node).adminSocket, clock, log },
  });
  const stored = storedCallbacks({ control, takeover, store, clock, log });
  await takeover.restore();
  generation.start();
  book.start();
  void settle({ past, adopted, control, facts, records: store.records, clock });

  const socket = `${node.paths.run}/calls/admin.sock`;
  const methods = adminMethods({ control, media, store, facts, telephony, routing: book });
  const admin = await serveRpc(socket, methods, 0o660);
  const notify = announce(socket, clock, log);

  stopOnSignal([notify, book, stored, control, signalling, media, generation, partner], () => {
    facts.close();
    return Promise.all([admin.close(), store.stop()]);
  });
}

main().catch((error: unknown) => {
  const action = isOperatingError(error) ? `\n${error.action}` : '';
  process.stderr.write(`${describeErrorChain(error)}${action}\n`);
  process.exit(1);
});
