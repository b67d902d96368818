/**
 * What is used of drachtio-srf 5.0.29. Its own type declarations leave out half of what it documents (body, auth,
 * cbRequest's error, cancel's options), so that its objects are described here by what they do.
 */
import type { EventEmitter } from 'node:events';
import Srf from 'drachtio-srf';

export type Headers = Readonly<Record<string, string>>;

export interface SrfMessage {
  readonly body: string | undefined;
  readonly status: number;
  get(name: string): string;
  has(name: string): boolean;
  /** @throws for a header that it cannot read */
  getParsedHeader(name: string): unknown;
}

export interface SrfRequest extends SrfMessage, EventEmitter {
  readonly method: string;
  readonly uri: string;
  readonly protocol: string;
  /** `10.77.0.11:5060` */
  readonly receivedOn: string | undefined;
  readonly source_address: string;
  readonly source_port: number | string;
  cancel(options: { headers?: Headers }, callback: (error: unknown) => void): void;
}

export interface SrfResponse extends SrfMessage, EventEmitter {
  readonly finalResponseSent: boolean;
  send(
    status: number,
    reason: string | undefined,
    options: { readonly headers?: Headers; readonly body?: string },
    callback?: (error: unknown) => void,
  ): void;
}

export interface SrfDialog extends EventEmitter {
  readonly id: string;
  readonly sip: { readonly callId: string; readonly localTag: string; readonly remoteTag: string };
  readonly local: { sdp: string; readonly contact: string };
  readonly remote: { readonly sdp: string };
  readonly connected: boolean;
  destroy(options?: { headers?: Headers }): Promise<unknown>;
  request(options: object): Promise<SrfResponse>;
}

export interface Progress {
  readonly cbRequest: (error: unknown, request: SrfRequest | undefined) => void;
  readonly cbProvisional: (response: SrfResponse) => void;
}

export type RequestHandler = (request: SrfRequest, response: SrfResponse) => void;

export interface SrfApi extends EventEmitter {
  connect(options: { readonly host: string; readonly port: number; readonly secret: string }): void;
  disconnect(): void;
  removeDialog(dialog: SrfDialog): void;
  createUAS(request: SrfRequest, response: SrfResponse, options: object): Promise<SrfDialog>;
  createUAC(uri: string, options: object, progress: Progress): Promise<SrfDialog>;
  request(uri: string, options: object): Promise<SrfRequest>;
  /** @param callback for each request that is sent, also for the one that answers a challenge */
  request(
    uri: string,
    options: object,
    callback: (error: Error | null, request: SrfRequest | undefined) => void,
  ): void;
  invite(handler: RequestHandler): void;
  register(handler: RequestHandler): void;
  options(handler: RequestHandler): void;
  subscribe(handler: RequestHandler): void;
}

/** @param tag calls of an application that died go to the next one with the same tag */
export function newSrf(tag: string): SrfApi {
  return new Srf([tag]) as unknown as SrfApi;
}
