import { FakeClock } from '../../../../cluster/base/clock.js';
import { openLog } from '../../../../cluster/base/log.js';
import type { OpenedCall } from '../../../../cluster/store/call-record-port.js';
import { OutboxCallRecords } from '../../../../cluster/store/outbox-call-records.js';
import type { CallEntries, CallRow } from '../../../../cluster/store/plan-call-statements.js';
import { FakeOutbox } from '../../../support/fakes/fake-outbox.js';
import { assert, spec } from '../../../support/spec.js';

const log = openLog({ name: 'test', level: 'silent' });
const START_MS = 1_700_000_000_000;

const CALL: OpenedCall = {
  ...{ callId: 'c1', generation: 3, direction: 'inbound', caller: '13800000000', dialled: '120' },
  openedWallMs: START_MS,
};

interface Bench {
  readonly clock: FakeClock;
  readonly outbox: FakeOutbox;
  readonly records: OutboxCallRecords;
}

function openBench(outbox = new FakeOutbox(), clock = new FakeClock()): Bench {
  return { clock, outbox, records: new OutboxCallRecords({ outbox, node: 'a', clock, log }) };
}

function calls({ outbox }: Bench): CallEntries['call'][] {
  return outbox.entries.filter(({ kind }) => kind === 'call').map(({ data }) => data as CallEntries['call']);
}

function lastRow(bench: Bench): CallRow | undefined {
  return calls(bench).at(-1)?.row;
}

function pick(row: CallRow | undefined, ...names: (keyof CallRow)[]): unknown[] {
  return names.map((name) => row?.[name]);
}

