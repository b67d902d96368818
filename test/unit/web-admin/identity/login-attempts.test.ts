import {
  ACCOUNT_RULES,
  lockedForMs,
  noteRight,
  noteWrong,
  type LoginAttempts,
} from '../../../../web-admin/identity/login-attempts.js';
import { assert, spec } from '../../../support/spec.js';

const RULES = { free: 2, lockMs: 1000, lockMsMax: 3000, forgetMs: 60_000 };

function wrongs(count: number, nowMs = 0): LoginAttempts {
  let attempts: LoginAttempts = new Map();
  for (let index = 0; index < count; index += 1) attempts = noteWrong(attempts, 'li', RULES, nowMs);
  return attempts;
}

spec('wrong attempts to log in', (it) => {
  it('cost nothing at first, then a lock that doubles up to its maximum', () => {
    const locks = [1, 2, 3, 4, 5, 6].map((count) => lockedForMs(wrongs(count), 'li', 0));
    assert.equal(locks, [0, 0, 1000, 2000, 3000, 3000]);
  });

  it('lock the subject alone, and for its time alone', () => {
    assert.is(lockedForMs(wrongs(3), 'wang', 0), 0);
    assert.is(lockedForMs(wrongs(3), 'li', 400), 600);
    assert.is(lockedForMs(wrongs(3), 'li', 1000), 0);
  });

  it('are forgotten after a right one, or after their time', () => {
    assert.is(lockedForMs(noteWrong(noteRight(wrongs(5), 'li'), 'li', RULES, 0), 'li', 0), 0);
    assert.is(lockedForMs(noteWrong(wrongs(5), 'li', RULES, 60_001), 'li', 60_001), 0);
  });

  it('of made-up names take no more than their share of memory', () => {
    let attempts: LoginAttempts = new Map();
    const big = new Map(
      Array.from({ length: 10_000 }, (_, index) => [
        `n${String(index)}`,
        { wrong: 1, lastWallMs: 0, lockedUntilMs: 0 },
      ]),
    );
    attempts = noteWrong(big, 'li', ACCOUNT_RULES, 0);
    assert.is(attempts.size, 10_000);
    assert.ok(attempts.has('li') && !attempts.has('n0'));
  });
});
