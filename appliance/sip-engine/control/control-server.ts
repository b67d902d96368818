/**
 * Where applications connect, and where the engine connects to applications that listen (outbound mode).
 *
 * Opens nothing by itself: `open` is called when all SIP ports are bound, so that the first application already gets
 * the complete list of them. Everybody else on the network is a stranger with 5 s, 8 kB and no memory to fill.
 */
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:tls';
import type { Clock } from '../../../cluster/base/clock.js';
import type { Log } from '../../../cluster/base/log.js';
import type { Rng } from '../../../cluster/base/rng.js';
import { dialApplication, type DialOptions } from './control-dialer.js';
import {
  ControlConnection,
  type ControlConnectionHandlers,
  type ControlConnectionOptions,
} from './control-connection.js';
import type { ControlGreeting } from './control-reply.js';
import { AUTHENTICATE_MS_MAX, type GoneReason } from './control-session-state.js';

export interface ControlTls {
  /** PEM. */
  readonly key: string | Buffer;
  /** PEM, with its chain. */
  readonly cert: string | Buffer;
}

export interface ControlEndpoint {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly tls?: ControlTls;
}

export interface ControlLimits {
  /** Of all connections, both directions. */
  readonly connectionsMax: number;
  /** When one more comes, the oldest stranger goes: an honest application is none for a few milliseconds only. */
  readonly strangersMax: number;
  readonly outgoingBytesMax?: number;
}

export interface ControlServerOptions {
  /** @see open: an empty one is refused */
  readonly secret: string;
  /** Asked at every authentication: SIP ports may have come meanwhile. */
  readonly greeting: () => ControlGreeting;
  readonly handlers: ControlConnectionHandlers;
  readonly clock: Clock;
  readonly rng: Rng;
  readonly log: Log;
  readonly limits?: ControlLimits;
}

export interface ControlServerStatus {
  readonly applications: number;
  readonly strangers: number;
  /** Since the start: turned away because there were too many, by reason how connections ended. */
  readonly refused: number;
  readonly gone: Readonly<Partial<Record<GoneReason, number>>>;
}

const LIMITS: ControlLimits = { connectionsMax: 512, strangersMax: 32 };
/** For applications to read what was sent last. */
const CLOSE_MS = 1500;

interface Listener {
  readonly server: Server | TlsServer;
  /** Below TLS, hence also those whose handshake is not over. */
  readonly sockets: Set<Socket>;
}

export class ControlServer {
  readonly #options: ControlServerOptions;
  readonly #limits: ControlLimits;
  readonly #listeners: Listener[] = [];
  /** In the order they came. */
  readonly #connections = new Set<ControlConnection>();
  readonly #gone: Partial<Record<GoneReason, number>> = {};
  readonly #onDrained: (() => void)[] = [];
  #dialling = 0;
  #refused = 0;
  readonly #closing = new AbortController();

  /** @throws RangeError for an empty secret: everybody would be an application */
  constructor(options: ControlServerOptions) {
    if (options.secret === '') throw new RangeError('the control port needs a secret');
    this.#options = options;
    this.#limits = options.limits ?? LIMITS;
  }

