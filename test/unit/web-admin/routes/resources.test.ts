import type { CallRecord } from '../../../../cluster/store/call-record-read-port.js';
import { openPanel, type OpenedPanel } from '../../../support/panel/open-panel.js';
import { assert, spec } from '../../../support/spec.js';

interface Answered {
  readonly status: number;
  readonly code: string | undefined;
  readonly body: Readonly<Record<string, unknown>>;
}

async function send(
  panel: OpenedPanel,
  method: 'GET' | 'POST' | 'PATCH',
  url: string,
  cookie: string,
  payload?: object,
): Promise<Answered> {
  const headers = panel.headers(cookie);
  const answer = await panel.server.inject({ method, url, headers, ...(payload ? { payload } : {}) });
  const body = answer.json<Record<string, unknown> & { error?: { code: string } }>();
  return { status: answer.statusCode, code: body.error?.code, body };
}

const NEW = {
  ...{ name: 'wang.fang', displayName: '王芳', password: 'a long password' },
  ...{ roles: ['callTaker'], departments: ['reception'] },
};

spec('accounts', (it) => {
  it('are made by the security administrator, and are never shown with a secret', async () => {
    const panel = await openPanel();
    const admin = await panel.logIn(['securityAdministrator']);
    assert.is((await send(panel, 'POST', '/api/accounts', admin, NEW)).status, 200);
    const { body } = await send(panel, 'GET', '/api/accounts', admin);
    assert.match(JSON.stringify(body), /王芳/);
    assert.not.match(JSON.stringify(body), /plain|passwordHash|totpKey|GEZD/);
    assert.is((await send(panel, 'POST', '/api/accounts', admin, NEW)).code, 'PANEL_NAME_TAKEN');
  });

  it('never combine two of the three administrators, when they are made or later', async () => {
    const panel = await openPanel();
    const admin = await panel.logIn(['securityAdministrator']);
    const both = { ...NEW, roles: ['systemAdministrator', 'auditAdministrator'] };
    assert.is((await send(panel, 'POST', '/api/accounts', admin, both)).code, 'PANEL_ROLES_SEPARATED');
    const made = await send(panel, 'POST', '/api/accounts', admin, {
      ...NEW,
      roles: ['systemAdministrator'],
    });
    const url = `/api/accounts/${String(made.body['accountId'])}`;
    const roles = ['systemAdministrator', 'securityAdministrator'];
    assert.is((await send(panel, 'PATCH', url, admin, { revision: 1, roles })).code, 'PANEL_ROLES_SEPARATED');
  });

  it('are not changed over a change that was not seen, nor left without anybody who gives rights', async () => {
    const panel = await openPanel();
    const admin = await panel.logIn(['securityAdministrator']);
    const [own] = panel.identity.options.book.accounts;
    const url = `/api/accounts/${own?.accountId ?? ''}`;
    const late = await send(panel, 'PATCH', url, admin, { revision: 9, displayName: 'x' });
    assert.is(late.code, 'PANEL_CHANGED_MEANWHILE');
    for (const change of [{ isDisabled: true }, { roles: ['operations'] }])
      assert.is(
        (await send(panel, 'PATCH', url, admin, { revision: 1, ...change })).code,
        'PANEL_LAST_ADMINISTRATOR',
      );
  });

  it('cannot be changed without a quorum, and whoever tries is told so', async () => {
    const panel = await openPanel();
    const admin = await panel.logIn(['securityAdministrator']);
    panel.store.isAway = true;
    const { status, code } = await send(panel, 'POST', '/api/accounts', admin, NEW);
    assert.equal([status, code], [503, 'STORE_NO_LEADER']);
  });
});

