/**
 * Whether a call waits for the partner's copy (continuity.md, rule 12). Pure.
 *
 *             resumed             probed in < 10 ms
 *     away -------------> alone ---------------------> paired(0) <--- acked ---+
 *      ^                  |  ^                           |   missed            |
 *      +------- lost -----+  |                           +------------> paired(1)
 *      |                     +------------- missed ------------------------+   |
 *      +------------------------- lost (from either) --------------------------+
 *
 * - away: this node's own Redis is gone, hangs or refuses to write. Nobody waits; changes are kept for it.
 * - alone: it takes writes, and no partner acknowledges them in time. Nobody waits; probes ask, never a call.
 * - paired: the partner acknowledges. Calls wait; `misses` counts deadlines that passed since its last word in time.
 *
 * One miss alone may be a pause of either machine; a third wait of the same length would delay callers for nothing.
 */

export type PairState =
  | { readonly name: 'away' }
  | { readonly name: 'alone' }
  | { readonly name: 'paired'; readonly misses: 0 | 1 };

export type PairEvent =
  /** The own Redis does not answer, or not as it should. */
  | { readonly kind: 'lost' }
  /** The own Redis took a write. */
  | { readonly kind: 'resumed' }
  /** The partner acknowledged all that was asked for, in time. */
  | { readonly kind: 'acked' }
  /** The time for an acknowledgement is over. */
  | { readonly kind: 'missed' }
  /** A probe was acknowledged after so long; undefined: it was not. */
  | { readonly kind: 'probed'; readonly ackMs: number | undefined };

/** A partner slower than this would bring the waits back that made it count as gone. */
const PROBE_ACK_MS_MAX = 10;

export function nextPairState(state: PairState, event: PairEvent): PairState {
  if (event.kind === 'lost') return { name: 'away' };
  switch (state.name) {
    case 'away':
      return event.kind === 'resumed' ? { name: 'alone' } : state;
    case 'alone':
      // Late words about a wait that began while paired lead nowhere: only a probe does.
      return event.kind === 'probed' && isInTime(event.ackMs) ? { name: 'paired', misses: 0 } : state;
    case 'paired':
      return nextOfPaired(state, event);
  }
}

function isInTime(ackMs: number | undefined): boolean {
  return ackMs !== undefined && ackMs < PROBE_ACK_MS_MAX;
}

function nextOfPaired(state: PairState & { readonly name: 'paired' }, event: PairEvent): PairState {
  if (event.kind === 'acked') return { name: 'paired', misses: 0 };
  if (event.kind !== 'missed') return state;
  return state.misses === 0 ? { name: 'paired', misses: 1 } : { name: 'alone' };
}
