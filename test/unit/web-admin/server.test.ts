import { connect, type AddressInfo } from 'node:net';
import { NODE, openPanel, WALL_MS } from '../../support/panel/open-panel.js';
import { assert, spec } from '../../support/spec.js';

function nonceIn(policy: unknown, directive: string): string | undefined {
  return new RegExp(`${directive} 'self' 'nonce-([^']+)'`).exec(String(policy))?.[1];
}

spec('the panel over HTTP', (it) => {
  it('answers / with a page whose policy allows its own script and style and nothing else', async () => {
    const { server } = await openPanel();
    const answer = await server.inject('/');
    const policy = answer.headers['content-security-policy'];
    const nonce = nonceIn(policy, 'script-src');
    assert.is(answer.statusCode, 200);
    assert.match(String(answer.headers['content-type']), /^text\/html; charset=utf-8/);
    assert.match(String(policy), /^default-src 'none'; ?script-src 'self' 'nonce-/);
    assert.not.match(String(policy), /unsafe/);
    assert.match(nonce ?? '', /^[0-9a-f]{32}$/, 'of 128 bits');
    assert.is(nonceIn(policy, 'style-src'), nonce);
    const nonces = [...answer.body.matchAll(/nonce="([^"]+)"/g)].map((match) => match[1]);
    assert.equal(nonces, [nonce, nonce]);
  });

  it('uses another nonce for each answer', async () => {
    const { server } = await openPanel();
    const [first, second] = [await server.inject('/'), await server.inject('/')];
    const nonceOf = (answer: typeof first): string | undefined =>
      nonceIn(answer.headers['content-security-policy'], 'script-src');
    assert.is.not(nonceOf(first), nonceOf(second));
  });

  it('answers /api/status with the state of the node as JSON', async () => {
    const answer = await (await openPanel()).server.inject('/api/status');
    const body = answer.json<{ node: unknown; time: string; light: string; report: { daemons: unknown } }>();
    assert.is(answer.statusCode, 200);
    assert.equal(body.node, NODE);
    assert.is(body.time, new Date(WALL_MS).toISOString());
    assert.equal(body.report.daemons, [{ name: 'keepalived', state: 'Up' }]);
  });

  it('answers /healthz without looking at the report', async () => {
    const { server } = await openPanel({
      status: { read: () => Promise.reject(new Error('must not be asked')) },
    });
    const answer = await server.inject('/healthz');
    assert.is(answer.statusCode, 200);
    assert.equal(answer.json(), { ok: true, node: 'a' });
  });

  it('answers what it does not know with 404, a code and the next step', async () => {
    const { server } = await openPanel();
    for (const [method, url] of [
      ['GET', '/nothing'],
      ['POST', '/api/status'],
      ['DELETE', '/'],
    ] as const) {
      const answer = await server.inject({ method, url });
      assert.is(answer.statusCode, 404);
      const { error } = answer.json<{ error: { code: string; message: string; action: string } }>();
      assert.is(error.code, 'PANEL_NO_SUCH_PAGE');
      assert.ok(error.message.includes(`${method} ${url}`) && error.action !== '');
    }
  });

  it('answers a request that is no good with 4xx as JSON', async () => {
    const { server } = await openPanel();
    const bad = await server.inject({ url: '/%zz' });
    const large = await server.inject({ method: 'POST', url: '/', payload: { x: 'x'.repeat(600_000) } });
    assert.is(bad.statusCode, 400);
    assert.is(bad.json<{ error: { code: string } }>().error.code, 'PANEL_BAD_REQUEST');
    assert.ok([404, 413].includes(large.statusCode));
  });

  it('answers its own failure with a reference that is in the log, and no more', async () => {
    const { server, logged } = await openPanel({
      status: { read: () => Promise.reject(new Error('secret detail')) },
    });
    const answer = await server.inject('/api/status');
    const { error } = answer.json<{ error: { code: string; message: string } }>();
    const reference = /reference ([^)]+)\)/.exec(error.message)?.[1] ?? 'none';
    assert.is(answer.statusCode, 500);
    assert.is(error.code, 'PANEL_INTERNAL');
    assert.not.match(answer.body, /secret/);
    assert.ok(logged.some((line) => line.includes('secret detail') && line.includes(reference)));
  });

  it('sends its security headers with every answer, also with errors', async () => {
    const { server } = await openPanel();
    for (const url of ['/', '/api/status', '/healthz', '/nothing', '/%zz']) {
      const { headers } = await server.inject(url);
      assert.is(headers['x-content-type-options'], 'nosniff', url);
      assert.is(headers['x-frame-options'], 'DENY', url);
      assert.is(headers['referrer-policy'], 'no-referrer', url);
      assert.is(headers['cache-control'], 'no-store', url);
      assert.match(String(headers['content-security-policy']), /frame-ancestors 'none'/, url);
    }
  });

  it('writes no line to the log for the requests of open pages', async () => {
    const { server, logged } = await openPanel();
    await server.inject('/api/status');
    assert.equal(logged, []);
  });

  it('knows the address on which it was asked', async (t) => {
    const { server } = await openPanel();
    t.defer(() => server.close());
    await server.listen({ host: '127.0.0.1', port: 0 });
    const { port } = server.server.address() as AddressInfo;
    const answer = await fetch(`http://127.0.0.1:${String(port)}/api/status`);
    const { light, home } = (await answer.json()) as { light: string; home: string };
    assert.is(light, 'home');
    assert.is(home, 'a');
  });

  it('closes at once although somebody has sent half a request', async (t) => {
    const { server } = await openPanel();
    await server.listen({ host: '127.0.0.1', port: 0 });
    const { port } = server.server.address() as AddressInfo;
    const socket = connect(port, '127.0.0.1');
    t.defer(() => void socket.destroy());
    const ended = new Promise((resolve) => socket.once('close', resolve));
    await new Promise((resolve) => {
      socket.once('data', resolve);
      socket.write('GET /healthz HTTP/1.1\r\nhost: x\r\n\r\nGET /healthz HTTP/1.1\r\n');
    });
    await server.close();
    await ended;
    assert.is(server.server.listening, false);
  });
});
