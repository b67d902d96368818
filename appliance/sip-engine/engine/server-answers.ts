/** What applications answer to requests from the network: responses, the dialogs they make, and what keeps them up. */
import type { SipResponseCommand } from '../control/control-command.js';
import { writeNok, writeResponseEcho, type AnswerIds } from '../control/control-reply.js';
import { CONTROL_TEXTS } from '../control/control-texts.js';
import type { Dialog, DialogState } from '../dialog/dialog.js';
import { planTimerAnswer, startTimer, type SessionTimerAnswer } from '../dialog/session-timer.js';
import type { Binding } from '../flow/binding-table.js';
import type { SipMessage } from '../message/sip-message.js';
import { ignoringSyntax } from '../message/sip-syntax-error.js';
import { unquote } from '../message/value-scanner.js';
import type { SipFlow } from '../transport/sip-flow.js';
import {
  findApplicationHeader,
  parseApplicationMessage,
  type ApplicationHeader,
  type ApplicationMessage,
} from './application-message.js';
import { buildResponse, type ResponsePlan } from './build-response.js';
import type { DialogKeeper } from './dialog-keeper.js';
import { sentMeta, type EngineApplication, type EngineContext } from './engine-context.js';
import { describeBody, tagOf, wireHeaders } from './header-rules.js';
import { contactUri } from './local-identity.js';
import { findDescription, makeUasDialog, refreshTarget } from './make-dialog.js';
import { parseOwnMessage } from './message-access.js';
import { ReliableProvisionals } from './reliable-provisionals.js';
import type { ServerRequest } from './server-request.js';
import type { ServerRequests } from './server-requests.js';

/** Responses to these refresh the target or make a dialog, so they say where we are (RFC 3261 12.1.1, RFC 3311 5.2). */
const WITH_CONTACT = new Set(['INVITE', 'SUBSCRIBE', 'UPDATE', 'REFER', 'NOTIFY']);
/** RFC 3261 10.2.1.1: of a registration for which nobody says how long. */
const REGISTER_SECONDS = 3600;

/** One answer on its way. */
interface Answer {
  readonly application: EngineApplication;
  readonly ids: AnswerIds;
  readonly request: ServerRequest;
  readonly message: SipMessage;
  readonly status: number;
  readonly reason: string;
  readonly headers: readonly ApplicationHeader[];
  readonly body: Buffer;
}

export class ServerAnswers {
  readonly #context: EngineContext;
  readonly #keeper: DialogKeeper;
  readonly #requests: ServerRequests;

  constructor(context: EngineContext, keeper: DialogKeeper, requests: ServerRequests) {
    this.#context = context;
    this.#keeper = keeper;
    this.#requests = requests;
  }

  answer(application: EngineApplication, command: SipResponseCommand): void {
    const ids = { messageId: application.newMessageId(), requestId: command.id };
    const said = parseApplicationMessage(command.text);
    const request = this.#findAnswered(command.transactionId, said);
    const message = request?.message;
    if (request === undefined || message === undefined || request.isAnswered) {
      application.send(writeNok(ids, refusalText(said)));
      return;
    }
    const problem = findProblem(said);
    if (problem !== undefined) {
      application.send(writeNok(ids, problem));
      return;
    }
    this.#takeTag(request, said);
    if (request.dialog !== undefined) this.#keeper.bind(request.dialog, application);
    const headers = wireHeaders(said.headers, this.#context.identities.of(request.source));
    const { status, reason, body } = said;
    this.#route({ application, ids, request, message, status, reason, headers, body });
  }

  /** An UPDATE before the answer to its INVITE is answered under the name of that INVITE; CSeq tells. */
  #findAnswered(transactionId: string, said: ApplicationMessage): ServerRequest | undefined {
    const request = this.#requests.find(transactionId);
    const isForUpdate = (findApplicationHeader(said, 'CSeq') ?? '').endsWith(' UPDATE');
    return request?.method === 'INVITE' && isForUpdate ? request.pendingUpdate : request;
  }

