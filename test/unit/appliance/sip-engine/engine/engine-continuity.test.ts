/** Calls that outlive the node or the application that handled them (continuity.md, rules 2 and 11 to 14). */
import { FakeClock } from '../../../../../cluster/base/clock.js';
import { FakeContinuity } from '../../../../support/fakes/fake-continuity.js';
import { assert, assertRejects, spec } from '../../../../support/spec.js';
import { stage, type Stage } from './bench-calls.js';
import { EngineBench, GIVE_UP_MS, SDP } from './engine-bench.js';
import type { VirtualApplication } from './virtual-application.js';
import type { PhoneCall, RequestSaid } from './virtual-phone.js';

const TAGS = { tags: ['desk'] };

interface Pair {
  readonly clock: FakeClock;
  readonly stores: readonly [FakeContinuity, FakeContinuity];
  readonly a: EngineBench;
  readonly b: EngineBench;
}

function pair(): Pair {
  const clock = new FakeClock();
  const stores = FakeContinuity.pair(clock);
  const a = new EngineBench({ clock, continuity: stores[0], seed: 'node a' });
  const b = new EngineBench({ clock, continuity: stores[1], seed: 'node b' });
  return { clock, stores, a, b };
}

interface Paired extends Pair, Stage {}

function pairedStage(): Paired {
  const all = pair();
  return { ...all, bench: all.a, app: all.a.application(TAGS), phone: all.a.phone('alice', 50) };
}

interface PairedCall extends Paired {
  readonly call: PhoneCall;
}

async function paired(said: RequestSaid = {}): Promise<PairedCall> {
  const on = pairedStage();
  const call = on.phone.call();
  call.invite(said);
  await on.a.settle();
  return { ...on, call };
}

async function pairedAnswered(said: RequestSaid = {}): Promise<PairedCall & { readonly dialogId: string }> {
  const all = await paired(said);
  all.app.answer('INVITE', 200, {}, SDP);
  await all.a.settle();
  all.call.ack(all.phone.last('200 INVITE'));
  const { dialogId } = all.app.last('ACK');
  all.phone.take();
  return { ...all, dialogId };
}

/** Node a is gone, its address has come to b. */
async function takeOver({ a, b, phone }: Paired, generation = 1) {
  a.isDown = () => true;
  const report = b.engine.takeOver('a', generation);
  b.moveHere(phone);
  await b.settle();
  return report;
}

spec('a 2xx and the partner (rule 12)', (it) => {
  const heldBy = async (delayMs: number): Promise<number[]> => {
    const { a, app, stores, clock } = await paired();
    stores[0].setDelayMs(delayMs);
    const startMs = clock.monotonicMs();
    app.answer('INVITE', 200, {}, SDP);
    await a.advance(100);
    return a.times('200 INVITE').map((atMs) => atMs - startMs);
  };

  it('waits until the partner holds its dialog', async () => {
    assert.equal(await heldBy(20), [20]);
  });

  it('waits at most 30 ms', async () => {
    assert.equal(await heldBy(1000), [30]);
  });

  it('does not wait when there is known to be no partner', async () => {
    const { a, app, stores } = await paired();
    stores[0].setDelayMs(1000);
    stores[0].setState('alone');
    app.answer('INVITE', 200, {}, SDP);
    await a.settle();
    assert.is(a.times('200 INVITE').length, 1);
    assert.equal(a.engine.counts().held.alone, 1);
  });

  it('leaves within the same turn without continuity', () => {
    const { app, phone } = stage();
    phone.call().invite();
    app.answer('INVITE', 200, {}, SDP);
    assert.is(phone.take(), '100 INVITE, 200 INVITE');
  });

  it('is echoed to the application when it has left, not before', async () => {
    const { a, app, stores } = await paired();
    stores[0].setDelayMs(20);
    app.take();
    app.answer('INVITE', 200, {}, SDP);
    assert.is(app.take(), '');
    await a.advance(20);
    assert.is(app.take(), 'sent 200 INVITE');
  });

  it('is not given a second time, and not by somebody else, while it waits', async () => {
    const { a, app, phone, stores } = await paired();
    stores[0].setDelayMs(20);
    phone.take();
    app.answer('INVITE', 200, {}, SDP);
    app.answer('INVITE', 486);
    await a.advance(20);
    assert.is(phone.take(), '200 INVITE');
    assert.ok(app.take().includes('NOK Response not sent'));
  });

  it('that the caller has given up by BYE meanwhile becomes a 487', async () => {
    const { a, app, phone, call, stores } = await paired();
    app.answer('INVITE', 180);
    call.learn(phone.last('180 INVITE'));
    stores[0].setDelayMs(20);
    app.answer('INVITE', 200, {}, SDP);
    call.request('BYE');
    app.answer('BYE', 200);
    phone.take();
    await a.advance(20);
    assert.is(phone.take(), '487 INVITE');
    assert.is(a.engine.counts().dialogs.uas, 0);
  });
});

