/**
 * Does what proxy-state.ts decides for one request: sends it to its targets, brings their answers back to the caller,
 * and tells the application. The transactions repeat and time out by themselves.
 */
import { writeProxyDone, writeProxyResponse } from '../control/control-reply.js';
import type { ApplicationHeader } from '../engine/application-message.js';
import { buildResponse } from '../engine/build-response.js';
import { arrivalMeta, type Arrival, type ClientTx, type EngineContext } from '../engine/engine-context.js';
import { viaValue } from '../engine/local-identity.js';
import { makeCancel } from '../engine/message-access.js';
import type { RequestProxy, ServerRequest } from '../engine/server-request.js';
import { canonicalText } from '../message/canonical-text.js';
import { parseSipMessage } from '../message/parse-sip-message.js';
import { reasonPhrase } from '../message/reason-phrases.js';
import type { SipMessage } from '../message/sip-message.js';
import type { TimerTarget, WheelTimer } from '../transaction/timer-wheel.js';
import type { SipFlow } from '../transport/sip-flow.js';
import {
  buildAnswer,
  buildForwarded,
  findOwnRoutes,
  isOurUri,
  recordRoutesOf,
  redirectTargets,
} from './forwarded-message.js';
import {
  nextProxyState,
  startProxy,
  type BranchTimer,
  type ProxyEffect,
  type ProxyEvent,
  type ProxyPolicy,
  type ProxyState,
  type ProxyStep,
  type ProxyTarget,
} from './proxy-state.js';

/** A response and how it came. */
interface Heard {
  readonly message: SipMessage;
  readonly arrival: Arrival;
}

export interface ProxyCallOptions {
  readonly context: EngineContext;
  readonly request: ServerRequest;
  readonly message: SipMessage;
  /** Under which the application expects its answers. */
  readonly commandId: string;
  readonly destinations: readonly string[];
  readonly policy: ProxyPolicy;
  /** What of our Record-Route is the proof; undefined: none is to be added. */
  readonly record: { readonly proof: string | undefined } | undefined;
  readonly headers: readonly ApplicationHeader[];
  /** Sends a request of a branch; what the transaction says goes to the branch from then on. */
  readonly send: (branch: ProxyBranch, message: SipMessage, bytes: Buffer, flow: SipFlow) => void;
  /** The caller heard something: what the partner holds of the INVITE is out of date. */
  readonly onAnswered: () => void;
}

/** One target of a call. */
export class ProxyBranch implements TimerTarget {
  readonly call: ProxyCall;
  readonly number: number;
  tx: ClientTx | undefined;
  /** As sent. */
  message: SipMessage | undefined;
  /** There was an end to put into the call records. */
  isRecorded = false;
  readonly timers = new Map<BranchTimer, WheelTimer>();

  constructor(call: ProxyCall, number: number) {
    this.call = call;
    this.number = number;
  }

  onResponse(message: SipMessage, arrival: Arrival): void {
    this.call.onResponse(this, { message, arrival });
  }

  /** @param status what the loss counts as: 408, or 503 (RFC 3261 16.9) */
  onLost(status: number): void {
    this.call.onLost(this, status);
  }

  onTimer(name: string): void {
    this.call.onTimer(this, name as BranchTimer);
  }
}

export class ProxyCall implements RequestProxy {
  readonly #options: ProxyCallOptions;
  readonly #branches: ProxyBranch[] = [];
  /** What happens while effects are being done: a request that cannot be sent says so at once. */
  readonly #events: ProxyEvent<Heard>[] = [];
  #state: ProxyState<Heard>;
  #isBusy = false;
  #cancel: SipMessage | undefined;

  constructor(options: ProxyCallOptions) {
    this.#options = options;
    const step = startProxy<Heard>(options.destinations, options.policy);
    this.#state = step.state;
    options.request.proxy = this;
    this.#take(step);
  }

