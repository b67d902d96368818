/**
 * Phones and applications that do anything at any moment, also nonsense: whatever happens, the engine throws nothing,
 * every request gets one final response, and when everybody has hung up nothing is left.
 */
import { seededRng, type Rng } from '../../../../../cluster/base/rng.js';
import { assert, spec } from '../../../../support/spec.js';
import { EngineBench, SDP } from './engine-bench.js';
import type { VirtualApplication } from './virtual-application.js';
import type { PhoneCall, VirtualPhone } from './virtual-phone.js';

const ROUNDS = 20;
const STEPS = 60;
const STATUSES = [180, 183, 200, 202, 302, 401, 407, 481, 486, 487, 491, 500];
const IN_DIALOG = ['INVITE', 'UPDATE', 'INFO', 'BYE', 'NOTIFY', 'REFER', 'OPTIONS', 'PRACK', 'MESSAGE'];

interface World {
  readonly rng: Rng;
  readonly bench: EngineBench;
  readonly phones: readonly VirtualPhone[];
  readonly calls: PhoneCall[];
  /** Branches: a CANCEL is sent once. */
  readonly cancelled: Set<string>;
  /** The request that was sent last, and when. */
  newest: { readonly call: PhoneCall; readonly atMs: number } | undefined;
  apps: VirtualApplication[];
  /** Those that are gone, too. */
  readonly everyApp: VirtualApplication[];
}

function headersFor(rng: Rng, method: string): Record<string, string> {
  const timer = rng.pick(['100;refresher=uas', '100;refresher=uac', '30', '4000']);
  return {
    ...(method === 'PRACK'
      ? { RAck: `${String(rng.integer(1, 3))} ${String(rng.integer(1, 3))} INVITE` }
      : {}),
    ...(method === 'REFER' ? { 'Refer-To': '<sip:x@10.77.1.99>' } : {}),
    ...(method === 'NOTIFY' ? { Event: 'x', 'Subscription-State': rng.pick(['active', 'terminated']) } : {}),
    ...(rng.integer(0, 3) === 0 ? { Supported: 'timer, 100rel', 'Session-Expires': timer } : {}),
  };
}

function bodyFor({ rng }: World): string {
  return rng.pick([SDP, '']);
}

const PHONE_ACTS: readonly ((world: World) => void)[] = [
  (world) => {
    const call = world.rng.pick(world.phones).call();
    call.invite({ headers: headersFor(world.rng, 'INVITE'), body: bodyFor(world) });
    world.calls.push(call);
    world.newest = { call, atMs: world.bench.clock.monotonicMs() };
  },
  (world) => {
    const { rng, calls } = world;
    const method = rng.pick(IN_DIALOG);
    if (calls.length === 0) return;
    const call = rng.pick(calls);
    call.request(method, { headers: headersFor(rng, method), body: bodyFor(world) });
    world.newest = { call, atMs: world.bench.clock.monotonicMs() };
  },
  ({ rng, calls }) => {
    const call = calls.length > 0 ? rng.pick(calls) : undefined;
    const response = call?.phone.received.findLast((one) => !one.isRequest && one.callId === call.callId);
    if (call !== undefined && response !== undefined) call.ack(response);
  },
  ({ rng, calls, cancelled }) => {
    const call = calls.length > 0 ? rng.pick(calls) : undefined;
    if (call === undefined || call.branch === '' || cancelled.has(call.branch)) return;
    cancelled.add(call.branch);
    call.cancel();
  },
  ({ bench, newest }) => {
    // Nobody repeats a request after 64 * T1, or over a stream.
    const isRepeated = newest !== undefined && newest.call.phone.user !== 'tina';
    if (isRepeated && bench.clock.monotonicMs() - newest.atMs < 20_000) newest.call.repeat();
  },
  (world) => {
    const { rng, phones, calls } = world;
    const requests = rng
      .pick(phones)
      .received.filter(({ isRequest, method }) => isRequest && method !== 'ACK');
    if (requests.length === 0) return;
    const request = rng.pick(requests);
    const call = calls.find(({ callId }) => callId === request.callId) ?? rng.pick(phones).call(request);
    if (!calls.includes(call)) calls.push(call);
    const reliable =
      rng.integer(0, 2) === 0 ? { Require: '100rel', RSeq: String(rng.integer(1, 3)) } : undefined;
    call.respond(request, rng.pick(STATUSES), {
      body: bodyFor(world),
      ...(reliable && { headers: reliable }),
    });
  },
];

