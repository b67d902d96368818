import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { createServer } from 'node:tls';
import type { AddressInfo } from 'node:net';
import {
  NotSentError,
  type TlsMaterial,
  type TransportLimits,
} from '../../../../../appliance/sip-engine/transport/transport-port.js';
import { FakeClock } from '../../../../../cluster/base/clock.js';
import { isOperatingError } from '../../../../../cluster/base/errors.js';
import { assert, assertRejects, spec, type TestContext } from '../../../../support/spec.js';
import { waitFor } from '../../../../support/wait.js';
import { selfSigned } from '../control/self-signed.js';
import { StreamClient, tcpPeer, tlsClient } from './stream-client.js';
import { bench, comes, LOCALHOST, message, Sender, type Bench } from './transport-bench.js';

const PAIR = selfSigned();

function tls(
  t: TestContext,
  material: TlsMaterial = { ...PAIR, ca: PAIR.cert },
  limits: Partial<TransportLimits> = {},
): Promise<Bench & { clock: FakeClock }> {
  const clock = new FakeClock();
  return bench(t, 'tls', { clock, limits, tls: material }).then((one) => ({ ...one, clock }));
}

/** Listens with TLS and remembers what it hears. */
async function tlsPeer(t: TestContext): Promise<{ port: number; accepted: StreamClient[] }> {
  const accepted: StreamClient[] = [];
  const server = createServer(PAIR, (socket) => accepted.push(new StreamClient(t, socket)));
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, LOCALHOST, resolve));
  t.defer(() => {
    for (const { socket } of accepted) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  return { port: (server.address() as AddressInfo).port, accepted };
}

function flowTo(
  one: Bench,
  port: number,
  serverName?: string,
): NonNullable<ReturnType<Bench['layer']['flowTo']>> {
  const name = serverName === undefined ? {} : { serverName };
  return one.layer.flowTo({ protocol: 'tls', address: LOCALHOST, port, ...name })!;
}

spec('SIP over TLS', (it) => {
  it('messages come and answers go as over TCP', async (t) => {
    const one = await tls(t);
    const client = await tlsClient(t, one.port, { ca: PAIR.cert });
    client.say(message('a', 'body'));
    const [{ text, flow }] = (await comes(one)) as [(typeof one.got)[0]];
    assert.is(text, message('a', 'body'));
    assert.is(flow.protocol, 'tls');
    assert.is(flow.remotePort, client.socket.localPort);
    one.layer.send(Buffer.from('answer'), flow, new Sender());
    await client.hears('answer');
    client.socket.destroy();
    await waitFor('the end of it', () => one.closed.length === 1 && one.layer.counts().now.connections === 0);
    assert.is(one.layer.counts().now.handshakes, 0);
  });

  it('two layers talk to each other by one connection', async (t) => {
    const [one, other] = [await tls(t), await tls(t)];
    const sender = new Sender();
    one.layer.send(Buffer.from(message('there')), flowTo(one, other.port), sender);
    const { flow } = (await comes(other))[0]!;
    other.layer.send(Buffer.from(message('back')), flow, sender);
    assert.is((await comes(one))[0]?.text, message('back'));
    assert.equal(sender.errors, []);
  });

  it('a server whose certificate nobody vouches for gets nothing', async (t) => {
    const one = await tls(t, selfSigned());
    const peer = await tlsPeer(t);
    const sender = new Sender();
    one.layer.send(Buffer.from('secret'), flowTo(one, peer.port), sender);
    await waitFor('the error', () => sender.errors.length === 1);
    assert.match(String((sender.errors[0] as NotSentError).cause), /self-signed/);
    assert.ok(peer.accepted.every(({ heard }) => heard === ''));
  });

  it('a server has to have the name that was asked for', async (t) => {
    const one = await tls(t);
    const peer = await tlsPeer(t);
    const sender = new Sender();
    one.layer.send(Buffer.from('a'), flowTo(one, peer.port), sender);
    await waitFor('it at the address', () => peer.accepted.some(({ heard }) => heard === 'a'));
    one.layer.send(Buffer.from('b'), flowTo(one, peer.port, 'trunk.example'), sender);
    await waitFor('the error', () => sender.errors.length === 1);
    assert.match(String((sender.errors[0] as NotSentError).cause), /does not match/);
    assert.ok(peer.accepted.every(({ heard }) => !heard.includes('b')));
  });

  it('it is not verified when the site says so', async (t) => {
    const one = await tls(t, { ...selfSigned(), rejectUnauthorized: false });
    const peer = await tlsPeer(t);
    one.layer.send(Buffer.from('a'), flowTo(one, peer.port, 'trunk.example'), new Sender());
    await waitFor('it', () => peer.accepted[0]?.heard === 'a');
  });

  it('a server that does not shake hands is given up at its deadline', async (t) => {
    const one = await tls(t, undefined, { connectMs: 3000 });
    const silent = await tcpPeer(t);
    const sender = new Sender();
    one.layer.send(Buffer.from('a'), flowTo(one, silent.port), sender);
    one.layer.send(Buffer.from('b'), flowTo(one, silent.port), sender);
    await waitFor('the hello', () => (silent.accepted[0]?.heard.length ?? 0) > 0);
    await one.clock.advance(3000);
    await waitFor('the errors', () => sender.errors.length === 2);
    assert.equal(one.layer.counts().notSent, { connectTooSlow: 2 });
    assert.is(one.clock.pendingTimers, 0);
  });

  it('a certificate is replaced for new connections, and only for them', async (t) => {
    const one = await tls(t);
    const early = await tlsClient(t, one.port, { ca: PAIR.cert });
    const next = selfSigned();
    one.layer.replaceTls(next);
    const late = await tlsClient(t, one.port, { ca: next.cert });
    assert.is.not(
      late.socket.getPeerCertificate().fingerprint256,
      early.socket.getPeerCertificate().fingerprint256,
    );
    early.say(message('early'));
    await comes(one);
    assert.throws(
      () => one.layer.replaceTls({ ...next, key: PAIR.key }),
      (error: unknown) => isOperatingError(error, 'SIP_BAD_CERTIFICATE'),
    );
    await tlsClient(t, one.port, { ca: next.cert });
  });

  it('a bad certificate, ticket keys of a wrong length and none at all are told when opening', async (t) => {
    for (const [material, said] of [
      [{ key: 'none', cert: 'none' }, /SIP over TLS cannot use its certificate/],
      [{ ...PAIR, ticketKeys: Buffer.alloc(47) }, /47 bytes instead of 48/],
    ] as const) {
      await assertRejects(tls(t, material), said);
    }
    await assertRejects(bench(t, 'tls'), /none is given/);
  });

  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    it(`the partner resumes a session when it has the same ticket keys: ${version}`, async (t) => {
      const ticketKeys = randomBytes(48);
      const material = { ...PAIR, ticketKeys };
      const one = await tls(t, material);
      // Node's default for the context of sessions is made of the command line, which is another on the partner.
      process.argv.push('--node=b');
      const [partner, stranger] = [await tls(t, material), await tls(t, PAIR)];
      process.argv.pop();
      const options = { ca: PAIR.cert, maxVersion: version };
      let session: Buffer | undefined;
      const first = await tlsClient(t, one.port, options);
      session = first.socket.getSession();
      first.socket.on('session', (ticket: Buffer) => {
        session = ticket;
      });
      first.say('\r\n\r\n');
      await first.hears('\r\n');
      const resumed = await tlsClient(t, partner.port, { ...options, session: session! });
      assert.is(resumed.socket.isSessionReused(), true);
      const full = await tlsClient(t, stranger.port, { ...options, session: session! });
      assert.is(full.socket.isSessionReused(), false);
      // Also with keys that came by a replacement.
      stranger.layer.replaceTls(material);
      const later = await tlsClient(t, stranger.port, { ...options, session: session! });
      assert.is(later.socket.isSessionReused(), true);
    });
  }

  it('old versions of TLS are refused', async (t) => {
    const one = await tls(t);
    const old = {
      ca: PAIR.cert,
      minVersion: 'TLSv1.1',
      maxVersion: 'TLSv1.1',
      ciphers: 'DEFAULT@SECLEVEL=0',
    } as const;
    await assertRejects(tlsClient(t, one.port, old), Error);
    await waitFor('it to be counted', () => one.layer.counts().refused.handshakeFailed === 1);
  });

  it('handshakes begin so many at once and so many per second, and lose nothing', async (t) => {
    const one = await tls(t, undefined, { handshakesPerSecond: 20, handshakesMax: 1 });
    const silent = connect(one.port, LOCALHOST);
    silent.on('error', () => undefined);
    t.defer(() => silent.destroy());
    await waitFor('the silent one to have its turn', () => one.layer.counts().now.handshakes === 1);
    const waiting = [tlsClient(t, one.port, { ca: PAIR.cert }), tlsClient(t, one.port, { ca: PAIR.cert })];
    await waitFor('the others to wait', () => one.layer.counts().now.handshakes === 3);
    silent.destroy();
    const [first] = await Promise.all([Promise.race(waiting)]);
    first.say(message('a'));
    await comes(one);
    assert.is(one.layer.counts().now.handshakes, 1);
    await one.clock.advance(50);
    for (const client of await Promise.all(waiting)) client.say(message('b'));
    await comes(one, 3);
  });

  it('a handshake that never ends, or waits too long, is closed', async (t) => {
    const one = await tls(t, undefined, { handshakeMs: 20_000, handshakesMax: 1, handshakesWaitingMax: 1 });
    const silent = [1, 2, 3].map(() => new StreamClient(t, connect(one.port, LOCALHOST)));
    await waitFor('one to be too many', () => one.layer.counts().refused.tooManyHandshakes === 1);
    await waitFor('it to notice', () => silent.filter(({ isClosed }) => isClosed).length === 1);
    await one.clock.advance(20_000);
    for (const client of silent) await client.closes();
    assert.is(one.layer.counts().refused.handshakeTooSlow, 2);
    await waitFor('room', () => one.layer.counts().now.handshakes === 0);
    assert.is(one.clock.pendingTimers, 0);
    const honest = await tlsClient(t, one.port, { ca: PAIR.cert });
    honest.say(message('a'));
    await comes(one);
  });

  it('handshakes count among the connections of their source', async (t) => {
    const one = await tls(t, undefined, { connectionsPerSourceMax: 2 });
    const silent = [1, 2, 3].map(() => new StreamClient(t, connect(one.port, LOCALHOST)));
    await waitFor('one to be too many', () => one.layer.counts().refused.tooManyOfSource === 1);
    for (const { socket } of silent) socket.destroy();
    await waitFor('room', () => one.layer.counts().now.handshakes === 0);
    const honest = await tlsClient(t, one.port, { ca: PAIR.cert });
    honest.say(message('first'));
    await comes(one);
    honest.socket.destroy();
    await waitFor('the end of it', () => one.closed.length === 1);
    for (const name of ['a', 'b']) (await tlsClient(t, one.port, { ca: PAIR.cert })).say(message(name));
    await comes(one, 3);
  });

  it('closing waits for no handshake', async (t) => {
    const one = await tls(t, undefined, { handshakesMax: 1 });
    const silent = [1, 2].map(() => new StreamClient(t, connect(one.port, LOCALHOST)));
    await waitFor('both', () => one.layer.counts().now.handshakes === 2);
    await one.layer.close();
    for (const client of silent) await client.closes();
    assert.is(one.clock.pendingTimers, 0);
  });
});
