/** Call records: the fake and the real way through journal and rqlited give the same; and what no failure may lose. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { RealClock } from '../../cluster/base/clock.js';
import { openLog } from '../../cluster/base/log.js';
import type { CallbackReadPort } from '../../cluster/store/callback-read-port.js';
import type { CallbackRecord, CallRecordPort, OpenedCall } from '../../cluster/store/call-record-port.js';
import type { CallFilter, CallRecordReadPort } from '../../cluster/store/call-record-read-port.js';
import { FailoverStore } from '../../cluster/store/failover-store.js';
import { applyMigrations, MIGRATIONS, planMigration } from '../../cluster/store/migrations.js';
import { planCallStatements } from '../../cluster/store/plan-call-statements.js';
import { RqliteCallbacks } from '../../cluster/store/rqlite-callbacks.js';
import { RqliteCallRecords } from '../../cluster/store/rqlite-call-records.js';
import { RqliteConfigurationDocuments } from '../../cluster/store/rqlite-configuration-documents.js';
import type { RqliteClient } from '../../cluster/store/rqlite-client.js';
import type { StorePort } from '../../cluster/store/store-port.js';
import { FakeCallRecords } from '../support/fakes/fake-call-records.js';
import { assert, assertRejects, spec, type TestContext } from '../support/spec.js';
import { keepsTheFirst, keepsVersions } from '../support/store/documents-contract.js';
import { openCallRecords, type CallRecordParts } from '../support/store/open-call-records.js';
import { makeFolder } from '../support/store/make-folder.js';
import { Rqlited, startRqlited, startRqlitedGroup } from '../support/store/rqlited-group.js';
import { waitFor } from '../support/wait.js';

const clock = new RealClock();
const log = openLog({ name: 'test', level: 'silent' });
const WRITER = fileURLToPath(new URL('../support/store/call-writer-main.js', import.meta.url));
const DEADLINE_MS = 3000;

interface Subject {
  readonly records: CallRecordPort;
  readonly reader: CallRecordReadPort;
  readonly callbacks: CallbackReadPort;
  readonly whenWritten: () => Promise<unknown>;
}

function whenWritten({ writer }: CallRecordParts, deadlineMs = 20_000): Promise<unknown> {
  return waitFor('everything is in the store', () => writer.backlog().entries === 0, { deadlineMs });
}

async function openParts(t: TestContext, store: StorePort): Promise<CallRecordParts> {
  const parts = await openCallRecords({ folder: makeFolder(t), store, clock, log, rng: t.rng });
  parts.writer.start();
  t.defer(async () => {
    await parts.writer.stop();
    await parts.outbox.close();
  });
  return parts;
}

async function openReal(t: TestContext): Promise<Subject & { readonly client: RqliteClient }> {
  const { client } = await startRqlited(t);
  const parts = await openParts(t, client);
  return {
    ...{ client, records: parts.records, whenWritten: () => whenWritten(parts) },
    reader: new RqliteCallRecords({ store: client, deadlineMs: DEADLINE_MS }),
    callbacks: new RqliteCallbacks({ store: client, deadlineMs: DEADLINE_MS }),
  };
}

function openFake(): Subject {
  const records = new FakeCallRecords('a', clock);
  return { records, reader: records, callbacks: records, whenWritten: () => Promise.resolve() };
}

function call(callId: string, openedWallMs: number, more: Partial<OpenedCall> = {}): OpenedCall {
  const plain = { generation: 1, direction: 'inbound', caller: '13800000000', dialled: '62001' } as const;
  return { callId, openedWallMs, ...plain, ...more };
}

type OpenSubject = (t: TestContext) => Promise<Subject> | Subject;

function describeHistory(name: string, open: OpenSubject): void {
  spec(`call records, ${name}`, { deadlineMs: 60_000 }, (it) => {
    it('have what was told of a call, with its steps and triggers', async (t) => {
      const { records, reader, whenWritten } = await open(t);
      const openedWallMs = Math.floor(clock.wallMs()) - 5000;
      records.open(call('c1', openedWallMs));
      records.step('c1', { kind: 'queued', detail: { department: '发热门诊' } }, { department: '发热门诊' });
      const trigger = {
        triggerId: 't1',
        callId: 'c1',
        input: 'text',
        word: '胸痛',
        source: 'wang',
        confidence: 1,
      };
      records.trigger({ ...trigger, reason: 'rule 1', outcome: 'done' });
      records.undoTrigger('t1');
      const answeredWallMs = openedWallMs + 3000;
      records.step('c1', { kind: 'answered' }, { answeredWallMs, seat: '12', recording: false, priority: 2 });
      records.close('c1', { reason: 'completed', mos: 4.25 });
      records.disposition('c1', 'advice');
      records.disposition('c1', 'referral');
      records.open(call('c2', openedWallMs));
      await whenWritten();

      const history = await reader.findCall('c1');
      const { endedWallMs, talkedMs, ...known } = history?.call ?? {};
      assert.equal(known, {
        ...{ callId: 'c1', node: 'a', generation: 1, direction: 'inbound', caller: '13800000000' },
        ...{ dialled: '62001', department: '发热门诊', priority: 2, isEmergency: false, openedWallMs },
        ...{ answeredWallMs, waitedMs: 3000, seat: '12', callTaker: null, endReason: 'completed', mos: 4.25 },
        ...{ recording: false, disposition: 'referral' },
      });
      assert.is(Math.floor(talkedMs ?? 0), Math.floor((endedWallMs ?? 0) - answeredWallMs));
      assert.equal(
        history?.steps.map(({ kind, node, detail }) => [kind, node, detail]),
        [
          ['opened', 'a', {}],
          ['queued', 'a', { department: '发热门诊' }],
          ['answered', 'a', {}],
          ['ended', 'a', { reason: 'completed' }],
        ],
      );
      const [told] = history?.triggers ?? [];
      const { wallMs = 0, undoneWallMs = 0, ...rest } = told ?? {};
      assert.equal(rest, { ...trigger, node: 'a', reason: 'rule 1', outcome: 'done' });
      assert.ok((undoneWallMs ?? 0) >= wallMs);
      assert.is((await reader.findTriggers(wallMs, wallMs, 10)).length, 1);
      const { openCalls, callbacksWaiting } = await reader.counts();
      assert.equal([openCalls, callbacksWaiting], [1, 0]);
      assert.is(await reader.findCall('nobody'), undefined);
    });
  });
}

function describePlaces(name: string, open: OpenSubject): void {
  spec(`places of callbacks, ${name}`, { deadlineMs: 60_000 }, (it) => {
    it('are found by the service address, as long as somebody is to be called', async (t) => {
      const { records, reader, callbacks, whenWritten } = await open(t);
      const openedWallMs = Math.floor(clock.wallMs()) - 5000;
      const base: Omit<CallbackRecord, 'arrivedWallMs' | 'state' | 'attempts'> = {
        entryId: 'e1',
        callId: 'c1',
        generation: 1,
        department: '发热门诊',
        priority: 0,
        number: '1',
        ...{ skills: ['english'], trigger: undefined, trunkId: 'carrier', home: 'a' },
        reason: 'asked',
      };
      const place = { ...base, arrivedWallMs: openedWallMs, state: 'waiting', attempts: 0 } as const;
      const cut: CallbackRecord = { ...place, entryId: 'e2', reason: 'lost', trigger: 'lost', home: 'b' };
      for (const one of [place, cut, { ...place, entryId: 'e3' }]) records.callback(one);
      records.callback({ ...place, entryId: 'e3', state: 'done', attempts: 1 });
      await whenWritten();
      assert.is((await reader.counts()).callbacksWaiting, 2);
      const later = clock.wallMs() + 1;
      assert.equal(await callbacks.findCallbacks('a', later), [place]);
      assert.equal(await callbacks.findCallbacks('b', later), [cut]);
      assert.equal(await callbacks.findCallbacks('a', openedWallMs), []);
    });
  });
}

function describeSearch(name: string, open: OpenSubject): void {
  spec(`call records that are looked for, ${name}`, { deadlineMs: 60_000 }, (it) => {
    it('that were left to another node are ended by nobody here', async (t) => {
      const { records, reader, whenWritten } = await open(t);
      const openedWallMs = Math.floor(clock.wallMs()) - 5000;
      records.open(call('left', openedWallMs));
      records.open(call('kept', openedWallMs));
      records.leave('left');
      for (const callId of ['left', 'kept']) records.close(callId, { reason: 'completed' });
      assert.equal(records.closeOrphans('processDied', new Set()), []);
      await whenWritten();
      const ends = await Promise.all(['left', 'kept'].map((callId) => reader.findCall(callId)));
      assert.equal(
        ends.map((one) => one?.call.endReason ?? null),
        [null, 'completed'],
      );
    });

    it('are found by time, number, department and state, page after page', async (t) => {
      const { records, reader, whenWritten } = await open(t);
      for (let number = 0; number < 10; number += 1) {
        const more = { department: number % 2 === 0 ? 'fever' : 'heart', isEmergency: number === 7 };
        records.open(
          call(`c${String(number)}`, 1000 + Math.floor(number / 2), {
            ...more,
            caller: `555${String(number)}1`,
          }),
        );
        if (number < 3) records.close(`c${String(number)}`, { reason: 'abandoned' });
      }
      await whenWritten();
      const find = async (filter: Partial<CallFilter>): Promise<string> => {
        const found = await reader.findCalls({ fromWallMs: 0, toWallMs: 9999, limit: 100, ...filter });
        return found.map(({ callId }) => callId.slice(1)).join('');
      };
      assert.is(await find({}), '9876543210');
      assert.is(await find({ fromWallMs: 1001, toWallMs: 1002 }), '5432');
      assert.is(await find({ number: '5541' }), '4');
      assert.is(await find({ number: '2001' }), '9876543210');
      assert.is(await find({ number: "'; --" }), '');
      assert.is(await find({ department: 'fever' }), '86420');
      assert.is(await find({ isEmergency: true }), '7');
      assert.is(await find({ isOpen: false }), '210');
      assert.is(await find({ isOpen: true, department: 'heart' }), '9753');
      assert.is(await find({ limit: 3 }), '987');
      assert.is(await find({ limit: 3, before: { openedWallMs: 1003, callId: 'c7' } }), '654');
    });
  });
}

for (const describe of [describeHistory, describePlaces, describeSearch]) {
  describe('in memory', openFake);
  describe('through journal and rqlited', openReal);
}

spec('the tables of the store', { deadlineMs: 60_000 }, (it) => {
  it('are made by two nodes at once, and again, without harm', async (t) => {
    const { client } = await startRqlited(t);
    const latest = MIGRATIONS.length + 1;
    const more = { version: latest, statements: ['ALTER TABLE calls ADD COLUMN later TEXT'] };
    const options = { nowWallMs: 5, deadlineMs: DEADLINE_MS, migrations: [...MIGRATIONS, more] };
    const versions = await Promise.all([1, 2, 3].map(() => applyMigrations(client, options)));
    assert.equal(versions, [latest, latest, latest]);
    assert.is(await applyMigrations(client, options), latest);
    // An older program meets a newer store.
    assert.is(await applyMigrations(client, { nowWallMs: 5, deadlineMs: DEADLINE_MS }), latest);
    await assertRejects(client.execute(planMigration(more, 5), DEADLINE_MS), /UNIQUE.*schema_version/);
    const rows = await client.query(
      ['SELECT version FROM schema_version ORDER BY version'],
      'strong',
      DEADLINE_MS,
    );
    assert.equal(
      rows,
      [...MIGRATIONS, more].map(({ version }) => ({ version })),
    );
  });

  it('keep the row of the higher generation and revision, in whichever order they come', async (t) => {
    const { client } = await startRqlited(t);
    await applyMigrations(client, { nowWallMs: 5, deadlineMs: DEADLINE_MS });
    const row = {
      ...{
        call_id: 'c1',
        node: 'a',
        direction: 'inbound',
        caller: '1',
        dialled: '2',
        department: null,
        priority: 0,
      },
      ...{ is_emergency: 0, opened_wall_ms: 5, answered_wall_ms: null, ended_wall_ms: null, waited_ms: null },
      ...{ talked_ms: null, seat: null, call_taker: null, end_reason: null, mos: null, recording: null },
    };
    const write = (generation: number, revision: number, endReason: string | null): Promise<void> =>
      client.execute(
        planCallStatements({
          kind: 'call',
          data: { row: { ...row, generation, revision, end_reason: endReason } },
        }),
        DEADLINE_MS,
      );
    const end = async (): Promise<unknown> => {
      const [found] = await client.query(['SELECT * FROM calls'], 'strong', DEADLINE_MS);
      return [found?.['generation'], found?.['revision'], found?.['end_reason'], found?.['disposition']];
    };
    const disposed = { callId: 'c1', node: 'b', code: 'advice', wallMs: 7 };
    await client.execute(planCallStatements({ kind: 'call-disposition', data: disposed }), DEADLINE_MS);
    await write(1, 9, 'ended by the old owner');
    assert.equal(await end(), [1, 9, 'ended by the old owner', 'advice']);
    await write(2, 1, null);
    assert.equal(await end(), [2, 1, null, 'advice']);
    await write(1, 10, 'late');
    await write(2, 1, 'the same again');
    assert.equal(await end(), [2, 1, null, 'advice']);
    await write(2, 2, 'completed');
    const older = { ...disposed, code: 'older', wallMs: 6 };
    await client.execute(planCallStatements({ kind: 'call-disposition', data: older }), DEADLINE_MS);
    assert.equal(await end(), [2, 2, 'completed', 'advice']);
  });

  it('hold the versions of a document, one active, and go back one step', async (t) => {
    const { client } = await startRqlited(t);
    await applyMigrations(client, { nowWallMs: 5, deadlineMs: DEADLINE_MS });
    const documents = new RqliteConfigurationDocuments({ store: client, clock, deadlineMs: DEADLINE_MS });
    await keepsVersions(documents);
  });

  it('hold the first version of a document, whoever else brings one', async (t) => {
    const { client } = await startRqlited(t);
    await applyMigrations(client, { nowWallMs: 5, deadlineMs: DEADLINE_MS });
    await keepsTheFirst(new RqliteConfigurationDocuments({ store: client, clock, deadlineMs: DEADLINE_MS }));
  });
});

/** Ids of calls in the store, and how often each kind of step is there. */
async function readAll(client: RqliteClient): Promise<ReadonlyMap<string, readonly unknown[]>> {
  const rows = await client.query(
    [
      `SELECT calls.call_id AS id, end_reason AS reason, SUM(kind = 'opened') AS opened, SUM(kind = 'queued') AS queued,
       SUM(kind = 'ended') AS ended FROM calls JOIN call_steps USING (call_id) GROUP BY calls.call_id`,
    ],
    'strong',
    20_000,
  );
  return new Map(
    rows.map(({ id, reason, opened, queued, ended }) => [String(id), [reason, opened, queued, ended]]),
  );
}

