import { readFileSync } from 'node:fs';
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeClock, RealClock } from '../../../../cluster/base/clock.js';
import { openLog } from '../../../../cluster/base/log.js';
import { runCommand } from '../../../../cluster/base/run-command.js';
import { parseVrrpLine, VrrpNotify } from '../../../../cluster/ownership/vrrp-notify.js';
import { assert, assertRejects, spec, type TestContext } from '../../../support/spec.js';
import { waitFor } from '../../../support/wait.js';

const log = openLog({ name: 'test', level: 'silent' });
const clock = new FakeClock();
const PARTS = {
  clock,
  log,
  onLost: () => {
    throw new Error('the FIFO was lost');
  },
};

async function openFolder(t: TestContext): Promise<{ fifo: string; memory: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'wardline-test-'));
  t.defer(() => rm(folder, { recursive: true }));
  const fifo = join(folder, 'notify.fifo');
  await runCommand(['mkfifo', fifo], { clock: new RealClock() });
  return { fifo, memory: join(folder, 'last-states') };
}

spec('vrrp-notify', (it) => {
  it('lines about instances are read, all others passed over', () => {
    assert.equal(parseVrrpLine('INSTANCE "Va" MASTER 250'), { instance: 'Va', state: 'MASTER' });
    assert.equal(parseVrrpLine('INSTANCE "Vb" FAULT 0'), { instance: 'Vb', state: 'FAULT' });
    for (const line of ['', 'GROUP "x" MASTER 100', 'INSTANCE "Va" DANCING 100', 'INSTANCE Va MASTER 1']) {
      assert.is(parseVrrpLine(line), undefined, line);
    }
  });

  it('changes are heard, also when they come in pieces', async (t) => {
    const paths = await openFolder(t);
    const vrrp = await VrrpNotify.open({ ...paths, ...PARTS });
    t.defer(() => {
      vrrp.close();
    });
    const heard: string[] = [];
    vrrp.onState((instance, state) => {
      // Whoever acts on it may be killed by the act: it is kept by then.
      assert.match(readFileSync(paths.memory, 'utf8'), new RegExp(`"${instance}" ${state}`));
      heard.push(`${instance} ${state}`);
    });
    assert.is(vrrp.findState('Va'), undefined);
    await appendFile(paths.fifo, 'INSTANCE "Va" MAS');
    await appendFile(paths.fifo, 'TER 250\nINSTANCE "Vb" BACKUP 100\n');
    await waitFor('both are heard', () => heard.length === 2);
    assert.equal(heard, ['Va MASTER', 'Vb BACKUP']);
    assert.is(vrrp.findState('Va'), 'MASTER');
    await clock.advance(700);
    assert.is(vrrp.unchangedForMs('Va'), 700);
    await appendFile(paths.fifo, 'INSTANCE "Va" MASTER 200\n');
    await waitFor('it says so again', () => vrrp.unchangedForMs('Va') === 0);
  });

  it('a line without an end does not fill the memory', async (t) => {
    const paths = await openFolder(t);
    const vrrp = await VrrpNotify.open({ ...paths, ...PARTS });
    t.defer(() => {
      vrrp.close();
    });
    for (let index = 0; index < 20; index += 1) await appendFile(paths.fifo, 'x'.repeat(10_000));
    await appendFile(paths.fifo, '\nINSTANCE "Va" FAULT 0\n');
    await waitFor('the next line is heard', () => vrrp.findState('Va') === 'FAULT');
  });

  it('after a restart the last state is known, and what came meanwhile is heard', async (t) => {
    const paths = await openFolder(t);
    const first = await VrrpNotify.open({ ...paths, ...PARTS });
    await appendFile(paths.fifo, 'INSTANCE "Va" MASTER 200\n');
    await waitFor('it is kept', async () => {
      const kept = await VrrpNotify.open({ ...paths, ...PARTS });
      kept.close();
      return kept.findState('Va') === 'MASTER';
    });
    first.close();
    const second = await VrrpNotify.open({ ...paths, ...PARTS });
    t.defer(() => {
      second.close();
    });
    assert.is(second.findState('Va'), 'MASTER');
    await appendFile(paths.fifo, 'INSTANCE "Va" BACKUP 100\n');
    await waitFor('the change is heard', () => second.findState('Va') === 'BACKUP');
  });

  it('a memory that is rubbish counts as nothing known', async (t) => {
    const paths = await openFolder(t);
    await writeFile(paths.memory, '\0\0{"what":1}\nINSTANCE "Vb" BACKUP 0\n');
    const vrrp = await VrrpNotify.open({ ...paths, ...PARTS });
    t.defer(() => {
      vrrp.close();
    });
    assert.is(vrrp.findState('Va'), undefined);
    assert.is(vrrp.findState('Vb'), 'BACKUP');
  });

  it('without a FIFO it says so', async () => {
    await assertRejects(
      VrrpNotify.open({ fifo: '/nonexistent', memory: '/nonexistent', ...PARTS }),
      /ENOENT/,
    );
  });
});
