import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  HealthWatch,
  keepalivedProbe,
  probeDaemon,
  rtpengineProbe,
} from '../../../../cluster/health/daemon-probe.js';
import { describeNode, writeNodeReport } from '../../../../cluster/health/node-report.js';
import { parseRedisInfo } from '../../../../cluster/live-state/redis-probe.js';
import { assert, spec } from '../../../support/spec.js';

const up = { name: 'rqlited', state: 'up', detail: 'leader, term 3' } as const;
const held = { address: '10.77.0.11', isHeld: true };
const free = { address: '10.77.0.12', isHeld: false };

spec('node report', (it) => {
  it('the sentence has the worst news', () => {
    const down = { name: 'rtpengine', state: 'down', detail: 'no answer' } as const;
    const starting = { name: 'redis-partner', state: 'starting', detail: 'cannot reach 10.77.0.2' } as const;
    assert.is(describeNode([up], [held, free]), 'holds 10.77.0.11; every daemon answers');
    assert.is(describeNode([up], []), 'holds no service address; every daemon answers');
    assert.is(describeNode([up, starting], [held]), 'holds 10.77.0.11; redis-partner cannot reach 10.77.0.2');
    assert.is(describeNode([down, starting], [held]), 'holds 10.77.0.11; down: rtpengine');
  });

  it('a report replaces the one before as a whole', async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'wardline-test-'));
    t.defer(() => rm(folder, { recursive: true }));
    const path = join(folder, 'status.json');
    const report = { sentence: 'one', daemons: [up], serviceAddresses: [held] };
    await writeNodeReport(path, report);
    await writeNodeReport(path, { ...report, sentence: 'two' });
    assert.equal(JSON.parse(await readFile(path, 'utf8')), { ...report, sentence: 'two' });
    assert.equal(await readdir(folder), ['status.json']);
  });

  it('a daemon that does not answer is down with the reason, never an exception', async () => {
    const health = await probeDaemon({ name: 'x', ask: () => Promise.reject(new Error('gone\nfor good')) });
    assert.equal(health, { name: 'x', state: 'down', detail: 'gone' });
    const watch = new HealthWatch([rtpengineProbe(1), keepalivedProbe('/nonexistent')]);
    assert.equal(watch.last, []);
    await watch.look();
    assert.equal(
      watch.last.map(({ name, state }) => `${name} ${state}`),
      ['rtpengine down', 'keepalived down'],
    );
  });

  it("the fields of redis's INFO are read", () => {
    const info = parseRedisInfo('# Replication\r\nrole:slave\r\nmaster_link_status:up\r\n');
    assert.is(info.get('role'), 'slave');
    assert.is(info.get('master_link_status'), 'up');
  });
});
