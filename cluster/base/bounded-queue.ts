/** A queue that cannot grow without end: whoever fills it is told when it is full. */
import { baseErrors } from './base-errors.js';

export interface BoundedQueueOptions {
  /** For errors and status. */
  readonly name: string;
  readonly capacity: number;
}

export class BoundedQueue<T> implements AsyncIterable<T> {
  readonly name: string;
  readonly capacity: number;
  readonly #items: T[] = [];
  #waiting: ((result: IteratorResult<T, undefined>) => void)[] = [];
  #isClosed = false;
  #highWater = 0;
  #refused = 0;

  constructor(options: BoundedQueueOptions) {
    if (!Number.isInteger(options.capacity) || options.capacity < 1) throw new RangeError('capacity must be a whole number from 1');
    this.name = options.name;
    this.capacity = options.capacity;
  }

  get length(): number {
    return this.#items.length;
  }

  status(): { length: number; capacity: number; highWater: number; refused: number } {
    return { length: this.length, capacity: this.capacity, highWater: this.#highWater, refused: this.#refused };
  }

  /** @returns false when the queue is full or closed; the item was not taken */
  tryPush(item: T): boolean {
    if (this.#isClosed) return false;
    const waiter = this.#waiting.shift();
    if (waiter !== undefined) {
      waiter({ value: item, done: false });
      return true;
    }
    if (this.#items.length >= this.capacity) {
      this.#refused += 1;
      return false;
    }
    this.#items.push(item);
    this.#highWater = Math.max(this.#highWater, this.#items.length);
    return true;
  }

  /** @throws QUEUE_FULL, QUEUE_CLOSED */
  push(item: T): void {
    if (this.#isClosed) throw baseErrors.QUEUE_CLOSED({ queue: this.name });
    if (!this.tryPush(item)) throw baseErrors.QUEUE_FULL({ queue: this.name, capacity: this.capacity });
  }

  /** Waits for the next item; `done` once the queue is closed and empty. */
  next(): Promise<IteratorResult<T, undefined>> {
    if (this.#items.length > 0) {
      return Promise.resolve({ value: this.#items.shift() as T, done: false });
    }
    if (this.#isClosed) return Promise.resolve({ value: undefined, done: true });
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  /** Nothing more is taken; what is in it can still be read. Idempotent. */
  close(): void {
    this.#isClosed = true;
    for (const waiter of this.#waiting) waiter({ value: undefined, done: true });
    this.#waiting = [];
  }

  [Symbol.asyncIterator](): AsyncIterator<T, undefined> {
    return { next: () => this.next() };
  }
}
