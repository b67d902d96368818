/** Who may ask what: decided before anything of a request is read but its head. */
import type {} from '@fastify/cookie';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Access } from './api/endpoint.js';
import { panelErrors } from './errors.js';
import type { Identity, Session } from './identity/identity.js';
import type { SessionTokens } from './identity/session-tokens.js';

/** Only over TLS, only for this very host, for all paths (RFC 6265bis section 4.1.3.2). */
const COOKIES = { session: '__Host-wardline', second: '__Host-wardline-second' } as const;
const COOKIE = { path: '/', secure: true, httpOnly: true, sameSite: 'strict' } as const;

export function setCookie(reply: FastifyReply, kind: keyof typeof COOKIES, token: string): void {
  void reply.setCookie(COOKIES[kind], token, COOKIE);
}

export function clearCookies(reply: FastifyReply): void {
  for (const name of Object.values(COOKIES)) void reply.clearCookie(name, COOKIE);
}

export function findCookie(request: FastifyRequest, kind: keyof typeof COOKIES): string {
  return request.cookies[COOKIES[kind]] ?? '';
}

const CHANGES_NOTHING = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * No other site can make a browser send such a request: it takes a header of our own, which takes a permission (CORS)
 * that nobody is given; besides, browsers say where a request comes from. Pure.
 */
export function isForeign(method: string, headers: Readonly<Record<string, unknown>>): boolean {
  if (CHANGES_NOTHING.has(method)) return false;
  const { host, origin } = headers;
  const site = headers['sec-fetch-site'];
  if (typeof site === 'string' && site !== 'same-origin' && site !== 'none') return true;
  if (typeof origin === 'string' && (!URL.canParse(origin) || new URL(origin).host !== host)) return true;
  return headers['x-wardline'] !== '1';
}

/** Pure. */
export function isAllowed(access: Access, roles: readonly string[]): boolean {
  return access === 'anyone' || (typeof access !== 'string' && access.some((role) => roles.includes(role)));
}

export interface AccessOptions {
  readonly identity: Identity;
  readonly tokens: SessionTokens;
}

async function findWhoAsks(
  access: Access,
  request: FastifyRequest,
  { identity }: AccessOptions,
): Promise<Session | undefined> {
  if (access === 'second') return identity.findSecond(findCookie(request, 'second'));
  return identity.findSession(findCookie(request, 'session'));
}

async function findPeer(request: FastifyRequest, { tokens }: AccessOptions): Promise<string | undefined> {
  const token = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '')?.[1];
  return token === undefined ? undefined : tokens.findPeer(token);
}

/** @throws PANEL_FOREIGN_REQUEST, PANEL_NOT_LOGGED_IN, PANEL_NOT_ALLOWED */
async function admit(request: FastifyRequest, options: AccessOptions): Promise<void> {
  const { access } = request.routeOptions.config;
  // The page itself, its files, and what is not there. Nothing of the interface is without a rule.
  if (access === undefined && request.routeOptions.url?.startsWith('/api/') !== true) return;
  if (access === undefined) throw panelErrors.PANEL_NOT_LOGGED_IN();
  if (isForeign(request.method, request.headers)) throw panelErrors.PANEL_FOREIGN_REQUEST();
  if (access === 'public') return;
  if (access === 'peer') {
    request.peer = await findPeer(request, options);
    if (request.peer === undefined) throw panelErrors.PANEL_NOT_LOGGED_IN();
    return;
  }
  request.session = await findWhoAsks(access, request, options);
  if (request.session === undefined) throw panelErrors.PANEL_NOT_LOGGED_IN();
  if (access === 'second') return;
  if (isAllowed(access, request.session.account.roles)) return;
  const { accountId } = request.session.account;
  const route = `${request.method} ${request.routeOptions.url ?? ''}`;
  options.identity.audit(accountId, 'notAllowed', route, 'refused', {});
  throw panelErrors.PANEL_NOT_ALLOWED({ roles: typeof access === 'string' ? access : access.join(', ') });
}

export function guardRoutes(server: FastifyInstance, options: AccessOptions): void {
  server.decorateRequest('session', undefined);
  server.decorateRequest('peer', undefined);
  server.addHook('onRequest', (request) => admit(request, options));
}
