import { OperatingError } from '../../../cluster/base/errors.js';
import { exampleRouting } from '../../../firmware-config/defaults/example-routing.js';
import { exampleSite } from '../../../firmware-config/defaults/example-site.js';
import { exampleTelephony } from '../../../firmware-config/defaults/example-telephony.js';
import { parseRouting } from '../../../firmware-config/parse-routing.js';
import { parseSite } from '../../../firmware-config/parse-site.js';
import { parseTelephony } from '../../../firmware-config/parse-telephony.js';
import type { Problem } from '../../../firmware-config/problems.js';
import { assert, spec } from '../../support/spec.js';

type Json = Record<string, unknown>;
type Lists = Json &
  Record<'seats' | 'callTakers' | 'queues' | 'trunks' | 'dispositions' | 'notReadyReasons', Json[]>;

const site = parseSite(exampleSite());
const routing = parseRouting(exampleRouting);
const example = exampleTelephony() as Lists;

function changed(change: (telephony: Lists) => void): unknown {
  const telephony = structuredClone(example);
  change(telephony);
  return telephony;
}

function problemsOf(input: unknown, of = routing): readonly Problem[] {
  try {
    parseTelephony(input, { routing: of, site });
  } catch (error) {
    if (error instanceof OperatingError) return error.details['problems'] as readonly Problem[];
    throw error;
  }
  return [];
}

type Refusal = readonly [sentence: string, path: string, change: (all: Lists) => void];

const WITH_SCHEMA: readonly Refusal[] = [
  ['an unknown key', 'trnuks', (all) => (all['trnuks'] = [])],
  ['an unknown key of a seat', 'seats[0].exten', (all) => (all.seats[0]!['exten'] = '8001')],
  ['no seat', 'seats', (all) => (all['seats'] = [])],
  ['no trunk', 'trunks', (all) => (all['trunks'] = [])],
  ['no outside line for emergencies', 'emergencyOutside', (all) => delete all['emergencyOutside']],
  ['a password in place of its hash', 'seats[0].ha1', (all) => (all.seats[0]!['ha1'] = 'demo-8001')],
  ['a hash that is cut', 'seats[1].ha1.sha256', (all) => (all.seats[1]!['ha1'] = { sha256: 'ab' })],
  ['a PIN in place of its hash', 'callTakers[0].pinHash', (all) => (all.callTakers[0]!['pinHash'] = '4001')],
  ['a call-taker whom no phone can dial', 'callTakers[0].id', (all) => (all.callTakers[0]!['id'] = 'wang')],
  ['media that no phone speaks', 'seats[0].media', (all) => (all.seats[0]!['media'] = 'dtls')],
  ['a code without a star', 'featureCodes.login', (all) => (all['featureCodes'] = { login: '11' })],
  ['a source of the whole world', 'trunks[0].allowedSources[0]', allowEverybody],
  ['a caller ID in another spelling', 'trunks[0].callerId', (all) => (all.trunks[0]!['callerId'] = '010-65')],
  ['a language that nobody recorded', 'prompts.languageOrder[0]', speakFrench],
];

function allowEverybody(all: Lists): void {
  all.trunks[0]!['allowedSources'] = ['0.0.0.0/0'];
}

function speakFrench(all: Lists): void {
  all['prompts'] = { languageOrder: ['fr'] };
}

function withoutMd5(all: Lists): void {
  all.seats[1]!['ha1'] = { sha256: '0'.repeat(64) };
}

