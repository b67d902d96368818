/** The test runner: its pure parts, and the executor with files that end in every wrong way. */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runFile } from '../../support/run-file.js';
import { junitXml } from '../../support/run-junit.js';
import { parseRunArguments, UsageError } from '../../support/run-options.js';
import { planRun } from '../../support/run-plan.js';
import { fileLines, runExitCode, summaryLines } from '../../support/run-summary.js';
import { judgeFile, type FileEnd, type FileVerdict } from '../../support/run-verdict.js';
import { assert, spec, type TestContext } from '../../support/spec.js';
import type { CaseResult, CaseStatus } from '../../support/test-result.js';
import { waitFor } from '../../support/wait.js';

function aCase(status: CaseStatus, name = 'a test', text = ''): CaseResult {
  return { suite: 'a spec', name, status, durationMs: 12, text };
}

function anEnd(changes: Partial<FileEnd> = {}): FileEnd {
  return {
    name: 'test/unit/a.test.ts',
    durationMs: 1234,
    exitCode: 0,
    signal: null,
    stopped: undefined,
    result: { seed: 's', durationMs: 1, cases: [aCase('passed')] },
    output: 'what it printed\n',
    leftBehind: [],
    ...changes,
  };
}

function problems(end: FileEnd): string[] {
  return judgeFile(end)
    .cases.filter((one) => one.status === 'failed')
    .map((one) => one.text);
}

const options = parseRunArguments([], {}, 2);

spec('the arguments of the runner', (it) => {
  it('takes suites, filters and values', () => {
    const args = ['unit', 'sim', '--filter', 'a', '--filter', 'b', '--timeout', '7', '--jobs', '3'];
    const given = parseRunArguments(args, { WARDLINE_TEST_SLOWNESS: '2', WARDLINE_TEST_TIMEOUT: '9' }, 2);
    assert.equal(given.suites, ['unit', 'sim']);
    assert.equal(given.filters, ['a', 'b']);
    assert.equal([given.timeoutMs, given.jobs, given.slowness], [7000, 3, 2]);
  });

  it('takes the time-out from the environment when no argument gives one', () => {
    assert.is(parseRunArguments([], { WARDLINE_TEST_TIMEOUT: '9' }, 2).timeoutMs, 9000);
  });

  it('refuses what it does not understand', () => {
    assert.throws(() => parseRunArguments(['--fliter', 'x'], {}, 2), /--fliter/);
    assert.throws(() => parseRunArguments(['--jobs', '0'], {}, 2), /--jobs needs a whole number from 1/);
    assert.throws(() => parseRunArguments(['--timeout', '1e9'], {}, 2), UsageError);
    assert.throws(() => parseRunArguments([], { WARDLINE_TEST_SLOWNESS: 'slow' }, 2), /SLOWNESS/);
  });
});

spec('the plan of a run', (it) => {
  const sources = [
    'test/unit/b.test.ts',
    'test/system/lab/x.test.ts',
    'test/unit/a.test.ts',
    'test/sim/c.test.ts',
  ];

  it('runs unit, contract and sim files together and all others alone', () => {
    const plan = planRun(sources, options);
    assert.equal(
      plan.together.map((file) => file.name),
      ['test/sim/c.test.ts', 'test/unit/a.test.ts', 'test/unit/b.test.ts'],
    );
    assert.equal(
      plan.alone.map((file) => [file.compiled, file.timeoutMs]),
      [['dist/test/system/lab/x.test.js', 300_000]],
    );
  });

  it('keeps to the suites and filters, in the order of the suites given', () => {
    const names = (args: string[]): string[] =>
      planRun(sources, parseRunArguments(args, {}, 2)).together.map((file) => file.name);
    assert.equal(names(['unit', 'sim', '--filter', 'b.test', '--filter', 'c.test']), [
      'test/unit/b.test.ts',
      'test/sim/c.test.ts',
    ]);
    assert.equal(names(['system']), []);
  });

  it('multiplies the time-outs by the slowness of the machine', () => {
    const slow = parseRunArguments(['unit', '--timeout', '10'], { WARDLINE_TEST_SLOWNESS: '3' }, 2);
    assert.is(planRun(sources, slow).together[0]?.timeoutMs, 30_000);
  });

  it('names the known suites when one is unknown', () => {
    const typo = parseRunArguments(['untit'], {}, 2);
    assert.throws(() => planRun(sources, typo), /no suite "untit"; known are: sim, system, unit/);
  });
});

