import { get } from 'node:http';
import { connect, type Socket } from 'node:net';
import {
  MetricsServer,
  type Health,
  type MetricsServerOptions,
} from '../../../../../appliance/sip-engine/observability/metrics-server.js';
import { FakeClock } from '../../../../../cluster/base/clock.js';
import { openLog } from '../../../../../cluster/base/log.js';
import { assert, spec, type TestContext } from '../../../../support/spec.js';
import { waitFor } from '../../../../support/wait.js';

interface Bench {
  readonly clock: FakeClock;
  readonly server: MetricsServer;
  readonly port: number;
  readonly logged: string[];
  /** How often the text was made. */
  readonly made: () => number;
  health: Health;
}

async function open(t: TestContext, options: Partial<MetricsServerOptions> = {}): Promise<Bench> {
  const clock = new FakeClock();
  const logged: string[] = [];
  let made = 0;
  const bench = { health: { ok: true, sentence: 'serves' } };
  const server = new MetricsServer({
    metrics: { contentType: 'text/plain; version=0.0.4', text: async () => `made ${String((made += 1))}\n` },
    health: () => bench.health,
    clock,
    log: openLog({ name: 'test', destination: { write: (line: string) => void logged.push(line) } }),
    ...options,
  });
  const { port } = await server.open('127.0.0.1', 0);
  t.defer(() => server.close());
  return Object.assign(bench, { clock, server, port, logged, made: () => made });
}

interface Answer {
  readonly status: number | undefined;
  readonly type: string | undefined;
  readonly connection: string | undefined;
  readonly body: string;
}

function ask(port: number, path: string, method = 'GET'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = get({ host: '127.0.0.1', port, path, method, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (piece: string) => (body += piece));
      response.on('end', () => {
        const { 'content-type': type, connection } = response.headers;
        resolve({ status: response.statusCode, type, connection, body });
      });
    });
    request.on('error', reject);
  });
}

interface Held {
  readonly socket: Socket;
  isClosed: boolean;
}

function hold(t: TestContext, port: number, first = ''): Held {
  const socket = connect(port, '127.0.0.1');
  const held = { socket, isClosed: false };
  socket.on('error', () => {});
  socket.on('close', () => (held.isClosed = true));
  socket.resume();
  if (first !== '') socket.write(first);
  t.defer(() => socket.destroy());
  return held;
}

spec('metrics-server', (it) => {
  it('serves the metrics, and closes', async (t) => {
    const { port, server } = await open(t);
    assert.equal(await ask(port, '/metrics'), {
      status: 200,
      type: 'text/plain; version=0.0.4',
      connection: 'close',
      body: 'made 1\n',
    });
    await waitFor('the connection is gone', () => server.connections === 0);
  });

  it('says whether all is well', async (t) => {
    const bench = await open(t);
    assert.equal(JSON.parse((await ask(bench.port, '/health')).body), { ok: true, sentence: 'serves' });
    bench.health = { ok: false, sentence: 'no application is connected' };
    const ill = await ask(bench.port, '/health?verbose');
    assert.is(ill.status, 503);
    assert.equal(JSON.parse(ill.body), { ok: false, sentence: 'no application is connected' });
  });

  it('has nothing else', async (t) => {
    const { port } = await open(t);
    for (const [path, method] of [
      ['/', 'GET'],
      ['/metrics/', 'GET'],
      ['/metrics/../health', 'GET'],
      ['//metrics', 'GET'],
      ['/metrics', 'POST'],
      ['/metrics', 'DELETE'],
    ] as const) {
      assert.is((await ask(port, path, method)).status, 404, `${method} ${path}`);
    }
  });

  it('makes the text once a second, however many ask', async (t) => {
    const { port, clock, made } = await open(t);
    await Promise.all([1, 2, 3, 4, 5].map(() => ask(port, '/metrics')));
    assert.is(made(), 1);
    await clock.advance(1000);
    assert.is((await ask(port, '/metrics')).body, 'made 2\n');
  });

  it('answers 500 when the metrics cannot be read, says so once in the log, and lives on', async (t) => {
    const text = (): Promise<string> => Promise.reject(new Error('no such reading'));
    const { port, clock, logged } = await open(t, { metrics: { contentType: 'text/plain', text } });
    for (let round = 0; round < 3; round += 1) {
      assert.is((await ask(port, '/metrics')).status, 500);
      await clock.advance(1000);
    }
    assert.is(logged.length, 1);
    assert.match(logged[0] ?? '', /no such reading/);
    assert.is((await ask(port, '/health')).status, 200);
  });

  it('closes whoever says nothing, or speaks slowly, or does not read', async (t) => {
    const body = 'x'.repeat(8_000_000);
    const metrics = { contentType: 'text/plain', text: async () => body };
    const { port, server, clock } = await open(t, { metrics });
    const held = [
      hold(t, port),
      hold(t, port, 'GET /metrics HT'),
      hold(t, port, 'POST /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nabc'),
      hold(t, port, 'GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n'),
    ];
    held[3]!.socket.pause();
    await waitFor('all are connected', () => server.connections >= 3);
    await clock.advance(5_000);
    await waitFor('the server has ended them', () => server.connections === 0);
    assert.is(clock.pendingTimers, 0);
  });

  it('lets in who comes when others hold all connections: the oldest goes', async (t) => {
    const { port, server } = await open(t, { connectionsMax: 3 });
    const held: Held[] = [];
    for (let count = 1; count <= 3; count += 1) {
      held.push(hold(t, port));
      await waitFor('it is connected', () => server.connections === count);
    }
    assert.is((await ask(port, '/health')).status, 200);
    await waitFor('the oldest is gone', () => held[0]?.isClosed);
    assert.equal(
      held.map(({ isClosed }) => isClosed),
      [true, false, false],
    );
  });

  it('closes whoever speaks no HTTP, or too much of it', async (t) => {
    const { port } = await open(t);
    for (const first of [
      'INVITE sip:a@b SIP/2.0\r\n\r\n',
      `GET / HTTP/1.1\r\nA: ${'a'.repeat(9000)}\r\n\r\n`,
    ]) {
      const held = hold(t, port, first);
      await waitFor('it is closed', () => held.isClosed);
    }
    assert.is((await ask(port, '/health')).status, 200);
  });

  it('answers one request a connection', async (t) => {
    const { port } = await open(t);
    let text = '';
    const held = hold(t, port, 'GET /health HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(3));
    held.socket.on('data', (piece) => (text += piece.toString()));
    await waitFor('it is closed', () => held.isClosed);
    assert.is(text.split('HTTP/1.1 ').length - 1, 1, text);
  });

  it('does not wait for anybody when it closes', async (t) => {
    const { port, server, clock } = await open(t);
    const held = hold(t, port);
    await waitFor('it is connected', () => server.connections === 1);
    await server.close();
    await waitFor('it is closed', () => held.isClosed);
    assert.is(clock.pendingTimers, 0);
  });
});
