/** An INVITE of ours that may become a dialog: to several devices at once, to the contacts of each one after another. */
import type { Clock, Timer } from '../../cluster/base/clock.js';
import type { OutgoingCall } from '../call/signalling-port.js';
import { displayName } from './sip-values.js';
import type { SrfApi, SrfDialog, SrfRequest } from './srf-types.js';

export interface OutgoingLegEvents {
  onRinging(): void;
  onAnswered(dialog: SrfDialog): void;
  onFailed(status: number): void;
}

/** Of failures of several devices the one that says most: busy before silence, anything before unreachable. */
const WEIGHTS: Readonly<Record<number, number>> = { 486: 5, 600: 5, 603: 4, 488: 3, 480: 2, 408: 1, 503: 0 };

function weightOf(status: number): number {
  return WEIGHTS[status] ?? 2;
}

/** The next contact of the same device is tried only when this one was not reached at all. */
function isUnreached(status: number): boolean {
  return status === 408 || status === 503 || status === 430;
}

function statusOf(error: unknown): number {
  const status: unknown = typeof error === 'object' && error !== null && 'status' in error ? error.status : 0;
  return typeof status === 'number' && status >= 300 && status < 700 ? status : 503;
}

export class OutgoingLeg {
  readonly #srf: SrfApi;
  readonly #call: OutgoingCall;
  readonly #events: OutgoingLegEvents;
  readonly #pending = new Set<SrfRequest>();
  readonly #timer: Timer;
  #devicesLeft: number;
  #worst = 503;
  #isOver = false;

  constructor(srf: SrfApi, call: OutgoingCall, events: OutgoingLegEvents, clock: Clock) {
    this.#srf = srf;
    this.#call = call;
    this.#events = events;
    this.#devicesLeft = call.devices.length;
    this.#timer = clock.schedule(call.ringMs, () => {
      this.#fail(408);
    });
  }

  start(): void {
    if (this.#devicesLeft === 0) this.#fail(480);
    for (const contacts of this.#call.devices) void this.#ringDevice(contacts);
  }

  /** CANCEL to whatever rings; nothing is said any more. */
  cancel(): void {
    this.#isOver = true;
    this.#timer.cancel();
    for (const request of this.#pending) cancelRequest(request);
    this.#pending.clear();
  }

  async #ringDevice(contacts: readonly string[]): Promise<void> {
    let status = 503;
    for (const uri of contacts) {
      if (this.#isOver) return;
      try {
        this.#answered(await this.#invite(uri));
        return;
      } catch (error) {
        status = statusOf(error);
        if (!isUnreached(status)) break;
      }
    }
    this.#deviceFailed(status);
  }

  async #invite(uri: string): Promise<SrfDialog> {
    const { sdp, from, headers, credentials, localAddress } = this.#call;
    let sent: SrfRequest | undefined;
    const options = {
      localSdp: sdp,
      callingNumber: from.number === '' ? 'anonymous' : from.number,
      ...(from.name === undefined ? {} : { callingName: displayName(from.name) }),
      ...(credentials === undefined ? {} : { auth: credentials }),
      headers: { ...headers, ...(localAddress === undefined ? {} : { 'X-Send-From': localAddress }) },
    };
    const progress = {
      cbRequest: (_error: unknown, request: SrfRequest | undefined): void => {
        if (request === undefined) return;
        if (sent !== undefined) this.#pending.delete(sent);
        sent = request;
        if (this.#isOver) cancelRequest(request);
        else this.#pending.add(request);
      },
      cbProvisional: ({ status }: { readonly status: number }): void => {
        if (!this.#isOver && status > 100) this.#events.onRinging();
      },
    };
    try {
      return await this.#srf.createUAC(uri, options, progress);
    } finally {
      if (sent !== undefined) this.#pending.delete(sent);
    }
  }

  #answered(dialog: SrfDialog): void {
    // It crossed our CANCEL, or another device was quicker.
    if (this.#isOver) {
      dialog.destroy({ headers: { Reason: 'SIP;cause=200;text="Call completed elsewhere"' } }).catch(ignore);
      return;
    }
    this.cancel();
    this.#events.onAnswered(dialog);
  }

  #deviceFailed(status: number): void {
    if (this.#isOver) return;
    if (weightOf(status) > weightOf(this.#worst)) this.#worst = status;
    this.#devicesLeft -= 1;
    // Who declines does so for the seat; the other devices stop ringing (RFC 3261 16.7 for 6xx).
    if (this.#devicesLeft === 0 || status >= 600) this.#fail(this.#worst);
  }

  #fail(status: number): void {
    if (this.#isOver) return;
    this.cancel();
    this.#events.onFailed(status);
  }
}

function cancelRequest(request: SrfRequest): void {
  request.cancel({}, ignore);
}

function ignore(): void {
  // What is to be ended has ended already.
}
