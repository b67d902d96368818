import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digestResponseOf, ha1Of } from '../../../../../appliance/sip-engine/digest/digest-response.js';
import { DigestGate } from '../../../../../appliance/sip-engine/engine/digest-gate.js';
import { parseOwnMessage } from '../../../../../appliance/sip-engine/engine/message-access.js';
import type { SipFlow } from '../../../../../appliance/sip-engine/transport/sip-flow.js';
import { FakeClock } from '../../../../../cluster/base/clock.js';
import { assert, spec, type TestContext } from '../../../../support/spec.js';

const REALM = 'hospital.example';
const URI = 'sip:hospital.example';
const PHONE = '192.0.2.103';

function flowFrom(remoteAddress: string): SipFlow {
  const ours = { localAddress: '192.0.2.11', localPort: 5060 };
  return { protocol: 'udp', isReliable: false, ...ours, remoteAddress, remotePort: 5060 };
}

function requestOf(authorization?: string) {
  const lines = [
    `REGISTER ${URI} SIP/2.0`,
    `Via: SIP/2.0/UDP ${PHONE};branch=z9hG4bKa1`,
    'From: <sip:103@hospital.example>;tag=1',
    'To: <sip:103@hospital.example>',
    'Call-ID: a1@phone',
    'CSeq: 1 REGISTER',
    ...(authorization === undefined ? [] : [`Authorization: ${authorization}`]),
    'Content-Length: 0',
  ];
  return parseOwnMessage(Buffer.from(`${lines.join('\r\n')}\r\n\r\n`));
}

function users(...passwords: readonly (readonly [user: string, password: string])[]): string {
  return JSON.stringify(
    Object.fromEntries(
      passwords.map(([user, word]) => [user, { sha256: ha1Of('SHA-256', user, REALM, word) }]),
    ),
  );
}

function gateWith(t: TestContext, credentials: string) {
  const folder = mkdtempSync(join(tmpdir(), 'wardline-digest-'));
  t.defer(() => {
    rmSync(folder, { recursive: true });
  });
  const credentialsFile = join(folder, 'users.json');
  const keyFile = join(folder, 'key');
  writeFileSync(keyFile, Buffer.alloc(32, 7));
  writeFileSync(credentialsFile, credentials);
  const digest = {
    realm: REALM,
    keyFile,
    credentialsFile,
    algorithms: ['SHA-256', 'MD5'] as const,
    methods: ['REGISTER'],
    exemptSources: ['10.9.0.0/16'],
  };
  const open = () =>
    new DigestGate({
      digest,
      clock: new FakeClock(),
      addressId: 'A',
      metrics: { countRefused: () => undefined },
      penalise: () => undefined,
    });
  return { credentialsFile, keyFile, open };
}

/** Answers the challenge as a phone does. */
function isLetIn(gate: DigestGate, user: string, password: string): boolean {
  const challenge = gate.refuse(requestOf(), flowFrom(PHONE))?.headers?.[0]?.value ?? '';
  const nonce = /nonce="([^"]+)"/.exec(challenge)?.[1] ?? '';
  const input = { method: 'REGISTER', uri: URI, nonce, nc: '00000001', cnonce: 'c' };
  const response = digestResponseOf('SHA-256', ha1Of('SHA-256', user, REALM, password), input);
  const who = `Digest username="${user}", realm="${REALM}", nonce="${nonce}", uri="${URI}"`;
  const proof = `${who}, response="${response}", algorithm=SHA-256, qop=auth, nc=00000001, cnonce="c"`;
  return gate.refuse(requestOf(proof), flowFrom(PHONE)) === undefined;
}

spec('digest gate', (it) => {
  it('a phone with the right password passes, a trunk is not asked', (t) => {
    const gate = gateWith(t, users(['103', 'right'])).open();
    assert.ok(isLetIn(gate, '103', 'right'));
    assert.not.ok(isLetIn(gate, '103', 'wrong'));
    assert.is(gate.refuse(requestOf(), flowFrom('10.9.1.2')), undefined);
    assert.is(gate.refuse(requestOf(), flowFrom('10.10.1.2'))?.status, 401);
  });

  it('a phone that was added passes after a reload, one that was removed does not', (t) => {
    const { credentialsFile, open } = gateWith(t, users(['103', 'right']));
    const gate = open();
    writeFileSync(credentialsFile, users(['104', 'new']));
    assert.not.ok(isLetIn(gate, '104', 'new'));
    gate.reload();
    assert.ok(isLetIn(gate, '104', 'new'));
    assert.not.ok(isLetIn(gate, '103', 'right'));
  });

  it('a file that cannot be used is refused by name, and the users of before still count', (t) => {
    const { credentialsFile, open } = gateWith(t, users(['103', 'right']));
    const gate = open();
    const bad = ['{"103": secret', '[]', '{"103": "secret"}', '{"103": {"password": "secret"}}'];
    const noHash = ['{"103": {}}', '{"103": {"md5": "secret"}}', `{"103": {"md5": "${'A'.repeat(32)}"}}`];
    for (const text of [...bad, ...noHash]) {
      writeFileSync(credentialsFile, text);
      assert.throws(
        () => {
          gate.reload();
        },
        (error: { code?: string; message: string }) =>
          error.code === 'SIP_BAD_CREDENTIALS' &&
          error.message.includes(credentialsFile) &&
          !error.message.includes('secret'),
      );
    }
    assert.ok(isLetIn(gate, '103', 'right'));
    assert.throws(open, /users for digest/);
  });

  it('with a key that is too short is not opened', (t) => {
    const { keyFile, open } = gateWith(t, users(['103', 'right']));
    writeFileSync(keyFile, 'short');
    assert.throws(
      open,
      (error: { code?: string; message: string }) =>
        error.code === 'SIP_BAD_KEY' && /digest[.]keyFile.*5 bytes, 32/.test(error.message),
    );
    rmSync(keyFile);
    assert.throws(open, /digest[.]keyFile.*no such file/);
  });
});
