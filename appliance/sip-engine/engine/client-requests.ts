/**
 * Requests that applications, or the engine itself, send: new ones, those in dialogs, CANCEL and ACK. What comes back
 * is dealt with in client-responses.ts.
 */
import { writeNok, writeRequestEcho, type AnswerIds } from '../control/control-reply.js';
import type { SipCancelCommand, SipInDialogCommand, SipNewCommand } from '../control/control-command.js';
import {
  CONTROL_TEXTS,
  invalidHeaderText,
  invalidRequestUriText,
  unknownCancelText,
} from '../control/control-texts.js';
import type { Dialog } from '../dialog/dialog.js';
import { startTimer } from '../dialog/session-timer.js';
import { parseCallId } from '../message/header-values.js';
import { parseNameAddress } from '../message/name-address.js';
import { findNumber, isAllOf, TOKEN, URI } from '../message/sip-characters.js';
import { findUriScheme, parseSipUri } from '../message/sip-uri.js';
import { ignoringSyntax } from '../message/sip-syntax-error.js';
import type { SipMessage } from '../message/sip-message.js';
import type { SipFlow } from '../transport/sip-flow.js';
import {
  findApplicationHeader,
  parseApplicationMessage,
  type ApplicationHeader,
  type ApplicationMessage,
} from './application-message.js';
import { buildRequest, type RequestPlan } from './build-request.js';
import { ClientRequest, type OwnRequestWatcher } from './client-request.js';
import type { DialogKeeper, OwnRequests } from './dialog-keeper.js';
import { sentMeta, type ClientTx, type EngineApplication, type EngineContext } from './engine-context.js';
import { describeBody, findContentType, tagOf, wireHeaders, withLocalhost, withTag } from './header-rules.js';
import { contactUri, viaValue } from './local-identity.js';
import { makeCancel, parseOwnMessage } from './message-access.js';

/** RFC 3261 8.1.1.8, RFC 3515, RFC 6665: these tell the other side where to send what follows. */
const WITH_CONTACT = new Set(['INVITE', 'SUBSCRIBE', 'REFER']);
/** In a dialog: those that refresh the target, besides (RFC 3261 12.2, RFC 3311 5.1). */
const WITH_CONTACT_IN_DIALOG = new Set(['INVITE', 'SUBSCRIBE', 'REFER', 'UPDATE', 'NOTIFY']);
const CSEQ_MAX = 2 ** 31 - 1;
const NO_BODY = Buffer.alloc(0);

function cseqNumberOf(message: ApplicationMessage): number | undefined {
  const value = findApplicationHeader(message, 'CSeq');
  return value === undefined ? undefined : findNumber(value.split(' ')[0] ?? '', CSEQ_MAX);
}

/** A Request-URI that can stand in a start line; of a SIP URI also that it is a good one. */
function isRequestUri(uri: string): boolean {
  const scheme = findUriScheme(uri);
  if (scheme === undefined || !isAllOf(uri, URI)) return false;
  return (scheme !== 'sip' && scheme !== 'sips') || ignoringSyntax(() => parseSipUri(uri)) !== undefined;
}

function namesUdp(uri: string): boolean {
  return ignoringSyntax(() => parseSipUri(uri))?.params['transport'] === 'udp';
}

/** The first of the headers that name a dialog which cannot be read: no answer to it would be recognised. */
function findUnreadableIdentity(message: ApplicationMessage): string | undefined {
  const readers = [
    ['From', (value: string) => parseNameAddress(value, 'From')],
    ['To', (value: string) => parseNameAddress(value, 'To')],
    ['Call-ID', parseCallId],
  ] as const;
  for (const [name, read] of readers) {
    const value = findApplicationHeader(message, name);
    if (value !== undefined && ignoringSyntax(() => read(value)) === undefined) return name;
  }
  return undefined;
}

