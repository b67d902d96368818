/** Server side of TLS, behind listeners that accept the sockets. */
import type { Socket } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import { HandshakeAdmission } from './handshake-admission.js';
import { serverTlsOptions } from './tls-material.js';
import type { TransportContext } from './transport-context.js';
import type { TlsMaterial } from './transport-port.js';

/** Both ends, as the socket and the TLS socket on it tell them alike. */
function pathOf({ localAddress, localPort, remoteAddress, remotePort }: Socket): string {
  return [localAddress, localPort, remoteAddress, remotePort].join(' ');
}

interface Handshake {
  readonly socket: Socket;
  readonly onSecure: (socket: TLSSocket) => void;
}

export class TlsAcceptor {
  readonly #context: TransportContext;
  /** It listens to nothing: sockets are handed to it when it is their turn. */
  readonly #server: Server;
  readonly #admission: HandshakeAdmission;
  /** By path. */
  readonly #handshakes = new Map<string, Handshake>();

  constructor(context: TransportContext, material: TlsMaterial) {
    this.#context = context;
    this.#admission = new HandshakeAdmission(context.clock, context.limits);
    this.#server = createServer({
      ...serverTlsOptions(material),
      handshakeTimeout: context.limits.handshakeMs,
    });
    this.#server.on('secureConnection', (socket) => {
      this.#handshakes.get(pathOf(socket))?.onSecure(socket);
    });
    this.#server.on('tlsClientError', (error) => {
      context.meter.refused('handshakeFailed');
      context.log.write('debug', { err: error }, 'TLS handshake for SIP failed');
    });
  }

  /** Waiting and running. */
  get handshakes(): number {
    return this.#admission.size;
  }

  /** For handshakes that begin from now on. */
  replace(material: TlsMaterial): void {
    this.#server.setSecureContext(serverTlsOptions(material));
  }

  /** @param socket paused, and with a listener of its errors */
  accept(socket: Socket, onSecure: (socket: TLSSocket) => void): void {
    const { clock, limits, meter } = this.#context;
    const path = pathOf(socket);
    const leave = this.#admission.enter(() => {
      this.#server.emit('connection', socket);
    });
    if (leave === undefined) {
      meter.refused('tooManyHandshakes');
      socket.destroy();
      return;
    }
    const timer = clock.schedule(limits.handshakeMs, () => {
      meter.refused('handshakeTooSlow');
      socket.destroy();
    });
    const finish = (): void => {
      timer.cancel();
      leave();
      this.#handshakes.delete(path);
    };
    this.#handshakes.set(path, {
      socket,
      onSecure: (secure) => {
        finish();
        onSecure(secure);
      },
    });
    socket.once('close', finish);
  }

  /** Handshakes that are not over end. */
  close(): void {
    this.#admission.close();
    for (const { socket } of this.#handshakes.values()) socket.destroy();
  }
}