const APP_ACTS: readonly ((world: World) => void)[] = [
  (world) => {
    const { rng, apps } = world;
    const told = rng
      .pick(apps)
      .told.filter(({ sip, transactionId }) => sip?.isRequest === true && transactionId !== '');
    if (told.length === 0) return;
    const { transactionId, sip } = rng.pick(told);
    const status = rng.pick(STATUSES);
    const headers = {
      ...(rng.integer(0, 3) === 0 ? { Require: '100rel' } : {}),
      CSeq: sip?.header('CSeq') ?? '',
    };
    rng.pick(apps).respond(transactionId, status, headers, bodyFor(world));
  },
  (world) => {
    const { rng, apps } = world;
    const told = rng.pick(apps).told.filter(({ dialogId }) => dialogId !== '');
    if (told.length === 0) return;
    const method = rng.pick([...IN_DIALOG, 'ACK', 'ACK', 'BYE']);
    rng.pick(apps).requestInDialog(rng.pick(told).dialogId, method, headersFor(rng, method), bodyFor(world));
  },
  (world) => {
    const { rng, apps, phones } = world;
    const method = rng.pick(['INVITE', 'INVITE', 'OPTIONS', 'SUBSCRIBE']);
    rng
      .pick(apps)
      .request(`${method} sip:x@${rng.pick(phones).hostPort}`, headersFor(rng, method), bodyFor(world));
  },
  ({ rng, apps }) => {
    const told = rng.pick(apps).told.filter(({ name }) => name === 'sent INVITE');
    if (told.length > 0) rng.pick(apps).cancel(rng.pick(told).transactionId);
  },
  (world) => {
    const { rng, apps, bench } = world;
    if (rng.integer(0, 4) > 0) return;
    const lost = rng.pick(apps);
    bench.loseApplication(lost);
    const routes = ['invite', 'info', 'options', 'subscribe'];
    const next = bench.application({ routes, tags: lost.tags });
    world.apps = [...apps.filter((app) => app !== lost), next];
    world.everyApp.push(next);
  },
];

async function play(seed: string): Promise<World> {
  const bench = new EngineBench({ seed, cdrs: true, transactionsMax: 400 });
  const routes = ['invite', 'info', 'options', 'subscribe', 'cdr:attempt', 'cdr:stop'];
  const apps = [bench.application({ routes }), bench.application({ routes, tags: ['desk'] })];
  const phones = [
    bench.phone('alice', 50),
    bench.phone('bob', 60),
    bench.phone('tina', 70, { protocol: 'tcp', connectionId: 7 }),
  ];
  const world: World = {
    rng: seededRng(seed),
    bench,
    phones,
    calls: [],
    cancelled: new Set(),
    newest: undefined,
    apps,
    everyApp: [...apps],
  };
  for (let step = 0; step < STEPS; step += 1) {
    world.rng.pick(world.rng.integer(0, 1) === 0 ? PHONE_ACTS : APP_ACTS)(world);
    await bench.advance(world.rng.pick([0, 0, 10, 100, 700, 5000]));
  }
  return world;
}

/** Somebody hangs up wherever a call was, and nobody answers anything more. */
async function end({ bench, apps, everyApp }: World): Promise<void> {
  const names = new Set(everyApp.flatMap(({ told }) => told.map(({ dialogId }) => dialogId)));
  for (const name of names) if (name !== '') apps[0]?.requestInDialog(name, 'BYE');
  for (const app of apps) bench.loseApplication(app);
  await bench.advance(200_000);
}

/**
 * Requests of phones that have more or fewer than one final response; repeated ones count once. What an application
 * has and does not answer while its client waits ends without one (RFC 4320 4.2), but not an INVITE.
 */
function findUnanswered({ bench, everyApp }: World): string[] {
  const given = new Set(everyApp.flatMap(({ told }) => told.map(({ sip }) => sip && bench.keyOf(sip))));
  const statuses = new Map<string, Set<number>>();
  for (const { message } of bench.sent) {
    if (message.isRequest || message.status < 200) continue;
    const key = bench.keyOf(message);
    statuses.set(key, (statuses.get(key) ?? new Set()).add(message.status));
  }
  return [...bench.received].flatMap(([key, { method }]) => {
    const answers = [...(statuses.get(key) ?? [])];
    const mayBeSilent = method === 'ACK' || (method !== 'INVITE' && given.has(key));
    const isRight = answers.length === 1 || (answers.length === 0 && mayBeSilent);
    return isRight ? [] : [`${key}: ${answers.join(' and ') || 'nothing'}`];
  });
}

spec('a world without rules', (it) => {
  it(
    'leaves no request without its one answer, and nothing when it ends',
    { deadlineMs: 60_000 },
    async (t) => {
      for (let round = 0; round < ROUNDS; round += 1) {
        const seed = `${t.seed} ${String(round)}`;
        const world = await play(seed);
        await end(world);
        const { bench } = world;
        assert.equal(findUnanswered(world), [], seed);
        const { dialogs, transactions, clientRequests } = bench.engine.counts();
        assert.equal(
          [transactions.transactions, clientRequests],
          [0, 0],
          `${seed} ${JSON.stringify(transactions)}`,
        );
        assert.equal(dialogs, { uas: 0, uac: 0 }, seed);
      }
    },
  );
});