  /** The application may choose the To tag, as long as nobody has seen another one. */
  #takeTag(request: ServerRequest, said: ApplicationMessage): void {
    if (!request.isNew || request.dialog !== undefined) return;
    const to = findApplicationHeader(said, 'To');
    const tag = to === undefined ? undefined : tagOf(to);
    if (tag !== undefined) request.localTag = tag;
  }

  #route(answer: Answer): void {
    const { request, status } = answer;
    const isProvisional = status > 100 && status < 200;
    if (request.method === 'INVITE' && isProvisional) this.#provisional(answer);
    else if (request.method === 'INVITE' && status >= 200 && status < 300) this.#success(answer);
    else this.#plain(answer);
  }

  #provisional(answer: Answer): void {
    const wants100rel = answer.headers.some(
      ({ name, value }) => name === 'Require' && value.toLowerCase().includes('100rel'),
    );
    if (!wants100rel) {
      this.#ensureEarly(answer);
      this.#send(answer, this.#build(answer, []));
      return;
    }
    if (!knows100rel(answer.message)) {
      answer.application.send(writeNok(answer.ids, CONTROL_TEXTS.peerLacks100rel));
      return;
    }
    this.#provisionalReliably(answer);
  }

  #provisionalReliably(answer: Answer): void {
    const { request } = answer;
    this.#ensureEarly(answer);
    request.reliable ??= this.#openReliable(request, answer.message);
    request.reliable.provide((rseq) => {
      if (request.isAnswered) return undefined;
      const bytes = this.#build(answer, [{ name: 'RSeq', value: String(rseq) }]);
      this.#send(answer, bytes);
      return { bytes, hasBody: answer.body.length > 0 };
    });
  }

  #openReliable(request: ServerRequest, message: SipMessage): ReliableProvisionals {
    const { wheel, settings, names, wire } = this.#context;
    const { flow } = request.tx;
    return new ReliableProvisionals({
      wheel,
      t1Ms: settings.t1Ms,
      firstRSeq: names.sequence(),
      inviteSeq: message.cseq.number,
      isReliable: flow.isReliable,
      send: (bytes) => {
        wire.send(bytes, request.tx.flow, { onSendError: () => undefined });
      },
      onGivenUp: () => {
        this.#requests.refuse(request, { status: 504, reason: 'PRACK timeout' });
      },
    });
  }

  #success(answer: Answer): void {
    const { request } = answer;
    if (request.reliable?.holdsSuccess === true) {
      // RFC 3262 3: an answer that waits for its PRACK must not be overtaken by the 2xx.
      request.reliable.afterPrack(() => {
        if (!request.isAnswered) this.#success(answer);
      });
      return;
    }
    const timer = this.#planSessionTimer(answer);
    const bytes = this.#build(answer, sessionHeaders(timer, answer.headers));
    const dialog = request.dialog ?? this.#makeDialog(answer, 'confirmedNoAck');
    this.#requests.settle(request);
    if (request.isNew) dialog.state = 'confirmedNoAck';
    this.#learn(answer, dialog, timer);
    this.#keeper.awaitAck(dialog, this.#underWay(request, bytes, answer.message));
    this.#keeper.publish(dialog);
    this.#context.publisher.beforeSuccess(() => {
      this.#sendSuccess(answer, dialog, bytes);
    });
  }

  #underWay(request: ServerRequest, bytes: Buffer, message: SipMessage) {
    // The ACK of a re-INVITE has a name of its own, that of the first INVITE has the INVITE's (facts: identifiers).
    const transactionId = request.isNew ? request.id : this.#context.names.id();
    return { seq: message.cseq.number, bytes, flow: request.tx.flow, transactionId };
  }

  #sendSuccess(answer: Answer, dialog: Dialog, bytes: Buffer): void {
    const { request, application, ids } = answer;
    if (dialog.isOver) this.#terminate(answer);
    if (dialog.isOver || request.tx.respond(answer.status, bytes) !== 'sent') {
      application.send(writeNok(ids, CONTROL_TEXTS.unknownTransaction));
      return;
    }
    this.#echo(answer, bytes, dialog.id);
    this.#requests.publishInvite(request);
    if (request.isNew) this.#context.records.start('application', 'uas', bytes);
    request.forgetMessage();
  }

  /** The caller ended the dialog while its 2xx waited for the partner: the INVITE needs its end, too (15.1.2). */
  #terminate({ request, message }: Answer): void {
    const plan = { request: message, status: 487, reason: 'Request Terminated', toTag: request.localTag };
    request.tx.respond(487, buildResponse(plan));
    request.forgetMessage();
  }

  #plain(answer: Answer): void {
    const { request, status } = answer;
    const isFinal = status >= 200;
    const isSuccess = isFinal && status < 300;
    const dialogBefore = request.dialog;
    if (isSuccess && request.isNew && request.method === 'SUBSCRIBE') this.#makeDialog(answer, 'confirmed');
    const isUpdate = isSuccess && request.method === 'UPDATE';
    const timer = isUpdate ? this.#planSessionTimer(answer) : undefined;
    const bytes = this.#build(answer, sessionHeaders(timer, answer.headers));
    if (isFinal) this.#requests.settle(request);
    const outcome = request.tx.respond(status, bytes);
    if (outcome !== 'sent') {
      answer.application.send(writeNok(answer.ids, CONTROL_TEXTS.unknownTransaction));
      return;
    }
    this.#echo(answer, bytes, this.#echoedDialogId(request));
    if (!isFinal) return;
    if (isSuccess) this.#afterSuccess(answer, bytes, dialogBefore, timer);
    if (request.method === 'INVITE') this.#afterRefusal(request, bytes);
    request.forgetMessage();
  }

  #afterSuccess(
    answer: Answer,
    bytes: Buffer,
    dialogBefore: Dialog | undefined,
    timer: SessionTimerAnswer | undefined,
  ): void {
    const { request, message } = answer;
    if (dialogBefore !== undefined) this.#afterInDialogSuccess(answer, dialogBefore, timer);
    if (request.method === 'REGISTER') this.#learnBindings(request, message, bytes);
  }

  /** drachtio-server shows none for the answer to a BYE, whose dialog is gone. */
  #echoedDialogId(request: ServerRequest): string {
    return request.dialog === undefined || request.dialog.isOver ? '' : request.dialog.id;
  }

  #afterInDialogSuccess(answer: Answer, dialog: Dialog, timer: SessionTimerAnswer | undefined): void {
    const { request, message } = answer;
    if (request.method === 'UPDATE') {
      this.#learn(answer, dialog, timer);
      this.#keeper.publish(dialog);
    }
    // The last subscription has ended (RFC 6665 4.4.1).
    const state = message.header('Subscription-State') ?? '';
    const isLast = request.method === 'NOTIFY' && state.toLowerCase().startsWith('terminated');
    if (isLast && dialog.kind === 'SUBSCRIBE') this.#keeper.end(dialog);
  }

  #afterRefusal(request: ServerRequest, bytes: Buffer): void {
    this.#requests.publishInvite(request);
    if (!request.isNew) return;
    this.#context.records.stop('application', 'call-rejected', bytes);
    if (request.dialog?.state === 'early') this.#keeper.end(request.dialog);
  }

  #ensureEarly(answer: Answer): void {
    const { request } = answer;
    const dialog = request.dialog ?? this.#makeDialog(answer, 'early');
    this.#learnOurs(answer, dialog);
    this.#keeper.publish(dialog);
    this.#requests.publishInvite(request);
  }

  #makeDialog(answer: Answer, state: DialogState): Dialog {
    const { request, message, application, headers } = answer;
    const { clock, settings } = this.#context;
    const dialog = makeUasDialog({
      request: message,
      source: request.source,
      addressId: request.addressId,
      state,
      localTag: request.localTag,
      localContact: findApplicationHeader({ headers }, 'Contact') ?? this.#contactOf(request),
      natDetection: settings.natDetection,
      appTags: application.tags,
      wallMs: clock.wallMs(),
    });
    dialog.underWay.initialInvite = request.id;
    request.dialog = dialog;
    this.#keeper.add(dialog, application);
    return dialog;
  }

  #contactOf(request: ServerRequest): string {
    const known = request.isNew ? undefined : request.dialog?.localContact;
    return known ?? `<${contactUri(this.#context.identities.of(request.source))}>`;
  }

  /** An answer may be given in a provisional response, and the 2xx say nothing more (RFC 3262 5). */
  #learnOurs({ headers, body }: Answer, dialog: Dialog): void {
    dialog.localSdp = describeBody(headers, body) ?? dialog.localSdp;
  }

  /** What a 2xx agrees on: session, timer, and where the peer is now. */
  #learn(answer: Answer, dialog: Dialog, timer: SessionTimerAnswer | undefined): void {
    const { request, message, headers } = answer;
    const { settings, clock } = this.#context;
    this.#learnOurs(answer, dialog);
    dialog.remoteSdp = findDescription(message) ?? dialog.remoteSdp;
    const contact = findApplicationHeader({ headers }, 'Contact');
    if (contact !== undefined) dialog.localContact = contact;
    if (!request.isNew) refreshTarget(dialog, message, request.source, settings.natDetection);
    // The last 2xx counts: one without a timer ends the timer (RFC 4028 7.2).
    const started = timer && startTimer(timer.interval, timer.refresher === 'uas', clock.wallMs());
    this.#keeper.setSessionTimer(dialog, started);
    if (request.method === 'INVITE') dialog.inviteSeq = message.cseq.number;
  }

  #planSessionTimer({ message }: Answer): SessionTimerAnswer | undefined {
    const offer = { offered: message.sessionExpires, isSupported: message.supported.includes('timer') };
    return planTimerAnswer(offer, this.#context.settings.sessionTimers);
  }

  #build(answer: Answer, engineHeaders: readonly ApplicationHeader[]): Buffer {
    const { request, message, status, reason, headers, body } = answer;
    const { method } = request;
    const isAnswer = status > 100 && status < 300;
    const plan: ResponsePlan = {
      request: message,
      status,
      reason,
      headers,
      body,
      engineHeaders,
      toTag: status === 100 ? undefined : request.localTag,
      formsDialog: isAnswer && (method === 'INVITE' || method === 'SUBSCRIBE' || method === 'REFER'),
      contact: isAnswer && WITH_CONTACT.has(method) ? this.#contactOf(request) : undefined,
      server: this.#context.settings.server,
    };
    return buildResponse(plan);
  }

  #send(answer: Answer, bytes: Buffer): void {
    const outcome = answer.request.tx.respond(answer.status, bytes);
    if (outcome === 'sent') this.#echo(answer, bytes, answer.request.dialog?.id ?? '');
    else answer.application.send(writeNok(answer.ids, CONTROL_TEXTS.unknownTransaction));
  }

  #echo({ application, ids, request }: Answer, bytes: Buffer, dialogId: string): void {
    const { clock } = this.#context;
    const { flow } = request.tx;
    const protocol = request.method === 'INVITE' ? flow.protocol : '';
    const meta = sentMeta(flow, bytes.length, clock.wallMs(), 'remote', protocol);
    application.send(writeResponseEcho(ids, { meta, transactionId: request.id, dialogId, sip: bytes }));
  }

  /** Which way the phone that registered is reached: the Contacts that the application lets stand (RFC 3261 10.3). */
  #learnBindings(request: ServerRequest, message: SipMessage, bytes: Buffer): void {
    const response = parseOwnMessage(bytes);
    const { bindings, publisher } = this.#context;
    const asked = ignoringSyntax(() => message.contacts) ?? [];
    if (asked === '*') {
      this.#forgetBindings(request.source);
      return;
    }
    const granted = ignoringSyntax(() => response.contacts) ?? [];
    for (const { uri, params } of asked) {
      const echoed = granted === '*' ? undefined : granted.find((one) => one.uri === uri);
      const seconds =
        secondsOf(echoed?.params['expires']) ??
        response.expires ??
        secondsOf(params['expires']) ??
        message.expires ??
        REGISTER_SECONDS;
      if (seconds === 0) {
        bindings.remove(uri);
        continue;
      }
      const binding = this.#bindingOf(request, uri, params, seconds);
      bindings.put(binding);
      publisher.putBinding(request.addressId, binding);
    }
  }

  /** All that came this way: the phone takes itself off (RFC 3261 10.2.2). */
  #forgetBindings(source: SipFlow): void {
    const { bindings } = this.#context;
    const isSameWay = ({ flow }: Binding): boolean =>
      flow.protocol === source.protocol &&
      flow.remoteAddress === source.remoteAddress &&
      flow.remotePort === source.remotePort;
    for (const binding of [...bindings].filter(isSameWay)) bindings.remove(binding.contact);
  }

  #bindingOf(
    request: ServerRequest,
    contact: string,
    params: Readonly<Record<string, string | true>>,
    seconds: number,
  ): Binding {
    const instance = params['+sip.instance'];
    const regId = secondsOf(params['reg-id']);
    return {
      contact,
      addressId: request.addressId,
      flow: request.source,
      expiresWallMs: this.#context.clock.wallMs() + seconds * 1000,
      ...(typeof instance === 'string' ? { instance: unquoted(instance) } : {}),
      ...(regId === undefined ? {} : { regId }),
    };
  }
}

