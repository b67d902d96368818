/**
 * GET /metrics and GET /health for those who watch. It shares the thread with the calls, so it can be made to work or
 * to wait only so much: few connections, each with one request and a hard end, and a text that is made at most once a
 * second however many ask.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Clock } from '../../../cluster/base/clock.js';
import type { Log } from '../../../cluster/base/log.js';

export interface MetricsSource {
  readonly contentType: string;
  readonly text: () => Promise<string>;
}

export interface Health {
  readonly ok: boolean;
  /** For people. */
  readonly sentence: string;
}

export interface MetricsServerOptions {
  readonly metrics: MetricsSource;
  readonly health: () => Health;
  readonly clock: Clock;
  readonly log: Log;
  /** Default 8. When one more comes, the oldest goes: who holds connections locks nobody out. */
  readonly connectionsMax?: number;
  /** From the first byte to the last, whatever is going on; default 5 s. */
  readonly connectionMs?: number;
}

const CONNECTIONS_MAX = 8;
const CONNECTION_MS = 5_000;
const TEXT_FRESH_MS = 1_000;
const HEADER_BYTES_MAX = 4096;

interface Page {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

const NOT_FOUND: Page = { status: 404, type: 'text/plain', body: 'GET /metrics or GET /health\n' };
const FAILED: Page = { status: 500, type: 'text/plain', body: 'the metrics could not be read\n' };

export class MetricsServer {
  readonly #options: MetricsServerOptions;
  readonly #server: Server;
  /** In the order they came. */
  readonly #sockets = new Set<Socket>();
  #text: Promise<string> | undefined;
  #textMs = -Infinity;
  #hasLogged = false;

  constructor(options: MetricsServerOptions) {
    this.#options = options;
    this.#server = createServer(
      { maxHeaderSize: HEADER_BYTES_MAX, keepAlive: false },
      (request, response) => {
        void this.#answer(request, response);
      },
    );
    this.#server.on('connection', (socket) => {
      this.#admit(socket);
    });
    // Without a listener Node answers it with a 400 of its own; nobody is owed one.
    this.#server.on('clientError', (_error, socket) => {
      socket.destroy();
    });
  }

  get connections(): number {
    return this.#sockets.size;
  }

  /**
   * @param port 0: any free one
   * @returns the address, with the port that was chosen
   * @throws the system's error (EADDRINUSE, EACCES)
   */
  async open(host: string, port: number): Promise<AddressInfo> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ host, port }, () => {
        this.#server.off('error', reject);
        resolve();
      });
    });
    this.#server.on('error', (error) => {
      this.#logOnce(error);
    });
    return this.#server.address() as AddressInfo;
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => {
        resolve();
      });
    });
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #admit(socket: Socket): void {
    const { clock, connectionsMax = CONNECTIONS_MAX, connectionMs = CONNECTION_MS } = this.#options;
    for (const oldest of this.#sockets) {
      if (this.#sockets.size < connectionsMax) break;
      this.#sockets.delete(oldest);
      oldest.destroy();
    }
    this.#sockets.add(socket);
    const end = clock.schedule(connectionMs, () => {
      socket.destroy();
    });
    socket.on('close', () => {
      end.cancel();
      this.#sockets.delete(socket);
    });
  }

  /** Never rejects. */
  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let page = FAILED;
    try {
      page = await this.#pageFor(request);
    } catch (error) {
      this.#logOnce(error);
    }
    // A reader who has gone meanwhile makes these do nothing.
    response.writeHead(page.status, {
      'content-type': page.type,
      'content-length': Buffer.byteLength(page.body),
      'cache-control': 'no-store',
      connection: 'close',
    });
    response.end(page.body);
  }

  async #pageFor({ method, url = '' }: IncomingMessage): Promise<Page> {
    const query = url.indexOf('?');
    const path = query < 0 ? url : url.slice(0, query);
    if (method !== 'GET') return NOT_FOUND;
    if (path === '/health') return this.#healthPage();
    if (path !== '/metrics') return NOT_FOUND;
    return { status: 200, type: this.#options.metrics.contentType, body: await this.#freshText() };
  }

  #healthPage(): Page {
    const health = this.#options.health();
    return { status: health.ok ? 200 : 503, type: 'application/json', body: `${JSON.stringify(health)}\n` };
  }

  #freshText(): Promise<string> {
    const nowMs = this.#options.clock.monotonicMs();
    if (this.#text === undefined || nowMs - this.#textMs >= TEXT_FRESH_MS) {
      this.#text = this.#options.metrics.text();
      this.#textMs = nowMs;
    }
    return this.#text;
  }

  /** Whoever scrapes must not fill the log. */
  #logOnce(error: unknown): void {
    if (this.#hasLogged) return;
    this.#hasLogged = true;
    this.#options.log.error({ err: error }, 'metrics cannot be served, said once');
  }
}
