import { FakeClock } from '../../../../cluster/base/clock.js';
import { defineErrors, isOperatingError } from '../../../../cluster/base/errors.js';
import { retry, type Attempt, type RetryOptions } from '../../../../cluster/base/retry.js';
import type { Rng } from '../../../../cluster/base/rng.js';
import { seededRng } from '../../../../cluster/base/rng.js';
import { assert, spec } from '../../../support/spec.js';

const { AWAY, REFUSED } = defineErrors({
  AWAY: { message: 'away', action: 'Wait.', retryable: true },
  REFUSED: { message: 'refused', action: 'Ask.', retryable: false },
});

/** The longest wait the jitter allows, so that times can be foretold. */
const LONGEST: Rng = { ...seededRng('unused'), fraction: () => 1 };

type Outcome<T> = { value: T } | { error: unknown } | undefined;

interface Bench {
  readonly clock: FakeClock;
  readonly run: <T>(
    operation: (attempt: Attempt) => Promise<T>,
    options?: Partial<RetryOptions>,
  ) => () => Outcome<T>;
}

function bench(): Bench {
  const clock = new FakeClock();
  const run: Bench['run'] = <T>(
    operation: (attempt: Attempt) => Promise<T>,
    options: Partial<RetryOptions> = {},
  ) => {
    let outcome: Outcome<T>;
    const defaults = {
      clock,
      rng: LONGEST,
      deadlineMs: 10_000,
      attemptsMax: 5,
      delayMs: 100,
      delayMsMax: 1000,
    };
    retry(operation, { ...defaults, ...options }).then(
      (value) => (outcome = { value }),
      (error: unknown) => (outcome = { error }),
    );
    return () => outcome;
  };
  return { clock, run };
}

function errorOf(outcome: Outcome<unknown>): unknown {
  assert.ok(outcome !== undefined && 'error' in outcome, 'expected a failure');
  return outcome.error;
}

