import { OperatingError } from '../../../cluster/base/errors.js';
import { exampleRouting } from '../../../firmware-config/defaults/example-routing.js';
import { parseRouting } from '../../../firmware-config/parse-routing.js';
import type { Problem } from '../../../firmware-config/problems.js';
import { assert, spec } from '../../support/spec.js';

type Json = Record<string, unknown>;
type Lists = Json & Record<'departments' | 'numbers' | 'callers' | 'keys' | 'words' | 'outbound', Json[]>;

function changed(change: (routing: Lists) => void): unknown {
  const routing = { callers: [], ...structuredClone(exampleRouting) } as unknown as Lists;
  change(routing);
  return routing;
}

function problemsOf(input: unknown): readonly Problem[] {
  try {
    parseRouting(input);
  } catch (error) {
    if (error instanceof OperatingError) return error.details['problems'] as readonly Problem[];
    throw error;
  }
  return [];
}

const target = { departmentId: 'reception' };

const REFUSALS: readonly (readonly [sentence: string, input: unknown, path: string])[] = [
  [
    'a number for a department that is not there',
    changed((all) => (all.numbers[2] = { ...all.numbers[2], departmentId: 'ghost' })),
    'numbers[2].departmentId',
  ],
  [
    'a word that leads nowhere',
    changed(
      (all) => (all.words[1] = { ...all.words[1], action: { kind: 'department', departmentId: 'ghost' } }),
    ),
    'words[1].action.departmentId',
  ],
  [
    'a stand-in that is not there',
    changed((all) => (all.departments[2] = { ...all.departments[2], closedTo: 'ghost' })),
    'departments[2].closedTo',
  ],
  [
    'two rules of one name',
    changed((all) => all.keys.push({ id: 'key-fever', key: '5', action: { kind: 'emergency' } })),
    'keys[3].id',
  ],
  [
    'a number that stands twice',
    changed((all) => all.numbers.push({ id: 'again', number: '120', ...target })),
    'numbers[5].number',
  ],
  [
    'one key twice in the same queue',
    changed((all) => all.keys.push({ id: 'again', key: '1', action: { kind: 'callback' } })),
    'keys[3].key',
  ],
  [
    'no number for emergencies',
    changed((all) => (all.numbers = [{ id: 'main', number: '100', ...target }])),
    'numbers',
  ],
  [
    'hours that end before they begin',
    changed(
      (all) =>
        (all.departments[0] = {
          ...all.departments[0],
          hours: { weekly: [{ days: [1], from: '22:00', to: '06:00' }] },
        }),
    ),
    'departments[0].hours.weekly[0].to',
  ],
  [
    'closed departments that lead in a circle',
    changed((all) => (all.departments[1] = { ...all.departments[1], closedTo: 'appointments' })),
    'departments[1].closedTo',
  ],
  ['an unknown key', changed((all) => (all['nmubers'] = [])), 'nmubers'],
  [
    'a number in another spelling',
    changed((all) => (all.numbers[0] = { ...all.numbers[0], number: '010-6512 9120' })),
    'numbers[0].number',
  ],
  [
    'a time that is none',
    changed(
      (all) =>
        (all.departments[0] = {
          ...all.departments[0],
          hours: { weekly: [{ days: [1], from: '8:00', to: '25:00' }] },
        }),
    ),
    'departments[0].hours.weekly[0].from',
  ],
  [
    'an action that is none',
    changed((all) => (all.keys[0] = { ...all.keys[0], action: { kind: 'explode' } })),
    'keys[0].action',
  ],
];

spec('a routing document', (it) => {
  it('that is right comes back complete and frozen', () => {
    const routing = parseRouting(exampleRouting);
    assert.equal(routing.numbers[2]?.skills, []);
    assert.is(routing.words[0]?.confidenceMin, 0.5);
    assert.throws(() => (routing.numbers as unknown[]).pop(), /read only|not extensible|Cannot delete/);
  });

  for (const [sentence, input, path] of REFUSALS) {
    it(`with ${sentence} is refused at ${path}, with what to write instead`, () => {
      const problem = problemsOf(input).find((one) => one.path === path);
      assert.ok(problem, JSON.stringify(problemsOf(input)));
      assert.ok(problem.fix.length > 5);
    });
  }

  it('of any rubbish is refused without falling over', () => {
    for (const rubbish of [null, 1, 'x', [], {}, { version: 2 }, { departments: 'all' }]) {
      assert.ok(problemsOf(rubbish).length > 0);
    }
  });
});