spec('a 100 and the partner (rule 14)', (it) => {
  it('leaves when the partner holds the INVITE', async () => {
    const { a, phone, stores } = pairedStage();
    stores[0].setDelayMs(40);
    phone.call().invite();
    await a.advance(500);
    assert.equal(a.times('100 INVITE'), [40]);
  });

  it('leaves after 150 ms otherwise', async () => {
    const { a, phone, stores } = pairedStage();
    stores[0].setDelayMs(10_000);
    phone.call().invite();
    await a.advance(500);
    assert.equal(a.times('100 INVITE'), [150]);
  });

  it('is not sent after something better; a 180 does not wait', async () => {
    const { a, app, phone, stores } = pairedStage();
    stores[0].setDelayMs(40);
    phone.call().invite();
    app.answer('INVITE', 180);
    assert.is(phone.take(), '180 INVITE');
    await a.advance(500);
    assert.is(phone.take(), '');
  });
});

spec('the store', (it) => {
  it('holds a call as long as it lasts, and nothing of it afterwards', async () => {
    const { a, app, call, stores } = await pairedAnswered();
    assert.ok(stores[0].readAll('a').some(({ key }) => key.startsWith('d/')));
    call.request('BYE');
    app.answer('BYE', 200);
    assert.ok(!stores[0].readAll('a').some(({ key }) => key.startsWith('d/')));
    await a.advance(40_000);
    assert.equal(stores[0].readAll('a'), []);
  });

  it('holds a registration until the phone takes itself off', () => {
    const { a, stores, phone } = pairedStage();
    const registrar = a.application({ routes: ['register'] });
    for (const [seconds, kept] of [
      ['300', 1],
      ['0', 0],
    ] as const) {
      phone.call().request('REGISTER', { headers: { Expires: seconds } });
      registrar.answer('REGISTER', 200);
      assert.is(stores[0].readAll('a').filter(({ key }) => key.startsWith('b/')).length, kept);
    }
  });

  it('is filled again when it comes back empty', async () => {
    const { stores, a, phone } = await pairedAnswered();
    phone.call().invite();
    await a.settle();
    const before = stores[0].readAll('a').map(({ key }) => key);
    stores[0].restartEmpty();
    assert.equal(
      stores[0]
        .readAll('a')
        .map(({ key }) => key)
        .sort(),
      before.sort(),
    );
  });
});

