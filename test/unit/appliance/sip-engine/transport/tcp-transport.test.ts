import { FixedGate } from '../../../../../appliance/sip-engine/transport/default-gate.js';
import type { SipFlow } from '../../../../../appliance/sip-engine/transport/sip-flow.js';
import {
  NotSentError,
  type TransportLimits,
} from '../../../../../appliance/sip-engine/transport/transport-port.js';
import { FakeClock } from '../../../../../cluster/base/clock.js';
import { assert, spec, type TestContext } from '../../../../support/spec.js';
import { waitFor } from '../../../../support/wait.js';
import { StreamClient, tcpClient, tcpPeer } from './stream-client.js';
import { bench, comes, LOCALHOST, message, Sender, type Bench } from './transport-bench.js';

function tcp(t: TestContext, limits: Partial<TransportLimits> = {}): Promise<Bench & { clock: FakeClock }> {
  const clock = new FakeClock();
  return bench(t, 'tcp', { clock, limits }).then((one) => ({ ...one, clock }));
}

function reasons({ errors }: Sender): unknown[] {
  return errors.map((error) => (error instanceof NotSentError ? error.reason : error));
}

spec('SIP over TCP', (it) => {
  it('messages come by a connection, and answers go back by it', async (t) => {
    const one = await tcp(t);
    const client = tcpClient(t, one.port);
    client.say(message('a', 'body') + message('b'));
    const [first, second] = await comes(one, 2);
    assert.equal([first?.text, second?.text], [message('a', 'body'), message('b')]);
    assert.is(first?.flow.remotePort, client.socket.localPort);
    assert.is(first?.flow.localPort, one.port);
    assert.is(first?.flow.isReliable, true);
    one.layer.send(Buffer.from('answer'), first!.flow, new Sender());
    await client.hears('answer');
    assert.is(one.layer.hasConnection(first!.flow.connectionId!), true);
    client.socket.destroy();
    await waitFor('the user to hear of it', () => one.closed[0]?.connectionId === first!.flow.connectionId);
    assert.is(one.layer.hasConnection(first!.flow.connectionId!), false);
    const sender = new Sender();
    one.layer.send(Buffer.from('too late'), first!.flow, sender);
    assert.equal(reasons(sender), ['connectionGone']);
  });

  it('a flow without connection opens one, which later messages use, in both directions', async (t) => {
    const one = await tcp(t);
    const peer = await tcpPeer(t);
    const flow = one.layer.flowTo({ protocol: 'tcp', address: LOCALHOST, port: peer.port })!;
    const sender = new Sender();
    one.layer.send(Buffer.from('one '), flow, sender);
    one.layer.send(Buffer.from('two '), flow, sender);
    await waitFor('the connection', () => peer.accepted.length === 1);
    await peer.accepted[0]!.hears('one two ');
    one.layer.send(Buffer.from('three'), flow, sender);
    await peer.accepted[0]!.hears('one two three');
    peer.accepted[0]!.say(message('back'));
    const back = (await comes(one))[0]!.flow;
    assert.equal({ ...back, connectionId: undefined }, { ...flow, connectionId: undefined });
    assert.is(one.layer.counts().connectionsOpened, 1);
    assert.is(peer.accepted.length, 1);
    assert.equal(sender.errors, []);
  });

  it('a connection that others opened is used for messages to where it came from', async (t) => {
    const one = await tcp(t);
    const client = tcpClient(t, one.port);
    client.say(message('a'));
    const { connectionId, ...flow } = (await comes(one))[0]!.flow;
    assert.type(connectionId, 'number');
    one.layer.send(Buffer.from('by the same way'), flow, new Sender());
    await client.hears('by the same way');
  });

  it('who cannot be reached is told to every sender', async (t) => {
    const one = await tcp(t);
    const { port } = await tcpPeer(t);
    const refused = await bench(t, 'tcp');
    await refused.layer.close();
    const sender = new Sender();
    const flow = one.layer.flowTo({ protocol: 'tcp', address: LOCALHOST, port: refused.port })!;
    one.layer.send(Buffer.from('a'), flow, sender);
    one.layer.send(Buffer.from('b'), flow, sender);
    one.layer.send(Buffer.from('c'), { ...flow, remotePort: 70_000 }, sender);
    one.layer.send(Buffer.from('d'), { ...flow, remoteAddress: 'phone.example' }, sender);
    one.layer.send(Buffer.from('e'), { ...flow, localPort: 1, remotePort: port }, sender);
    await waitFor('five errors', () => sender.errors.length === 5);
    assert.equal(reasons(sender).sort(), ['failed', 'failed', 'failed', 'failed', 'noTransport']);
    assert.is(one.layer.counts().now.connections, 0);
  });

  it('a double CRLF is answered with one, also before any message', async (t) => {
    const one = await tcp(t);
    const client = tcpClient(t, one.port);
    client.say('\r\n\r\n');
    await client.hears('\r\n');
    client.say(message('a'));
    await comes(one);
    assert.is(client.heard, '\r\n');
  });

  it('a message without length can be answered; then the connection is closed', async (t) => {
    const one = await tcp(t);
    const client = tcpClient(t, one.port);
    client.say('OPTIONS sip:a SIP/2.0\r\nCall-ID: 1\r\n\r\nlost');
    const [{ text, flow, problem }] = (await comes(one)) as [(typeof one.got)[0]];
    assert.is(text, 'OPTIONS sip:a SIP/2.0\r\nCall-ID: 1\r\n\r\n');
    assert.is(problem, 'there is no Content-Length');
    client.say(message('lost as well'));
    one.layer.send(Buffer.from('400'), flow, new Sender());
    await client.hears('400');
    await one.clock.advance(1000);
    await client.closes();
    assert.is(one.got.length, 1);
    assert.is(one.layer.counts().refused.unframeable, 1);
  });

  it('what is no SIP is closed at once', async (t) => {
    const one = await tcp(t);
    const client = tcpClient(t, one.port);
    client.say('\x16\x03\x01');
    await client.closes();
    assert.is(one.got.length, 0);
  });

  it('a message that never ends is not waited for, whatever comes of it', async (t) => {
    const one = await tcp(t, { messageMs: 10_000 });
    const client = tcpClient(t, one.port);
    client.say(message('whole') + message('slow', 'body').slice(0, -4));
    await comes(one);
    await one.clock.advance(9000);
    client.say('b');
    await waitFor('the byte to be there', () => client.socket.writableLength === 0);
    await one.clock.advance(1001);
    await client.closes();
    assert.is(one.layer.counts().refused.messageTooSlow, 1);
    assert.is(one.clock.pendingTimers, 0);
  });

  it('who says nothing is closed, who has said something may be silent for ever', async (t) => {
    const one = await tcp(t, { firstMessageMs: 30_000 });
    const silent = tcpClient(t, one.port);
    const phone = tcpClient(t, one.port);
    silent.say('\r\n\r\n');
    phone.say(message('a'));
    await comes(one);
    await silent.hears('\r\n');
    await one.clock.advance(24 * 3_600_000);
    await silent.closes();
    assert.is(phone.isClosed, false);
    assert.is(one.layer.counts().refused.silent, 1);
  });

  it('connections are limited, of one source and of all', async (t) => {
    const listens = [{ protocol: 'tcp', address: LOCALHOST, port: 0 }] as const;
    for (const [limits, reason] of [
      [{ connectionsPerSourceMax: 2 }, 'tooManyOfSource'],
      [{ connectionsMax: 2 }, 'tooManyConnections'],
    ] as const) {
      const one = await bench(t, 'tcp', { listens, limits });
      const clients = [1, 2, 3].map(() => tcpClient(t, one.port));
      await waitFor('one to be refused', () => one.layer.counts().refused[reason] === 1);
      await waitFor('it to notice', () => clients.filter(({ isClosed }) => isClosed).length === 1);
      clients.find(({ isClosed }) => !isClosed)?.socket.destroy();
      await waitFor('room', () => one.layer.counts().now.connections === 1);
      const next = tcpClient(t, one.port);
      next.say(message('a'));
      await comes(one);
    }
  });

  it('we do not open more connections than we may', async (t) => {
    const one = await tcp(t, { outgoingConnectionsMax: 1 });
    const peers = [await tcpPeer(t), await tcpPeer(t)];
    const sender = new Sender();
    for (const { port } of peers) {
      const flow = one.layer.flowTo({ protocol: 'tcp', address: LOCALHOST, port })!;
      one.layer.send(Buffer.from('a'), flow, sender);
    }
    assert.equal(reasons(sender), ['tooManyConnections']);
    await waitFor('the first', () => peers[0]!.accepted.length === 1);
  });

  it('a peer that does not read is closed, and every sender hears of it', async (t) => {
    const one = await tcp(t, { outgoingBytesMax: 100_000 });
    const client = tcpClient(t, one.port);
    client.say(message('a'));
    const { flow } = (await comes(one))[0]!;
    client.socket.pause();
    const sender = new Sender();
    // What the kernel of both sides takes is not ours; some megabytes.
    for (let sent = 0; sent < 1000 && one.layer.hasConnection(flow.connectionId!); sent += 1) {
      one.layer.send(Buffer.alloc(50_000, 'x'), flow, sender);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await waitFor('the end', () => one.closed.length === 1);
    // The one that was too much, and those that the kernel had not taken.
    await waitFor('their senders to hear of it', () => sender.errors.length >= 2);
    assert.ok(reasons(sender).every((reason) => reason === 'queueFull'));
    client.socket.resume();
    await client.closes();
  });

  it('a stream that is too fast is read slower, and loses nothing', async (t) => {
    const one = await tcp(t, { messagesPerSecond: 10, messageBurst: 5 });
    const client = tcpClient(t, one.port);
    client.say(Array.from({ length: 15 }, (_, index) => message(String(index))).join(''));
    await comes(one, 15);
    client.say(message('later'));
    await waitFor('it to be sent', () => client.socket.writableLength === 0);
    await one.clock.advance(900);
    assert.is(one.got.length, 15);
    await one.clock.advance(101);
    await comes(one, 16);
  });

  it('who is penalised loses its connection with the next message', async (t) => {
    const one = await tcp(t, { penaltyPointsMax: 2 });
    const client = tcpClient(t, one.port);
    client.say(message('a'));
    await comes(one);
    one.layer.penalise(LOCALHOST);
    one.layer.penalise(LOCALHOST);
    client.say(message('b'));
    await client.closes();
    const next = tcpClient(t, one.port);
    await next.closes();
    assert.is(one.layer.counts().refused.penalised, 2);
    assert.is(one.got.length, 1);
  });

  it('connections of an address that was lost are dropped, others stay', async (t) => {
    const gate = new FixedGate(['127.0.0.2', '127.0.0.3']);
    const listens = ['127.0.0.2', '127.0.0.3'].map((address) => ({
      protocol: 'tcp' as const,
      address,
      port: 0,
    }));
    const one = await bench(t, 'tcp', { listens, gate });
    const clients = one.listens.map(({ address, port }) => tcpClient(t, port, address));
    for (const client of clients) client.say(message('a'));
    await comes(one, 2);
    gate.release('127.0.0.2');
    one.layer.dropConnectionsOf('127.0.0.2');
    await clients[0]!.closes();
    clients[1]!.say(message('b'));
    await comes(one, 3);
    const late = tcpClient(t, one.listens[0]!.port, '127.0.0.2');
    await late.closes();
    assert.is(one.layer.counts().refused.notOwner, 1);
  });

  it('a message for an address that was lost meanwhile closes its connection', async (t) => {
    const one = await tcp(t);
    const client = tcpClient(t, one.port);
    client.say(message('a'));
    await comes(one);
    one.gate.release(LOCALHOST);
    client.say(message('b'));
    await client.closes();
    assert.is(one.got.length, 1);
  });

  it('closing sends what was sent, and waits for nobody', async (t) => {
    const one = await tcp(t);
    const client: StreamClient = tcpClient(t, one.port);
    client.say(message('a'));
    const flow: SipFlow = (await comes(one))[0]!.flow;
    one.layer.send(Buffer.from('last words'), flow, new Sender());
    await one.layer.close();
    await client.closes();
    assert.is(client.heard, 'last words');
    assert.is(one.clock.pendingTimers, 0);
  });

  it('ids of connections of two processes do not meet', async (t) => {
    const ids = await Promise.all(
      [1, 2].map(async () => {
        const one = await bench(t, 'tcp');
        tcpClient(t, one.port).say(message('a'));
        return (await comes(one))[0]!.flow.connectionId!;
      }),
    );
    assert.is.not(ids[0], ids[1]);
    assert.ok(ids.every((id) => Number.isSafeInteger(id)));
  });
});
