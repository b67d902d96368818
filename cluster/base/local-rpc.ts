/**
 * Requests and answers as JSON lines over a Unix socket: how people's commands reach a process on the same
 * machine (node service, laboratory). The socket file's mode is the access control; nothing here listens on
 * a network.
 *
 *     -> {"id":1,"method":"status","params":{}}
 *     <- {"id":1,"result":{...}}          or  {"id":1,"error":{"code","message","action","retryable"}}
 *
 * A line that is not a request is answered with an error and the connection goes on; a line over
 * REQUEST_BYTES_MAX closes that connection only. Every call has a deadline.
 */
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { chmod, rm } from 'node:fs/promises';
import { baseErrors } from './base-errors.js';
import type { Clock } from './clock.js';
import { OperatingError } from './errors.js';

export const REQUEST_BYTES_MAX = 1024 * 1024;
const EXAMPLE = '{"id":1,"method":"status","params":{}}';

export type RpcParams = Readonly<Record<string, unknown>>;
export type RpcMethod = (params: RpcParams) => unknown;
export type RpcMethods = Readonly<Record<string, RpcMethod>>;

interface RpcErrorBody {
  readonly code: string;
  readonly message: string;
  readonly action: string;
  readonly retryable: boolean;
}

/** Calls `onLine` for each complete line; destroys the socket when one line grows past the limit. */
function readLines(socket: Socket, onLine: (line: string) => void): void {
  let pending = '';
  socket.setEncoding('utf8');
  socket.on('data', (chunk: string) => {
    pending += chunk;
    const lines = pending.split('\n');
    pending = lines.pop() ?? '';
    if (pending.length > REQUEST_BYTES_MAX) {
      socket.destroy();
      return;
    }
    for (const line of lines) {
      if (line.trim() !== '') onLine(line);
    }
  });
}

function asErrorBody(error: unknown): RpcErrorBody {
  if (error instanceof OperatingError) {
    const { code, message, action, retryable } = error;
    return { code, message, action, retryable };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { code: 'INTERNAL', message, action: 'See the log of the process that answered.', retryable: false };
}

function parseRequest(line: string): { id: unknown; method: string; params: RpcParams } {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    throw baseErrors.RPC_BAD_REQUEST({ problem: 'the line is not JSON', example: EXAMPLE }, error);
  }
  if (typeof value !== 'object' || value === null) {
    throw baseErrors.RPC_BAD_REQUEST({ problem: 'the line is not a JSON object', example: EXAMPLE });
  }
  const { id, method, params } = value as Record<string, unknown>;
  if (typeof method !== 'string') {
    throw baseErrors.RPC_BAD_REQUEST({ problem: 'field "method" is not a string', example: EXAMPLE });
  }
  if (params !== undefined && (typeof params !== 'object' || params === null || Array.isArray(params))) {
    throw baseErrors.RPC_BAD_REQUEST({ problem: 'field "params" is not an object', example: EXAMPLE });
  }
  return { id, method, params: (params ?? {}) as RpcParams };
}

async function answer(methods: RpcMethods, line: string): Promise<string> {
  let id: unknown = null;
  try {
    const request = parseRequest(line);
    id = request.id ?? null;
    const method = Object.hasOwn(methods, request.method) ? methods[request.method] : undefined;
    if (method === undefined) {
      throw baseErrors.RPC_UNKNOWN_METHOD({
        method: request.method.slice(0, 60),
        known: Object.keys(methods).join(', '),
      });
    }
    const result: unknown = await method(request.params);
    return JSON.stringify({ id, result: result ?? null });
  } catch (error) {
    return JSON.stringify({ id, error: asErrorBody(error) });
  }
}

export interface RpcServer {
  close(): Promise<void>;
}

/**
 * Serves `methods` on a Unix socket. A socket file left by a process that was killed is replaced.
 * @param mode file mode of the socket, by default only the owner may connect
 * @throws the system's error when the folder does not exist or is not writable
 */
export async function serveRpc(path: string, methods: RpcMethods, mode = 0o600): Promise<RpcServer> {
  await rm(path, { force: true });
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    readLines(socket, (line) => {
      void answer(methods, line).then((text) => {
        if (socket.writable) socket.write(`${text}\n`);
      });
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  await chmod(path, mode);
  return {
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => {
        server.close(() => {
          resolve();
        });
      });
      await rm(path, { force: true });
    },
  };
}

export interface RpcCall {
  readonly path: string;
  readonly method: string;
  readonly params?: RpcParams;
  readonly deadlineMs: number;
  readonly clock: Clock;
}

function readAnswer(line: string): unknown {
  const answered = JSON.parse(line) as { result?: unknown; error?: RpcErrorBody };
  if (answered.error === undefined) return answered.result;
  const { code, message, action, retryable } = answered.error;
  throw new OperatingError({ code, message, action, retryable });
}

/**
 * One request over a connection of its own.
 * @throws the other side's OperatingError, or RPC_UNREACHABLE / RPC_NO_ANSWER of this side
 */
export function callRpc(call: RpcCall): Promise<unknown> {
  const { path, method } = call;
  return new Promise((resolve, reject) => {
    const socket = createConnection(path);
    const finish = (settle: () => void): void => {
      timer.cancel();
      socket.destroy();
      settle();
    };
    const timer = call.clock.schedule(call.deadlineMs, () => {
      finish(() => {
        reject(baseErrors.RPC_NO_ANSWER({ path, method, deadlineMs: call.deadlineMs }));
      });
    });
    socket.on('error', (error) => {
      finish(() => {
        reject(baseErrors.RPC_UNREACHABLE({ path }, error));
      });
    });
    socket.on('close', () => {
      finish(() => {
        reject(baseErrors.RPC_UNREACHABLE({ path }));
      });
    });
    readLines(socket, (line) => {
      finish(() => {
        try {
          resolve(readAnswer(line));
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      });
    });
    socket.write(`${JSON.stringify({ id: 1, method, params: call.params ?? {} })}\n`);
  });
}
