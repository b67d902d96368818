/**
 * SIP by drachtio-srf: the only file that connects to an engine. Each leg is in exactly one state:
 *
 *     incoming ──answer──► dialog ──BYE──► (gone)          outgoing ──2xx──► dialog
 *        └──refuse, CANCEL──► (gone)                          └──failed, end──► (gone)
 *
 * Whatever a handler throws ends the one leg that it was for: an exception in an event of drachtio-srf would end the
 * process, and with it every call.
 */
import type { Clock } from '../../cluster/base/clock.js';
import type { Log } from '../../cluster/base/log.js';
import type {
  LegEvent,
  Notice,
  OutgoingCall,
  OutgoingRegistration,
  Referral,
  RegisterAnswer,
  SignallingListener,
  SignallingPort,
  Source,
} from '../call/signalling-port.js';
import { adoptDialogs, storePayload } from './adopted-dialog.js';
import { OutgoingLeg } from './outgoing-leg.js';
import { signallingErrors } from './errors.js';
import {
  authenticatedUser,
  grantedSeconds,
  keyOfInfo,
  readContacts,
  replacedBy,
  userOf,
} from './sip-values.js';
import { Subscriptions } from './subscriptions.js';
import { newSrf, type SrfApi, type SrfDialog, type SrfRequest, type SrfResponse } from './srf-types.js';

export interface DrachtioSignallingOptions {
  readonly host: string;
  readonly port: number;
  readonly secret: string;
  readonly clock: Clock;
  readonly log: Log;
}

interface Leg {
  readonly legId: string;
  incoming?: { readonly request: SrfRequest; readonly response: SrfResponse };
  outgoing?: OutgoingLeg;
  dialog?: SrfDialog;
}

const TAG = 'calls';
const PROBE_MS = 4000;
/** Registrations that no binding of ours bounds: what a phone may ask for in one request. */
const CONTACTS_MAX = 10;

function header(message: SrfRequest, name: string): string | undefined {
  return message.has(name) ? message.get(name) : undefined;
}

/** @param hostPort an IPv6 address is in brackets */
function hostOf(hostPort: string): string {
  return hostPort.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
}

function sourceOf(request: SrfRequest): Source {
  const { source_address: address, source_port: port, protocol } = request;
  return { address, port: Number(port), protocol };
}

export class DrachtioSignalling implements SignallingPort {
  readonly #options: DrachtioSignallingOptions;
  readonly #srf: SrfApi = newSrf(TAG);
  readonly #legs = new Map<string, Leg>();
  readonly #subscriptions: Subscriptions;
  #listener: SignallingListener | undefined;

  constructor(options: DrachtioSignallingOptions) {
    this.#options = options;
    this.#subscriptions = new Subscriptions(this.#srf, options.clock, options.log);
  }

