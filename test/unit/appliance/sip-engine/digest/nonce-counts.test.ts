import { NonceCounts } from '../../../../../appliance/sip-engine/digest/nonce-counts.js';
import { assert, spec } from '../../../../support/spec.js';

spec('nonce-counts', (it) => {
  it('lets each count of a nonce pass once', () => {
    const counts = new NonceCounts(10);
    assert.ok(counts.use('n', 1, 1));
    assert.not.ok(counts.use('n', 1, 1));
    assert.ok(counts.use('n', 1, 2));
    assert.not.ok(counts.use('n', 1, 2));
    assert.not.ok(counts.use('n', 1, 1));
  });

  it('lets counts pass that a network has reordered, once each, as far as the window reaches', () => {
    const counts = new NonceCounts(10);
    assert.ok(counts.use('n', 1, 40));
    assert.ok(counts.use('n', 1, 9), '31 behind the highest');
    assert.not.ok(counts.use('n', 1, 8), '32 behind');
    assert.not.ok(counts.use('n', 1, 9));
    assert.ok(counts.use('n', 1, 41));
    assert.not.ok(counts.use('n', 1, 9), 'now out of the window');
    assert.not.ok(counts.use('n', 1, 40));
    assert.ok(counts.use('n', 1, 39));
  });

  it('never lets a count pass twice, whatever the order', (t) => {
    const counts = new NonceCounts(10);
    const passed = new Set<number>();
    for (let round = 0; round < 5000; round += 1) {
      const count = Math.max(1, Math.floor(round / 10) + t.rng.integer(-45, 45));
      if (!counts.use('n', 1, count)) continue;
      assert.not.ok(passed.has(count), `count ${String(count)} again`);
      passed.add(count);
    }
    assert.ok(passed.size > 300, `${String(passed.size)} passed`);
  });

  it('keeps what was used when the count jumps by the width of the window and beyond', () => {
    for (const jump of [31, 32, 33, 64, 0xfffffffe]) {
      const counts = new NonceCounts(10);
      assert.ok(counts.use('n', 1, 1));
      assert.ok(counts.use('n', 1, 1 + jump));
      assert.not.ok(counts.use('n', 1, 1 + jump), String(jump));
      assert.not.ok(counts.use('n', 1, 1), String(jump));
    }
  });

  it('takes a nonce that it had to remove for used up, and so every other one that is not younger', () => {
    const counts = new NonceCounts(2);
    assert.ok(counts.use('a', 10, 1));
    assert.ok(counts.use('b', 20, 1));
    assert.ok(counts.use('c', 30, 1));
    assert.is(counts.size, 2);
    assert.not.ok(counts.use('a', 10, 2));
    assert.not.ok(counts.use('unknown', 9, 1));
    assert.ok(counts.use('b', 20, 2));
    assert.ok(counts.use('d', 11, 1));
  });

  it('takes a nonce that it forgot because of its age for used up', () => {
    const counts = new NonceCounts(10);
    assert.ok(counts.use('a', 10, 1));
    assert.ok(counts.use('b', 20, 1));
    counts.forgetBefore(20);
    assert.is(counts.size, 1);
    assert.is(counts.floorMs, 10);
    assert.not.ok(counts.use('a', 10, 2));
    assert.ok(counts.use('b', 20, 2));
  });

  it('stays within its bound', () => {
    const counts = new NonceCounts(100);
    for (let index = 0; index < 10_000; index += 1) counts.use(`n${String(index)}`, index, 1);
    assert.is(counts.size, 100);
  });

  it('is refused without room for one nonce', () => {
    assert.throws(() => new NonceCounts(0), RangeError);
  });
});
