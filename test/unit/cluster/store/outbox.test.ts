import { FakeClock } from '../../../../cluster/base/clock.js';
import { openLog } from '../../../../cluster/base/log.js';
import { Outbox, type OutboxOptions } from '../../../../cluster/store/outbox.js';
import { FakeJournalFiles } from '../../../support/fakes/fake-journal-files.js';
import { assert, spec } from '../../../support/spec.js';

const log = openLog({ name: 'test', level: 'silent' });

interface Bench {
  readonly files: FakeJournalFiles;
  readonly clock: FakeClock;
  readonly outbox: Outbox;
  /** What a process that starts on the same disk finds. */
  readonly restart: (options?: Partial<OutboxOptions>) => Promise<Outbox>;
}

async function openBench(
  options: Partial<OutboxOptions> = {},
  files = new FakeJournalFiles(),
): Promise<Bench> {
  const clock = new FakeClock();
  const restart = (changed: Partial<OutboxOptions> = {}): Promise<Outbox> =>
    Outbox.open({ files, clock, log, ...options, ...changed });
  return { files, clock, outbox: await restart(), restart };
}

function putMany(outbox: Outbox, first: number, last: number): void {
  for (let number = first; number <= last; number += 1) outbox.put({ kind: 'note', data: { number } });
}

function numbersOf(entries: readonly { readonly data: object }[]): unknown[] {
  return entries.map(({ data }) => (data as { readonly number: number }).number);
}

/** Everything that is left, as a writer takes it. */
async function drain(outbox: Outbox, entriesMax = 100): Promise<unknown[]> {
  const numbers: unknown[] = [];
  for (;;) {
    const entries = await outbox.take(entriesMax, Infinity);
    const last = entries.at(-1);
    if (last === undefined) return numbers;
    numbers.push(...numbersOf(entries));
    outbox.acknowledge(last.seq);
  }
}

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

