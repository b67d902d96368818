import { openLog } from '../../../../cluster/base/log.js';
import { startSchedule, type Task } from '../../../../ops/schedule/schedule.js';
import { testCallsTask, type DueTest } from '../../../../ops/schedule/test-calls-task.js';
import { whoRuns } from '../../../../ops/schedule/who-runs.js';
import { assert, spec } from '../../../support/spec.js';
import { waitFor } from '../../../support/wait.js';

const log = openLog({ name: 'test', level: 'silent' });

spec('who does what is done once', (it) => {
  it('is the holder of the first address, or of the next one when nobody holds that', () => {
    const cases: readonly (readonly [Readonly<Record<string, string | null>>, string | undefined])[] = [
      [{ a: 'a', b: 'b', d: 'd' }, 'a'],
      [{ b: 'b', a: 'b', d: 'd' }, 'b'],
      [{ a: 'a', b: 'a' }, 'a'],
      [{ a: null, b: 'b' }, 'b'],
      [{ a: null, b: null, d: 'd' }, 'd'],
      [{ a: null, b: null }, undefined],
      [{}, undefined],
    ];
    for (const [held, runs] of cases) {
      const addresses = Object.entries(held).map(([home, holder]) => ({ home, holder }));
      assert.is(whoRuns(addresses), runs, JSON.stringify(held));
    }
  });
});

spec('a schedule', { deadlineMs: 20_000 }, (it) => {
  it('does what is due where it is its turn, goes on after a failure, and stops', async (t) => {
    const done: string[] = [];
    const task = (name: string, isOurs: boolean, fails = false): Task => ({
      ...{ name, expression: '* * * * * *', isOurs: () => isOurs },
      run: () => {
        done.push(name);
        return fails ? Promise.reject(new Error('ill')) : Promise.resolve();
      },
    });
    const running = startSchedule([task('ours', true), task('theirs', false), task('ill', true, true)], log);
    t.defer(() => {
      running.stop();
    });
    const count = (name: string): number => done.filter((one) => one === name).length;
    await waitFor('both have run twice', () => count('ours') >= 2 && count('ill') >= 2, {
      deadlineMs: 10_000,
    });
    assert.is(count('theirs'), 0);
  });

  it('refuses a time that is none', () => {
    const wrong = {
      name: 'wrong',
      expression: 'now and then',
      isOurs: () => true,
      run: () => Promise.resolve(),
    };
    assert.throws(() => startSchedule([wrong], log));
  });
});

spec('the task of the test calls', (it) => {
  const asked: string[] = [];
  const task = (tests: readonly DueTest[], isOn = true, isOurs = true): Task => {
    asked.length = 0;
    return testCallsTask({
      ...{ isOurs: () => isOurs, wallMs: () => 1_000_000, log },
      ask: (method, params) => {
        if (method === 'testCalls') return Promise.resolve({ isOn, tests });
        asked.push(`${String(params?.['number'])} ${String(params?.['trunk'])}`);
        return params?.['trunk'] === 'ill' ? Promise.reject(new Error('ill')) : Promise.resolve({});
      },
    });
  };
  const due = (trunkId: string, dueWallMs: number): DueTest => ({ number: '+1', trunkId, dueWallMs });

  it('makes those that are due, and goes on when one cannot be made', async () => {
    await task([due('ill', 0), due('main', 1_029_000), due('later', 1_031_000)]).run();
    assert.equal(asked, ['+1 ill', '+1 main']);
  });

  it('makes none when they are switched off, or when the turn has gone to the partner meanwhile', async () => {
    await task([due('main', 0)], false).run();
    assert.equal(asked, []);
    await task([due('main', 0)], true, false).run();
    assert.equal(asked, []);
  });
});
