import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { assert, spec, type TestContext } from '../../../support/spec.js';
import {
  fingerprint,
  orphans,
  outputOf,
  planBuild,
  runBuild,
  tidyOutput,
} from '../../../../ops/setup/build.mjs';
import { createFakeRun, type FakeRun } from './fake-run.js';

async function write(folder: string, path: string, text = ''): Promise<void> {
  await mkdir(dirname(join(folder, path)), { recursive: true });
  await writeFile(join(folder, path), text);
}

async function makeRepository(t: Pick<TestContext, 'defer'>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'build-'));
  t.defer(() => rm(folder, { recursive: true }));
  await write(folder, 'tsconfig.json', '{ "include": ["ops", "appliance"] }');
  await write(folder, 'package-lock.json', '{}');
  await write(folder, 'ops/a.ts', 'export {};');
  return folder;
}

async function build(folder: string, fake: FakeRun = createFakeRun()): Promise<string> {
  let shown = '';
  const show = (text: string): void => {
    shown += text;
  };
  try {
    await runBuild({ run: fake.run, folder, plan: planBuild(folder), logPath: 'log', show });
    return 'built';
  } catch (error) {
    return `${shown} ${String(error)}`;
  }
}

spec('a build', (it) => {
  it('is due at first, and not again until something changes', async (t) => {
    const folder = await makeRepository(t);
    await mkdir(join(folder, 'dist'));
    assert.ok(planBuild(folder).isDue);
    assert.is(await build(folder), 'built');
    assert.not.ok(planBuild(folder).isDue);
    for (const path of [
      'ops/a.ts',
      'appliance/new.ts',
      'ops/setup/b.mjs',
      'tsconfig.json',
      'package-lock.json',
    ]) {
      await write(
        folder,
        path,
        path === 'tsconfig.json' ? '{ "include": ["ops",  "appliance"] }' : 'changed;',
      );
      assert.ok(planBuild(folder).isDue, path);
      assert.is(await build(folder), 'built');
    }
    await rm(join(folder, 'appliance/new.ts'));
    assert.ok(planBuild(folder).isDue, 'a deleted source');
  });

  it('is not due because of a file that is no source', async (t) => {
    const folder = await makeRepository(t);
    await mkdir(join(folder, 'dist'));
    await build(folder);
    await write(folder, 'ops/notes.md', 'x');
    assert.not.ok(planBuild(folder).isDue);
  });

  it('that fails shows what the compiler said and stays due', async (t) => {
    const folder = await makeRepository(t);
    await mkdir(join(folder, 'dist'));
    await build(folder);
    await write(folder, 'ops/a.ts', 'export {');
    const compiler = createFakeRun(() => ({ code: 2, output: 'ops/a.ts(1,9): error' }));
    assert.match(await build(folder, compiler), /^ops\/a\.ts\(1,9\): error .*do not compile/);
    assert.ok(planBuild(folder).isDue);
  });
});

spec('a change that is taken back after a build failed', (it) => {
  it('leaves the build due: what is in dist is of neither', async (t) => {
    const folder = await makeRepository(t);
    const source = join(folder, 'ops/a.ts');
    await mkdir(join(folder, 'dist'));
    const { atime, mtime } = await stat(source);
    await utimes(source, atime, mtime);
    await build(folder);
    await writeFile(source, 'export {');
    await build(
      folder,
      createFakeRun(() => ({ code: 2 })),
    );
    await writeFile(source, 'export {};');
    await utimes(source, atime, mtime);
    assert.ok(planBuild(folder).isDue);
  });
});

spec('the output of earlier builds', (it) => {
  it('is removed where the source is gone, and kept where it is not', () => {
    const outputs = [
      'ops/a.js',
      'ops/a.js.map',
      'ops/gone.js',
      'ops/gone.js.map',
      'ops/s.mjs',
      '.tsbuildinfo',
    ];
    assert.equal(orphans(outputs, ['ops/a.ts', 'ops/s.mjs', 'ops/types.d.ts']), [
      'ops/gone.js',
      'ops/gone.js.map',
    ]);
  });

  it('is named after its source', () => {
    assert.is(outputOf('ops/a.test.ts'), 'ops/a.test.js');
    assert.is(outputOf('ops/a.mts'), 'ops/a.mjs');
    assert.is(outputOf('ops/a.mjs'), 'ops/a.mjs');
    assert.is(outputOf('ops/a.d.ts'), undefined);
    assert.is(outputOf('ops/a.d.mts'), undefined);
  });

  it('is written anew as a whole when a part of it was deleted', async (t) => {
    const folder = await makeRepository(t);
    await write(folder, 'dist/.tsbuildinfo');
    await write(folder, 'dist/ops/a.js');
    tidyOutput(folder, ['ops/a.ts']);
    assert.ok(existsSync(join(folder, 'dist/.tsbuildinfo')));
    await rm(join(folder, 'dist/ops/a.js'));
    tidyOutput(folder, ['ops/a.ts']);
    assert.not.ok(existsSync(join(folder, 'dist/.tsbuildinfo')));
  });

  it('of a deleted test is gone before the compiler runs', async (t) => {
    const folder = await makeRepository(t);
    await write(folder, 'dist/test/unit/gone.test.js', 'x');
    await build(folder);
    assert.not.ok(existsSync(join(folder, 'dist/test/unit/gone.test.js')));
    assert.is((await readFile(join(folder, 'dist/.wardline-build'), 'utf8')).length, 64);
  });
});

spec('the fingerprint of the sources', (it) => {
  it('does not depend on the order in which the disk lists them, but on each size and time', () => {
    const [a, b] = [
      { path: 'a.ts', size: 1, mtimeMs: 5 },
      { path: 'b.ts', size: 2, mtimeMs: 6 },
    ];
    assert.is(fingerprint([a, b]), fingerprint([b, a]));
    assert.is.not(fingerprint([a, b]), fingerprint([a, { ...b, size: 3 }]));
    assert.is.not(fingerprint([a, b]), fingerprint([a, { ...b, mtimeMs: 7 }]));
  });
});
