/** What callers hear, as files of this node. */
import { readdir, readFile, stat } from 'node:fs/promises';
import type { PromptView } from './api/site-api.js';

export interface PromptStorePort {
  list(): Promise<readonly PromptView[]>;
  /** Undefined: there is none. Both names have been checked to be names. */
  find(language: string, name: string): Promise<Buffer | undefined>;
}

const WAV_HEAD_BYTES = 44;
/** 8 kHz, one channel, 16 bit. */
const BYTES_PER_MS = 16;

export class PromptFolder implements PromptStorePort {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async list(): Promise<readonly PromptView[]> {
    const entries = await readdir(this.#folder, { withFileTypes: true }).catch(() => []);
    const languages = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
    const lists = await Promise.all(languages.map((language) => this.#listOf(language)));
    return lists.flat();
  }

  async find(language: string, name: string): Promise<Buffer | undefined> {
    try {
      return await readFile(`${this.#folder}/${language}/${name}.wav`);
    } catch {
      return undefined;
    }
  }

  async #listOf(language: string): Promise<readonly PromptView[]> {
    const files = (await readdir(`${this.#folder}/${language}`))
      .filter((file) => file.endsWith('.wav'))
      .sort();
    return Promise.all(
      files.map(async (file) => {
        const { size: bytes } = await stat(`${this.#folder}/${language}/${file}`);
        const ms = Math.max(0, Math.round((bytes - WAV_HEAD_BYTES) / BYTES_PER_MS));
        return { language, name: file.replace(/\.wav$/, ''), bytes, ms };
      }),
    );
  }
}
