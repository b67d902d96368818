/** All TCP and TLS connections: those that others open to our listens, and those that we open. */
import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Rng } from '../../../cluster/base/rng.js';
import type { WireSender } from '../transaction/transaction-port.js';
import { canonicalAddress } from './listen-address.js';
import type { SipFlow } from './sip-flow.js';
import { StreamConnection } from './stream-connection.js';
import { StreamListener } from './stream-listener.js';
import { TlsAcceptor } from './tls-acceptor.js';
import { checkTlsMaterial, clientTlsOptions } from './tls-material.js';
import { reportNotSent, type TransportContext } from './transport-context.js';
import type { ListenAddress, NotSentReason, RefusalReason, TlsMaterial } from './transport-port.js';

export interface StreamTransportOptions {
  readonly context: TransportContext;
  readonly rng: Rng;
  readonly tls: TlsMaterial | undefined;
  readonly onConnectionClosed: (flow: SipFlow) => void;
}

/** For peers to take what was sent last. */
const CLOSE_MS = 1000;
/** Ids of one process lie together, those of two processes apart: 2^20 runs of 2^32 ids. */
const RUNS = 2 ** 20;
const IDS_OF_RUN = 2 ** 32;

/** Of connections that may stand for one another (RFC 3261 18.1.1); a verified name is part of what they are. */
function routeOf(flow: SipFlow): string {
  const { protocol, localAddress, localPort, remoteAddress, remotePort, serverName = '' } = flow;
  return [protocol, localAddress, localPort, remoteAddress, remotePort, serverName].join(' ');
}

export class StreamTransport {
  readonly #options: StreamTransportOptions;
  readonly #context: TransportContext;
  readonly #listeners: StreamListener[] = [];
  readonly #connections = new Map<number, StreamConnection>();
  readonly #byRoute = new Map<string, StreamConnection>();
  /** From accept to close, hence also those whose handshake is not over; below TLS. */
  readonly #accepted = new Set<Socket>();
  #openedByUs = 0;
  #tls: TlsMaterial | undefined;
  #acceptor: TlsAcceptor | undefined;
  #lastId: number;

  constructor(options: StreamTransportOptions) {
    this.#options = options;
    this.#context = options.context;
    this.#tls = options.tls;
    // A flow that was stored by an earlier process, or by the partner, must not lead to somebody else.
    this.#lastId = options.rng.integer(0, RUNS - 1) * IDS_OF_RUN;
  }

  get connections(): number {
    return this.#connections.size;
  }

  get handshakes(): number {
    return this.#acceptor?.handshakes ?? 0;
  }

  has(id: number): boolean {
    return this.#connections.has(id);
  }

  /** @returns the port; @throws the system's error, SIP_BAD_CERTIFICATE */
  async open({ protocol, address, port }: ListenAddress): Promise<number> {
    const isTls = protocol === 'tls';
    if (isTls) this.#acceptor ??= new TlsAcceptor(this.#context, checkTlsMaterial(this.#tls));
    const listener = await StreamListener.open({
      address,
      port,
      isPaused: isTls,
      onSocket: (socket, { port: localPort }) => {
        this.#accept(socket, { protocol, localAddress: address, localPort });
      },
      onError: (error) => {
        this.#context.log.write('warn', { err: error, address }, 'accepting SIP connections failed');
      },
    });
    this.#listeners.push(listener);
    return listener.port;
  }

  /** @throws SIP_BAD_CERTIFICATE; the old one is still used */
  replaceTls(material: TlsMaterial): void {
    this.#tls = checkTlsMaterial(material);
    this.#acceptor?.replace(material);
  }

