/** Puts the routes of the contract on the server: each with its schemas, its access and one handler. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Clock } from '../../cluster/base/clock.js';
import type { CallRecordReadPort } from '../../cluster/store/call-record-read-port.js';
import {
  CONTRACT,
  type Answer,
  type Body,
  type ContractKey,
  type Params,
  type Query,
} from '../api/contract.js';
import { ErrorAnswer, type Access, type Endpoint } from '../api/endpoint.js';
import type { SettingsView } from '../api/site-api.js';
import type { Identity, Session } from '../identity/identity.js';
import type { LiveWatch, OrdersPort, PeersPort } from '../live/live-watch.js';
import type { PanelStatus } from '../panel-status.js';
import type { PromptStorePort } from '../prompt-store.js';

/** What handlers work with. */
export interface RouteParts {
  readonly identity: Identity;
  readonly live: LiveWatch;
  readonly orders: OrdersPort;
  readonly peers: PeersPort;
  readonly records: CallRecordReadPort;
  readonly prompts: PromptStorePort;
  readonly settings: SettingsView;
  readonly clock: Clock;
  readonly readStatus: (request: FastifyRequest) => Promise<PanelStatus>;
}

export interface Asked<K extends ContractKey> {
  readonly params: Params<K>;
  readonly query: Query<K>;
  readonly body: Body<K>;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  /** Who asks. @throws TypeError on a public route, where nobody need be logged in */
  readonly session: Session;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: Access;
  }
  interface FastifyRequest {
    session: Session | undefined;
    /** The other node that asks. */
    peer: string | undefined;
  }
}

function schemaOf(endpoint: Endpoint): Record<string, unknown> {
  const { params, query, body, response, summary, access, produces } = endpoint;
  const who = typeof access === 'string' ? access : access.join(', ');
  return {
    summary,
    description: `For: ${who}.`,
    ...(params === undefined ? {} : { params }),
    ...(query === undefined ? {} : { querystring: query }),
    ...(body === undefined ? {} : { body }),
    ...(produces === undefined ? {} : { produces: [produces] }),
    response: {
      ...(produces === undefined ? { 200: response } : {}),
      '4xx': ErrorAnswer,
      '5xx': ErrorAnswer,
    },
  };
}

export class RouteBook {
  readonly #server: FastifyInstance;
  readonly #missing = new Set(Object.keys(CONTRACT));

  constructor(server: FastifyInstance) {
    this.#server = server;
  }

  add<K extends ContractKey>(
    key: K,
    handle: (asked: Asked<K>) => Promise<Answer<K> | FastifyReply> | Answer<K> | FastifyReply,
  ): void {
    const [method = '', url = ''] = key.split(' ');
    const endpoint: Endpoint = CONTRACT[key];
    this.#missing.delete(key);
    this.#server.route({
      method,
      url,
      schema: schemaOf(endpoint),
      config: { access: endpoint.access },
      handler: (request, reply) =>
        handle({
          params: request.params as Params<K>,
          query: request.query as Query<K>,
          body: request.body as Body<K>,
          ...{ request, reply },
          get session(): Session {
            if (request.session === undefined) throw new TypeError(`${key} asks who asks`);
            return request.session;
          },
        }),
    });
  }

  /** @throws TypeError when a route of the contract has no handler */
  close(): void {
    if (this.#missing.size > 0)
      throw new TypeError(`routes without a handler: ${[...this.#missing].join(', ')}`);
  }
}
