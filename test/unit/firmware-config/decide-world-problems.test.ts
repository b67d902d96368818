import { decideWorldProblems } from '../../../firmware-config/check/decide-world-problems.js';
import type { HeldPort, WorldFacts } from '../../../firmware-config/check/world-facts.js';
import { exampleSite } from '../../../firmware-config/defaults/example-site.js';
import { parseNode } from '../../../firmware-config/parse-node.js';
import { parseSite } from '../../../firmware-config/parse-site.js';
import { describeProblem } from '../../../firmware-config/problems.js';
import { assert, spec } from '../../support/spec.js';

const site = parseSite(exampleSite());
const wide = parseSite(exampleSite('two-two-one'));
const node = (nodeId: string, more: object = {}): ReturnType<typeof parseNode> =>
  parseNode({ version: 1, nodeId, ...more });

const GIB = 1024 ** 3;
const BUILT_MS = Date.UTC(2026, 0, 1);

/** A machine on which node a may start at once. */
const FIT: WorldFacts = {
  interfaces: new Map([
    ['lo', ['127.0.0.1']],
    ['eth0', ['10.77.0.1']],
  ]),
  arpAnswers: [{ address: '10.77.0.2', mac: '02:00:00:00:00:02' }],
  heldPorts: [{ protocol: 'tcp', address: '*', port: 22, program: 'sshd', pid: 1, unit: 'ssh.service' }],
  dataFolder: { fileSystem: 'other', freeBytes: 100 * GIB },
  runFolder: { fileSystem: 'tmpfs', freeBytes: GIB },
  wallMs: BUILT_MS + 1,
  builtAtMs: BUILT_MS,
  memoryBytes: 8 * GIB,
  swapBytes: 0,
  openFilesMax: 1_048_576,
};

function problems(change: Partial<WorldFacts>, of = 'a', more: object = {}): string[] {
  return decideWorldProblems({ ...FIT, ...change }, site, node(of, more)).map(describeProblem);
}

const held = (change: Partial<HeldPort>): Partial<WorldFacts> => ({
  heldPorts: [{ protocol: 'tcp', address: '*', port: 6379, program: 'redis-server', pid: 7, ...change }],
});

interface Finding {
  readonly sentence: string;
  readonly facts: Partial<WorldFacts>;
  readonly said: RegExp;
}