spec('the verdict on a file', (it) => {
  it('believes a result that everything agrees with', () => {
    assert.equal(problems(anEnd()), []);
    const failing = { seed: 's', durationMs: 1, cases: [aCase('failed', 'x', 'why')] };
    assert.equal(problems(anEnd({ exitCode: 1, result: failing })), ['why']);
  });

  it('fails a file without a result, also when it ended with 0', () => {
    assert.match(problems(anEnd({ result: undefined })).join(), 'ended without a result (exit code 0)');
    const killed = anEnd({ result: undefined, exitCode: null, signal: 'SIGSEGV' });
    assert.match(problems(killed).join(), 'signal SIGSEGV');
  });

  it('fails a file that ran no tests', () => {
    const empty = anEnd({ result: { seed: 's', durationMs: 1, cases: [] } });
    assert.equal(problems(empty), ['it ran no tests']);
  });

  it('fails a file whose exit code contradicts its result', () => {
    assert.match(problems(anEnd({ exitCode: 1 })).join(), 'says exit code 0, but it ended with exit code 1');
    assert.match(problems(anEnd({ exitCode: null, signal: 'SIGKILL' })).join(), 'signal SIGKILL');
  });

  it('fails a file that was stopped or left processes behind', () => {
    assert.equal(problems(anEnd({ stopped: 'it did not end within 1 s' })), ['it did not end within 1 s']);
    assert.match(
      problems(anEnd({ leftBehind: ['12 redis-server'] })).join(),
      'left processes behind: 12 redis-server',
    );
  });
});

spec('what the runner prints', (it) => {
  const good: FileVerdict = { name: 'good', durationMs: 10, output: 'quiet', cases: [aCase('passed')] };
  const bad: FileVerdict = {
    name: 'bad',
    durationMs: 2000,
    output: 'line one\nline two\n',
    cases: [aCase('failed', 'breaks', 'why'), aCase('skipped', 'needs root', 'not root')],
  };

  it('is one line for a good file, and everything a failed one printed', () => {
    assert.equal(fileLines(good), ['ok     0.01 s  good  (1 passed, 0 failed, 0 skipped)']);
    assert.match(fileLines(bad).join('\n'), /^FAIL {3}2\.00 s {2}bad .*\n {4}\| line one\n {4}\| line two$/);
  });

  it('ends with the counts alone on the last line', () => {
    assert.is(summaryLines([good, bad]).at(-1), '1 passed, 1 failed, 1 skipped');
    assert.is(summaryLines([]).at(-1), '0 passed, 0 failed, 0 skipped');
  });

  it('tells failed tests, skipped ones with their reason, and the five slowest files', () => {
    const many = [1, 2, 3, 4, 5, 6].map((n) => ({ ...good, name: `file-${String(n)}`, durationMs: n }));
    const text = summaryLines([...many, bad]).join('\n');
    assert.match(text, '  bad: a spec: breaks');
    assert.match(text, '  bad: a spec: needs root: not root');
    assert.match(text, 'file-3');
    assert.not.match(text, 'file-2');
  });

  it('is a success only when nothing failed and something passed', () => {
    assert.is(runExitCode([good]), 0);
    assert.is(runExitCode([good, bad]), 1);
    assert.is(runExitCode([]), 1);
    assert.is(runExitCode([{ ...good, cases: [aCase('skipped')] }]), 1);
  });

  it('is well-formed JUnit XML whatever a test prints', () => {
    const nasty = aCase(
      'failed',
      'a "b" <c> & \'d\'',
      'bell \u0007 and \u001b[31mred\u001b[39m ]]> \ud800 \u{1f4de}',
    );
    const xml = junitXml([{ ...bad, cases: [nasty, aCase('skipped', 's', 'no root'), aCase('passed')] }]);
    assert.match(xml, '<testsuite name="bad" tests="3" failures="1" errors="0" skipped="1" time="2.000">');
    assert.match(xml, 'name="a &quot;b&quot; &lt;c&gt; &amp; &apos;d&apos;"');
    assert.match(xml, 'bell \ufffd and red ]]&gt; \ufffd \u{1f4de}');
    assert.match(xml, '<skipped message="no root"/>');
  });
});

