/**
 * Goes on with the calls of a service address that has come to this node (continuity.md rules 2, 11; facts: resume
 * rules). The records are read at once, everything is made of them in one go, and only what has to be sent is spread
 * over time: phones drop what comes in one burst.
 */
import { sipErrors } from '../errors.js';
import type { ContinuityPort } from '../continuity/continuity-port.js';
import { PacedSender } from '../continuity/paced-sender.js';
import type { BindingSnapshot, InviteSnapshot } from '../continuity/snapshot-publisher.js';
import { Dialog, type DialogFields } from '../dialog/dialog.js';
import { parseDialogSnapshot, parseFlow, type UnacknowledgedSuccess } from '../dialog/dialog-snapshot.js';
import type { SipMessage } from '../message/sip-message.js';
import { loadMessage } from '../transaction/stored-message.js';
import { parseTransactionRecord } from '../transaction/transaction-record.js';
import { Deadline } from '../transaction/deadline.js';
import type { SipFlow } from '../transport/sip-flow.js';
import { ClientRequest } from './client-request.js';
import type { ClientRequests } from './client-requests.js';
import type { DialogKeeper } from './dialog-keeper.js';
import type { EngineContext, ServerTx } from './engine-context.js';
import { ServerRequest } from './server-request.js';
import type { ServerRequests } from './server-requests.js';

export interface TakeoverReport {
  readonly addressId: string;
  readonly generation: number;
  readonly dialogs: number;
  /** INVITEs that are not answered: of others, of ours; and answers that wait for their ACK. */
  readonly pendingServer: number;
  readonly pendingClient: number;
  readonly finals: number;
  readonly bindings: number;
  /** Records that could not be read, or were behind the times. */
  readonly refused: number;
  /** From the order to the end, and of that the reading. */
  readonly tookMs: number;
  readonly readMs: number;
}

export interface TakeoverOptions {
  readonly context: EngineContext;
  readonly keeper: DialogKeeper;
  readonly servers: ServerRequests;
  readonly clients: ClientRequests;
  readonly continuity: ContinuityPort | undefined;
}

/** Replication may lag some requests behind: the peer must accept any jump upwards (RFC 3261 12.2.2). */
const LOCAL_SEQ_GAP = 100;
/** 64 * T1: as long as a retransmission of something whose answer died may come. */
const EQUAL_SEQ_MS = 32_000;
/** Of those that we refresh, spread over this time. */
const REFRESH_WITHIN_MS = 30_000;
/** A peer that refreshes may have tried while nobody was there. */
const PEER_REFRESH_GRACE_MS = 32_000;

type Counts = Record<
  'dialogs' | 'pendingServer' | 'pendingClient' | 'finals' | 'bindings' | 'refused',
  number
>;

export class Takeover {
  readonly #options: TakeoverOptions;
  readonly #sender: PacedSender;

