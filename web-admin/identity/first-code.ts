/** The code by which the first account is made: printed by the node at its start as long as there is no account. */
import { timingSafeEqual } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import type { Rng } from '../../cluster/base/rng.js';
import { encodeBase32 } from './totp.js';

export interface FirstCodePort {
  isRight(code: string): Promise<boolean>;
  /** It has done its work. */
  drop(): Promise<void>;
}

/** 100 bits. */
const CODE_LENGTH = 20;
const CODE_BYTES = 13;

function normalised(code: string): Buffer {
  return Buffer.from(code.toUpperCase().replaceAll(/[^A-Z2-7]/g, ''));
}

/** In a file on tmpfs that root and the panel can read. */
export class FirstCodeFile implements FirstCodePort {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /** One code for all starts until it is used. @returns the code, in groups of four */
  async ensure(rng: Rng): Promise<string> {
    const known = await this.#find();
    if (known !== undefined) return known;
    const code = encodeBase32(rng.bytes(CODE_BYTES))
      .slice(0, CODE_LENGTH)
      .replaceAll(/(.{4})(?=.)/g, '$1-');
    await writeFile(this.#path, `${code}\n`, { mode: 0o600 });
    return code;
  }

  async isRight(code: string): Promise<boolean> {
    const known = await this.#find();
    if (known === undefined) return false;
    const [wanted, given] = [normalised(known), normalised(code)];
    return wanted.length === given.length && timingSafeEqual(wanted, given);
  }

  async drop(): Promise<void> {
    await rm(this.#path, { force: true });
  }

  async #find(): Promise<string | undefined> {
    try {
      return (await readFile(this.#path, 'utf8')).trim();
    } catch {
      return undefined;
    }
  }
}
