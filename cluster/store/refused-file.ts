/**
 * Entries that the store will never take, one JSON line each with the reason: somebody has to look at them, and until
 * then they must not stand in the way of all others.
 */
import type { AppendableFile, JournalFiles } from './journal-files.js';
import type { JournalledEntry } from './journal-line.js';

const NAME = 'refused.jsonl';

export class RefusedFile {
  readonly #files: JournalFiles;
  #file: AppendableFile | undefined;
  /** Lines that the disk has not taken; they go with the next. */
  #waiting: string[] = [];
  #count = 0;

  constructor(files: JournalFiles) {
    this.#files = files;
  }

  /** Since the start. */
  get count(): number {
    return this.#count;
  }

  /** Lost if the process dies. */
  get undurable(): number {
    return this.#waiting.length;
  }

  /** @throws what the disk says; the entry goes with the next one, or with `flush` */
  async add({ seq, putWallMs, kind, data }: JournalledEntry, reason: string): Promise<void> {
    this.#count += 1;
    this.#waiting.push(`${JSON.stringify({ seq, putWallMs, kind, data, reason })}\n`);
    await this.flush();
  }

  /** @throws what the disk says */
  async flush(): Promise<void> {
    if (this.#waiting.length === 0) return;
    const lines = [...this.#waiting];
    try {
      this.#file ??= await this.#files.open(NAME);
      // Whatever a write that failed has left there ends with this line.
      await this.#file.append(Buffer.from(`\n${lines.join('')}`));
    } catch (error) {
      await this.close();
      throw error;
    }
    this.#waiting = this.#waiting.slice(lines.length);
  }

  async close(): Promise<void> {
    await this.#file?.close().catch(() => undefined);
    this.#file = undefined;
  }
}
