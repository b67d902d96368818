/** The store's adapter against a real rqlited, and against servers that behave badly. */
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { RealClock } from '../../cluster/base/clock.js';
import { isOperatingError } from '../../cluster/base/errors.js';
import { RqliteClient } from '../../cluster/store/rqlite-client.js';
import { assert, assertRejects, spec, type TestContext } from '../support/spec.js';
import { startRqlited } from '../support/store/rqlited-group.js';

const clock = new RealClock();
const HOST = '127.0.0.1';

async function startServer(t: TestContext, listener: RequestListener): Promise<RqliteClient> {
  const server: Server = createServer(listener);
  server.listen(0, HOST);
  await once(server, 'listening');
  t.defer(() => {
    server.closeAllConnections();
    server.close();
  });
  return new RqliteClient({ host: HOST, port: (server.address() as AddressInfo).port, clock });
}

spec('the store by rqlite-js', { deadlineMs: 30_000 }, (it) => {
  it('what is written is read, in one transaction, with its parameters as they are', async (t) => {
    const { client: store } = await startRqlited(t);
    await store.execute([['CREATE TABLE note (id TEXT PRIMARY KEY, text TEXT)']], 2000);
    const text = `quote ' " ? and 中文`;
    await store.execute([['INSERT INTO note VALUES (?, ?)', '1', text]], 2000);
    assert.equal(await store.query(['SELECT * FROM note WHERE id = ?', '1'], 'strong', 2000), [
      { id: '1', text },
    ]);
    assert.equal(await store.query(['SELECT * FROM note WHERE id = ?', 'none'], 'none', 2000), []);

    const half = store.execute(
      [['INSERT INTO note VALUES (?, ?)', '2', 'x'], ['INSERT INTO nowhere VALUES (1)']],
      2000,
    );
    await assertRejects(half, /does not have the tables for INSERT INTO nowhere.* no such table/);
    assert.equal(await store.query(['SELECT id FROM note'], 'strong', 2000), [{ id: '1' }]);
    await assertRejects(store.query(['SELECT * FROM nowhere'], 'none', 2000), /no such table/);
    await assertRejects(
      store.query(['SELEC 1'], 'none', 2000),
      /refused the statement SELEC 1.* syntax error/,
    );

    const status = await store.raftStatus(2000);
    assert.equal([status.nodeId, status.state, status.leaderId], ['a', 'Leader', 'a']);
    assert.ok(status.term >= 1 && status.appliedIndex > 0);
  });

  it('a server that does not answer is an error within the deadline, whatever trickles in', async (t) => {
    const silent = await startServer(t, () => undefined);
    await assertRejects(silent.raftStatus(200), /no answer|timeout/);
    const trickling = await startServer(t, (_request, response) => {
      const timer = setInterval(() => response.write(' '), 50);
      response.on('close', () => {
        clearInterval(timer);
      });
    });
    await assertRejects(trickling.query(['SELECT 1'], 'none', 300), /no answer/);
    const nobody = new RqliteClient({ host: HOST, port: 1, clock });
    await assertRejects(nobody.raftStatus(500), /ECONNREFUSED/);
  });

  it('a write is sent once, also when the connection breaks or the server fails', async (t) => {
    let requests = 0;
    const breaking = await startServer(t, (request) => {
      requests += 1;
      request.socket.destroy();
    });
    await assertRejects(breaking.execute([['INSERT INTO x VALUES (1)']], 2000), /store at/);
    assert.is(requests, 1);
    const failing = await startServer(t, (_request, response) => {
      requests += 1;
      response.writeHead(500).end('boom');
    });
    await assertRejects(failing.execute([['INSERT INTO x VALUES (1)']], 2000), /boom/);
    assert.is(requests, 2);
  });

  it('a store without a leader says that nobody knows whether it was written', async (t) => {
    const body = await startServer(t, (_request, response) => {
      response.writeHead(503).end('leader not found');
    });
    await assertRejects(
      body.execute([['INSERT INTO x VALUES (1)']], 2000),
      /whether a write was done is unknown/,
    );
    const inResult = await startServer(t, (_request, response) => {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ results: [{ error: 'leadership lost while committing log' }] }));
    });
    await assertRejects(inResult.execute([['INSERT INTO x VALUES (1)']], 2000), /unknown/);
    const beside = await startServer(t, (_request, response) => {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ results: [], error: 'leadership lost while committing log' }));
    });
    await assertRejects(beside.execute([['INSERT INTO x VALUES (1)']], 2000), /unknown/);
    const cut = await startServer(t, (_request, response) => {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ results: [], error: 'node failed to process Execute on remote node' }));
    });
    await assertRejects(cut.execute([['INSERT INTO x VALUES (1)']], 2000), (error) =>
      isOperatingError(error, 'STORE_AWAY'),
    );
  });

  it('rubbish as an answer is no exception of the program', async (t) => {
    for (const text of ['', 'null', '[]', '{"results":7}', '{"store":{"raft":[]}}', '<html>']) {
      const server = await startServer(t, (_request, response) => {
        response.end(text);
      });
      await assertRejects(server.query(['SELECT 1'], 'none', 2000), /not one result per statement/);
      await assertRejects(server.execute([['DELETE FROM x']], 2000), /not one result per statement/);
      assert.is((await server.raftStatus(2000)).leaderId, '', text);
    }
  });
});
