import { nextPairState, type PairEvent, type PairState } from '../../../../cluster/live-state/pair-state.js';
import { assert, spec } from '../../../support/spec.js';

const STATES: Readonly<Record<string, PairState>> = {
  away: { name: 'away' },
  alone: { name: 'alone' },
  'paired(0)': { name: 'paired', misses: 0 },
  'paired(1)': { name: 'paired', misses: 1 },
};

const EVENTS: Readonly<Record<string, PairEvent>> = {
  lost: { kind: 'lost' },
  resumed: { kind: 'resumed' },
  acked: { kind: 'acked' },
  missed: { kind: 'missed' },
  'probed in 9.9 ms': { kind: 'probed', ackMs: 9.9 },
  'probed in 10 ms': { kind: 'probed', ackMs: 10 },
  'probed in vain': { kind: 'probed', ackMs: undefined },
};

/** Rows: the state before; columns: the events in the order above; `-`: stays as it is. */
const MATRIX: Readonly<Record<string, readonly string[]>> = {
  away: ['-', 'alone', '-', '-', '-', '-', '-'],
  alone: ['away', '-', '-', '-', 'paired(0)', '-', '-'],
  'paired(0)': ['away', '-', '-', 'paired(1)', '-', '-', '-'],
  'paired(1)': ['away', '-', 'paired(0)', 'alone', '-', '-', '-'],
};

spec('the state of the pair', (it) => {
  for (const [before, row] of Object.entries(MATRIX)) {
    it(`leads from ${before} where it shall, whatever happens`, () => {
      Object.entries(EVENTS).forEach(([sentence, event], index) => {
        const after = row[index] === '-' ? before : row[index]!;
        assert.equal(nextPairState(STATES[before]!, event), STATES[after], `${before}, ${sentence}`);
      });
    });
  }
});
