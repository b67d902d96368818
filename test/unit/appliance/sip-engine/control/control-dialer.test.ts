import { createServer, type AddressInfo } from 'node:net';
import { ControlDialError, DIAL_MS_MAX } from '../../../../../appliance/sip-engine/control/control-dialer.js';
import { writeOk } from '../../../../../appliance/sip-engine/control/control-reply.js';
import { assert, assertRejects, spec, type TestContext } from '../../../../support/spec.js';
import { waitFor } from '../../../../support/wait.js';
import { bench, Client, closeNow } from './control-bench.js';

/** An application that listens; `greet` is what it says to the engine. */
async function listener(
  t: TestContext,
  greet: (client: Client) => void,
): Promise<{ port: number; clients: Client[] }> {
  const clients: Client[] = [];
  const server = createServer((socket) => {
    const client = new Client(socket);
    clients.push(client);
    greet(client);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.defer(() => {
    for (const { socket } of clients) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  return { port: (server.address() as AddressInfo).port, clients };
}

function failureOf(error: unknown): string {
  return error instanceof ControlDialError ? error.failure : String(error);
}

spec('outbound mode', (it) => {
  it('the application authenticates first, then gets its request', async (t) => {
    const { server, told } = await bench(t);
    const { port, clients } = await listener(t, (client) => client.say('i|authenticate|cymru|out'));
    const connection = await server.connectTo('127.0.0.1', port);
    assert.is(connection.origin, 'outbound');
    assert.equal(connection.tags, ['out']);
    assert.equal(told, ['authenticated out']);
    assert.is(connection.send(writeOk({ messageId: 'm'.repeat(36), requestId: 'r' }, 'work')), 'taken');
    assert.is((await clients[0]!.gets(2))[1], 'response|r|OK|work');
  });

  it('an application without the secret gets nothing', async (t) => {
    const { server } = await bench(t);
    const { port, clients } = await listener(t, (client) => client.say('i|authenticate|wrong|'));
    const error = await assertRejects(server.connectTo('127.0.0.1', port), ControlDialError);
    assert.is(failureOf(error), 'notAuthenticated');
    assert.equal(await clients[0]!.closes(), ['response|i|NO|incorrect secret']);
  });

  it('an application that says nothing is given up at the deadline', async (t) => {
    const { server, clock } = await bench(t);
    const { port, clients } = await listener(t, () => undefined);
    const dialled = server.connectTo('127.0.0.1', port);
    const error = assertRejects(dialled, ControlDialError);
    await waitFor('the connection', () => clients.length === 1);
    await clock.advance(DIAL_MS_MAX);
    assert.is(failureOf(await error), 'tooSlow');
    await clients[0]!.closes();
  });

  it('nobody there is unreachable, and so is a port that is none', async (t) => {
    const { server } = await bench(t);
    const gone = createServer();
    await new Promise<void>((resolve) => gone.listen(0, '127.0.0.1', resolve));
    const { port } = gone.address() as AddressInfo;
    await new Promise((resolve) => gone.close(resolve));
    for (const nowhere of [port, 99_999]) {
      const error = await assertRejects(server.connectTo('127.0.0.1', nowhere), ControlDialError);
      assert.is(failureOf(error), 'unreachable');
    }
  });

  it('calls out count among the connections', async (t) => {
    const { server, application } = await bench(t, { limits: { connectionsMax: 1, strangersMax: 1 } });
    await application();
    const error = await assertRejects(server.connectTo('127.0.0.1', 9), ControlDialError);
    assert.is(failureOf(error), 'tooMany');
  });

  it('closing ends a call out that waits', async (t) => {
    const { server, clock } = await bench(t);
    const { port, clients } = await listener(t, () => undefined);
    const error = assertRejects(server.connectTo('127.0.0.1', port), ControlDialError);
    await waitFor('the connection', () => clients.length === 1);
    await closeNow(server, clock);
    assert.is(failureOf(await error), 'closing');
    const late = await assertRejects(server.connectTo('127.0.0.1', port), ControlDialError);
    assert.is(failureOf(late), 'closing');
  });
});
