/**
 * The other node's call control: tells it what happens here, and takes what it tells to queue and seats. Both say
 * everything anew whenever the link comes up, so nothing that was lost under way matters.
 */
import type { Clock, Timer } from '../cluster/base/clock.js';
import type { Log } from '../cluster/base/log.js';
import type { FeatureCommand } from './call/feature-codes.js';
import { readPartnerMessage, type PartnerMessage } from './partner-messages.js';
import type { DispatchEvent, DispatchState } from './queue/dispatch-types.js';
import type { TestCalls } from './test-calls.js';
import type { SeatBook } from './seat-book.js';

export interface PartnerLink {
  readonly isUp: boolean;
  /** @returns false when it cannot be sent */
  send(message: PartnerMessage): boolean;
}

/** Of a node that has no partner. */
export const NO_LINK: PartnerLink = { isUp: false, send: () => false };

export interface PartnerOptions {
  readonly link: PartnerLink;
  readonly queue: { readonly state: DispatchState; apply(event: DispatchEvent): void };
  readonly seats: SeatBook;
  /** Our callers without an answer, and whether we take more of them. */
  readonly ownCalls: () => readonly PartnerMessage[];
  /** Whoever sits there dialled it at the partner. @returns the prompt that he hears */
  readonly onCommand: (seatId: string, command: FeatureCommand) => Promise<string>;
  readonly clock: Clock;
  readonly log: Log;
  readonly tests: Pick<TestCalls, 'onNotice' | 'onReturn'>;
}

/** People wait for it with the phone at their ear. */
const COMMAND_MS_MAX = 2000;

interface Asked {
  readonly resolve: (outcome: string | undefined) => void;
  readonly timer: Timer;
}

export class Partner {
  readonly #options: PartnerOptions;
  readonly #asked = new Map<number, Asked>();
  #lastId = 0;
  /** Calls of the partner at our seats, as it has told them since `hello`. */
  #told = new Set<string>();
  #isSynced = false;
  #sinceWallMs: number;
  #isDrained = false;
  /** Its callers without an answer, by the Call-ID of their INVITE. Kept when the link is cut: it may be dead. */
  readonly #unanswered = new Map<string, string>();

  constructor(options: PartnerOptions) {
    this.#options = options;
    this.#sinceWallMs = options.clock.wallMs();
  }

