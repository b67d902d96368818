/** The port of ownership facts, as a contract: the same sentences for the fake and for real Redis. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RealClock } from '../../cluster/base/clock.js';
import { openLog } from '../../cluster/base/log.js';
import { RedisOwnershipFacts } from '../../cluster/live-state/redis-ownership-facts.js';
import type { OwnershipFactsPort } from '../../cluster/ownership/ownership-facts-port.js';
import { FakeOwnershipFacts } from '../support/fakes/fake-ownership-facts.js';
import { assert, assertRejects, spec, type TestContext } from '../support/spec.js';
import { notYet, waitFor } from '../support/wait.js';

/** Two nodes' ports, a way to end the first one's live state, and a way to begin it again, empty. */
interface Pair {
  readonly a: OwnershipFactsPort;
  readonly b: OwnershipFactsPort;
  readonly endOwnOfA: () => Promise<void>;
  readonly beginOwnOfA: () => Promise<void>;
}

function openFakes(): Promise<Pair> {
  const [a, b] = FakeOwnershipFacts.pair();
  return Promise.resolve({
    a,
    b,
    endOwnOfA: () => {
      a.setAway(true);
      return Promise.resolve();
    },
    beginOwnOfA: () => {
      a.setAway(false);
      a.restartEmpty();
      return Promise.resolve();
    },
  });
}

const clock = new RealClock();
const log = openLog({ name: 'test', level: 'silent' });

/** Four Redis on loopback: each node's own and its replica of the other. */
async function openRedis(t: TestContext): Promise<Pair & { readonly hangOwnOfA: () => () => void }> {
  const folder = await mkdtemp(join(tmpdir(), 'wardline-test-'));
  t.defer(() => rm(folder, { recursive: true, force: true }));
  const base = t.rng.integer(20_000, 29_000);
  const children = new Map<number, ChildProcess>();
  const begin = (port: number, of?: number): (() => Promise<void>) => {
    const replica = of === undefined ? [] : ['--replicaof', '127.0.0.1', String(of)];
    const words = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', folder];
    const child = spawn('redis-server', [...words, '--repl-diskless-sync-delay', '0', ...replica], {
      stdio: 'ignore',
    });
    const end = async (): Promise<void> => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    };
    t.defer(end);
    children.set(port, child);
    return end;
  };
  const [ownA, ownB, copyAtA, copyAtB] = [base, base + 1, base + 2, base + 3];
  let endOwnOfA = begin(ownA);
  begin(ownB);
  begin(copyAtA, ownB);
  begin(copyAtB, ownA);
  const open = async (ownPort: number, partnerPort: number): Promise<RedisOwnershipFacts> => {
    const facts = new RedisOwnershipFacts({ host: '127.0.0.1', ownPort, partnerPort, clock, log });
    await facts.open();
    t.defer(() => {
      facts.close();
    });
    return facts;
  };
  return {
    a: await open(ownA, copyAtA),
    b: await open(ownB, copyAtB),
    hangOwnOfA: () => {
      children.get(ownA)?.kill('SIGSTOP');
      return () => children.get(ownA)?.kill('SIGCONT');
    },
    endOwnOfA: () => endOwnOfA(),
    beginOwnOfA: () => {
      endOwnOfA = begin(ownA);
      return Promise.resolve();
    },
  };
}

const IMPLEMENTATIONS = [
  ['fake', openFakes],
  ['Redis', openRedis],
] as const;

for (const [name, open] of IMPLEMENTATIONS) {
  spec(`ownership facts: ${name}`, { deadlineMs: 20_000 }, (it) => {
    it('what a node publishes is its own, and the partner can read it', async (t) => {
      const { a, b } = await open(t);
      await waitFor('a can write', () => a.publish(new Map([['a', 'first']])).then(() => true));
      await waitFor('b reads it', async () => {
        const seen = await b.readPartner();
        return seen.get('a') === 'first' || notYet([...seen]);
      });
      assert.is((await a.readOwn()).get('a'), 'first');
      assert.is((await b.readOwn()).size, 0);
      await a.publish(new Map([['a', 'second']]));
      await a.publish(new Map([['b', 'other']]));
      await waitFor('b reads the newer one', async () => {
        const seen = await b.readPartner();
        return (seen.get('a') === 'second' && seen.get('b') === 'other') || notYet([...seen]);
      });
    });

    it('a live state that is away is an error, soon, and is back by itself', async (t) => {
      const { a, b, endOwnOfA, beginOwnOfA } = await open(t);
      await waitFor('a can write', () => a.publish(new Map([['a', 'first']])).then(() => true));
      await endOwnOfA();
      await assertRejects(a.publish(new Map([['a', 'second']])), /live state/);
      await assertRejects(a.readOwn(), /live state/);
      await b.readOwn();
      await beginOwnOfA();
      await waitFor('a can write again', () => a.publish(new Map([['a', 'third']])).then(() => true));
    });
  });
}

spec('a connection to Redis', { deadlineMs: 20_000 }, (it) => {
  it('that answers nothing for three questions is made anew, and works again', async (t) => {
    const { a, hangOwnOfA } = await openRedis(t);
    await waitFor('a can write', () => a.publish(new Map([['a', 'first']])).then(() => true));
    const goOn = hangOwnOfA();
    for (let count = 0; count < 4; count += 1) {
      await assertRejects(a.publish(new Map([['a', 'lost']])), /live state/);
    }
    goOn();
    await waitFor('a can write again', () => a.publish(new Map([['a', 'second']])).then(() => true));
    assert.is((await a.readOwn()).get('a'), 'second');
  });
});
