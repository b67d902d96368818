/**
 * The engine between the network and its applications: takes messages apart, runs transactions and dialogs, and gives
 * each request to whoever handles it. It opens nothing and listens to nothing; main.ts wires it.
 *
 * Invariants: what comes from the network is checked and written anew before an application sees it; an application
 * that dies costs no dialog; nothing that anybody sends makes it throw.
 */
import type { Clock } from '../../../cluster/base/clock.js';
import type { Log } from '../../../cluster/base/log.js';
import type { Rng } from '../../../cluster/base/rng.js';
import type { ContinuityPort } from '../continuity/continuity-port.js';
import { SnapshotPublisher } from '../continuity/snapshot-publisher.js';
import type { EngineCommand } from '../control/control-command.js';
import { ApplicationRouter } from '../control/application-router.js';
import { writeAdopted, writeDialogList, writeNok, writeOk } from '../control/control-reply.js';
import { CONTROL_TEXTS } from '../control/control-texts.js';
import { DialogTable } from '../dialog/dialog-table.js';
import { BindingTable } from '../flow/binding-table.js';
import { checkMalformed, checkMessage, type CheckVerdict } from '../message/check-message.js';
import { MessageBuilder } from '../message/message-builder.js';
import { LimitedLog } from '../observability/limited-log.js';
import { parseSipMessage, type MalformedMessage, type ParseResult } from '../message/parse-sip-message.js';
import type { SipMessage } from '../message/sip-message.js';
import { findStampedVia } from '../message/via-header.js';
import { ProxyCalls } from '../proxy/proxy-calls.js';
import { ProxyKey } from '../proxy/proxy-key.js';
import { StatelessRelay } from '../proxy/stateless-relay.js';
import { TimerWheel } from '../transaction/timer-wheel.js';
import { TransactionLayer, type TransactionCounts } from '../transaction/transaction-layer.js';
import type { Transaction, TransactionUser, Wire } from '../transaction/transaction-port.js';
import type { TransactionSettings } from '../transaction/transaction-step.js';
import type { SipFlow } from '../transport/sip-flow.js';
import { describeForAdoption } from './adoption.js';
import { CallRecords } from './call-records.js';
import { ClientAcks } from './client-acks.js';
import { ClientRequests } from './client-requests.js';
import { ClientResponses } from './client-responses.js';
import { DialogKeeper } from './dialog-keeper.js';
import { DialogRoutes } from './dialog-routes.js';
import { EngineRequests } from './engine-requests.js';
import { RequestPlanner } from './request-planner.js';
import {
  EngineNames,
  type Arrival,
  type EngineApplication,
  type EngineContext,
  type EngineSettings,
} from './engine-context.js';
import type { LocalIdentities } from './local-identity.js';
import { makeMessageAccess, parseOwnMessage } from './message-access.js';
import { OutboundRoutes, type FlowSource, type OutboundRoutesOptions } from './outbound-routes.js';
import { refuseStateless, responseFlow } from './refuse-stateless.js';
import { ServerAnswers } from './server-answers.js';
import type { RequestGate } from './new-requests.js';
import { ServerRequests } from './server-requests.js';
import { Takeover, type TakeoverReport } from './takeover.js';

export interface SipEngineOptions {
  readonly clock: Clock;
  readonly rng: Rng;
  readonly log: Log;
  readonly settings: EngineSettings;
  readonly transactionSettings: Partial<TransactionSettings>;
  readonly transactionsMax: number;
  readonly bindingsMax: number;
  readonly cdrs: boolean;
  /** Messages go out here. */
  readonly wire: Wire<SipFlow>;
  readonly flows: FlowSource;
  readonly identities: LocalIdentities;
  readonly resolver: OutboundRoutesOptions['resolver'];
  readonly preferredFrom: OutboundRoutesOptions['preferredFrom'];
  readonly continuity?: ContinuityPort;
  readonly heldMs: number;
  readonly tryingHeldMs: number;
  /**
   * Of 16 bytes or more: by it the engine recognises the Route of calls that it proxied. Random when absent, which
   * ends the signalling of these calls with this process; a partner that is to go on with them needs the same one.
   */
  readonly proxyKey?: Buffer;
  /** Asked before a new request goes to an application. */
  readonly gate?: RequestGate;
  /** Told of what was refused or dropped before it became a request, for the counters. */
  readonly onRefused?: (why: string, flow: SipFlow) => void;
}

export interface EngineCounts {
  readonly dialogs: Readonly<Record<'uas' | 'uac', number>>;
  readonly bindings: number;
  readonly transactions: TransactionCounts;
  readonly clientRequests: number;
  readonly proxyBranches: number;
  readonly held: { readonly ack: number; readonly alone: number };
}