  /** @throws for a port that is none */
  send(bytes: Buffer, flow: SipFlow, sender: WireSender): void {
    const { connectionId } = flow;
    const known =
      connectionId === undefined ? this.#byRoute.get(routeOf(flow)) : this.#connections.get(connectionId);
    if (known !== undefined && !known.isClosed) known.send(bytes, sender);
    else if (connectionId !== undefined) this.#refuseToSend(flow, sender, 'connectionGone');
    else if (this.#openedByUs >= this.#context.limits.outgoingConnectionsMax)
      this.#refuseToSend(flow, sender, 'tooManyConnections');
    else if (!this.#isListening(flow)) this.#refuseToSend(flow, sender, 'noTransport');
    else this.#dial(flow).send(bytes, sender);
  }

  dropConnectionsOf(address: string): void {
    for (const connection of this.#connections.values()) {
      if (connection.flow.localAddress === address) connection.destroy('notOwner');
    }
  }

  /** Idempotent. What was sent before still goes out, when the peers take it soon. */
  async close(): Promise<void> {
    const closed = this.#listeners.splice(0).map((listener) => listener.close());
    this.#acceptor?.close();
    const connections = [...this.#connections.values()];
    const timer = this.#context.clock.schedule(CLOSE_MS, () => {
      for (const connection of connections) connection.destroy();
    });
    for (const connection of connections) connection.end();
    await Promise.all([...closed, ...connections.map((connection) => connection.closed)]);
    timer.cancel();
  }

  #refuseToSend(flow: SipFlow, sender: WireSender, reason: NotSentReason): void {
    reportNotSent(this.#context, { flow, sender, reason });
  }

  #isListening(flow: SipFlow): boolean {
    return this.#listeners.some(
      ({ address, port }) => address === flow.localAddress && port === flow.localPort,
    );
  }

  #dial(flow: SipFlow): StreamConnection {
    const { protocol, localAddress, remoteAddress: host, remotePort: port, serverName } = flow;
    if (isIP(host) === 0) throw new Error(`${host} is no address`);
    const where = { host, port, localAddress };
    this.#openedByUs += 1;
    try {
      if (protocol !== 'tls') return this.#add(flow, connect(where), 'connect');
      const options = clientTlsOptions(checkTlsMaterial(this.#tls), serverName);
      return this.#add(flow, connectTls({ ...options, ...where }), 'secureConnect');
    } catch (error) {
      this.#openedByUs -= 1;
      throw error;
    }
  }

  #accept(socket: Socket, listen: Pick<SipFlow, 'protocol' | 'localAddress' | 'localPort'>): void {
    // Until a connection is made of it nobody else listens, and it may be reset at any time.
    socket.on('error', () => undefined);
    const { remoteAddress, remotePort } = socket;
    const source = canonicalAddress(remoteAddress ?? '');
    const refusal = this.#refusalOf(source, listen.localAddress);
    if (refusal !== undefined || remoteAddress === undefined || remotePort === undefined) {
      if (refusal !== undefined) this.#context.meter.refused(refusal);
      socket.destroy();
      return;
    }
    this.#accepted.add(socket);
    socket.once('close', () => {
      this.#accepted.delete(socket);
      this.#context.guard.connectionClosed(source);
    });
    const flow: SipFlow = { isReliable: true, ...listen, remoteAddress: source, remotePort };
    if (listen.protocol !== 'tls') this.#addAccepted(flow, socket);
    else {
      this.#acceptor?.accept(socket, (secure) => {
        this.#addAccepted(flow, secure);
      });
    }
  }

  /** When there is none, the guard has counted it. */
  #refusalOf(source: string, localAddress: string): RefusalReason | undefined {
    const { gate, guard, limits } = this.#context;
    if (!gate.isOwned(localAddress)) return 'notOwner';
    if (this.#accepted.size >= limits.connectionsMax) return 'tooManyConnections';
    return guard.refuseConnection(source);
  }

  #addAccepted(flow: SipFlow, socket: Socket): void {
    this.#context.meter.connectionAccepted();
    this.#add(flow, socket);
  }

  #add(flow: SipFlow, socket: Socket, openEvent?: 'connect' | 'secureConnect'): StreamConnection {
    this.#lastId += 1;
    const connection = new StreamConnection({
      context: this.#context,
      flow: { ...flow, connectionId: this.#lastId },
      socket,
      ...(openEvent === undefined ? {} : { openEvent }),
      onClosed: (closed) => {
        this.#forget(closed);
      },
    });
    this.#connections.set(this.#lastId, connection);
    this.#byRoute.set(routeOf(flow), connection);
    return connection;
  }

  #forget(connection: StreamConnection): void {
    const { flow, isAccepted } = connection;
    if (!isAccepted) this.#openedByUs -= 1;
    this.#connections.delete(flow.connectionId);
    const route = routeOf(flow);
    if (this.#byRoute.get(route) === connection) this.#byRoute.delete(route);
    this.#options.onConnectionClosed(flow);
  }
}
