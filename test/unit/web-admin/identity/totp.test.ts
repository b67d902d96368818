import {
  decodeBase32,
  encodeBase32,
  findTotpStep,
  totpCode,
  totpStepOf,
  totpUri,
} from '../../../../web-admin/identity/totp.js';
import { assert, spec } from '../../../support/spec.js';

const KEY = Buffer.from('12345678901234567890');

spec('one-time passwords by time', (it) => {
  it('are those of RFC 6238 appendix B', () => {
    const vectors = [
      [59, '94287082'],
      [1_111_111_109, '07081804'],
      [1_111_111_111, '14050471'],
      [1_234_567_890, '89005924'],
      [2_000_000_000, '69279037'],
      [20_000_000_000, '65353130'],
    ] as const;
    for (const [seconds, code] of vectors) assert.is(totpCode(KEY, totpStepOf(seconds * 1000), 8), code);
  });

  it('are those of RFC 4226 appendix D by their counter', () => {
    const codes = ['755224', '287082', '359152', '969429', '338314'];
    assert.equal(
      codes.map((_, counter) => totpCode(KEY, counter)),
      codes,
    );
  });

  it('may be one step early or late, and no more', () => {
    const key = encodeBase32(KEY);
    const atMs = 1_800_000_000_000;
    const step = totpStepOf(atMs);
    for (const [drift, found] of [
      [-2, undefined],
      [-1, step - 1],
      [0, step],
      [1, step + 1],
      [2, undefined],
    ] as const)
      assert.is(findTotpStep(key, totpCode(KEY, step + drift), atMs), found);
    assert.is(findTotpStep(key, '12345', atMs), undefined);
  });

  it('have keys in base 32 as in RFC 4648 section 10', () => {
    assert.is(encodeBase32(Buffer.from('foobar')), 'MZXW6YTBOI');
    assert.is(Buffer.from(decodeBase32('mzxw6ytboi')).toString(), 'foobar');
    assert.throws(() => decodeBase32('a1'), /A to Z and 2 to 7/);
  });

  it('are told to an authenticator as it reads them', () => {
    const uri = new URL(totpUri('ABC', 'wang.fang', 'Wardline box'));
    assert.is(uri.protocol, 'otpauth:');
    assert.is(uri.searchParams.get('secret'), 'ABC');
    assert.is(uri.searchParams.get('issuer'), 'Wardline box');
    assert.match(uri.href, /Wardline%20box:wang\.fang/);
  });
});
