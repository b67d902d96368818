import { argon2Passwords } from '../../../../web-admin/identity/passwords.js';
import { assert, spec } from '../../../support/spec.js';

spec('passwords', { deadlineMs: 30_000 }, (it) => {
  it('are kept as argon2id with 64 MiB, never the same twice, and found right again', async () => {
    const [one, two] = await Promise.all(['p', 'p'].map((password) => argon2Passwords.hash(password)));
    assert.match(one ?? '', /^\$argon2id\$v=19\$m=65536,t=3,p=4\$/);
    assert.is.not(one, two);
    assert.is(await argon2Passwords.verify(one, 'p'), true);
    assert.is(await argon2Passwords.verify(one, 'q'), false);
  });

  it('of an account that is not there are compared all the same, and are wrong', async () => {
    assert.is(await argon2Passwords.verify(undefined, 'p'), false);
  });
});
