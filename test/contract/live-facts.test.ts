/** The port of live facts, as a contract: the same sentences for the fake and for real Redis. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { RealClock } from '../../cluster/base/clock.js';
import { openLog } from '../../cluster/base/log.js';
import type { LiveFactsPort } from '../../cluster/live-state/live-facts-port.js';
import { RedisConnection } from '../../cluster/live-state/redis-connection.js';
import { RedisLiveFacts } from '../../cluster/live-state/redis-live-facts.js';
import { FakeLiveFacts } from '../support/fakes/fake-live-facts.js';
import { assert, spec, type TestContext } from '../support/spec.js';
import { notYet, waitFor } from '../support/wait.js';

const clock = new RealClock();
const log = openLog({ name: 'test', level: 'silent' });

class Redis {
  readonly port: number;
  #child: ChildProcess | undefined;

  constructor(t: TestContext) {
    this.port = t.rng.integer(20_000, 29_000);
    t.defer(() => this.kill());
  }

  start(): void {
    const words = ['--port', String(this.port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
    this.#child = spawn('redis-server', words, { stdio: 'ignore' });
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }
}

async function openReal(t: TestContext): Promise<{ facts: RedisLiveFacts; redis: Redis }> {
  const redis = new Redis(t);
  redis.start();
  const facts = new RedisLiveFacts({ host: '127.0.0.1', port: redis.port, clock, log });
  t.defer(() => {
    facts.close();
  });
  await facts.open();
  await waitFor('redis is there', () => facts.status().isReachable);
  return { facts, redis };
}

const arrived = (facts: LiveFactsPort): Promise<unknown> =>
  waitFor('everything is written', () => facts.status().unsent === 0 || notYet(facts.status()));

const KINDS = {
  'in memory': (): Promise<LiveFactsPort> => Promise.resolve(new FakeLiveFacts()),
  'in Redis': async (t: TestContext): Promise<LiveFactsPort> => (await openReal(t)).facts,
};

for (const [name, open] of Object.entries(KINDS)) {
  spec(`live facts ${name}`, (it) => {
    it('are read as they were told last, each kind by itself', async (t) => {
      const facts = await open(t);
      for (let count = 0; count < 1000; count += 1) facts.put('call', `c${String(count % 10)}`, { count });
      facts.put('seat', 'c1', { seat: true });
      facts.remove('call', 'c9');
      facts.remove('call', 'never');
      await arrived(facts);
      const calls = await facts.all('call');
      assert.equal([calls.size, calls.get('c0'), calls.get('c9')], [9, { count: 990 }, undefined]);
      assert.equal(await facts.all('seat'), new Map([['c1', { seat: true }]]));
      assert.equal(await facts.all('queueEntry'), new Map());
    });
  });
}

spec('live facts in a Redis that is ill', (it) => {
  it('are kept while it hangs, and written when it goes on', async (t) => {
    const { facts, redis } = await openReal(t);
    redis.signal('SIGSTOP');
    const startMs = clock.monotonicMs();
    for (let count = 0; count < 10_000; count += 1) facts.put('call', String(count % 50), { count });
    assert.ok(clock.monotonicMs() - startMs < 1000, 'nobody waits');
    assert.ok(facts.status().unsent > 0);
    redis.signal('SIGCONT');
    await arrived(facts);
    assert.is((await facts.all('call')).size, 50);
  });

  it('are told to one that came back empty', async (t) => {
    const { facts, redis } = await openReal(t);
    facts.put('seat', 's1', { state: 'ready' });
    await arrived(facts);
    await redis.kill();
    await waitFor('it is missed', () => !facts.status().isReachable);
    facts.put('seat', 's2', { state: 'ready' });
    redis.start();
    await waitFor('it has both', async () => (await facts.all('seat')).size === 2);
  });

  it('are left out when they are damaged', async (t) => {
    const { facts, redis } = await openReal(t);
    facts.put('seat', 's1', { state: 'ready' });
    await arrived(facts);
    const other = new RedisConnection({ host: '127.0.0.1', port: redis.port, deadlineMs: 1000, clock, log });
    await other.open();
    await other.ask('store', (client) => client.hSet('facts/seat', 's2', '{"half'));
    other.close();
    assert.equal([...(await facts.all('seat')).keys()], ['s1']);
  });
});