spec('a takeover: calls that are up', (it) => {
  it('go on: requests of the peer reach the application with the same tags, under the same name', async () => {
    const all = await pairedAnswered();
    const next = all.b.application(TAGS);
    const report = await takeOver(all);
    assert.equal([report.dialogs, report.refused], [1, 0]);
    all.call.request('INVITE', { body: SDP });
    assert.is(next.last('INVITE').dialogId, all.dialogId);
    next.answer('INVITE', 200, {}, SDP);
    await all.b.settle();
    all.call.ack(all.phone.last('200 INVITE'));
    all.call.request('BYE');
    next.answer('BYE', 200);
    assert.is(next.take(), 'INVITE, sent 200 INVITE, ACK, BYE, sent 200 BYE');
    assert.is(all.b.engine.counts().dialogs.uas, 0);
  });

  it('go on: our requests carry tags and route of before, and a CSeq with a gap of 100', async () => {
    const all = await pairedAnswered();
    all.app.requestInDialog(all.dialogId, 'INFO');
    all.call.respond(all.phone.last('INFO'), 200);
    const before = all.phone.last('INFO');
    const next = all.b.application(TAGS);
    await takeOver(all);
    next.requestInDialog(all.dialogId, 'BYE');
    const bye = all.phone.last('BYE');
    assert.ok(bye.cseq.number > before.cseq.number && bye.cseq.number <= before.cseq.number + 101);
    assert.equal([bye.from.tag, bye.to.tag], [before.from.tag, before.to.tag]);
    assert.is(bye.header('From'), before.header('From'));
    assert.is(all.b.sent.at(-1)?.flow.localAddress, '10.77.0.11');
  });

  it('take the last request again when its answer died, for 32 s; an older one gets 500', async () => {
    const all = await pairedAnswered();
    all.call.request('INFO');
    const next = all.b.application(TAGS);
    await takeOver(all);
    // The dialog was written down before the INFO; with the ACK it was at CSeq 1.
    all.call.request('INFO', { cseq: 1 });
    all.call.request('INFO', { cseq: 0 });
    assert.is(next.take(), 'INFO');
    assert.ok(all.phone.take().endsWith('500 INFO'));
    await all.b.advance(GIVE_UP_MS);
    all.phone.take();
    all.call.request('INFO', { cseq: 1 });
    assert.is(all.phone.take(), '500 INFO');
  });

  it('that were ended before are not there', async () => {
    const all = await pairedAnswered();
    all.call.request('BYE');
    all.app.answer('BYE', 200);
    const report = await takeOver(all);
    assert.is(report.dialogs, 0);
  });

  it('are written into the own store under the new generation (rule 11)', async () => {
    const all = await pairedAnswered();
    await takeOver(all, 7);
    const record = all.stores[1].readAll('a').find(({ key }) => key.startsWith('d/'))?.record ?? '{}';
    assert.is((JSON.parse(record) as { gen: number }).gen, 7);
  });

  it('survive a second takeover, back to a node that has been started again', async () => {
    const all = await pairedAnswered();
    await takeOver(all);
    const again = new EngineBench({ clock: all.clock, continuity: all.stores[0], seed: 'node a again' });
    const app = again.application(TAGS);
    const report = await again.engine.takeOver('a', 2);
    again.moveHere(all.phone);
    assert.is(report.dialogs, 1);
    all.call.request('BYE');
    assert.is(app.take(), 'BYE');
  });

  it('wait for their dialog while the records are read', async () => {
    const all = await pairedAnswered();
    const next = all.b.application(TAGS);
    const report = all.b.engine.takeOver('a', 1);
    all.b.moveHere(all.phone);
    all.call.request('BYE');
    const stranger = all.phone.call();
    stranger.remoteTag = 'a-unknown';
    stranger.request('BYE');
    assert.is(all.phone.take(), '');
    await report;
    assert.is(next.take(), 'BYE');
    next.answer('BYE', 200);
    assert.is(all.phone.take(), '481 BYE, 200 BYE');
  });

  it('are adopted by an application that asks for them, with what it had stored', async () => {
    const all = await pairedAnswered();
    all.app.command(`payload|${all.dialogId}`, '', {}, '{"seat":7}');
    await takeOver(all);
    const next = all.b.application({ tags: ['other'] });
    next.command('dialogs|desk');
    next.command(`adopt|${all.dialogId}`);
    const [list, adopted] = next.told;
    assert.equal(JSON.parse(list?.fields[4] ?? ''), [all.dialogId]);
    const told = JSON.parse(adopted?.fields[4] ?? '{}') as Record<string, unknown>;
    assert.is(told['payload'], '{"seat":7}');
    assert.is(told['role'], 'uas');
    assert.is(told['callId'], all.call.callId);
    all.call.request('INFO');
    assert.ok(next.take().endsWith('INFO'));
  });
});

