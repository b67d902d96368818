import { answerChallenge, chooseChallenge, type Challenge } from '../../../../../ops/lab/ua/digest.js';
import { assert, spec } from '../../../../support/spec.js';

/** RFC 7616 3.9.1. */
const REALM = 'realm="http-auth@example.org", qop="auth, auth-int"';
const NONCE =
  'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"';
const MUFASA = { username: 'Mufasa', password: 'Circle of Life' };
const CNONCE = 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ';

function challengeOf(...values: readonly string[]): Challenge {
  const challenge = chooseChallenge(values);
  assert.ok(challenge);
  return challenge;
}

function responseTo(challenge: Challenge): string | undefined {
  const value = answerChallenge(challenge, MUFASA, 'GET', '/dir/index.html', CNONCE);
  return /response="([^"]*)"/.exec(value)?.[1];
}

spec('digest authentication of a user agent', (it) => {
  const md5 = `Digest ${REALM}, algorithm=MD5, ${NONCE}`;
  const sha256 = `Digest ${REALM}, algorithm=SHA-256, ${NONCE}`;

  it('answers the example of RFC 7616 in MD5 and in SHA-256', () => {
    assert.is(responseTo(challengeOf(md5)), '8ca523f5e9506fed4657c9700eebdbec');
    assert.is(
      responseTo(challengeOf(sha256)),
      '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1',
    );
  });

  it('takes SHA-256 wherever it is offered, MD5 where nothing is said, and nothing else', () => {
    assert.is(challengeOf(md5, sha256).algorithm, 'SHA-256');
    assert.is(challengeOf('Digest realm="r", nonce="n"').algorithm, 'MD5');
    assert.is(
      chooseChallenge(['Digest realm="r", nonce="n", algorithm=SHA-512-256', 'Basic realm="r"']),
      undefined,
    );
  });

  it('repeats opaque and counts once per nonce', () => {
    const value = answerChallenge(challengeOf(md5), MUFASA, 'GET', '/', CNONCE);
    assert.match(value, 'opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"');
    assert.match(value, 'nc=00000001');
  });

  it('answers without qop as before RFC 2617', () => {
    const value = answerChallenge(challengeOf('Digest realm="r", nonce="n"'), MUFASA, 'GET', '/', CNONCE);
    assert.not.match(value, 'qop');
    assert.not.match(value, 'cnonce');
  });

  it('tells a nonce that was too old from a password that is wrong', () => {
    assert.is(challengeOf('Digest realm="r", nonce="n", stale=TRUE').isStale, true);
    assert.is(challengeOf(md5).isStale, false);
  });
});
