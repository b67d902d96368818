import { StoredCallbacks } from '../../../appliance/stored-callbacks.js';
import { FakeClock } from '../../../cluster/base/clock.js';
import { openLog } from '../../../cluster/base/log.js';
import type { CallbackRecord } from '../../../cluster/store/call-record-port.js';
import { assert, spec } from '../../support/spec.js';
import { FakeCallRecords } from '../../support/fakes/fake-call-records.js';

const log = openLog({ name: 'test', level: 'silent' });
const ASK_MS = 2000;

function place(entryId: string, home = 'a'): CallbackRecord {
  return {
    ...{ entryId, callId: `of-${entryId}`, generation: 1, department: 'fever', priority: 0, skills: [] },
    ...{ trigger: undefined, number: '13800138000', trunkId: 'main', home, arrivedWallMs: 5, attempts: 0 },
    ...{ reason: 'asked', state: 'waiting' },
  };
}

/** A store with places that were written before the process began. */
async function openBench(places: readonly CallbackRecord[]) {
  const clock = new FakeClock();
  const records = new FakeCallRecords('a', clock);
  for (const one of places) records.callback(one);
  const bench = { clock, records, isAway: false, unwrittenMs: 0, known: new Set<string>(), recalled: [''] };
  bench.recalled = [];
  await clock.advance(1000);
  const stored = new StoredCallbacks({
    store: {
      findCallbacks: (home, beforeWallMs) =>
        bench.isAway ? Promise.reject(new Error('away')) : records.findCallbacks(home, beforeWallMs),
    },
    oldestUnwrittenMs: () => bench.unwrittenMs,
    settled: () => Promise.resolve(),
    isKnown: (entryId) => bench.known.has(entryId),
    recall: ({ entryId }) => bench.recalled.push(entryId),
    ...{ clock, log },
  });
  const soon = async (ms = 0): Promise<readonly string[]> => {
    await clock.advance(ms);
    for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
    return bench.recalled;
  };
  return Object.assign(bench, { stored, soon });
}

spec('places of callbacks out of the store', (it) => {
  it('come back to who holds the service address, and once', async () => {
    const { stored, soon } = await openBench([place('1'), place('2'), place('3', 'b')]);
    stored.onHolder('a', true);
    stored.onHolder('b', false);
    assert.equal(await soon(), ['1', '2']);
    stored.onHolder('a', true);
    assert.equal(await soon(ASK_MS), ['1', '2']);
    stored.onHolder('b', true);
    assert.equal(await soon(), ['1', '2', '3']);
  });

  it('that live state has are left alone', async () => {
    const bench = await openBench([place('1'), place('2')]);
    bench.known.add('1');
    bench.stored.onHolder('a', true);
    assert.equal(await bench.soon(), ['2']);
  });

  it('are asked for until the store answers', async () => {
    const bench = await openBench([place('1')]);
    bench.isAway = true;
    bench.stored.onHolder('a', true);
    assert.equal(await bench.soon(ASK_MS), []);
    bench.isAway = false;
    assert.equal(await bench.soon(ASK_MS), ['1']);
  });

  it('wait for what the process before wrote, which may say that somebody was called', async () => {
    const bench = await openBench([place('1')]);
    bench.unwrittenMs = 60_000;
    bench.stored.onHolder('a', true);
    assert.equal(await bench.soon(), []);
    bench.records.callback({ ...place('1'), state: 'done', attempts: 1 });
    bench.unwrittenMs = 0;
    assert.equal(await bench.soon(ASK_MS), []);
  });

  it('are not asked for when the address has gone meanwhile', async () => {
    const bench = await openBench([place('1')]);
    bench.isAway = true;
    bench.stored.onHolder('a', true);
    await bench.soon();
    bench.stored.onHolder('a', false);
    bench.isAway = false;
    assert.equal(await bench.soon(ASK_MS), []);
    bench.stored.onHolder('a', true);
    assert.equal(await bench.soon(), ['1']);
  });

  it('written since the process began are in live state, or done', async () => {
    const bench = await openBench([]);
    bench.records.callback(place('1'));
    bench.stored.onHolder('a', true);
    assert.equal(await bench.soon(), []);
  });
});