spec('a takeover: INVITEs', (it) => {
  it('that rang are offered again under the same name, and answered with the same To tag', async () => {
    const all = await paired();
    all.app.answer('INVITE', 180);
    const { tag } = all.phone.last('180 INVITE').to;
    const next = all.b.application(TAGS);
    const report = await takeOver(all);
    assert.is(report.pendingServer, 1);
    assert.is(next.last('INVITE').transactionId, all.app.last('INVITE').transactionId);
    next.answer('INVITE', 200, {}, SDP);
    await all.b.settle();
    assert.is(all.phone.last('200 INVITE').to.tag, tag);
    all.call.ack(all.phone.last('200 INVITE'));
    assert.is(next.take(), 'INVITE, sent 200 INVITE, ACK');
    assert.is(next.last('ACK').transactionId, next.last('INVITE').transactionId);
    assert.is(all.b.engine.counts().dialogs.uas, 1);
  });

  it('are not told twice when the caller repeats them', async () => {
    const all = await paired();
    const next = all.b.application(TAGS);
    await takeOver(all);
    all.call.repeat();
    assert.is(next.take(), 'INVITE');
  });

  it('can be given up by their caller', async () => {
    const all = await paired();
    const next = all.b.application(TAGS);
    await takeOver(all);
    all.phone.take();
    all.call.cancel();
    assert.is(all.phone.take(), '200 CANCEL, 487 INVITE');
    assert.is(next.take(), 'INVITE, CANCEL');
  });

  it('wait for an application for some seconds', async () => {
    const all = await paired();
    await takeOver(all);
    await all.b.advance(4000);
    const next = all.b.application(TAGS);
    assert.is(next.take(), 'INVITE');
    await all.b.advance(10_000);
    assert.ok(!all.phone.take().includes('503'));
  });

  it('are refused with 503 when none comes', async () => {
    const all = await paired();
    await takeOver(all);
    await all.b.advance(5000);
    assert.ok(all.phone.take().endsWith('503 INVITE'));
  });

  it('that were answered get their 200 again, until the ACK', async () => {
    const all = await paired();
    all.app.answer('INVITE', 200, {}, SDP);
    await all.a.settle();
    const first = all.a.sent.findLast(({ message }) => message.status === 200)?.bytes;
    all.phone.take();
    const next = all.b.application(TAGS);
    const report = await takeOver(all);
    assert.equal([report.finals, report.pendingServer], [1, 0]);
    await all.b.advance(20);
    assert.is(all.phone.take(), '200 INVITE');
    assert.equal(all.b.sent.at(-1)?.bytes, first);
    await all.b.advance(500);
    assert.is(all.phone.take(), '200 INVITE');
    all.call.ack(all.phone.last('200 INVITE'));
    await all.b.advance(GIVE_UP_MS);
    assert.is(all.phone.take(), '');
    assert.is(next.take(), 'ACK');
    assert.is(next.last('ACK').transactionId, all.app.last('INVITE').transactionId);
  });

  it('that were answered and are never acknowledged end with BYE', async () => {
    const all = await paired();
    all.app.answer('INVITE', 200, {}, SDP);
    await all.a.settle();
    const next = all.b.application(TAGS);
    await takeOver(all);
    await all.b.advance(GIVE_UP_MS);
    assert.ok(all.phone.take().endsWith('BYE'));
    assert.is(next.take(), 'unsolicited BYE');
  });

  it('that were answered do not ring again when the caller repeats them', async () => {
    const all = await paired();
    all.app.answer('INVITE', 200, {}, SDP);
    await all.a.settle();
    const next = all.b.application(TAGS);
    await takeOver(all);
    all.call.repeat();
    assert.is(next.take(), '');
  });

  it('that were refused do not ring again, either', async () => {
    const all = await paired();
    all.app.answer('INVITE', 486);
    all.phone.take();
    const next = all.b.application(TAGS);
    await takeOver(all);
    all.call.repeat();
    assert.is(next.take(), '');
    assert.is(all.phone.take(), '486 INVITE');
    all.call.ackRefusal(all.phone.last('486 INVITE'));
  });

  it('that were given up or refused by the engine do not ring again', async () => {
    const all = await paired();
    all.call.cancel();
    all.phone.take();
    const next = all.b.application(TAGS);
    const report = await takeOver(all);
    assert.equal([report.pendingServer, report.finals], [0, 1]);
    assert.is(next.take(), '');
    all.call.repeat();
    assert.is(all.phone.take(), '487 INVITE');
  });

  it('of a change of a call go on in that call, without the peer asking again', async () => {
    const all = await pairedAnswered();
    all.stores[0].setDelayMs(40);
    all.call.request('INVITE', { body: SDP });
    assert.is(all.phone.take(), '');
    await all.a.advance(40);
    assert.is(all.phone.take(), '100 INVITE');
    const next = all.b.application(TAGS);
    await takeOver(all);
    assert.is(next.take(), 'INVITE');
    assert.is(next.last('INVITE').dialogId, all.dialogId);
    assert.is(next.last('INVITE').transactionId, all.app.last('INVITE').transactionId);
    all.call.repeat();
    assert.is(next.take(), '');
    next.answer('INVITE', 200, {}, SDP);
    await all.b.settle();
    assert.ok(all.phone.take().endsWith('200 INVITE'));
  });

  it('that came back empty-handed are sent in turns of ten, ten milliseconds apart', async () => {
    const all = pairedStage();
    const calls = Array.from({ length: 25 }, () => all.phone.call());
    for (const call of calls) {
      call.invite();
      all.app.answer('INVITE', 200, {}, SDP);
    }
    await all.a.settle();
    const startMs = all.clock.monotonicMs();
    await takeOver(all);
    await all.b.advance(100);
    const times = all.b.times('200 INVITE').map((atMs) => atMs - startMs);
    const perTick = new Map<number, number>();
    for (const atMs of times)
      perTick.set(Math.floor(atMs / 10), (perTick.get(Math.floor(atMs / 10)) ?? 0) + 1);
    assert.is(times.length, 25);
    assert.ok(
      [...perTick.values()].every((count) => count <= 10),
      JSON.stringify([...perTick]),
    );
  });
});

