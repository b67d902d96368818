import { planRoute, planTransfer, type RouteQuestion } from '../../../appliance/plan-route.js';
import type { RoutingDocument } from '../../../appliance/routing/routing-document.js';
import { exampleSite } from '../../../firmware-config/defaults/example-site.js';
import { parseSite } from '../../../firmware-config/parse-site.js';
import { parseExampleCalls } from '../../support/example-calls.js';
import { assert, spec } from '../../support/spec.js';

const { routing: example, telephony } = parseExampleCalls(parseSite(exampleSite()), true);
const OTHERWISE = { departmentId: 'reception', priority: 0, skills: [] };
const catchAll: RoutingDocument = { ...example, otherwise: OTHERWISE };

function question(dialled: string, routing: RoutingDocument): RouteQuestion {
  return {
    ...{ telephony, routing, dialled, callerNumber: '', nowWallMs: 1 },
    at: { date: '2026-11-26', weekday: 4, minutes: 12 * 60 },
    findByExtension: (extension) => telephony.seats.find((seat) => seat.extension === extension),
  };
}

/** Where a plan leads, as a word. */
function lead(plan: ReturnType<typeof planRoute>): string {
  switch (plan.kind) {
    case 'queue':
      return `queue ${plan.place.departmentId}`;
    case 'dial':
      return plan.target.kind === 'seat' ? `seat ${plan.target.seatId}` : `out ${plan.target.number}`;
    case 'refuse':
      return String(plan.status);
    case 'command':
    case 'closed':
      return plan.kind;
  }
}

spec('what a seat dials', (it) => {
  for (const [dialled, plain, withOtherwise] of [
    ['8005', 'seat seat-8005', 'seat seat-8005'],
    ['01065129000', 'queue reception', 'queue reception'],
    ['01088880000', 'out +861088880000', 'out +861088880000'],
    ['120', 'queue emergency', 'queue emergency'],
    ['7777', '404', 'queue reception'],
  ] as const)
    it(`${dialled} leads to the same place when a rule takes all other numbers, unless nobody knows it`, () => {
      assert.is(lead(planTransfer(question(dialled, example))), plain);
      assert.is(lead(planTransfer(question(dialled, catchAll))), withOtherwise);
      assert.is(lead(planRoute('seat', question(dialled, catchAll))), withOtherwise);
    });

  it('an emergency number stays in the house although an outbound rule fits it', () => {
    const outbound = [{ id: 'any', number: '*', trunkIds: ['main'] }];
    assert.is(lead(planTransfer(question('120', { ...catchAll, outbound }))), 'queue emergency');
  });
});
