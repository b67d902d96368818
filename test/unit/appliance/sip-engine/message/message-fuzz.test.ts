import { fuzz } from '../../../../support/sip-corpus/fuzz.js';
import { assertContract } from '../../../../support/sip-corpus/message-contract.js';
import { REALISTIC } from '../../../../support/sip-corpus/realistic.js';
import { assert, spec } from '../../../../support/spec.js';

/** The long run is test/sim/sip-fuzz.test.ts. */
const INPUTS = 20_000;

spec('messages from anybody', { deadlineMs: 60_000 }, (it) => {
  it('the realistic ones are good', () => {
    for (const bytes of REALISTIC) assert.is(assertContract(bytes), 'good', bytes.toString());
  });

  it('whatever is done to a message, nothing throws, and who reads it reads the same', (t) => {
    const counts = fuzz(INPUTS, t.rng);
    // A mutation that nearly always ends a message would test the refusal only.
    assert.ok(counts.good > INPUTS / 8 && counts.answer > INPUTS / 8, JSON.stringify(counts));
  });
});