/** The application of node a has called Alice, who rings. */
async function ringingOutside() {
  const all = pairedStage();
  all.app.request('INVITE sip:alice@10.77.1.50', {}, SDP);
  const invite = all.phone.last('INVITE');
  const call = all.phone.call(invite);
  call.respond(invite, 180);
  await all.a.settle();
  const { dialogId } = all.app.last('180 INVITE');
  all.phone.take();
  return { ...all, invite, call, dialogId };
}

spec('a takeover: INVITEs of ours', (it) => {
  it('bring their answer to whoever has adopted the early dialog', async () => {
    const all = await ringingOutside();
    const next = all.b.application(TAGS);
    const report = await takeOver(all);
    assert.equal([report.pendingClient, report.dialogs], [1, 1]);
    next.command(`adopt|${all.dialogId}`);
    next.take();
    all.call.respond(all.invite, 200, { body: SDP });
    assert.is(next.take(), '200 INVITE');
    next.requestInDialog(all.dialogId, 'ACK');
    assert.is(all.phone.take(), 'ACK');
    assert.is(all.phone.last('ACK').cseq.number, all.invite.cseq.number);
    next.requestInDialog(all.dialogId, 'BYE');
    assert.is(all.phone.take(), 'BYE');
  });

  it('are given up when nobody adopts them', async () => {
    const all = await ringingOutside();
    await takeOver(all);
    await all.b.advance(5000);
    assert.is(all.phone.take(), 'CANCEL');
    all.call.respond(all.phone.last('CANCEL'), 200);
    all.call.respond(all.invite, 487);
    assert.is(all.phone.take(), 'ACK');
    assert.is(all.b.engine.counts().dialogs.uac, 0);
  });

  it('that are answered while nobody is there are acknowledged and ended', async () => {
    const all = await ringingOutside();
    await takeOver(all);
    all.call.respond(all.invite, 200, { body: SDP });
    assert.is(all.phone.take(), 'ACK, BYE');
  });
});

