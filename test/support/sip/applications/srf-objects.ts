/**
 * What the test applications use of drachtio-srf 5.0.29, unmodified. Its own type declarations leave out half of what
 * it documents (body, auth, followRedirects, noAck, ...), so that its objects are described here by what they do.
 */
import type { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import Srf from 'drachtio-srf';

export type Headers = Record<string, string>;

export interface SrfMessage {
  readonly raw: string;
  readonly body: string;
  readonly method: string;
  readonly status: number;
  get(name: string): string;
  has(name: string): boolean;
  getParsedHeader(name: string): { readonly uri: string; readonly params: Record<string, string> };
}

export interface SrfRequest extends SrfMessage, EventEmitter {
  readonly source: string;
  readonly protocol: string;
  readonly source_address: string;
  readonly source_port: number;
  readonly receivedOn: string;
  readonly uri: string;
  readonly socket: Socket;
  cancel(options: { headers?: Headers }, callback: (error: unknown) => void): void;
}

export interface SendOptions {
  readonly headers?: Headers;
  readonly body?: string;
}

export interface SrfResponse extends SrfMessage, EventEmitter {
  readonly reason: string;
  readonly finalResponseSent: boolean;
  send(
    status: number,
    reason: string | undefined,
    options: SendOptions,
    callback?: (error: unknown, sent: SrfMessage | undefined) => void,
    onPrack?: (request: SrfRequest) => void,
  ): void;
}

export interface SrfDialog extends EventEmitter {
  readonly id: string;
  readonly type: 'uas' | 'uac';
  readonly sip: { readonly callId: string; readonly localTag: string; readonly remoteTag: string };
  readonly local: { readonly uri: string; readonly sdp: string };
  readonly remote: { readonly uri: string; readonly sdp: string };
  readonly onHold: boolean;
  readonly connected: boolean;
  destroy(options?: { headers?: Headers; auth?: unknown }): Promise<SrfMessage>;
  modify(sdp: string | { noAck: boolean }, options?: object): Promise<string | LateAnswer>;
  request(options: object): Promise<SrfResponse>;
}

/** Of a re-INVITE or INVITE without offer: the application gives its answer with the ACK. */
export interface LateAnswer {
  readonly sdp: string;
  readonly ack: (sdp: string) => unknown;
}

export interface Progress {
  readonly cbRequest?: (error: unknown, request: SrfRequest) => void;
  readonly cbProvisional?: (response: SrfResponse) => void;
}

export interface SrfApi extends EventEmitter {
  readonly _dialogs: ReadonlyMap<string, SrfDialog>;
  connect(options: { host: string; port: number; secret: string; tls?: object }): void;
  disconnect(): void;
  use(method: string, handler: (request: SrfRequest, response: SrfResponse) => void): void;
  createUAS(request: SrfRequest, response: SrfResponse, options: object): Promise<SrfDialog>;
  createUAC(uri: string, options: object, progress?: Progress): Promise<SrfDialog | LateAnswer>;
  createB2BUA(
    request: SrfRequest,
    response: SrfResponse,
    uri: string,
    options: object,
    progress?: Progress,
  ): Promise<{ uas: SrfDialog; uac: SrfDialog }>;
  proxyRequest(request: SrfRequest, destinations: readonly string[], options: object): Promise<ProxyResult>;
  request(uri: string, options: object): Promise<SrfRequest>;
  unregisterForMessages(verb: string): void;
}

export interface ProxyResult {
  readonly connected: boolean;
  readonly finalStatus: number;
  readonly responses: readonly { readonly msgs: readonly { readonly status: number }[] }[];
}

/** Waits for nothing: `connect` events tell when it is authenticated. */
export function newSrf(tags: readonly string[]): SrfApi {
  return new Srf([...tags]) as unknown as SrfApi;
}

/** Registers `method` with the engine: `srf.invite(handler)` and its like. */
export function onMethod(
  srf: SrfApi,
  method: string,
  handler: (request: SrfRequest, response: SrfResponse) => void,
): void {
  const register = (srf as unknown as Record<string, unknown>)[method];
  if (typeof register !== 'function') throw new TypeError(`drachtio-srf has no method "${method}"`);
  register.call(srf, handler);
}

export { default as Srf } from 'drachtio-srf';
