/**
 * Goes on with the calls of a process that is gone: of this node's before, or of the partner, whose service address has
 * come here. What they were is in live state, who of them still is on the line SIP knows.
 */
import type { Clock } from '../cluster/base/clock.js';
import type { Log } from '../cluster/base/log.js';
import type { LiveFactsPort } from '../cluster/live-state/live-facts-port.js';
import type { CallControl } from './call-control.js';
import type { CallState } from './call/call-types.js';
import type { SignallingPort } from './call/signalling-port.js';
import type { QueueEntry } from './queue/queue-entry.js';

export interface PastCalls {
  readonly calls: readonly CallState[];
  readonly entries: ReadonlyMap<string, QueueEntry>;
}

export const NO_PAST: PastCalls = { calls: [], entries: new Map() };

/** @throws LIVE_STATE_AWAY */
export async function readPastCalls(facts: Pick<LiveFactsPort, 'all'>): Promise<PastCalls> {
  const [calls, entries] = await Promise.all([facts.all('call'), facts.all('queueEntry')]);
  return {
    calls: [...calls.values()] as CallState[],
    entries: entries as ReadonlyMap<string, QueueEntry>,
  };
}

export interface AdoptCallsOptions {
  readonly control: Pick<CallControl, 'expect' | 'expectedLegs' | 'goOn'>;
  readonly signalling: Pick<SignallingPort, 'adoptLegs'>;
  readonly clock: Clock;
  readonly log: Log;
}

const ASK_EVERY_MS = 50;
/** The engine has taken over its dialogs long before (measured: 500 in 86 ms). */
const LEGS_MS_MAX = 2000;

/**
 * Waits for the engine for as long as it takes: without it nobody knows who is on the line.
 * @returns legs that are there
 */
export async function adoptCalls(past: PastCalls, options: AdoptCallsOptions): Promise<ReadonlySet<string>> {
  const { control, signalling, clock, log } = options;
  control.expect(past.calls, past.entries);
  const alive = new Set<string>();
  let firstAnswerMs: number | undefined;
  for (;;) {
    try {
      for (const legId of await signalling.adoptLegs()) alive.add(legId);
      firstAnswerMs ??= clock.monotonicMs();
    } catch (error) {
      log.debug({ err: error }, 'the SIP engine does not say which dialogs are left');
    }
    const isWhole = control.expectedLegs.every((legId) => alive.has(legId));
    const waitedMs = firstAnswerMs === undefined ? 0 : clock.monotonicMs() - firstAnswerMs;
    if (firstAnswerMs !== undefined && (isWhole || waitedMs > LEGS_MS_MAX)) break;
    await clock.sleep(ASK_EVERY_MS);
  }
  control.goOn(alive);
  log.info({ calls: past.calls.length, legs: alive.size }, 'calls go on');
  return alive;
}
