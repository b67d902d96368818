import { mkdtemp, rm, stat } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RealClock } from '../../../../cluster/base/clock.js';
import { OperatingError } from '../../../../cluster/base/errors.js';
import { callRpc, REQUEST_BYTES_MAX, serveRpc, type RpcMethods } from '../../../../cluster/base/local-rpc.js';
import { assert, assertRejects, spec, type TestContext } from '../../../support/spec.js';

const clock = new RealClock();

async function serve(t: TestContext, methods: RpcMethods): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'wardline-rpc-'));
  t.defer(() => rm(folder, { recursive: true }));
  const path = join(folder, 'rpc.sock');
  const server = await serveRpc(path, methods);
  t.defer(() => server.close());
  return path;
}

/** Sends raw text and resolves with the first line that comes back, or '' when the connection is closed. */
function sendRaw(path: string, text: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = createConnection(path, () => socket.write(text));
    let seen = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      seen += chunk;
      if (seen.includes('\n')) socket.destroy();
    });
    socket
      .on('error', () => undefined)
      .on('close', () => {
        resolve(seen);
      });
  });
}

spec('local requests', (it) => {
  it('a request is answered with what the method returns', async (t) => {
    const path = await serve(t, { add: (params) => Number(params['one']) + Number(params['two']) });
    const result = await callRpc({
      path,
      method: 'add',
      params: { one: 1, two: 2 },
      deadlineMs: 2000,
      clock,
    });
    assert.is(result, 3);
  });

  it("the method's operating error arrives with its code and action", async (t) => {
    const fields = { code: 'X_TEST', message: 'no', action: 'Do this.', retryable: true };
    const path = await serve(t, {
      fail: () => {
        throw new OperatingError(fields);
      },
    });
    const error = await assertRejects(
      callRpc({ path, method: 'fail', deadlineMs: 2000, clock }),
      OperatingError,
    );
    if (!(error instanceof OperatingError)) throw new TypeError('not an operating error');
    assert.equal(
      { code: error.code, message: error.message, action: error.action, retryable: error.retryable },
      fields,
    );
  });

  it('an unknown method is refused with those that exist, also one that every object has', async (t) => {
    const path = await serve(t, { status: () => 1 });
    for (const method of ['statsu', 'constructor']) {
      await assertRejects(callRpc({ path, method, deadlineMs: 2000, clock }), /known are: status/);
    }
  });

  it('rubbish is answered with an error and the server goes on', async (t) => {
    const path = await serve(t, { status: () => 'alive' });
    for (const rubbish of [
      'hello\n',
      '[1]\n',
      'null\n',
      '{"method":5}\n',
      '{"method":"status","params":[]}\n',
    ]) {
      assert.match(await sendRaw(path, rubbish), /RPC_BAD_REQUEST|RPC_UNKNOWN_METHOD/, rubbish);
    }
    assert.is(await callRpc({ path, method: 'status', deadlineMs: 2000, clock }), 'alive');
  });

  it('a line without an end closes that connection only', async (t) => {
    const path = await serve(t, { status: () => 'alive' });
    assert.is(await sendRaw(path, 'x'.repeat(REQUEST_BYTES_MAX + 100_000)), '');
    assert.is(await callRpc({ path, method: 'status', deadlineMs: 2000, clock }), 'alive');
  });

  it('a method that never answers ends at the deadline', async (t) => {
    const path = await serve(t, { hang: () => new Promise(() => undefined) });
    await assertRejects(callRpc({ path, method: 'hang', deadlineMs: 50, clock }), /no answer to "hang"/);
  });

  it('nobody there is an error that names the path', async () => {
    await assertRejects(
      callRpc({ path: '/nonexistent/x.sock', method: 'x', deadlineMs: 500, clock }),
      /nobody answers at/,
    );
  });

  it('only the owner may connect', async (t) => {
    const path = await serve(t, {});
    assert.is((await stat(path)).mode & 0o777, 0o600);
  });
});
