import {
  digestResponseOf,
  ha1Of,
  isSameDigest,
  type DigestAlgorithm,
} from '../../../../../appliance/sip-engine/digest/digest-response.js';
import { assert, spec } from '../../../../support/spec.js';

/** RFC 7616 section 3.9.1. */
const RFC_7616 = {
  username: 'Mufasa',
  realm: 'http-auth@example.org',
  password: 'Circle of Life',
  input: {
    method: 'GET',
    uri: '/dir/index.html',
    nonce: '7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v',
    nc: '00000001',
    cnonce: 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ',
  },
  responses: {
    MD5: '8ca523f5e9506fed4657c9700eebdbec',
    'SHA-256': '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1',
  },
};

spec('digest-response', (it) => {
  for (const algorithm of ['MD5', 'SHA-256'] as const satisfies readonly DigestAlgorithm[]) {
    it(`gives the response of RFC 7616 3.9.1 with ${algorithm}`, () => {
      const { username, realm, password, input, responses } = RFC_7616;
      const ha1 = ha1Of(algorithm, username, realm, password);
      assert.is(digestResponseOf(algorithm, ha1, input), responses[algorithm]);
    });
  }

  it('takes names and passwords as UTF-8', () => {
    // printf 'Jäger:r:护士' | md5sum, in a terminal with UTF-8
    assert.is(ha1Of('MD5', 'Jäger', 'r', '护士'), 'e7693c42b82acfb8720425257d910cd3');
  });

  it('compares digests of any length', () => {
    assert.ok(isSameDigest('abc', 'abc'));
    assert.not.ok(isSameDigest('abc', 'abd'));
    assert.not.ok(isSameDigest('abc', 'ab'));
    assert.not.ok(isSameDigest('', 'ab'));
  });
});
