/** What stands between a new request and the applications: digest authentication, and a service that routes. */
import { readFileSync } from 'node:fs';
import type { Clock } from '../../../cluster/base/clock.js';
import type { Log } from '../../../cluster/base/log.js';
import type { DigestConfig, EngineConfig } from '../config/engine-config.js';
import type { ControlServer } from '../control/control-server.js';
import { RequestHandler } from '../control/request-handler.js';
import type { RoutingDecision } from '../control/request-handler-decision.js';
import { DigestAuthenticator, type DigestSecrets } from '../digest/digest-authenticator.js';
import { reasonPhrase } from '../message/reason-phrases.js';
import type { SipMessage } from '../message/sip-message.js';
import type { SipFlow } from '../transport/sip-flow.js';
import type { Refusal } from './decide-refusal.js';
import { UNNAMED_ADDRESS } from './local-identity.js';
import type { RequestGate, RequestRouting } from './server-requests.js';

export interface RequestGateParts {
  readonly config: EngineConfig;
  readonly control: ControlServer;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: { countRefused(reason: string): void };
  /** Feeds the guard of the transports. */
  readonly penalise: (address: string) => void;
}

type DigestCheck = (request: SipMessage, source: SipFlow) => Refusal | undefined;

function refusal(status: number, reason?: string): RequestRouting {
  return { kind: 'refuse', refusal: { status, reason: reason ?? reasonPhrase(status) } };
}

/** Read at the start; a change needs a restart of this process. */
function openDigest(digest: DigestConfig, parts: RequestGateParts): DigestCheck {
  const secrets = new Map(
    Object.entries(JSON.parse(readFileSync(digest.credentialsFile, 'utf8')) as Record<string, DigestSecrets>),
  );
  const authenticator = new DigestAuthenticator({
    realm: digest.realm,
    key: readFileSync(digest.keyFile),
    addressId: parts.config.serviceAddresses[0]?.id ?? UNNAMED_ADDRESS,
    clock: parts.clock,
    find: (username) => secrets.get(username),
  });
  const methods = new Set(digest.methods);
  return (request, source) => {
    if (!methods.has(request.method)) return undefined;
    const { method, requestUri } = request;
    const headerValues = request.headerAll('Authorization');
    const verdict = authenticator.verify({ method, requestUri, headerValues });
    if (verdict.kind === 'accepted') return undefined;
    parts.metrics.countRefused(verdict.why);
    if (verdict.isFailure) parts.penalise(source.remoteAddress);
    if (verdict.kind === 'refused') return { status: verdict.status, reason: reasonPhrase(verdict.status) };
    const headers = authenticator
      .challenges(verdict.stale)
      .map((value) => ({ name: 'WWW-Authenticate', value }));
    return { status: 401, reason: reasonPhrase(401), headers };
  };
}

class OutsideRouting {
  readonly #handler: RequestHandler;
  readonly #control: ControlServer;
  readonly #log: Log;

  constructor(handler: RequestHandler, control: ControlServer, log: Log) {
    this.#handler = handler;
    this.#control = control;
    this.#log = log;
  }

  async ask(request: SipMessage, source: SipFlow): Promise<RequestRouting | undefined> {
    const { protocol, remoteAddress: address } = source;
    const never = new AbortController().signal;
    return this.#follow(await this.#handler.decide(request, { protocol, address }, never));
  }

  async #follow(decision: RoutingDecision): Promise<RequestRouting | undefined> {
    switch (decision.kind) {
      case 'applications':
        return undefined;
      case 'tag':
        return { kind: 'route', tag: decision.tag };
      case 'reject':
        return refusal(decision.status, decision.reason);
      case 'redirect': {
        const headers = decision.contacts.map((value) => ({ name: 'Contact', value }));
        return { kind: 'refuse', refusal: { status: 302, reason: reasonPhrase(302), headers } };
      }
      case 'proxy':
        return refusal(501, 'Not Implemented');
      case 'connect':
        return this.#dial(decision);
    }
  }

  /** drachtio-server answers 480 when the application does not take the call (facts: selecting an application). */
  async #dial({ host, port, isTls }: Extract<RoutingDecision, { kind: 'connect' }>): Promise<RequestRouting> {
    try {
      const application = await this.#control.connectTo(host, port, isTls ? { tls: {} } : {});
      return { kind: 'application', application };
    } catch (error) {
      this.#log.debug({ err: error }, 'an application could not be called');
      return refusal(480);
    }
  }
}

/** @throws the system's error when a file of the digest section cannot be read */
export function openRequestGate(parts: RequestGateParts): { readonly gate?: RequestGate } {
  const { config, control, clock, log } = parts;
  const { digest, requestHandlers } = config;
  const check = digest === undefined ? undefined : openDigest(digest, parts);
  const routing =
    requestHandlers.length === 0
      ? undefined
      : new OutsideRouting(new RequestHandler({ handlers: requestHandlers, clock, log }), control, log);
  if (check === undefined && routing === undefined) return {};
  return {
    gate: (request, source) => {
      const refused = check?.(request, source);
      if (refused !== undefined) return { kind: 'refuse', refusal: refused };
      return routing?.ask(request, source);
    },
  };
}
