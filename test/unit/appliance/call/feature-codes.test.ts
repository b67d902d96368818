import { DEFAULT_FEATURE_CODES, findFeatureCommand } from '../../../../appliance/call/feature-codes.js';
import {
  afterPin,
  DEFAULT_PIN_RULES,
  NO_ATTEMPTS,
  pinWaitMs,
} from '../../../../appliance/call/pin-attempts.js';
import { assert, spec } from '../../../support/spec.js';

spec('what a call-taker dials', (it) => {
  const dialled: readonly (readonly [text: string, command: object | undefined])[] = [
    ['*11*4711*1234', { kind: 'login', callTakerId: '4711', pin: '1234' }],
    ['*11*4711*1234#', { kind: 'login', callTakerId: '4711', pin: '1234' }],
    ['*12', { kind: 'logout' }],
    ['*13#', { kind: 'ready' }],
    ['*14', { kind: 'notReady', reason: '' }],
    ['*14*2', { kind: 'notReady', reason: '2' }],
    ['*15*12', { kind: 'disposition', code: '12' }],
    ['*99', { kind: 'emergency' }],
    ['*11', undefined],
    ['*11*4711', undefined],
    ['*11*4711*', undefined],
    ['*11*4711*12*34', undefined],
    ['*11*alice*1234', undefined],
    ['*12*1', undefined],
    ['*131', undefined],
    ['65129114', undefined],
    ['', undefined],
    [`*11*${'1'.repeat(60)}*1`, undefined],
  ];
  for (const [text, command] of dialled) {
    it(`${text.slice(0, 24)} is ${command === undefined ? 'no command' : JSON.stringify(command)}`, () => {
      assert.equal(findFeatureCommand(text, DEFAULT_FEATURE_CODES), command);
    });
  }

  it("is found by the house's own codes", () => {
    const codes = { ...DEFAULT_FEATURE_CODES, ready: '*131' };
    assert.equal(findFeatureCommand('*131', codes), { kind: 'ready' });
    assert.is(findFeatureCommand('*13', codes), undefined);
  });
});

spec('attempts at a PIN', (it) => {
  const fail = (times: number, everyMs = 1000) => {
    let attempts = NO_ATTEMPTS;
    for (let time = 0; time < times; time += 1)
      attempts = afterPin(attempts, false, time * everyMs, DEFAULT_PIN_RULES);
    return attempts;
  };

  it('are free at first, then take longer and longer, up to a bound', () => {
    const waits = [1, 2, 3, 4, 5, 6, 20, 1000].map((times) => pinWaitMs(fail(times), (times - 1) * 1000));
    assert.equal(waits, [0, 0, 0, 30_000, 60_000, 120_000, 900_000, 900_000]);
  });

  it('are forgotten by the right one, and by time', () => {
    assert.equal(afterPin(fail(5), true, 10_000, DEFAULT_PIN_RULES), NO_ATTEMPTS);
    assert.is(fail(9, DEFAULT_PIN_RULES.forgetMs + 1).failures, 1);
  });

  it('may go on when the time is over', () => {
    assert.is(pinWaitMs(fail(4), 3000 + 30_000), 0);
    assert.is(pinWaitMs(fail(4), 3000 + 29_999), 1);
  });
});
