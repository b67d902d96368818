/**
 * The panels of the other nodes over HTTPS. Each is known by its certificate, and it knows us by a token that we sign:
 * both keys come from the store, where each panel has put its own.
 */
import { Agent, request } from 'node:https';
import type { SiteDocument } from '../../firmware-config/schema/site.js';
import { OperatingError } from '../../cluster/base/errors.js';
import { panelErrors } from '../errors.js';
import type { IdentityBook } from '../identity/identity-book.js';
import type { SessionTokens } from '../identity/session-tokens.js';
import type { PeersPort } from './live-watch.js';
import type { NodeSnapshot } from './node-snapshot.js';

export interface HttpsPeersOptions {
  readonly site: SiteDocument;
  readonly book: IdentityBook;
  readonly tokens: SessionTokens;
}

/** Together with the miss that is forgiven: how long a dead node is shown as it was. */
const SNAPSHOT_MS_MAX = 1000;
const ORDER_MS_MAX = 12_000;
const ANSWER_BYTES_MAX = 8 * 1024 * 1024;

interface PeerRequest {
  readonly nodeId: string;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: object;
  readonly timeoutMs: number;
}

function refusalOf(text: string, status: number): Error {
  const { error } = JSON.parse(text) as { error?: ConstructorParameters<typeof OperatingError>[0] };
  return error === undefined ? new Error(`the panel answered ${String(status)}`) : new OperatingError(error);
}

export class HttpsPeers implements PeersPort {
  readonly #options: HttpsPeersOptions;
  readonly #agents = new Map<string, { readonly certificate: string; readonly agent: Agent }>();

  constructor(options: HttpsPeersOptions) {
    this.#options = options;
  }

  async snapshot(nodeId: string): Promise<NodeSnapshot> {
    const path = '/api/peer/snapshot';
    return (await this.#ask({ nodeId, method: 'GET', path, timeoutMs: SNAPSHOT_MS_MAX })) as NodeSnapshot;
  }

  async order(
    nodeId: string,
    service: 'calls' | 'node',
    method: string,
    params: Readonly<Record<string, unknown>>,
  ): Promise<unknown> {
    const body = { service, method, params };
    const answer = await this.#ask({
      ...{ nodeId, method: 'POST', path: '/api/peer/order', body },
      timeoutMs: ORDER_MS_MAX,
    });
    return (answer as { result: unknown }).result;
  }

  close(): void {
    for (const { agent } of this.#agents.values()) agent.destroy();
  }

  async #ask(asked: PeerRequest): Promise<unknown> {
    const { site, tokens } = this.#options;
    const host = site.nodes.find(({ id }) => id === asked.nodeId)?.address;
    const agent = this.#agentFor(asked.nodeId);
    if (host === undefined || agent === undefined)
      throw panelErrors.PANEL_NODE_AWAY({ node: asked.nodeId, problem: 'it has not made itself known yet' });
    const token = await tokens.issuePeer();
    const text = asked.body === undefined ? undefined : JSON.stringify(asked.body);
    return new Promise((resolve, reject) => {
      const fail = (error: Error): void => {
        const isOurs = error instanceof OperatingError;
        reject(
          isOurs ? error : panelErrors.PANEL_NODE_AWAY({ node: asked.nodeId, problem: error.message }, error),
        );
      };
      const outgoing = request(
        {
          ...{ host, port: site.ports.panel, path: asked.path, method: asked.method, agent },
          signal: AbortSignal.timeout(asked.timeoutMs),
          headers: {
            authorization: `Bearer ${token}`,
            'x-wardline': '1',
            ...(text === undefined
              ? {}
              : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
          },
        },
        (response) => {
          let answered = '';
          response.setEncoding('utf8');
          response.on('error', fail);
          response.on('data', (chunk: string) => {
            answered += chunk;
            if (answered.length > ANSWER_BYTES_MAX) response.destroy(new Error('its answer is too long'));
          });
          response.on('end', () => {
            try {
              if (response.statusCode !== 200) throw refusalOf(answered, response.statusCode ?? 0);
              resolve(JSON.parse(answered));
            } catch (error) {
              fail(error instanceof Error ? error : new Error(String(error)));
            }
          });
        },
      );
      outgoing.on('error', fail);
      outgoing.end(text);
    });
  }

  /** Its own certificate is the only authority that is believed, whatever name it has. */
  #agentFor(nodeId: string): Agent | undefined {
    const certificate = this.#options.book.findNode(nodeId)?.certificate;
    if (certificate === undefined) return undefined;
    const known = this.#agents.get(nodeId);
    if (known?.certificate === certificate) return known.agent;
    known?.agent.destroy();
    const agent = new Agent({
      ca: certificate,
      checkServerIdentity: () => undefined,
      keepAlive: true,
      maxSockets: 4,
      timeout: ORDER_MS_MAX,
    });
    this.#agents.set(nodeId, { certificate, agent });
    return agent;
  }
}
