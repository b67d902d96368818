/**
 * The HTTP side of the panel. What it shows it reads from the processes of the nodes; what it changes it orders from
 * them. Nothing on the path of a call depends on it.
 */
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import cookie from '@fastify/cookie';
import helmet from '@fastify/helmet';
import rateLimit from '@fastify/rate-limit';
import staticFiles from '@fastify/static';
import swagger from '@fastify/swagger';
import {
  fastify,
  LogController,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify';
import type { Clock } from '../cluster/base/clock.js';
import type { Log } from '../cluster/base/log.js';
import type { CallRecordReadPort } from '../cluster/store/call-record-read-port.js';
import { guardRoutes } from './access.js';
import { VIEWERS } from './api/endpoint.js';
import type { SettingsView } from './api/site-api.js';
import { answerError, answerNotFound } from './error-answers.js';
import { panelErrors } from './errors.js';
import type { Identity } from './identity/identity.js';
import type { LiveWatch, OrdersPort, PeersPort } from './live/live-watch.js';
import { renderPage } from './page.js';
import { describePanel, type PanelNode, type PanelStatus } from './panel-status.js';
import type { PromptStorePort } from './prompt-store.js';
import { addAccountRoutes } from './routes/account-routes.js';
import { addApprovalRoutes } from './routes/approval-routes.js';
import { addCallRoutes } from './routes/call-routes.js';
import { RouteBook } from './routes/route-book.js';
import { addSessionRoutes } from './routes/session-routes.js';
import { addSiteRoutes } from './routes/site-routes.js';
import type { StatusSourcePort } from './status-source.js';

export interface PanelDependencies {
  readonly status: StatusSourcePort;
  readonly identity: Identity;
  readonly live: LiveWatch;
  readonly orders: OrdersPort;
  readonly peers: PeersPort;
  readonly records: CallRecordReadPort;
  readonly prompts: PromptStorePort;
  readonly clock: Clock;
  readonly log: Log;
}

export interface PanelOptions {
  readonly node: PanelNode;
  /** Service address to the id of its home node, of the whole site. */
  readonly homes: ReadonlyMap<string, string>;
  readonly settings: SettingsView;
  /** Without it plain HTTP is spoken, in which nobody can log in. */
  readonly tls?: { readonly key: string; readonly cert: string };
  /** What the build has made of web-admin/pages; without it / shows the state of the node only. */
  readonly pages?: { readonly folder: string; readonly template: string };
}

const BODY_BYTES_MAX = 512 * 1024;
const REQUEST_TIMEOUT_MS = 10_000;
/** Of one address. Many people may sit behind it; a program that goes mad is held back. */
const REQUESTS_MAX = { max: 30_000, timeWindow: 60_000 } as const;
const ASSET_DAYS = 365;
/** As Vite writes it where a nonce belongs. */
const NONCE_PLACE = '__NONCE__';

const POLICY = {
  'default-src': ["'none'"],
  'script-src': ["'self'"],
  'style-src': ["'self'"],
  'connect-src': ["'self'"],
  'img-src': ["'self'", 'data:'],
  'media-src': ["'self'"],
  'font-src': ["'self'"],
  'base-uri': ["'none'"],
  'form-action': ["'none'"],
  'frame-ancestors': ["'none'"],
};

/** What helmet has not; and all that an answer has that was given before any plugin. */
const OWN_HEADERS = {
  'permissions-policy': 'camera=(), microphone=(), geolocation=()',
  // Answers differ by the moment, the node and the person.
  'cache-control': 'no-store',
} as const;
const EARLY_HEADERS = {
  ...OWN_HEADERS,
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
} as const;

function makeHttpServer(tls: PanelOptions['tls'], listener: RequestListener): Server {
  const server =
    tls === undefined ? createServer(listener) : createTlsServer({ ...tls, minVersion: 'TLSv1.2' }, listener);
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  return server;
}

async function addSecurity(server: FastifyInstance): Promise<void> {
  await server.register(helmet, {
    contentSecurityPolicy: { useDefaults: false, directives: POLICY },
    enableCSPNonces: true,
    xFrameOptions: { action: 'deny' },
    referrerPolicy: { policy: 'no-referrer' },
    strictTransportSecurity: { maxAge: 31_536_000, includeSubDomains: false },
  });
  await server.register(cookie);
  await server.register(rateLimit, {
    ...REQUESTS_MAX,
    errorResponseBuilder: (_request, { ttl }) =>
      panelErrors.PANEL_TOO_MANY_REQUESTS({ seconds: Math.ceil(ttl / 1000) }),
  });
}

async function addDescription(server: FastifyInstance, { settings }: PanelOptions): Promise<void> {
  await server.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Wardline',
        version: settings.version,
        description: 'Whoever changes something sends the header x-wardline: 1.',
      },
    },
  });
}

