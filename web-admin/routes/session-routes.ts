/** Logging in and out. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { AccountRecord } from '../../cluster/store/identity-port.js';
import { clearCookies, findCookie, setCookie } from '../access.js';
import type { AccountView, SessionView } from '../api/session-api.js';
import { panelErrors } from '../errors.js';
import type { Identity, Session } from '../identity/identity.js';
import type { Place } from '../identity/passkeys.js';
import { ABSOLUTE_MS, RENEW_AFTER_MS } from '../identity/session-tokens.js';
import type { RouteBook, RouteParts } from './route-book.js';

/** Without what nobody needs to see. */
export function viewAccount(account: AccountRecord): AccountView {
  const { accountId, name, displayName, roles, departments, totpKey, passkeys, isDisabled, revision } =
    account;
  return {
    ...{
      accountId,
      name,
      displayName,
      roles: [...roles],
      departments: [...departments],
      isDisabled,
      revision,
    },
    hasTotp: totpKey !== undefined,
    passkeys: passkeys.map((passkey) => ({ name: passkey.name, addedWallMs: passkey.addedWallMs })),
  };
}

function placeOf(request: FastifyRequest): Place {
  return { host: request.hostname, origin: `https://${request.host}` };
}

async function describeSession(identity: Identity, request: FastifyRequest): Promise<SessionView> {
  const { isFirst } = identity;
  const { node } = identity.options;
  const session = await identity.findSession(findCookie(request, 'session'));
  if (session !== undefined) return viewOpen(identity, session);
  const second = await identity.findSecond(findCookie(request, 'second'));
  return second === undefined ? { state: 'none', isFirst, node } : viewSecond(identity, second.account);
}

function viewSecond(identity: Identity, account: AccountRecord): SessionView {
  const [totp, passkey] = [account.totpKey !== undefined, account.passkeys.length > 0];
  const second = { totp, passkey, enrol: !totp && !passkey };
  return { state: 'second', isFirst: false, node: identity.options.node, second };
}

function viewOpen(identity: Identity, { account, claims }: Session): SessionView {
  return {
    ...{ state: 'open', isFirst: false, node: identity.options.node, account: viewAccount(account) },
    expiresWallMs: claims.expiresWallMs,
    endsWallMs: claims.startedWallMs + ABSOLUTE_MS,
  };
}

/** The answer to a token that was just made. */
async function answerWith(
  identity: Identity,
  reply: FastifyReply,
  kind: 'session' | 'second',
  token: string,
): Promise<SessionView> {
  const find = kind === 'session' ? identity.findSession(token) : identity.findSecond(token);
  const session = await find;
  if (session === undefined) throw panelErrors.PANEL_NOT_LOGGED_IN();
  clearCookies(reply);
  setCookie(reply, kind, token);
  return kind === 'session' ? viewOpen(identity, session) : viewSecond(identity, session.account);
}

function addFirstStep(book: RouteBook, identity: Identity): void {
  book.add('GET /api/session', ({ request }) => describeSession(identity, request));
  book.add('POST /api/session', async ({ body, request, reply }) => {
    const token = await identity.passPassword(body.name, body.password, request.ip);
    return answerWith(identity, reply, 'second', token);
  });
  book.add('POST /api/session/first', async ({ body, request, reply }) =>
    answerWith(identity, reply, 'second', await identity.makeFirst(body, request.ip)),
  );
}

function addSecondStep(book: RouteBook, identity: Identity): void {
  book.add('POST /api/session/totp/enrol', ({ session }) => identity.beginEnrolment(session));
  book.add('POST /api/session/totp', async ({ session, body, request, reply }) =>
    answerWith(identity, reply, 'session', await identity.passTotp(session, body.code, request.ip)),
  );
  book.add('POST /api/session/passkey/options', ({ session, request }) =>
    identity.passkeyLoginOptions(session, placeOf(request)),
  );
  book.add('POST /api/session/passkey', async ({ session, body, request, reply }) => {
    const token = await identity.passPasskey(session, body.response, placeOf(request), request.ip);
    return answerWith(identity, reply, 'session', token);
  });
}

export function addSessionRoutes(book: RouteBook, { identity, clock }: RouteParts): void {
  addFirstStep(book, identity);
  addSecondStep(book, identity);
  book.add('POST /api/session/renew', async ({ session, reply }) => {
    if (clock.wallMs() - session.claims.issuedWallMs < RENEW_AFTER_MS) return viewOpen(identity, session);
    return answerWith(identity, reply, 'session', await identity.renew(session));
  });
  book.add('DELETE /api/session', ({ session, reply }) => {
    identity.logOut(session);
    clearCookies(reply);
    return { done: true };
  });
  book.add('POST /api/session/password', async ({ session, body, request }) => {
    await identity.changePassword(session, body.old, body.password, request.ip);
    return { done: true };
  });
  book.add('POST /api/passkeys/options', ({ session, request }) =>
    identity.passkeyOptions(session, placeOf(request)),
  );
  book.add('POST /api/passkeys', async ({ session, body, request }) => {
    await identity.addPasskey(session, body.name, body.response, placeOf(request));
    return { done: true };
  });
}
