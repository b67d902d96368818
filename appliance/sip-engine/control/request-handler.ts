/**
 * Asks where a new request goes, as drachtio-server does with `<request-handlers>`: an HTTP service by method, or an
 * application that is named in the configuration and called directly.
 *
 * Invariant: every request gets a decision within the handler's time, and the service's illness costs memory for
 * `inFlightMax` requests at most.
 */
import type { Clock } from '../../../cluster/base/clock.js';
import type { Log } from '../../../cluster/base/log.js';
import { findDirectApplication } from '../config/config-fields.js';
import type { RequestHandlerConfig } from '../config/engine-config.js';
import type { SipMessage } from '../message/sip-message.js';
import { askHttp } from './http-question.js';
import { findRoutingDecision, ROUTING_FAILED, type RoutingDecision } from './request-handler-decision.js';
import { questionBody, questionQuery, type RequestSource } from './request-handler-question.js';

export interface RequestHandlerOptions {
  readonly handlers: readonly RequestHandlerConfig[];
  readonly clock: Clock;
  readonly log: Log;
  readonly limits?: Partial<RequestHandlerLimits>;
}

export interface RequestHandlerLimits {
  /** Questions under way; a request beyond them is answered 503. */
  readonly inFlightMax: number;
  readonly connectMs: number;
  readonly answerBytesMax: number;
}

export interface RequestHandlerStatus {
  readonly inFlight: number;
  /** Since the start. */
  readonly asked: number;
  readonly failed: number;
  readonly refused: number;
}

const LIMITS: RequestHandlerLimits = { inFlightMax: 200, connectMs: 2000, answerBytesMax: 65_536 };
const TO_APPLICATIONS: RoutingDecision = { kind: 'applications' };
const TOO_MANY: RoutingDecision = { kind: 'reject', status: 503 };
/** The caller has gone; nobody sends it. */
const CANCELLED: RoutingDecision = { kind: 'reject', status: 487 };

export class RequestHandler {
  readonly #options: RequestHandlerOptions;
  readonly #limits: RequestHandlerLimits;
  readonly #byMethod: ReadonlyMap<string, RequestHandlerConfig>;
  /** Those whose last question failed: each illness is logged once, and its end. */
  readonly #ill = new Set<string>();
  #inFlight = 0;
  #asked = 0;
  #failed = 0;
  #refused = 0;

  constructor(options: RequestHandlerOptions) {
    this.#options = options;
    this.#limits = { ...LIMITS, ...options.limits };
    this.#byMethod = new Map(options.handlers.map((handler) => [handler.method, handler]));
  }

  status(): RequestHandlerStatus {
    return { inFlight: this.#inFlight, asked: this.#asked, failed: this.#failed, refused: this.#refused };
  }

  /**
   * Never rejects.
   * @param signal aborted when the caller has gone (CANCEL)
   */
  async decide(request: SipMessage, source: RequestSource, signal: AbortSignal): Promise<RoutingDecision> {
    const handler = this.#byMethod.get(request.method) ?? this.#byMethod.get('*');
    if (handler === undefined) return TO_APPLICATIONS;
    const direct = findDirectApplication(handler.url);
    if (direct !== undefined) return { kind: 'connect', ...direct };
    if (this.#inFlight >= this.#limits.inFlightMax) {
      this.#refused += 1;
      return TOO_MANY;
    }
    return this.#ask(handler, request, source, signal);
  }

  async #ask(
    handler: RequestHandlerConfig,
    request: SipMessage,
    source: RequestSource,
    signal: AbortSignal,
  ): Promise<RoutingDecision> {
    this.#inFlight += 1;
    this.#asked += 1;
    try {
      const decision = findRoutingDecision(await this.#askText(handler, request, source, signal));
      if (decision === undefined) throw new Error('the answer is no decision');
      this.#noteHealth(handler);
      return decision;
    } catch (error) {
      if (signal.aborted) return CANCELLED;
      this.#failed += 1;
      this.#noteHealth(handler, error);
      return ROUTING_FAILED;
    } finally {
      this.#inFlight -= 1;
    }
  }

  #askText(
    handler: RequestHandlerConfig,
    request: SipMessage,
    source: RequestSource,
    signal: AbortSignal,
  ): Promise<string> {
    const url = new URL(handler.url);
    const query = questionQuery(request, source);
    url.search = url.search === '' ? query : `${url.search}&${query}`;
    const { httpMethod, timeoutMs } = handler;
    return askHttp({
      url,
      method: httpMethod,
      timeoutMs,
      signal,
      ...(httpMethod === 'POST' ? { body: questionBody(request) } : {}),
      clock: this.#options.clock,
      connectMs: Math.min(this.#limits.connectMs, timeoutMs),
      answerBytesMax: this.#limits.answerBytesMax,
    });
  }

  #noteHealth({ method }: RequestHandlerConfig, error?: unknown): void {
    if (this.#ill.has(method) === (error !== undefined)) return;
    if (error === undefined) {
      this.#ill.delete(method);
      this.#options.log.info({ method }, 'request handler answers again');
    } else {
      this.#ill.add(method);
      this.#options.log.warn({ method, err: error }, 'request handler failed');
    }
  }
}
