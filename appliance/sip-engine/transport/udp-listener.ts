/** One bound UDP socket. */
import { createSocket, type RemoteInfo, type Socket, type SocketOptions } from 'node:dgram';
import { isIP, isIPv6 } from 'node:net';

/** Some 3000 messages: what comes while a garbage collection or a large dialog import holds the thread. */
const BUFFER_BYTES = 4 * 1024 * 1024;

/** Nothing is ever resolved here; with Node's own lookup a name from the network would ask the name server. */
const takeLiterally: NonNullable<SocketOptions['lookup']> = (host, _options, callback) => {
  const family = isIP(host);
  callback(family === 0 ? new Error(`${host} is no address`) : null, host, family);
};

export interface UdpListenerOptions {
  readonly address: string;
  readonly port: number;
  readonly onDatagram: (bytes: Buffer, remote: RemoteInfo) => void;
  /** Of receiving; the socket stays. */
  readonly onError: (error: Error) => void;
}

export class UdpListener {
  readonly address: string;
  readonly port: number;
  readonly #socket: Socket;

  private constructor(socket: Socket) {
    this.#socket = socket;
    ({ address: this.address, port: this.port } = socket.address());
  }

  /** @throws the system's error */
  static async open({ address, port, onDatagram, onError }: UdpListenerOptions): Promise<UdpListener> {
    const isV6 = isIPv6(address);
    // The kernel takes what net.core.rmem_max allows, without a word.
    const socket = createSocket({
      type: isV6 ? 'udp6' : 'udp4',
      ipv6Only: isV6,
      lookup: takeLiterally,
      recvBufferSize: BUFFER_BYTES,
      sendBufferSize: BUFFER_BYTES,
    });
    try {
      await new Promise<void>((resolve, reject) => {
        socket.once('error', reject);
        socket.bind({ address, port, exclusive: true }, () => {
          socket.off('error', reject);
          resolve();
        });
      });
    } catch (error) {
      socket.close();
      throw error;
    }
    socket.on('error', onError);
    socket.on('message', onDatagram);
    return new UdpListener(socket);
  }

  /** @throws for a port or address that is none */
  send(bytes: Buffer, address: string, port: number, onDone: (error: Error | null) => void): void {
    this.#socket.send(bytes, port, address, onDone);
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#socket.close(resolve);
    });
  }
}