  /** Whether it is there, and since when it is or is not. */
  get status(): { readonly isLinked: boolean; readonly sinceWallMs: number } {
    return { isLinked: this.isUp, sinceWallMs: this.#sinceWallMs };
  }

  /** Whoever is refused here finds somebody there. */
  get takesCalls(): boolean {
    return this.isUp && !this.#isDrained;
  }

  get isUp(): boolean {
    return this.#options.link.isUp;
  }

  /** It has told everything. */
  get isSynced(): boolean {
    return this.#isSynced;
  }

  /** @returns the id of the partner's call that began with this INVITE and has no answer yet */
  findUnanswered(sipCallId: string): string | undefined {
    return this.#unanswered.get(sipCallId);
  }

  tell(message: PartnerMessage): void {
    this.#options.link.send(message);
  }

  /** @returns what it says; undefined when it does not answer */
  command(seatId: string, command: FeatureCommand): Promise<string | undefined> {
    const { link, clock } = this.#options;
    this.#lastId += 1;
    const id = this.#lastId;
    if (!link.send({ kind: 'command', id, seatId, command })) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      const timer = clock.schedule(COMMAND_MS_MAX, () => {
        this.#answered(id, undefined);
      });
      this.#asked.set(id, { resolve, timer });
    });
  }

  /** Everything that this node knows, for a partner that knows nothing. */
  onUp(): void {
    this.#sinceWallMs = this.#options.clock.wallMs();
    this.#tellAll();
  }

  #tellAll(): void {
    const { queue, seats } = this.#options;
    const { node, entries, seats: known } = queue.state;
    this.tell({ kind: 'hello' });
    for (const entry of Object.values(entries))
      if (entry.mediaNode === node) this.tell({ kind: 'entry', entry });
    for (const message of this.#options.ownCalls()) this.tell(message);
    for (const message of seats.tellAll()) this.tell(message);
    for (const seat of Object.values(known))
      if (seat.dispatchNode === node) this.tell({ kind: 'seat', seat });
    this.tell({ kind: 'synced' });
  }

  onDown(): void {
    this.#sinceWallMs = this.#options.clock.wallMs();
    this.#isSynced = false;
    for (const id of this.#asked.keys()) this.#answered(id, undefined);
    this.#options.queue.apply({ kind: 'partnerLost' });
  }

  onMessage(value: Readonly<Record<string, unknown>>): void {
    const message = readPartnerMessage(value);
    if (message === undefined)
      this.#options.log.debug({ kind: value['kind'] }, 'the partner says what is not known here');
    else this.#take(message);
  }

  #take(message: PartnerMessage): void {
    const { queue, seats } = this.#options;
    switch (message.kind) {
      case 'hello':
        this.#told = new Set();
        this.#isSynced = false;
        this.#isDrained = false;
        this.#unanswered.clear();
        queue.apply({ kind: 'partnerLost' });
        break;
      case 'synced':
        seats.forgetPartnerCalls(this.#told);
        this.#isSynced = true;
        break;
      case 'again':
        this.#tellAll();
        break;
      case 'seatState':
      case 'bindings':
      case 'yourBindings':
      case 'seatFree':
        seats.onPartner(message);
        break;
      case 'seatBusy':
        this.#told.add(message.callId);
        seats.onPartner(message);
        break;
      case 'unanswered':
        this.#unanswered.set(message.sipCallId, message.callId);
        break;
      case 'answered':
        for (const [sipCallId, callId] of this.#unanswered)
          if (callId === message.callId) this.#unanswered.delete(sipCallId);
        break;
      case 'command':
        void this.#serve(message.id, message.seatId, message.command);
        break;
      case 'outcome':
        this.#answered(message.id, message.outcome);
        break;
      case 'drained':
        this.#isDrained = message.isDrained;
        break;
      case 'testNotice':
        this.#options.tests.onNotice(message);
        break;
      case 'testReturn':
        this.#options.tests.onReturn(message);
        break;
      case 'entry':
      case 'entryGone':
      case 'seat':
      case 'askPartner':
      case 'turnDown':
      case 'rang':
        queue.apply(eventOf(message));
    }
  }

  async #serve(id: number, seatId: string, command: FeatureCommand): Promise<void> {
    const { onCommand, log } = this.#options;
    try {
      this.tell({ kind: 'outcome', id, outcome: await onCommand(seatId, command) });
    } catch (error) {
      log.error({ err: error, seat: seatId }, 'what was dialled at the partner was not done');
    }
  }

  #answered(id: number, outcome: string | undefined): void {
    const asked = this.#asked.get(id);
    if (asked === undefined) return;
    this.#asked.delete(id);
    asked.timer.cancel();
    asked.resolve(outcome);
  }
}

type QueueMessage = Extract<
  PartnerMessage,
  { readonly kind: 'entry' | 'entryGone' | 'seat' | 'askPartner' | 'turnDown' | 'rang' }
>;

function eventOf(message: QueueMessage): DispatchEvent {
  switch (message.kind) {
    case 'entry':
      return { kind: 'partnerEntry', entry: message.entry };
    case 'entryGone':
      return { kind: 'partnerEntryGone', callId: message.callId };
    case 'seat':
      return { kind: 'partnerSeat', seat: message.seat };
    case 'askPartner':
      return { kind: 'partnerAsks', callId: message.callId, seatId: message.seatId };
    case 'turnDown':
      return { kind: 'partnerTurnedDown', callId: message.callId, seatId: message.seatId };
    case 'rang':
      return { kind: 'partnerRang', seatId: message.seatId, outcome: message.outcome };
  }
}