spec('a takeover: the rest', (it) => {
  it('a session that we refresh is refreshed soon, at most 30 s later', async () => {
    const timer = { Supported: 'timer', 'Session-Expires': '1800;refresher=uas' };
    const all = await pairedAnswered({ headers: timer });
    await takeOver(all);
    let waitedMs = 0;
    for (; waitedMs < 30_500 && all.b.times('INVITE').length === 0; waitedMs += 100) await all.b.advance(100);
    assert.ok(waitedMs >= 1000 && waitedMs <= 30_100, String(waitedMs));
    assert.is(all.phone.take(), 'INVITE');
    all.call.respond(all.phone.last('INVITE'), 200, { body: SDP });
    assert.is(all.phone.take(), 'ACK');
  });

  it('a peer that refreshes gets 32 s more', async () => {
    const timer = { Supported: 'timer', 'Session-Expires': '200;refresher=uac' };
    const all = await pairedAnswered({ headers: timer });
    await all.a.advance(160_000);
    await takeOver(all);
    await all.b.advance(39_000);
    assert.is(all.phone.take(), '');
    await all.b.advance(1200);
    assert.is(all.phone.take(), 'BYE');
  });

  it('a session whose time was over while nobody was there is refreshed at once', async () => {
    const timer = { Supported: 'timer', 'Session-Expires': '200;refresher=uas' };
    const all = await pairedAnswered({ headers: timer });
    all.clock.jumpWall(150_000);
    await takeOver(all);
    await all.b.advance(20);
    assert.is(all.phone.take(), 'INVITE');
  });

  it('a peer whose time was over while nobody was there gets 32 s to refresh, which is enough', async () => {
    const timer = { Supported: 'timer', 'Session-Expires': '200;refresher=uac' };
    const all = await pairedAnswered({ headers: timer });
    all.clock.jumpWall(300_000);
    const next = all.b.application(TAGS);
    await takeOver(all);
    await all.b.advance(31_000);
    assert.is(all.phone.take(), '');
    all.call.request('INVITE', { headers: timer, body: SDP });
    next.answer('INVITE', 200, {}, SDP);
    await all.b.settle();
    all.call.ack(all.phone.last('200 INVITE'));
    all.phone.take();
    await all.b.advance(120_000);
    assert.is(all.phone.take(), '');
    await all.b.advance(48_200);
    assert.is(all.phone.take(), 'BYE');
  });

  it('a registered phone is reached the way it came', async () => {
    const all = pairedStage();
    const registrar = all.a.application({ routes: ['register'] });
    const nated = all.a.phone('nora', 99, { remotePort: 33_000 });
    nated.call().request('REGISTER', { contact: '<sip:nora@192.168.1.2>', headers: { Expires: '300' } });
    registrar.answer('REGISTER', 200, { Contact: '<sip:nora@192.168.1.2>;expires=300' });
    const report = await takeOver(all);
    all.b.moveHere(nated);
    assert.is(report.bindings, 1);
    all.b.application().request('INVITE sip:nora@192.168.1.2', {}, SDP);
    assert.ok(nated.take().endsWith('INVITE'));
  });

  it('a record that cannot be read costs that record alone', async () => {
    const all = await pairedAnswered();
    const bad = [
      'no json',
      '{"v":1}',
      'null',
      '{"v":99,"gen":1,"dialog":{}}',
      '[]',
      '{"record":{"kind":"?"}}',
    ];
    for (const [index, record] of bad.entries()) {
      for (const kind of ['d', 't', 'b']) all.stores[0].put('a', `${kind}/bad${String(index)}`, record);
    }
    const report = await takeOver(all);
    assert.is(report.dialogs, 1);
    assert.is(report.refused, bad.length * 3);
  });

  it('with a generation that is behind is refused, and nothing is imported', async () => {
    const all = await pairedAnswered();
    const { a, b } = all;
    await takeOver({ ...all, phone: a.phone('other', 70) }, 5);
    await assertRejects(b.engine.takeOver('a', 4), /generation/);
    await assertRejects(stage().bench.engine.takeOver('a', 1), /store of its partner/);
  });

  it('of a store that cannot be read fails, and requests that waited are answered', async () => {
    const all = await pairedAnswered();
    all.stores[1].setPartnerUnreadable(true);
    const report = all.b.engine.takeOver('a', 1);
    all.b.moveHere(all.phone);
    all.call.request('BYE');
    await assertRejects(report);
    assert.is(all.phone.take(), '481 BYE');
  });
});

