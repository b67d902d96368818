import { assert, spec } from '../../../support/spec.js';
import { planCommand } from '../../../../ops/setup/command-plan.mjs';

spec('a command', (it) => {
  it('runs every suite as "test" without the name of one, and hands options on', () => {
    assert.equal(planCommand(['test']).args, ['unit', 'contract', 'sim', 'system', 'browser']);
    assert.equal(planCommand(['test', '--filter', 'x']).args, [
      'unit',
      'contract',
      'sim',
      'system',
      'browser',
      '--filter',
      'x',
    ]);
  });

  it('runs only the suites that "test" is given', () => {
    assert.equal(planCommand(['test', 'unit', '--filter', 'x']).args, ['unit', '--filter', 'x']);
  });

  it('starts a box as "start", and talks to one as "lab"', () => {
    assert.equal(planCommand(['start', '--attach', 'eth0']).args, ['start', '--attach', 'eth0']);
    assert.equal(planCommand(['lab', 'kill', 'a']).args, ['kill', 'a']);
    assert.is(planCommand(['lab', 'kill', 'a']).startsBox, false);
    assert.is(planCommand(['start']).main, planCommand(['lab']).main);
  });

  it('measures longer as "soak" than as "bench", with the same program', () => {
    assert.equal(planCommand(['soak', 'lab']).args, ['--soak', 'lab']);
    assert.equal(planCommand(['bench', 'lab', '--json']).args, ['lab', '--json']);
    assert.is(planCommand(['soak']).main, planCommand(['bench']).main);
  });

  it('is refused by name when there is none such, also when the name is one of every object', () => {
    assert.throws(
      () => planCommand(['strat']),
      /no command "strat": use one of start, test, lab, sip-engine, bench, soak/,
    );
    assert.throws(() => planCommand(['constructor']), /no command "constructor"/);
    assert.throws(() => planCommand([]), /no command ""/);
  });
});