const PROXY_KEY_BYTES = 32;
/** Of the transactions, kept for what belongs to calls that exist. */
const RESERVED_SHARE = 0.1;

export class SipEngine {
  readonly #options: SipEngineOptions;
  readonly #context: EngineContext;
  readonly #keeper: DialogKeeper;
  readonly #servers: ServerRequests;
  readonly #answers: ServerAnswers;
  readonly #clients: ClientRequests;
  readonly #responses: ClientResponses;
  readonly #takeover: Takeover;
  readonly #proxies: ProxyCalls;
  readonly #relay: StatelessRelay;
  /** The message that is being dealt with: the layer calls back synchronously. */
  #arrival: Arrival | undefined;

  constructor(options: SipEngineOptions) {
    this.#options = options;
    this.#context = this.#makeContext();
    this.#keeper = new DialogKeeper(this.#context);
    this.#servers = new ServerRequests(this.#context, this.#keeper, options.gate);
    this.#answers = new ServerAnswers(this.#context, this.#keeper, this.#servers);
    const base = {
      context: this.#context,
      keeper: this.#keeper,
      planner: new RequestPlanner(this.#context),
      routes: new DialogRoutes(this.#context),
    };
    const acks = new ClientAcks(base);
    this.#clients = new ClientRequests({ ...base, acks });
    const own = new EngineRequests({ ...base, acks, clients: this.#clients });
    this.#responses = new ClientResponses({ ...base, acks, own, clients: this.#clients });
    this.#keeper.connect(own);
    const proxyKey = new ProxyKey(options.proxyKey ?? Buffer.from(options.rng.bytes(PROXY_KEY_BYTES)));
    this.#proxies = new ProxyCalls(this.#context, this.#servers, proxyKey);
    this.#servers.connect((request, plan) => {
      this.#proxies.proxyByRule(request, plan);
    });
    this.#relay = new StatelessRelay(this.#context, proxyKey);
    const { continuity } = options;
    this.#takeover = new Takeover({
      context: this.#context,
      keeper: this.#keeper,
      servers: this.#servers,
      clients: this.#clients,
      continuity,
    });
    continuity?.onReset(() => {
      this.publishAll();
    });
  }

  /**
   * A message from the network. Never throws.
   * @param problem of a stream that cannot be framed (RFC 3261 18.3): these are its headers, to be answered 400
   */
  receive(bytes: Buffer, flow: SipFlow, problem?: string): void {
    this.#arrival = { flow, bytes: bytes.length, atMs: this.#options.clock.wallMs() };
    const read = parseSipMessage(bytes);
    if (read.kind === 'keep-alive') return;
    const parsed = problem === undefined ? read : asMalformed(read, problem);
    const verdict = parsed.kind === 'message' ? checkMessage(parsed.message) : checkMalformed(parsed);
    const message = parsed.kind === 'message' ? parsed.message : parsed.partial;
    if (verdict.kind === 'good' && message !== undefined) this.#accept(message, bytes, flow);
    else this.#reject(verdict, message, flow);
  }

  onApplicationAuthenticated(application: EngineApplication): void {
    this.#context.router.add(application);
    // In-dialog requests need no route; whoever has the tags may be waited for.
    this.#servers.onApplicationReady();
  }

  onRouteAdded(): void {
    this.#servers.onApplicationReady();
  }

  onApplicationGone(application: EngineApplication): void {
    const before = this.#clients.ownedBy(application.id);
    this.#servers.onApplicationGone(application);
    for (const id of before) this.#clients.abandon(id);
  }

  onCommand(application: EngineApplication, command: EngineCommand): void {
    switch (command.type) {
      case 'sipResponse':
        this.#answers.answer(application, command);
        return;
      case 'sipCancel':
        this.#clients.cancel(application, command);
        return;
      case 'sipInDialogRequest':
        this.#clients.sendInDialog(application, command);
        this.#releaseHeld(command.dialogId);
        return;
      case 'sipNewRequest':
        this.#clients.sendNew(application, command);
        return;
      case 'proxy':
        this.#proxies.proxy(application, command);
        return;
      case 'adopt':
      case 'dialogs':
      case 'payload':
        this.#onOwnCommand(application, command);
    }
  }

  /**
   * Goes on with what the partner had under a service address (continuity.md rules 2 and 11).
   * @throws SIP_STALE_GENERATION, or what the store says when it cannot be read
   */
  takeOver(addressId: string, generation: number): Promise<TakeoverReport> {
    return this.#takeover.run(addressId, generation, 'partner');
  }