/** A project with the given test files, compiled, in a folder of its own. */
function makeProject(t: TestContext, files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), 'wardline-run-'));
  t.defer(() => {
    rmSync(root, { recursive: true });
  });
  const wrapper = new URL('../../support/spec.js', import.meta.url).href;
  writeFileSync(join(root, 'package.json'), '{"type":"module"}');
  for (const [name, code] of Object.entries(files)) {
    for (const path of [join(root, `${name}.ts`), join(root, 'dist', `${name}.js`)]) {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, `import { spec, assert } from '${wrapper}';\n${code}`);
    }
  }
  return root;
}

const PASSING = `spec('s', (it) => { it('passes', () => assert.ok(1)); });`;

/** @returns the failures and the output of one file */
async function runOne(t: TestContext, code: string, timeoutMs = 20_000): Promise<FileVerdict> {
  const root = makeProject(t, { 'test/unit/one.test': code });
  const file = { suite: 'unit', name: 'one', compiled: 'dist/test/unit/one.test.js', timeoutMs };
  const stop = new AbortController().signal;
  return judgeFile(
    await runFile(file, { projectRoot: root, environment: process.env, stop, stopGraceMs: 300 }),
  );
}

function failuresOf(verdict: FileVerdict): string {
  return verdict.cases.flatMap((one) => (one.status === 'failed' ? [one.text] : [])).join('\n');
}

/** Alive, and not merely a dead one that nobody has waited for. */
function isAlive(pid: string): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return !'ZX'.includes(stat.charAt(stat.lastIndexOf(')') + 2));
  } catch {
    return false;
  }
}

const isCompiled = existsSync(fileURLToPath(new URL('../../support/spec.js', import.meta.url)));

spec('the executor', { deadlineMs: 30_000 }, (it, before) => {
  before((t) => {
    if (!isCompiled) t.skip('runs from the compiled tree only');
  });

  it('believes a good file', async (t) => {
    const verdict = await runOne(t, PASSING);
    assert.equal([failuresOf(verdict), verdict.cases.length], ['', 1]);
  });

  it('fails a file that is killed before it has a result', async (t) => {
    const verdict = await runOne(t, `process.kill(process.pid, 'SIGKILL');`);
    assert.match(failuresOf(verdict), 'ended without a result (signal SIGKILL)');
  });

  it('kills a file that blocks, with everything it started, and says so', async (t) => {
    const code = `import { spawn } from 'node:child_process';
      const child = spawn('sleep', ['100']); console.log('child', child.pid); for (;;);`;
    const verdict = await runOne(t, code, 700);
    assert.match(failuresOf(verdict), 'did not end within 0.7 s');
    const pid = /child (\d+)/.exec(verdict.output)?.[1] ?? '';
    assert.match(pid, /^\d+$/);
    await waitFor('the grandchild to be gone', () => !isAlive(pid));
  });

  it('lets a file that waits too long clean up before it is killed', async (t) => {
    const code = `spec('s', (it) => { it('waits', { deadlineMs: 60000 }, async (t) => {
      t.defer(() => console.log('cleaned up')); await new Promise(() => {}); }); });`;
    const verdict = await runOne(t, code, 700);
    assert.match(failuresOf(verdict), /stopped by SIGTERM[^]*did not end within 0\.7 s/);
    assert.match(verdict.output, 'cleaned up');
  });

  it('names and kills a process that a passing file leaves behind', async (t) => {
    const code = `import { spawn } from 'node:child_process';
      const child = spawn('sleep', ['100'], { stdio: 'ignore' }); child.unref(); console.log('child', child.pid); ${PASSING}`;
    const verdict = await runOne(t, code);
    assert.match(failuresOf(verdict), /left processes behind: \d+ sleep 100/);
    const pid = /child (\d+)/.exec(verdict.output)?.[1] ?? '';
    await waitFor('the process to be gone', () => !isAlive(pid));
  });

  it('fails a file that is not compiled', async (t) => {
    const root = makeProject(t, {});
    const file = { suite: 'unit', name: 'one', compiled: 'dist/none.test.js', timeoutMs: 1000 };
    const end = await runFile(file, {
      projectRoot: root,
      environment: {},
      stop: new AbortController().signal,
    });
    assert.match(failuresOf(judgeFile(end)), 'it is not compiled');
  });
});