spec('retry', (it) => {
  it('returns the first success and leaves no timer', async () => {
    const { clock, run } = bench();
    const outcome = run(() => Promise.resolve('done'));
    await clock.advance(0);
    assert.equal(outcome(), { value: 'done' });
    assert.is(clock.pendingTimers, 0);
  });

  it('waits longer after each failure, up to its maximum', async () => {
    const { clock, run } = bench();
    const startedAt: number[] = [];
    const outcome = run(
      () => {
        startedAt.push(clock.monotonicMs());
        return Promise.reject(AWAY());
      },
      { attemptsMax: 6, delayMsMax: 500 },
    );
    await clock.advance(10_000);
    assert.equal(startedAt, [0, 100, 300, 700, 1200, 1700]);
    assert.ok(isOperatingError(errorOf(outcome()), 'RETRY_ATTEMPTS_EXHAUSTED'));
    assert.is(clock.pendingTimers, 0);
  });

  it('spreads its waits evenly between nothing and the maximum', async () => {
    const { clock, run } = bench();
    const startedAt: number[] = [];
    run(
      () => {
        startedAt.push(clock.monotonicMs());
        return Promise.reject(AWAY());
      },
      { rng: seededRng('jitter'), attemptsMax: 1000, delayMs: 100, delayMsMax: 100, deadlineMs: 1_000_000 },
    );
    await clock.advance(200_000);
    const waits = startedAt.slice(1).map((atMs, index) => atMs - (startedAt[index] ?? 0));
    assert.is(waits.length, 999);
    const mean = waits.reduce((sum, wait) => sum + wait, 0) / waits.length;
    assert.ok(Math.abs(mean - 50) < 5, `mean wait ${String(mean)} ms`);
    assert.ok(Math.min(...waits) < 5 && Math.max(...waits) > 95 && Math.max(...waits) < 100);
  });

  it('tells each attempt its number and what is left of the deadline', async () => {
    const { clock, run } = bench();
    const told: [number, number][] = [];
    run(({ attempt, remainingMs }) => {
      told.push([attempt, remainingMs]);
      return Promise.reject(AWAY());
    });
    await clock.advance(10_000);
    assert.equal(told, [
      [1, 10_000],
      [2, 9900],
      [3, 9700],
      [4, 9300],
      [5, 8500],
    ]);
  });

  it('keeps the last failure as the cause when its attempts are used up', async () => {
    const { clock, run } = bench();
    const failures = [AWAY(), AWAY()];
    const outcome = run(({ attempt }) => Promise.reject(failures[attempt - 1] ?? new Error('one too many')), {
      attemptsMax: 2,
      what: 'writing to the store',
    });
    await clock.advance(10_000);
    const error = errorOf(outcome());
    assert.ok(isOperatingError(error, 'RETRY_ATTEMPTS_EXHAUSTED'));
    assert.is((error as Error).cause, failures[1]);
    assert.is((error as Error).message, 'writing to the store failed 2 times');
  });

  it('hands out a failure that is not retryable as it is, at once', async () => {
    const { clock, run } = bench();
    const failures = [REFUSED(), new Error('a programmer’s error')];
    for (const failure of failures) {
      const outcome = run(() => Promise.reject(failure));
      await clock.advance(0);
      assert.is(errorOf(outcome()), failure);
    }
    assert.is(clock.pendingTimers, 0);
  });

  it('asks isRetryable instead when it is given', async () => {
    const { clock, run } = bench();
    let attempts = 0;
    const outcome = run(
      () => {
        attempts += 1;
        return attempts < 3 ? Promise.reject(new Error('busy')) : Promise.resolve(attempts);
      },
      { isRetryable: (error) => error instanceof Error && error.message === 'busy' },
    );
    await clock.advance(10_000);
    assert.equal(outcome(), { value: 3 });
  });

  it('treats an operation that throws before it returns like one that rejects', async () => {
    const { clock, run } = bench();
    const failure = REFUSED();
    const outcome = run(() => {
      throw failure;
    });
    await clock.advance(0);
    assert.is(errorOf(outcome()), failure);
  });

  it('cancels the running attempt at the deadline, and does not wait for it', async () => {
    const { clock, run } = bench();
    const failure = AWAY();
    let isCancelled = false;
    const outcome = run(
      ({ attempt, signal }) => {
        if (attempt === 1) return Promise.reject(failure);
        signal.addEventListener('abort', () => (isCancelled = true));
        return new Promise<never>(() => undefined);
      },
      { deadlineMs: 1000, attemptsMax: 2 },
    );
    await clock.advance(999);
    assert.is(outcome(), undefined);
    assert.not(isCancelled);
    await clock.advance(1);
    assert.ok(isCancelled);
    const error = errorOf(outcome());
    assert.ok(isOperatingError(error, 'RETRY_DEADLINE_EXCEEDED'));
    assert.is((error as Error).cause, failure);
    assert.match((error as Error).message, 'within 1000 ms (2 attempts)');
    assert.is(clock.pendingTimers, 0);
  });

  it('ends a wait between attempts at the deadline', async () => {
    const { clock, run } = bench();
    const outcome = run(() => Promise.reject(AWAY()), { delayMs: 800, delayMsMax: 800, deadlineMs: 1000 });
    await clock.advance(1000);
    assert.ok(isOperatingError(errorOf(outcome()), 'RETRY_DEADLINE_EXCEEDED'));
    assert.is(clock.pendingTimers, 0);
  });

  it('begins no attempt when no time is left', async () => {
    const { clock, run } = bench();
    let attempts = 0;
    const operation = (): Promise<never> => {
      attempts += 1;
      return Promise.reject(AWAY());
    };
    const outcomes = [0, -5].map((deadlineMs) => run(operation, { deadlineMs }));
    // Due at the same moment, the end of the wait comes before or after the deadline's timer.
    outcomes.push(run(operation, { deadlineMs: 100, delayMs: 100 }));
    await clock.advance(1000);
    for (const outcome of outcomes)
      assert.ok(isOperatingError(errorOf(outcome()), 'RETRY_DEADLINE_EXCEEDED'));
    assert.is(attempts, 1);
  });

  it('begins no attempt after the deadline when its timer is late', async () => {
    const { clock, run } = bench();
    let isStalled = false;
    let attempts = 0;
    // The wait's timer fires, late, in the same turn in which the deadline has passed already.
    const lateClock = Object.assign(Object.create(clock) as FakeClock, {
      monotonicMs: () => clock.monotonicMs() + (isStalled ? 60_000 : 0),
      schedule: clock.schedule.bind(clock),
      sleep: clock.sleep.bind(clock),
    });
    const outcome = run(
      () => {
        attempts += 1;
        return Promise.reject(AWAY());
      },
      { clock: lateClock },
    );
    await clock.advance(50);
    isStalled = true;
    await clock.advance(50);
    assert.ok(isOperatingError(errorOf(outcome()), 'RETRY_DEADLINE_EXCEEDED'));
    assert.is(attempts, 1);
  });

  it('stops with the reason of the caller, in an attempt and in a wait', async () => {
    for (const operation of [() => new Promise<never>(() => undefined), () => Promise.reject(AWAY())]) {
      const { clock, run } = bench();
      const aborting = new AbortController();
      const reason = new Error('the caller hung up');
      const outcome = run(operation, { signal: aborting.signal });
      await clock.advance(50);
      aborting.abort(reason);
      await clock.advance(0);
      assert.is(errorOf(outcome()), reason);
      assert.is(clock.pendingTimers, 0);
    }
  });

  it('does not begin for a caller that aborted before', async () => {
    const { clock, run } = bench();
    const outcome = run(() => Promise.reject(new Error('begun')), { signal: AbortSignal.abort('gone') });
    await clock.advance(0);
    assert.is((errorOf(outcome()) as Error).cause, 'gone');
  });

  it('ignores what a cancelled attempt does later', async () => {
    const { clock, run } = bench();
    const outcome = run(
      async () => {
        await clock.sleep(5000);
        throw new Error('late failure, which must not end the process');
      },
      { deadlineMs: 100 },
    );
    await clock.advance(10_000);
    assert.ok(isOperatingError(errorOf(outcome()), 'RETRY_DEADLINE_EXCEEDED'));
  });

  it('goes on for thousands of attempts without a wait that is not a number', async () => {
    const { clock, run } = bench();
    const outcome = run(
      ({ attempt }) => (attempt < 3000 ? Promise.reject(AWAY()) : Promise.resolve(attempt)),
      { attemptsMax: Infinity, delayMs: 0 },
    );
    await clock.advance(0);
    for (let turn = 0; turn < 3000 && outcome() === undefined; turn += 1) await clock.advance(0);
    assert.equal(outcome(), { value: 3000 });
  });

  it('refuses to try less than once', async () => {
    const { clock, run } = bench();
    const outcome = run(() => Promise.resolve(1), { attemptsMax: 0 });
    await clock.advance(0);
    assert.instance(errorOf(outcome()), RangeError);
  });
});
