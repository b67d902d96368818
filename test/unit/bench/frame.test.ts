/** The bench frame: what a bench is given, how its time ends, and when its result is no result. */
import { BenchUsageError, parseBenchArguments } from '../../bench/bench-arguments.js';
import {
  planBench,
  QUICK_MS,
  runBench,
  type Bench,
  type BenchContext,
  type BenchPlan,
} from '../../bench/frame.js';
import { jsonLine, tableLines } from '../../bench/report.js';
import { assert, spec } from '../../support/spec.js';

function benchWith(run: (context: BenchContext) => Promise<void>, changes: Partial<Bench> = {}): Bench {
  const metrics = { startMs: { unit: 'ms', help: 'from the command to ready' } };
  return { name: 'sample', metrics, run, ...changes };
}

const PLAN: BenchPlan = { trials: 3, quick: false, abortAtMs: 5_000, giveUpAtMs: 6_000 };

function surroundings(said: string[] = [], stop = new AbortController().signal) {
  const startMs = performance.now();
  return { nowMs: () => performance.now() - startMs, say: (line: string) => said.push(line), stop };
}

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const onAbort = (): void => {
      reject(signal.reason as Error);
    };
    signal.addEventListener('abort', onAbort);
    if (signal.aborted) onAbort();
  });
}

spec('the arguments of a bench', (it) => {
  it('are a name and options', () => {
    const given = parseBenchArguments(['lab', '--trials', '7', '--quick', '--json']);
    assert.equal(given, { kind: 'bench', name: 'lab', trials: 7, quick: true, json: true });
    assert.is(parseBenchArguments(['--soak', 'lab']).kind, 'soak');
    assert.is(parseBenchArguments([]).name, undefined);
  });

  it('are refused when they make no sense', () => {
    assert.throws(() => parseBenchArguments(['lab', '--trails', '7']), BenchUsageError);
    assert.throws(() => parseBenchArguments(['lab', '--trials', '0']), /--trials needs a whole number/);
    assert.throws(() => parseBenchArguments(['lab', 'calls']), /one name, not 2/);
  });
});

spec('the plan of a bench', (it) => {
  const bench = benchWith(async () => {}, { trials: { full: 50, quick: 4 } });

  it('takes the trials from the argument, else from the bench', () => {
    const request = { kind: 'bench', trials: undefined, quick: false } as const;
    assert.is(planBench(bench, request).trials, 50);
    assert.is(planBench(bench, { ...request, quick: true }).trials, 4);
    assert.is(planBench(bench, { ...request, trials: 9 }).trials, 9);
  });

  it('gives up within the promise of --quick, however long the bench would like', () => {
    const long = benchWith(async () => {}, { deadlineMs: 9_000_000 });
    const plan = planBench(long, { kind: 'soak', trials: undefined, quick: true });
    assert.ok(plan.giveUpAtMs < QUICK_MS);
    assert.ok(plan.abortAtMs < plan.giveUpAtMs);
  });

  it('gives a soak more time than a bench', () => {
    const request = { trials: undefined, quick: false } as const;
    const plain = benchWith(async () => {});
    assert.ok(
      planBench(plain, { ...request, kind: 'soak' }).abortAtMs >
        planBench(plain, { ...request, kind: 'bench' }).abortAtMs,
    );
  });
});

spec('a run', (it) => {
  it('gives the bench its trials and reports its samples', async () => {
    const bench = benchWith(async ({ trials, add }) => {
      for (let trial = 1; trial <= trials; trial += 1) add('startMs', trial);
    });
    const end = await runBench(bench, PLAN, surroundings());
    assert.equal(end.problems, []);
    assert.equal([end.figures['startMs']?.n, end.figures['startMs']?.max], [3, 3]);
  });

  it('says when it is quick', async () => {
    const said: string[] = [];
    const bench = benchWith(async ({ add }) => {
      add('startMs', 1);
    });
    await runBench(bench, { ...PLAN, quick: true }, surroundings(said));
    assert.match(said.join(), /quick: 3 trials, ends within 240 s/);
  });

  it('fails when a declared metric has no sample', async () => {
    const end = await runBench(
      benchWith(async () => {}),
      PLAN,
      surroundings(),
    );
    assert.equal(end.problems, ['no sample for the declared metric "startMs"']);
  });

  it('fails with the error of the bench, and keeps the samples it has', async () => {
    const bench = benchWith(async ({ add }) => {
      add('startMs', 1);
      throw new Error('node b never came back');
    });
    const end = await runBench(bench, PLAN, surroundings());
    assert.match(end.problems.join(), 'node b never came back');
    assert.is(end.figures['startMs']?.n, 1);
  });

  it('aborts the signal when the time is up, and then fewer trials are a result', async () => {
    const said: string[] = [];
    const bench = benchWith(async ({ add, signal, remainingMs }) => {
      add('startMs', remainingMs());
      await untilAborted(signal);
    });
    const end = await runBench(bench, { ...PLAN, abortAtMs: 40 }, surroundings(said));
    assert.equal(end.problems, []);
    const remaining = end.figures['startMs']?.max ?? NaN;
    assert.ok(remaining > 0 && remaining <= 40);
    assert.match(said.join(), 'fewer trials');
  });

  it('gives up a bench that does not return', async () => {
    const bench = benchWith(async ({ add }) => {
      add('startMs', 1);
      await new Promise(() => {});
    });
    const end = await runBench(bench, { ...PLAN, abortAtMs: 20, giveUpAtMs: 40 }, surroundings());
    assert.match(end.problems.join(), 'did not return after its time was up');
  });

  it('is no result when it was stopped', async () => {
    const stop = new AbortController();
    const bench = benchWith(async ({ add, signal }) => {
      add('startMs', 1);
      stop.abort(new Error('stopped by SIGINT'));
      await untilAborted(signal);
    });
    const end = await runBench(bench, PLAN, surroundings([], stop.signal));
    assert.equal(end.problems, ['it was stopped']);
  });
});

spec('a run that is stopped', (it) => {
  it('is given up when the bench does not react, long before its own deadline', async () => {
    const stop = new AbortController();
    const bench = benchWith(async ({ add }) => {
      add('startMs', 1);
      stop.abort(new Error('stopped by SIGINT'));
      await new Promise(() => {});
    });
    const plan = { ...PLAN, abortAtMs: 60_000, giveUpAtMs: 60_050 };
    const end = await runBench(bench, plan, surroundings([], stop.signal));
    assert.match(end.problems.join(), /did not return[^]*it was stopped/);
  });
});

spec('the report of a bench', (it) => {
  const figures = { startMs: { unit: 'ms', n: 2, min: 4, median: 4, p95: 900, p99: 900, max: 900 } };

  it('is one object on one line', () => {
    const line = jsonLine('lab', true, figures);
    assert.not.match(line, '\n');
    assert.equal(JSON.parse(line), { name: 'lab', quick: true, figures });
  });

  it('is a table with the meaning of each metric', () => {
    const lines = tableLines(figures, { startMs: { unit: 'ms', help: 'from the command to ready' } });
    assert.equal(lines, [
      'metric   n  min  median  p95  p99  max  unit',
      'startMs  2    4       4  900  900  900  ms',
      '',
      '  startMs: from the command to ready',
    ]);
  });
});
