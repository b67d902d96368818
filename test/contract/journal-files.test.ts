/** The folder of a journal: in memory, on a disk, and on a disk that is full. */
import { execFileSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { RealClock } from '../../cluster/base/clock.js';
import { openLog } from '../../cluster/base/log.js';
import { DiskJournalFiles, type JournalFiles } from '../../cluster/store/journal-files.js';
import { Outbox } from '../../cluster/store/outbox.js';
import { FakeJournalFiles } from '../support/fakes/fake-journal-files.js';
import { assert, spec, type TestContext } from '../support/spec.js';
import { makeFolder } from '../support/store/make-folder.js';
import { waitFor } from '../support/wait.js';

const clock = new RealClock();
const log = openLog({ name: 'test', level: 'silent' });

function describeContract(name: string, open: (t: TestContext) => JournalFiles): void {
  spec(`files of a journal, ${name}`, (it) => {
    it('are listed in order, appended to, read and removed', async (t) => {
      const files = open(t);
      assert.equal(await files.list(), []);
      for (const segment of ['b', 'a']) {
        const file = await files.open(segment);
        await file.append(Buffer.from('1'));
        await file.append(Buffer.from('发'));
        await file.close();
      }
      const again = await files.open('a');
      await again.append(Buffer.from('2'));
      await again.close();
      assert.equal(await files.list(), ['a', 'b']);
      assert.is((await files.read('a')).toString(), '1发2');
      await files.remove('a');
      await files.remove('nothing');
      assert.equal(await files.list(), ['b']);
    });
  });
}

describeContract('in memory', () => new FakeJournalFiles());
describeContract('on a disk', (t) => new DiskJournalFiles(join(makeFolder(t), 'outbox')));

/** A disk of 256 KiB. */
function mountSmallDisk(t: TestContext): string {
  const folder = makeFolder(t);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'wardline-test', folder], { stdio: 'pipe' });
  } catch {
    t.skip('no file system can be mounted here');
  }
  t.defer(() => execFileSync('umount', [folder]));
  return folder;
}

async function takeAll(outbox: Outbox): Promise<number[]> {
  const numbers: number[] = [];
  for (;;) {
    const entries = await outbox.take(100, Infinity);
    if (entries.length === 0) return numbers;
    numbers.push(...entries.map(({ data }) => (data as { readonly number: number }).number));
    outbox.acknowledge(entries.at(-1)?.seq ?? 0);
  }
}

spec('the outbox on a small disk', { deadlineMs: 30_000 }, (it) => {
  it('keeps in memory what does not fit, and has it all on the disk when there is room again', async (t) => {
    const folder = mountSmallDisk(t);
    const files = new DiskJournalFiles(folder);
    const options = { files, clock, log, retryMs: 50, segmentBytesMax: 32 * 1024 };
    const outbox = await Outbox.open(options);
    const ballast = await files.open('ballast');
    await ballast.append(Buffer.alloc(128 * 1024));
    for (let number = 0; number < 1000; number += 1)
      outbox.put({ kind: 'note', data: { number, text: 'x'.repeat(100) } });
    await waitFor('the disk is full', () => outbox.status().isJournalFailing);
    assert.match(outbox.status().journalError ?? '', /ENOSPC/);
    await ballast.close();
    await files.remove('ballast');
    await waitFor('all is on the disk', () => outbox.status().undurableEntries === 0);
    assert.is(outbox.status().isJournalFailing, false);
    await outbox.close();
    const next = await Outbox.open(options);
    assert.equal(
      await takeAll(next),
      Array.from({ length: 1000 }, (_, number) => number),
    );
    await next.close();
  });

  it('lets nobody else read the numbers of callers', async (t) => {
    const folder = join(makeFolder(t), 'outbox');
    const outbox = await Outbox.open({ files: new DiskJournalFiles(folder), clock, log });
    outbox.put({ kind: 'note', data: {} });
    await outbox.close();
    assert.equal(
      [folder, join(folder, 'journal-0000000001')].map((path) => (statSync(path).mode & 0o777).toString(8)),
      ['700', '600'],
    );
  });
});
