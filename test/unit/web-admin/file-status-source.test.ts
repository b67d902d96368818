import { mkdtemp, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeClock } from '../../../cluster/base/clock.js';
import { FileStatusSource } from '../../../web-admin/file-status-source.js';
import { parseNodeReport, REPORT_AGE_MS_MAX, type NodeStatus } from '../../../web-admin/status-source.js';
import { assert, spec, type TestContext } from '../../support/spec.js';

const WRITTEN_AT_MS = 1_700_000_000_000;

/** Reads `text` as it was `ageMs` ago. */
async function readAged(t: Pick<TestContext, 'defer'>, text: string, ageMs: number): Promise<NodeStatus> {
  const folder = await mkdtemp(join(tmpdir(), 'panel-'));
  t.defer(() => rm(folder, { recursive: true }));
  const path = join(folder, 'node-status.json');
  await writeFile(path, text);
  await utimes(path, WRITTEN_AT_MS / 1000, WRITTEN_AT_MS / 1000);
  return new FileStatusSource({ path, clock: new FakeClock({ wallMs: WRITTEN_AT_MS + ageMs }) }).read();
}

spec("the node's report", (it) => {
  const text = JSON.stringify({ sentence: 'all well', daemons: [{ name: 'keepalived', state: 'Up' }] });

  it('is fresh up to five seconds after it was written', async (t) => {
    assert.equal(await readAged(t, text, REPORT_AGE_MS_MAX), {
      state: 'fresh',
      reportedAtMs: WRITTEN_AT_MS,
      report: { sentence: 'all well', daemons: [{ name: 'keepalived', state: 'Up' }], serviceAddresses: [] },
    });
  });

  it('is stale afterwards, and also when the clock was set back behind it', async (t) => {
    const stale = { state: 'stale', reportedAtMs: WRITTEN_AT_MS };
    assert.equal(await readAged(t, text, REPORT_AGE_MS_MAX + 1), stale);
    assert.equal(await readAged(t, text, -3_600_000), stale);
  });

  it('is absent when there is no file', async () => {
    const source = new FileStatusSource({ path: '/nonexistent/node-status.json', clock: new FakeClock() });
    assert.equal(await source.read(), { state: 'absent' });
  });

  it('that is cut off, empty or endless counts as not written', async (t) => {
    for (const broken of [text.slice(0, -1), '', `{"sentence":"${'x'.repeat(300_000)}"}`]) {
      assert.is((await readAged(t, broken, 0)).state, 'stale');
    }
  });

  it('that claims to be enormous is not read as a whole', async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'panel-'));
    t.defer(() => rm(folder, { recursive: true }));
    const path = join(folder, 'node-status.json');
    await writeFile(path, '');
    await truncate(path, 4_000_000_000_000);
    const { mtimeMs } = await stat(path);
    assert.is(
      (await new FileStatusSource({ path, clock: new FakeClock({ wallMs: mtimeMs }) }).read()).state,
      'stale',
    );
  });
});

spec('the text of a report', (it) => {
  it('is read as far as it is understood', () => {
    const report = parseNodeReport({
      sentence: 7,
      daemons: [
        null,
        'x',
        { name: 'a' },
        { name: 'b', state: 'Up', detail: 'd', unknown: 1 },
        { name: '', state: '' },
      ],
      serviceAddresses: [
        { address: '10.77.0.11', isHeld: 'yes' },
        { address: '10.77.0.12', isHeld: true },
        {},
      ],
    });
    assert.equal(report, {
      daemons: [{ name: 'b', state: 'Up', detail: 'd' }],
      serviceAddresses: [
        { address: '10.77.0.11', isHeld: false },
        { address: '10.77.0.12', isHeld: true },
      ],
    });
  });

  it('may be anything at all', () => {
    for (const input of [
      null,
      undefined,
      3,
      'x',
      [],
      { daemons: {} },
      { daemons: 'x', serviceAddresses: null },
    ]) {
      assert.equal(parseNodeReport(input), { daemons: [], serviceAddresses: [] });
    }
  });

  it('is cut where it is longer than a page can show', () => {
    const daemons = Array.from({ length: 1000 }, () => ({ name: 'n'.repeat(1000), state: 's'.repeat(1000) }));
    const report = parseNodeReport({ daemons });
    assert.is(report.daemons.length, 64);
    assert.is(report.daemons[0]?.name.length, 200);
  });
});
