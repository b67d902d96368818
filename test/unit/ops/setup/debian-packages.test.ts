import { assert, assertRejects, spec } from '../../../support/spec.js';
import {
  explainAptFailure,
  findMissingPackages,
  installDebianPackages,
  missingPackages,
  wantedPackages,
} from '../../../../ops/setup/debian-packages.mjs';
import { createFakeRun } from './fake-run.js';

const LOG = 'artefacts/setup/debian.log';
const NO_POLICY = {
  hasSystemd: false,
  readPolicy: () => undefined,
  writePolicy: () => undefined,
  removePolicy: () => undefined,
};

function explain(output: string): string {
  return explainAptFailure(output, ['sox', 'socat'], LOG);
}

spec('Debian packages', (it) => {
  it('are missing unless dpkg calls them installed', () => {
    const listing = 'sox installed\nsocat config-files\nredis-server half-configured\n';
    assert.equal(missingPackages(listing, ['sox', 'socat', 'redis-server', 'keepalived']), [
      'socat',
      'redis-server',
      'keepalived',
    ]);
  });

  it('are looked up in one call, whose exit status does not matter', async () => {
    const { run, commands } = createFakeRun(() => ({ code: 1, output: 'sox installed\n' }));
    assert.equal(await findMissingPackages(run, ['sox', 'socat']), ['socat']);
    assert.is(commands.length, 1);
  });

  it('for tests only are not asked for by a start', () => {
    assert.not.ok(wantedPackages({ isTest: false }).includes('sip-tester'));
    assert.ok(wantedPackages({ isTest: true }).includes('sip-tester'));
  });

  it('are installed without recommendations and without removing anything', async () => {
    const { run, commands } = createFakeRun();
    await installDebianPackages({ run, missing: ['sox', 'socat'], logPath: LOG, services: NO_POLICY });
    assert.is(commands.length, 2);
    assert.match(commands[0] ?? '', /^apt-get .* update$/);
    assert.match(commands[1] ?? '', /--no-install-recommends --no-remove .* install sox socat$/);
  });

  it('are not left in pieces by a Ctrl-C, which only the download of lists obeys at once', async () => {
    const { run, commands, uncut } = createFakeRun();
    await installDebianPackages({ run, missing: ['redis-server'], logPath: LOG, services: NO_POLICY });
    assert.equal(uncut, commands.slice(1));
    assert.match(commands[0] ?? '', / update$/);
  });

  it('are installed from the lists that are there when no new ones can be had', async () => {
    const { run, commands } = createFakeRun((command) => ({ code: command.endsWith(' update') ? 100 : 0 }));
    await installDebianPackages({ run, missing: ['sox'], logPath: LOG, services: NO_POLICY });
    assert.match(commands[1] ?? '', / install sox$/);
  });

  it('that cannot be installed end in a sentence that the output of both calls decides', async () => {
    const { run } = createFakeRun((command) =>
      command.endsWith(' update')
        ? { output: "W: Failed to fetch x  Temporary failure resolving 'x'" }
        : { code: 100, output: 'E: Unable to locate package sox' },
    );
    const installing = installDebianPackages({ run, missing: ['sox'], logPath: LOG, services: NO_POLICY });
    await assertRejects(installing, /Debian packages are missing \(sox\)/);
  });
});

spec('a failure of apt', (it) => {
  const cases: readonly (readonly [name: string, output: string, sentence: RegExp])[] = [
    [
      'an unreachable source',
      'E: Failed to fetch x  Could not connect to x:80',
      /\(sox and socat\) .* offline mirror/,
    ],
    [
      'a package that no source has',
      'E: Unable to locate package socat',
      /do not have socat: add the "main" section/,
    ],
    ['a full disk', 'dpkg: error: No space left on device\nE: Failed to fetch x', /The disk filled up/],
    ['another installation', 'E: Could not get lock /var/lib/dpkg/lock-frontend', /wait until it has ended/],
    [
      'an installation that was cut short',
      'E: dpkg was interrupted, you must manually run',
      /dpkg --configure -a/,
    ],
    ['a conflict', 'E: Packages need to be removed but remove is disabled.', /would remove other packages/],
    ['anything else', 'E: Sub-process returned an error code', /could not install sox and socat: put right/],
  ];
  for (const [name, output, sentence] of cases) {
    it(`from ${name} is one sentence that says what to do and where the log is`, () => {
      const told = explain(output);
      assert.match(told, sentence);
      assert.ok(told.endsWith(`(log: ${LOG}).`));
      assert.not.match(told, /\n/);
    });
  }
});
