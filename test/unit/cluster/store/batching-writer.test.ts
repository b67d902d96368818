import { FakeClock } from '../../../../cluster/base/clock.js';
import { openLog } from '../../../../cluster/base/log.js';
import { BatchingWriter, type BatchingWriterOptions } from '../../../../cluster/store/batching-writer.js';
import type { OutboxEntry } from '../../../../cluster/store/journal-line.js';
import { Outbox } from '../../../../cluster/store/outbox.js';
import { RefusedFile } from '../../../../cluster/store/refused-file.js';
import type { Statement } from '../../../../cluster/store/store-port.js';
import { FakeJournalFiles } from '../../../support/fakes/fake-journal-files.js';
import { FakeStore } from '../../../support/fakes/fake-store.js';
import { assert, spec, type TestContext } from '../../../support/spec.js';

const log = openLog({ name: 'test', level: 'silent' });

interface Note {
  readonly text: string;
  readonly times?: number;
}

/** As many statements as the note says. */
function planNote({ kind, data }: OutboxEntry): readonly Statement[] {
  if (kind !== 'note') throw new RangeError(`"${kind}" is no note`);
  const { text, times = 1 } = data as Note;
  return Array.from({ length: times }, () => ['INSERT ?', text] as const);
}

interface Bench {
  readonly clock: FakeClock;
  readonly files: FakeJournalFiles;
  readonly outbox: Outbox;
  readonly store: FakeStore;
  readonly writer: BatchingWriter;
  readonly put: (...texts: readonly string[]) => void;
  readonly written: () => unknown[];
  migrations: number;
}

async function openBench(t: TestContext, options: Partial<BatchingWriterOptions> = {}): Promise<Bench> {
  const clock = new FakeClock();
  const files = new FakeJournalFiles();
  const outbox = await Outbox.open({ files, clock, log });
  const store = new FakeStore();
  const bench: Bench = {
    ...{ clock, files, outbox, store },
    writer: new BatchingWriter({
      ...{ outbox, store, clock, log, rng: t.rng, plan: planNote },
      refused: new RefusedFile(files),
      migrate: async () => {
        await store.query();
        bench.migrations += 1;
      },
      ...options,
    }),
    put: (...texts) => {
      for (const text of texts) outbox.put({ kind: 'note', data: { text } });
    },
    written: () => store.statements.map(([, text]) => text),
    migrations: 0,
  };
  bench.writer.start();
  t.defer(() => bench.writer.stop());
  await clock.advance(0);
  return bench;
}

function refusedLines(files: FakeJournalFiles): Readonly<Record<string, unknown>>[] {
  const text = files.contents.get('refused.jsonl')?.toString() ?? '';
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
}

