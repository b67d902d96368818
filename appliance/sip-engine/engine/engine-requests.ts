/** Requests that the engine sends on its own account: the BYE that ends a session, the re-INVITE that refreshes it. */
import type { Dialog } from '../dialog/dialog.js';
import { startTimer } from '../dialog/session-timer.js';
import type { SipMessage } from '../message/sip-message.js';
import type { SipFlow } from '../transport/sip-flow.js';
import type { ApplicationHeader } from './application-message.js';
import { buildRequest } from './build-request.js';
import type { ClientAcks, ClientParts } from './client-acks.js';
import { ClientRequest, type OwnRequestWatcher } from './client-request.js';
import type { ClientRequests } from './client-requests.js';
import type { OwnRequests } from './dialog-keeper.js';

const NO_BODY = Buffer.alloc(0);

export interface EngineRequestsParts extends ClientParts {
  readonly acks: ClientAcks;
  readonly clients: ClientRequests;
}

export class EngineRequests implements OwnRequests {
  readonly #parts: EngineRequestsParts;

  constructor(parts: EngineRequestsParts) {
    this.#parts = parts;
  }

  cancelWithin(dialog: Dialog): void {
    this.#parts.clients.cancelWithin(dialog);
  }

  sendBye(dialog: Dialog, reason: string): { readonly bytes: Buffer; readonly flow: SipFlow } {
    const content = { headers: [{ name: 'Reason', value: reason }], body: NO_BODY };
    const sent = this.#send(dialog, 'BYE', content, () => undefined);
    if (sent !== undefined) return sent;
    // No way to the peer, or its name has to be asked for: the application hears of the end all the same.
    const { planner } = this.#parts;
    const { flow } = dialog;
    const plan = planner.planInDialog(dialog, { method: 'BYE', ...content }, dialog.localSeq + 1, flow);
    return { bytes: buildRequest(plan, planner.via(dialog, flow)), flow };
  }

  refresh(dialog: Dialog): void {
    const { sessionTimer, localSdp } = dialog;
    if (sessionTimer === undefined) return;
    // One of ours or of the peer is under way and refreshes by itself when it succeeds (RFC 4028 7.4).
    const isBusy = dialog.underWay.outgoingInvites > 0 || dialog.underWay.incomingInvite !== undefined;
    const { settings, clock } = this.#parts.context;
    const again = (seconds: number): void => {
      const deadlineWallMs = clock.wallMs() + seconds * 1000;
      this.#parts.keeper.setSessionTimer(dialog, { ...sessionTimer, deadlineWallMs });
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
    this.#send(dialog, 'INVITE', { headers, body }, (status, response) => {
      this.#onRefreshed(dialog, status, response, again);
    });
  }

  /**
   * Sends a request of the engine itself, of which no application hears.
   * @returns undefined when there is no way to the other side, or it has to be asked for
   */
  #send(
    dialog: Dialog,
    method: string,
    content: { readonly headers: readonly ApplicationHeader[]; readonly body: Buffer },
    watcher: OwnRequestWatcher,
  ): { readonly bytes: Buffer; readonly flow: SipFlow } | undefined {
    const flow = this.#parts.routes.findFlow(dialog);
    if (flow === undefined || flow instanceof Promise) {
      if (flow instanceof Promise)
        void flow.then((found) => this.#sendOn(dialog, method, content, watcher, found));
      return undefined;
    }
    return this.#sendOn(dialog, method, content, watcher, flow);
  }

  #sendOn(
    dialog: Dialog,
    method: string,
    content: { readonly headers: readonly ApplicationHeader[]; readonly body: Buffer },
    watcher: OwnRequestWatcher,
    flow: SipFlow | undefined,
  ): { readonly bytes: Buffer; readonly flow: SipFlow } | undefined {
    if (flow === undefined) return undefined;
    const { names } = this.#parts.context;
    const plan = this.#parts.planner.planInDialog(dialog, { method, ...content }, dialog.nextSeq(), flow);
    const { localTag, addressId } = dialog;
    const request = new ClientRequest({ id: names.id(), plan, localTag, addressId, dialog, watcher });
    dialog.underWay.count(method, 1);
    const bytes = this.#parts.clients.startOwn(request, flow);
    return bytes && { bytes, flow };
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
      this.#parts.acks.acknowledgeOwn(dialog, dialog.inviteSeq);
      if (sessionTimer === undefined) return;
      const expires = response?.sessionExpires;
      const isRefresher = expires?.refresher !== 'uas';
      const interval = expires?.interval ?? sessionTimer.interval;
      const next = startTimer(interval, isRefresher, this.#parts.context.clock.wallMs());
      this.#parts.keeper.setSessionTimer(dialog, next);
      this.#parts.keeper.publish(dialog);
      return;
    }
    // RFC 3261 14.1: the owner of the Call-ID waits 2.1 to 4 s; longer is right for both.
    if (status === 491) again(4);
    else
      this.#parts.keeper.endByEngine(dialog, {
        cause: 408,
        text: 'Session refresh failed',
        record: 'session-expired',
      });
  }
}