  /** Authenticated, in the order they connected. */
  get applications(): readonly ControlConnection[] {
    return [...this.#connections].filter(({ state }) => state === 'Serving');
  }

  status(): ControlServerStatus {
    return {
      applications: this.applications.length,
      strangers: this.#strangers().length,
      refused: this.#refused,
      gone: { ...this.#gone },
    };
  }

  /**
   * Listens on one more address.
   * @returns the address, with the port that was chosen
   * @throws the system's error (EADDRINUSE, EACCES), or OpenSSL's for a bad key
   */
  async open(endpoint: ControlEndpoint): Promise<AddressInfo> {
    if (this.#closing.signal.aborted) throw new Error('the control server is closed');
    const listener = this.#makeListener(endpoint.tls);
    const { server } = listener;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host: endpoint.host, port: endpoint.port }, () => {
        server.off('error', reject);
        resolve();
      });
    });
    server.on('error', (error) => {
      this.#options.log.error({ err: error }, 'control port failed to accept');
    });
    this.#listeners.push(listener);
    return server.address() as AddressInfo;
  }

  /** New connections get the new certificate, old ones stay. @throws OpenSSL's error; the old one is still used */
  replaceCertificate(tls: ControlTls): void {
    for (const { server } of this.#listeners) {
      if ('setSecureContext' in server) server.setSecureContext({ ...tls });
    }
  }

  /**
   * Calls an application that listens; it authenticates itself, then gets the request for which it was called.
   * @returns once it is authenticated; it is then known to the handlers, too
   * @throws ControlDialError
   */
  async connectTo(host: string, port: number, options: DialOptions = {}): Promise<ControlConnection> {
    this.#dialling += 1;
    try {
      return await dialApplication({
        ...options,
        host,
        port,
        clock: this.#options.clock,
        isAllowed: () => this.#connections.size + this.#dialling <= this.#limits.connectionsMax,
        closing: this.#closing.signal,
        adopt: (socket, watch) => this.#adopt(socket, 'outbound', watch),
      });
    } finally {
      this.#dialling -= 1;
    }
  }

  /** Nobody is let in any more; applications get what was sent before, then FIN. Idempotent. */
  async close(): Promise<void> {
    this.#closing.abort();
    const listeners = this.#listeners.splice(0);
    const closed = listeners.map(({ server }) => closeServer(server));
    for (const connection of this.#connections) connection.close();
    const timer = this.#options.clock.schedule(CLOSE_MS, () => {
      this.#destroyAll(listeners);
    });
    await Promise.all([...closed, this.#drained()]);
    timer.cancel();
  }

  #destroyAll(listeners: readonly Listener[]): void {
    for (const connection of this.#connections) connection.destroy();
    for (const socket of listeners.flatMap(({ sockets }) => [...sockets])) socket.destroy();
  }

  #drained(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#connections.size === 0) resolve();
      else this.#onDrained.push(resolve);
    });
  }

  #makeListener(tls: ControlTls | undefined): Listener {
    const accept = (socket: Socket): void => {
      this.#accept(socket);
    };
    const server =
      tls === undefined
        ? createServer(accept)
        : createTlsServer({ ...tls, minVersion: 'TLSv1.2', handshakeTimeout: AUTHENTICATE_MS_MAX }, accept);
    server.maxConnections = this.#limits.connectionsMax;
    server.on('drop', () => {
      this.#refused += 1;
    });
    server.on('tlsClientError', (error: Error) => {
      this.#options.log.debug({ err: error }, 'TLS handshake on the control port failed');
    });
    const sockets = new Set<Socket>();
    server.on('connection', (socket: Socket) => {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
    });
    return { server, sockets };
  }

  #strangers(): ControlConnection[] {
    return [...this.#connections].filter(({ state }) => state === 'Unauthenticated');
  }

  #accept(socket: Socket): void {
    if (this.#closing.signal.aborted || this.#connections.size >= this.#limits.connectionsMax) {
      this.#refused += 1;
      // It may be reset before it is closed, and nobody else listens.
      socket.on('error', () => undefined);
      socket.destroy();
      return;
    }
    this.#makeRoom();
    this.#adopt(socket, 'inbound');
  }

  #makeRoom(): void {
    const strangers = this.#strangers().filter(({ origin }) => origin === 'inbound');
    if (strangers.length < this.#limits.strangersMax) return;
    this.#refused += 1;
    strangers[0]?.destroy();
  }

  #adopt(
    socket: Socket,
    origin: ControlConnectionOptions['origin'],
    watch: Partial<Pick<ControlConnectionOptions, 'onClosed'>> & {
      readonly onAuthenticated?: (connection: ControlConnection) => void;
    } = {},
  ): ControlConnection {
    const { secret, greeting, handlers, clock, rng, log } = this.#options;
    const { outgoingBytesMax } = this.#limits;
    const connection = new ControlConnection({
      socket,
      origin,
      secret,
      greeting,
      clock,
      rng,
      log,
      ...(outgoingBytesMax === undefined ? {} : { outgoingBytesMax }),
      handlers: {
        ...handlers,
        onAuthenticated: (one) => {
          watch.onAuthenticated?.(one);
          handlers.onAuthenticated?.(one);
        },
      },
      onClosed: (one, reason) => {
        this.#forget(one, reason);
        watch.onClosed?.(one, reason);
      },
    });
    if (connection.state !== 'Gone') this.#connections.add(connection);
    return connection;
  }

  #forget(connection: ControlConnection, reason: GoneReason): void {
    this.#connections.delete(connection);
    this.#gone[reason] = (this.#gone[reason] ?? 0) + 1;
    if (this.#connections.size > 0) return;
    for (const resolve of this.#onDrained.splice(0)) resolve();
  }
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => {
      resolve();
    });
  });
}