  /** Goes on with what this engine had when its process died. @throws what the store says when it cannot be read */
  resume(addressId: string): Promise<TakeoverReport> {
    return this.#takeover.run(addressId, this.#context.publisher.generationOf(addressId), 'own');
  }

  /** The store has lost what was written: everything again (ContinuityPort.onReset). */
  publishAll(): void {
    this.#keeper.publishAll();
    this.#servers.publishAll();
    this.#clients.publishAll();
    for (const binding of this.#context.bindings) {
      this.#context.publisher.putBinding(binding.addressId, binding);
    }
  }

  /** A connection of a phone is gone. */
  onConnectionClosed(flow: SipFlow): void {
    if (flow.connectionId === undefined) return;
    this.#context.bindings.forgetConnection(flow.connectionId);
    this.#clients.onConnectionClosed(flow.connectionId);
  }

  /** No new calls; resolves when the last transaction is over and no dialog is left. */
  async drain(isOver: () => boolean): Promise<void> {
    void this.#context.layer.drain();
    while (this.#context.dialogs.size > 0 && !isOver()) await this.#options.clock.sleep(200);
  }

  close(): void {
    this.#context.layer.close();
  }

  counts(): EngineCounts {
    const { dialogs, bindings, layer, publisher } = this.#context;
    return {
      dialogs: dialogs.countByKind(),
      bindings: bindings.size,
      transactions: layer.counts(),
      clientRequests: this.#clients.size,
      proxyBranches: this.#proxies.size,
      held: publisher.counts,
    };
  }

  #makeContext(): EngineContext {
    const { clock, rng, log, settings, wire, flows, identities, resolver, preferredFrom } = this.#options;
    const wheel = new TimerWheel(clock);
    const router = new ApplicationRouter<EngineApplication>();
    const publisher = this.#makePublisher();
    const bindings = new BindingTable({
      clock,
      bindingsMax: this.#options.bindingsMax,
      onRemoved: ({ addressId, contact }) => {
        publisher.removeBinding(addressId, contact);
      },
    });
    return {
      clock,
      rng,
      log,
      settings,
      wire,
      wheel,
      identities,
      router,
      bindings,
      publisher,
      layer: this.#makeLayer(wheel),
      dialogs: new DialogTable(),
      routes: new OutboundRoutes({ bindings, resolver, transport: flows, preferredFrom }),
      records: new CallRecords({ isOn: this.#options.cdrs, router, wallMs: () => clock.wallMs() }),
      names: new EngineNames(rng),
    };
  }

  #makePublisher(): SnapshotPublisher {
    const { continuity, heldMs, tryingHeldMs } = this.#options;
    return new SnapshotPublisher({ port: continuity, heldMs, tryingHeldMs });
  }

  #makeLayer(wheel: TimerWheel): TransactionLayer<SipMessage, SipFlow> {
    const { clock, wire, transactionsMax, transactionSettings } = this.#options;
    const log = new LimitedLog(this.#options.log, clock);
    return new TransactionLayer<SipMessage, SipFlow>({
      clock,
      wheel,
      wire,
      transactionsMax,
      messages: makeMessageAccess(),
      user: this.#makeUser(),
      onUserError: (error, transaction) => {
        const fields = { err: error, method: transaction?.method };
        log.write('error', fields, 'a request could not be dealt with');
        if (transaction?.side === 'server') this.#failServer(transaction);
      },
      transactionsReserved: Math.floor(transactionsMax * RESERVED_SHARE),
      // The engine sends its 100 itself, when the partner holds the INVITE.
      settings: { ...transactionSettings, tryingMs: undefined },
    });
  }

  /** A mistake of ours: that one request gets its answer, everything else goes on. */
  #failServer(transaction: Transaction<SipMessage, SipFlow>): void {
    const request = transaction.side === 'server' ? this.#servers.findByTx(transaction) : undefined;
    if (request !== undefined)
      this.#servers.refuse(request, { status: 500, reason: 'Server Internal Error' });
  }

