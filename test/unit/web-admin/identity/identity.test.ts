import { totpCode, totpStepOf, decodeBase32 } from '../../../../web-admin/identity/totp.js';
import { ABSOLUTE_MS, IDLE_MS } from '../../../../web-admin/identity/session-tokens.js';
import { FIRST_CODE, openPanel, type OpenedPanel } from '../../../support/panel/open-panel.js';
import { assert, spec } from '../../../support/spec.js';

const PASSWORD = 'correct horse battery';
const FIRST = { code: FIRST_CODE, name: 'Li.Na', displayName: '李娜', password: PASSWORD };

interface Answer {
  readonly status: number;
  readonly cookie: string;
  readonly body: {
    readonly state?: string;
    readonly key?: string;
    readonly error?: { readonly code: string; readonly fields?: readonly { readonly path: string }[] };
    readonly account?: { readonly name: string; readonly roles: readonly string[] };
    readonly isFirst?: boolean;
  };
}

/** A browser: it keeps the cookies. */
async function post(panel: OpenedPanel, url: string, payload?: object, cookie?: string): Promise<Answer> {
  const method = payload === undefined && url === '/api/session' ? 'GET' : 'POST';
  const answer = await panel.server.inject({
    ...{ method, url, headers: panel.headers(cookie) },
    ...(payload === undefined ? {} : { payload }),
  });
  const kept = answer.cookies
    .filter(({ value }) => value !== '')
    .map(({ name, value }) => `${name}=${value}`);
  return {
    status: answer.statusCode,
    cookie: kept.length === 0 ? (cookie ?? '') : kept.join('; '),
    body: answer.json(),
  };
}

const codeOf = (key: string, panel: OpenedPanel): string =>
  totpCode(decodeBase32(key), totpStepOf(panel.clock.wallMs()));

/** The first account, up to its session. */
async function begin(panel: OpenedPanel): Promise<{ readonly cookie: string; readonly key: string }> {
  const second = await post(panel, '/api/session/first', FIRST);
  const { body } = await post(panel, '/api/session/totp/enrol', {}, second.cookie);
  const key = body.key ?? '';
  const opened = await post(panel, '/api/session/totp', { code: codeOf(key, panel) }, second.cookie);
  assert.is(opened.body.state, 'open');
  return { cookie: opened.cookie, key };
}

const stateOf = async (panel: OpenedPanel, cookie: string): Promise<string | undefined> =>
  (await post(panel, '/api/session', undefined, cookie)).body.state;

spec('the way into the panel', (it) => {
  it('begins with the one-time code, a password and an authenticator, and ends logged in', async () => {
    const panel = await openPanel();
    assert.is((await post(panel, '/api/session')).body.isFirst, true);
    const { cookie } = await begin(panel);
    const { body } = await post(panel, '/api/session', undefined, cookie);
    assert.is(body.account?.name, 'li.na');
    assert.equal(body.account?.roles, ['securityAdministrator', 'operations', 'dutyManager']);
    assert.is((await post(panel, '/api/session')).body.isFirst, false);
  });

  it('is made once: neither the code nor another first account counts afterwards', async () => {
    const panel = await openPanel();
    await begin(panel);
    const again = await post(panel, '/api/session/first', { ...FIRST, name: 'second' });
    assert.is(again.status, 409);
    assert.is(again.body.error?.code, 'PANEL_NOT_FIRST');
  });

  it("does not wait until this node's copy of the store has the account", async () => {
    const panel = await openPanel();
    const { book } = panel.identity.options;
    panel.store.oldCopy = [];
    await begin(panel);
    const [account] = book.accounts;
    assert.is(account?.revision, 2);
    panel.store.oldCopy = account === undefined ? [] : [{ ...account, revision: 1 }];
    await book.refresh();
    assert.is(book.accounts[0]?.revision, 2, 'an older copy takes nothing back');
  });

  it('is closed for a wrong code, and says so at the field for a short password', async () => {
    const panel = await openPanel();
    const wrong = await post(panel, '/api/session/first', { ...FIRST, code: 'WRONG' });
    assert.is(wrong.body.error?.code, 'PANEL_WRONG_CODE');
    const short = await post(panel, '/api/session/first', { ...FIRST, password: 'short', name: '!' });
    assert.equal(
      short.body.error?.fields?.map(({ path }) => path),
      ['name', 'password'],
    );
  });

  it('needs the second factor: a right password alone opens nothing', async () => {
    const panel = await openPanel();
    await begin(panel);
    const second = await post(panel, '/api/session', { name: 'LI.NA', password: PASSWORD });
    assert.is(second.body.state, 'second');
    const refused = await panel.server.inject({ url: '/api/live', headers: panel.headers(second.cookie) });
    assert.is(refused.statusCode, 401);
    const enrol = await post(panel, '/api/session/totp/enrol', {}, second.cookie);
    assert.is(
      enrol.body.error?.code,
      'PANEL_BAD_REQUEST',
      'no second authenticator is enrolled beside the first',
    );
  });

  it('takes each code of an authenticator once', async () => {
    const panel = await openPanel();
    const { key } = await begin(panel);
    const second = await post(panel, '/api/session', { name: 'li.na', password: PASSWORD });
    const used = await post(panel, '/api/session/totp', { code: codeOf(key, panel) }, second.cookie);
    assert.is(used.body.error?.code, 'PANEL_WRONG_CODE');
    await panel.clock.advance(30_000);
    const fresh = await post(panel, '/api/session/totp', { code: codeOf(key, panel) }, second.cookie);
    assert.is(fresh.body.state, 'open');
  });

  it('says the same of a wrong name and a wrong password, and locks after five', async () => {
    const panel = await openPanel();
    await begin(panel);
    const codes: (string | undefined)[] = [];
    for (const name of ['nobody', 'li.na', 'li.na', 'li.na', 'li.na', 'li.na', 'li.na']) {
      const { body } = await post(panel, '/api/session', { name, password: 'wrong' });
      codes.push(body.error?.code);
    }
    assert.equal(
      codes.slice(0, 6),
      Array.from({ length: 6 }, () => 'PANEL_WRONG_LOGIN'),
    );
    assert.is(codes[6], 'PANEL_LOCKED');
    const right = await post(panel, '/api/session', { name: 'li.na', password: PASSWORD });
    assert.is(right.status, 429, 'the right one has to wait, too');
    await panel.clock.advance(31_000);
    assert.is(
      (await post(panel, '/api/session', { name: 'li.na', password: PASSWORD })).body.state,
      'second',
    );
  });
});