spec('call records by way of the outbox', (it) => {
  it('tell a call from its first INVITE to its end, each time as a whole and newer', async () => {
    const bench = openBench();
    const { records, clock, outbox } = bench;
    records.open(CALL);
    records.step(
      'c1',
      { kind: 'queued', detail: { department: 'fever' } },
      { department: 'fever', priority: 4 },
    );
    await clock.advance(7000);
    const answeredWallMs = clock.wallMs();
    records.step(
      'c1',
      { kind: 'answered' },
      { answeredWallMs, seat: '12', callTaker: 'wang', recording: true },
    );
    await clock.advance(60_000);
    records.close('c1', { reason: 'completed', mos: 4.2 });

    const row = lastRow(bench);
    assert.equal(pick(row, 'department', 'priority', 'seat', 'call_taker', 'recording'), [
      'fever',
      4,
      '12',
      'wang',
      1,
    ]);
    assert.equal(pick(row, 'waited_ms', 'talked_ms', 'mos', 'end_reason'), [7000, 60_000, 4.2, 'completed']);
    const revisions = calls(bench).map((call) => call.row.revision);
    assert.equal(revisions, [...new Set(revisions)].sort());
    assert.equal(
      calls(bench).map((call) => call.step?.kind),
      ['opened', 'queued', 'answered', 'ended'],
    );
    assert.is(outbox.kept.size, 0);
    assert.is(records.openCallIds.size, 0);
  });

  it('of a call that nobody answered have waited until its end', async () => {
    const bench = openBench();
    bench.records.open(CALL);
    await bench.clock.advance(9000);
    bench.records.close('c1', { reason: 'abandoned' });
    assert.equal(pick(lastRow(bench), 'waited_ms', 'talked_ms', 'answered_wall_ms', 'mos'), [
      9000,
      0,
      null,
      null,
    ]);
  });

  it('are closed once, and what comes behind the end changes nothing', () => {
    const bench = openBench();
    bench.records.open(CALL);
    bench.records.close('c1', { reason: 'completed' });
    bench.records.close('c1', { reason: 'abandoned' });
    bench.records.change('c1', { seat: '99' });
    assert.is(calls(bench).length, 2);
    bench.records.step('c1', { kind: 'late' });
    bench.records.disposition('c1', 'fever');
    assert.equal(
      bench.outbox.entries.slice(2).map(({ kind }) => kind),
      ['call-step', 'call-disposition'],
    );
  });

  it('go on growing while the wall clock goes back', async () => {
    const bench = openBench();
    bench.records.open(CALL);
    bench.clock.jumpWall(-3_600_000);
    bench.records.change('c1', { seat: '1' });
    bench.records.close('c1', { reason: 'completed' });
    const revisions = calls(bench).map(({ row }) => row.revision);
    assert.equal(revisions, [...revisions].sort());
    assert.is(new Set(revisions).size, 3);
    assert.equal(pick(lastRow(bench), 'waited_ms', 'talked_ms'), [0, 0]);
    await bench.clock.advance(0);
  });

  it('that were open when the process died are closed at the next start, as of its last entry', async () => {
    const first = openBench();
    first.records.open(CALL);
    first.records.open({ ...CALL, callId: 'c2' });
    first.records.open({ ...CALL, callId: 'c3', answeredWallMs: START_MS + 100 });
    first.records.close('c2', { reason: 'completed' });
    await first.clock.advance(3_600_000);

    first.clock.jumpWall(-7_200_000);
    const bench = openBench(new FakeOutbox(first.outbox.kept, START_MS + 500), first.clock);
    assert.equal([...bench.records.openCallIds], ['c1', 'c3']);
    assert.equal(bench.records.closeOrphans('processDied', new Set(['c1'])), ['c3']);
    assert.equal(pick(lastRow(bench), 'call_id', 'ended_wall_ms', 'end_reason'), [
      'c3',
      START_MS + 500,
      'processDied',
    ]);
    assert.equal(pick(lastRow(bench), 'waited_ms', 'talked_ms'), [100, 400]);
    assert.equal([...bench.outbox.kept.keys()], ['call/c1']);
    const before = calls(first).find(({ row }) => row.call_id === 'c3')?.row.revision ?? Infinity;
    assert.ok((lastRow(bench)?.revision ?? 0) > before);

    bench.records.close('c1', { reason: 'completed' });
    assert.equal(pick(lastRow(bench), 'call_id', 'end_reason'), ['c1', 'completed']);
    assert.equal(bench.records.closeOrphans('processDied', new Set()), []);
  });

  it('that come over from the partner go on under the new generation', () => {
    const bench = openBench();
    bench.records.open({ ...CALL, generation: 4, department: 'fever', seat: '7', isEmergency: true });
    assert.equal(pick(lastRow(bench), 'generation', 'department', 'seat', 'is_emergency'), [
      4,
      'fever',
      '7',
      1,
    ]);
    bench.records.open({ ...CALL, generation: 3, seat: '8' });
    assert.equal(pick(lastRow(bench), 'generation', 'department', 'seat'), [4, 'fever', '8']);
  });

  it('have triggers, their undo, and callbacks, each newer than the one before', () => {
    const { records, outbox } = openBench();
    const trigger = { triggerId: 't', callId: 'c1', input: 'text', word: '胸痛', source: 'recogniser' };
    records.trigger({ ...trigger, confidence: 0.8, reason: 'rule 3', outcome: 'done' });
    records.undoTrigger('t');
    const entry = {
      ...{ entryId: 'e', callId: 'c1', generation: 1, department: 'fever', priority: 0, number: '1' },
      ...{ skills: [], trigger: undefined, trunkId: 'carrier', home: 'a' },
      reason: 'asked' as const,
    };
    records.callback({ ...entry, arrivedWallMs: START_MS, state: 'waiting', attempts: 0 });
    records.callback({ ...entry, arrivedWallMs: START_MS, state: 'done', attempts: 1 });
    assert.equal(
      outbox.entries.map(({ kind }) => kind),
      ['trigger', 'trigger-undone', 'callback', 'callback'],
    );
    const [first = 0, second = 0] = outbox.entries
      .slice(2)
      .map(({ data }) => (data as { revision: number }).revision);
    assert.ok(second > first);
  });
});