spec('call records while things break', { deadlineMs: 180_000 }, (it) => {
  it('all arrive once when rqlited was away for the whole run: 10,000 entries', async (t) => {
    const rqlited = new Rqlited(t, 'a', t.rng.integer(30_000, 38_000));
    const parts = await openParts(t, rqlited.client);
    const { records, writer, outbox } = parts;
    let longestPutMs = 0;
    for (let number = 0; number < 2500; number += 1) {
      const beginMs = clock.monotonicMs();
      const callId = `call-${String(number)}`;
      records.open(call(callId, 1000 + number));
      records.step(callId, { kind: 'queued' }, { department: 'fever' });
      records.step(callId, { kind: 'held' });
      records.close(callId, { reason: 'completed' });
      longestPutMs = Math.max(longestPutMs, clock.monotonicMs() - beginMs);
      if (number % 50 === 0) await clock.sleep(5);
    }
    assert.ok(await outbox.whenDurable());
    assert.equal([writer.backlog().entries, writer.backlog().isStoreReachable], [10_000, false]);
    process.stdout.write(`    four puts took at most ${longestPutMs.toFixed(1)} ms\n`);
    rqlited.start();
    await rqlited.whenReady();
    const beginMs = clock.monotonicMs();
    await whenWritten(parts, 60_000);
    process.stdout.write(
      `    10,000 entries were written in ${(clock.monotonicMs() - beginMs).toFixed(0)} ms\n`,
    );
    const found = await readAll(rqlited.client);
    assert.is(found.size, 2500);
    for (const [callId, row] of found) assert.equal(row, ['completed', 1, 1, 1], callId);
  });

  it('all arrive once when the leader is killed in the middle, twice', async (t) => {
    const group = await startRqlitedGroup(t);
    const [first, ...others] = group.map(({ client }) => client);
    if (first === undefined) throw new Error('no rqlited');
    const store = new FailoverStore({ stores: [first, ...others], clock });
    const parts = await openParts(t, store);
    const { records } = parts;
    const leader = async (): Promise<Rqlited> =>
      waitFor('there is a leader', async () => {
        for (const rqlited of group) {
          const status = await rqlited.client.raftStatus(500).catch(() => undefined);
          if (status?.state === 'Leader') return rqlited;
        }
        return undefined;
      });
    for (let number = 0; number < 600; number += 1) {
      const callId = `call-${String(number)}`;
      records.open(call(callId, 1000 + number));
      records.step(callId, { kind: 'queued' });
      records.close(callId, { reason: 'completed' });
      await clock.sleep(5);
      if (number !== 150 && number !== 400) continue;
      const killed = await leader();
      await killed.kill();
      killed.start();
    }
    await whenWritten(parts, 60_000);
    assert.is(parts.writer.backlog().refused, 0);
    const found = await readAll((await leader()).client);
    assert.is(found.size, 600);
    for (const [callId, row] of found) assert.equal(row, ['completed', 1, 1, 1], callId);
  });

  it('are one and closed for each call whose writer was killed at a random moment', async (t) => {
    const { client, port } = await startRqlited(t);
    const folder = makeFolder(t);
    const run = async (first: number, mode: string, lifeMs?: number): Promise<readonly number[]> => {
      const child = spawn(process.execPath, [WRITER, folder, String(port), String(first), mode]);
      t.defer(() => child.kill('SIGKILL'));
      const durable: number[] = [];
      const ended = once(child, 'close');
      const begun = new Promise<void>((resolve) => {
        createInterface({ input: child.stdout }).on('line', (line) => {
          const [word, number] = line.split(' ');
          if (word === 'durable') durable.push(Number(number));
          else resolve();
        });
      });
      await begun;
      if (lifeMs !== undefined) {
        await clock.sleep(lifeMs);
        child.kill('SIGKILL');
      }
      await ended;
      return durable;
    };
    const durable = new Set<string>();
    const ROUNDS = 15;
    for (let round = 0; round < ROUNDS; round += 1) {
      const first = round * 100_000;
      const last = (await run(first, 'calls', t.rng.integer(20, 400))).at(-1) ?? first - 1;
      for (let number = first; number <= last; number += 1) durable.add(`call-${String(number)}`);
    }
    await run(0, 'drain');
    const found = await readAll(client);
    process.stdout.write(`    ${String(durable.size)} calls were durable, ${String(found.size)} arrived\n`);
    assert.ok(durable.size > 50, String(durable.size));
    for (const callId of durable) assert.ok(found.has(callId), `${callId} is lost`);
    for (const [callId, [reason, opened, queued, ended]] of found) {
      const isOdd = Number(callId.slice(5)) % 2 === 1;
      assert.equal([opened, ended], [1, 1], callId);
      if (durable.has(callId))
        assert.equal([reason, queued], [isOdd ? 'processDied' : 'completed', 1], callId);
    }
  });
});
