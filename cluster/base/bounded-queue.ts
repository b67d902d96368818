/**
 * A queue that cannot grow without end: whoever fills it is told when it is full, and what was turned away is
 * counted. Nothing that was taken is lost, except by a reader that drops it.
 */
import { baseErrors } from './base-errors.js';

export interface BoundedQueueOptions {
  /** For errors and status. */
  readonly name: string;
  readonly capacity: number;
}

export interface BoundedQueueStatus {
  readonly length: number;
  readonly capacity: number;
  readonly highWater: number;
  readonly dropped: number;
}

type Taken<T> = IteratorResult<T, undefined>;

const END: Taken<never> = { value: undefined, done: true };

export class BoundedQueue<T> implements AsyncIterable<T, undefined> {
  readonly name: string;
  readonly capacity: number;
  readonly #items: T[] = [];
  /** Readers in the order they came; only while there is no item. */
  readonly #waiting: ((taken: Taken<T>) => void)[] = [];
  #isClosed = false;
  #highWater = 0;
  #dropped = 0;

  /** @throws RangeError unless the capacity is a whole number from 1 */
  constructor(options: BoundedQueueOptions) {
    const { name, capacity } = options;
    if (!Number.isSafeInteger(capacity) || capacity < 1) {
      throw new RangeError(
        `the queue "${name}" needs a capacity of a whole number from 1, not ${String(capacity)}`,
      );
    }
    this.name = name;
    this.capacity = capacity;
  }

  get length(): number {
    return this.#items.length;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** The most items it ever held. */
  get highWater(): number {
    return this.#highWater;
  }

  /** How many items were turned away, because the queue was full or closed. */
  get dropped(): number {
    return this.#dropped;
  }

  status(): BoundedQueueStatus {
    return {
      length: this.length,
      capacity: this.capacity,
      highWater: this.#highWater,
      dropped: this.#dropped,
    };
  }

  /** @returns false when the queue is full or closed; the item was not taken */
  tryPush(item: T): boolean {
    if (this.#isClosed || this.#items.length >= this.capacity) {
      this.#dropped += 1;
      return false;
    }
    const reader = this.#waiting.shift();
    if (reader !== undefined) reader({ value: item, done: false });
    else this.#items.push(item);
    this.#highWater = Math.max(this.#highWater, this.#items.length);
    return true;
  }

  /** @throws QUEUE_FULL, QUEUE_CLOSED; the item was not taken */
  push(item: T): void {
    if (this.tryPush(item)) return;
    if (this.#isClosed) throw baseErrors.QUEUE_CLOSED({ queue: this.name });
    throw baseErrors.QUEUE_FULL({ queue: this.name, capacity: this.capacity });
  }

  /**
   * Waits for the next item. A reader that may give up has to say so through `signal`: one that merely stops
   * listening would still be handed an item, and lose it.
   * @returns the item, or undefined once the queue is closed and empty (for a T that can be undefined: `next`)
   * @throws the signal's reason; no item was taken
   */
  async shift(signal?: AbortSignal): Promise<T | undefined> {
    return (await this.next(signal)).value;
  }

  /** Like `shift`, in the iterator's form: `done` once the queue is closed and empty. */
  next(signal?: AbortSignal): Promise<Taken<T>> {
    if (signal?.aborted === true) return Promise.reject(abortReason(signal));
    if (this.#items.length > 0) return Promise.resolve({ value: this.#items.shift() as T, done: false });
    if (this.#isClosed) return Promise.resolve(END);
    return new Promise((resolve, reject) => {
      const reader = (taken: Taken<T>): void => {
        signal?.removeEventListener('abort', giveUp);
        resolve(taken);
      };
      const giveUp = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(reader), 1);
        if (signal !== undefined) reject(abortReason(signal));
      };
      this.#waiting.push(reader);
      signal?.addEventListener('abort', giveUp, { once: true });
    });
  }

  /** Nothing more is taken; what is in it can still be read. Idempotent. */
  close(): void {
    this.#isClosed = true;
    for (const reader of this.#waiting.splice(0)) reader(END);
  }

  /** Ends when the queue is closed and empty. Leaving the loop early loses nothing. */
  [Symbol.asyncIterator](): AsyncIterator<T, undefined> {
    return { next: () => this.next() };
  }
}

function abortReason(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new Error('aborted', { cause: signal.reason });
}