  /** Connects, and again whenever the engine has been away. */
  start(listener: SignallingListener): void {
    this.#listener = listener;
    const { host, port, secret, log } = this.#options;
    this.#srf.on('connect', (error: unknown) => {
      if (error !== null && error !== undefined) log.error({ err: error }, 'the SIP engine refuses us');
      listener.onEngine(error === null || error === undefined);
    });
    this.#srf.on('disconnect', () => {
      listener.onEngine(false);
    });
    this.#srf.on('error', (error: unknown) => {
      log.warn({ err: error }, 'connection to the SIP engine');
      listener.onEngine(false);
    });
    this.#srf.invite(
      this.#guarded((request, response) => {
        this.#onInvite(request, response, listener);
      }),
    );
    this.#srf.register(
      this.#guarded((request, response) => {
        this.#onRegister(request, response, listener);
      }),
    );
    this.#srf.subscribe(
      this.#guarded((request, response) => {
        this.#subscriptions.onSubscribe(request, response, listener);
      }),
    );
    this.#srf.options(
      this.#guarded((_request, response) => {
        response.send(200, undefined, {});
      }),
    );
    this.#srf.connect({ host, port, secret });
  }

  stop(): void {
    this.#srf.disconnect();
  }

  /** Legs that exist now, for the health of the process. */
  get legs(): number {
    return this.#legs.size;
  }

  ringBack(legId: string): void {
    this.#legs.get(legId)?.incoming?.response.send(180, undefined, {});
  }

  async answer(legId: string, sdp: string): Promise<boolean> {
    const leg = this.#legs.get(legId);
    if (leg?.incoming === undefined) return false;
    const { request, response } = leg.incoming;
    try {
      const dialog = await this.#srf.createUAS(request, response, { localSdp: sdp });
      delete leg.incoming;
      // Ended while the 200 was on its way out.
      if (this.#legs.get(legId) !== leg) {
        this.#destroy(dialog);
        return false;
      }
      this.#keep(leg, dialog);
      return this.#legs.get(legId) === leg;
    } catch (error) {
      this.#options.log.info({ leg: legId, err: error }, 'the caller has gone before the answer');
      this.#ended(legId, 'cancelled');
      return false;
    }
  }

  refuse(legId: string, status: number, reason?: string): void {
    const leg = this.#legs.get(legId);
    if (leg?.incoming === undefined) return;
    this.#legs.delete(legId);
    leg.incoming.response.send(status, reason, {});
  }

  call(outgoing: OutgoingCall): void {
    const { legId } = outgoing;
    const leg: Leg = { legId };
    this.#legs.set(legId, leg);
    const isOurs = (): boolean => this.#legs.get(legId) === leg;
    leg.outgoing = new OutgoingLeg(
      this.#srf,
      outgoing,
      {
        onRinging: () => {
          if (isOurs()) this.#tell({ kind: 'ringing', legId });
        },
        onAnswered: (dialog) => {
          delete leg.outgoing;
          if (!isOurs()) {
            this.#destroy(dialog);
            return;
          }
          this.#keep(leg, dialog);
          if (isOurs()) this.#tell({ kind: 'answered', legId, sdp: dialog.remote.sdp });
        },
        onFailed: (status) => {
          if (!isOurs()) return;
          this.#legs.delete(legId);
          this.#tell({ kind: 'failed', legId, status });
        },
      },
      this.#options.clock,
    );
    leg.outgoing.start();
  }

  forget(legId: string): void {
    const leg = this.#legs.get(legId);
    this.#legs.delete(legId);
    if (leg?.dialog === undefined) return;
    leg.dialog.removeAllListeners();
    this.#srf.removeDialog(leg.dialog);
  }

  end(legId: string): void {
    const leg = this.#legs.get(legId);
    if (leg === undefined) return;
    this.#legs.delete(legId);
    if (leg.incoming !== undefined) leg.incoming.response.send(480, undefined, {});
    leg.outgoing?.cancel();
    if (leg.dialog !== undefined) this.#destroy(leg.dialog);
  }

  async renegotiate(legId: string, sdp: string): Promise<string> {
    const dialog = this.#legs.get(legId)?.dialog;
    if (dialog?.connected !== true) throw signallingErrors.SIGNALLING_GONE({ leg: legId });
    const headers = { Contact: dialog.local.contact };
    // Not its modify(): after a refused re-INVITE that never sends another one (5.0.29).
    const { status, body = '' } = await dialog.request({ method: 'INVITE', body: sdp, headers });
    if (status !== 200) throw signallingErrors.SIGNALLING_REFUSED({ leg: legId, status });
    dialog.local.sdp = sdp;
    return body;
  }

  notifyReferral(legId: string, status: number): void {
    const dialog = this.#legs.get(legId)?.dialog;
    if (dialog?.connected !== true) return;
    const state = status < 200 ? 'active;expires=60' : 'terminated;reason=noresource';
    const headers = {
      Event: 'refer',
      'Subscription-State': state,
      'Content-Type': 'message/sipfrag;version=2.0',
    };
    dialog
      .request({ method: 'NOTIFY', headers, body: `SIP/2.0 ${String(status)} ${phraseOf(status)}\r\n` })
      .catch(() => undefined);
  }

  notify(subscriptionId: string, notice: Notice): void {
    this.#subscriptions.notify(subscriptionId, notice);
  }

  async probe(uri: string): Promise<number> {
    try {
      const request = await this.#srf.request(uri, { method: 'OPTIONS', headers: {} });
      return await new Promise<number>((resolve) => {
        const timer = this.#options.clock.schedule(PROBE_MS, () => {
          resolve(408);
        });
        request.on('response', ({ status }: SrfResponse) => {
          timer.cancel();
          resolve(status);
        });
      });
    } catch {
      return 503;
    }
  }

  register(registration: OutgoingRegistration): Promise<{ status: number; expiresSeconds: number }> {
    const { registrar, aor, contact, localAddress, expiresSeconds, credentials, sipCallId, cseq } =
      registration;
    const options = {
      method: 'REGISTER',
      headers: {
        ...{ To: `<${aor}>`, From: `<${aor}>`, Contact: `<${contact}>`, Expires: String(expiresSeconds) },
        ...{ 'Call-ID': sipCallId, CSeq: `${String(cseq)} REGISTER`, 'X-Send-From': localAddress },
      },
      ...(credentials === undefined ? {} : { auth: credentials }),
    };
    return new Promise((resolve) => {
      const timer = this.#options.clock.schedule(PROBE_MS, () => {
        resolve({ status: 408, expiresSeconds: 0 });
      });
      let challenged = 0;
      // Called once more for the request that answers a challenge.
      this.#srf.request(registrar, options, (error, request) => {
        if (error !== null || request === undefined) {
          timer.cancel();
          resolve({ status: 503, expiresSeconds: 0 });
          return;
        }
        request.on('response', (response: SrfResponse) => {
          const { status } = response;
          if (status < 200) return;
          const isChallenge = (status === 401 || status === 407) && credentials !== undefined;
          if (isChallenge && (challenged += 1) === 1) return;
          timer.cancel();
          resolve({ status, expiresSeconds: grantedSeconds(response, contact, expiresSeconds) });
        });
      });
    });
  }

  async adoptLegs(): Promise<ReadonlySet<string>> {
    const adopted = new Set<string>();
    await adoptDialogs(this.#srf, TAG, ({ dialog, state, payload: legId }) => {
      // Nobody has noted whose it is: it was being answered, or still rings.
      if (legId === '' || state !== 'confirmed' || this.#legs.has(legId)) this.#destroy(dialog);
      else {
        const leg: Leg = { legId };
        this.#legs.set(legId, leg);
        this.#watch(leg, dialog);
        adopted.add(legId);
      }
    });
    return adopted;
  }

  #onInvite(request: SrfRequest, response: SrfResponse, listener: SignallingListener): void {
    const sipCallId = request.get('Call-ID');
    const callId = listener.callIdFor(sipCallId);
    const legId = `${callId}-0`;
    const leg: Leg = { legId, incoming: { request, response } };
    this.#legs.set(legId, leg);
    request.on('cancel', () => {
      if (leg.incoming === undefined) return;
      delete leg.incoming;
      this.#ended(legId, 'cancelled');
    });
    listener.onIncoming({
      ...{ callId, sipCallId, legId },
      source: sourceOf(request),
      localAddress: hostOf(request.receivedOn ?? ''),
      user: authenticatedUser(header(request, 'Authorization')),
      dialled: userOf(request.uri),
      to: userOf(header(request, 'To') ?? ''),
      claimedNumber: userOf(header(request, 'P-Asserted-Identity') ?? header(request, 'From') ?? ''),
      sdp: request.body ?? '',
    });
  }

  #onRegister(request: SrfRequest, response: SrfResponse, listener: SignallingListener): void {
    const user = authenticatedUser(header(request, 'Authorization'));
    const isRemoveAll = header(request, 'Contact')?.trim() === '*';
    const parsed = request.has('Contact') && !isRemoveAll ? request.getParsedHeader('Contact') : [];
    const contacts = readContacts(parsed);
    if (user === undefined || contacts === undefined || contacts.length > CONTACTS_MAX) {
      response.send(user === undefined ? 403 : 400, undefined, {});
      return;
    }
    const expires = header(request, 'Expires');
    const asked = expires !== undefined && /^\d{1,10}$/.test(expires) ? Number(expires) : undefined;
    const answer = listener.onRegister({
      user,
      isRemoveAll: isRemoveAll && asked === 0,
      contacts: contacts.map((one) => ({ ...one, expiresSeconds: one.expiresSeconds ?? asked })),
      sipCallId: request.get('Call-ID'),
      cseq: Number.parseInt(request.get('CSeq'), 10) || 0,
      source: sourceOf(request),
    });
    response.send(answer.status, undefined, { headers: registerHeaders(answer) });
  }

  /** From now on whoever comes after this process can go on with the leg. */
  #keep(leg: Leg, dialog: SrfDialog): void {
    this.#watch(leg, dialog);
    storePayload(this.#srf, dialog.id, leg.legId).catch((error: unknown) => {
      this.#options.log.debug({ err: error, leg: leg.legId }, 'the engine keeps nothing with the dialog');
    });
  }

  #watch(leg: Leg, dialog: SrfDialog): void {
    const { legId } = leg;
    leg.dialog = dialog;
    dialog.on('destroy', (_request: unknown, reason?: string) => {
      this.#ended(legId, reason ?? 'hung up');
    });
    const onOffer = this.#guarded((request, response) => {
      this.#onOffer(leg, dialog, request, response);
    }, legId);
    dialog.on('modify', onOffer);
    dialog.on('update', onOffer);
    dialog.on(
      'refer',
      this.#guarded((request, response) => {
        const status = this.#listener?.onReferral(legId, this.#referralOf(request)) ?? 503;
        response.send(status, undefined, {});
      }, legId),
    );
    dialog.on(
      'info',
      this.#guarded((request, response) => {
        response.send(200, undefined, {});
        const key = keyOfInfo(request.body);
        if (key !== undefined) this.#tell({ kind: 'key', legId, key });
      }, legId),
    );
    // A BYE that came in one piece with what made the dialog was told before anybody could listen.
    if (!dialog.connected) this.#ended(legId, 'hung up at once');
  }

  /** A re-INVITE without an offer gets ours again; what the answer in its ACK says changes nothing that we send. */
  #onOffer(leg: Leg, dialog: SrfDialog, { body, method }: SrfRequest, response: SrfResponse): void {
    const { legId } = leg;
    const headers = { Contact: dialog.local.contact };
    const accept = (sdp: string): void => {
      response.send(200, undefined, {
        headers: { ...headers, 'Content-Type': 'application/sdp' },
        body: sdp,
      });
    };
    if (body === undefined || body === '') {
      // An UPDATE without a body refreshes the session timer, nothing else.
      if (method === 'UPDATE') response.send(200, undefined, { headers });
      else accept(dialog.local.sdp);
      return;
    }
    const answered = this.#listener?.onRenegotiation(legId, body) ?? Promise.resolve({ status: 503 });
    answered.then(
      (answer) => {
        if ('status' in answer) {
          response.send(answer.status, undefined, {});
          return;
        }
        dialog.local.sdp = answer.sdp;
        accept(answer.sdp);
      },
      (error: unknown) => {
        this.#options.log.error({ leg: legId, err: error }, 're-INVITE could not be answered');
        response.send(500, undefined, {});
      },
    );
  }

  #referralOf(request: SrfRequest): Referral {
    const referTo = header(request, 'Refer-To') ?? '';
    const replaced = replacedBy(referTo);
    const leg = [...this.#legs.values()].find(({ dialog }) => {
      if (replaced === undefined || dialog === undefined) return false;
      const { callId, localTag, remoteTag } = dialog.sip;
      // Written from where the phone stands: to-tag is the tag of its peer, which is us (RFC 3891 3).
      const tags = [replaced.toTag, replaced.fromTag];
      return callId === replaced.sipCallId && tags.includes(localTag) && tags.includes(remoteTag);
    });
    return {
      number: userOf(referTo),
      replacedLegId: replaced === undefined ? undefined : (leg?.legId ?? ''),
    };
  }

  /** What is told out of a timer or a promise of drachtio-srf must not come back as an exception. */
  #tell(event: LegEvent): void {
    try {
      this.#listener?.onLeg(event);
    } catch (error) {
      this.#options.log.error({ err: error, leg: event.legId }, 'an event of the leg was lost');
    }
  }

  #ended(legId: string, cause: string): void {
    if (!this.#legs.delete(legId)) return;
    this.#tell({ kind: 'ended', legId, cause });
  }

  #destroy(dialog: SrfDialog): void {
    dialog.destroy().catch((error: unknown) => {
      // The other side has hung up at the same moment.
      this.#options.log.debug({ err: error }, 'BYE was not needed');
    });
  }

  #guarded(
    handle: (request: SrfRequest, response: SrfResponse) => void,
    legId?: string,
  ): (request: SrfRequest, response: SrfResponse) => void {
    return (request, response) => {
      try {
        handle(request, response);
      } catch (error) {
        this.#options.log.error({ err: error, leg: legId, method: request.method }, 'request given up');
        if (!response.finalResponseSent) response.send(500, undefined, {});
        if (legId === undefined) return;
        this.end(legId);
        this.#tell({ kind: 'ended', legId, cause: 'internal error' });
      }
    };
  }
}

function registerHeaders({ status, contacts, minExpiresSeconds }: RegisterAnswer): Record<string, string> {
  if (status === 423) return { 'Min-Expires': String(minExpiresSeconds ?? 60) };
  if (status !== 200 || contacts.length === 0) return {};
  const list = contacts.map(({ uri, expiresSeconds }) => `<${uri}>;expires=${String(expiresSeconds)}`);
  return { Contact: list.join(', ') };
}

const PHRASES: Readonly<Record<number, string>> = {
  100: 'Trying',
  180: 'Ringing',
  200: 'OK',
  408: 'Request Timeout',
  480: 'Temporarily Unavailable',
  481: 'Call/Transaction Does Not Exist',
  486: 'Busy Here',
  487: 'Request Terminated',
  488: 'Not Acceptable Here',
  603: 'Decline',
};

function phraseOf(status: number): string {
  return PHRASES[status] ?? 'Failed';
}
