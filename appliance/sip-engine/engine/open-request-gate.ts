/** What stands between a new request and the applications: digest authentication, and a service that routes. */
import type { Clock } from '../../../cluster/base/clock.js';
import type { Log } from '../../../cluster/base/log.js';
import type { EngineConfig } from '../config/engine-config.js';
import type { ControlServer } from '../control/control-server.js';
import { RequestHandler } from '../control/request-handler.js';
import type { RoutingDecision } from '../control/request-handler-decision.js';
import { reasonPhrase } from '../message/reason-phrases.js';
import type { SipMessage } from '../message/sip-message.js';
import type { SipFlow } from '../transport/sip-flow.js';
import { DigestGate } from './digest-gate.js';
import { UNNAMED_ADDRESS } from './local-identity.js';
import type { RequestGate, RequestRouting } from './new-requests.js';

export interface RequestGateParts {
  readonly config: EngineConfig;
  readonly control: ControlServer;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: { countRefused(reason: string): void };
  /** Feeds the guard of the transports. */
  readonly penalise: (address: string) => void;
}

function refusal(status: number, reason?: string): RequestRouting {
  return { kind: 'refuse', refusal: { status, reason: reason ?? reasonPhrase(status) } };
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
      case 'proxy': {
        const { recordRoute: remainInDialog, ...plan } = decision;
        return { kind: 'proxy', plan: { ...plan, remainInDialog } };
      }
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

export interface OpenedGate {
  readonly gate?: RequestGate;
  /** Absent when nobody is authenticated. */
  readonly digest?: DigestGate;
}

/** @throws SIP_BAD_CREDENTIALS, SIP_BAD_KEY */
export function openRequestGate(parts: RequestGateParts): OpenedGate {
  const { config, control, clock, log, metrics, penalise } = parts;
  const { digest: digestConfig, requestHandlers } = config;
  const addressId = config.serviceAddresses[0]?.id ?? UNNAMED_ADDRESS;
  const digest =
    digestConfig && new DigestGate({ digest: digestConfig, clock, addressId, metrics, penalise });
  const routing =
    requestHandlers.length === 0
      ? undefined
      : new OutsideRouting(new RequestHandler({ handlers: requestHandlers, clock, log }), control, log);
  if (digest === undefined && routing === undefined) return {};
  const gate: RequestGate = (request, source) => {
    const refused = digest?.refuse(request, source);
    if (refused !== undefined) return { kind: 'refuse', refusal: refused };
    return routing?.ask(request, source);
  };
  return digest === undefined ? { gate } : { gate, digest };
}