  constructor(options: TakeoverOptions) {
    this.#options = options;
    const { clock, log } = options.context;
    this.#sender = new PacedSender({
      clock,
      onError: (err) => {
        log.error({ err }, 'something could not be sent after a takeover');
      },
    });
  }

  /**
   * From the partner under a new generation, or from this node's own store after this process has died.
   * @throws SIP_STALE_GENERATION, SIP_NO_CONTINUITY, or the store's error when it cannot be read
   */
  async run(addressId: string, generation: number, from: 'partner' | 'own'): Promise<TakeoverReport> {
    const { context, continuity, servers } = this.#options;
    const known = context.publisher.generationOf(addressId);
    // Asked twice, the second time would end what goes on since the first.
    const isStale = from === 'partner' && generation <= known;
    if (isStale || !context.publisher.raiseGeneration(addressId, generation)) {
      throw sipErrors.SIP_STALE_GENERATION({ addressId, generation, known });
    }
    if (continuity === undefined) throw sipErrors.SIP_NO_CONTINUITY({ addressId });
    const startMs = context.clock.monotonicMs();
    servers.beginImport();
    try {
      const records = await (from === 'partner'
        ? continuity.readPartner(addressId)
        : continuity.readOwn(addressId));
      const readMs = context.clock.monotonicMs() - startMs;
      if (from === 'partner') this.#forgetStale(addressId);
      const counts = this.#importAll(records);
      const tookMs = context.clock.monotonicMs() - startMs;
      return { addressId, generation, ...counts, tookMs, readMs };
    } finally {
      servers.endImport();
    }
  }

  /**
   * What this node had of the address before the partner had it: the partner's records are newer, and what is not among
   * them has ended there.
   */
  #forgetStale(addressId: string): void {
    const { context, keeper } = this.#options;
    for (const dialog of [...context.dialogs]) if (dialog.addressId === addressId) keeper.end(dialog);
  }

  #importAll(records: readonly { readonly key: string; readonly record: string }[]): Counts {
    const counts: Counts = {
      dialogs: 0,
      pendingServer: 0,
      pendingClient: 0,
      finals: 0,
      bindings: 0,
      refused: 0,
    };
    const successes = new Map<string, Dialog>();
    // Dialogs first: an INVITE belongs to one, or was answered by it.
    for (const kind of ['d/', 't/', 'b/']) {
      for (const { key, record } of records) {
        if (!key.startsWith(kind)) continue;
        const name = this.#importOne(kind, record, successes);
        counts[name] += 1;
      }
    }
    return counts;
  }

  /** One record that cannot be read costs that record alone. */
  #importOne(kind: string, record: string, successes: Map<string, Dialog>): keyof Counts {
    try {
      if (kind === 'd/') return this.#importDialog(record, successes);
      if (kind === 't/') return this.#importInvite(JSON.parse(record) as InviteSnapshot, successes);
      return this.#importBinding(JSON.parse(record) as BindingSnapshot);
    } catch (error) {
      this.#options.context.log.warn({ err: error }, 'a record of the partner cannot be read');
      return 'refused';
    }
  }

  #importDialog(record: string, successes: Map<string, Dialog>): keyof Counts {
    const { context, keeper } = this.#options;
    const snapshot = parseDialogSnapshot(record);
    const { callId, localTag, remoteTag } = snapshot.dialog;
    if (context.dialogs.find(callId, localTag, remoteTag) !== undefined) return 'refused';
    const dialog = new Dialog(resumed(snapshot.dialog));
    dialog.underWay.equalSeqUntilMs = context.clock.monotonicMs() + EQUAL_SEQ_MS;
    keeper.add(dialog, undefined);
    this.#resumeSession(dialog);
    if (snapshot.success !== undefined) {
      successes.set(snapshot.success.transactionId, dialog);
      this.#resumeSuccess(dialog, snapshot.success);
    }
    keeper.publish(dialog);
    return 'dialogs';
  }

  /** RFC 4028, after a pause in which nobody refreshed: soon where we do it, with some patience where the peer does. */
  #resumeSession(dialog: Dialog): void {
    const { sessionTimer } = dialog;
    if (sessionTimer === undefined) return;
    const { clock, rng } = this.#options.context;
    const nowMs = clock.wallMs();
    const soonMs = nowMs + rng.integer(1000, REFRESH_WITHIN_MS);
    const deadlineWallMs = sessionTimer.isRefresher
      ? Math.min(sessionTimer.deadlineWallMs, soonMs)
      : Math.max(sessionTimer.deadlineWallMs, nowMs) + PEER_REFRESH_GRACE_MS;
    this.#options.keeper.setSessionTimer(dialog, { ...sessionTimer, deadlineWallMs });
  }

  /** The ACK has not come: the 2xx is sent once more, and again as usual. */
  #resumeSuccess(dialog: Dialog, success: UnacknowledgedSuccess): void {
    const { context, keeper } = this.#options;
    const bytes = loadMessage(success.bytes);
    const { flow, transactionId } = success;
    keeper.awaitAck(dialog, { seq: dialog.inviteSeq, bytes, flow, transactionId });
    dialog.underWay.equalSeqUntilMs = context.clock.monotonicMs() + EQUAL_SEQ_MS;
    this.#sender.add({
      priority: 0,
      bornMs: dialog.createdWallMs,
      run: () => {
        if (keeper.findSuccess(dialog) !== undefined) {
          context.wire.send(bytes, flow, { onSendError: () => undefined });
        }
      },
    });
  }

  #importInvite(snapshot: InviteSnapshot, successes: Map<string, Dialog>): keyof Counts {
    const record = parseTransactionRecord(snapshot.record);
    const flow = parseFlow(snapshot.flow);
    if (record.kind === 'pendingInviteClient') return this.#importClient(snapshot, flow);
    const dialog = successes.get(snapshot.transactionId);
    if (record.kind === 'recentInviteFinal' || dialog !== undefined) {
      return this.#importFinal(snapshot, flow, dialog);
    }
    const restored = this.#options.context.layer.restore(record, flow);
    if (restored.kind === 'refused' || restored.request === undefined) return 'refused';
    if (restored.transaction.side !== 'server') return 'refused';
    return this.#resumeServer(snapshot, restored.transaction, restored.request, flow);
  }

  #resumeServer(
    snapshot: InviteSnapshot,
    tx: ServerTx,
    message: SipMessage,
    source: SipFlow,
  ): 'pendingServer' {
    const { servers, context } = this.#options;
    const dialog = context.dialogs.findOfRequest(message);
    const request = this.#makeServerRequest(snapshot, tx, message, source, dialog);
    if (dialog === undefined) servers.adopt(request);
    else servers.adoptInDialog(request, dialog, message.cseq.number);
    return 'pendingServer';
  }

  #makeServerRequest(
    snapshot: InviteSnapshot,
    tx: ServerTx,
    message: SipMessage,
    source: SipFlow,
    dialog: Dialog | undefined,
  ): ServerRequest {
    const { clock, identities, dialogs, names } = this.#options.context;
    const { protocol, remoteAddress: address, remotePort: port } = source;
    const bytes = tx.requestBytes()?.length ?? 0;
    const localTag =
      snapshot.localTag === '' ? names.tag(identities.of(source).addressId) : snapshot.localTag;
    const request = new ServerRequest({
      id: snapshot.transactionId,
      tx,
      message,
      source,
      localTag,
      meta: { source: 'network', bytes, protocol, address, port, atMs: clock.wallMs() },
      addressId: identities.of(source).addressId,
      ...(dialog === undefined ? {} : { dialog }),
    });
    if (dialog !== undefined) return request;
    const early = dialogs.find(message.callId, localTag, message.from.tag ?? '');
    if (early !== undefined) {
      request.dialog = early;
      early.underWay.initialInvite = request.id;
    }
    return request;
  }

  /** The partner answered it: it must not ring again when the caller repeats it. */
  #importFinal(snapshot: InviteSnapshot, flow: SipFlow, dialog: Dialog | undefined): keyof Counts {
    const { context, keeper } = this.#options;
    const record = parseTransactionRecord(snapshot.record);
    const success = dialog === undefined ? undefined : keeper.findSuccess(dialog);
    const final =
      record.kind === 'pendingInviteServer' && success !== undefined
        ? ({
            kind: 'recentInviteFinal',
            key: record.key,
            hasOldKey: record.hasOldKey,
            response: success.bytes.toString('latin1'),
            lastStatus: 200,
            expiresWallMs: context.clock.wallMs() + EQUAL_SEQ_MS,
            answeredTag: snapshot.localTag,
          } as const)
        : record;
    return context.layer.restore(final, flow).kind === 'restored' ? 'finals' : 'refused';
  }

  /** An INVITE of ours: whoever adopts its early dialog gets the answer; nobody shall ring for nobody. */
  #importClient(snapshot: InviteSnapshot, flow: SipFlow): keyof Counts {
    const { context, clients } = this.#options;
    const restored = context.layer.restore(parseTransactionRecord(snapshot.record), flow);
    if (restored.kind === 'refused' || restored.request === undefined) return 'refused';
    const { transaction, request: message } = restored;
    if (transaction.side !== 'client') return 'refused';
    const request = new ClientRequest({
      id: snapshot.transactionId,
      plan: planOf(message),
      localTag: message.from.tag ?? '',
      addressId: context.identities.of(flow).addressId,
      dialog:
        message.to.tag === undefined
          ? undefined
          : context.dialogs.find(message.callId, message.from.tag ?? '', message.to.tag),
    });
    request.message = message;
    request.flow = flow;
    for (const dialog of context.dialogs) {
      const isOfRequest =
        dialog.state === 'early' && dialog.callId === message.callId && dialog.localTag === request.localTag;
      if (isOfRequest) request.early.set(dialog.remoteTag, dialog);
    }
    clients.adopt(request, transaction);
    context.wheel.schedule(
      context.settings.pendingInviteMs,
      new Deadline(() => {
        if (context.router.findTransactionOwner(request.id) === undefined) clients.abandon(request.id);
      }),
    );
    return 'pendingClient';
  }

  #importBinding(snapshot: BindingSnapshot): keyof Counts {
    const { context } = this.#options;
    const { contact, expiresWallMs, instance, regId } = snapshot;
    const flow = parseFlow(snapshot.flow);
    const isRight = typeof contact === 'string' && Number.isFinite(expiresWallMs);
    if (!isRight || expiresWallMs <= context.clock.wallMs()) return 'refused';
    const { addressId } = context.identities.of(flow);
    const device = {
      ...(typeof instance === 'string' ? { instance } : {}),
      ...(typeof regId === 'number' ? { regId } : {}),
    };
    const binding = { contact, addressId, flow, expiresWallMs, ...device };
    context.bindings.put(binding);
    context.publisher.putBinding(addressId, binding);
    return 'bindings';
  }
}

function resumed(fields: DialogFields): DialogFields {
  return { ...fields, localSeq: fields.localSeq + LOCAL_SEQ_GAP };
}

function planOf(message: SipMessage): ClientRequest['plan'] {
  return {
    method: message.method,
    requestUri: message.requestUri,
    routes: message.headerAll('Route'),
    from: message.header('From') ?? '',
    to: message.header('To') ?? '',
    callId: message.callId,
    cseq: message.cseq.number,
    headers: ['Authorization', 'Proxy-Authorization', 'Contact'].flatMap((name) =>
      message.headerAll(name).map((value) => ({ name, value })),
    ),
    body: message.body,
  };
}