function unquoted(text: string): string {
  return text.startsWith('"') ? unquote(text) : text;
}

function secondsOf(value: string | true | undefined): number | undefined {
  return typeof value === 'string' && /^[0-9]{1,9}$/.test(value) ? Number(value) : undefined;
}

function refusalText(said: ApplicationMessage): string {
  const isForCancel = (findApplicationHeader(said, 'CSeq') ?? '').endsWith(' CANCEL');
  return isForCancel ? CONTROL_TEXTS.cancelIsAnswered : CONTROL_TEXTS.unknownTransaction;
}

function findProblem(said: ApplicationMessage): string | undefined {
  const { status, startLine } = said;
  const isStatus = Number.isInteger(status) && status >= 100 && status <= 699;
  return isStatus ? undefined : `not a SIP status: ${startLine}`;
}

function knows100rel(invite: SipMessage): boolean {
  return invite.supported.includes('100rel') || invite.require.includes('100rel');
}

function sessionHeaders(
  timer: SessionTimerAnswer | undefined,
  given: readonly ApplicationHeader[],
): readonly ApplicationHeader[] {
  if (timer === undefined || given.some(({ name }) => name === 'Session-Expires')) return [];
  const header = { name: 'Session-Expires', value: timer.header };
  return timer.isRequired ? [{ name: 'Require', value: 'timer' }, header] : [header];
}
