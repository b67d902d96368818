/** The bench command as a process: exit codes, what it prints where, how it stops. */
import { spawn, type ChildProcess } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { assert, spec, type TestContext } from '../../support/spec.js';

const COMPILED = fileURLToPath(new URL('../../bench/', import.meta.url));

/** A copy of the compiled frame with benches of its own. @param programs `bench/x.bench.js` -> code */
function makeBenches(t: TestContext, programs: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'wardline-bench-'));
  t.defer(() => {
    rmSync(folder, { recursive: true });
  });
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  for (const name of ['bench', 'soak']) mkdirSync(join(folder, name));
  for (const file of readdirSync(COMPILED).filter((name) => /^[\w-]+\.js$/.test(name))) {
    copyFileSync(join(COMPILED, file), join(folder, 'bench', file));
  }
  for (const [path, code] of Object.entries(programs)) writeFileSync(join(folder, path), code);
  return join(folder, 'bench/bench-main.js');
}

interface CommandEnd {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function runCommand(
  t: TestContext,
  main: string,
  args: readonly string[],
  onStart?: (child: ChildProcess, text: string) => void,
): Promise<CommandEnd> {
  const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  t.defer(() => child.kill('SIGKILL'));
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
    onStart?.(child, stdout);
  });
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  return new Promise((resolve) => {
    child.once('close', (exitCode) => {
      resolve({ exitCode, stdout, stderr });
    });
  });
}

const METRICS = "export const metrics = { startMs: { unit: 'ms', help: 'to ready' } };";
const GOOD = `export const name = 'good'; ${METRICS}
  export async function run({ trials, add, say }) {
    say('begins'); for (let n = 1; n <= trials; n += 1) add('startMs', n); setInterval(() => {}, 1000); }`;

spec('the bench command', { deadlineMs: 30_000 }, (it, before) => {
  before((t) => {
    if (!existsSync(join(COMPILED, 'frame.js'))) t.skip('runs from the compiled tree only');
  });

  it('ends with one JSON object on the last line, and ends although something is left open', async (t) => {
    const main = makeBenches(t, { 'bench/good.bench.js': GOOD });
    const end = await runCommand(t, main, ['good', '--trials', '2', '--quick', '--json']);
    assert.is(end.exitCode, 0, end.stderr);
    const lastLine = end.stdout.trimEnd().split('\n').at(-1) ?? '';
    assert.equal(JSON.parse(lastLine), {
      name: 'good',
      quick: true,
      figures: { startMs: { unit: 'ms', n: 2, min: 1, median: 1, p95: 2, p99: 2, max: 2 } },
    });
    assert.match(end.stderr, /quick: 2 trials[^]*begins/);
  });

  it('prints a table without --json', async (t) => {
    const end = await runCommand(t, makeBenches(t, { 'bench/good.bench.js': GOOD }), ['good']);
    assert.match(end.stdout, /startMs +20 +1 +10 +19 +20 +20 +ms/);
  });

  it('ends with 1 when a metric has no sample or the bench throws', async (t) => {
    const main = makeBenches(t, {
      'bench/empty.bench.js': `export const name = 'empty'; ${METRICS} export async function run() {}`,
      'soak/bad.soak.js': `export const name = 'bad'; ${METRICS}
        export async function run({ add }) { add('startMs', 1); throw new Error('bar broken'); }`,
    });
    const empty = await runCommand(t, main, ['empty', '--json']);
    assert.is(empty.exitCode, 1);
    assert.match(empty.stderr, 'bench empty: no sample for the declared metric "startMs"');
    const bad = await runCommand(t, main, ['--soak', 'bad']);
    assert.is(bad.exitCode, 1);
    assert.match(bad.stderr, 'bar broken');
  });

  it('lists what there is for an unknown name, and ends with 2', async (t) => {
    const end = await runCommand(t, makeBenches(t, { 'bench/good.bench.js': GOOD }), ['lab']);
    assert.is(end.exitCode, 2);
    assert.match(end.stderr, /there is no bench "lab"; there are: good/);
  });

  it('refuses a module that is no bench, or has another name than its file', async (t) => {
    const main = makeBenches(t, { 'bench/good.bench.js': METRICS, 'bench/other.bench.js': GOOD });
    assert.match((await runCommand(t, main, ['good'])).stderr, 'does not export name, metrics and run');
    assert.match((await runCommand(t, main, ['other'])).stderr, 'has the name "good"');
  });

  it('lets the bench clean up on Ctrl-C and ends with 130', async (t) => {
    const main = makeBenches(t, {
      'bench/long.bench.js': `export const name = 'long'; ${METRICS}
        export function run({ signal, say, add }) { add('startMs', 1); say('ready');
          const timer = setInterval(() => {}, 1000);
          return new Promise((resolve) => signal.addEventListener('abort', () => {
            clearInterval(timer); say('cleaned up'); resolve(); })); }`,
    });
    let isStopped = false;
    const end = await runCommand(t, main, ['long'], (child, text) => {
      if (isStopped || !text.includes('ready')) return;
      isStopped = true;
      child.kill('SIGINT');
    });
    assert.is(end.exitCode, 130);
    assert.match(end.stdout, 'cleaned up');
  });
});
