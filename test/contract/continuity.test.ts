/** The engine's continuity port, as a contract: the same sentences for the fake and for real Redis. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ContinuityPort } from '../../appliance/sip-engine/continuity/continuity-port.js';
import { RealClock } from '../../cluster/base/clock.js';
import { openLog } from '../../cluster/base/log.js';
import { RedisContinuity, type RedisContinuityOptions } from '../../cluster/live-state/redis-continuity.js';
import { FakeContinuity } from '../support/fakes/fake-continuity.js';
import { assert, assertRejects, spec, type TestContext } from '../support/spec.js';
import { notYet, waitFor } from '../support/wait.js';

const clock = new RealClock();
const log = openLog({ name: 'test', level: 'silent' });
/** What a wait may take longer on a machine where others work: far below the 130 ms of a WAIT's own time-out. */
const SLACK_MS = 60;
/** A call that does not wait at all, on such a machine. */
const UNASKED_MS_MAX = 25;

/** Two nodes' ports, and what can happen to the live state of the first. */
interface Pair {
  readonly a: ContinuityPort;
  readonly b: ContinuityPort;
  readonly endOwnOfA: () => Promise<void>;
  readonly restartOwnOfAEmpty: () => Promise<void>;
}

function placesOf(ownPort: number, partnerPort: number) {
  const host = '127.0.0.1';
  return { own: { host, port: ownPort }, partner: { host, port: partnerPort } };
}

async function openFakes(): Promise<Pair> {
  const [a, b] = FakeContinuity.pair(clock);
  return {
    a,
    b,
    endOwnOfA: async () => a.setState('away'),
    restartOwnOfAEmpty: async () => a.restartEmpty(),
  };
}

/** One Redis on loopback, which can be ended, begun again and stopped as if it hung. */
class TestRedis {
  readonly port: number;
  readonly #words: readonly string[];
  #child: ChildProcess | undefined;

  constructor(port: number, folder: string, words: readonly string[]) {
    this.port = port;
    const common = ['--bind', '127.0.0.1', '--dir', folder, '--save', '', '--repl-diskless-sync-delay', '0'];
    const copy = ['--repl-diskless-load', 'swapdb', '--repl-ping-replica-period', '1'];
    this.#words = ['--port', String(port), ...common, ...copy, ...words];
  }

  begin(): void {
    this.#child = spawn('redis-server', this.#words, { stdio: 'ignore' });
  }

  async end(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }

  hang(): void {
    this.#child?.kill('SIGSTOP');
  }

  goOn(): void {
    this.#child?.kill('SIGCONT');
  }
}

