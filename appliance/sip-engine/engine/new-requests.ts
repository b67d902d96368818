/** New requests on their way to an application: who gets it, who waits for one, and what is answered for nobody. */
import { refusalStatus, type Wanted } from '../control/application-router.js';
import { writeNewRequest } from '../control/control-reply.js';
import { canonicalText } from '../message/canonical-text.js';
import type { SipMessage } from '../message/sip-message.js';
import { Deadline } from '../transaction/deadline.js';
import type { SipFlow } from '../transport/sip-flow.js';
import { decideRefusal, type Refusal } from './decide-refusal.js';
import type { Arrival, EngineApplication, EngineContext, ServerTx } from './engine-context.js';
import type { ServerRequestTable } from './server-request-table.js';
import type { ServerRequest } from './server-request.js';

/** How a request is to be proxied; see the command `proxy`. */
export interface ProxyPlan {
  /** SIP URIs; at least one. */
  readonly destinations: readonly string[];
  readonly remainInDialog: boolean;
  readonly followRedirects: boolean;
  readonly simultaneous: boolean;
  readonly provisionalTimeoutMs?: number;
  readonly finalTimeoutMs?: number;
}

/** Where a new request goes, decided by somebody outside (request-handler.ts, digest). */
export type RequestRouting =
  | { readonly kind: 'route'; readonly tag?: string }
  | { readonly kind: 'application'; readonly application: EngineApplication }
  | { readonly kind: 'proxy'; readonly plan: ProxyPlan }
  | { readonly kind: 'refuse'; readonly refusal: Refusal };

/** Asked for each new request. `undefined`: the first application that routed its method. */
export type RequestGate = (
  request: SipMessage,
  source: SipFlow,
) => RequestRouting | undefined | Promise<RequestRouting | undefined>;

export class NewRequests {
  readonly #context: EngineContext;
  readonly #table: ServerRequestTable;
  readonly #gate: RequestGate | undefined;
  /** Monotonic ms until which a method may wait for its application to come back, by verb. */
  readonly #expectedBack = new Map<string, number>();
  #onProxy: ((request: ServerRequest, plan: ProxyPlan) => void) | undefined;

  constructor(context: EngineContext, table: ServerRequestTable, gate: RequestGate | undefined) {
    this.#context = context;
    this.#table = table;
    this.#gate = gate;
  }

  /** Before anything else; the two need each other. */
  connect(onProxy: (request: ServerRequest, plan: ProxyPlan) => void): void {
    this.#onProxy = onProxy;
  }

  onRequest(tx: ServerTx, message: SipMessage, arrival: Arrival): void {
    const { layer, settings, dialogs, records } = this.#context;
    const request = this.#table.open(tx, message, arrival, undefined);
    const refusal = decideRefusal({
      request: message,
      isMerged: layer.findMerged(message) !== undefined,
      policy: settings.sessionTimers,
      findDialog: ({ callId, toTag, fromTag }) => dialogs.find(callId, toTag, fromTag),
    });
    const isFull = dialogs.size >= settings.dialogsMax && message.method === 'INVITE';
    if (refusal !== undefined) this.#table.refuse(request, refusal);
    else if (isFull) this.#table.refuse(request, { status: 503, reason: 'Service Unavailable' });
    else {
      if (message.method === 'INVITE') {
        records.attempt('network', message);
        request.isRecorded = true;
        this.#table.sayTrying(request);
      }
      this.#passGate(request, message);
    }
  }

  /** Its application is gone, or was on the other node: for a while the next one is waited for. */
  expectApplication(verb: string): void {
    const { clock, settings } = this.#context;
    this.#expectedBack.set(verb, clock.monotonicMs() + settings.pendingInviteMs);
  }

  /** An INVITE that waits gets the next application, or goes on waiting. */
  offerAgain(request: ServerRequest, successor: EngineApplication | undefined): void {
    if (successor === undefined) this.#startDeadline(request);
    else this.give(request, successor);
  }

  offer(request: ServerRequest, wanted: Wanted): void {
    const { router, clock } = this.#context;
    request.wanted = wanted;
    const application = router.findApplication(wanted);
    const isInvite = request.method === 'INVITE';
    const mayCome = isInvite && (this.#expectedBack.get(wanted.verb) ?? 0) > clock.monotonicMs();
    if (application === undefined && !mayCome) {
      this.#refuseForNobody(request);
      return;
    }
    router.openTransaction(request.id, application, isInvite ? wanted : undefined);
    if (application === undefined) this.#startDeadline(request);
    else this.give(request, application);
  }

  give(request: ServerRequest, application: EngineApplication): void {
    const { message } = request;
    if (message === undefined || request.isAnswered) return;
    request.deadline?.cancel();
    const { localAddress, localPort } = request.source;
    const { meta, id: transactionId } = request;
    const notice = { meta, transactionId, localAddress, localPort, sip: canonicalText(message) };
    application.send(writeNewRequest(application.newMessageId(), notice));
  }

  #passGate(request: ServerRequest, message: SipMessage): void {
    const routing = this.#gate?.(message, request.source);
    if (routing instanceof Promise) {
      void routing.then((decided) => {
        this.#followRouting(request, decided);
      });
      return;
    }
    this.#followRouting(request, routing);
  }

  #followRouting(request: ServerRequest, routing: RequestRouting | undefined): void {
    if (request.isAnswered) return;
    const verb = request.method.toLowerCase();
    if (routing?.kind === 'refuse') {
      this.#table.refuse(request, routing.refusal);
    } else if (routing?.kind === 'proxy') {
      this.#onProxy?.(request, routing.plan);
    } else if (routing?.kind === 'application') {
      this.#context.router.openTransaction(request.id, routing.application);
      this.give(request, routing.application);
    } else {
      this.offer(request, routing?.tag === undefined ? { verb } : { verb, tag: routing.tag });
    }
  }

  #refuseForNobody(request: ServerRequest): void {
    const status = request.wanted === undefined ? 503 : refusalStatus(request.wanted);
    const reason = status === 503 ? 'Service Unavailable' : 'Temporarily Unavailable';
    this.#table.refuse(request, { status, reason });
    this.#context.router.closeTransaction(request.id);
  }

  #startDeadline(request: ServerRequest): void {
    const { wheel, settings } = this.#context;
    request.deadline?.cancel();
    const onDue = new Deadline(() => {
      this.#refuseForNobody(request);
    });
    request.deadline = wheel.schedule(settings.pendingInviteMs, onDue);
  }
}
