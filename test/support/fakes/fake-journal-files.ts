/** A disk in memory that can be full, broken, or lose what was not synchronised. */
import type { AppendableFile, JournalFiles } from '../../../cluster/store/journal-files.js';

export class FakeJournalFiles implements JournalFiles {
  readonly contents = new Map<string, Buffer>();
  /** One per fdatasync. */
  appends = 0;
  /** Bytes that still fit. A write that does not fit is written as far as it does. */
  freeBytes = Infinity;
  /** What reading says instead. */
  readError: Error | undefined;
  /** Appends wait for it. */
  gate: Promise<void> = Promise.resolve();

  constructor(contents: Readonly<Record<string, Buffer>> = {}) {
    for (const [name, bytes] of Object.entries(contents)) this.contents.set(name, bytes);
  }

  list(): Promise<readonly string[]> {
    return this.#readable(() => [...this.contents.keys()].sort());
  }

  read(name: string): Promise<Buffer> {
    return this.#readable(() => this.contents.get(name) ?? Buffer.alloc(0));
  }

  open(name: string): Promise<AppendableFile> {
    if (!this.contents.has(name)) this.contents.set(name, Buffer.alloc(0));
    return Promise.resolve({
      append: (bytes: Buffer) => this.#append(name, bytes),
      close: () => Promise.resolve(),
    });
  }

  remove(name: string): Promise<void> {
    this.freeBytes += this.contents.get(name)?.length ?? 0;
    this.contents.delete(name);
    return Promise.resolve();
  }

  async #append(name: string, bytes: Buffer): Promise<void> {
    await this.gate;
    const written = bytes.subarray(0, Math.min(bytes.length, this.freeBytes));
    this.freeBytes -= written.length;
    this.contents.set(name, Buffer.concat([this.contents.get(name) ?? Buffer.alloc(0), written]));
    if (written.length < bytes.length) throw new Error('no space left on device');
    this.appends += 1;
  }

  #readable<T>(read: () => T): Promise<T> {
    return this.readError === undefined ? Promise.resolve(read()) : Promise.reject(this.readError);
  }
}
