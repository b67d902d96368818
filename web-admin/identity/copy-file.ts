/** The copy of the accounts in a file that only the panel can read, replaced as a whole. */
import { open, readFile, rename } from 'node:fs/promises';
import type { IdentityCopy } from '../../cluster/store/identity-port.js';
import type { CopyFilePort } from './identity-book.js';

export class CopyFile implements CopyFilePort {
  readonly #path: string;
  #last: Promise<unknown> = Promise.resolve();

  constructor(path: string) {
    this.#path = path;
  }

  async read(): Promise<IdentityCopy | undefined> {
    try {
      return JSON.parse(await readFile(this.#path, 'utf8')) as IdentityCopy;
    } catch {
      // The first start, or a torn file: the store has it all.
      return undefined;
    }
  }

  /** One after the other: two at once would write into one file. */
  write(copy: IdentityCopy): Promise<void> {
    const next = this.#last.then(() => this.#replace(JSON.stringify(copy)));
    this.#last = next.catch(() => undefined);
    return next;
  }

  async #replace(text: string): Promise<void> {
    const file = await open(`${this.#path}.new`, 'w', 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(`${this.#path}.new`, this.#path);
  }
}
