import { connect, type AddressInfo } from 'node:net';
import { connect as connectTls, createServer, type PeerCertificate } from 'node:tls';
import { ControlDialError } from '../../../../../appliance/sip-engine/control/control-dialer.js';
import type { ControlServerOptions } from '../../../../../appliance/sip-engine/control/control-server.js';
import { assert, assertRejects, spec, type TestContext } from '../../../../support/spec.js';
import { waitFor } from '../../../../support/wait.js';
import { bench, Client, closeNow, type Bench } from './control-bench.js';
import { selfSigned } from './self-signed.js';

async function tlsClient(t: TestContext, port: number, ca: string): Promise<[Client, PeerCertificate]> {
  const socket = connectTls({ port, host: '127.0.0.1', ca });
  t.defer(() => socket.destroy());
  const client = new Client(socket);
  await new Promise((resolve, reject) => {
    socket.once('secureConnect', resolve);
    socket.once('error', reject);
  });
  return [client, socket.getPeerCertificate()];
}

async function tlsBench(
  t: TestContext,
  changes: Partial<ControlServerOptions> = {},
): Promise<Bench & { tlsPort: number; cert: string }> {
  const pair = selfSigned();
  const one = await bench(t, changes);
  const { port } = await one.server.open({ host: '127.0.0.1', port: 0, tls: pair });
  return { ...one, tlsPort: port, cert: pair.cert };
}

spec('the control port with TLS', (it) => {
  it('an application over TLS is one like the others', async (t) => {
    const { tlsPort, cert, application, server } = await tlsBench(t);
    const [client] = await tlsClient(t, tlsPort, cert);
    client.say('i|authenticate|cymru|secure', 'i|route|invite');
    assert.is((await client.gets(2))[1], 'response|i|OK');
    await application('plain');
    assert.equal(
      server.applications.map(({ tags }) => tags[0]),
      ['secure', 'plain'],
    );
  });

  it('who does not speak TLS there is not heard', async (t) => {
    const { tlsPort, server } = await tlsBench(t);
    const client = new Client(connect(tlsPort, '127.0.0.1'));
    client.say('i|authenticate|cymru|');
    // OpenSSL may say goodbye with an alert; nothing of it is a frame.
    assert.equal(await client.closes(), []);
    assert.is(server.status().applications, 0);
  });

  it('a certificate is replaced for those who come later, and only for them', async (t) => {
    const { tlsPort, cert, server } = await tlsBench(t);
    const [early, before] = await tlsClient(t, tlsPort, cert);
    early.say('i|authenticate|cymru|');
    await early.gets(1);
    const next = selfSigned();
    server.replaceCertificate(next);
    const [, after] = await tlsClient(t, tlsPort, next.cert);
    assert.is.not(after.fingerprint256, before.fingerprint256);
    early.say('i|ping');
    assert.is((await early.gets(2))[1], 'response|i|OK|pong');
    assert.throws(() => server.replaceCertificate({ key: 'none', cert: 'none' }), Error);
  });

  it('closing does not wait for a handshake that never ends', async (t) => {
    const { tlsPort, server, clock } = await tlsBench(t);
    const silent = new Client(connect(tlsPort, '127.0.0.1'));
    await new Promise((resolve) => silent.socket.once('connect', resolve));
    await closeNow(server, clock);
    await silent.closes();
  });

  it('handshakes that never end count among the connections', async (t) => {
    const limits = { connectionsMax: 2, strangersMax: 2 };
    const { tlsPort, server } = await tlsBench(t, { limits });
    const silent = [1, 2, 3].map(() => new Client(connect(tlsPort, '127.0.0.1')));
    t.defer(() => {
      for (const { socket } of silent) socket.destroy();
    });
    await waitFor('the third one to be turned away', () => server.status().refused === 1);
    await waitFor('it to notice', () => silent.filter(({ isClosed }) => isClosed).length === 1);
  });

  it('an application that is called must have a certificate that we trust', async (t) => {
    const { server } = await bench(t);
    const pair = selfSigned();
    const listening = createServer(pair, (socket) => {
      socket.on('error', () => undefined).resume();
      socket.write('21#i|authenticate|cymru|');
    });
    listening.on('tlsClientError', () => undefined);
    await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
    t.defer(() => new Promise((resolve) => listening.close(resolve)));
    const { port } = listening.address() as AddressInfo;
    const error = await assertRejects(server.connectTo('127.0.0.1', port, { tls: {} }), ControlDialError);
    assert.is((error as ControlDialError).failure, 'unreachable');
    const connection = await server.connectTo('127.0.0.1', port, { tls: { ca: pair.cert } });
    assert.is(connection.state, 'Serving');
    connection.close();
    await waitFor('it to be gone', () => connection.state === 'Gone');
  });
});
