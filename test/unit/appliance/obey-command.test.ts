import { obeyCommand } from '../../../appliance/obey-command.js';
import { FakeClock } from '../../../cluster/base/clock.js';
import { assert, spec } from '../../support/spec.js';

/** What each says when asked for the first, second ... time; the last answer stays. */
function ask(here: readonly string[], partner: readonly (string | undefined)[]) {
  const clock = new FakeClock();
  const times = { here: 0, partner: 0 };
  const nth = <T>(answers: readonly T[], n: number): T => answers[Math.min(n, answers.length - 1)] as T;
  const outcome = obeyCommand({
    here: () => Promise.resolve(nth(here, times.here++)),
    atPartner: () => Promise.resolve(nth(partner, times.partner++)),
    clock,
  });
  return { clock, times, outcome };
}

spec('what a call-taker dials', (it) => {
  it('is done here when it can be, and the partner hears nothing of it', async () => {
    const { outcome, times } = ask(['readyOk'], ['readyOk']);
    assert.is(await outcome, 'readyOk');
    assert.is(times.partner, 0);
  });

  it('is done by the partner that dispatches the seat, or has its call', async () => {
    assert.is(await ask(['notNow'], ['loginWrong']).outcome, 'loginWrong');
    assert.is(await ask(['noCall'], ['emergencyRaised']).outcome, 'emergencyRaised');
    assert.is(await ask(['noCall'], ['noCall']).outcome, 'noCall');
  });

  it('is done here as soon as the seat or the call of a node that has died is here', async () => {
    for (const [notYet, done] of [
      ['notNow', 'readyOk'],
      ['noCall', 'emergencyRaised'],
    ] as const) {
      const { clock, outcome } = ask([notYet, notYet, notYet, done], [undefined]);
      await clock.advance(300);
      assert.is(await outcome, done);
    }
  });

  it('is asked again of a partner that is about to give the seat away', async () => {
    const { clock, outcome } = ask(['notNow', 'notNow', 'readyOk'], ['notNow']);
    await clock.advance(200);
    assert.is(await outcome, 'readyOk');
  });

  it('is given up after two seconds', async () => {
    const { clock, outcome, times } = ask(['notNow'], [undefined]);
    await clock.advance(2000);
    assert.is(await outcome, 'notNow');
    assert.is(times.here, 21);
  });
});