  #makeUser(): TransactionUser<SipMessage, SipFlow> {
    return {
      onRequest: (tx, request) => {
        const arrival = this.#arrivalOf(tx.flow);
        if (request.method === 'NOTIFY') this.#responses.onNotify(request, arrival);
        this.#servers.onRequest(tx, request, arrival);
      },
      onCancel: (tx, request, invite) => {
        this.#servers.onCancel(tx, request, invite, this.#arrivalOf(tx.flow));
      },
      onAck: (invite, ack) => {
        this.#servers.onAck(ack, this.#arrivalOf(invite.flow));
      },
      onStrayAck: (ack, flow) => {
        this.#servers.onAck(ack, this.#arrivalOf(flow));
      },
      onResponse: (tx, response) => {
        const arrival = this.#arrivalOf(tx.flow);
        if (!this.#proxies.onResponse(tx, response, arrival))
          this.#responses.onResponse(tx, response, arrival);
      },
      onStrayResponse: (response) => {
        this.#responses.onStray(response);
      },
      onTimeout: (transaction) => {
        if (transaction.side === 'client' && !this.#proxies.onLost(transaction, 408))
          this.#responses.onTimeout(transaction);
      },
      onTransportError: (transaction) => {
        if (transaction.side === 'client' && !this.#proxies.onLost(transaction, 503))
          this.#responses.onTransportError(transaction);
      },
      onTerminated: (transaction) => {
        if (transaction.side === 'client') {
          this.#proxies.onTerminated(transaction);
          this.#clients.onTerminated(transaction);
        } else this.#servers.onTerminated(transaction);
      },
    };
  }

  #arrivalOf(flow: SipFlow): Arrival {
    return this.#arrival ?? { flow, bytes: 0, atMs: this.#options.clock.wallMs() };
  }

  #accept(message: SipMessage, bytes: Buffer, flow: SipFlow): void {
    if (!message.isRequest) {
      if (this.#relay.takeResponse(message)) return;
      this.#context.layer.receiveResponse(message, flow);
      return;
    }
    const stamped = findStampedVia(message.via, flow.remoteAddress, flow.remotePort);
    const marked =
      stamped === undefined ? bytes : MessageBuilder.from(message).setFirst('Via', stamped).build();
    const request = stamped === undefined ? message : parseOwnMessage(marked);
    const back = responseFlow(request, flow);
    if (this.#relay.takeRequest(request, back)) return;
    const result = this.#context.layer.receiveRequest(request, marked, back);
    if (result !== 'full' && result !== 'draining') return;
    const headers = [['Retry-After', String(this.#context.names.retrySeconds() + 1)]] as const;
    this.#reject({ kind: 'answer', status: 503, reason: 'Service Unavailable', headers }, request, flow);
  }

  /** Answered without a transaction (RFC 3261 8.2.7), so that it costs nothing to be asked rubbish. */
  #reject(verdict: CheckVerdict, message: SipMessage | undefined, flow: SipFlow): void {
    if (verdict.kind === 'good') return;
    this.#options.onRefused?.(verdict.kind === 'drop' ? verdict.reason : String(verdict.status), flow);
    if (verdict.kind === 'drop' || message?.isRequest !== true || message.method === 'ACK') return;
    const { status, reason } = verdict;
    const headers = (verdict.headers ?? []).map(([name, value]) => ({ name, value }));
    const toTag = this.#context.names.tag(this.#context.identities.of(flow).addressId);
    const refusal = refuseStateless(message, flow, { status, reason, headers, toTag });
    this.#options.wire.send(refusal.bytes, refusal.flow, { onSendError: () => undefined });
  }

  /** Who speaks in a dialog knows it. */
  #releaseHeld(dialogId: string): void {
    const dialog = this.#context.dialogs.findById(dialogId);
    if (dialog !== undefined) this.#servers.onAdopted(dialog);
  }

  #onOwnCommand(
    application: EngineApplication,
    command: Extract<EngineCommand, { type: 'adopt' | 'dialogs' | 'payload' }>,
  ): void {
    const ids = { messageId: application.newMessageId(), requestId: command.id };
    if (command.type === 'dialogs') {
      application.send(writeDialogList(ids, this.#context.router.orphansOf(command.tag)));
    } else {
      const dialog = this.#context.dialogs.findById(command.dialogId);
      if (dialog === undefined) {
        application.send(writeNok(ids, CONTROL_TEXTS.unknownDialogToAdopt));
      } else if (command.type === 'payload') {
        dialog.payload = command.body;
        this.#keeper.publish(dialog);
        application.send(writeOk(ids));
      } else {
        this.#keeper.bind(dialog, application);
        this.#clients.adoptPending(dialog, application);
        this.#keeper.publish(dialog);
        application.send(writeAdopted(ids, describeForAdoption(dialog)));
        this.#servers.onAdopted(dialog);
      }
    }
  }
}

function asMalformed(read: Exclude<ParseResult, { kind: 'keep-alive' }>, reason: string): MalformedMessage {
  if (read.kind === 'malformed') return read;
  const isGood = checkMessage(read.message).kind === 'good';
  return isGood ? { kind: 'malformed', reason, partial: read.message } : { kind: 'malformed', reason };
}
