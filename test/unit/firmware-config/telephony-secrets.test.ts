import { createHash } from 'node:crypto';
import { exampleSite } from '../../../firmware-config/defaults/example-site.js';
import { examplePassword, examplePin } from '../../../firmware-config/defaults/example-telephony.js';
import { parseSite } from '../../../firmware-config/parse-site.js';
import {
  findPinHashProblem,
  hashPin,
  isPinRight,
  makeHa1,
  makeNonceKey,
} from '../../../firmware-config/telephony-secrets.js';
import { parseExampleCalls } from '../../support/example-calls.js';
import { assert, spec } from '../../support/spec.js';

const CHEAP = { N: 1024, r: 8, p: 1 };
const SALT = Buffer.alloc(16, 7);
const { telephony } = parseExampleCalls(parseSite(exampleSite()));

spec('secrets of a telephony document', (it) => {
  it('a password is hashed as RFC 2617 3.5 and RFC 7616 3.9.1 have it', () => {
    const { md5 } = makeHa1('Mufasa', 'testrealm@host.com', 'Circle Of Life');
    assert.is(md5, '939e7578ed9e3c518a452acee763bce9');
    const { sha256 } = makeHa1('Mufasa', 'http-auth@example.org', 'Circle of Life');
    assert.is(sha256, '7987c64c30e25f1b74be53f966b49b90f2808aa92faf9a00262392d7b4794232');
  });

  it('a PIN is known by its hash, another one is not', async () => {
    const hash = hashPin('4711', SALT, CHEAP);
    assert.match(hash, /^scrypt\$1024\$8\$1\$[A-Za-z0-9+/=]+\$[A-Za-z0-9+/]{43}=$/);
    assert.is(await isPinRight('4711', hash), true);
    for (const wrong of ['4712', '', '47110']) assert.is(await isPinRight(wrong, hash), false, wrong);
    assert.is.not(hash, hashPin('4711', Buffer.alloc(16, 8), CHEAP));
  });

  it('the cost of a hash has bounds', () => {
    const costing = (N: number, r: number): string => `scrypt$${String(N)}$${String(r)}$1$AAAA$AAAA`;
    assert.is(findPinHashProblem(costing(16_384, 8)), undefined);
    assert.is(findPinHashProblem(costing(131_072, 8)), undefined);
    assert.match(findPinHashProblem(costing(512, 8)) ?? '', /512/);
    assert.match(findPinHashProblem(costing(20_000, 8)) ?? '', /no power of two/);
    assert.match(findPinHashProblem(costing(262_144, 8)) ?? '', /262144/);
    assert.match(findPinHashProblem(costing(131_072, 32)) ?? '', /256 MiB/);
  });

  it('both nodes make the same key of the nonces, whatever the order of the seats, and no one else does', () => {
    const key = makeNonceKey(telephony);
    assert.match(key, /^[0-9a-f]{64}$/);
    assert.is(makeNonceKey({ ...telephony, seats: telephony.seats.toReversed() }), key);
    assert.is.not(makeNonceKey({ ...telephony, seats: telephony.seats.slice(1) }), key);
    assert.is.not(makeNonceKey({ ...telephony, realm: 'other.example' }), key);
    const known = createHash('sha256').update(JSON.stringify(telephony.seats)).digest('hex');
    assert.is.not(key, known);
  });

  it('the demonstration hospital has the passwords and PINs that are documented', async () => {
    for (const { user, extension, ha1 } of telephony.seats)
      assert.equal(ha1, makeHa1(user, telephony.realm, examplePassword(extension)));
    for (const { id, pinHash } of telephony.callTakers)
      assert.is(await isPinRight(examplePin(id), pinHash), true, id);
    assert.equal(
      ['1001', '1012'].map((id) => examplePin(id)),
      ['4001', '4012'],
    );
  });
});
