import { FakeClock } from '../../../../cluster/base/clock.js';
import { createIdSource, idTimeMs } from '../../../../cluster/base/ids.js';
import { seededRng, systemRng } from '../../../../cluster/base/rng.js';
import { assert, spec } from '../../../support/spec.js';

const WALL_MS = Date.UTC(2026, 10, 23);

function sourceAt(clock: FakeClock, node = 'a', seed = 'ids'): () => string {
  return createIdSource({ node, clock, rng: seededRng(seed) });
}

function take(count: number, next: () => string): string[] {
  return Array.from({ length: count }, next);
}

/** By code unit, as the store compares; every id once. */
function assertSortedAndUnique(ids: readonly string[]): void {
  const wrongAt = ids.findIndex((id, index) => index > 0 && !((ids[index - 1] ?? '') < id));
  assert.is(wrongAt, -1, `${String(ids[wrongAt - 1])} is not before ${String(ids[wrongAt])}`);
}

spec('ids', (it) => {
  it('have the documented layout', () => {
    const id = sourceAt(new FakeClock({ wallMs: 33 }), 'dr1')();
    assert.match(id, /^0000000011dr1-----000[0-9a-hjkmnp-tv-z]{8}$/);
  });

  it('are unique and sorted, 200,000 of them while the wall clock wanders', (t) => {
    const clock = new FakeClock({ wallMs: WALL_MS });
    const next = sourceAt(clock);
    const ids = take(200_000, () => {
      if (t.rng.integer(0, 9) === 0) clock.jumpWall(t.rng.integer(-3, 5));
      return next();
    });
    assertSortedAndUnique(ids);
  });

  it('stay sorted when the wall clock steps back by 10 s', () => {
    const clock = new FakeClock({ wallMs: WALL_MS });
    const next = sourceAt(clock);
    const before = take(1000, next);
    clock.jumpWall(-10_000);
    const during = take(1000, next);
    clock.jumpWall(10_001);
    const after = take(1000, next);
    assertSortedAndUnique([...before, ...during, ...after]);
    assert.is(idTimeMs(after[0] ?? ''), WALL_MS + 1);
  });

  it('move the time on when the counter of one ms is used up', () => {
    const ids = take(70_000, sourceAt(new FakeClock({ wallMs: WALL_MS })));
    assertSortedAndUnique(ids);
    assert.is(idTimeMs(ids[32_767] ?? ''), WALL_MS);
    assert.is(idTimeMs(ids[32_768] ?? ''), WALL_MS + 1);
    assert.is(idTimeMs(ids[65_536] ?? ''), WALL_MS + 2);
  });

  it('never meet those of another node, not even with the same clock and the same seed', () => {
    const nodes = ['a', 'b', 'a0', '0a', 'dr', 'aaaaaaaa'];
    const all = nodes.flatMap((node) => take(5000, sourceAt(new FakeClock({ wallMs: WALL_MS }), node)));
    assert.is(new Set(all).size, all.length);
    assert.is(new Set(all.map((id) => id.length)).size, 1);
  });

  it('differ between two processes of one node at the same time', () => {
    const clock = new FakeClock({ wallMs: WALL_MS });
    const sources = [systemRng(), systemRng()].map((rng) => createIdSource({ node: 'a', clock, rng }));
    const all = sources.flatMap((next) => take(1000, next));
    assert.is(new Set(all).size, all.length);
  });

  it('neither stop nor wrap with a clock at the end of any counter', () => {
    for (const wallMs of [-5, 0, 2 ** 31 - 2, 2 ** 32 - 2, 2 ** 48 - 2, 2 ** 53 - 2]) {
      const clock = new FakeClock({ wallMs });
      const next = sourceAt(clock);
      const ids = take(33_000, () => {
        clock.jumpWall(0.001);
        return next();
      });
      assertSortedAndUnique(ids);
      assert.is(new Set(ids.map((id) => id.length)).size, 1);
    }
  });

  it('take a clock beyond 48 bits for one at their end', () => {
    assert.is(idTimeMs(sourceAt(new FakeClock({ wallMs: 2 ** 53 - 2 }))()), 2 ** 48 - 1);
  });

  it('tell the time at which they were made', () => {
    for (const wallMs of [0, 1, WALL_MS + 0.7, 2 ** 48 - 1]) {
      assert.is(idTimeMs(sourceAt(new FakeClock({ wallMs }))()), Math.floor(wallMs));
    }
  });

  it('are told from other texts', () => {
    const id = sourceAt(new FakeClock({ wallMs: WALL_MS }))();
    const others = [
      '',
      'x',
      id.slice(1),
      `${id}0`,
      id.toUpperCase(),
      `u${id.slice(1)}`,
      `${id.slice(0, 10)}--------${id.slice(18)}`,
    ];
    for (const other of others) {
      assert.throws(() => idTimeMs(other), RangeError);
    }
  });

  it('are refused for a name that is no node name', () => {
    for (const node of ['', 'A', 'node-a', 'ninechars', 'a b', 'ä', 'a\n']) {
      assert.throws(() => sourceAt(new FakeClock(), node), /is no node name/);
    }
  });
});
