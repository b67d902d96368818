/** The folder of a journal. Whoever writes decides what an error means; here each is only told. */
import { mkdir, open, readdir, readFile, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';

export interface AppendableFile {
  /** Resolves when all of it is on the disk. After an error nobody knows how much is, and it must be given up. */
  append(bytes: Buffer): Promise<void>;
  close(): Promise<void>;
}

export interface JournalFiles {
  /** Names in their order; makes the folder when there is none. */
  list(): Promise<readonly string[]>;
  read(name: string): Promise<Buffer>;
  /** Appends to it if there is one. The name is on the disk when this resolves. */
  open(name: string): Promise<AppendableFile>;
  /** It need not be there. */
  remove(name: string): Promise<void>;
}

/** Numbers of callers are in it. */
const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;

class DiskFile implements AppendableFile {
  readonly #handle: FileHandle;

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  async append(bytes: Buffer): Promise<void> {
    for (let written = 0; written < bytes.length;) {
      written += (await this.#handle.write(bytes, written)).bytesWritten;
    }
    await this.#handle.datasync();
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

export class DiskJournalFiles implements JournalFiles {
  readonly #folder: string;

  /** @param folder of this process alone: two that write into it would number their entries alike */
  constructor(folder: string) {
    this.#folder = folder;
  }

  async list(): Promise<readonly string[]> {
    await mkdir(this.#folder, { recursive: true, mode: FOLDER_MODE });
    return (await readdir(this.#folder)).sort();
  }

  read(name: string): Promise<Buffer> {
    return readFile(join(this.#folder, name));
  }

  async open(name: string): Promise<AppendableFile> {
    await mkdir(this.#folder, { recursive: true, mode: FOLDER_MODE });
    const handle = await open(join(this.#folder, name), 'a', FILE_MODE);
    try {
      await this.#syncFolder();
    } catch (error) {
      await handle.close();
      throw error;
    }
    return new DiskFile(handle);
  }

  async remove(name: string): Promise<void> {
    await rm(join(this.#folder, name), { force: true });
  }

  /** Without it a power loss takes the file away, with everything that was made durable in it. */
  async #syncFolder(): Promise<void> {
    const folder = await open(this.#folder, 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  }
}