/** A change that says nothing of the timer would end it (RFC 4028 7.4): roles and interval stay as they are. */
function timerHeaders(
  { sessionTimer }: Dialog,
  { method, headers }: ApplicationMessage,
): readonly ApplicationHeader[] {
  const isChange = method === 'INVITE' || method === 'UPDATE';
  const isGiven = headers.some(({ name }) => name === 'Session-Expires');
  if (sessionTimer === undefined || !isChange || isGiven) return [];
  const refresher = sessionTimer.isRefresher ? 'uac' : 'uas';
  return [
    { name: 'Supported', value: 'timer' },
    { name: 'Session-Expires', value: `${String(sessionTimer.interval)};refresher=${refresher}` },
  ];
}

/** The answer to an offer of the peer may stand in an ACK or a PRACK (RFC 3261 13.2.1, RFC 3262 5). */
function learnOurs(dialog: Dialog, { headers, body }: Pick<ApplicationMessage, 'headers' | 'body'>): void {
  dialog.localSdp = describeBody(headers, body) ?? dialog.localSdp;
}

export class ClientRequests implements OwnRequests {
  readonly #context: EngineContext;
  readonly #keeper: DialogKeeper;
  readonly #byId = new Map<string, ClientRequest>();
  readonly #byTx = new Map<ClientTx, ClientRequest>();
  /** The one whose transaction is being made: the layer may call back before it hands it over. */
  #starting: ClientRequest | undefined;
  #onInternalFailure: ((request: ClientRequest, status: 408 | 491 | 503, reason: string) => void) | undefined;

  constructor(context: EngineContext, keeper: DialogKeeper) {
    this.#context = context;
    this.#keeper = keeper;
  }

  /** @param onInternalFailure tells an application of a response that never came (client-responses.ts) */
  connect(
    onInternalFailure: (request: ClientRequest, status: 408 | 491 | 503, reason: string) => void,
  ): void {
    this.#onInternalFailure = onInternalFailure;
  }

  get size(): number {
    return this.#byId.size;
  }

  findByTx(tx: ClientTx): ClientRequest | undefined {
    return this.#byTx.get(tx) ?? this.#starting;
  }

  /** The SUBSCRIBE of ours, not answered yet, that a NOTIFY belongs to (RFC 6665 4.4.1). */
  findSubscribe(notify: SipMessage): ClientRequest | undefined {
    for (const request of this.#byTx.values()) {
      const { method, dialog, isFinished, localTag, message } = request;
      const isPending = method === 'SUBSCRIBE' && dialog === undefined && !isFinished;
      const isSame = isPending && message?.callId === notify.callId && localTag === notify.to.tag;
      if (isSame && message.event?.name === notify.event?.name) return request;
    }
    return undefined;
  }

  /** Of a restored transaction. */
  adopt(request: ClientRequest, tx: ClientTx): void {
    request.tx = tx;
    this.#byId.set(request.id, request);
    this.#byTx.set(tx, request);
  }