spec('a session', (it) => {
  it('ends after half an hour in which nobody renews it', async () => {
    const panel = await openPanel();
    const { cookie } = await begin(panel);
    await panel.clock.advance(IDLE_MS - 30_000);
    const renewed = await post(panel, '/api/session/renew', {}, cookie);
    await panel.clock.advance(60_000);
    assert.is(await stateOf(panel, cookie), 'none');
    assert.is(await stateOf(panel, renewed.cookie), 'open');
  });

  it('ends after twelve hours whatever happens', async () => {
    const panel = await openPanel();
    let { cookie } = await begin(panel);
    for (let passedMs = 0; passedMs < ABSOLUTE_MS - IDLE_MS / 2; passedMs += IDLE_MS / 2) {
      assert.is(await stateOf(panel, cookie), 'open');
      cookie = (await post(panel, '/api/session/renew', {}, cookie)).cookie;
      await panel.clock.advance(IDLE_MS / 2);
    }
    await panel.clock.advance(IDLE_MS / 2 + 30_000);
    assert.is(await stateOf(panel, cookie), 'none');
  });

  it('is over for every copy of its token once it is logged out', async () => {
    const panel = await openPanel();
    const { cookie } = await begin(panel);
    await panel.server.inject({ method: 'DELETE', url: '/api/session', headers: panel.headers(cookie) });
    assert.is(await stateOf(panel, cookie), 'none');
    assert.is(panel.store.revocations.length > 0, true);
  });

  it('goes on without a quorum, and people log in without one', async () => {
    const panel = await openPanel();
    const { cookie, key } = await begin(panel);
    panel.store.isAway = true;
    await panel.clock.advance(60_000);
    assert.is(await stateOf(panel, cookie), 'open');
    const second = await post(panel, '/api/session', { name: 'li.na', password: PASSWORD });
    const opened = await post(panel, '/api/session/totp', { code: codeOf(key, panel) }, second.cookie);
    assert.is(opened.body.state, 'open');
  });

  it('of an account that was disabled, or whose sessions were ended, is over at once', async () => {
    const panel = await openPanel();
    const { cookie } = await begin(panel);
    const admin = await panel.logIn(['securityAdministrator']);
    const { accountId } = panel.identity.options.book.findByName('li.na') ?? { accountId: '' };
    await panel.clock.advance(5);
    const url = `/api/accounts/${accountId}/revoke`;
    await panel.server.inject({ method: 'POST', url, headers: panel.headers(admin) });
    assert.is(await stateOf(panel, cookie), 'none');
    assert.is(await stateOf(panel, admin), 'open');
  });

  it('with a token that somebody has changed is none', async () => {
    const panel = await openPanel();
    const { cookie } = await begin(panel);
    const [head = '', payload = '', sign = ''] = cookie.split('.');
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>;
    const forged = Buffer.from(JSON.stringify({ ...claims, exp: 9e9 })).toString('base64url');
    assert.is(await stateOf(panel, [head, forged, sign].join('.')), 'none');
    assert.is(await stateOf(panel, '__Host-wardline=x.y.z'), 'none');
  });
});
