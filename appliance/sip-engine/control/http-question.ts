/**
 * One question to an HTTP service: it ends once, within its deadline, and leaves no socket behind.
 *
 * Each has a connection of its own. A kept one saves a round trip, but when the service has closed it meanwhile the
 * call on it is lost.
 */
import { request as requestHttp, type ClientRequest, type IncomingMessage } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { Clock, Timer } from '../../../cluster/base/clock.js';

export interface HttpQuestion {
  readonly url: URL;
  readonly method: 'GET' | 'POST';
  readonly body?: Buffer;
  readonly clock: Clock;
  /** For name, connection and TLS. */
  readonly connectMs: number;
  /** For everything. */
  readonly timeoutMs: number;
  readonly answerBytesMax: number;
  readonly signal: AbortSignal;
}

/** The words of an answer, whatever its status. */
type Settle = (outcome: { readonly text: string } | { readonly error: Error }) => void;

function readAnswer(answer: IncomingMessage, bytesMax: number, settle: Settle): void {
  const parts: Buffer[] = [];
  let size = 0;
  answer.on('data', (part: Buffer) => {
    size += part.length;
    if (size > bytesMax) settle({ error: new Error(`the answer has more than ${String(bytesMax)} bytes`) });
    else parts.push(part);
  });
  answer.on('error', (error) => {
    settle({ error });
  });
  answer.on('end', () => {
    settle({ text: Buffer.concat(parts).toString('utf8') });
  });
}

function open(question: HttpQuestion, onAnswer: (answer: IncomingMessage) => void): ClientRequest {
  const { url, method, body } = question;
  const headers =
    body === undefined
      ? { accept: 'application/json' }
      : { accept: 'application/json', 'content-type': 'text/plain', 'content-length': body.length };
  const request = url.protocol === 'https:' ? requestHttps : requestHttp;
  return request(url, { method, headers, agent: false }, onAnswer);
}

/** Calls back when the way is there: connected, and for https the handshake is over. */
function whenConnected(request: ClientRequest, isTls: boolean, connected: () => void): void {
  request.on('socket', (socket) => {
    socket.once(isTls ? 'secureConnect' : 'connect', connected);
  });
}

/** @throws the first thing that went wrong */
export function askHttp(question: HttpQuestion): Promise<string> {
  return new Promise((resolve, reject) => {
    const { clock, connectMs, timeoutMs, url, signal } = question;
    signal.throwIfAborted();
    const timers: Timer[] = [];
    const settle: Settle = (outcome) => {
      for (const timer of timers) timer.cancel();
      signal.removeEventListener('abort', onAbort);
      if ('error' in outcome) {
        // Without an error of its own: what it was is told by the promise.
        request.destroy();
        reject(outcome.error);
      } else resolve(outcome.text);
    };
    const onAbort = (): void => {
      settle({ error: new Error('it is not needed any more') });
    };
    const request = open(question, (answer) => {
      readAnswer(answer, question.answerBytesMax, settle);
    });
    const connecting = clock.schedule(connectMs, () => {
      settle({ error: new Error(`no connection within ${String(connectMs)} ms`) });
    });
    const answering = clock.schedule(timeoutMs, () => {
      settle({ error: new Error(`no answer within ${String(timeoutMs)} ms`) });
    });
    timers.push(connecting, answering);
    whenConnected(request, url.protocol === 'https:', () => {
      connecting.cancel();
    });
    // Also after the end: destroying a request is told as an error.
    request.on('error', (error) => {
      settle({ error });
    });
    signal.addEventListener('abort', onAbort);
    request.end(question.body);
  });
}
