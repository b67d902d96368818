/** Against the real program systemd-notify and a real receiver, and against a stand-in for the program on the PATH. */
import { execFileSync, spawn } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeClock } from '../../../../cluster/base/clock.js';
import { openLog } from '../../../../cluster/base/log.js';
import { openServiceNotify, type ServiceNotify } from '../../../../cluster/base/service-notify.js';
import { assert, spec } from '../../../support/spec.js';

/** The part of a test's context that the helpers need. */
interface Cleaning {
  defer(cleanUp: () => unknown): void;
  skip(reason: string): void;
}

const WATCHDOG_USEC = '30000000';
const INTERVAL_MS = 10_000;

/** Text that grows; `until` settles with the first growth after which it matches. */
class Heard {
  text = '';
  readonly #listeners = new Set<() => void>();

  add(text: string): void {
    this.text += text;
    for (const listener of this.#listeners) listener();
  }

  until(pattern: RegExp): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (!pattern.test(this.text)) return;
        this.#listeners.delete(look);
        resolve();
      };
      this.#listeners.add(look);
      look();
    });
  }

  count(pattern: RegExp): number {
    return this.text.match(new RegExp(pattern, 'g'))?.length ?? 0;
  }
}

function temporaryFolder(t: Cleaning): string {
  const folder = mkdtempSync(join(tmpdir(), 'notify-'));
  t.defer(() => {
    // A program that was started last may still write there.
    rmSync(folder, { recursive: true, maxRetries: 10, retryDelay: 20 });
  });
  return folder;
}

function setVariable(name: string, value: string, t: Cleaning): void {
  const before = process.env[name];
  process.env[name] = value;
  t.defer(() => {
    if (before === undefined) Reflect.deleteProperty(process.env, name);
    else process.env[name] = before;
  });
}

/** Resolves once the file is there. */
async function untilExists(folder: string, name: string): Promise<void> {
  await new Promise<void>((resolve) => {
    const look = (): void => {
      if (!existsSync(join(folder, name))) return;
      watcher.close();
      resolve();
    };
    const watcher = watch(folder, look);
    look();
  });
}

function isInstalled(program: string): boolean {
  const folders = (process.env['PATH'] ?? '').split(':');
  return folders.some((folder) => existsSync(join(folder, program)));
}

function skipUnlessInstalled(t: Cleaning, programs: readonly string[]): void {
  const missing = programs.filter((program) => !isInstalled(program));
  if (missing.length > 0) t.skip(`not installed here: ${missing.join(', ')}`);
}