  /** Requests whose answers an application waits for. */
  ownedBy(applicationId: string): readonly string[] {
    const { router } = this.#context;
    return [...this.#byId.values()]
      .filter(({ id, isFinished }) => !isFinished && router.findTransactionOwner(id)?.id === applicationId)
      .map(({ id }) => id);
  }

  /** Whoever adopts an early dialog of ours gets the answer to its INVITE. */
  adoptPending(dialog: Dialog, application: EngineApplication): void {
    if (dialog.state !== 'early' || dialog.role !== 'uac') return;
    for (const request of this.#byId.values()) {
      if (request.early.get(dialog.remoteTag) !== dialog) continue;
      request.isAbandoned = false;
      this.#context.router.openTransaction(request.id, application);
    }
  }

  onTerminated(tx: ClientTx): void {
    const request = this.#byTx.get(tx);
    this.#byTx.delete(tx);
    if (request === undefined) return;
    if (request.isInvite) this.#context.publisher.removeInvite(request.addressId, tx.key);
    // A request that went on over another transport has another transaction by now.
    if (request.tx !== tx) return;
    this.#byId.delete(request.id);
    this.#context.router.closeTransaction(request.id);
  }

  /** A request outside of dialogs (facts: `sip||` and a text). */
  sendNew(application: EngineApplication, command: SipNewCommand): void {
    const message = parseApplicationMessage(command.text);
    const ids = this.#ids(application, command.id);
    if (message.method === 'ACK') {
      // Of a refusal: drachtio-srf sends one for every final response; the transaction layer did it (17.1.1.3).
      application.send(writeNok(ids, CONTROL_TEXTS.ackIsAutomatic));
      return;
    }
    const problem = this.#findProblem(message);
    if (problem !== undefined) {
      application.send(writeNok(ids, problem));
      return;
    }
    const nextHop = command.nextHopUri ?? this.#context.settings.outboundProxy ?? message.uri;
    const flow = this.#context.routes.findFlow(nextHop);
    const send = (found: SipFlow | undefined): void => {
      this.#sendNewOn(application, ids, message, found, nextHop);
    };
    if (flow instanceof Promise) void flow.then(send);
    else send(flow);
  }

  /** A request inside a dialog; also ACK and PRACK. */
  sendInDialog(application: EngineApplication, command: SipInDialogCommand): void {
    const message = parseApplicationMessage(command.text);
    const ids = this.#ids(application, command.id);
    const dialog = this.#context.dialogs.findById(command.dialogId);
    if (message.method === 'ACK') {
      this.#sendAck(application, ids, dialog, message);
      return;
    }
    if (dialog === undefined) {
      application.send(writeNok(ids, CONTROL_TEXTS.unknownDialog));
      return;
    }
    const isToken = isAllOf(message.method, TOKEN);
    const problem = isToken ? this.#findBodyProblem(message) : invalidRequestUriText(message.startLine);
    if (problem !== undefined) {
      application.send(writeNok(ids, problem));
      return;
    }
    const send = (): void => {
      this.#withDialogFlow(dialog, (flow) => {
        this.#sendInDialogOn(application, ids, dialog, message, flow);
      });
    };
    if (message.method !== 'BYE') {
      send();
      return;
    }
    this.cancelWithin(dialog);
    this.#keeper.whenAcknowledged(dialog, send);
  }

  cancel(application: EngineApplication, command: SipCancelCommand): void {
    const ids = this.#ids(application, command.id);
    const request = this.#byId.get(command.transactionId);
    const { tx, message, flow } = request ?? {};
    const isPending = request?.isInvite === true && !request.isFinished;
    if (!isPending || tx === undefined || message === undefined || flow === undefined) {
      application.send(writeNok(ids, unknownCancelText(command.transactionId)));
      return;
    }
    const { headers } = parseApplicationMessage(command.text);
    const bytes = makeCancel(
      message,
      headers.filter(({ name }) => name === 'Reason'),
    );
    request.isCancelled = true;
    if (tx.cancel(bytes) === 'tooLate') {
      application.send(writeNok(ids, unknownCancelText(command.transactionId)));
      return;
    }
    this.publishInvite(request);
    const { clock, names } = this.#context;
    const meta = sentMeta(flow, bytes.length, clock.wallMs(), 'local');
    application.send(writeRequestEcho(ids, { meta, transactionId: names.id(), sip: bytes }));
  }

  /** The application that wanted the answers is gone: nobody shall be rung for nothing. */
  abandon(transactionId: string): void {
    const request = this.#byId.get(transactionId);
    if (request === undefined) return;
    request.isAbandoned = true;
    if (!request.isInvite || request.dialog !== undefined || request.isFinished) return;
    request.isCancelled = true;
    request.tx?.cancel();
  }

  /** The answer of somebody whom we no longer want: the INVITE is given up (200 without To tag). */
  cancelQuietly(request: ClientRequest): void {
    request.isCancelled = true;
    request.tx?.cancel();
  }

  cancelWithin(dialog: Dialog): void {
    if (dialog.underWay.outgoingInvites === 0) return;
    for (const request of this.#byTx.values()) {
      if (request.dialog === dialog && request.isInvite && !request.isFinished) request.tx?.cancel();
    }
  }

  sendBye(dialog: Dialog, reason: string): { readonly bytes: Buffer; readonly flow: SipFlow } {
    const content = { headers: [{ name: 'Reason', value: reason }], body: NO_BODY };
    const sent = this.sendOwn(dialog, 'BYE', content, () => undefined);
    if (sent !== undefined) return sent;
    // No way to the peer, or its name has to be asked for: the application hears of the end all the same.
    const { flow } = dialog;
    const plan = this.#planInDialog(dialog, { method: 'BYE', ...content }, dialog.localSeq + 1, flow);
    return { bytes: buildRequest(plan, this.#via(dialog, flow)), flow };
  }

  refresh(dialog: Dialog): void {
    const { sessionTimer, localSdp } = dialog;
    if (sessionTimer === undefined) return;
    // One of ours or of the peer is under way and refreshes by itself when it succeeds (RFC 4028 7.4).
    const isBusy = dialog.underWay.outgoingInvites > 0 || dialog.underWay.incomingInvite !== undefined;
    const { settings, clock } = this.#context;
    const again = (seconds: number): void => {
      const deadlineWallMs = clock.wallMs() + seconds * 1000;
      this.#keeper.setSessionTimer(dialog, { ...sessionTimer, deadlineWallMs });
    };
    if (isBusy) {
      again(4);
      return;
    }
    const headers = [
      { name: 'Supported', value: 'timer' },
      { name: 'Session-Expires', value: `${String(sessionTimer.interval)};refresher=uac` },
      { name: 'Min-SE', value: String(settings.sessionTimers.minSe) },
      ...(localSdp === undefined ? [] : [{ name: 'Content-Type', value: localSdp.contentType }]),
    ];
    const body = Buffer.from(localSdp?.body ?? '', 'latin1');
    // Meanwhile the timer must not end: the answer may take its time.
    again(sessionTimer.interval / 2);
    this.sendOwn(dialog, 'INVITE', { headers, body }, (status, response) => {
      this.#onRefreshed(dialog, status, response, again);
    });
  }

  /**
   * Sends a request of the engine itself, of which no application hears.
   * @returns undefined when there is no way to the other side, or it has to be asked for
   */
  sendOwn(
    dialog: Dialog,
    method: string,
    content: { readonly headers: readonly ApplicationHeader[]; readonly body: Buffer },
    watcher: OwnRequestWatcher,
  ): { readonly bytes: Buffer; readonly flow: SipFlow } | undefined {
    const flow = this.#findDialogFlow(dialog);
    if (flow === undefined || flow instanceof Promise) {
      if (flow instanceof Promise)
        void flow.then((found) => this.#sendOwnOn(dialog, method, content, watcher, found));
      return undefined;
    }
    return this.#sendOwnOn(dialog, method, content, watcher, flow);
  }

  /** ACK for a 2xx that no application answers for (RFC 3261 13.2.2.4). */
  acknowledgeOwn(dialog: Dialog, seq: number): void {
    this.#withDialogFlow(dialog, (flow) => {
      if (flow !== undefined) this.#sendAckOn(dialog, seq, flow, [], NO_BODY);
    });
  }

  /** The 2xx came again: its ACK was lost. */
  repeatAck(dialog: Dialog, seq: number): void {
    const { lastAck } = dialog.underWay;
    if (lastAck?.seq === seq) this.#sendBytes(lastAck.bytes, lastAck.flow);
  }

  publishAll(): void {
    for (const request of this.#byTx.values()) this.publishInvite(request);
  }

  /** Goes on over its second way when the first is closed (see `fallback`). @returns whether it does */
  retryElsewhere(request: ClientRequest): boolean {
    const { fallback } = request;
    if (fallback === undefined || request.isFinished) return false;
    request.fallback = undefined;
    return this.#start(request, fallback) !== undefined;
  }

  /** What was sent over a connection that is gone may never have arrived: where nothing was heard it goes again. */
  onConnectionClosed(connectionId: number): void {
    for (const [tx, request] of [...this.#byTx]) {
      const isOfIt = request.tx === tx && request.flow?.connectionId === connectionId;
      if (isOfIt && !request.isHeard && this.retryElsewhere(request)) tx.abandon();
    }
  }

  #ids(application: EngineApplication, requestId: string): AnswerIds {
    return { messageId: application.newMessageId(), requestId };
  }

  #findProblem(message: ApplicationMessage): string | undefined {
    const isGood = isAllOf(message.method, TOKEN) && isRequestUri(message.uri);
    if (!isGood) return invalidRequestUriText(message.startLine);
    const header = findUnreadableIdentity(message);
    return header === undefined ? this.#findBodyProblem(message) : invalidHeaderText(header);
  }

  #findBodyProblem(message: ApplicationMessage): string | undefined {
    const { body, headers } = message;
    const isTyped = body.length === 0 || findContentType(headers, body) !== undefined;
    return isTyped ? undefined : CONTROL_TEXTS.missingContentType;
  }

  #sendNewOn(
    application: EngineApplication,
    ids: AnswerIds,
    message: ApplicationMessage,
    flow: SipFlow | undefined,
    nextHop: string,
  ): void {
    const { identities, names } = this.#context;
    if (flow === undefined) {
      application.send(writeNok(ids, CONTROL_TEXTS.noTransport));
      return;
    }
    if (identities.isOurs(flow.remoteAddress, flow.remotePort)) {
      application.send(writeNok(ids, CONTROL_TEXTS.sendToMyself));
      return;
    }
    const plan = this.#planNew(message, flow);
    const localTag = tagOf(plan.from) ?? '';
    const { addressId } = identities.of(flow);
    const request = new ClientRequest({ id: names.id(), plan, localTag, addressId, dialog: undefined });
    this.#sendFor(application, ids, request, this.#chooseFlow(request, flow, nextHop));
  }

  #planNew(message: ApplicationMessage, flow: SipFlow): RequestPlan {
    const { identities, names, settings } = this.#context;
    const identity = identities.of(flow);
    const headers = wireHeaders(message.headers, identity.hostPort);
    const contact = `<${contactUri(identity)}>`;
    const from = findApplicationHeader({ headers }, 'From') ?? contact;
    const to = findApplicationHeader({ headers }, 'To') ?? `<${message.uri}>`;
    const { method } = message;
    return {
      method,
      headers,
      body: message.body,
      routes: [],
      requestUri: withLocalhost(message.uri, identity.hostPort),
      from: withTag(from, tagOf(from) ?? names.tag(identity.addressId)),
      to: withTag(to, tagOf(to)),
      callId: findApplicationHeader({ headers }, 'Call-ID') ?? names.callId(),
      cseq: cseqNumberOf(message) ?? names.sequence(),
      contact: WITH_CONTACT.has(method) ? contact : undefined,
      userAgent: settings.userAgent,
    };
  }

  #sendInDialogOn(
    application: EngineApplication,
    ids: AnswerIds,
    dialog: Dialog,
    message: ApplicationMessage,
    flow: SipFlow | undefined,
  ): void {
    if (dialog.isOver || flow === undefined) {
      application.send(
        writeNok(ids, dialog.isOver ? CONTROL_TEXTS.unknownDialog : CONTROL_TEXTS.noTransport),
      );
      return;
    }
    const { names } = this.#context;
    const headers = [...message.headers, ...timerHeaders(dialog, message)];
    const seq = dialog.takeSeq(cseqNumberOf(message));
    const plan = this.#planInDialog(dialog, { ...message, headers }, seq, flow);
    const { localTag, addressId } = dialog;
    const request = new ClientRequest({ id: names.id(), plan, localTag, addressId, dialog });
    this.#keeper.bind(dialog, application);
    if (message.method === 'PRACK') learnOurs(dialog, message);
    const hasGlare = message.method === 'INVITE' && this.#isInviteUnderWay(dialog);
    dialog.underWay.count(message.method, 1);
    request.fallback = this.#findContactFlow(dialog, flow);
    if (hasGlare) this.#refuseGlare(application, ids, request, flow);
    else this.#sendFor(application, ids, request, this.#chooseFlow(request, flow, dialog.remoteTarget));
  }

  /** RFC 3261 14.1: no second INVITE while one is under way, whoever sent it. */
  #isInviteUnderWay({ underWay }: Dialog): boolean {
    return underWay.outgoingInvites > 0 || underWay.incomingInvite !== undefined;
  }

  /** Not sent; the application hears what the other side would have had to say. */
  #refuseGlare(application: EngineApplication, ids: AnswerIds, request: ClientRequest, flow: SipFlow): void {
    const { router, clock } = this.#context;
    const bytes = buildRequest(request.plan, this.#via(request, flow));
    request.flow = flow;
    request.message = parseOwnMessage(bytes);
    router.openTransaction(request.id, application);
    const meta = sentMeta(flow, bytes.length, clock.wallMs(), 'local');
    application.send(writeRequestEcho(ids, { meta, transactionId: request.id, sip: bytes }));
    this.#onInternalFailure?.(request, 491, 'Request Pending');
    router.closeTransaction(request.id);
  }

  #planInDialog(
    dialog: Dialog,
    message: Pick<ApplicationMessage, 'method' | 'headers' | 'body'>,
    cseq: number,
    flow: SipFlow,
  ): RequestPlan {
    const { identities, settings } = this.#context;
    const { method, body } = message;
    const { requestUri, routes } = dialog.planRoute();
    return {
      method,
      requestUri,
      routes,
      body,
      cseq,
      callId: dialog.callId,
      headers: wireHeaders(message.headers, identities.of(flow).hostPort),
      from: `${dialog.localParty};tag=${dialog.localTag}`,
      to: dialog.remoteTag === '' ? dialog.remoteParty : `${dialog.remoteParty};tag=${dialog.remoteTag}`,
      contact: WITH_CONTACT_IN_DIALOG.has(method) ? dialog.localContact : undefined,
      userAgent: settings.userAgent,
    };
  }

  /** RFC 3261 18.1.1: what does not surely fit into one packet goes over TCP, when there is TCP. */
  #chooseFlow(request: ClientRequest, flow: SipFlow, uri: string): SipFlow {
    const { mtu } = this.#context.settings;
    if (mtu === 0 || flow.protocol !== 'udp' || namesUdp(uri)) return flow;
    const length = buildRequest(request.plan, this.#via(request, flow)).length;
    const tcp = length > mtu ? this.#context.routes.overTcp(flow) : undefined;
    if (tcp === undefined) return flow;
    request.fallback = flow;
    return tcp;
  }

  #via({ addressId }: { readonly addressId: string }, flow: SipFlow): string {
    const { identities, names } = this.#context;
    return viaValue(identities.of(flow), names.branch(addressId));
  }

  #sendFor(application: EngineApplication, ids: AnswerIds, request: ClientRequest, flow: SipFlow): void {
    const { router, clock, records } = this.#context;
    router.openTransaction(request.id, application);
    const bytes = this.#start(request, flow);
    if (bytes === undefined) {
      router.closeTransaction(request.id);
      application.send(writeNok(ids, 'Server error: too many transactions'));
      return;
    }
    const meta = sentMeta(request.flow ?? flow, bytes.length, clock.wallMs(), 'local');
    application.send(writeRequestEcho(ids, { meta, transactionId: request.id, sip: bytes }));
    if (request.isInvite && request.dialog === undefined) records.attempt('application', bytes);
    this.#finishStart(request);
  }

  /** What failed while it was sent is told now that its application knows of it. */
  #finishStart(request: ClientRequest): void {
    request.isStarting = false;
    if (request.startFailure === undefined) return;
    if (!this.retryElsewhere(request)) this.#onInternalFailure?.(request, 503, 'Service Unavailable');
  }

  /** @returns the bytes; undefined when there are too many transactions */
  #start(request: ClientRequest, flow: SipFlow): Buffer | undefined {
    const bytes = buildRequest(request.plan, this.#via(request, flow));
    const message = parseOwnMessage(bytes);
    const { layer } = this.#context;
    request.flow = flow;
    request.message = message;
    request.isStarting = true;
    this.#starting = request;
    const result = layer.sendRequest(message, bytes, flow);
    this.#starting = undefined;
    if (result.kind === 'refused') {
      this.#giveBack(request);
      return undefined;
    }
    request.tx = result.transaction;
    this.#byId.set(request.id, request);
    if (!result.transaction.isEnded) this.#byTx.set(result.transaction, request);
    this.publishInvite(request);
    return bytes;
  }

  /** It never began: nothing in its dialog may wait for it. One that goes on over UDP is told as failed instead. */
  #giveBack(request: ClientRequest): void {
    if (request.tx !== undefined) return;
    request.isFinished = true;
    request.dialog?.underWay.count(request.method, -1);
  }

  /** Writes an INVITE under way for the partner. */
  publishInvite(request: ClientRequest): void {
    const { publisher, layer, router } = this.#context;
    const { tx, flow } = request;
    if (!publisher.isActive || !request.isInvite || tx === undefined || flow === undefined) return;
    const record = layer.exportRecord(tx);
    if (record === undefined) return;
    const appTags = router.findTransactionOwner(request.id)?.tags ?? [];
    const { id: transactionId, addressId } = request;
    publisher.putInvite(addressId, { record, flow, transactionId, localTag: '', appTags });
  }

  #sendOwnOn(
    dialog: Dialog,
    method: string,
    content: { readonly headers: readonly ApplicationHeader[]; readonly body: Buffer },
    watcher: OwnRequestWatcher,
    flow: SipFlow | undefined,
  ): { readonly bytes: Buffer; readonly flow: SipFlow } | undefined {
    if (flow === undefined) return undefined;
    const { names } = this.#context;
    const plan = this.#planInDialog(dialog, { method, ...content }, dialog.nextSeq(), flow);
    const { localTag, addressId } = dialog;
    const request = new ClientRequest({ id: names.id(), plan, localTag, addressId, dialog, watcher });
    dialog.underWay.count(method, 1);
    const bytes = this.#start(request, flow);
    if (bytes === undefined) return undefined;
    this.#finishStart(request);
    return { bytes, flow };
  }

  #onRefreshed(
    dialog: Dialog,
    status: number,
    response: SipMessage | undefined,
    again: (seconds: number) => void,
  ): void {
    if (dialog.isOver) return;
    if (status >= 200 && status < 300) {
      const { sessionTimer } = dialog;
      this.acknowledgeOwn(dialog, dialog.inviteSeq);
      if (sessionTimer === undefined) return;
      const expires = response?.sessionExpires;
      const isRefresher = expires?.refresher !== 'uas';
      const interval = expires?.interval ?? sessionTimer.interval;
      const next = startTimer(interval, isRefresher, this.#context.clock.wallMs());
      this.#keeper.setSessionTimer(dialog, next);
      this.#keeper.publish(dialog);
      return;
    }
    // RFC 3261 14.1: the owner of the Call-ID waits 2.1 to 4 s; longer is right for both.
    if (status === 491) again(4);
    else
      this.#keeper.endByEngine(dialog, {
        cause: 408,
        text: 'Session refresh failed',
        record: 'session-expired',
      });
  }

  /** Calls back with the way to the other side of a dialog, at once wherever it is known. */
  #withDialogFlow(dialog: Dialog, run: (flow: SipFlow | undefined) => void): void {
    const flow = this.#findDialogFlow(dialog);
    if (flow instanceof Promise) void flow.then(run);
    else run(flow);
  }

  #findDialogFlow(dialog: Dialog): SipFlow | undefined | Promise<SipFlow | undefined> {
    const { routes } = this.#context;
    const { nextHop } = dialog.planRoute();
    const { route } = dialog.underWay;
    if (route?.nextHop === nextHop && routes.isAlive(route.flow)) return route.flow;
    // A phone behind NAT, or on a connection, is reached the way it came as long as that way is open.
    const isDirect = dialog.routeSet.length === 0 && (dialog.isNated || dialog.flow.isReliable);
    if (isDirect && routes.isAlive(dialog.flow)) return dialog.flow;
    const found = routes.findFlow(nextHop, dialog.flow.localAddress);
    if (found instanceof Promise) return found.then((flow) => this.#keepRoute(dialog, nextHop, flow));
    return this.#keepRoute(dialog, nextHop, found);
  }

  /** The connection that a phone came by may be dying just now: its Contact is tried next, over another one. */
  #findContactFlow(dialog: Dialog, flow: SipFlow): SipFlow | undefined {
    if (flow.connectionId === undefined) return undefined;
    const found = this.#context.routes.findFlow(dialog.planRoute().nextHop, flow.localAddress);
    return found instanceof Promise || found?.connectionId === flow.connectionId ? undefined : found;
  }

  #keepRoute(dialog: Dialog, nextHop: string, flow: SipFlow | undefined): SipFlow | undefined {
    if (flow !== undefined) dialog.underWay.route = { nextHop, flow };
    return flow;
  }

  #sendAck(
    application: EngineApplication,
    ids: AnswerIds,
    dialog: Dialog | undefined,
    message: ApplicationMessage,
  ): void {
    const due = dialog?.underWay.unacknowledged;
    if (dialog === undefined || due === undefined) {
      application.send(writeNok(ids, CONTROL_TEXTS.ackIsAutomatic));
      return;
    }
    const problem = this.#findBodyProblem(message);
    if (problem !== undefined) {
      application.send(writeNok(ids, problem));
      return;
    }
    dialog.underWay.acknowledge();
    this.#withDialogFlow(dialog, (flow) => {
      if (flow === undefined) {
        application.send(writeNok(ids, CONTROL_TEXTS.noTransport));
        return;
      }
      const bytes = this.#sendAckOn(dialog, due.seq, flow, message.headers, message.body);
      const meta = sentMeta(flow, bytes.length, this.#context.clock.wallMs(), 'local');
      application.send(writeRequestEcho(ids, { meta, transactionId: due.transactionId, sip: bytes }));
      this.#endAfterAck(dialog);
    });
  }

  #sendAckOn(
    dialog: Dialog,
    seq: number,
    flow: SipFlow,
    headers: readonly ApplicationHeader[],
    body: Buffer,
  ): Buffer {
    const credentials = dialog.underWay.credentials.filter(
      ({ name }) => !headers.some((header) => header.name === name),
    );
    const content = { method: 'ACK', headers: [...headers, ...credentials], body };
    const plan = this.#planInDialog(dialog, content, seq, flow);
    const bytes = buildRequest(plan, this.#via(dialog, flow));
    dialog.underWay.acknowledge();
    dialog.underWay.lastAck = { seq, bytes, flow };
    if (dialog.state === 'confirmedNoAck') dialog.state = 'confirmed';
    learnOurs(dialog, { headers, body });
    this.#sendBytes(bytes, flow);
    this.#keeper.publish(dialog);
    return bytes;
  }

  #endAfterAck(dialog: Dialog): void {
    const text = dialog.underWay.byeAfterAck;
    if (text === undefined) return;
    this.#keeper.endByEngine(dialog, { cause: 200, text, record: 'call-canceled' });
  }

  #sendBytes(bytes: Buffer, flow: SipFlow): void {
    this.#context.wire.send(bytes, flow, { onSendError: () => undefined });
  }
}
