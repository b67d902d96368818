/**
 * Calls move with the service address that they came to (continuity rules 2, 3, 9 and 11): whoever has got it goes on
 * with them, whoever has lost it lets them go. Looks at levels: told again and again who holds which address in which
 * generation, it takes over once in each.
 *
 * Order: the node service has raised the generation before anybody hears of it. Then, at the same time: the engine
 * imports the dialogs, the relay makes the partner's media its own (which it relays already), the partner's calls, places
 * and seats are read from the local replica. Then the calls go on, and stand in this node's own live state.
 */
import { callRpc } from '../cluster/base/local-rpc.js';
import type { Clock } from '../cluster/base/clock.js';
import type { Log } from '../cluster/base/log.js';
import type { LiveFactsPort } from '../cluster/live-state/live-facts-port.js';
import { adoptCalls, NO_PAST, readPastCalls, type PastCalls } from './adopt-calls.js';
import type { CallControl } from './call-control.js';
import type { CallState } from './call/call-types.js';
import type { MediaPort } from './call/media-port.js';
import type { SignallingPort } from './call/signalling-port.js';
import type { QueueEntry } from './queue/queue-entry.js';
import type { KeptSeat } from './seat-book.js';

export interface TakeoverOptions {
  readonly node: string;
  readonly control: Pick<
    CallControl,
    'callbacks' | 'calls' | 'expect' | 'expectedLegs' | 'goOn' | 'letGo' | 'partner' | 'rekey' | 'seats'
  >;
  readonly signalling: Pick<SignallingPort, 'adoptLegs'>;
  readonly media: Pick<MediaPort, 'takeOver'>;
  /** Of this node. */
  readonly facts: Pick<LiveFactsPort, 'put' | 'all'>;
  /** The local replica of the partner's; undefined: there is none. */
  readonly partnerFacts: Pick<LiveFactsPort, 'all'> | undefined;
  readonly engineSocket: string;
  /** Nothing is taken over until the calls of the process before this one go on. */
  readonly before: Promise<unknown>;
  readonly clock: Clock;
  readonly log: Log;
}

interface Taken {
  readonly generation: number;
}

const ENGINE_MS_MAX = 3000;
const PARTNER_SAYS_MS = 1000;

/** He was on the line when his node died, and is not any more: nobody has seen him hang up. */
function isLost({ caller, name }: CallState, alive: ReadonlySet<string>): boolean {
  return caller.isAnswered && name !== 'ended' && !alive.has(caller.legId);
}

export class Takeover {
  readonly #options: TakeoverOptions;
  /** By home: the generation in which it was taken over. */
  readonly #taken = new Map<string, number>();
  /** Homes of the addresses that are here. */
  readonly #held = new Set<string>();
  /** One after the other: SIP gives each dialog once, to whoever asks first. */
  #running: Promise<unknown>;

  /** @param before calls of the process before this one, which come first */
  constructor(options: TakeoverOptions) {
    this.#options = options;
    this.#running = options.before;
  }

  /** What was to be taken over so far is. */
  get settled(): Promise<unknown> {
    return this.#running;
  }

  /** What the process before has taken over already. */
  async restore(): Promise<void> {
    try {
      for (const [home, taken] of await this.#options.facts.all('takeover'))
        this.#taken.set(home, (taken as Taken).generation);
    } catch (error) {
      this.#options.log.warn({ err: error }, 'what was taken over before is not known');
    }
  }

  /** @param home whose address it is */
  onHolder(home: string, holder: string, generation: number): void {
    const { node, control, facts } = this.#options;
    control.seats.setHolder(home, holder, generation);
    if (holder !== node) {
      if (this.#held.delete(home)) control.letGo(home);
      return;
    }
    const wasHeld = this.#held.has(home);
    this.#held.add(home);
    const known = this.#taken.get(home);
    if (known !== undefined && known >= generation) return;
    this.#taken.set(home, generation);
    // It was let go for a moment and nobody has had it: that would have been a generation of its own.
    if (wasHeld && generation === (known ?? 0) + 1) return;
    this.#running = this.#running
      .then(() => this.#run(home, generation))
      .then(() => {
        facts.put('takeover', home, { generation });
      })
      .catch((error: unknown) => {
        this.#options.log.error({ err: error, home }, 'the calls of an address were not taken over');
      });
  }

  async #run(home: string, generation: number): Promise<void> {
    const { control, signalling, clock, log } = this.#options;
    const startMs = clock.monotonicMs();
    const [past] = await Promise.all([
      this.#readPast(home),
      this.#try('the SIP engine takes over its dialogs', () => this.#importDialogs(home, generation)),
      this.#try('the relay takes over its media', () => this.#options.media.takeOver()),
    ]);
    const alive = await adoptCalls(past, { control, signalling, clock, log });
    const tookMs = Math.round(clock.monotonicMs() - startMs);
    const kept = control.calls.filter(({ callId }) => past.calls.some((one) => one.callId === callId));
    log.info(
      { home, generation, calls: past.calls.length, kept: kept.length, tookMs },
      'calls of the address go on here',
    );
    for (const call of past.calls) if (isLost(call, alive)) control.callbacks.keepLost(call);
    void control.rekey(new Set(kept.map(({ mediaCallId }) => mediaCallId)));
    void this.#settle();
  }

  /** A partner that lives has calls at these seats as well, and is about to say so. */
  async #settle(): Promise<void> {
    const { control, clock } = this.#options;
    if (control.partner.isUp) await clock.sleep(PARTNER_SAYS_MS);
    control.seats.settle();
  }

  async #readPast(home: string): Promise<PastCalls> {
    const { partnerFacts, control, log } = this.#options;
    if (partnerFacts === undefined) return NO_PAST;
    try {
      for (const [seatId, kept] of await partnerFacts.all('seat'))
        control.seats.inherit(seatId, kept as KeptSeat);
      const { calls, entries } = await readPastCalls(partnerFacts);
      const isHere = ({ callback }: QueueEntry): boolean => callback === undefined || callback.home === home;
      return {
        calls: calls.filter((call) => call.home === home),
        entries: new Map([...entries].filter(([, entry]) => isHere(entry))),
      };
    } catch (error) {
      log.error({ err: error }, "the replica of the partner's live state is away: its calls are lost");
      return NO_PAST;
    }
  }

  #importDialogs(home: string, generation: number): Promise<unknown> {
    const { engineSocket, clock } = this.#options;
    const params = { addressId: home, generation };
    return callRpc({ path: engineSocket, method: 'takeOver', params, deadlineMs: ENGINE_MS_MAX, clock });
  }

  /** One part that is ill costs what that part does. */
  async #try(what: string, act: () => Promise<unknown>): Promise<void> {
    try {
      await act();
    } catch (error) {
      this.#options.log.error({ err: error, what }, 'a part of the takeover has failed');
    }
  }
}