  /** The caller gave up. */
  cancel(cancel: SipMessage): void {
    this.#cancel = cancel;
    this.#handle({ kind: 'cancel' });
  }

  onResponse(branch: ProxyBranch, heard: Heard): void {
    const { message } = heard;
    const { status } = message;
    this.#record(branch, message);
    const contacts = status >= 300 && status < 400 ? redirectTargets(message) : [];
    this.#handle({ kind: 'response', branch: branch.number, status, response: heard, contacts });
  }

  onLost(branch: ProxyBranch, status: number): void {
    if (branch.message !== undefined) this.#recordStop(branch, branch.message);
    this.#handle({ kind: 'lost', branch: branch.number, status });
  }

  onTimer(branch: ProxyBranch, timer: BranchTimer): void {
    this.#handle({ kind: 'timer', branch: branch.number, timer });
  }

  #handle(event: ProxyEvent<Heard>): void {
    this.#events.push(event);
    if (!this.#isBusy) this.#take({ state: this.#state, effects: [] });
  }

  #take(first: ProxyStep<Heard>): void {
    this.#isBusy = true;
    try {
      let step = first;
      for (;;) {
        this.#state = step.state;
        for (const effect of step.effects) this.#run(effect);
        const event = this.#events.shift();
        if (event === undefined) return;
        step = nextProxyState(this.#state, event);
      }
    } finally {
      this.#isBusy = false;
    }
  }

