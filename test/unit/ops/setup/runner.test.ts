import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assert, spec, type TestContext } from '../../../support/spec.js';
import { createRun, type Run } from '../../../../ops/setup/runner.mjs';
import { SetupLock } from '../../../../ops/setup/setup-lock.mjs';
import { Signals, Stopped } from '../../../../ops/setup/signals.mjs';

interface Setup {
  readonly run: Run;
  readonly signals: Signals;
  readonly said: string[];
  readonly folder: string;
  readonly lock: SetupLock;
}

async function openSetup(t: Pick<TestContext, 'defer'>): Promise<Setup> {
  const folder = await mkdtemp(join(tmpdir(), 'runner-'));
  const lock = new SetupLock(join(folder, 'lock'));
  t.defer(async () => {
    lock.release();
    await rm(folder, { recursive: true });
  });
  const signals = new Signals(() => performance.now());
  const said: string[] = [];
  const run = createRun({
    signals,
    folder,
    env: { PATH: '/usr/bin:/bin' },
    lockFd: () => lock.fd,
    report: (line) => said.push(line),
  });
  return { run, signals, said, folder, lock };
}

/** Signals once the program has begun to write to its log. */
async function signalWhenRunning(setup: Setup, logPath: string, signal: NodeJS.Signals): Promise<void> {
  for (;;) {
    const log = await readFile(logPath, 'utf8').catch(() => '');
    if (log.includes('begun')) break;
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
  setup.signals.receive(signal);
}

async function isStopped(running: ReturnType<Run>): Promise<boolean> {
  try {
    await running;
    return false;
  } catch (error) {
    return error instanceof Stopped;
  }
}

spec('a program that the set-up runs', (it) => {
  it('answers with its exit code and all it printed, which is in the log too', async (t) => {
    const { run, folder } = await openSetup(t);
    const logPath = join(folder, 'logs/a.log');
    const result = await run('sh', ['-c', 'echo out; echo "$NAME" >&2; exit 7'], {
      logPath,
      env: { NAME: 'err' },
    });
    assert.is(result.code, 7);
    assert.equal(result.output.trim().split('\n').sort(), ['err', 'out']);
    assert.match(await readFile(logPath, 'utf8'), /\$ sh -c/);
  });

  it('ends with 127 when there is none such', async (t) => {
    const { run } = await openSetup(t);
    assert.is((await run('no-such-program', [])).code, 127);
  });

  it('is ended by Ctrl-C at once, and the set-up with it', async (t) => {
    const setup = await openSetup(t);
    const logPath = join(setup.folder, 'log');
    const running = setup.run('sh', ['-c', 'echo begun; exec sleep 60'], { logPath });
    await Promise.all([
      signalWhenRunning(setup, logPath, 'SIGINT'),
      isStopped(running).then((stopped) => {
        assert.ok(stopped);
      }),
    ]);
    assert.ok(await isStopped(setup.run('true', [])), 'nothing more is started');
  });

  it('may end by itself when it must not be cut short, and the set-up stops then', async (t) => {
    const setup = await openSetup(t);
    const logPath = join(setup.folder, 'log');
    const script = 'echo begun; while [ ! -e go ]; do sleep 0.01; done; echo finished';
    const running = isStopped(setup.run('sh', ['-c', script], { logPath, finishFirst: true }));
    await signalWhenRunning(setup, logPath, 'SIGINT');
    await setup.run('touch', ['go'], { alsoWhenStopped: true });
    assert.ok(await running);
    assert.match(await readFile(logPath, 'utf8'), /finished/);
    assert.match(setup.said.join('\n'), /stopping as soon as/);
  });
});

spec('a program with a log', (it) => {
  it('writes to the file itself, and so outlives a set-up that is killed', async (t) => {
    const { run, folder } = await openSetup(t);
    const logPath = join(folder, 'log');
    const result = await run('sh', ['-c', 'readlink /proc/self/fd/1 /proc/self/fd/2'], { logPath });
    assert.is(result.output, `${logPath}\n${logPath}\n`);
  });

  it('answers with what it printed itself, not with what is in the log from before', async (t) => {
    const { run, folder } = await openSetup(t);
    const logPath = join(folder, 'log');
    await run('echo', ['früher'], { logPath });
    assert.is((await run('echo', ['jetzt'], { logPath })).output, 'jetzt\n');
  });
});

spec('the lock of the set-up', (it) => {
  it('keeps a second set-up waiting until the first has released it', async (t) => {
    const first = await openSetup(t);
    const second = new SetupLock(join(first.folder, 'lock'));
    const order: string[] = [];
    await first.lock.take(first.run, () => undefined);
    const signals = new Signals(() => performance.now());
    const run = createRun({
      signals,
      folder: first.folder,
      env: { PATH: '/usr/bin:/bin' },
      lockFd: () => second.fd,
      report: () => undefined,
    });
    const waiting = second.take(run, (line) => {
      order.push(line);
      order.push('released');
      first.lock.release();
    });
    await waiting;
    order.push('taken');
    second.release();
    assert.equal(order, ['waiting for another set-up on this machine to end', 'released', 'taken']);
  });

  it('is held on by a program of a set-up that has died', async (t) => {
    const first = await openSetup(t);
    await first.lock.take(first.run, () => undefined);
    const script = 'while [ ! -e go ]; do sleep 0.01; done';
    const orphan = first.run('sh', ['-c', script]);
    first.lock.release();
    const second = await openSetup(t);
    const probe = await second.run('flock', ['-n', join(first.folder, 'lock'), 'true']);
    assert.is(probe.code, 1);
    await second.run('touch', [join(first.folder, 'go')]);
    await orphan;
    assert.is((await second.run('flock', ['-n', join(first.folder, 'lock'), 'true'])).code, 0);
  });
});