spec('the outbox', (it) => {
  it('writes what was put within 50 ms by one write to the disk', async () => {
    const { files, clock, outbox, restart } = await openBench();
    putMany(outbox, 1, 20);
    await clock.advance(49);
    assert.is(files.appends, 0);
    assert.is(outbox.status().undurableEntries, 20);
    await clock.advance(1);
    assert.is(files.appends, 1);
    assert.is(outbox.status().undurableEntries, 0);
    for (let step = 0; step < 100; step += 1) {
      putMany(outbox, step, step);
      await clock.advance(10);
    }
    assert.ok(files.appends <= 21, String(files.appends));
    await clock.advance(1000);
    assert.is((await restart()).status().entries, 120);
  });

  it('gives entries in their order, again until they are acknowledged', async () => {
    const { clock, outbox } = await openBench();
    putMany(outbox, 1, 5);
    assert.equal(await outbox.take(9, Infinity), [], 'not on the disk yet');
    await clock.advance(50);
    assert.equal(numbersOf(await outbox.take(2, Infinity)), [1, 2]);
    assert.equal(numbersOf(await outbox.take(3, Infinity)), [1, 2, 3]);
    outbox.acknowledge(2);
    assert.equal(numbersOf(await outbox.take(9, 1)), [3]);
    const [third, fourth] = await outbox.take(9, Infinity);
    assert.equal(numbersOf(await outbox.take(9, (third?.bytes ?? 0) + (fourth?.bytes ?? 0))), [3, 4]);
    assert.is(outbox.status().entries, 3);
  });

  it('starts again with what was not acknowledged, and numbers go on', async () => {
    const { clock, outbox, restart } = await openBench();
    putMany(outbox, 1, 5);
    await clock.advance(50);
    await outbox.take(2, Infinity);
    outbox.acknowledge(2);
    await clock.advance(1000);
    const second = await restart();
    assert.is(second.status().entries, 3);
    assert.is(second.inheritedWallMs, 1_700_000_000_000);
    putMany(second, 6, 7);
    const seqs = (await second.take(9, Infinity)).map(({ seq }) => seq);
    assert.equal(seqs, [3, 4, 5]);
    second.acknowledge(5);
    await clock.advance(50);
    assert.equal(numbersOf(await second.take(9, Infinity)), [6, 7]);
    second.acknowledge(7);
    await clock.advance(1000);
    assert.equal(await drain(await restart()), []);
  });

  it('cut off at any byte of its journal, has every whole line before and nothing else', async () => {
    const { files, clock, outbox } = await openBench();
    outbox.put({
      kind: 'note',
      data: { number: 1, text: '发热门诊 "quoted" \n' },
      keep: { key: 'k', value: { v: 1 } },
    });
    putMany(outbox, 2, 4);
    await clock.advance(50);
    const [[name, bytes] = ['', Buffer.alloc(0)]] = [...files.contents];
    const ends = [...bytes.entries()].filter(([, byte]) => byte === 0x0a).map(([index]) => index + 1);
    assert.is(ends.length, 5);
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      const torn = new FakeJournalFiles({ [name]: bytes.subarray(0, cut) });
      const bench = await openBench({}, torn);
      const whole = Math.max(0, ends.filter((end) => end <= cut).length - 1);
      assert.is(bench.outbox.status().tornLines, cut === 0 || ends.includes(cut) ? 0 : 1, String(cut));
      assert.is(bench.outbox.inherited.size, whole > 0 ? 1 : 0);
      putMany(bench.outbox, 90, 91);
      await bench.clock.advance(50);
      // What comes behind the torn line is not lost with it.
      assert.equal(await drain(await bench.restart()), [...range(1, whole), 90, 91], String(cut));
    }
  });

  it('leaves out a line that was changed, and goes on behind it', async () => {
    const { files, clock, outbox, restart } = await openBench();
    putMany(outbox, 1, 3);
    await clock.advance(50);
    const [[name, bytes] = ['', Buffer.alloc(0)]] = [...files.contents];
    const changed = Buffer.from(bytes);
    changed.write('7', changed.indexOf('"number":2') + 9);
    files.contents.set(name, changed);
    const second = await restart();
    assert.equal([second.status().damagedLines, second.status().entries], [1, 2]);
    assert.equal(await drain(second), [1, 3]);
    assert.is(second.status().entries, 0);
  });

  it('goes on into a new segment, and removes those of which everything is done', async () => {
    const { files, clock, outbox, restart } = await openBench({ segmentBytesMax: 300 });
    for (let number = 1; number <= 12; number += 1) {
      putMany(outbox, number, number);
      await clock.advance(50);
    }
    assert.ok(files.contents.size >= 3, String(files.contents.size));
    assert.equal(await drain(await restart()), range(1, 12));
    await drain(outbox);
    await clock.advance(1000);
    putMany(outbox, 13, 18);
    await clock.advance(1000);
    assert.ok(files.contents.size <= 3, String(files.contents.size));
    assert.equal(await drain(await restart()), range(13, 18));
  });

  it('keeps in memory no more than its bound, and reads the rest again when its turn comes', async () => {
    const { clock, outbox } = await openBench({ segmentBytesMax: 1000, memoryBytesMax: 500 });
    for (let number = 1; number <= 200; number += 1) {
      putMany(outbox, number, number);
      if (number % 3 === 0) await clock.advance(50);
    }
    assert.is(outbox.status().entries, 200);
    assert.is((await outbox.take(1000, Infinity)).length < 10, true);
    await clock.advance(50);
    const numbers = await drain(outbox, 4);
    assert.equal(numbers, range(1, 200));
    putMany(outbox, 201, 210);
    await clock.advance(50);
    assert.equal(await drain(outbox), range(201, 210));
    assert.equal([outbox.status().entries, outbox.status().bytes, outbox.status().oldestAgeMs], [0, 0, 0]);
  });

  it('loses nothing while it is written and read at once', async (t) => {
    const { clock, outbox } = await openBench({ segmentBytesMax: 700, memoryBytesMax: 900 });
    const taken: unknown[] = [];
    let put = 0;
    while (taken.length < 1500) {
      const more = Math.min(t.rng.integer(0, 9), 1500 - put);
      putMany(outbox, put + 1, put + more);
      put += more;
      const advanced = t.rng.integer(0, 2) === 0 ? clock.advance(t.rng.integer(0, 60)) : undefined;
      const entries = await outbox.take(t.rng.integer(1, 9), Infinity);
      taken.push(...numbersOf(entries));
      if (entries.length > 0) outbox.acknowledge(entries.at(-1)?.seq ?? 0);
      await advanced;
    }
    assert.equal(taken, range(1, 1500));
  });

  // Within the first line, and behind it.
  for (const freeBytes of [20, 100]) {
    it(`keeps entries in memory while the disk is full, and each comes once: ${String(freeBytes)} bytes free`, async () => {
      const { files, clock, outbox, restart } = await openBench({ undurableBytesMax: 2000 });
      putMany(outbox, 1, 2);
      await clock.advance(50);
      files.freeBytes = freeBytes;
      putMany(outbox, 3, 5);
      const durable = outbox.whenDurable();
      await clock.advance(50);
      assert.is(await durable, false);
      assert.equal([outbox.status().isJournalFailing, outbox.status().undurableEntries], [true, 3]);
      assert.match(outbox.status().journalError ?? '', /no space/);
      assert.equal(numbersOf(await outbox.take(9, Infinity)), [1, 2, 3, 4, 5]);
      putMany(outbox, 6, 100);
      assert.ok(outbox.status().lost > 0);
      const kept = 100 - outbox.status().lost;
      files.freeBytes = Infinity;
      await clock.advance(1000);
      assert.equal([outbox.status().isJournalFailing, outbox.status().undurableEntries], [false, 0]);
      const next = await restart();
      assert.is(next.status().entries, kept);
      assert.equal(await drain(next), range(1, kept));
    });
  }

  it('needs no disk for what the store has taken meanwhile, however long that is', async () => {
    const { files, clock, outbox, restart } = await openBench({ undurableBytesMax: 2000 });
    files.freeBytes = 0;
    for (let number = 1; number <= 200; number += 1) {
      const value = number % 2 === 1 ? { number } : undefined;
      outbox.put({
        kind: 'note',
        data: { number },
        keep: { key: `k${String(Math.ceil(number / 2))}`, value },
      });
      await clock.advance(400);
      outbox.acknowledge((await outbox.take(9, Infinity)).at(-1)?.seq ?? 0);
    }
    assert.is(outbox.status().lost, 0);
    outbox.put({ kind: 'note', data: { number: 201 }, keep: { key: 'last', value: { number: 201 } } });
    files.freeBytes = Infinity;
    await clock.advance(2000);
    const second = await restart();
    assert.equal([...second.inherited], [['last', { number: 201 }]]);
    assert.equal(await drain(second), [201]);
  });

  it('says of a disk that does not answer at all that it fails', async () => {
    const { files, clock, outbox } = await openBench();
    let open = (): void => undefined;
    files.gate = new Promise((resolve) => (open = resolve));
    putMany(outbox, 1, 1);
    await clock.advance(5000);
    assert.is(outbox.status().isJournalFailing, false);
    await clock.advance(100);
    assert.is(outbox.status().isJournalFailing, true);
    assert.equal(numbersOf(await outbox.take(9, Infinity)), [1], 'the store is there at least');
    open();
    await clock.advance(100);
    assert.equal([outbox.status().isJournalFailing, outbox.status().undurableEntries], [false, 0]);
  });

  it('starts with a folder that cannot be read, and says so', async () => {
    const files = new FakeJournalFiles();
    files.readError = new Error('input/output error');
    const { clock, outbox } = await openBench({}, files);
    assert.is(outbox.status().unreadableSegments, 1);
    putMany(outbox, 1, 1);
    await clock.advance(50);
    assert.equal(numbersOf(await outbox.take(9, Infinity)), [1]);
  });

  it('never throws at who puts', async () => {
    const { outbox } = await openBench();
    const ring: { self?: object } = {};
    ring.self = ring;
    outbox.put({ kind: 'note', data: ring });
    assert.equal([outbox.status().lost, outbox.status().entries], [1, 0]);
    putMany(outbox, 1, 1);
    await outbox.close();
    putMany(outbox, 2, 2);
    assert.is(outbox.status().lost, 2);
  });

  it('keeps what it is told to keep over segments and processes, until it is told otherwise', async () => {
    const { clock, outbox, restart } = await openBench({ segmentBytesMax: 200 });
    for (let number = 1; number <= 6; number += 1) {
      outbox.put({ kind: 'note', data: {}, keep: { key: `call ${String(number)}`, value: { number } } });
      await clock.advance(50);
    }
    await drain(outbox);
    outbox.put({ kind: 'note', data: {}, keep: { key: 'call 2', value: undefined } });
    await clock.advance(1000);
    const second = await restart();
    assert.equal(
      [...second.inherited.keys()].sort(),
      [1, 3, 4, 5, 6].map((number) => `call ${String(number)}`),
    );
    assert.is(second.status().entries, 1);
  });

  it('closed, has everything on the disk', async () => {
    const { outbox, restart } = await openBench({ segmentBytesMax: 300 });
    putMany(outbox, 1, 50);
    await outbox.close();
    assert.equal(await drain(await restart()), range(1, 50));
  });
});
