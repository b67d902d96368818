import { BoundedQueue } from '../../../../cluster/base/bounded-queue.js';
import { isOperatingError } from '../../../../cluster/base/errors.js';
import { assert, assertRejects, spec } from '../../../support/spec.js';

function queueOf<T>(capacity: number): BoundedQueue<T> {
  return new BoundedQueue<T>({ name: 'spool', capacity });
}

spec('a bounded queue', (it) => {
  it('gives items in the order they came', async () => {
    const queue = queueOf<number>(10);
    for (const item of [1, 2, 3]) queue.push(item);
    assert.equal([await queue.shift(), await queue.shift(), await queue.shift()], [1, 2, 3]);
    assert.is(queue.length, 0);
  });

  it('turns away what exceeds its capacity and counts it', async () => {
    const queue = queueOf<number>(2);
    assert.equal([queue.tryPush(1), queue.tryPush(2), queue.tryPush(3)], [true, true, false]);
    assert.throws(
      () => {
        queue.push(4);
      },
      (error: unknown) =>
        isOperatingError(error, 'QUEUE_FULL') && error.retryable && error.message.includes('"spool"'),
    );
    assert.equal(queue.status(), { length: 2, capacity: 2, highWater: 2, dropped: 2 });
    assert.is(await queue.shift(), 1);
    assert.ok(queue.tryPush(5));
    assert.equal([await queue.shift(), await queue.shift()], [2, 5]);
  });

  it('remembers the most it ever held', async () => {
    const queue = queueOf<number>(5);
    for (const item of [1, 2, 3]) queue.push(item);
    await queue.shift();
    await queue.shift();
    queue.push(4);
    assert.is(queue.length, 2);
    assert.is(queue.highWater, 3);
  });

  it('hands items to waiting readers in the order they came, past a capacity of one', async () => {
    const queue = queueOf<string>(1);
    const readers = Promise.all([queue.shift(), queue.shift(), queue.shift()]);
    for (const item of ['a', 'b', 'c']) queue.push(item);
    assert.equal(await readers, ['a', 'b', 'c']);
    assert.equal([queue.length, queue.highWater, queue.dropped], [0, 0, 0]);
  });

  it('drains and then ends when it is closed', async () => {
    const queue = queueOf<number>(5);
    queue.push(1);
    queue.push(2);
    queue.close();
    queue.close();
    const seen: number[] = [];
    for await (const item of queue) seen.push(item);
    assert.equal(seen, [1, 2]);
    assert.is(await queue.shift(), undefined);
    assert.equal(await queue.next(), { value: undefined, done: true });
  });

  it('takes nothing more once it is closed', () => {
    const queue = queueOf<number>(5);
    queue.close();
    assert.ok(queue.isClosed);
    assert.not(queue.tryPush(1));
    assert.throws(
      () => {
        queue.push(2);
      },
      (error: unknown) => isOperatingError(error, 'QUEUE_CLOSED') && !error.retryable,
    );
    assert.equal([queue.length, queue.dropped], [0, 2]);
  });

  it('releases every waiting reader when it is closed', async () => {
    const queue = queueOf<number>(5);
    const readers = Promise.all([queue.shift(), queue.shift()]);
    queue.close();
    assert.equal(await readers, [undefined, undefined]);
  });

  it('loses nothing when a loop is left early', async () => {
    const queue = queueOf<number>(5);
    for (const item of [1, 2, 3]) queue.push(item);
    for await (const item of queue) if (item === 1) break;
    assert.is(await queue.shift(), 2);
  });

  it('hands no item to a reader that gave up', async () => {
    const queue = queueOf<string>(5);
    const giving = new AbortController();
    const reason = new Error('too late');
    const gaveUp = assertRejects(queue.shift(giving.signal));
    const patient = queue.shift();
    giving.abort(reason);
    queue.push('item');
    assert.is(await gaveUp, reason);
    assert.is(await patient, 'item');
    queue.push('kept');
    assert.is(await assertRejects(queue.shift(giving.signal)), reason);
    assert.is(queue.length, 1);
  });

  it('is not disturbed by a signal that aborts after its reader got an item', async () => {
    const queue = queueOf<string>(5);
    const giving = new AbortController();
    const served = queue.shift(giving.signal);
    const waiting = queue.shift();
    queue.push('first');
    assert.is(await served, 'first');
    giving.abort();
    queue.push('second');
    assert.is(await waiting, 'second');
  });

  it('refuses a capacity that is no bound', () => {
    for (const capacity of [0, -1, 1.5, NaN, Infinity]) {
      assert.throws(() => queueOf(capacity), RangeError);
    }
  });
});
