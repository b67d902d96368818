import {
  authenticatedUser,
  displayName,
  keyOfInfo,
  readContacts,
  replacedBy,
  userOf,
} from '../../../../appliance/signalling/sip-values.js';
import { assert, spec } from '../../../support/spec.js';

spec('what is read of a SIP request', (it) => {
  it('is the user part of a URI, however it is written', () => {
    const users: readonly (readonly [uri: string, user: string])[] = [
      ['sip:8001@10.0.0.1:5060;transport=tcp', '8001'],
      ['"Zhang" <sip:%2B8613800138000;phone-context=x@host>;tag=1', '+8613800138000'],
      ['tel:+8610-65129000;isub=1', '+8610-65129000'],
      ['sips:a:secret@host', 'a'],
      ['sip:host', ''],
      ['', ''],
      ['sip:%zz@host', '%zz'],
    ];
    for (const [uri, user] of users) assert.is(userOf(uri), user, uri);
    assert.ok(userOf(`sip:${'9'.repeat(100_000)}@host`).length <= 256);
  });

  it('is who was let in', () => {
    assert.is(authenticatedUser('Digest username="8001", realm="x"'), '8001');
    assert.is(authenticatedUser('Digest realm="username=\\"1\\"", username="80\\"01"'), '80"01');
    assert.is(authenticatedUser(undefined), undefined);
    assert.is(authenticatedUser('Digest realm="x"'), undefined);
  });

  it('is where a phone is reached, with its instance', () => {
    const parsed = [
      { uri: 'sip:8001@a', params: { expires: '60', '+sip.instance': '"<urn:uuid:1>"', 'reg-id': '2' } },
    ];
    assert.equal(readContacts(parsed), [
      { uri: 'sip:8001@a', expiresSeconds: 60, instance: '<urn:uuid:1>', regId: 2 },
    ]);
    assert.equal(readContacts(undefined), []);
    assert.is(readContacts([{ uri: 7 }]), undefined);
    assert.is(readContacts(['x']), undefined);
  });

  it('is the dialog that a Refer-To replaces', () => {
    assert.equal(replacedBy('<sip:8002@h?Replaces=c%40x%3Bto-tag%3Dt%3Bfrom-tag%3Df>'), {
      ...{ sipCallId: 'c@x', toTag: 't', fromTag: 'f' },
    });
    assert.is(replacedBy('<sip:8002@h>'), undefined);
    assert.equal(replacedBy('<sip:8002@h?Replaces=%zz>')?.toTag, '');
  });

  it('is a key in an INFO', () => {
    assert.equal(['Signal=5\r\nDuration=160', 'signal = *', '7', '', undefined, 'Signal=x'].map(keyOfInfo), [
      '5',
      '*',
      '7',
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('is fit for a display', () => {
    assert.is(displayName('a"b\\c\r\nVia: x'), 'abcVia: x');
  });
});
