/** One listening TCP socket. */
import { createServer, isIPv6, type AddressInfo, type Server, type Socket } from 'node:net';

/** All phones of a partner that died, within the round trip that they need to be accepted. */
const BACKLOG = 1024;

export interface StreamListenerOptions {
  readonly address: string;
  readonly port: number;
  /** Nothing is read of a new socket until somebody wants it. */
  readonly isPaused: boolean;
  readonly onSocket: (socket: Socket, listener: StreamListener) => void;
  /** Of accepting; it goes on. */
  readonly onError: (error: Error) => void;
}

export class StreamListener {
  readonly address: string;
  readonly port: number;
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
    ({ address: this.address, port: this.port } = server.address() as AddressInfo);
  }

  /** @throws the system's error */
  static async open(options: StreamListenerOptions): Promise<StreamListener> {
    const { address, port, isPaused, onSocket, onError } = options;
    const server = createServer({ pauseOnConnect: isPaused });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(
        { host: address, port, backlog: BACKLOG, ipv6Only: isIPv6(address), exclusive: true },
        () => {
          server.off('error', reject);
          resolve();
        },
      );
    });
    const listener = new StreamListener(server);
    server.on('error', onError);
    server.on('connection', (socket) => {
      onSocket(socket, listener);
    });
    return listener;
  }

  /** Waits for its connections. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => {
        resolve();
      });
    });
  }
}