/** A call whose application is gone. */
function orphaned(tags: readonly string[] = ['desk']) {
  const on = stage({}, { tags });
  const call = on.phone.call();
  call.invite();
  on.app.answer('INVITE', 200, {}, SDP);
  call.ack(on.phone.last('200 INVITE'));
  const { dialogId } = on.app.last('ACK');
  on.bench.loseApplication(on.app);
  on.phone.take();
  return { ...on, call, dialogId };
}

spec('an application that goes away', (it) => {
  it('leaves its calls to the next with the same tags', () => {
    const { bench, phone, call, dialogId } = orphaned();
    const stranger = bench.application({ tags: ['other'] });
    const next = bench.application(TAGS);
    call.request('INFO');
    assert.is(next.take(), 'INFO');
    assert.is(next.last('INFO').dialogId, dialogId);
    next.answer('INFO', 200);
    next.requestInDialog(dialogId, 'BYE');
    assert.is(phone.take(), '200 INFO, BYE');
    assert.is(stranger.take(), '');
  });

  it('leaves requests in its calls waiting for the next, for some seconds', async () => {
    const { bench, phone, call } = orphaned();
    call.request('INFO');
    assert.is(phone.take(), '');
    await bench.advance(3000);
    const next = bench.application(TAGS);
    assert.is(next.take(), 'INFO');
    next.answer('INFO', 200);
    assert.is(phone.take(), '200 INFO');
    await bench.advance(5000);
    assert.is(phone.take(), '');
  });

  it('costs a request 503 when nobody comes', async () => {
    const { bench, phone, call } = orphaned();
    call.request('INFO');
    await bench.advance(5000);
    // The 100 keeps the peer from asking all the time (RFC 4320 4.1).
    assert.is(phone.take(), '100 INFO, 503 INFO');
  });

  it('does not keep anybody from hanging up: BYE gets its 200', () => {
    const { bench, phone, call } = orphaned();
    call.request('BYE');
    assert.is(phone.take(), '200 BYE');
    assert.is(bench.engine.counts().dialogs.uas, 0);
  });

  it('with a BYE in its hands leaves it to the engine to answer', () => {
    const on = stage();
    const call = on.phone.call();
    call.invite();
    on.app.answer('INVITE', 200, {}, SDP);
    call.ack(on.phone.last('200 INVITE'));
    call.request('BYE');
    on.phone.take();
    on.bench.loseApplication(on.app);
    assert.is(on.phone.take(), '200 BYE');
  });

  const pending = (isRinging: boolean): Stage & { call: PhoneCall } => {
    const on = stage();
    const call = on.phone.call();
    call.invite();
    if (isRinging) on.app.answer('INVITE', 180);
    on.phone.take();
    return { ...on, call };
  };
  const successorOf = ({ bench, app }: Stage): VirtualApplication => {
    const next = bench.application();
    bench.loseApplication(app);
    return next;
  };

  for (const isRinging of [false, true]) {
    it(`gives ${isRinging ? 'a ringing' : 'an unanswered'} INVITE to its successor, which answers it`, () => {
      const on = pending(isRinging);
      const next = successorOf(on);
      assert.is(next.take(), 'INVITE');
      assert.is(next.last('INVITE').transactionId, on.app.last('INVITE').transactionId);
      next.answer('INVITE', 200, {}, SDP);
      on.call.ack(on.phone.last('200 INVITE'));
      on.call.request('BYE');
      assert.is(next.take(), 'sent 200 INVITE, ACK, BYE');
    });
  }

  it('hands a ringing call over for good: what follows goes to who answered, whatever its tags', () => {
    const on = stage({}, TAGS);
    const call = on.phone.call();
    call.invite();
    on.app.answer('INVITE', 180);
    const next = on.bench.application({ tags: ['other'] });
    on.bench.loseApplication(on.app);
    const again = on.bench.application(TAGS);
    assert.is(next.take(), 'INVITE');
    next.answer('INVITE', 200, {}, SDP);
    call.ack(on.phone.last('200 INVITE'));
    call.request('INFO');
    assert.is(next.take(), 'sent 200 INVITE, ACK, INFO');
    assert.is(again.take(), '');
    next.answer('INFO', 200);
    // A later successor is looked for by the tags of the one that answered.
    on.bench.loseApplication(next);
    const twin = on.bench.application({ tags: ['other'] });
    call.request('BYE');
    assert.is(twin.take(), 'BYE');
  });

  it('costs a caller 503 when no successor comes in time', async () => {
    const on = pending(false);
    on.bench.loseApplication(on.app);
    await on.bench.advance(4900);
    assert.is(on.phone.take(), '');
    await on.bench.advance(200);
    assert.is(on.phone.take(), '503 INVITE');
  });

  it('lets callers who come meanwhile wait for its return', async () => {
    const on = stage();
    on.bench.loseApplication(on.app);
    on.phone.call().invite();
    assert.is(on.phone.take(), '100 INVITE');
    await on.bench.advance(1000);
    const next = on.bench.application();
    assert.is(next.take(), 'INVITE');
  });

  it('whose caller gives up while nobody is there gets his 487', () => {
    const on = pending(false);
    on.bench.loseApplication(on.app);
    on.call.cancel();
    assert.is(on.phone.take(), '200 CANCEL, 487 INVITE');
  });
});

