/**
 * The HTTP side of the panel. It reads and shows; nothing here can change a node, and nothing on the path of a call
 * depends on it.
 */
import { fastify, LogController, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Clock } from '../cluster/base/clock.js';
import { isOperatingError, type OperatingError } from '../cluster/base/errors.js';
import type { Log } from '../cluster/base/log.js';
import type { Rng } from '../cluster/base/rng.js';
import { panelErrors } from './errors.js';
import { renderPage } from './page.js';
import { describePanel, type PanelNode, type PanelStatus } from './panel-status.js';
import type { StatusSourcePort } from './status-source.js';

export interface PanelDependencies {
  readonly status: StatusSourcePort;
  readonly clock: Clock;
  readonly rng: Rng;
  readonly log: Log;
}

export interface PanelOptions {
  readonly node: PanelNode;
  /** Service address to the id of its home node, of the whole site. */
  readonly homes: ReadonlyMap<string, string>;
}

/** 128 bits, as CSP 3 section 7.1 asks for. */
const NONCE_BYTES = 16;
const BODY_BYTES_MAX = 64 * 1024;
const REQUEST_TIMEOUT_MS = 10_000;
/** What a request may make of the log and of an error sentence. */
const SHOWN_LENGTH_MAX = 200;

const SECURITY_HEADERS = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), microphone=(), geolocation=()',
  // Answers differ by the moment and by the node.
  'cache-control': 'no-store',
  'content-security-policy':
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
} as const;

function pagePolicy(nonce: string): string {
  return [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src 'nonce-${nonce}'`,
    "connect-src 'self'",
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}

function errorBody(error: OperatingError): { readonly error: Readonly<Record<string, unknown>> } {
  const { code, message, action, retryable } = error;
  return { error: { code, message, action, retryable } };
}

function answerNotFound(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const path = request.url.slice(0, SHOWN_LENGTH_MAX);
  return reply.code(404).send(errorBody(panelErrors.PANEL_NO_SUCH_PAGE({ method: request.method, path })));
}

function statusCodeOf(error: unknown): number {
  const code = error instanceof Error && 'statusCode' in error ? error.statusCode : undefined;
  return typeof code === 'number' && code >= 400 && code < 600 ? code : 500;
}

/** A person gets a reference; what went wrong inside goes to the log only. */
function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (isOperatingError(error)) return reply.code(error.retryable ? 503 : 400).send(errorBody(error));
  const status = statusCodeOf(error);
  if (status < 500 && error instanceof Error) {
    const problem = error.message.slice(0, SHOWN_LENGTH_MAX);
    return reply.code(status).send(errorBody(panelErrors.PANEL_BAD_REQUEST({ problem })));
  }
  request.log.error({ err: error, method: request.method }, 'request failed');
  return reply.code(500).send(errorBody(panelErrors.PANEL_INTERNAL({ reference: request.id })));
}

/**
 * @returns a Fastify server that does not listen yet
 */
export function buildServer(deps: PanelDependencies, options: PanelOptions) {
  const server = fastify({
    loggerInstance: deps.log,
    // One line per request from every open page every two seconds would bury what matters.
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: BODY_BYTES_MAX,
    requestTimeout: REQUEST_TIMEOUT_MS,
    // A closing node must not wait for browsers that keep their connections.
    forceCloseConnections: true,
    frameworkErrors: (error, request, reply) => {
      void reply.headers(SECURITY_HEADERS);
      answerError(error, request, reply);
    },
  });
  const readStatus = async (request: FastifyRequest): Promise<PanelStatus> =>
    describePanel({
      ...options,
      status: await deps.status.read(),
      askedAddress: request.socket.localAddress,
      nowMs: deps.clock.wallMs(),
    });

  server.addHook('onRequest', (_request, reply, done) => {
    void reply.headers(SECURITY_HEADERS);
    done();
  });
  server.setNotFoundHandler(answerNotFound);
  server.setErrorHandler(answerError);

  server.get('/', async (request, reply) => {
    const nonce = Buffer.from(deps.rng.bytes(NONCE_BYTES)).toString('base64');
    void reply.header('content-security-policy', pagePolicy(nonce)).type('text/html; charset=utf-8');
    return renderPage(await readStatus(request), nonce);
  });
  server.get('/api/status', readStatus);
  // Says only that this process answers: what it shows has its own state.
  server.get('/healthz', () => ({ ok: true, node: options.node.id }));
  return server;
}
