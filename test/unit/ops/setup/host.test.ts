import { assert, spec } from '../../../support/spec.js';
import {
  findHostProblem,
  findRoomProblem,
  FIRST_INSTALL_BYTES,
  MEMORY_BYTES,
  parseAvailableMemory,
  parseCapabilities,
  readRoom,
  WARM_START_BYTES,
} from '../../../../ops/setup/host.mjs';

const GOOD = {
  platform: 'linux',
  hasApt: true,
  nodeVersion: '20.11.0',
  uid: 0,
  capabilities: (1n << 41n) - 1n,
};
const START = { name: 'start', startsBox: true };
const WITHOUT_SYS_ADMIN = GOOD.capabilities & ~(1n << 21n);

function problemWith(facts: Partial<typeof GOOD>, command = START): string {
  return findHostProblem({ ...GOOD, ...facts }, command) ?? 'no problem';
}

spec('the machine', (it) => {
  it('is accepted when it is Debian, has Node 20.11 and we are root', () => {
    assert.is(problemWith({}), 'no problem');
  });

  it('is refused without apt-get and when it is not Linux', () => {
    assert.match(problemWith({ hasApt: false }), /no apt-get: use a Debian 12 machine/);
    assert.match(problemWith({ platform: 'darwin' }), /use a Debian 12 machine/);
  });

  it('is refused with a Node that is too old, whose version the sentence names', () => {
    for (const nodeVersion of ['18.20.4', '20.10.9', '9.99.0']) {
      assert.match(problemWith({ nodeVersion }), new RegExp(`this is Node ${nodeVersion}: install`));
    }
    for (const nodeVersion of ['20.11.0', '20.20.2', '22.0.0', '100.1.0']) {
      assert.is(problemWith({ nodeVersion }), 'no problem');
    }
  });

  it('is refused to people who are not root', () => {
    assert.match(problemWith({ uid: 1000 }), /as root/);
  });

  it('is refused to a root who may not make namespaces, except for the tests and for a running box', () => {
    const capabilities = WITHOUT_SYS_ADMIN;
    assert.match(problemWith({ capabilities }), /--privileged/);
    assert.is(problemWith({ capabilities }, { name: 'test', startsBox: true }), 'no problem');
    assert.is(problemWith({ capabilities }, { name: 'lab', startsBox: false }), 'no problem');
  });

  it('tells its capabilities as the kernel writes them', () => {
    assert.is(parseCapabilities('CapPrm:\t0\nCapEff:\t000001ffffdfffff\nCapBnd:\tff\n'), WITHOUT_SYS_ADMIN);
    assert.is(parseCapabilities('nothing of the kind'), 0n);
  });
});

spec('the room on the machine', (it) => {
  const room = {
    freeBytes: FIRST_INSTALL_BYTES,
    freeAt: '/srv',
    memoryBytes: MEMORY_BYTES,
    isFirstInstall: true,
  };

  it('is enough at exactly the limits', () => {
    assert.is(findRoomProblem(room), undefined);
    assert.is(findRoomProblem({ ...room, freeBytes: WARM_START_BYTES, isFirstInstall: false }), undefined);
  });

  it('is too little for a first installation where a warm start would do', () => {
    const freeBytes = FIRST_INSTALL_BYTES - 1;
    assert.match(
      findRoomProblem({ ...room, freeBytes }) ?? '',
      /disk of \/srv has 1999 MB left and a first installation/,
    );
    assert.is(findRoomProblem({ ...room, freeBytes, isFirstInstall: false }), undefined);
  });

  it('is too little for a start below 300 MB of disk, and below 1000 MB of memory', () => {
    const warm = { ...room, isFirstInstall: false };
    assert.match(findRoomProblem({ ...warm, freeBytes: WARM_START_BYTES - 1 }) ?? '', /a start needs 300 MB/);
    assert.match(findRoomProblem({ ...warm, memoryBytes: MEMORY_BYTES - 1 }) ?? '', /999 MB of memory left/);
  });

  it('is measured on the disk with the least of it', () => {
    const [proc, root] = [readRoom(['/', '/proc']), readRoom(['/'])];
    assert.is(proc.freeAt, '/proc');
    assert.is(proc.freeBytes, 0);
    assert.ok(root.freeBytes > 0 && root.memoryBytes > 0);
  });

  it('counts memory that can be had, and does not refuse when the kernel does not say', () => {
    assert.is(parseAvailableMemory('MemTotal: 9 kB\nMemAvailable:    1024 kB\n'), 1024 * 1024);
    assert.is(parseAvailableMemory(''), Infinity);
  });
});
