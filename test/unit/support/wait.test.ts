/** test/support/wait.ts: what a wait says when it fails is what a person debugs with. */
import { assert, assertRejects, spec } from '../../support/spec.js';
import { notYet, waitFor } from '../../support/wait.js';

const QUICK = { deadlineMs: 60, intervalMs: 5 };

spec('waiting', (it) => {
  it('returns what the probe returns as soon as that is true', async () => {
    let looks = 0;
    const value = await waitFor('three looks', () => (++looks === 3 ? 'here' : undefined), QUICK);
    assert.is(value, 'here');
    assert.is(looks, 3);
  });

  it('says at the deadline what was waited for and which value was last seen', async () => {
    const work = waitFor('two nodes', () => notYet({ nodes: ['a'] }), QUICK);
    await assertRejects(work, /waited for: two nodes; .* within 60 ms .*last seen: \{ nodes: \[ 'a' \] \}/);
  });

  it('says a falsy value, too', async () => {
    await assertRejects(
      waitFor('a leader', () => null, QUICK),
      /last seen: null/,
    );
  });

  it('takes an error of the probe as "not yet" and keeps the last one as the cause', async () => {
    const refused = new Error('connection refused');
    const work = waitFor(
      'an answer',
      () => {
        throw refused;
      },
      QUICK,
    );
    const error = await assertRejects(work, /last seen: the error "connection refused"/);
    assert.is((error as Error).cause, refused);
  });

  it('ends at the deadline although the probe never returns, and keeps what was seen before', async () => {
    let looks = 0;
    const probe = (): Promise<boolean> | boolean => (++looks === 1 ? false : new Promise(() => undefined));
    await assertRejects(
      waitFor('an answer', probe, QUICK),
      /last seen: false, and then the probe did not return/,
    );
  });

  it('ends early when its signal is aborted', async () => {
    const stop = new AbortController();
    const probe = (): boolean => {
      stop.abort();
      return false;
    };
    await assertRejects(
      waitFor('never', probe, { deadlineMs: 9_000, signal: stop.signal }),
      /was stopped \(1 look\)/,
    );
  });
});
