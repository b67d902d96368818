import { seededRng, systemRng, type Rng } from '../../../../cluster/base/rng.js';
import { assert, spec } from '../../../support/spec.js';

/** Pearson's statistic of `draws` numbers from 0 to `span` - 1 against equal shares. */
function chiSquared(rng: Rng, span: number, draws: number): number {
  const counts = new Array<number>(span).fill(0);
  for (let index = 0; index < draws; index += 1) {
    const value = rng.integer(0, span - 1);
    counts[value] = (counts[value] ?? NaN) + 1;
  }
  const expected = draws / span;
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

spec('the seeded generator', (it) => {
  it('gives the words of sfc32 for its seed, on every machine', () => {
    // Calculated apart from this code, with arbitrary-precision integers, from the SHA-256 of the seed.
    const rng = seededRng('wardline');
    const words = Array.from({ length: 6 }, () => rng.fraction() * 2 ** 32);
    assert.equal(words, [642621894, 3782212584, 469453494, 1888405784, 3754368278, 440137550]);
  });

  it('repeats itself for the same seed and differs for a similar one', () => {
    const bytesOf = (seed: string): string => Buffer.from(seededRng(seed).bytes(32)).toString('hex');
    assert.is(bytesOf('drill 1'), bytesOf('drill 1'));
    assert.is.not(bytesOf('drill 1'), bytesOf('drill 2'));
    assert.is.not(bytesOf(''), bytesOf(' '));
  });

  it('stays within its bounds and reaches both ends', () => {
    const rng = seededRng('ends');
    const seen = new Set(Array.from({ length: 300 }, () => rng.integer(-2, 2)));
    assert.equal(
      [...seen].sort((a, b) => a - b),
      [-2, -1, 0, 1, 2],
    );
    assert.is(rng.integer(7, 7), 7);
    for (let index = 0; index < 10_000; index += 1) {
      const fraction = rng.fraction();
      assert.ok(fraction >= 0 && fraction < 1);
    }
  });

  it('draws whole numbers evenly', () => {
    // 0.999 quantile of chi squared with 9 degrees of freedom: 27.9
    assert.ok(chiSquared(seededRng('even'), 10, 100_000) < 27.9);
  });

  it('has no bias towards small numbers in a range that does not divide 2^32', () => {
    const rng = seededRng('bias');
    const span = 3 * 2 ** 30;
    const draws = 20_000;
    let low = 0;
    for (let index = 0; index < draws; index += 1) if (rng.integer(0, span - 1) < 2 ** 30) low += 1;
    // A bare remainder gives one half here instead of one third.
    assert.ok(Math.abs(low / draws - 1 / 3) < 0.02, `share of the lowest third: ${String(low / draws)}`);
  });

  it('draws from the whole range of 2^32 values', () => {
    const rng = seededRng('wide');
    const values = Array.from({ length: 1000 }, () => rng.integer(0, 2 ** 32 - 1));
    assert.ok(Math.max(...values) > 2 ** 31 && Math.min(...values) >= 0);
  });

  it('picks every item, and refuses an empty list', () => {
    const rng = seededRng('pick');
    assert.is(new Set(Array.from({ length: 100 }, () => rng.pick(['a', 'b', 'c']))).size, 3);
    assert.throws(() => rng.pick([]), RangeError);
  });

  it('refuses ranges it cannot draw from evenly', () => {
    const rng = seededRng('ranges');
    const refused: [number, number][] = [
      [2, 1],
      [0.5, 3],
      [0, 2 ** 32],
      [NaN, 1],
      [2 ** 53, 2 ** 53 + 2],
    ];
    for (const [min, max] of refused) assert.throws(() => rng.integer(min, max), RangeError);
    assert.throws(() => rng.bytes(-1), RangeError);
  });
});

spec('the system generator', (it) => {
  it('gives the number of bytes asked for, never the same twice', () => {
    const rng = systemRng();
    assert.is(rng.bytes(0).length, 0);
    const draws = new Set(Array.from({ length: 100 }, () => Buffer.from(rng.bytes(16)).toString('hex')));
    assert.is(draws.size, 100);
    assert.ok(chiSquared(rng, 10, 10_000) < 45, 'far from even: once in a million runs by chance');
  });
});
