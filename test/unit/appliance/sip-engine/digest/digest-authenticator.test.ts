import {
  DigestAuthenticator,
  type DigestOptions,
  type DigestRequest,
  type DigestVerdict,
} from '../../../../../appliance/sip-engine/digest/digest-authenticator.js';
import {
  digestResponseOf,
  ha1Of,
  type DigestAlgorithm,
} from '../../../../../appliance/sip-engine/digest/digest-response.js';
import { FakeClock } from '../../../../../cluster/base/clock.js';
import type { Rng } from '../../../../../cluster/base/rng.js';
import { assert, spec } from '../../../../support/spec.js';

const REALM = 'hospital.example';
const KEY = Buffer.alloc(32, 7);
const URI = 'sip:hospital.example';
const PASSWORD = 'correct horse';

const USERS = new Map(
  ['103', '护士'].map((username) => [
    username,
    {
      sha256: ha1Of('SHA-256', username, REALM, PASSWORD),
      md5: ha1Of('MD5', username, REALM, PASSWORD),
    },
  ]),
);

function nodeOf(options: Partial<DigestOptions> = {}): { clock: FakeClock; node: DigestAuthenticator } {
  const clock = new FakeClock();
  const find = (username: string) => USERS.get(username);
  return {
    clock,
    node: new DigestAuthenticator({ realm: REALM, key: KEY, addressId: 'a', clock, find, ...options }),
  };
}

function nonceOf(challenge: string | undefined): string {
  const start = (challenge ?? '').indexOf('nonce="') + 7;
  return (challenge ?? '').slice(start, (challenge ?? '').indexOf('"', start));
}

interface Answer {
  readonly nonce: string;
  readonly username?: string;
  readonly password?: string;
  readonly algorithm?: DigestAlgorithm;
  readonly method?: string;
  readonly uri?: string;
  readonly count?: number;
  /** Text before -> text after, in the finished value. */
  readonly change?: readonly [string, string];
}

function valueOf(answer: Answer): string {
  const { nonce, username = '103', password = PASSWORD, algorithm = 'SHA-256', method = 'REGISTER' } = answer;
  const { uri = URI, count = 1, change = ['', ''] } = answer;
  const nc = count.toString(16).padStart(8, '0');
  const input = { method, uri, nonce, nc, cnonce: 'c1' };
  const response = digestResponseOf(algorithm, ha1Of(algorithm, username, REALM, password), input);
  const name = Buffer.from(username).toString('latin1');
  return (
    `Digest username="${name}", realm="${REALM}", nonce="${nonce}", uri="${uri}", response="${response}", ` +
    `algorithm=${algorithm}, cnonce="c1", qop=auth, nc=${nc}`
  ).replace(...change);
}

function requestOf(answer: Answer): DigestRequest {
  return { method: answer.method ?? 'REGISTER', requestUri: URI, headerValues: [valueOf(answer)] };
}

function textOf(verdict: DigestVerdict): string {
  if (verdict.kind === 'accepted') return `accepted ${verdict.username}`;
  const stale = verdict.kind === 'challenge' && verdict.stale ? ' stale' : '';
  return `${verdict.kind} ${verdict.why}${stale}${verdict.isFailure ? ' failure' : ''}`;
}

/** Says what the node makes of the answer to its own challenge. */
function tryOn(node: DigestAuthenticator, answer: Partial<Answer> = {}): string {
  return textOf(node.verify(requestOf({ nonce: nonceOf(node.challenges(false)[0]), ...answer })));
}

function mutate(text: string, rng: Rng): string {
  const at = rng.integer(0, text.length);
  const piece = rng.pick(['"', '\\', ',', '=', ' ', '', '\0', '\xff', 'nonce="', 'a'.repeat(300), '%', ';']);
  return text.slice(0, at) + piece + text.slice(at + rng.integer(0, 3));
}