spec('adopt, dialogs and payload', (it) => {
  it('list the orphans of a tag, and hand one over', () => {
    const { bench, call, dialogId } = orphaned();
    const next = bench.application({ tags: ['other'] });
    next.command('dialogs|other');
    next.command('dialogs|desk');
    assert.is(next.take(), `OK [], OK ${JSON.stringify([dialogId])}`);
    next.command(`adopt|${dialogId}`);
    const told = JSON.parse(next.told.at(-1)?.fields[4] ?? '{}') as Record<string, Record<string, string>>;
    assert.is(told['remote']?.['tag'], call.localTag);
    assert.is(told['local']?.['tag'], call.remoteTag);
    assert.is(told['remote']?.['sdp'], SDP);
    assert.is(told['local']?.['sdp'], SDP);
    next.command('dialogs|desk');
    assert.ok(next.take().endsWith('OK []'));
    call.request('INFO');
    assert.is(next.take(), 'INFO');
  });

  it('take a call from an application that lives', () => {
    const { bench, call, dialogId } = orphaned();
    const first = bench.application(TAGS);
    call.request('INFO');
    assert.is(first.take(), 'INFO');
    first.answer('INFO', 200);
    const second = bench.application({ tags: ['other'] });
    second.command(`adopt|${dialogId}`);
    second.take();
    call.request('INFO');
    assert.is(second.take(), 'INFO');
  });

  it('tell the description that came in the ACK', () => {
    const on = stage();
    const call = on.phone.call();
    call.invite({ body: '' });
    on.app.answer('INVITE', 200, {}, SDP);
    const answer = SDP.replace('4000', '5000');
    call.ack(on.phone.last('200 INVITE'), { body: answer });
    on.app.command(`adopt|${on.app.last('ACK').dialogId}`);
    const told = JSON.parse(on.app.told.at(-1)?.fields[4] ?? '{}') as Record<string, Record<string, string>>;
    assert.equal([told['local']?.['sdp'], told['remote']?.['sdp']], [SDP, answer]);
  });

  it('refuse a dialog that is not there', () => {
    const { bench } = stage();
    const app = bench.application();
    app.command('adopt|nothing');
    app.command('payload|nothing', '', {}, 'x');
    const text = 'NOK unable to find dialog for dialog id provided';
    assert.is(app.take(), `${text}, ${text}`);
  });

  it('give back what was stored, the last of it', () => {
    const { bench, dialogId } = orphaned();
    const next = bench.application(TAGS);
    next.command(`payload|${dialogId}`, '', {}, 'first');
    next.command(`payload|${dialogId}`, '', {}, 'Grüße');
    next.command(`adopt|${dialogId}`);
    assert.is(
      (JSON.parse(next.told.at(-1)?.fields[4] ?? '{}') as Record<string, unknown>)['payload'],
      'Grüße',
    );
  });
});
