/** The command `proxy`: which requests are proxied, and which of their branches a transaction belongs to. */
import type { ProxyCommand } from '../control/control-command.js';
import { writeNok, writeProxyDone } from '../control/control-reply.js';
import { invalidRequestUriText, unknownProxyText } from '../control/control-texts.js';
import { parseApplicationMessage } from '../engine/application-message.js';
import type { Arrival, ClientTx, EngineApplication, EngineContext } from '../engine/engine-context.js';
import { wireHeaders } from '../engine/header-rules.js';
import type { ServerRequest } from '../engine/server-request.js';
import type { ProxyPlan } from '../engine/new-requests.js';
import type { ServerRequests } from '../engine/server-requests.js';
import type { SipMessage } from '../message/sip-message.js';
import type { SipFlow } from '../transport/sip-flow.js';
import { isTarget } from './forwarded-message.js';
import { ProxyCall, type ProxyBranch } from './proxy-call.js';
import type { ProxyKey } from './proxy-key.js';

interface ProxyOrder {
  readonly request: ServerRequest;
  readonly message: SipMessage;
  /** Empty when no application waits for answers. */
  readonly commandId: string;
  /** Of the application: headers to be added. */
  readonly said: string;
}

export class ProxyCalls {
  readonly #context: EngineContext;
  readonly #requests: ServerRequests;
  readonly #key: ProxyKey;
  readonly #byTx = new Map<ClientTx, ProxyBranch>();
  /** The one whose transaction is being made: the layer may call back before it hands it over. */
  #starting: ProxyBranch | undefined;

  constructor(context: EngineContext, requests: ServerRequests, key: ProxyKey) {
    this.#context = context;
    this.#requests = requests;
    this.#key = key;
  }

  /** Branches whose transactions are not over. */
  get size(): number {
    return this.#byTx.size;
  }

  proxy(application: EngineApplication, command: ProxyCommand): void {
    const ids = { messageId: application.newMessageId(), requestId: command.id };
    const request = this.#requests.find(command.transactionId);
    const message = request?.message;
    // Answered in part, it is the application's own (RFC 3261 16.2: a proxy has said nothing yet).
    const isFree = request?.isAnswered === false && request.dialog === undefined;
    if (!isFree || message === undefined) {
      application.send(writeNok(ids, unknownProxyText(command.transactionId)));
      return;
    }
    const bad = command.destinations.find((uri) => !isTarget(uri));
    if (bad !== undefined) {
      application.send(writeNok(ids, invalidRequestUriText(bad)));
      return;
    }
    if (this.#refuseLastHop(request, message)) {
      application.send(writeProxyDone(ids));
      return;
    }
    this.#requests.settle(request);
    this.#begin({ request, message, commandId: command.id, said: command.text }, command);
  }

  /** A service that routes has decided it: nobody waits to hear how it goes. */
  proxyByRule(request: ServerRequest, plan: ProxyPlan): void {
    const { message } = request;
    if (message === undefined || request.isAnswered) return;
    if (!plan.destinations.every(isTarget)) {
      this.#requests.refuse(request, { status: 500, reason: 'Server Internal Error' });
      return;
    }
    if (this.#refuseLastHop(request, message)) return;
    this.#requests.settle(request);
    this.#begin({ request, message, commandId: '', said: '' }, plan);
  }

  #refuseLastHop(request: ServerRequest, message: SipMessage): boolean {
    if (message.maxForwards !== 0) return false;
    if (message.method === 'INVITE') this.#context.records.stop('application', 'call-rejected', message);
    this.#requests.refuse(request, { status: 483, reason: 'Too Many Hops' });
    return true;
  }

  /** Undefined for a transaction that is not of a proxied request. */
  findBranch(tx: ClientTx): ProxyBranch | undefined {
    return this.#byTx.get(tx) ?? this.#starting;
  }

  /** @returns whether the response is one to a proxied request */
  onResponse(tx: ClientTx, response: SipMessage, arrival: Arrival): boolean {
    const branch = this.findBranch(tx);
    branch?.onResponse(response, arrival);
    return branch !== undefined;
  }

  /** @returns whether the transaction is one of a proxied request */
  onLost(tx: ClientTx, status: 408 | 503): boolean {
    const branch = this.findBranch(tx);
    branch?.onLost(status);
    return branch !== undefined;
  }

  onTerminated(tx: ClientTx): void {
    this.#byTx.delete(tx);
  }

  #begin({ request, message, commandId, said }: ProxyOrder, plan: ProxyPlan): void {
    const { identities } = this.#context;
    const { headers } = parseApplicationMessage(said);
    // A Path outlives its call: nobody may prove anything by it (RFC 3327; requests by it come as new ones).
    const isRegister = message.method === 'REGISTER';
    const proof = isRegister ? undefined : this.#key.routeProof(message.callId, message.from.tag ?? '');
    new ProxyCall({
      context: this.#context,
      request,
      message,
      commandId,
      destinations: plan.destinations,
      policy: {
        isInvite: message.method === 'INVITE',
        isSimultaneous: plan.simultaneous,
        followRedirects: plan.followRedirects,
        provisionalTimeoutMs: plan.provisionalTimeoutMs,
        finalTimeoutMs: plan.finalTimeoutMs,
      },
      record: plan.remainInDialog ? { proof } : undefined,
      headers: wireHeaders(headers, identities.of(request.source)),
      send: this.#send.bind(this),
      onAnswered: () => {
        if (message.method === 'INVITE') this.#requests.publishInvite(request);
      },
    });
  }

  #send(branch: ProxyBranch, message: SipMessage, bytes: Buffer, flow: SipFlow): void {
    this.#starting = branch;
    const result = this.#context.layer.sendRequest(message, bytes, flow, { isProxied: true });
    this.#starting = undefined;
    if (result.kind === 'refused') {
      branch.onLost(503);
      return;
    }
    const { transaction } = result;
    if (transaction.isEnded) return;
    branch.tx = transaction;
    this.#byTx.set(transaction, branch);
  }
}
