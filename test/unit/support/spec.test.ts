/**
 * The test of the tests: every situation in which a suite could pass without having tested anything, each in a
 * child process as a real test file. The first group are those of raw uvu.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { seededRng } from '../../../cluster/base/rng.js';
import { assert, spec, type Define, type TestContext } from '../../support/spec.js';
import { countCases, parseFileResult, type FileResult } from '../../support/test-result.js';

interface ChildEnd {
  readonly exitCode: number | null;
  readonly output: string;
  readonly result: FileResult | undefined;
}

/** The compiled wrapper, or its source under tsx. */
function wrapperUrl(): string {
  const compiled = fileURLToPath(new URL('../../support/spec.js', import.meta.url));
  return pathToFileURL(existsSync(compiled) ? compiled : compiled.replace(/\.js$/, '.ts')).href;
}

/** Runs `code` as a test file. @param code sees spec, assert and the imports it makes itself */
async function runTestFile(
  t: TestContext,
  { code, slowness = '1' }: Pick<Scenario, 'code' | 'slowness'>,
  onOutput?: (pid: number, text: string) => void,
): Promise<ChildEnd> {
  const folder = mkdtempSync(join(tmpdir(), 'wardline-spec-'));
  t.defer(() => {
    rmSync(folder, { recursive: true });
  });
  const file = join(folder, 'child.test.mjs');
  const resultPath = join(folder, 'result.json');
  writeFileSync(file, `import { spec, assert } from ${JSON.stringify(wrapperUrl())};\n${code}`);
  const child = spawn(process.execPath, [...process.execArgv, file], {
    env: {
      ...process.env,
      WARDLINE_TEST_RESULT: resultPath,
      WARDLINE_SEED: 'a-known-seed',
      WARDLINE_TEST_SLOWNESS: slowness,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.defer(() => child.kill('SIGKILL'));
  let output = '';
  const collect = (chunk: Buffer): void => {
    output += chunk.toString();
    onOutput?.(child.pid ?? 0, output);
  };
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);
  const exitCode = await new Promise<number | null>((resolve) => child.once('close', resolve));
  const result = existsSync(resultPath) ? parseFileResult(readFileSync(resultPath, 'utf8')) : undefined;
  return { exitCode, output, result };
}

interface Expected {
  readonly exitCode: 0 | 1;
  readonly counts: readonly [passed: number, failed: number, skipped: number];
  /** Status and suite, name and text of cases that the result must hold. */
  readonly cases?: readonly RegExp[];
  readonly output?: RegExp;
}

function assertEnd(end: ChildEnd, expected: Expected): void {
  const shown = `exit ${String(end.exitCode)}\n${end.output}`;
  assert.is(end.exitCode, expected.exitCode, shown);
  assert.ok(end.result, `no result: ${shown}`);
  const { passed, failed, skipped } = countCases(end.result.cases);
  assert.equal([passed, failed, skipped], expected.counts, shown);
  const told = end.result.cases.map((one) => `${one.status} ${one.suite}: ${one.name}: ${one.text}`);
  for (const pattern of expected.cases ?? []) {
    assert.ok(
      told.some((text) => pattern.test(text)),
      `${String(pattern)} not in:\n${told.join('\n')}`,
    );
  }
  if (expected.output !== undefined) assert.match(end.output, expected.output);
}

interface Scenario extends Expected {
  readonly sentence: string;
  readonly code: string;
  readonly slowness?: string;
}

/** What the test "draws" of the spec "s" draws with the seed that every child is given. */
const KNOWN_NUMBER = seededRng('a-known-seed/s/draws').integer(0, 2 ** 32 - 1);

const RAW_UVU_TRAPS: readonly Scenario[] = [
  {
    sentence: 'a before that throws fails every test with its error',
    code: `spec('s', (it, before) => { before(() => { throw new Error('no daemon'); });
      it('one', () => assert.ok(1)); it('two', () => assert.ok(1)); });`,
    exitCode: 1,
    counts: [0, 2, 0],
    cases: [/^failed s: one: the before hook failed: .*no daemon/, /^failed s: two: .*no daemon/],
  },
  {
    sentence: 'a second before does not make up for the first',
    code: `spec('s', (it, before) => { before(() => { throw new Error('no daemon'); }); before(() => {});
      it('one', () => assert.ok(1)); });`,
    exitCode: 1,
    counts: [0, 1, 0],
    cases: [/^failed s: one: the before hook failed: .*no daemon/],
  },
  {
    sentence: 'nobody has to call run',
    code: `spec('s', (it) => { it('fails', () => assert.ok(0)); });`,
    exitCode: 1,
    counts: [0, 1, 0],
    cases: [/^failed s: fails: Expected value to be truthy/],
  },
  {
    sentence: 'a left-over only is an error, not a filter',
    code: `spec('s', (it) => { it.only('one', () => assert.ok(1)); it('two', () => assert.ok(1)); });`,
    exitCode: 1,
    counts: [0, 2, 0],
    cases: [/^failed s: \(definition\): .*it\.only is not a function/, /\(no tests\)/],
  },
  {
    sentence: 'a thrown value that is no Error fails its test and the next ones run',
    code: `spec('s', (it) => { it('text', () => { throw 'text'; }); it('nothing', () => { throw undefined; });
      it('odd', () => { throw Object.assign(new Error('odd'), { name: 7, operator: 8 }); });
      it('next', () => assert.ok(1)); });`,
    exitCode: 1,
    counts: [1, 3, 0],
    cases: [
      /^failed s: text: a value that is not an Error was thrown: 'text'/,
      /^failed s: nothing:/,
      /^passed s: next/,
    ],
  },
  {
    sentence: 'a failing clean-up fails its test and does not hide the first error',
    code: `spec('s', (it) => {
      it('both', (t) => { t.defer(() => { throw new Error('second'); }); throw new Error('first'); });
      it('clean-up only', (t) => { t.defer(async () => { throw new Error('late'); }); assert.ok(1); });
      it('next', () => assert.ok(1)); });`,
    exitCode: 1,
    counts: [1, 2, 0],
    cases: [
      /^failed s: both: Error: first[^]*and then a clean-up failed: Error: second/,
      /^failed s: clean-up only: a clean-up failed: Error: late/,
    ],
  },
  {
    sentence: 'a test that never resolves is named at its deadline and the next one runs',
    code: `spec('s', (it) => { it('never', { deadlineMs: 40 }, () => new Promise(() => {}));
      it('next', () => assert.ok(1)); });`,
    exitCode: 1,
    counts: [1, 1, 0],
    cases: [/^failed s: never: Error: not finished within its deadline of 40 ms/, /^passed s: next/],
  },
  {
    sentence: 'a server left listening is named and does not hang the process',
    code: `import net from 'node:net';
      spec('s', (it) => { it('listens', () => { net.createServer().listen(0); assert.ok(1); }); });`,
    exitCode: 1,
    counts: [1, 1, 0],
    cases: [/^failed this file: \(leaked handles\): .*TCPServerWrap/],
  },
];

const EMPTINESS: readonly Scenario[] = [
  {
    sentence: 'a spec without tests fails',
    code: `spec('empty', () => {});`,
    exitCode: 1,
    counts: [0, 1, 0],
    cases: [/^failed empty: \(no tests\)/],
  },
  {
    sentence: 'a file without specs fails',
    code: '',
    exitCode: 1,
    counts: [0, 1, 0],
    cases: [/it defines no spec/],
  },
  {
    sentence: 'a test without an assertion fails',
    code: `spec('s', (it) => { it('asserts', () => assert.ok(1)); it('does nothing', () => {}); });`,
    exitCode: 1,
    counts: [1, 1, 0],
    cases: [/^failed s: does nothing: it made no assertion/],
  },
  {
    sentence: 'a throws with a text instead of a pattern fails',
    code: `spec('s', (it) => { it('loose', () => assert.throws(() => { throw new Error('other'); }, 'disk full')); });`,
    exitCode: 1,
    counts: [0, 1, 0],
    cases: [/"disk full" would only be the message/],
  },
  {
    sentence: 'a throws with an error class looks at the class',
    code: `const throwing = () => { throw new TypeError('x'); };
      spec('s', (it) => { it('right', () => assert.throws(throwing, TypeError));
      it('wrong', () => assert.throws(throwing, RangeError)); });`,
    exitCode: 1,
    counts: [1, 1, 0],
    cases: [/^passed s: right/, /^failed s: wrong/],
  },
  {
    sentence: 'two tests with one name fail',
    code: `spec('s', (it) => { it('same', () => assert.ok(1)); it('same', () => assert.ok(1)); });`,
    exitCode: 1,
    counts: [2, 1, 0],
    cases: [/two tests of this spec have the same name/],
  },
  {
    sentence: 'a definition that throws, or is asynchronous, fails',
    code: `spec('a', () => { throw new Error('broken'); }); spec('b', async (it) => { it('x', () => assert.ok(1)); });`,
    exitCode: 1,
    counts: [1, 3, 0],
    cases: [/^failed a: \(definition\): Error: broken/, /^failed b: \(definition\): it is asynchronous/],
  },
  {
    sentence: 'a file that throws after its specs fails although their tests pass',
    code: `spec('s', (it) => { it('passes', () => assert.ok(1)); }); throw new Error('at the end');`,
    exitCode: 1,
    counts: [1, 1, 0],
    cases: [/^failed this file: \(.*\): Error: at the end/],
  },
];

const ENDINGS: readonly Scenario[] = [
  {
    sentence: 'a test that ends the process with 0 fails the file by name',
    code: `spec('s', (it) => { it('leaves', () => { process.exit(0); }); it('next', () => assert.ok(1)); });`,
    exitCode: 1,
    counts: [0, 1, 0],
    cases: [/\(ended early\): the process ended during "s: leaves"/],
  },
  {
    sentence: 'an error out of a timer fails the running test and the next one runs',
    code: `spec('s', (it) => {
      it('stray', () => new Promise(() => { setTimeout(() => { throw new Error('out of nowhere'); }, 5); }));
      it('next', () => assert.ok(1)); });`,
    exitCode: 1,
    counts: [1, 1, 0],
    cases: [/^failed s: stray: Error: out of nowhere/, /^passed s: next/],
  },
  {
    sentence: 'a rejection that nobody waits for fails the running test',
    code: `spec('s', (it) => { it('stray', async () => { assert.ok(1); void Promise.reject(new Error('dropped'));
      await new Promise((resolve) => setTimeout(resolve, 20)); }); });`,
    exitCode: 1,
    counts: [0, 1, 0],
    cases: [/^failed s: stray: Error: dropped/],
  },
  {
    sentence: 'an error after the last test fails the file',
    code: `spec('s', (it) => { it('passes', () => { assert.ok(1);
      setTimeout(() => { throw new Error('too late'); }, 100); }); });`,
    exitCode: 1,
    counts: [1, 1, 0],
    cases: [/\(error outside of any test\): Error: too late/],
  },
  {
    sentence: 'a clean-up that never ends is given up',
    slowness: '0.1',
    code: `spec('s', (it) => { it('hangs', (t) => { t.defer(() => new Promise(() => {})); assert.ok(1); });
      it('next', () => assert.ok(1)); });`,
    exitCode: 1,
    counts: [1, 1, 0],
    cases: [/^failed s: hangs: a clean-up failed: Error: not finished within/],
  },
];

const GOOD: readonly Scenario[] = [
  {
    sentence: 'passing tests end with 0',
    code: `await 0; spec('a', (it) => { it('x', () => assert.ok(1)); }); await new Promise((r) => setTimeout(r, 20));
      spec('b', (it) => { it('y', async () => assert.is(1, 1)); });`,
    exitCode: 0,
    counts: [2, 0, 0],
    output: /2 passed, 0 failed, 0 skipped/,
  },
  {
    sentence: 'a skipped test is counted as skipped with its reason, also from a before',
    code: `spec('s', (it) => { it('x', (t) => t.skip('needs root')); it('y', () => assert.ok(1)); });
      spec('r', (it, before) => { before((t) => t.skip('no rqlited')); it('z', () => assert.ok(0)); });`,
    exitCode: 0,
    counts: [1, 0, 2],
    cases: [/^skipped s: x: needs root/, /^skipped r: z: no rqlited/],
    output: /skipped: s: x: needs root/,
  },
  {
    sentence: 'clean-ups run in reverse order, those of a before after the last test',
    code: `const order = []; process.on('exit', () => console.log('order', order.join(' ')));
      spec('s', (it, before) => { before((t) => { t.defer(() => order.push('frame')); });
      it('x', (t) => { t.defer(() => order.push('first')); t.defer(() => order.push('second')); assert.ok(1); });
      it('y', () => { order.push('y'); assert.ok(1); }); });`,
    exitCode: 0,
    counts: [2, 0, 0],
    output: /order second first y frame/,
  },
  {
    sentence: 'the deadline aborts the signal and the clean-ups run all the same',
    code: `spec('s', (it) => { it('x', { deadlineMs: 30 }, async (t) => {
      t.signal.addEventListener('abort', () => console.log(t.signal.reason.message));
      t.defer(() => console.log('cleaned')); await new Promise(() => {}); }); });`,
    exitCode: 1,
    counts: [0, 1, 0],
    output: /not finished within its deadline of 30 ms\ncleaned/,
  },
  {
    sentence: 'the seed is taken from the environment, printed on failure and gives the same numbers',
    code: `spec('s', (it) => { it('draws', (t) => { console.log('drew', t.rng.integer(0, 4294967295)); assert.is(t.seed, 'no'); }); });`,
    exitCode: 1,
    counts: [0, 1, 0],
    output: new RegExp(`drew ${String(KNOWN_NUMBER)}\\n[^]*WARDLINE_SEED=a-known-seed`),
  },
];

function defineAll(scenarios: readonly Scenario[], it: Define): void {
  for (const scenario of scenarios) {
    it(scenario.sentence, { deadlineMs: 20_000 }, async (t) => {
      assertEnd(await runTestFile(t, scenario), scenario);
    });
  }
}

spec('the traps of raw uvu', (it) => {
  defineAll(RAW_UVU_TRAPS, it);
});
spec('tests that test nothing', (it) => {
  defineAll(EMPTINESS, it);
});
spec('endings', (it) => {
  defineAll(ENDINGS, it);

  it('SIGTERM runs the clean-ups of the running test and fails the rest', async (t) => {
    const code = `spec('s', (it) => { it('waits', async (t) => { t.defer(() => console.log('cleaned'));
      console.log('ready'); setInterval(() => {}, 1000).unref(); await new Promise(() => {}); });
      it('next', () => assert.ok(1)); });`;
    let isStopped = false;
    const end = await runTestFile(t, { code }, (pid, text) => {
      if (isStopped || !text.includes('ready')) return;
      isStopped = true;
      process.kill(pid, 'SIGTERM');
    });
    assertEnd(end, {
      exitCode: 1,
      counts: [0, 2, 0],
      cases: [/waits: Error: stopped by SIGTERM/],
      output: /cleaned/,
    });
  });
});
spec('good files', (it) => {
  defineAll(GOOD, it);
});
