import { CONTRACT, type ContractKey } from '../../../../web-admin/api/contract.js';
import { VIEWERS, type Endpoint } from '../../../../web-admin/api/endpoint.js';
import { ROLES } from '../../../../web-admin/identity/roles.js';
import { openPanel, type OpenedPanel } from '../../../support/panel/open-panel.js';
import { assert, spec } from '../../../support/spec.js';

/** What anybody may ask who reaches the port. A route that is added here is looked at twice. */
const PUBLIC = [
  'GET /api/session',
  'GET /api/status',
  'GET /healthz',
  'POST /api/session',
  'POST /api/session/first',
];
/** Not of the interface: the page itself. */
const PAGES = ['GET /', 'GET /status', 'GET /api/openapi.json'];

const KEYS = Object.keys(CONTRACT) as ContractKey[];
const endpointOf = (key: ContractKey): Endpoint => CONTRACT[key];

function requestOf(key: ContractKey) {
  const [method = '', path = ''] = key.split(' ');
  return { method: method as 'GET' | 'POST' | 'PATCH' | 'DELETE', url: path.replaceAll(/:\w+/g, '1') };
}

async function ask(panel: OpenedPanel, key: ContractKey, cookie?: string): Promise<number> {
  const { method, url } = requestOf(key);
  const payload = method === 'GET' || method === 'DELETE' ? {} : { payload: {} };
  const answer = await panel.server.inject({ method, url, headers: panel.headers(cookie), ...payload });
  return answer.statusCode;
}

spec('every route and every role', { deadlineMs: 60_000 }, (it) => {
  it('public are those of the list and no other', () => {
    assert.equal(KEYS.filter((key) => endpointOf(key).access === 'public').sort(), PUBLIC);
  });

  it('the server has the routes of the contract, the page, and no other', async () => {
    const { server } = await openPanel();
    await server.ready();
    const found = server
      .printRoutes({ commonPrefix: false, includeHooks: false })
      .split('\n')
      .flatMap((line) => {
        const methods = /\(([A-Z, ]+)\)/.exec(line)?.[1] ?? '';
        return methods.split(', ').filter((method) => method !== '' && method !== 'HEAD');
      });
    assert.is(found.length, KEYS.length + PAGES.length);
  });

  it('nobody who is not logged in gets past a route that is not public', async () => {
    const panel = await openPanel();
    for (const key of KEYS) {
      const isPublic = PUBLIC.includes(key);
      const status = await ask(panel, key);
      assert.is(status === 401, !isPublic || status === 401, key);
      if (!isPublic) assert.is(status, 401, key);
    }
  });

  for (const role of ROLES)
    it(`${role} gets past the routes that name it and no other`, async () => {
      const panel = await openPanel();
      let cookie = await panel.logIn([role], ['reception']);
      for (const key of KEYS) {
        const { access } = endpointOf(key);
        // Whoever gets past this one waits for ever.
        if (key === 'GET /api/stream' && VIEWERS.some((viewer) => viewer === role)) continue;
        const status = await ask(panel, key, cookie);
        if (access === 'peer' || access === 'second') assert.is(status, 401, key);
        else if (typeof access !== 'string' && !access.includes(role)) assert.is(status, 403, key);
        else assert.ok(status !== 403 && (status !== 401 || access === 'public'), `${key} ${String(status)}`);
        if (key === 'DELETE /api/session') cookie = await panel.logIn([role], ['reception']);
      }
    });

  it('an account with two roles gets past the routes of both', async () => {
    const panel = await openPanel();
    const cookie = await panel.logIn(['auditor', 'operations']);
    assert.is(await ask(panel, 'GET /api/audit', cookie), 200);
    assert.is(await ask(panel, 'GET /api/live', cookie), 200);
    assert.is(await ask(panel, 'POST /api/accounts', cookie), 403);
  });

  it('what was refused is in the audit with who asked', async () => {
    const panel = await openPanel();
    const cookie = await panel.logIn(['callTaker']);
    await ask(panel, 'GET /api/audit', cookie);
    const [entry] = panel.store.entries;
    assert.is(entry?.action, 'notAllowed');
    assert.is(entry?.subject, 'GET /api/audit');
  });
});

spec('requests from elsewhere', (it) => {
  it('are refused: without the header of the pages, with the origin of another site, or as a browser names them', async () => {
    const panel = await openPanel();
    const payload = { name: 'x', password: 'y' };
    const statusOf = async (headers: Record<string, string>): Promise<number> =>
      (await panel.server.inject({ method: 'POST', url: '/api/session', headers, payload })).statusCode;
    assert.is(await statusOf({}), 403);
    assert.is(await statusOf({ 'x-wardline': '1', origin: 'https://evil.example' }), 403);
    assert.is(await statusOf({ 'x-wardline': '1', origin: 'null' }), 403);
    assert.is(await statusOf({ 'x-wardline': '1', 'sec-fetch-site': 'cross-site' }), 403);
    assert.is(await statusOf({ 'x-wardline': '1', 'sec-fetch-site': 'same-site' }), 403);
    assert.is(
      await statusOf({ 'x-wardline': '1', origin: 'https://localhost:80', host: 'localhost:80' }),
      401,
    );
  });

  it('cookies are for this host over TLS, and for no script', async () => {
    const panel = await openPanel();
    const cookie = await panel.logIn(['operations']);
    await panel.clock.advance(120_000);
    const { headers } = await panel.server.inject({
      ...{ method: 'POST', url: '/api/session/renew', headers: panel.headers(cookie) },
    });
    const set = [headers['set-cookie'] ?? []].flat().find((one) => one.startsWith('__Host-wardline=e'));
    assert.match(set ?? '', /; Path=\/; HttpOnly; Secure; SameSite=Strict/);
  });
});
