/** Accounts and who may do what. */
import type { AccountRecord } from '../../cluster/store/identity-port.js';
import { panelErrors } from '../errors.js';
import type { Identity } from '../identity/identity.js';
import { findForbiddenCombination } from '../identity/roles.js';
import type { RouteBook, RouteParts } from './route-book.js';
import { viewAccount } from './session-routes.js';

function refuseCombination(roles: readonly string[]): void {
  const separated = findForbiddenCombination(roles);
  if (separated.length > 0) throw panelErrors.PANEL_ROLES_SEPARATED({ roles: separated.join(', ') });
}

function getAccount(identity: Identity, accountId: string): AccountRecord {
  const account = identity.options.book.findAccount(accountId);
  if (account === undefined) throw panelErrors.PANEL_NOT_FOUND({ what: 'account', id: accountId });
  return account;
}

function givesRights({ roles, isDisabled }: Pick<AccountRecord, 'roles' | 'isDisabled'>): boolean {
  return roles.includes('securityAdministrator') && !isDisabled;
}

/** An account that gives no rights any more, and no other that does, is a house without a key. */
function refuseLastAdministrator(identity: Identity, before: AccountRecord, after: AccountRecord): void {
  if (!givesRights(before) || givesRights(after)) return;
  const others = identity.options.book.accounts.filter((one) => one.accountId !== before.accountId);
  if (!others.some(givesRights)) throw panelErrors.PANEL_LAST_ADMINISTRATOR();
}

interface Changes {
  readonly displayName?: string;
  readonly roles?: readonly string[];
  readonly departments?: readonly string[];
  readonly isDisabled?: boolean;
}

function changed(
  account: AccountRecord,
  { displayName, roles, departments, isDisabled }: Changes,
): AccountRecord {
  return {
    ...account,
    displayName: displayName ?? account.displayName,
    roles: roles ?? account.roles,
    departments: departments ?? account.departments,
    isDisabled: isDisabled ?? account.isDisabled,
  };
}

export function addAccountRoutes(book: RouteBook, { identity }: RouteParts): void {
  const { book: accounts, store, passwords } = identity.options;
  book.add('GET /api/accounts', () => accounts.accounts.map(viewAccount));
  book.add('POST /api/accounts', async ({ body, session }) => {
    const { password, ...fields } = body;
    refuseCombination(fields.roles);
    const by = session.account.accountId;
    const account = identity.newRecord({ ...fields, by, passwordHash: await passwords.hash(password) });
    if (!(await store.add(account))) throw panelErrors.PANEL_NAME_TAKEN({ name: account.name });
    accounts.learn({ accounts: [account] });
    identity.audit(by, 'accountAdded', account.name, 'done', { roles: account.roles.join(' ') });
    return viewAccount(account);
  });
  book.add('PATCH /api/accounts/:accountId', async ({ params, body, session }) => {
    const before = getAccount(identity, params.accountId);
    const { revision, password, resetSecondFactor = false, ...changes } = body;
    if (revision !== before.revision) throw panelErrors.PANEL_CHANGED_MEANWHILE({ what: before.name });
    const { totpKey, ...after } = changed(before, changes);
    refuseCombination(after.roles);
    refuseLastAdministrator(identity, before, after);
    const next: AccountRecord = {
      ...after,
      ...(totpKey === undefined || resetSecondFactor ? {} : { totpKey }),
      passkeys: resetSecondFactor ? [] : before.passkeys,
      passwordHash: password === undefined ? before.passwordHash : await passwords.hash(password),
    };
    const by = session.account.accountId;
    const done = await identity.replace(next, by);
    // Whoever had more rights, another password or another phone a moment ago shall not go on with them.
    if (password !== undefined || resetSecondFactor || done.isDisabled) identity.revokeAll(done, by);
    identity.audit(by, 'accountChanged', done.name, 'done', { fields: Object.keys(body).join(' ') });
    return viewAccount(done);
  });
  book.add('POST /api/accounts/:accountId/revoke', ({ params, session }) => {
    identity.revokeAll(getAccount(identity, params.accountId), session.account.accountId);
    return { done: true };
  });
}
