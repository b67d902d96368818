/**
 * Server-sent events (HTML Living Standard, section 9.2): the picture in topics, each sent whole when it has changed.
 * A page that comes back, to this node or to another, is sent all topics first: what it missed meanwhile is in them, and
 * nothing has to be kept for it. A connection that is full gets nothing until it has drained, and then only what is
 * newest: slow readers cost no memory.
 */
import type { LivePicture } from './live-picture.js';

export type Topic = Exclude<keyof LivePicture, 'atWallMs'>;

const TOPICS: readonly Topic[] = [
  'node',
  'alarms',
  'nodes',
  'addresses',
  'queues',
  'calls',
  'seats',
  'trunks',
  'tests',
  'capacity',
];

export interface StreamWriter {
  /** @returns false when the connection is full; `onDrain` is then called once it is not */
  write(text: string): boolean;
}

/** Of one reader. */
export class EventStream {
  readonly #writer: StreamWriter;
  /** Text of each topic as it was sent, or is to be sent. */
  readonly #known = new Map<Topic, string>();
  readonly #dirty = new Set<Topic>();
  #isFull = false;
  #number = 0;

  constructor(writer: StreamWriter) {
    this.#writer = writer;
  }

  send(picture: LivePicture): void {
    for (const topic of TOPICS) {
      const text = JSON.stringify(picture[topic]);
      if (this.#known.get(topic) === text) continue;
      this.#known.set(topic, text);
      this.#dirty.add(topic);
    }
    this.#flush(picture.atWallMs);
  }

  /** A line that is no event: proxies and browsers see that the connection lives. */
  beat(atWallMs: number): void {
    if (!this.#isFull) this.#isFull = !this.#writer.write(`event: beat\ndata: ${String(atWallMs)}\n\n`);
  }

  drained(): void {
    this.#isFull = false;
    this.#flush(undefined);
  }

  #flush(atWallMs: number | undefined): void {
    if (this.#isFull || this.#dirty.size === 0) return;
    const parts = TOPICS.filter((topic) => this.#dirty.has(topic)).map(
      (topic) => `${JSON.stringify(topic)}:${this.#known.get(topic) ?? 'null'}`,
    );
    this.#dirty.clear();
    this.#number += 1;
    const at = atWallMs === undefined ? [] : [`"atWallMs":${String(atWallMs)}`];
    const data = `{${[...at, ...parts].join(',')}}`;
    this.#isFull = !this.#writer.write(`id: ${String(this.#number)}\nevent: picture\ndata: ${data}\n\n`);
  }
}