const FINDINGS: readonly Finding[] = [
  {
    sentence: 'an interface that does not exist is named, with those that do',
    facts: { interfaces: new Map([['ens3', ['10.77.0.1']]]) },
    said: /^node\.interface: .*no interface "eth0"\. .*there are: ens3\.$/,
  },
  {
    sentence: 'an own address that is nowhere is named',
    facts: { interfaces: new Map([['eth0', []]]) },
    said: /^site\.nodes\[0\]\.address: 10\.77\.0\.1 is not on .*"eth0"\. Give the machine this address/,
  },
  {
    sentence: 'an own address on another interface is found there',
    facts: {
      interfaces: new Map([
        ['eth0', []],
        ['eth1', ['10.77.0.1']],
      ]),
    },
    said: /It is on "eth1"/,
  },
  {
    sentence: 'a stranger who answers for a service address is named by its network card',
    facts: { arpAnswers: [...FIT.arpAnswers, { address: '10.77.0.12', mac: '02:00:00:00:00:99' }] },
    said: /^site\.nodes\[1\]\.serviceAddress: 10\.77\.0\.12 is answered by .*02:00:00:00:00:99\./,
  },
  {
    sentence: 'not being able to ask who has an address is a problem of its own',
    facts: { arpAnswers: [], arpProblem: 'arping: not found' },
    said: /^machine\.network: .*arping: not found\. .*iputils-arping/,
  },
  {
    sentence: 'a port held by a packaged unit is freed by disabling that',
    facts: held({ unit: 'redis-server.service', address: '127.0.0.1' }),
    said: /^site\.ports\.redisOwn: TCP port 6379 is held by redis-server \(process 7\) on 127\.0\.0\.1\. Run "systemctl disable --now redis-server\.service"/,
  },
  {
    sentence: 'a port held by a program of somebody is freed by ending that',
    facts: held({ port: 8443, program: 'nginx' }),
    said: /^site\.ports\.panel: .*nginx \(process 7\) on every address\. End that process/,
  },
  {
    sentence: 'a port held by an unknown process asks for root',
    facts: { heldPorts: [{ protocol: 'udp', address: '*', port: 5060, program: '' }] },
    said: /^site\.ports\.sip: UDP port 5060 is held by a process that this user may not see .*as root/,
  },
  {
    sentence: 'a port in the RTP range on a service address is in the way',
    facts: held({ protocol: 'udp', address: '10.77.0.12', port: 30_004, program: 'asterisk' }),
    said: /^site\.rtp: UDP port 30004 is held by asterisk/,
  },
  {
    sentence: 'a data folder that takes nothing is named with what the system says',
    facts: {
      dataFolder: { fileSystem: 'other', freeBytes: 0, writeProblem: 'EROFS: read-only file system' },
    },
    said: /^node\.paths\.data: nothing can be written to \/var\/lib\/wardline: EROFS/,
  },
  {
    sentence: 'a data folder that is nearly full is named with what is left',
    facts: { dataFolder: { fileSystem: 'other', freeBytes: GIB } },
    said: /^node\.paths\.data: .* has 1024 MiB left\. Free space until there are 2048 MiB/,
  },
  {
    sentence: 'a run folder on a disk would write keys to it',
    facts: { runFolder: { fileSystem: 'other', freeBytes: GIB } },
    said: /^node\.paths\.run: \/run\/wardline is on a disk/,
  },
  {
    sentence: 'swap would write keys to a disk',
    facts: { swapBytes: GIB },
    said: /^machine\.swap: .*swapoff -a/,
  },
  {
    sentence: 'a clock from before the build is wrong',
    facts: { wallMs: 0 },
    said: /^machine\.clock: shows 1970-01-01T.*before this program was built \(2026-01-01T/,
  },
  {
    sentence: "a clock behind the partner's is wrong",
    facts: { partnerClockOffsetMs: 2000.4 },
    said: /^machine\.clock: is 2000 ms behind the partner's\./,
  },
  {
    sentence: "a clock ahead of the partner's is wrong",
    facts: { partnerClockOffsetMs: -501 },
    said: /^machine\.clock: is 501 ms ahead of the partner's\./,
  },
  {
    sentence: 'too little memory is named with what is needed',
    facts: { memoryBytes: GIB },
    said: /^machine\.memory: is 1024 MiB\. Give the machine 2048 MiB or more\.$/,
  },
  {
    sentence: 'too few open files for the media relay are named',
    facts: { openFilesMax: 65_536 },
    said: /^machine\.openFiles: .*65536 files.*150000\. Set fs\.nr_open/,
  },
];

spec('the check of the world', (it) => {
  it('has nothing to say of a machine that is fit', () => {
    assert.equal(problems({}), []);
  });

  for (const { sentence, facts, said } of FINDINGS) {
    it(sentence, () => {
      const found = problems(facts);
      assert.is(found.length, 1, found.join('\n'));
      assert.match(found[0] ?? '', said);
    });
  }

  it('lets the partner answer for both service addresses', () => {
    const mac = '02:00:00:00:00:02';
    const addresses = ['10.77.0.2', '10.77.0.11', '10.77.0.12'];
    assert.equal(problems({ arpAnswers: addresses.map((address) => ({ address, mac })) }), []);
  });

  it('lets our own running processes keep their ports', () => {
    assert.equal(problems(held({ unit: 'wardline-redis-own.service' })), []);
  });

  it('does not mind a port on an address or of a protocol that we do not use', () => {
    assert.equal(problems(held({ address: '192.0.2.1' })), []);
    assert.equal(problems(held({ protocol: 'udp' })), []);
  });

  it('names a relay that holds a thousand ports once', () => {
    const heldPorts = Array.from({ length: 1000 }, (_, index) => ({
      protocol: 'udp' as const,
      address: '*',
      port: 30_000 + index,
      program: 'rtpengine',
      pid: 9,
    }));
    const found = problems({ heldPorts });
    assert.is(found.length, 1);
    assert.match(found[0] ?? '', /UDP port 30000 /);
  });

  it('says everything at once', () => {
    assert.is(problems({ swapBytes: 1, memoryBytes: 1, wallMs: 0 }).length, 3);
  });

  it('takes a small machine without calls for a witness', () => {
    const witness: WorldFacts = {
      ...FIT,
      interfaces: new Map([['eth0', ['10.79.0.1']]]),
      heldPorts: [{ protocol: 'tcp', address: '*', port: 6379, program: 'redis-server', pid: 7 }],
      memoryBytes: GIB,
      openFilesMax: 1024,
    };
    assert.equal(decideWorldProblems(witness, wide, node('w')), []);
  });
});