interface CommandEnd {
  readonly exitCode: number | null;
  readonly lastLine: string;
  readonly output: string;
}

function startCommand(
  t: TestContext,
  args: readonly string[],
): { readonly child: ChildProcess; readonly ended: Promise<CommandEnd> } {
  const command = fileURLToPath(new URL('../../support/run.js', import.meta.url));
  const child = spawn(process.execPath, [command, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  t.defer(() => child.kill('SIGKILL'));
  let output = '';
  const collect = (chunk: Buffer): void => {
    output += chunk.toString();
  };
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);
  const ended = new Promise<CommandEnd>((resolve) => {
    child.once('close', (exitCode) => {
      resolve({ exitCode, output, lastLine: output.trimEnd().split('\n').at(-1) ?? '' });
    });
  });
  return { child, ended };
}

function runCommand(t: TestContext, args: readonly string[]): Promise<CommandEnd> {
  return startCommand(t, args).ended;
}

spec('the command', { deadlineMs: 30_000 }, (it, before) => {
  before((t) => {
    if (!isCompiled) t.skip('runs from the compiled tree only');
  });

  it('ends with 0 and the counts when everything passed, and writes JUnit XML', async (t) => {
    const root = makeProject(t, { 'test/unit/a.test': PASSING, 'test/system/b.test': PASSING });
    const junit = join(root, 'junit.xml');
    const end = await runCommand(t, ['--root', root, '--junit', junit]);
    assert.equal([end.exitCode, end.lastLine], [0, '2 passed, 0 failed, 0 skipped'], end.output);
    assert.match(readFileSync(junit, 'utf8'), 'name="test/system/b.test.ts"');
  });

  it('ends with 1 when a test fails, and when no file matches', async (t) => {
    const root = makeProject(t, { 'test/unit/a.test': PASSING.replace('ok(1)', 'ok(0)') });
    const failed = await runCommand(t, ['unit', '--root', root]);
    assert.equal([failed.exitCode, failed.lastLine], [1, '0 passed, 1 failed, 0 skipped']);
    const none = await runCommand(t, ['unit', '--root', root, '--filter', 'nothing']);
    assert.equal([none.exitCode, none.lastLine], [1, '0 passed, 0 failed, 0 skipped']);
  });

  it('ends with 2 and its usage when its arguments make no sense', async (t) => {
    const end = await runCommand(t, [
      'no-such-suite',
      '--root',
      makeProject(t, { 'test/unit/a.test': PASSING }),
    ]);
    assert.is(end.exitCode, 2);
    assert.match(end.output, /no suite "no-such-suite"[^]*Usage/);
  });

  it('takes its children with it on Ctrl-C, after their clean-up', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'wardline-stop-'));
    t.defer(() => {
      rmSync(folder, { recursive: true });
    });
    const [started, cleaned] = [join(folder, 'started'), join(folder, 'cleaned')];
    const code = `import { writeFileSync } from 'node:fs';
      spec('s', (it) => { it('waits', { deadlineMs: 60000 }, async (t) => {
      t.defer(() => writeFileSync('${cleaned}', '')); writeFileSync('${started}', String(process.pid));
      await new Promise(() => {}); }); });`;
    const root = makeProject(t, { 'test/system/a.test': code, 'test/system/b.test': PASSING });
    const command = startCommand(t, ['--root', root]);
    await waitFor('the file to wait', () => existsSync(started));
    command.child.kill('SIGINT');
    const end = await command.ended;
    assert.is(end.exitCode, 130, end.output);
    assert.ok(existsSync(cleaned));
    assert.not.match(end.output, 'b.test', 'a file was started after Ctrl-C');
    assert.not(isAlive(readFileSync(started, 'utf8')));
  });
});
