/**
 * A node dies with 500 calls up; its partner gets the address and goes on with every one of them (continuity.md rules
 * 10 to 13). The time in which the death is noticed is not part of it: the test moves the address itself.
 */
import { inspect } from 'node:util';
import { SERVICE_ADDRESSES } from '../support/box/test-box.js';
import { scaledMs } from '../support/slowness.js';
import { TakeoverLab } from '../support/sip/takeover-lab.js';
import { assert, spec } from '../support/spec.js';

const CALLS = 500;
const WARM_UP_CALLS = 100;
/** No matter of seconds, on a machine that does much else; the bar of 100 ms is for the bench sip-takeover. */
const IMPORT_MS_MAX = 1_000;
/** From the death, without the time in which it is noticed. */
const FIRST_EXCHANGE_MS_MAX = 3_000;

let lab: TakeoverLab;

function say(figure: string, ms: number): void {
  process.stdout.write(`  ${figure}: ${String(Math.round(ms))} ms\n`);
}

spec('the calls of a node that has died', { deadlineMs: 60_000 }, (it, before) => {
  before({ deadlineMs: 60_000 }, async (t) => {
    lab = await TakeoverLab.open(t);
    // Both nodes take calls: no node that takes over has never seen one.
    const warmUp = await lab.phones.do('pass', { count: WARM_UP_CALLS, engine: lab.at('b') });
    assert.is(warmUp.done, WARM_UP_CALLS);
    const { done, failures } = await lab.phones.do('establish', { count: CALLS, engine: lab.at('a') });
    assert.equal([done, failures.slice(0, 3)], [CALLS, []]);
    await lab.waitForDialogs('b', 'a', CALLS);
  });

  it('are on the partner soon after it gets the address, and its application has them', async () => {
    await lab.kill('a');
    const deathMs = performance.now();
    await lab.addAddress('b', SERVICE_ADDRESSES.a);
    const ownedMs = performance.now();
    const report = (await lab.takeOver('b', 'a', 2)) as { readonly dialogs: number };
    const importMs = performance.now() - ownedMs;
    const adopted = await lab.node('b').application.do('adopt');
    await lab.phones.do('first');
    const exchangeMs = performance.now() - deathMs;
    say('takeoverImportMs', importMs);
    say('takeoverFirstExchangeMs', exchangeMs);
    assert.is(report.dialogs, CALLS, inspect(report));
    assert.equal(adopted, { adopted: CALLS });
    assert.ok(importMs <= scaledMs(IMPORT_MS_MAX), `${inspect(report)} in ${String(importMs)} ms`);
    assert.ok(exchangeMs <= scaledMs(FIRST_EXCHANGE_MS_MAX), `${String(exchangeMs)} ms`);
  });

  it('answer OPTIONS and re-INVITE of the phones, 500 of 500', async () => {
    for (const what of ['OPTIONS', 'reinvite']) {
      const { done, failures } = await lab.phones.do('exchange', { what });
      assert.equal([what, done, failures.slice(0, 3)], [what, CALLS, []]);
    }
  });

  it('take OPTIONS and re-INVITE of the application to the phones, 500 of 500', async () => {
    const { application } = lab.node('b');
    for (const [what, method] of [
      ['options', 'OPTIONS'],
      ['modify', 'INVITE'],
    ] as const) {
      const answering = lab.phones.do('expect', { what: method });
      assert.equal(await application.do('each', { what }, 15_000), { done: CALLS, failures: [] });
      const { done, failures } = await answering;
      assert.equal([method, done, failures.slice(0, 3)], [method, CALLS, []]);
    }
  });

  it('end by BYE from either side, half of them each', async () => {
    const half = CALLS / 2;
    const { done, failures } = await lab.phones.do('exchange', { what: 'BYE', from: 0, to: half });
    assert.equal([done, failures.slice(0, 3)], [half, []]);
    const answering = lab.phones.do('expect', { what: 'BYE', from: half });
    const ended = await lab.node('b').application.do('each', { what: 'destroy' }, 15_000);
    assert.equal(ended, { done: half, failures: [] });
    assert.is((await answering).done, half);
  });
});