spec('digest-authenticator', (it) => {
  it('offers SHA-256 before MD5, for one nonce', () => {
    const { node } = nodeOf();
    const [first, second, ...others] = node.challenges(false);
    const nonce = nonceOf(first);
    assert.is(first, `Digest realm="${REALM}", nonce="${nonce}", algorithm=SHA-256, qop="auth"`);
    assert.is(second, `Digest realm="${REALM}", nonce="${nonce}", algorithm=MD5, qop="auth"`);
    assert.equal(others, []);
    assert.ok(node.challenges(true).every((value) => value.endsWith(', stale=true')));
  });

  it('never makes the same nonce twice, not even within a millisecond', () => {
    const { node } = nodeOf();
    const nonces = new Set(Array.from({ length: 1000 }, () => nonceOf(node.challenges(false)[0])));
    assert.is(nonces.size, 1000);
  });

  it('accepts a right answer in either algorithm, for any method', () => {
    const { node } = nodeOf();
    assert.is(tryOn(node), 'accepted 103');
    assert.is(tryOn(node, { algorithm: 'MD5' }), 'accepted 103');
    assert.is(tryOn(node, { algorithm: 'MD5', change: ['algorithm=MD5, ', ''] }), 'accepted 103');
    assert.is(tryOn(node, { change: ['qop=auth', 'qop="auth"'] }), 'accepted 103');
    assert.is(tryOn(node, { method: 'INVITE' }), 'accepted 103');
    assert.is(tryOn(node, { username: '护士' }), 'accepted 护士');
  });

  it('challenges who brings nothing for this realm, and counts it as no failure', () => {
    const { node } = nodeOf();
    const foreign = valueOf({ nonce: 'n' }).replace(REALM, 'elsewhere');
    const empty = `Digest username="103", realm="${REALM}", nonce="", uri="${URI}", response=""`;
    for (const headerValues of [[], ['Basic abc'], [foreign], [foreign, foreign], [empty]]) {
      const verdict = node.verify({ method: 'REGISTER', requestUri: URI, headerValues });
      assert.is(textOf(verdict), 'challenge no-credentials', headerValues.join());
    }
  });

  it('finds its own among the credentials of several realms', () => {
    const { node } = nodeOf();
    const value = valueOf({ nonce: nonceOf(node.challenges(false)[0]) });
    const headerValues = [value.replace(REALM, 'elsewhere'), 'Basic abc', value];
    assert.is(textOf(node.verify({ method: 'REGISTER', requestUri: URI, headerValues })), 'accepted 103');
    const twice = node.verify({ method: 'REGISTER', requestUri: URI, headerValues: [value, value] });
    assert.is(textOf(twice), 'refused several-credentials failure');
  });

  it('answers an unknown user exactly like a wrong password', () => {
    const { node } = nodeOf();
    const wrong = node.verify(requestOf({ nonce: nonceOf(node.challenges(false)[0]), password: 'x' }));
    const unknown = node.verify(requestOf({ nonce: nonceOf(node.challenges(false)[0]), username: '999' }));
    assert.is(textOf(wrong), 'challenge wrong-response failure');
    assert.equal(unknown, wrong);
    assert.is(node.noncesKept, 0);
  });

  it('looks a user up once for each answer, known or not, and compares either with a digest', () => {
    const asked: string[] = [];
    const { node } = nodeOf({ find: (username) => (asked.push(username), undefined) });
    assert.is(tryOn(node, { username: 'nobody' }), 'challenge wrong-response failure');
    assert.equal(asked, ['nobody']);
  });

  it('lets nobody in by an algorithm for which no secret is kept', () => {
    const { node } = nodeOf({ find: () => ({ sha256: ha1Of('SHA-256', '103', REALM, PASSWORD) }) });
    assert.is(tryOn(node), 'accepted 103');
    assert.is(tryOn(node, { algorithm: 'MD5' }), 'challenge wrong-response failure');
  });

  it('binds an answer to its method and to its uri', () => {
    const { node } = nodeOf();
    const nonce = nonceOf(node.challenges(false)[0]);
    const register = valueOf({ nonce });
    const verdict = node.verify({ method: 'INVITE', requestUri: URI, headerValues: [register] });
    assert.is(textOf(verdict), 'challenge wrong-response failure');
    assert.is(tryOn(node, { uri: 'sip:other.example' }), 'refused wrong-uri failure');
    assert.is(tryOn(node, { uri: 'no uri at all' }), 'refused wrong-uri failure');
    assert.is(
      tryOn(node, { uri: 'sip:HOSPITAL.example' }),
      'accepted 103',
      'the same URI by RFC 3261 19.1.4',
    );
  });

  it('lets a request pass once and a higher count after it', () => {
    const { node } = nodeOf();
    const nonce = nonceOf(node.challenges(false)[0]);
    assert.is(tryOn(node, { nonce }), 'accepted 103');
    assert.is(tryOn(node, { nonce }), 'challenge replayed stale');
    assert.is(tryOn(node, { nonce, count: 3 }), 'accepted 103');
    assert.is(tryOn(node, { nonce, count: 2 }), 'accepted 103', 'overtaken on the way');
    assert.is(tryOn(node, { nonce, count: 2 }), 'challenge replayed stale');
  });

  it('says stale of an old nonce only to who knows the password', async () => {
    const { node, clock } = nodeOf();
    const nonce = nonceOf(node.challenges(false)[0]);
    await clock.advance(60_000);
    assert.is(tryOn(node, { nonce }), 'accepted 103');
    await clock.advance(1);
    assert.is(tryOn(node, { nonce, count: 2 }), 'challenge expired stale');
    assert.is(tryOn(node, { nonce, count: 3, password: 'x' }), 'challenge wrong-response failure');
    assert.is(tryOn(node), 'accepted 103');
  });

  it('understands the nonce of its partner, whatever the address', () => {
    const { node: a } = nodeOf();
    const { node: b } = nodeOf({ addressId: 'b' });
    assert.is(tryOn(b, { nonce: nonceOf(a.challenges(false)[0]) }), 'accepted 103');
  });

  it('takes a nonce of a partner whose clock is far off for an old one', () => {
    for (const [offMs, said] of [
      [9_000, 'accepted 103'],
      [11_000, 'challenge expired stale'],
      [-61_000, 'challenge expired stale'],
    ] as const) {
      const { node: a } = nodeOf({ clock: new FakeClock({ wallMs: 1_700_000_000_000 + offMs }) });
      const { node: b } = nodeOf({ addressId: 'b' });
      assert.is(tryOn(b, { nonce: nonceOf(a.challenges(false)[0]) }), said, String(offMs));
    }
  });

  it('is not moved by a wall clock that steps', async () => {
    const { node, clock } = nodeOf();
    const nonce = nonceOf(node.challenges(false)[0]);
    assert.is(tryOn(node, { nonce }), 'accepted 103');
    await clock.advance(61_000);
    assert.is(tryOn(node), 'accepted 103');
    clock.jumpWall(-3_600_000);
    assert.is(tryOn(node, { nonce, count: 1 }), 'challenge expired stale');
    assert.is(tryOn(node), 'accepted 103');
    clock.jumpWall(7_200_000);
    assert.is(tryOn(node), 'accepted 103');
  });

  it('knows a forged nonce by any single character', () => {
    const { node } = nodeOf();
    const nonce = nonceOf(node.challenges(false)[0]);
    for (let at = 0; at < nonce.length; at += 1) {
      const forged = nonce.slice(0, at) + (nonce[at] === 'A' ? 'B' : 'A') + nonce.slice(at + 1);
      assert.is(tryOn(node, { nonce: forged }), 'challenge forged-nonce failure', String(at));
    }
    for (const forged of [
      `${nonce}=`,
      `${nonce}A`,
      `${nonce}!`,
      ` ${nonce}`,
      nonce.slice(1),
      'x',
      'A'.repeat(5000),
    ])
      assert.is(tryOn(node, { nonce: forged }), 'challenge forged-nonce failure', forged.slice(0, 60));
  });

  it('takes nonces of another key and of another realm for forged', () => {
    const { node } = nodeOf();
    for (const options of [{ key: Buffer.alloc(32, 8) }, { realm: 'elsewhere' }]) {
      const nonce = nonceOf(nodeOf(options).node.challenges(false)[0]);
      assert.is(tryOn(node, { nonce }), 'challenge forged-nonce failure');
    }
  });

  it('refuses what a new challenge would not change', () => {
    const { node } = nodeOf();
    for (const [change, why] of [
      [['username="103"', "username*=UTF-8''103"], 'hidden-username'],
      [['qop=auth', 'qop=auth, userhash=true'], 'hidden-username'],
      [['=SHA-256', '=SHA-512-256'], 'algorithm-not-offered'],
      [['=SHA-256', '=SHA-256-sess'], 'algorithm-not-offered'],
      [['qop=auth', 'qop=auth-int'], 'qop-not-offered'],
      [['qop=auth, ', ''], 'qop-not-offered'],
      [['nc=00000001', 'nc=1'], 'bad-nonce-count'],
      [['nc=00000001', 'nc=00000000'], 'bad-nonce-count'],
      [[', nc=00000001', ''], 'bad-nonce-count'],
      [['cnonce="c1", ', ''], 'malformed'],
      [['response="', 'response="\x01'], 'malformed'],
    ] as const) {
      assert.is(tryOn(node, { change }), `refused ${why} failure`, change.join(' -> '));
    }
    assert.is(tryOn(nodeOf({ algorithms: ['MD5'] }).node), 'refused algorithm-not-offered failure');
  });

  it('takes a wrong response of any form', () => {
    const { node } = nodeOf();
    for (const change of [
      ['response="', 'response="0'],
      ['algorithm=SHA-256', 'algorithm=MD5'],
    ] as const)
      assert.is(tryOn(node, { change }), 'challenge wrong-response failure');
  });

  it('keeps a bounded number of nonces, and takes those it had to forget for used up', async () => {
    const { node, clock } = nodeOf({ nonceCountsMax: 50 });
    const first = nonceOf(node.challenges(false)[0]);
    assert.is(tryOn(node, { nonce: first }), 'accepted 103');
    for (let index = 0; index < 200; index += 1) {
      await clock.advance(1);
      assert.is(tryOn(node), 'accepted 103');
    }
    assert.is(node.noncesKept, 50);
    assert.is(tryOn(node, { nonce: first, count: 2 }), 'challenge replayed stale');
    assert.is(tryOn(node), 'accepted 103');
  });

  it('lets a fresh nonce in even when all the others are of the same millisecond', () => {
    const { node } = nodeOf({ nonceCountsMax: 1 });
    for (let index = 0; index < 5; index += 1) assert.is(tryOn(node), 'accepted 103');
  });

  it('forgets nonces that are too old', async () => {
    const { node, clock } = nodeOf();
    for (let index = 0; index < 20; index += 1) tryOn(node);
    await clock.advance(60_001);
    assert.is(tryOn(node), 'accepted 103');
    assert.is(node.noncesKept, 1);
  });

  it('is refused with a short key, a realm that needs escapes, or a long address id', () => {
    for (const options of [
      { key: Buffer.alloc(31) },
      { realm: '' },
      { realm: 'a"b' },
      { realm: 'a\\b' },
      { realm: 'Krankenhäuser' },
      { addressId: 'a'.repeat(33) },
      { nonceCountsMax: 0 },
    ]) {
      assert.throws(() => nodeOf(options), RangeError);
    }
  });

  it('never throws and lets nothing in that differs in what counts, whatever the header holds', (t) => {
    const { node } = nodeOf();
    const seen = new Set<string>();
    for (let round = 0; round < 2000; round += 1) {
      const password = round % 2 === 0 ? PASSWORD : 'wrong';
      let value = valueOf({ nonce: nonceOf(node.challenges(false)[0]), password });
      for (let times = t.rng.integer(1, 4); times > 0; times -= 1) value = mutate(value, t.rng);
      const verdict = node.verify({ method: 'REGISTER', requestUri: URI, headerValues: [value] });
      if (password === 'wrong') assert.is.not(verdict.kind, 'accepted', value);
      seen.add(verdict.kind === 'accepted' ? 'accepted' : verdict.why);
    }
    assert.ok(seen.size >= 6, [...seen].join());
  });

  it('reads 64 kB of hostile header within the time of a slice', () => {
    const { node } = nodeOf();
    const piece = ['a=b,', '"\\"', ' ', 'nonce="",', '=', 'username="'];
    const startMs = performance.now();
    for (const one of piece) {
      const value = `Digest ${one.repeat(65_000 / one.length)}`;
      assert.ok(
        node.verify({ method: 'REGISTER', requestUri: URI, headerValues: [value] }).kind !== 'accepted',
      );
    }
    assert.ok(performance.now() - startMs < 300, 'linear');
  });
});
