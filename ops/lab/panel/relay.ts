/**
 * Passes a connection on to the first target that accepts it. Knows nothing of HTTP but the answer that it gives when
 * nobody does.
 *
 * Invariant: an error of one connection ends that connection; nothing is held longer than its time-outs.
 */
import { createConnection, createServer, type NetConnectOpts, type Server, type Socket } from 'node:net';
import type { Clock } from '../../../cluster/base/clock.js';

export interface RelayOptions {
  /** Tried in this order for each connection. */
  readonly targets: readonly NetConnectOpts[];
  /** For people, when no target accepts. */
  readonly refusal: string;
  readonly clock: Clock;
  readonly limits?: Partial<RelayLimits>;
}

export interface RelayLimits {
  readonly connectMs: number;
  /** From a request to the first byte of its answer: a node that lost power sends no FIN. */
  readonly answerMs: number;
  readonly idleMs: number;
  /** More at once are closed as they come. */
  readonly connectionsMax: number;
}

const LIMITS: RelayLimits = { connectMs: 500, answerMs: 5000, idleMs: 60_000, connectionsMax: 64 };

/** RFC 9110 section 15.6.3. Pure. */
export function renderRefusal(text: string): string {
  const lines = [
    'HTTP/1.1 502 Bad Gateway',
    'Content-Type: text/plain; charset=utf-8',
    `Content-Length: ${String(Buffer.byteLength(text))}`,
    'Retry-After: 2',
    'Connection: close',
  ];
  return `${lines.join('\r\n')}\r\n\r\n${text}`;
}

/** @returns undefined when it does not accept in time */
function connect(
  target: NetConnectOpts,
  { clock }: RelayOptions,
  limits: RelayLimits,
): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = createConnection({ ...target, allowHalfOpen: true });
    const finish = (result: Socket | undefined): void => {
      timer.cancel();
      if (result === undefined) socket.destroy();
      resolve(result);
    };
    const timer = clock.schedule(limits.connectMs, () => {
      finish(undefined);
    });
    socket.once('connect', () => {
      finish(socket);
    });
    // Stays for the life of the socket: an error after the connect ends it, never the process.
    socket.on('error', () => {
      finish(undefined);
    });
  });
}

async function connectFirst(options: RelayOptions, limits: RelayLimits): Promise<Socket | undefined> {
  for (const target of options.targets) {
    const socket = await connect(target, options, limits);
    if (socket !== undefined) return socket;
  }
  return undefined;
}

function join(client: Socket, target: Socket, clock: Clock, limits: RelayLimits): void {
  const close = (): void => {
    waiting?.cancel();
    client.destroy();
    target.destroy();
  };
  let waiting = undefined as ReturnType<Clock['schedule']> | undefined;
  client.on('data', () => {
    waiting ??= clock.schedule(limits.answerMs, close);
  });
  target.on('data', () => {
    waiting?.cancel();
    waiting = undefined;
  });
  for (const socket of [client, target]) {
    socket.setTimeout(limits.idleMs, close);
    socket.on('close', close);
  }
  client.pipe(target);
  target.pipe(client);
}

async function serve(client: Socket, options: RelayOptions, limits: RelayLimits): Promise<void> {
  client.setTimeout(limits.idleMs, () => client.destroy());
  const target = await connectFirst(options, limits);
  if (client.destroyed) {
    target?.destroy();
  } else if (target !== undefined) {
    join(client, target, options.clock, limits);
  } else {
    // Its request is read and dropped: closing over unread bytes would reset the connection under the answer.
    client.resume();
    client.end(renderRefusal(options.refusal));
  }
}

/** @returns a server that does not listen yet; `closeRelay` ends it with its connections */
export function createRelay(options: RelayOptions): Server {
  const limits = { ...LIMITS, ...options.limits };
  const server = createServer({ allowHalfOpen: true }, (client) => {
    client.on('error', () => client.destroy());
    void serve(client, options, limits);
  });
  server.maxConnections = limits.connectionsMax;
  return server;
}