/** A relay to a Redis: what is sent while it holds arrives when it lets go, though the sender has gone meanwhile. */
async function openSlowLine(
  t: TestContext,
  redisPort: number,
): Promise<{ readonly port: number; readonly hold: () => void; readonly release: () => Promise<void> }> {
  const links: { readonly near: Socket; readonly far: Socket; held: Buffer[] | undefined }[] = [];
  const server = createServer((near) => {
    const far = connect(redisPort, '127.0.0.1');
    const link: (typeof links)[number] = { near, far, held: undefined };
    links.push(link);
    near.on('data', (bytes) => (link.held === undefined ? far.write(bytes) : link.held.push(bytes)));
    far.on('data', (bytes) => near.write(bytes));
    for (const end of [near, far]) end.on('error', () => {});
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.defer(() => {
    server.close();
    for (const { near, far } of links) for (const end of [near, far]) end.destroy();
  });
  return {
    port: (server.address() as AddressInfo).port,
    hold: () => {
      for (const link of links) link.held = [];
    },
    release: async () => {
      for (const { far, held = [] } of links) if (!far.destroyed) far.write(Buffer.concat(held));
      await clock.sleep(20);
    },
  };
}

interface RedisPair extends Pair {
  readonly a: RedisContinuity;
  readonly b: RedisContinuity;
  readonly ownOfA: TestRedis;
  /** At node B. */
  readonly replicaOfA: TestRedis;
}

interface RigOptions {
  readonly own?: readonly string[];
  readonly replica?: readonly string[];
  readonly continuity?: Partial<RedisContinuityOptions>;
}

/** A's own Redis and its replica at B are real; the other two of a site are not needed: B's port reads the replica. */
async function openRedis(t: TestContext, options: RigOptions = {}): Promise<RedisPair> {
  const folder = await mkdtemp(join(tmpdir(), 'wardline-test-'));
  t.defer(() => rm(folder, { recursive: true, force: true }));
  const base = t.rng.integer(20_000, 29_000);
  const begin = async (port: number, words: readonly string[]): Promise<TestRedis> => {
    await mkdir(join(folder, String(port)));
    const redis = new TestRedis(port, join(folder, String(port)), words);
    redis.begin();
    t.defer(() => redis.end());
    return redis;
  };
  const ownOfA = await begin(base, options.own ?? []);
  const replica = ['--replicaof', '127.0.0.1', String(base), ...(options.replica ?? [])];
  const replicaOfA = await begin(base + 1, replica);
  const open = async (ownPort: number, partnerPort: number): Promise<RedisContinuity> => {
    const common = { ...placesOf(ownPort, partnerPort), clock, log };
    const continuity = new RedisContinuity({ ...common, ...options.continuity });
    t.defer(() => continuity.close());
    await continuity.open();
    return continuity;
  };
  const a = await open(ownOfA.port, replicaOfA.port);
  const b = await open(replicaOfA.port, replicaOfA.port);
  return {
    a,
    b,
    ownOfA,
    replicaOfA,
    endOwnOfA: () => ownOfA.end(),
    restartOwnOfAEmpty: async () => {
      await ownOfA.end();
      ownOfA.begin();
    },
  };
}

async function whenState(port: ContinuityPort, state: ReturnType<ContinuityPort['state']>): Promise<void> {
  await waitFor(`the port is ${state}`, () => port.state() === state || notYet(port.state()), {
    deadlineMs: 10_000,
  });
}

async function readAsObject(read: ReturnType<ContinuityPort['readOwn']>): Promise<Record<string, string>> {
  return Object.fromEntries((await read).map(({ key, record }) => [key, record]));
}

async function whenPartnerReads(port: ContinuityPort, wanted: Record<string, string>): Promise<void> {
  await waitFor('the partner reads it', async () => {
    const seen = await readAsObject(port.readPartner('a1'));
    return JSON.stringify(sorted(seen)) === JSON.stringify(sorted(wanted)) || notYet(seen);
  });
}

function sorted(records: Record<string, string>): [string, string][] {
  return Object.entries(records).sort(([left], [right]) => (left < right ? -1 : 1));
}

async function measureWait(port: ContinuityPort): Promise<{ outcome: string; tookMs: number }> {
  const startMs = clock.monotonicMs();
  const outcome = await port.whenHeld(30);
  return { outcome, tookMs: clock.monotonicMs() - startMs };
}

const IMPLEMENTATIONS: readonly (readonly [string, (t: TestContext) => Promise<Pair>])[] = [
  ['fake', openFakes],
  ['Redis', openRedis],
];

for (const [name, open] of IMPLEMENTATIONS) {
  spec(`continuity: ${name}`, { deadlineMs: 30_000 }, (it) => {
    it('what was put before an acknowledgement can be read by the partner', async (t) => {
      const { a, b } = await open(t);
      await whenState(a, 'paired');
      for (let count = 0; count < 50; count += 1) {
        a.put('a1', 'dialog-1', `revision ${String(count)}`);
        assert.is(await a.whenHeld(5_000), 'ack');
        assert.equal(await readAsObject(b.readPartner('a1')), { 'dialog-1': `revision ${String(count)}` });
      }
    });

    it('the last of several changes of a record counts, and addresses are apart', async (t) => {
      const { a, b } = await open(t);
      await whenState(a, 'paired');
      a.put('a1', 'x', 'first');
      a.put('a1', 'gone', 'first');
      a.put('a2', 'x', 'other');
      a.put('a1', 'x', 'second');
      a.remove('a1', 'gone');
      a.remove('a1', 'never was');
      a.remove('a1', 'back');
      a.put('a1', 'back', 'third');
      assert.is(await a.whenHeld(5_000), 'ack');
      assert.equal(await readAsObject(b.readPartner('a1')), { x: 'second', back: 'third' });
      assert.equal(await readAsObject(b.readPartner('a2')), { x: 'other' });
      assert.equal(await readAsObject(b.readPartner('a3')), {});
      assert.equal(await readAsObject(a.readOwn('a1')), { x: 'second', back: 'third' });
    });

    it('the partner never sees a record without what was put before it', async (t) => {
      const { a, b } = await open(t);
      await whenState(a, 'paired');
      const progress = { isOver: false };
      const writing = (async () => {
        for (let count = 1; count <= 300; count += 1) {
          a.put('a1', 'earlier', String(count));
          for (let filler = 0; filler < 5; filler += 1)
            a.put('a1', `filler-${String(filler)}`, String(count));
          a.put('a1', 'later', String(count));
          if (count % 3 === 0) await a.whenHeld(5_000);
        }
        progress.isOver = true;
      })();
      while (!progress.isOver) {
        // A fake answers within the turn, in which no timer fires.
        await clock.sleep(0);
        const { earlier = '0', later = '0' } = await readAsObject(b.readPartner('a1'));
        assert.ok(Number(earlier) >= Number(later), `${earlier} is older than ${later}`);
      }
      await writing;
      await whenPartnerReads(b, {
        ...{ earlier: '300', later: '300' },
        ...Object.fromEntries([0, 1, 2, 3, 4].map((filler) => [`filler-${String(filler)}`, '300'])),
      });
    });

    it('records of a node whose live state is gone can be read by its partner', async (t) => {
      const { a, b, endOwnOfA } = await open(t);
      await whenState(a, 'paired');
      a.put('a1', 'dialog-1', 'kept');
      assert.is(await a.whenHeld(5_000), 'ack');
      await endOwnOfA();
      assert.equal(await readAsObject(b.readPartner('a1')), { 'dialog-1': 'kept' });
      await whenState(a, 'away');
      a.put('a1', 'dialog-2', 'cannot be written');
      assert.is(await a.whenHeld(5_000), 'alone');
      await assertRejects(a.readOwn('a1'), /live state/);
    });

    it('a live state that came back empty has everything put again', async (t) => {
      const { a, b, restartOwnOfAEmpty } = await open(t);
      await whenState(a, 'paired');
      let resets = 0;
      a.onReset(() => {
        resets += 1;
        a.put('a1', 'dialog-1', 'again');
        a.put('a1', 'dialog-2', 'again');
      });
      a.put('a1', 'dialog-1', 'once');
      a.put('a1', 'dialog-2', 'once');
      assert.is(await a.whenHeld(5_000), 'ack');
      await restartOwnOfAEmpty();
      await waitFor('it asks for everything', () => resets === 1 || notYet(resets));
      await whenPartnerReads(b, { 'dialog-1': 'again', 'dialog-2': 'again' });
      await whenState(a, 'paired');
      assert.is(resets, 1);
    });
  });
}

spec('continuity with a partner that stops', { deadlineMs: 30_000 }, (it) => {
  it('waits twice for 30 ms, then not at all, and again once it goes on', async (t) => {
    const { a, b, replicaOfA } = await openRedis(t);
    await whenState(a, 'paired');
    const states: string[] = [];
    a.onState((state) => states.push(state));
    replicaOfA.hang();
    const waits = [];
    for (let count = 0; count < 6; count += 1) {
      a.put('a1', `dialog-${String(count)}`, 'kept');
      waits.push(await measureWait(a));
    }
    assert.equal([...new Set(waits.map(({ outcome }) => outcome))], ['alone']);
    for (const { tookMs } of waits.slice(0, 2)) {
      assert.ok(tookMs >= 29 && tookMs < 30 + SLACK_MS, `waited ${String(tookMs)} ms`);
    }
    for (const { tookMs } of waits.slice(2))
      assert.ok(tookMs < UNASKED_MS_MAX, `waited ${String(tookMs)} ms`);
    assert.is(a.state(), 'alone');
    assert.equal([a.counters().misses, a.counters().unasked], [2, 4]);
    await waitFor('the own Redis has them all the same', async () => {
      const own = await a.readOwn('a1');
      return own.length === 6 || notYet(own.length);
    });
    replicaOfA.goOn();
    await whenState(a, 'paired');
    assert.equal(states, ['alone', 'paired']);
    a.put('a1', 'dialog-6', 'kept');
    assert.is(await a.whenHeld(5_000), 'ack');
    assert.is((await b.readPartner('a1')).length, 7);
  });

  it('lets all calls go that wait at the same time, after their own deadlines or the second miss', async (t) => {
    const { a, replicaOfA } = await openRedis(t);
    await whenState(a, 'paired');
    replicaOfA.hang();
    const startMs = clock.monotonicMs();
    const outcomes = await Promise.all(
      Array.from({ length: 200 }, async (_, index) => {
        if (index >= 100) await clock.sleep(10);
        a.put('a1', `dialog-${String(index)}`, 'kept');
        return a.whenHeld(index % 2 === 0 ? 30 : 150);
      }),
    );
    const tookMs = clock.monotonicMs() - startMs;
    assert.is(outcomes.filter((outcome) => outcome === 'alone').length, 200);
    assert.ok(tookMs < 41 + SLACK_MS, `the last one went after ${String(tookMs)} ms`);
    assert.is(a.counters().misses, 2);
  });
});

spec('continuity with an own Redis that hangs', { deadlineMs: 30_000 }, (it) => {
  it('never makes a call wait longer than twice 30 ms, and loses nothing', async (t) => {
    const { a, b, ownOfA } = await openRedis(t);
    await whenState(a, 'paired');
    let resets = 0;
    a.onReset(() => {
      resets += 1;
    });
    ownOfA.hang();
    const waits = [];
    for (let count = 0; count < 40; count += 1) {
      const startMs = clock.monotonicMs();
      a.put('a1', 'dialog-1', `revision ${String(count)}`);
      a.put('a1', `dialog-${String(count)}-gone`, 'kept');
      a.remove('a1', `dialog-${String(count)}-gone`);
      assert.ok(clock.monotonicMs() - startMs < UNASKED_MS_MAX);
      waits.push((await measureWait(a)).tookMs);
      await clock.sleep(20);
    }
    for (const tookMs of waits.slice(0, 2)) assert.ok(tookMs < 30 + SLACK_MS, `waited ${String(tookMs)} ms`);
    for (const tookMs of waits.slice(2)) assert.ok(tookMs < UNASKED_MS_MAX, `waited ${String(tookMs)} ms`);
    await whenState(a, 'away');
    ownOfA.goOn();
    await whenState(a, 'paired');
    await whenPartnerReads(b, { 'dialog-1': 'revision 39' });
    assert.is(resets, 0);
  });

  it('the newest records win, also over those sent on a connection that was given up', async (t) => {
    const { a: direct, b, ownOfA, replicaOfA } = await openRedis(t);
    await whenState(direct, 'paired');
    const line = await openSlowLine(t, ownOfA.port);
    const ports = placesOf(line.port, replicaOfA.port);
    const a = new RedisContinuity({ ...ports, clock, log });
    t.defer(() => a.close());
    await a.open();
    await whenState(a, 'paired');
    line.hold();
    a.put('a1', 'dialog-1', 'old');
    // After three silences of 500 ms the connection is made anew.
    await whenState(a, 'away');
    a.put('a1', 'dialog-1', 'new');
    await whenPartnerReads(b, { 'dialog-1': 'new' });
    await line.release();
    a.put('a1', 'dialog-2', 'after');
    await whenPartnerReads(b, { 'dialog-1': 'new', 'dialog-2': 'after' });
  });

  it('drops what is too much to keep, and has everything put again', async (t) => {
    const { a, b, ownOfA } = await openRedis(t, { continuity: { unsentSizeMax: 2_000 } });
    await whenState(a, 'paired');
    a.onReset(() => {
      a.put('a1', 'dialog-1', 'again');
    });
    a.put('a1', 'dialog-1', 'once');
    a.put('a1', 'ends meanwhile', 'once');
    assert.is(await a.whenHeld(5_000), 'ack');
    ownOfA.hang();
    a.put('a1', 'dialog-1', 'twice');
    await whenState(a, 'away');
    a.remove('a1', 'ends meanwhile');
    a.put('a1', 'dialog-2', 'x'.repeat(3_000));
    a.put('a1', 'dialog-3', 'ignored');
    assert.equal([a.counters().drops, a.counters().ignored], [1, 1]);
    ownOfA.goOn();
    await whenPartnerReads(b, { 'dialog-1': 'again' });
    assert.is(a.counters().resets, 1);
  });
});

spec('continuity with an own Redis that is restarted', { deadlineMs: 30_000 }, (it) => {
  it('removes what ended while it was away, although its log brings it back', async (t) => {
    const own = ['--appendonly', 'yes', '--appendfsync', 'no'];
    const { a, b, ownOfA } = await openRedis(t, { own });
    await whenState(a, 'paired');
    a.onReset(() => {
      a.put('a1', 'goes on', 'again');
    });
    a.put('a1', 'goes on', 'once');
    a.put('a1', 'ends meanwhile', 'once');
    a.put('a2', 'all end', 'once');
    assert.is(await a.whenHeld(5_000), 'ack');
    await ownOfA.end();
    await whenState(a, 'away');
    a.remove('a1', 'ends meanwhile');
    a.remove('a2', 'all end');
    ownOfA.begin();
    await whenPartnerReads(b, { 'goes on': 'again' });
    assert.equal(await b.readPartner('a2'), []);
  });

  it('notices it although nothing was written meanwhile', async (t) => {
    const { a, restartOwnOfAEmpty } = await openRedis(t);
    await whenState(a, 'paired');
    const resets: string[] = [];
    a.onReset(() => {
      resets.push('first');
      throw new Error('a listener that fails');
    });
    a.onReset(() => resets.push('second'));
    await restartOwnOfAEmpty();
    await waitFor('both listeners were told', () => resets.length === 2 || notYet(resets));
  });
});

spec('continuity with a Redis that is not open to all', { deadlineMs: 30_000 }, (it) => {
  it('knows the password', async (t) => {
    const password = 'only for this test';
    const own = ['--requirepass', password];
    const replica = ['--requirepass', password, '--masterauth', password];
    const { a, b } = await openRedis(t, { own, replica, continuity: { access: { password } } });
    await whenState(a, 'paired');
    a.put('a1', 'dialog-1', 'kept');
    assert.is(await a.whenHeld(5_000), 'ack');
    assert.equal(await readAsObject(b.readPartner('a1')), { 'dialog-1': 'kept' });
  });

  it('speaks TLS', async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'wardline-test-'));
    t.defer(() => rm(folder, { recursive: true, force: true }));
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    const newCert = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
    const names = ['-subj', '/CN=live-state', '-addext', 'subjectAltName=IP:127.0.0.1'];
    execFileSync('openssl', [...newCert, ...names, '-keyout', key, '-out', cert], { stdio: 'ignore' });
    const files = ['--tls-cert-file', cert, '--tls-key-file', key, '--tls-ca-cert-file', cert];
    const port = t.rng.integer(30_000, 31_000);
    const words = [...files, '--tls-port', String(port), '--tls-auth-clients', 'no'];
    const redis = new TestRedis(0, folder, words);
    redis.begin();
    t.defer(() => redis.end());
    const access = { tls: { ca: await readFile(cert, 'utf8') } };
    const continuity = new RedisContinuity({ own: { host: '127.0.0.1', port }, access, clock, log });
    t.defer(() => continuity.close());
    await continuity.open();
    await whenState(continuity, 'alone');
    continuity.put('a1', 'dialog-1', 'kept');
    await waitFor('it is written', async () => (await continuity.readOwn('a1')).length === 1);
    assert.equal(await continuity.readPartner('a1'), []);
  });
});