  #run(effect: ProxyEffect<Heard>): void {
    switch (effect.kind) {
      case 'begin':
        this.#begin(effect.branch, effect.target);
        return;
      case 'cancel':
        this.#cancelBranch(effect.branch, effect.cause);
        return;
      case 'startTimer': {
        const branch = this.#branches[effect.branch];
        if (branch === undefined) return;
        const timer = this.#options.context.wheel.schedule(effect.delayMs, branch, effect.timer);
        branch.timers.set(effect.timer, timer);
        return;
      }
      case 'stopTimer':
        this.#branches[effect.branch]?.timers.get(effect.timer)?.cancel();
        return;
      case 'forward':
        this.#forward(effect.response.message);
        return;
      case 'report':
        this.#report(effect.response);
        return;
      case 'refuse':
        this.#refuse(effect.status, effect.response, effect.challenges);
        return;
      case 'done':
        this.#finish();
    }
  }

  #begin(number: number, target: ProxyTarget): void {
    const branch = new ProxyBranch(this, number);
    this.#branches[number] = branch;
    const flow = this.#options.context.routes.findFlow(target.uri);
    const go = (found: SipFlow | undefined): void => {
      this.#beginOn(branch, target, found);
    };
    if (flow instanceof Promise) void flow.then(go);
    else go(flow);
  }

  #beginOn(branch: ProxyBranch, target: ProxyTarget, flow: SipFlow | undefined): void {
    const { identities } = this.#options.context;
    // Meanwhile the name of its host was being asked for.
    const isWanted = this.#state.branches[branch.number] === 'calling';
    const isLoop = flow !== undefined && identities.isOurs(flow.remoteAddress, flow.remotePort);
    if (flow === undefined || !isWanted || isLoop) {
      branch.onLost(isLoop ? 482 : isWanted ? 503 : 408);
      return;
    }
    const bytes = this.#buildRequest(target, flow);
    const message = findMessage(bytes);
    if (message === undefined) {
      branch.onLost(513);
      return;
    }
    branch.message = message;
    if (this.#options.policy.isInvite) {
      this.#options.context.records.attempt('application', message);
    }
    this.#options.send(branch, message, bytes, flow);
  }

  #buildRequest(target: ProxyTarget, flow: SipFlow): Buffer {
    const { context, message, request, record, headers } = this.#options;
    const { identities, names } = context;
    const identity = identities.of(flow);
    const from = identities.of(request.source);
    const isReplaced = target.isRedirect || isOurUri(message.requestUri, identities);
    return buildForwarded(message, {
      requestUri: isReplaced ? target.uri : undefined,
      via: viaValue(identity, names.branch(identity.addressId)),
      usedRoutes: findOwnRoutes(message, identities).count,
      recordRoutes: record === undefined ? [] : recordRoutesOf(from, identity, record.proof),
      headers,
    });
  }

  #cancelBranch(number: number, cause: number): void {
    const { tx, message } = this.#branches[number] ?? {};
    if (tx === undefined || message === undefined) return;
    const reasons =
      this.#cancel?.headerAll('Reason') ??
      (cause === 0 ? [] : [`SIP;cause=${String(cause)};text="${cancelText(cause)}"`]);
    tx.cancel(
      makeCancel(
        message,
        reasons.map((value) => ({ name: 'Reason', value })),
      ),
    );
  }

  #forward(response: SipMessage, challenges: readonly SipMessage[] = []): Buffer {
    const { message } = this.#options;
    const whole = buildAnswer(response, message, challenges);
    const isGood = challenges.length === 0 || findMessage(whole) !== undefined;
    return this.#respond(response.status, isGood ? whole : buildAnswer(response, message));
  }

  #respond(status: number, bytes: Buffer): Buffer {
    const { request, onAnswered } = this.#options;
    request.tx.respond(status, bytes);
    onAnswered();
    return bytes;
  }

  #refuse(status: number, response: Heard | undefined, challenges: readonly Heard[]): void {
    const { message, request, context, policy } = this.#options;
    const others = challenges.map((heard) => heard.message);
    const own = { request: message, status, reason: reasonPhrase(status), toTag: request.localTag };
    const bytes =
      response === undefined
        ? this.#respond(status, buildResponse({ ...own, server: context.settings.server }))
        : this.#forward(response.message, others);
    if (!policy.isInvite) return;
    const reason = this.#state.isCancelled ? 'call-canceled' : 'call-rejected';
    context.records.stop('application', reason, bytes);
  }

  #report({ message, arrival }: Heard): void {
    const { request, context, commandId } = this.#options;
    const owner = context.router.findTransactionOwner(request.id);
    if (owner === undefined) return;
    const ids = { messageId: owner.newMessageId(), requestId: commandId };
    owner.send(writeProxyResponse(ids, arrivalMeta(arrival), canonicalText(message)));
  }

  #finish(): void {
    for (const { timers } of this.#branches) for (const timer of timers.values()) timer.cancel();
    const { request, context, commandId } = this.#options;
    const owner = context.router.findTransactionOwner(request.id);
    if (owner !== undefined) {
      owner.send(writeProxyDone({ messageId: owner.newMessageId(), requestId: commandId }));
    }
  }

  #record(branch: ProxyBranch, response: SipMessage): void {
    const { records } = this.#options.context;
    if (response.status < 200 || branch.isRecorded || !this.#options.policy.isInvite) return;
    if (response.status >= 300) {
      this.#recordStop(branch, response);
      return;
    }
    branch.isRecorded = true;
    records.start('network', 'proxy-uac', response);
    if (this.#state.name !== 'Answered') records.start('application', 'proxy-uas', response);
  }

  #recordStop(branch: ProxyBranch, last: SipMessage): void {
    if (branch.isRecorded || !this.#options.policy.isInvite) return;
    branch.isRecorded = true;
    const isCancelled = last.status === 487;
    const reason = isCancelled ? 'call-canceled' : 'call-rejected';
    this.#options.context.records.stop('network', reason, last);
  }
}

/** Undefined for what has become too long by what we added: each hop has its limit of header lines. */
function findMessage(bytes: Buffer): SipMessage | undefined {
  const result = parseSipMessage(bytes);
  return result.kind === 'message' ? result.message : undefined;
}

/** RFC 3326 3: phones show no missed call for one that was answered elsewhere. */
function cancelText(cause: number): string {
  return cause < 300 ? 'Call completed elsewhere' : reasonPhrase(cause);
}
