/** Subscriptions of phones (RFC 6665): each a dialog, in which they are told until they let it end. */
import type { Clock, Timer } from '../../cluster/base/clock.js';
import type { Log } from '../../cluster/base/log.js';
import type { Notice, SignallingListener } from '../call/signalling-port.js';
import { authenticatedUser, userOf } from './sip-values.js';
import type { SrfApi, SrfDialog, SrfRequest, SrfResponse } from './srf-types.js';

interface Subscription {
  readonly dialog: SrfDialog;
  readonly event: string;
  untilMs: number;
  timer: Timer;
  /** NOTIFYs go one after the other: a phone that gets two at once may keep the older one. */
  telling: Promise<unknown>;
}

const SECONDS = { least: 60, most: 3600, default: 600 } as const;
/** Of a node: more are refused, so that they cannot take the memory of the calls. */
const SUBSCRIPTIONS_MAX = 5000;
const EVENTS = 'dialog, message-summary';

export class Subscriptions {
  readonly #srf: SrfApi;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #open = new Map<string, Subscription>();
  #made = 0;

  constructor(srf: SrfApi, clock: Clock, log: Log) {
    this.#srf = srf;
    this.#clock = clock;
    this.#log = log;
  }

  onSubscribe(request: SrfRequest, response: SrfResponse, listener: SignallingListener): void {
    const user = authenticatedUser(request.has('Authorization') ? request.get('Authorization') : undefined);
    const event =
      (request.has('Event') ? request.get('Event') : '').split(';')[0]?.trim().toLowerCase() ?? '';
    const asked = { user, target: userOf(request.uri), event };
    const isFull = this.#open.size >= SUBSCRIPTIONS_MAX;
    const status = user === undefined ? 403 : isFull ? 503 : listener.onSubscribe(asked);
    if (status === 202) {
      void this.#accept(request, response, asked, listener);
      return;
    }
    response.send(status, undefined, status === 489 ? { headers: { 'Allow-Events': EVENTS } } : {});
  }

  /** Never rejects; a phone that has forgotten the subscription ends it so. */
  notify(subscriptionId: string, notice: Notice): void {
    const known = this.#open.get(subscriptionId);
    if (known === undefined) return;
    const seconds = Math.max(0, Math.ceil((known.untilMs - this.#clock.monotonicMs()) / 1000));
    known.telling = known.telling.then(() =>
      this.#send(subscriptionId, known, `active;expires=${String(seconds)}`, notice),
    );
  }

  async #accept(
    request: SrfRequest,
    response: SrfResponse,
    asked: { readonly target: string; readonly event: string },
    listener: SignallingListener,
  ): Promise<void> {
    const seconds = secondsOf(request);
    try {
      const headers = { Expires: String(seconds) };
      const dialog = await this.#srf.createUAS(request, response, { headers });
      this.#made += 1;
      const id = `s${String(this.#made)}`;
      const untilMs = this.#clock.monotonicMs() + seconds * 1000;
      const timer = this.#clock.schedule(seconds * 1000, () => {
        this.#expire(id, listener);
      });
      this.#open.set(id, { dialog, event: asked.event, untilMs, timer, telling: Promise.resolve() });
      const end = (): void => {
        this.#end(id, listener);
      };
      dialog.on('destroy', end);
      dialog.on('unsubscribe', () => {
        this.#expire(id, listener);
      });
      dialog.on('subscribe', (again: SrfRequest, answer: SrfResponse) => {
        this.#refresh(id, again, answer, listener);
      });
      listener.onSubscribed(id, asked.target, asked.event);
      if (seconds === 0) this.#expire(id, listener);
    } catch (error) {
      this.#log.debug({ err: error }, 'a phone has gone before its subscription');
    }
  }

  #refresh(id: string, request: SrfRequest, response: SrfResponse, listener: SignallingListener): void {
    const known = this.#open.get(id);
    const seconds = secondsOf(request);
    response.send(known === undefined ? 481 : 202, undefined, { headers: { Expires: String(seconds) } });
    if (known === undefined) return;
    known.timer.cancel();
    known.untilMs = this.#clock.monotonicMs() + seconds * 1000;
    known.timer = this.#clock.schedule(seconds * 1000, () => {
      this.#expire(id, listener);
    });
    listener.onRefreshed(id);
  }

  /** The last word; the phone subscribes again if it wants to. */
  #expire(id: string, listener: SignallingListener): void {
    const known = this.#open.get(id);
    if (known === undefined) return;
    const last = known.telling.then(() => this.#send(id, known, 'terminated;reason=timeout', undefined));
    void last.then(() => {
      this.#srf.removeDialog(known.dialog);
    });
    this.#end(id, listener);
  }

  #end(id: string, listener: SignallingListener): void {
    this.#open.get(id)?.timer.cancel();
    if (this.#open.delete(id)) listener.onUnsubscribed(id);
  }

  async #send(
    id: string,
    { dialog, event }: Subscription,
    state: string,
    notice: Notice | undefined,
  ): Promise<void> {
    const headers = {
      ...{ Event: event, 'Subscription-State': state },
      ...(notice === undefined ? {} : { 'Content-Type': notice.contentType }),
    };
    const body = notice === undefined ? {} : { body: notice.body };
    try {
      await dialog.request({ method: 'NOTIFY', headers, ...body });
    } catch (error) {
      this.#log.debug({ err: error, subscription: id }, 'a phone was not told');
    }
  }
}

/** 0 is asked for by who wants to know once (RFC 6665 4.4.3). */
function secondsOf(request: SrfRequest): number {
  const text = request.has('Expires') ? request.get('Expires').trim() : '';
  if (!/^\d{1,10}$/.test(text)) return SECONDS.default;
  const asked = Number(text);
  return asked === 0 ? 0 : Math.min(SECONDS.most, Math.max(SECONDS.least, asked));
}
