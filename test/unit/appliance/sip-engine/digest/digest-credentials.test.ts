import {
  findNonceCount,
  parseDigestCredentials,
} from '../../../../../appliance/sip-engine/digest/digest-credentials.js';
import { SipSyntaxError } from '../../../../../appliance/sip-engine/message/sip-syntax-error.js';
import { assert, spec } from '../../../../support/spec.js';

const LEAST = 'username="u", realm="r", nonce="n", uri="sip:h", response="0"';

spec('digest-credentials', (it) => {
  it('reads what phones write, however they write it', () => {
    const value =
      ' dIgEsT\tusername = "a \\"b\\"" ,realm="r",nonce="n=",uri="sip:1@h;transport=tcp",response="ff",' +
      'algorithm=SHA-256,cnonce="c\\\\d",opaque="",qop="auth",NC=0000000a,other=thing';
    assert.equal(parseDigestCredentials(value), {
      username: 'a "b"',
      realm: 'r',
      nonce: 'n=',
      uri: 'sip:1@h;transport=tcp',
      response: 'ff',
      algorithm: 'SHA-256',
      cnonce: 'c\\\\d',
      qop: 'auth',
      nc: '0000000a',
      hidesUsername: false,
    });
  });

  it('reads a name in UTF-8', () => {
    const wire = Buffer.from('Digest username="护士", realm="r", nonce="n", uri="u", response=""').toString(
      'latin1',
    );
    assert.is(parseDigestCredentials(wire)?.username, '护士');
  });

  it('has nothing to say about other schemes', () => {
    assert.is(parseDigestCredentials('Basic dXNlcjpwYXNz'), undefined);
    assert.is(parseDigestCredentials('Bearer a.b.c'), undefined);
  });

  it('sees that a name is hidden', () => {
    assert.ok(parseDigestCredentials(`Digest ${LEAST}, userhash=true`)?.hidesUsername);
    assert.not.ok(parseDigestCredentials(`Digest ${LEAST}, userhash=false`)?.hidesUsername);
    const extended = LEAST.replace('username="u"', "username*=UTF-8''u");
    assert.ok(parseDigestCredentials(`Digest ${extended}`)?.hidesUsername);
  });

  it('refuses what two readers would read differently', () => {
    for (const value of [
      '',
      'Digest',
      'Digest ',
      'Digest username',
      'Digest username=',
      `Digest ${LEAST},`,
      `Digest ,${LEAST}`,
      `Digest ${LEAST}, realm="other"`,
      `Digest ${LEAST}, REALM="other"`,
      `Digest ${LEAST} x`,
      `Digest ${LEAST}; x=y`,
      'Digest username="u, realm="r"',
      'Digest username="u", realm="r", nonce="n", uri="sip:h", response="0',
      'Digest username="u", realm="r", nonce="n", uri="sip:h"',
      'Digest username="u", realm="r", nonce="n", response="0"',
    ]) {
      assert.throws(() => parseDigestCredentials(value), SipSyntaxError, value);
    }
  });

  it('takes eight hexadecimal digits for a count, and no zero', () => {
    assert.is(findNonceCount('00000001'), 1);
    assert.is(findNonceCount('fFfFfFfF'), 0xffffffff);
    for (const bad of [
      undefined,
      '',
      '1',
      '00000000',
      '0000001',
      '000000001',
      '0000000g',
      '0x000001',
      '-0000001',
    ])
      assert.is(findNonceCount(bad), undefined, bad);
  });
});