/** socat as the service manager. What it hears comes as plain text, datagram after datagram. */
async function openReceiver(t: Cleaning): Promise<{ socketPath: string; heard: Heard }> {
  skipUnlessInstalled(t, ['socat', 'systemd-notify']);
  const folder = temporaryFolder(t);
  const socketPath = join(folder, 'notify');
  const heard = new Heard();
  const socat = spawn('socat', ['-u', `UNIX-RECV:${socketPath}`, '-'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  // It keeps the descriptor by which systemd-notify sees that its message was read; its end frees the programs.
  t.defer(() => {
    socat.kill('SIGKILL');
  });
  socat.stdout.setEncoding('utf8').on('data', (text: string) => {
    heard.add(text);
  });
  await untilExists(folder, 'notify');
  setVariable('NOTIFY_SOCKET', socketPath, t);
  return { socketPath, heard };
}

/** Puts a stand-in for the program on the PATH; each call adds its arguments, in brackets, to what is heard. */
function standInForProgram(
  script: string,
  t: Cleaning,
): { program: string; calls: () => string; heard: Heard } {
  const folder = temporaryFolder(t);
  const record = join(folder, 'calls');
  writeFileSync(record, '');
  const heard = new Heard();
  const watcher = watch(record, () => {
    const text = readFileSync(record, 'utf8');
    heard.text = '';
    heard.add(text);
  });
  t.defer(() => {
    watcher.close();
  });
  const program = join(folder, 'systemd-notify');
  writeFileSync(program, `#!/bin/sh\necho "[$*]" >> ${record}\n${script}\n`, {
    mode: 0o755,
  });
  setVariable('PATH', `${folder}:${process.env['PATH'] ?? ''}`, t);
  setVariable('NOTIFY_SOCKET', '/nowhere', t);
  return { program, calls: () => readFileSync(record, 'utf8'), heard };
}

interface Opened {
  readonly notify: ServiceNotify;
  readonly clock: FakeClock;
  readonly log: Heard;
}

function open(socketPath: string | undefined, watchdogUsec: string | undefined, t: Cleaning): Opened {
  const clock = new FakeClock();
  const log = new Heard();
  const destination = {
    write: (line: string) => {
      log.add(line);
    },
  };
  const options = { socketPath, watchdogUsec, clock, log: openLog({ name: 'test', destination }) };
  const notify = openServiceNotify(options);
  t.defer(() => {
    notify.stop();
  });
  return { notify, clock, log };
}

/** Programs that were started and have not ended, those of the watchdog excepted: they do not hold the process. */
function programsRunning(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind === 'ProcessWrap').length;
}

/** Sends one more sentence and waits for it: a sign of life sent before it would have come before it. */
async function assertNeverFed(
  notify: ServiceNotify,
  program: { calls: () => string; heard: Heard },
): Promise<void> {
  notify.status('the end');
  await program.heard.until(/the end/);
  assert.not.match(program.calls(), 'WATCHDOG');
}

/** Lowers the limit of this process and uses up what is left; the hard limit stays, so it can be raised again. */
function exhaustDescriptors(t: Pick<Cleaning, 'defer'>): void {
  const setLimit = (limit: string): void => {
    execFileSync('prlimit', ['--pid', String(process.pid), `--nofile=${limit}:`]);
  };
  const before = execFileSync('prlimit', [
    '--pid',
    String(process.pid),
    '--nofile',
    '-o',
    'SOFT',
    '--noheadings',
  ]);
  setLimit('200');
  const opened: number[] = [];
  try {
    while (opened.length < 200) opened.push(openSync('/dev/null', 'r'));
  } catch {
    // Now none is left.
  }
  t.defer(() => {
    for (const descriptor of opened) closeSync(descriptor);
    setLimit(before.toString().trim());
  });
}

spec('service notification', (it) => {
  it('says READY=1, its sentence and its process id to the manager', async (t) => {
    const { socketPath, heard } = await openReceiver(t);
    open(socketPath, undefined, t).notify.ready('two trunks up');
    await heard.until(/BARRIER/);
    assert.match(heard.text, /READY=1/);
    assert.match(heard.text, /STATUS=two trunks up/);
    assert.match(heard.text, `MAINPID=${String(process.pid)}`);
  });

  it('says a sentence without saying READY again', async (t) => {
    const { socketPath, heard } = await openReceiver(t);
    open(socketPath, undefined, t).notify.status('catching up');
    await heard.until(/STATUS=catching up/);
    assert.not.match(heard.text, /READY/);
  });

  it('lets no line of a sentence become a variable of its own', async (t) => {
    const { socketPath, heard } = await openReceiver(t);
    open(socketPath, undefined, t).notify.status('broken\nMAINPID=1\0\nREADY=1');
    await heard.until(/BARRIER/);
    assert.not.match(heard.text, /^(MAINPID=1|READY=1)$/m);
    assert.match(heard.text, /STATUS=broken MAINPID=1 READY=1/);
  });

  it('feeds the watchdog over the real program', async (t) => {
    const { socketPath, heard } = await openReceiver(t);
    open(socketPath, WATCHDOG_USEC, t).notify.startWatchdog(() => Promise.resolve(true));
    await heard.until(/WATCHDOG=1/);
    assert.not.match(heard.text, /READY|MAINPID|STATUS/);
  });

  it('starts no program when there is no manager', (t) => {
    const before = programsRunning();
    for (const socketPath of [undefined, '']) {
      const { notify, clock } = open(socketPath, WATCHDOG_USEC, t);
      notify.ready();
      notify.status('x');
      notify.startWatchdog(() => Promise.reject(new Error('asked for nobody')));
      assert.is(clock.pendingTimers, 0, 'a liveness check was asked for');
    }
    assert.is(programsRunning(), before);
    standInForProgram('', t);
    open('/nowhere', undefined, t).notify.ready();
    assert.is(programsRunning(), before + 1, 'with a manager this test would see the program');
  });

  it('sends sentences one after the other, and of many only the last', async (t) => {
    const { calls, heard } = standInForProgram('', t);
    const { notify } = open('/nowhere', undefined, t);
    notify.ready('one');
    for (const sentence of ['two', 'three', 'four']) notify.status(sentence);
    await heard.until(/four/);
    assert.match(calls(), /^\[--ready --pid=\d+ --status=one\]\n\[--pid=\d+ --status=four\]\n$/);
  });

  it('does not lose READY behind a sentence that is being sent', async (t) => {
    const { heard } = standInForProgram('', t);
    const { notify } = open('/nowhere', undefined, t);
    notify.status('opening');
    notify.ready('open');
    notify.status('serving');
    await heard.until(/serving/);
    assert.match(heard.text, /\[--ready --pid=\d+ --status=serving\]/);
  });
});

spec('service notification that fails', (it) => {
  it('logs the first failure only, until a message gets through', async (t) => {
    const { heard, program } = standInForProgram('[ -e "$0.works" ]', t);
    const { notify, log } = open('/nowhere', undefined, t);
    const say = async (sentence: string): Promise<void> => {
      notify.status(sentence);
      await heard.until(new RegExp(sentence));
    };
    await say('one');
    await log.until(/was not notified/);
    await say('two');
    writeFileSync(`${program}.works`, '');
    await say('three');
    assert.is(log.count(/was not notified/), 1);
    // Sent only once "three" has got through.
    await say('four');
    rmSync(`${program}.works`);
    await say('five');
    await log.until(/was not notified[^]*was not notified/);
    await say('six');
    assert.is(log.count(/was not notified/), 2);
  });

  it('goes on without the program', async (t) => {
    const folder = temporaryFolder(t);
    setVariable('PATH', folder, t);
    const { notify, log, clock } = open('/nowhere', WATCHDOG_USEC, t);
    notify.ready();
    await log.until(/ENOENT/);
    notify.startWatchdog(() => Promise.resolve(true));
    await clock.advance(3 * INTERVAL_MS);
    assert.is(log.count(/was not notified/), 1);
  });

  it('goes on without file descriptors, and is heard again when there are some', async (t) => {
    const { heard } = standInForProgram('', t);
    const { notify, log } = open('/nowhere', undefined, t);
    skipUnlessInstalled(t, ['prlimit']);
    const cleanUps: (() => unknown)[] = [];
    const restore = (): void => {
      for (const cleanUp of cleanUps.splice(0)) cleanUp();
    };
    t.defer(restore);
    exhaustDescriptors({ defer: (cleanUp) => cleanUps.push(cleanUp) });
    notify.ready('one');
    await log.until(/too few file descriptors/);
    restore();
    notify.status('two');
    await heard.until(/two/);
    assert.is(log.count(/was not notified/), 1);
  });
});

spec('the watchdog', (it) => {
  it('is fed at once and every third of its time, while the process is alive', async (t) => {
    const { heard } = standInForProgram('', t);
    const { notify, clock, log } = open('/nowhere', WATCHDOG_USEC, t);
    const askedAt: number[] = [];
    notify.startWatchdog(() => {
      askedAt.push(clock.monotonicMs());
      return Promise.resolve(true);
    });
    await clock.advance(3 * INTERVAL_MS);
    assert.equal(askedAt, [0, 10_000, 20_000, 30_000]);
    await heard.until(/(\[WATCHDOG=1\]\n){4}/);
    assert.is(log.text, '');
  });

  it('is not fed when the process is not alive, and the log says why', async (t) => {
    const program = standInForProgram('', t);
    const { notify, clock, log } = open('/nowhere', WATCHDOG_USEC, t);
    const answers = [() => Promise.resolve(false), () => Promise.reject(new Error('relay is deaf'))];
    let asked = 0;
    notify.startWatchdog(() => {
      asked += 1;
      return (answers[asked % 2] ?? answers[0])?.() ?? Promise.resolve(true);
    });
    await clock.advance(4 * INTERVAL_MS);
    assert.is(asked, 5);
    await assertNeverFed(notify, program);
    assert.is(log.count(/liveness check failed/), 1);
    assert.match(log.text, 'relay is deaf');
  });

  it('is fed again when the process recovers', async (t) => {
    const { heard } = standInForProgram('', t);
    const { notify, clock, log } = open('/nowhere', WATCHDOG_USEC, t);
    let isAlive = false;
    notify.startWatchdog(() => Promise.resolve(isAlive));
    await clock.advance(INTERVAL_MS);
    isAlive = true;
    await clock.advance(INTERVAL_MS);
    await heard.until(/WATCHDOG=1/);
    assert.match(log.text, /passed again/);
  });

  it('is not fed while a check hangs, which is asked only once and logged', async (t) => {
    const program = standInForProgram('', t);
    const { notify, clock, log } = open('/nowhere', WATCHDOG_USEC, t);
    let asked = 0;
    notify.startWatchdog(() => {
      asked += 1;
      return new Promise(() => undefined);
    });
    await clock.advance(10 * INTERVAL_MS);
    assert.is(asked, 1);
    await assertNeverFed(notify, program);
    assert.is(log.count(/does not answer/), 1);
  });

  it('is not fed after stop, not even by a check that was under way', async (t) => {
    const program = standInForProgram('', t);
    const { notify, clock } = open('/nowhere', WATCHDOG_USEC, t);
    notify.startWatchdog(async () => {
      await clock.sleep(5);
      return true;
    });
    notify.stop();
    await clock.advance(5 * INTERVAL_MS);
    await assertNeverFed(notify, program);
    assert.is(clock.pendingTimers, 0);
  });

  it('is left alone when the manager wants none or names no time', (t) => {
    for (const watchdogUsec of [undefined, '', 'soon', '0', '-1']) {
      const { notify, clock, log } = open('/nowhere', watchdogUsec, t);
      notify.startWatchdog(() => Promise.reject(new Error('asked')));
      assert.is(clock.pendingTimers, 0);
      assert.is(log.count(/no watchdog/), watchdogUsec === undefined ? 0 : 1);
    }
  });
});
