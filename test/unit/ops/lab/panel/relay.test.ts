import { once } from 'node:events';
import { createConnection, createServer, type AddressInfo, type Server } from 'node:net';
import { RealClock } from '../../../../../cluster/base/clock.js';
import { createRelay, renderRefusal, type RelayLimits } from '../../../../../ops/lab/panel/relay.js';
import { assert, assertRejects, spec, type TestContext } from '../../../../support/spec.js';

const clock = new RealClock();

async function listen(t: TestContext, server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.defer(() => server.close());
  return (server.address() as AddressInfo).port;
}

/** A panel that answers every request with its name, or never. */
function openPanel(t: TestContext, name: string | undefined): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.on('data', () => {
      if (name !== undefined)
        socket.end(`HTTP/1.1 200 OK\r\nContent-Length: ${String(name.length)}\r\n\r\n${name}`);
    });
  });
  return listen(t, server);
}

async function openRelay(
  t: TestContext,
  ports: readonly number[],
  limits: Partial<RelayLimits> = {},
): Promise<string> {
  const targets = ports.map((port) => ({ host: '127.0.0.1', port }));
  const port = await listen(t, createRelay({ targets, refusal: 'nobody\n', clock, limits }));
  return `http://127.0.0.1:${String(port)}/`;
}

/** A port on which nobody listens. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

const ask = async (url: string): Promise<string> => {
  const response = await fetch(url, { headers: { connection: 'close' } });
  return `${String(response.status)} ${await response.text()}`;
};

spec('the way to the panel', (it) => {
  it('leads to the first that accepts', async (t) => {
    const [one, two] = [await openPanel(t, 'one'), await openPanel(t, 'two')];
    assert.is(await ask(await openRelay(t, [one, two])), '200 one');
    assert.is(await ask(await openRelay(t, [await freePort(), two])), '200 two');
  });

  it('answers itself, with a reason, when nobody accepts', async (t) => {
    assert.is(await ask(await openRelay(t, [await freePort()])), '502 nobody\n');
    assert.match(renderRefusal('ä'), /Content-Length: 2\r\n/);
  });

  it('is closed when a request is not answered in time, and stays open for others', async (t) => {
    const url = await openRelay(t, [await openPanel(t, undefined)], { answerMs: 30 });
    await assertRejects(ask(url), /fetch failed/);
    await assertRejects(ask(url), /fetch failed/);
  });

  it('takes no more at once than it may', async (t) => {
    const url = await openRelay(t, [await openPanel(t, 'one')], { connectionsMax: 1 });
    const held = createConnection(Number(new URL(url).port), '127.0.0.1');
    t.defer(() => held.destroy());
    await once(held, 'connect');
    await assertRejects(ask(url), /fetch failed/);
  });
});
