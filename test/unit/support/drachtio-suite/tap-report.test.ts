import { parseTap } from '../../../support/drachtio-suite/tap-report.js';
import { assert, spec } from '../../../support/spec.js';

spec('the report of a file of the suite', (it) => {
  it('counts what passed, among whatever else was printed', () => {
    assert.equal(parseTap('# UAC\nok 1 a call\nok: not a result\nok 2 another\n1..2\n'), {
      passed: 2,
      failures: [],
      isComplete: true,
    });
  });

  it('a failure carries its reason', () => {
    const { passed, failures } = parseTap('not ok 1 no error\n  Error: x\n    at y\nok 2 z\n1..2\n');
    assert.is(passed, 1);
    assert.equal(failures, ['no error\n  Error: x\n    at y']);
  });

  it('without a plan, or with fewer results than planned, it is not complete', () => {
    assert.is(parseTap('ok 1 a call\n').isComplete, false);
    assert.is(parseTap('ok 1 a call\n1..2\n').isComplete, false);
    assert.is(parseTap('').isComplete, false);
  });
});
