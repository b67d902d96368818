/** Calls by which the house tries the way of its emergencies from outside. */
import { CallLab, type Phone } from '../support/box/call-lab.js';
import { makeTestBox } from '../support/box/test-box.js';
import { assert, assertRejects, spec } from '../support/spec.js';

const { box } = makeTestBox({ isAllDay: true });
const NUMBER = '+861065129120';
const HOUSE = '01065129000';

interface Tested {
  readonly number: string;
  readonly trunkId: string;
  readonly outcome?: string;
  readonly status?: number;
  readonly failuresInARow: number;
}

spec('test calls', { deadlineMs: 90_000 }, (it, before) => {
  let lab: CallLab;
  let urgent: Phone;

  before(async (t) => {
    lab = await CallLab.start(t, box);
    await lab.openCarrier({ policy: { kind: 'return' } });
    // Brings calls back at the other node.
    await lab.openCarrier({ agent: 'backup', user: 'backup', port: 5070, policy: { kind: 'return' } }, 'b');
    urgent = await lab.plugIn('8001');
    await lab.logIn(urgent, '1001');
  });

  const test = (trunk: string, node: 'a' | 'b' = 'a'): Promise<Tested> =>
    lab.ask<Tested>(node, 'runTestCall', { number: NUMBER, trunk });

  async function nothingIsLeft(node: 'a' | 'b' = 'a'): Promise<void> {
    await lab.isQuiet(node);
    assert.equal(
      await lab.phones.calls(urgent.extension).then((calls) => calls.filter(({ isIncoming }) => isIncoming)),
      [],
    );
  }

  it('are there for each emergency number that can be called from outside, over each trunk', async () => {
    const { isOn, tests } = await lab.ask<{ isOn: boolean; tests: readonly Tested[] }>('a', 'testCalls');
    assert.is(isOn, false, 'the clock leaves the box of a test alone');
    assert.equal(
      tests.map(({ number, trunkId }) => [number, trunkId]),
      [
        [NUMBER, 'main'],
        [NUMBER, 'backup'],
      ],
    );
    await assertRejects(lab.ask('a', 'runTestCall', { number: '120', trunk: 'main' }), /number/);
  });

  it('go out and come back, at either node, and are heard both ways; no seat rings', async () => {
    for (const trunk of ['main', 'backup']) assert.equal([trunk, (await test(trunk)).outcome], [trunk, 'ok']);
    assert.is((await test('main', 'b')).outcome, 'ok');
    await nothingIsLeft();
    const [row = []] = await lab.query('SELECT count(*) FROM calls');
    assert.is(Number(row[0]), 0, 'no patient has called');
  });

  it('say what is wrong: nobody answers, it does not come back, it is silent in one direction', async () => {
    const carrier = (policy: object): Promise<unknown> =>
      lab.trunk.order({ do: 'policy', agent: 'carrier', policy } as never);
    await carrier({ kind: 'refuse', status: 503 });
    const refused = await test('main');
    assert.equal([refused.outcome, refused.status, refused.failuresInARow], ['notAnswered', 503, 1]);
    await carrier({ kind: 'answer', afterMs: 0 });
    const lost = await test('main');
    assert.equal([lost.outcome, lost.failuresInARow], ['notReturned', 2]);
    await carrier({ kind: 'return', deafness: 'toCalled' });
    assert.is((await test('main')).outcome, 'silentIn');
    await carrier({ kind: 'return', deafness: 'toCaller' });
    assert.is((await test('main')).outcome, 'silentOut');
    await carrier({ kind: 'return' });
    const healed = await test('main');
    assert.equal([healed.outcome, healed.failuresInARow], ['ok', 0]);
    await nothingIsLeft();
  });

  it('take nothing from an emergency that comes meanwhile, whatever number it shows', async (t) => {
    await lab.trunk.order({ do: 'policy', agent: 'carrier', policy: { kind: 'answer', afterMs: 0 } });
    t.defer(() => lab.calm([urgent]));
    const tested = test('main');
    const patient = await lab.trunk.call('carrier', '01065129120', HOUSE);
    const { id } = await lab.until(
      lab.phones,
      urgent.extension,
      undefined,
      ({ progress }) => progress === 'ringing',
      'the emergency seat rings',
      10_000,
    );
    await lab.phones.order({ do: 'answer', call: id });
    await lab.talk([lab.trunk, 'carrier', patient, 900], [lab.phones, urgent.extension, id, urgent.hz]);
    assert.not.equal((await tested).outcome, 'ok');
  });
});
