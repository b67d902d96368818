import { isOpen, type LocalTime } from '../../../../appliance/routing/business-hours.js';
import { decideOutbound, decideRoute } from '../../../../appliance/routing/decide-route.js';
import { dryRun } from '../../../../appliance/routing/dry-run.js';
import { findNumberRule, normaliseNumber } from '../../../../appliance/routing/normalise-number.js';
import type { RoutingDocument } from '../../../../appliance/routing/routing-document.js';
import { exampleRouting } from '../../../../firmware-config/defaults/example-routing.js';
import { parseRouting } from '../../../../firmware-config/parse-routing.js';
import { assert, spec } from '../../../support/spec.js';

/** What the checks let through is what the rules understand. */
const DOCUMENT: RoutingDocument = parseRouting(exampleRouting);
const { numberPlan } = DOCUMENT;

const THURSDAY_NOON: LocalTime = { date: '2026-11-26', weekday: 4, minutes: 12 * 60 };
const THURSDAY_NIGHT: LocalTime = { date: '2026-11-26', weekday: 4, minutes: 23 * 60 };
const SUNDAY_NOON: LocalTime = { date: '2026-11-29', weekday: 7, minutes: 12 * 60 };

function route(
  dialled: string,
  changes: { caller?: string; at?: LocalTime; document?: RoutingDocument } = {},
) {
  const { caller = '13800138000', at = THURSDAY_NOON, document = DOCUMENT } = changes;
  return decideRoute(document, { dialled, caller, at });
}

spec('a number', (it) => {
  const spellings: readonly (readonly [written: string, normal: string | undefined])[] = [
    ['+86 10 6512-9114', '+861065129114'],
    ['0086 10 65129114', '+861065129114'],
    ['010 65129114', '+861065129114'],
    ['65129114', '+861065129114'],
    ['13800138000', '+8613800138000'],
    ['120', '120'],
    ['8103', '8103'],
    ['*72', '*72'],
    ['anonymous', undefined],
    ['', undefined],
    ['1'.repeat(40), undefined],
    ['65129114;rm -rf', undefined],
  ];
  for (const [written, normal] of spellings) {
    it(`"${written.slice(0, 20)}" is ${normal ?? 'none'}`, () => {
      assert.is(normaliseNumber(written, numberPlan), normal);
    });
  }

  it('goes by the rule that says most about it', () => {
    const rules = ['*', '+86*', '+861065*', '+861065129114'].map((number) => ({ number }));
    assert.is(findNumberRule(rules, '+861065129114')?.number, '+861065129114');
    assert.is(findNumberRule(rules, '+861065000000')?.number, '+861065*');
    assert.is(findNumberRule(rules, '+8613800138000')?.number, '+86*');
    assert.is(findNumberRule(rules, '8103')?.number, '*');
    const none: readonly { readonly number: string }[] = [];
    assert.is(findNumberRule(none, '8103'), undefined);
  });
});

spec('business hours', (it) => {
  const hours = {
    weekly: [
      { days: [1, 2, 3, 4, 5], from: '08:00', to: '12:00' },
      { days: [1, 2, 3, 4, 5], from: '13:30', to: '24:00' },
    ],
    exceptions: [
      { date: '2026-10-01', hours: [] },
      { date: '2026-10-10', hours: [{ from: '09:00', to: '11:00' }] },
    ],
  };

  it('are open from the first minute to before the last, each day by its own', () => {
    const at = (minutes: number, weekday = 3) => isOpen(hours, { date: '2026-11-25', weekday, minutes });
    assert.equal(
      [at(479), at(480), at(719), at(720), at(810), at(1439)],
      [false, true, true, false, true, true],
    );
    assert.is(at(600, 6), false);
  });

  it('know holidays, and Saturdays that are worked in exchange', () => {
    assert.is(isOpen(hours, { date: '2026-10-01', weekday: 4, minutes: 600 }), false);
    assert.is(isOpen(hours, { date: '2026-10-10', weekday: 6, minutes: 600 }), true);
    assert.is(isOpen(hours, { date: '2026-10-10', weekday: 6, minutes: 700 }), false);
  });

  it('of who has none are day and night', () => {
    assert.ok(isOpen(undefined, SUNDAY_NOON));
  });
});

