/** Percentiles are nearest-rank; a figure is always a value that was measured. */
import { figureOf, nearestRank, SampleBook } from '../../bench/figures.js';
import { assert, spec } from '../../support/spec.js';

function upTo(n: number): number[] {
  return Array.from({ length: n }, (_, index) => index + 1);
}

/** Straight from the definition: the smallest sample that at least p percent of all samples do not exceed. */
function byDefinition(sorted: readonly number[], percent: number): number | undefined {
  return sorted.find(
    (value) => sorted.filter((other) => other <= value).length * 100 >= percent * sorted.length,
  );
}

spec('figures', (it) => {
  it('of one sample are that sample', () => {
    assert.equal(figureOf('ms', [7]), { unit: 'ms', n: 1, min: 7, median: 7, p95: 7, p99: 7, max: 7 });
  });

  it('of two samples have the lower one as median', () => {
    assert.equal(figureOf('ms', [9, 4]), { unit: 'ms', n: 2, min: 4, median: 4, p95: 9, p99: 9, max: 9 });
  });

  it('of twenty samples have the 19th as p95 and the 20th as p99', () => {
    assert.equal(figureOf('ms', upTo(20)), {
      unit: 'ms',
      n: 20,
      min: 1,
      median: 10,
      p95: 19,
      p99: 20,
      max: 20,
    });
  });

  it('of nineteen samples have the maximum as p95', () => {
    assert.is(figureOf('ms', upTo(19)).p95, 19);
  });

  it('of a hundred and one samples round the rank up', () => {
    const { median, p95, p99, max } = figureOf('ms', upTo(101));
    assert.equal([median, p95, p99, max], [51, 96, 100, 101]);
  });

  it('agree with the definition for any samples', (t) => {
    for (let round = 0; round < 200; round += 1) {
      const samples = Array.from({ length: t.rng.integer(1, 60) }, () => t.rng.integer(0, 40));
      const sorted = samples.toSorted((a, b) => a - b);
      const { median, p95, p99, min, max } = figureOf('ms', samples);
      const expected = [50, 95, 99, 100].map((percent) => byDefinition(sorted, percent));
      assert.equal([median, p95, p99, max], expected, samples.join(' '));
      assert.is(min, Math.min(...samples));
    }
  });

  it('sort numbers as numbers', () => {
    assert.is(figureOf('ms', [10, 9, 100]).max, 100);
  });

  it('exist for no empty list and no senseless percentile', () => {
    assert.throws(() => nearestRank([], 50), /no samples/);
    assert.throws(() => nearestRank([1], 0), RangeError);
    assert.throws(() => nearestRank([1], NaN), RangeError);
    assert.throws(() => nearestRank([1], 101), RangeError);
  });
});

spec('the samples of a run', (it) => {
  const metrics = { startMs: { unit: 'ms', help: 'a' }, rate: { unit: '1/s', help: 'b' } };

  it('are refused for an undeclared metric and for what is no number', () => {
    const book = new SampleBook(metrics);
    assert.throws(() => {
      book.add('stopMs', 1);
    }, /"stopMs" is not declared/);
    assert.throws(() => {
      book.add('rate', NaN);
    }, /a sample of "rate" is NaN/);
  });

  it('are reported by metric, and missing ones are named', () => {
    const book = new SampleBook(metrics);
    book.add('startMs', 5);
    assert.equal(Object.keys(book.figures()), ['startMs']);
    assert.equal(book.missing(), ['rate']);
  });
});