spec('the writer into the store', (it) => {
  it('makes the tables first, and sends what is there in one transaction', async (t) => {
    const bench = await openBench(t);
    const { clock, store, put, written, writer } = bench;
    put('a', 'b');
    await clock.advance(20);
    put('c');
    await clock.advance(30);
    assert.is(bench.migrations, 1);
    assert.equal(written(), ['a', 'b', 'c']);
    assert.is(store.requests.length, 1);
    assert.equal(writer.backlog(), {
      ...{ entries: 0, bytes: 0, oldestAgeMs: 0, isStoreReachable: true, lastError: undefined },
      ...{ refused: 0, refusedUndurable: 0 },
    });
  });

  it('sends no more than the bounds of a request, in order, and an entry never in halves', async (t) => {
    const { clock, store, outbox, written } = await openBench(t, { statementsMax: 10, bytesMax: 500 });
    for (let number = 0; number < 30; number += 1) {
      outbox.put({ kind: 'note', data: { text: String(number), times: 3 } });
    }
    outbox.put({ kind: 'note', data: { text: 'x'.repeat(800), times: 12 } });
    await clock.advance(60);
    assert.is(written().length, 102);
    assert.equal(
      [...new Set(written())].slice(0, 30),
      Array.from({ length: 30 }, (_, number) => String(number)),
    );
    assert.equal([...new Set(store.requests.map((request) => request.length))], [9, 12]);
  });

  it('waits while the store is away, with a backlog that tells, and loses nothing', async (t) => {
    const { clock, store, put, written, writer } = await openBench(t);
    store.state = 'away';
    for (let minute = 0; minute < 60; minute += 1) {
      put(String(minute));
      await clock.advance(60_000);
    }
    const backlog = writer.backlog();
    assert.equal([backlog.entries, backlog.isStoreReachable], [60, false]);
    assert.is(backlog.oldestAgeMs, 3_600_000);
    assert.match(backlog.lastError ?? '', /writing to the store: .*it is away/);
    // 5 s at most between two attempts, and with jitter half of it on average.
    assert.ok(store.attempts > 3600 / 5 && store.attempts < 3600, String(store.attempts));
    store.state = 'up';
    await clock.advance(5100);
    assert.equal(
      written(),
      Array.from({ length: 60 }, (_, minute) => String(minute)),
    );
    assert.equal([writer.backlog().entries, writer.backlog().isStoreReachable], [0, true]);
  });

  it('sends the same again, and in the same order, when nobody knows whether it was written', async (t) => {
    const { clock, store, put } = await openBench(t);
    store.state = 'unknown';
    put('a', 'b');
    await clock.advance(2000);
    put('c');
    store.state = 'up';
    await clock.advance(5000);
    const requests = store.requests.map((request) => request.map(([, text]) => text).join(''));
    assert.ok(requests.length >= 3);
    assert.equal([...new Set(requests)], ['ab', 'c']);
  });

  it('puts aside with its reason what the store refuses for its content, and writes the others', async (t) => {
    const { clock, store, put, written, writer, files, outbox } = await openBench(t);
    store.refusal = ([, text]) => (text === 'bad' ? 'CHECK constraint failed: text' : undefined);
    put('a', 'bad', 'b');
    outbox.put({ kind: 'riddle', data: { secret: 1 } });
    put('c');
    await clock.advance(100);
    assert.equal(written(), ['a', 'b', 'c']);
    assert.equal(
      refusedLines(files).map(({ seq, kind }) => [seq, kind]),
      [
        [4, 'riddle'],
        [2, 'note'],
      ],
    );
    assert.match(String(refusedLines(files)[1]?.['reason']), /CHECK constraint failed/);
    assert.equal([writer.backlog().entries, writer.backlog().refused], [0, 2]);
  });

  it('keeps a refused entry in memory while the disk is full', async (t) => {
    const { clock, store, put, writer, files } = await openBench(t);
    store.refusal = ([, text]) => (text === 'bad' ? 'syntax error' : undefined);
    files.freeBytes = 0;
    put('bad');
    await clock.advance(100);
    assert.equal([writer.backlog().refused, writer.backlog().refusedUndurable], [1, 1]);
    files.freeBytes = Infinity;
    put('a');
    await clock.advance(100);
    assert.is(writer.backlog().refusedUndurable, 0);
    assert.is(refusedLines(files).length, 1);
  });

  it('makes the tables again when one is missing, and then puts aside what names none', async (t) => {
    const { clock, store, put, written, writer } = await openBench(t);
    let isMissing = true;
    store.refusal = ([, text]) => (text === 'bad' || isMissing ? 'no such table: note' : undefined);
    const query = store.query.bind(store);
    store.query = () => {
      isMissing = false;
      return query();
    };
    put('a', 'bad', 'b');
    await clock.advance(100);
    assert.equal(written(), ['a', 'b']);
    assert.is(writer.backlog().refused, 1);
  });

  it('waits for a store that is ill instead of putting entries aside', async (t) => {
    const { clock, store, put, written, writer } = await openBench(t);
    store.refusal = () => 'database or disk is full';
    put('a');
    await clock.advance(10_000);
    assert.equal([writer.backlog().refused, writer.backlog().entries], [0, 1]);
    store.refusal = () => undefined;
    await clock.advance(5100);
    assert.equal(written(), ['a']);
  });

  it('stopped in the middle, leaves the rest in the outbox for the next', async (t) => {
    const { clock, store, put, writer, outbox } = await openBench(t);
    store.state = 'away';
    put('a');
    await clock.advance(1000);
    await writer.stop();
    assert.is(outbox.status().entries, 1);
    store.state = 'up';
    writer.start();
    await clock.advance(100);
    assert.is(outbox.status().entries, 0);
  });
});