async function addPages(server: FastifyInstance, options: PanelOptions, show: PageMaker): Promise<void> {
  const { pages } = options;
  const access = 'public' as const;
  server.get('/status', { config: { access }, schema: { hide: true } }, show);
  if (pages === undefined) {
    server.get('/', { config: { access }, schema: { hide: true } }, show);
    return;
  }
  await server.register(staticFiles, {
    root: `${pages.folder}/assets`,
    prefix: '/assets/',
    // Their names are made of their content.
    ...{ immutable: true, maxAge: ASSET_DAYS * 86_400_000, index: false },
  });
  server.get('/', { config: { access }, schema: { hide: true } }, (_request, reply) =>
    reply.type('text/html; charset=utf-8').send(pages.template.replaceAll(NONCE_PLACE, oneNonce(reply))),
  );
}

type PageMaker = (request: FastifyRequest, reply: FastifyReply) => Promise<string>;

/** Two are made; ours has one for both, so the policy is written again with it. */
function oneNonce(reply: FastifyReply): string {
  const { script, style } = reply.cspNonce;
  const policy = String(reply.getHeader('content-security-policy') ?? '');
  void reply.header('content-security-policy', policy.replaceAll(style, script));
  return script;
}

/**
 * @returns a Fastify server that does not listen yet
 */
export function buildServer(deps: PanelDependencies, options: PanelOptions): FastifyInstance {
  const server: FastifyInstance = fastify({
    loggerInstance: deps.log,
    // One line per request from every open page every two seconds would bury what matters.
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: BODY_BYTES_MAX,
    serverFactory: (listener) => makeHttpServer(options.tls, listener),
    // A closing node must not wait for browsers that keep their connections.
    forceCloseConnections: true,
    // What is unknown is refused, not dropped; a form is told all that is wrong with it at once.
    ajv: { customOptions: { removeAdditional: false, allErrors: true, verbose: true } },
    frameworkErrors: (error, request, reply) => {
      void reply.headers(EARLY_HEADERS);
      answerError(error, request, reply);
    },
  }) as unknown as FastifyInstance;
  const readStatus = async (request: FastifyRequest): Promise<PanelStatus> =>
    describePanel({
      ...options,
      status: await deps.status.read(),
      askedAddress: request.socket.localAddress,
      nowMs: deps.clock.wallMs(),
    });
  const showStatus: PageMaker = async (request, reply) => {
    void reply.type('text/html; charset=utf-8');
    return renderPage(await readStatus(request), oneNonce(reply));
  };
  server.setNotFoundHandler(answerNotFound);
  server.setErrorHandler(answerError);
  server.addHook('onRequest', (_request, reply, done) => {
    void reply.headers(OWN_HEADERS);
    done();
  });
  const addAll = async (scope: FastifyInstance): Promise<void> => {
    await addSecurity(scope);
    // Behind the plugin that reads cookies.
    guardRoutes(scope, { identity: deps.identity, tokens: deps.identity.options.tokens });
    await addDescription(scope, options);
    await addPages(scope, options, showStatus);
    const book = new RouteBook(scope);
    const parts = { ...deps, settings: options.settings, readStatus };
    addSessionRoutes(book, parts);
    addAccountRoutes(book, parts);
    addApprovalRoutes(book, parts);
    addCallRoutes(book, parts);
    addSiteRoutes(book, parts);
    book.close();
    scope.get('/api/openapi.json', { config: { access: VIEWERS }, schema: { hide: true } }, () =>
      scope.swagger(),
    );
  };
  // In no scope of its own, so that what is not found has the headers of the plugins, too.
  void server.register(Object.assign(addAll, { [Symbol.for('skip-override')]: true }));
  return server;
}
