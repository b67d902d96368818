import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { assert, assertRejects, spec, type TestContext } from '../../../support/spec.js';
import {
  explainNpmFailure,
  findMissingNpmPackages,
  installNpmPackages,
  isInstalled,
} from '../../../../ops/setup/npm-packages.mjs';
import { createFakeRun } from './fake-run.js';

const LOCK = {
  packages: {
    '': { dependencies: { fastify: '5.0.0' }, devDependencies: { typescript: '5.9.3' } },
    'node_modules/fastify': { version: '5.0.0' },
    'node_modules/typescript': { version: '5.9.3' },
    'node_modules/fsevents': { version: '2.0.0', optional: true },
  },
};
const { fastify, typescript } = {
  fastify: { 'node_modules/fastify': { version: '5.0.0' } },
  typescript: { 'node_modules/typescript': { version: '5.9.3' } },
};

async function write(folder: string, path: string, content: unknown): Promise<void> {
  await mkdir(dirname(join(folder, path)), { recursive: true });
  await writeFile(join(folder, path), JSON.stringify(content));
}

/** A repository with a lockfile and the two packages, as `npm ci` leaves it. */
async function makeRepository(t: Pick<TestContext, 'defer'>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'setup-'));
  t.defer(() => rm(folder, { recursive: true }));
  await write(folder, 'package-lock.json', LOCK);
  await write(folder, 'node_modules/fastify/package.json', {});
  await write(folder, 'node_modules/typescript/package.json', {});
  return folder;
}

spec('npm packages', (it) => {
  it('are installed when npm recorded what the lockfile says, without those of other platforms', () => {
    assert.ok(isInstalled(LOCK, { packages: { ...fastify, ...typescript } }));
  });

  it('are not when one is missing, of another version, or no longer asked for', () => {
    assert.not.ok(isInstalled(LOCK, { packages: fastify }));
    assert.not.ok(
      isInstalled(LOCK, { packages: { ...fastify, 'node_modules/typescript': { version: '5.9.2' } } }),
    );
    assert.not.ok(
      isInstalled(LOCK, {
        packages: { ...fastify, ...typescript, 'node_modules/old': { version: '1.0.0' } },
      }),
    );
  });

  it('are missing by name when their folders are', async (t) => {
    const folder = await makeRepository(t);
    await rm(join(folder, 'node_modules/typescript'), { recursive: true });
    assert.equal(findMissingNpmPackages(folder), ['typescript']);
  });

  it('that somebody installed by hand from the same lockfile are not installed again', async (t) => {
    const folder = await makeRepository(t);
    assert.equal(findMissingNpmPackages(folder), ['fastify', 'typescript']);
    await write(folder, 'node_modules/.package-lock.json', { packages: { ...fastify, ...typescript } });
    assert.equal(findMissingNpmPackages(folder), []);
  });

  it('are installed again when the lockfile has changed since', async (t) => {
    const folder = await makeRepository(t);
    await installNpmPackages({ run: createFakeRun().run, folder, missing: ['fastify'], logPath: 'log' });
    assert.equal(findMissingNpmPackages(folder), []);
    await write(folder, 'package-lock.json', { ...LOCK, version: 2 });
    assert.equal(findMissingNpmPackages(folder), ['fastify', 'typescript']);
  });

  it('of an installation that failed do not count as installed', async (t) => {
    const folder = await makeRepository(t);
    await installNpmPackages({ run: createFakeRun().run, folder, missing: [], logPath: 'log' });
    const { run } = createFakeRun(() => ({ code: 1, output: 'npm error code ENOTFOUND' }));
    const failing = installNpmPackages({ run, folder, missing: ['fastify'], logPath: 'log' });
    await assertRejects(failing, /missing \(fastify\) and their source cannot be reached/);
    assert.equal(findMissingNpmPackages(folder), ['fastify', 'typescript']);
  });

  it('of this repository are all there and match its lockfile', async () => {
    const [lock, record] = await Promise.all(
      ['package-lock.json', 'node_modules/.package-lock.json'].map((path) => readFile(path, 'utf8')),
    );
    assert.ok(isInstalled(JSON.parse(lock ?? '') as typeof LOCK, JSON.parse(record ?? '') as typeof LOCK));
  });
});

spec('a failure of npm', (it) => {
  const cases: readonly (readonly [name: string, output: string, sentence: RegExp])[] = [
    ['a closed port', 'npm error code ECONNREFUSED', /are missing \(fastify\) .* offline mirror/],
    ['no name service', 'npm error errno EAI_AGAIN', /cannot be reached/],
    [
      'a certificate that is not trusted',
      'npm error code SELF_SIGNED_CERT_IN_CHAIN',
      /npm config set cafile/,
    ],
    ['a full disk', 'npm error code ENOSPC', /The disk filled up/],
    ['a lockfile that does not fit', 'npm error code EUSAGE', /do not fit together: run "npm install"/],
    [
      'a package that was changed',
      'npm error code EINTEGRITY',
      /is not the one that package-lock.json names/,
    ],
    ['anything else', 'npm error code ELIFECYCLE', /could not install fastify: put right/],
  ];
  for (const [name, output, sentence] of cases) {
    it(`from ${name} is one sentence that says what to do and where the log is`, () => {
      const told = explainNpmFailure(output, ['fastify'], 'npm.log');
      assert.match(told, sentence);
      assert.ok(told.endsWith('(log: npm.log).'));
    });
  }
});