const BETWEEN_FIELDS: readonly Refusal[] = [
  ['a seat without a hash for what is offered', 'seats[1].ha1', withoutMd5],
  ['an extension twice', 'seats[1].extension', (all) => (all.seats[1]!['extension'] = '8001')],
  ['a user twice', 'seats[1].user', (all) => (all.seats[1]!['user'] = '8001')],
  ['a seat twice', 'seats[2].id', (all) => (all.seats[2]!['id'] = 'seat-8001')],
  ['a call-taker twice', 'callTakers[1].id', (all) => (all.callTakers[1]!['id'] = '1001')],
  ['a trunk twice', 'trunks[1].id', (all) => (all.trunks[1]!['id'] = 'main')],
  ['a queue twice', 'queues[1].departmentId', (all) => (all.queues[1]!['departmentId'] = 'emergency')],
  ['a reason twice', 'notReadyReasons[1].code', (all) => (all.notReadyReasons[1]!['code'] = '1')],
  ['a disposition twice', 'dispositions[2].code', (all) => (all.dispositions[2]!['code'] = '1')],
  ['one code for two things', 'featureCodes.logout', (all) => (all['featureCodes'] = { logout: '*11' })],
  [
    'a department that the routing does not know',
    'seats[0].departments[1]',
    (all) => (all.seats[0]!['departments'] = ['emergency', 'ghost']),
  ],
  [
    'a call-taker of such a department',
    'callTakers[2].departments[0]',
    (all) => (all.callTakers[2]!['departments'] = ['ghost']),
  ],
  ['a queue of one', 'queues[0].departmentId', (all) => (all.queues[0]!['departmentId'] = 'ghost')],
  ['an overflow to one', 'queues[0].overflowTo', (all) => (all.queues[0]!['overflowTo'] = 'ghost')],
  [
    'overflows that lead in a circle',
    'queues[2].overflowTo',
    (all) => (all.queues[1]!['overflowTo'] = 'appointments'),
  ],
  [
    'a queue that overflows to itself',
    'queues[1].overflowTo',
    (all) => (all.queues[1]!['overflowTo'] = 'reception'),
  ],
  [
    'a backup for a trunk that is not there',
    'trunks[1].backupFor',
    (all) => (all.trunks[1]!['backupFor'] = 'ghost'),
  ],
  ['backups that lead in a circle', 'trunks[0].backupFor', (all) => (all.trunks[0]!['backupFor'] = 'backup')],
  [
    'an outside line over no trunk',
    'emergencyOutside.trunkIds[0]',
    (all) => (all['emergencyOutside'] = { trunkIds: ['ghost'], number: '120' }),
  ],
  [
    'a routing that names a trunk which is not there',
    'routing.outbound[0].trunkIds[1]',
    (all) => (all.trunks[1]!['id'] = 'spare'),
  ],
  ['a node that is not of the site', 'seats[3].dispatchNode', (all) => (all.seats[3]!['dispatchNode'] = 'z')],
  [
    'nobody who takes emergencies',
    'seats',
    (all) => {
      for (const seat of all.seats) seat['takesEmergencies'] = false;
    },
  ],
  [
    'a phone with the number of emergencies',
    'seats[4].extension',
    (all) => (all.seats[4]!['extension'] = '120'),
  ],
  [
    'a phone whose number is no short one',
    'seats[4].extension',
    (all) => (all.seats[4]!['extension'] = '800512'),
  ],
  ['a trunk that registers as nobody', 'trunks[0].user', (all) => (all.trunks[0]!['kind'] = 'registering')],
  [
    'an outside line before all seats ring',
    'dispatch.emergencyOutsideAfterMs',
    (all) => (all['dispatch'] = { emergencyRingAllAfterMs: 10_000, emergencyOutsideAfterMs: 5000 }),
  ],
  [
    'a lock that shrinks',
    'pinRules.lockMsMax',
    (all) => (all['pinRules'] = { lockMs: 60_000, lockMsMax: 30_000 }),
  ],
  [
    'a callback that is offered when nobody waits any more',
    'queues[0].maxWaitMs',
    (all) => (all.queues[0]!['callbackAfterMs'] = 700_000),
  ],
  [
    'a PIN hash that costs nothing to guess',
    'callTakers[0].pinHash',
    (all) =>
      (all.callTakers[0]!['pinHash'] = String(all.callTakers[0]!['pinHash']).replace('$1024$', '$16$')),
  ],
];

spec('a telephony document', (it) => {
  it('that is right comes back complete and frozen', () => {
    const telephony = parseTelephony(example, { routing, site });
    assert.is(telephony.seats.length, 12);
    assert.is(telephony.wrapUpMs, 30_000);
    assert.is(telephony.featureCodes.emergency, '*99');
    assert.is(telephony.trunks[1]?.optionsEverySeconds, 30);
    assert.equal(telephony.prompts.languageOrder, ['zh', 'en']);
    assert.ok(Object.isFrozen(telephony.seats[0]?.ha1));
  });

  for (const [sentence, path, change] of [...WITH_SCHEMA, ...BETWEEN_FIELDS]) {
    it(`with ${sentence} is refused at ${path}, with what to write instead`, () => {
      const problems = problemsOf(changed(change));
      const problem = problems.find((one) => one.path === path);
      assert.ok(problem, JSON.stringify(problems));
      assert.ok(problem.fix.length > 5);
    });
  }

  it('is told of every problem at once', () => {
    const input = changed((all) => {
      all.seats[1]!['user'] = '8001';
      all.trunks[0]!['backupFor'] = 'ghost';
    });
    assert.equal(
      problemsOf(input).map(({ path }) => path),
      ['seats[1].user', 'trunks[0].backupFor'],
    );
  });

  it('that fits one routing is refused with another', () => {
    const other = { ...routing, departments: routing.departments.filter(({ id }) => id !== 'complaints') };
    assert.equal(
      problemsOf(example, other).map(({ problem }) => problem),
      Array.from({ length: 4 }, () => 'there is no department "complaints"'),
    );
  });

  it('of any rubbish is refused without falling over', () => {
    for (const rubbish of [null, 1, 'x', [], {}, { version: 2 }, { seats: 'all' }])
      assert.ok(problemsOf(rubbish).length > 0);
  });
});
