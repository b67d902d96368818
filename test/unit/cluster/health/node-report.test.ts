import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RealClock } from '../../../../cluster/base/clock.js';
import {
  HealthWatch,
  keepalivedProbe,
  probeDaemon,
  rtpengineProbe,
} from '../../../../cluster/health/daemon-probe.js';
import { describeNode, writeNodeReport } from '../../../../cluster/health/node-report.js';
import { parseRedisInfo } from '../../../../cluster/live-state/redis-probe.js';
import { assert, spec } from '../../../support/spec.js';

const clock = new RealClock();
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
    assert.is(describeNode([up], [held], ['heartbeat path lost']), 'holds 10.77.0.11; heartbeat path lost');
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

  it('a daemon that takes a question and never answers, or breaks off, is down', async (t) => {
    const never = new Promise<never>(() => undefined);
    const hanging = await probeDaemon({ name: 'x', ask: () => never }, clock);
    assert.equal(hanging, { name: 'x', state: 'down', detail: 'gives no answer' });
    // Bytes that go on coming keep a socket from being idle: its own timeout would never come.
    const server = createServer((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n');
      setTimeout(() => socket.destroy(), 50);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.defer(() => void server.close());
    const { port } = server.address() as AddressInfo;
    const broken = await probeDaemon(rtpengineProbe(port), clock);
    assert.is(broken.state, 'down');
  });

  it('a daemon that does not answer is down with the reason, never an exception', async () => {
    const health = await probeDaemon(
      { name: 'x', ask: () => Promise.reject(new Error('gone\nfor good')) },
      clock,
    );
    assert.equal(health, { name: 'x', state: 'down', detail: 'gone' });
    const watch = new HealthWatch([rtpengineProbe(1), keepalivedProbe('/nonexistent')], clock);
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
