import { SequenceLedger } from '../../../../../ops/lab/ua/sequence-ledger.js';
import { assert, spec } from '../../../../support/spec.js';

function ledgerOf(...sequences: readonly number[]): SequenceLedger {
  const ledger = new SequenceLedger();
  for (const sequence of sequences) ledger.note(sequence);
  return ledger;
}

function counts({ lost, duplicates, reordered, restarts }: SequenceLedger): readonly number[] {
  return [lost, duplicates, reordered, restarts];
}

spec('the ledger of sequence numbers', (it) => {
  it('a stream that is whole has lost nothing, also where its numbers begin anew', () => {
    assert.equal(counts(ledgerOf(65_533, 65_534, 65_535, 0, 1, 2)), [0, 0, 0, 0]);
  });

  it('each number that is left out is lost', () => {
    assert.equal(counts(ledgerOf(10, 11, 14, 15, 17)), [3, 0, 0, 0]);
    assert.equal(counts(ledgerOf(65_534, 2)), [3, 0, 0, 0]);
  });

  it('what comes late is not lost, and does not make the next one lost', () => {
    assert.equal(counts(ledgerOf(5, 7, 6, 8)), [0, 0, 1, 0]);
    assert.equal(counts(ledgerOf(65_535, 1, 0, 2)), [0, 0, 1, 0]);
  });

  it('what comes twice is counted apart', () => {
    assert.equal(counts(ledgerOf(5, 5, 6, 7, 6)), [0, 2, 0, 0]);
  });

  it('a jump beyond what a network loses is a sender that has begun anew', () => {
    assert.equal(counts(ledgerOf(5, 6, 30_000, 30_001)), [0, 0, 0, 1]);
  });

  it('losses of long ago stay lost when their numbers come round again', () => {
    const ledger = ledgerOf(0, 2);
    for (let number = 3; number <= 2 * 65_536; number += 1) ledger.note(number & 0xffff);
    assert.equal(counts(ledger), [1, 0, 0, 0]);
  });

  it('whatever order a window of packets comes in, lost is what never came', (t) => {
    const start = t.rng.integer(0, 65_535);
    const all = Array.from({ length: 400 }, (_, index) => index);
    const arrived = all.filter((index) => index === 0 || index === 399 || t.rng.fraction() > 0.1);
    const late = (index: number): number => (index === 0 ? -1 : index + t.rng.fraction() * 8);
    const shuffled = arrived.map((index) => ({ index, at: late(index) })).toSorted((a, b) => a.at - b.at);
    const ledger = ledgerOf(...shuffled.map(({ index }) => (start + index) & 0xffff));
    assert.is(ledger.lost, all.length - arrived.length);
    assert.is(ledger.duplicates, 0);
  });
});