spec('a call that comes in', (it) => {
  it('goes to the department of the number, whichever way that is written', () => {
    for (const dialled of ['+861065129114', '65129114', '01065129114']) {
      const found = route(dialled);
      assert.is(found.kind, 'queue');
      assert.is(found.kind === 'queue' && found.departmentId, 'appointments');
      assert.equal(found.reason, {
        key: 'route.number',
        ruleId: 'appointment-line',
        values: { number: '+861065129114' },
      });
    }
  });

  it('goes to who stands in for a closed department, and hears it where nobody does', () => {
    const night = route('65129114', { at: THURSDAY_NIGHT });
    assert.is(night.kind === 'queue' && night.departmentId, 'reception');
    assert.is(night.reason.key, 'route.closedTo');
    assert.is(night.reason.values['closed'], 'appointments');
    const sunday = route('65129315', { at: SUNDAY_NOON });
    assert.is(sunday.kind, 'closed');
  });

  it('is an emergency by its number at any hour, and no rule of its caller sends it elsewhere', () => {
    const callers = [{ id: 'pest', number: '+8613800138000', priority: 0, departmentId: 'complaints' }];
    for (const at of [THURSDAY_NOON, THURSDAY_NIGHT, SUNDAY_NOON]) {
      const found = route('120', { at, document: { ...DOCUMENT, callers } });
      assert.is(found.kind === 'queue' && found.isEmergency && found.departmentId, 'emergency');
    }
  });

  it('of a caller who is known gets his priority, and his department', () => {
    const callers = [
      { id: 'ward', number: '+86138*', priority: 2 },
      { id: 'surgery', number: '+8613800138000', priority: 3, departmentId: 'fever-clinic' },
    ];
    const document = { ...DOCUMENT, callers };
    const one = route('65129000', { document, caller: '13800138001' });
    assert.equal(one.kind === 'queue' && [one.departmentId, one.priority], ['reception', 2]);
    const other = route('65129000', { document });
    assert.equal(other.kind === 'queue' && [other.departmentId, other.priority], ['fever-clinic', 3]);
    assert.is(other.reason.ruleId, 'surgery');
    const withheld = route('65129000', { document, caller: '' });
    assert.is(withheld.kind === 'queue' && withheld.priority, 0);
  });

  it('to a number that no rule knows goes where everything else goes, or nowhere', () => {
    assert.is(route('65129999').kind, 'unknown');
    assert.is(route('nobody').kind, 'unknown');
    const otherwise = { departmentId: 'reception', priority: 0, skills: [] };
    const found = route('65129999', { document: { ...DOCUMENT, otherwise } });
    assert.is(found.kind === 'queue' && found.departmentId, 'reception');
  });

  it('is not kept in a circle of closed departments', () => {
    const closed = { weekly: [], exceptions: [] };
    const departments = DOCUMENT.departments.map((one) => ({ ...one, hours: closed, closedTo: 'reception' }));
    assert.is(route('65129000', { document: { ...DOCUMENT, departments } }).kind, 'closed');
  });
});

spec('a call that goes out', (it) => {
  it('takes the trunks of its rule in their order', () => {
    const found = decideOutbound(DOCUMENT, '01065001234');
    assert.equal(found.kind === 'trunks' && [found.number, found.trunkIds], [
      '+861065001234',
      ['main', 'backup'],
    ]);
  });

  it('without a rule is refused with its number', () => {
    const found = decideOutbound(DOCUMENT, '8103');
    assert.is(found.kind, 'refused');
    assert.equal(found.reason.values, { number: '8103' });
  });
});

spec('a dry run', (it) => {
  const calls = [
    { callId: '1', dialled: '65129114', caller: '', at: THURSDAY_NOON },
    { callId: '2', dialled: '65129114', caller: '', at: THURSDAY_NOON },
    { callId: '3', dialled: '120', caller: '', at: THURSDAY_NIGHT },
    { callId: '4', dialled: '65129000', caller: '', at: THURSDAY_NOON },
  ];

  it('of the same document changes nothing', () => {
    const report = dryRun(DOCUMENT, DOCUMENT, calls);
    assert.equal([report.calls, report.same, report.changed, report.emergenciesLost], [4, 4, [], []]);
  });

  it('says which calls would have gone elsewhere, and warns of emergencies that would be none', () => {
    const numbers = DOCUMENT.numbers.map((rule) => {
      if (rule.id === 'appointment-line') return { ...rule, departmentId: 'reception' };
      return rule.id === 'emergency-inside' ? { ...rule, isEmergency: false } : rule;
    });
    const report = dryRun(DOCUMENT, { ...DOCUMENT, numbers }, calls);
    assert.is(report.same, 1);
    assert.equal(report.moves, [
      { from: 'appointments', to: 'reception', calls: 2 },
      { from: '!emergency', to: 'emergency', calls: 1 },
    ]);
    assert.equal(report.emergenciesLost, ['3']);
  });
});