spec('approvals', (it) => {
  const REQUEST = { sentence: 'promote DR', reason: 'the house is dark', hours: 1 };

  it('take two persons, work without a quorum, and leave an entry for each step', async () => {
    const panel = await openPanel();
    const [one, two] = [await panel.logIn(['dutyManager']), await panel.logIn(['operations'])];
    panel.store.isAway = true;
    const asked = await send(panel, 'POST', '/api/approvals', one, REQUEST);
    const url = `/api/approvals/${String(asked.body['approvalId'])}/decision`;
    const own = await send(panel, 'POST', url, one, { decision: 'approve' });
    assert.is(own.code, 'PANEL_APPROVAL_REFUSED');
    const other = await send(panel, 'POST', url, two, { decision: 'approve', note: 'seen it' });
    assert.is(other.body['state'], 'approved');
    assert.equal(
      panel.store.entries.map(({ action, outcome }) => `${action} ${outcome}`),
      ['approvalRequested done', 'approval:approve refused', 'approval:approve done'],
    );
    assert.is(panel.store.approvals.at(-1)?.revision, 2);
  });

  it('are over after their time', async () => {
    const panel = await openPanel();
    const [one, two] = [await panel.logIn(['dutyManager']), await panel.logIn(['operations'])];
    const asked = await send(panel, 'POST', '/api/approvals', one, REQUEST);
    await panel.clock.advance(20 * 60_000);
    const renewed = await panel.identity.findSession(two.split('=')[1] ?? '');
    assert.ok(renewed !== undefined);
    await panel.clock.advance(45 * 60_000);
    const again = await panel.logIn(['operations']);
    const url = `/api/approvals/${String(asked.body['approvalId'])}/decision`;
    assert.is(
      (await send(panel, 'POST', url, again, { decision: 'approve' })).code,
      'PANEL_APPROVAL_REFUSED',
    );
  });
});

spec('records of calls', (it) => {
  const record = (callId: string, department: string): CallRecord => ({
    ...{ callId, node: 'a', generation: 1, direction: 'inbound', caller: '139', dialled: '010', department },
    ...{ priority: 0, isEmergency: false, openedWallMs: 5, answeredWallMs: null, endedWallMs: null },
    ...{ waitedMs: null, talkedMs: null, seat: null, callTaker: null, endReason: null, mos: null },
    ...{ recording: null, disposition: null },
  });
  const SEARCH = { from: 0, to: 10, limit: 10 };

  it('are those of the own departments for a supervisor, in lists, one by one, and in the CSV', async () => {
    const panel = await openPanel();
    panel.records.push(record('mine', 'reception'), record('other', 'emergency'));
    const cookie = await panel.logIn(['supervisor'], ['reception']);
    const { body } = await send(panel, 'POST', '/api/calls/search', cookie, SEARCH);
    assert.equal(
      (body as unknown as CallRecord[]).map(({ callId }) => callId),
      ['mine'],
    );
    assert.is((await send(panel, 'GET', '/api/calls/mine', cookie)).status, 200);
    assert.is((await send(panel, 'GET', '/api/calls/other', cookie)).code, 'PANEL_NOT_FOUND');
    const headers = panel.headers(cookie);
    const payload = { from: 0, to: 10 };
    const csv = await panel.server.inject({ method: 'POST', url: '/api/calls/csv', headers, payload });
    assert.match(csv.body, /mine/);
    assert.not.match(csv.body, /other/);
  });

  it('are not looked for in a department that is not the own one', async () => {
    const panel = await openPanel();
    const cookie = await panel.logIn(['callTaker'], ['reception']);
    await send(panel, 'POST', '/api/calls/search', cookie, { ...SEARCH, department: 'emergency' });
    assert.equal(panel.filters, []);
  });

  it('put no number that is looked for into the log', async () => {
    const panel = await openPanel();
    const cookie = await panel.logIn(['operations']);
    await send(panel, 'POST', '/api/calls/search', cookie, { ...SEARCH, number: '13912345678' });
    await send(panel, 'POST', '/api/calls/search', cookie, { ...SEARCH, number: 'x13912345678' });
    assert.equal(panel.logged, []);
  });
});
