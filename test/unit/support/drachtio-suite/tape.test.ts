/** Our stand-in for the suite's test package must not pass what that package fails: run in processes of its own. */
import { spawnSync } from 'node:child_process';
import { parseTap, type TapReport } from '../../../support/drachtio-suite/tap-report.js';
import { assert, spec } from '../../../support/spec.js';

const STAND_IN = new URL('../../../support/drachtio-suite/tape.js', import.meta.url).href;

interface Run extends TapReport {
  readonly status: number | null;
}

function runTests(code: string): Run {
  const program = `import { defineTest as test } from '${STAND_IN}';\n${code}`;
  const { stdout, status } = spawnSync(process.execPath, ['--input-type=module', '-e', program]);
  return { ...parseTap(stdout.toString('utf8')), status };
}

spec('the stand-in for tape', (it) => {
  it('tests run one after the other, each until its end', () => {
    const code =
      "test('a', (t) => setTimeout(() => { t.pass('1'); t.end(); }, 20)); test('b', (t) => { t.ok(1); t.error(null); t.end(); });";
    assert.equal(runTests(code), { passed: 3, failures: [], isComplete: true, status: 0 });
  });

  it('every kind of assertion can fail', () => {
    const { failures, isComplete, passed, status } = runTests(`
      test('all', (t) => {
        t.fail('fail');
        t.ok(0, 'ok');
        t.error(new Error('broken'), 'error');
        t.throws(() => 1, 'throws');
        t.throws(() => { throw new Error('of another kind'); }, TypeError, 'throws what');
        t.doesNotThrow(() => { throw new Error('thrown'); }, 'doesNotThrow');
        t.end(new Error('at the end'));
      });`);
    const names = failures.map((failure) => failure.split('\n')[0]);
    const expected = ['fail', 'ok', 'error', 'throws', 'throws what', 'doesNotThrow'];
    assert.equal(names, [...expected, 'the test ends without an error']);
    assert.match(failures.join('\n'), /broken[^]*at the end/);
    assert.equal({ isComplete, passed, status }, { isComplete: true, passed: 0, status: 1 });
  });

  it('a test that ends twice, asserts after its end, is too slow or never ends has failed', () => {
    const { failures, isComplete, status } = runTests(`
      test('twice', (t) => { t.end(); t.end(); });
      test('late', (t) => { t.end(); t.pass('it passed'); });
      test('slow', (t) => t.timeoutAfter(10));
      test('endless', (t) => undefined);`);
    assert.equal(
      failures.map((failure) => failure.split('\n')[0]),
      [
        'an assertion after the end: the test ends without an error',
        'an assertion after the end: it passed',
        'the test has not ended after 10 ms',
        'the test has not ended: endless',
      ],
    );
    assert.equal({ isComplete, status }, { isComplete: false, status: 1 });
  });
});
