/**
 * What this node has accepted last, as a file that it can start from when no store is there (continuity rule 21). Signed
 * with a key that never leaves the node (Ed25519, RFC 8032): a file that was half written, restored from elsewhere or
 * edited is not believed.
 *
 *     { "signature": "<base64>", "content": "<JSON text>" }
 */
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign,
  verify,
  type KeyObject,
} from 'node:crypto';
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';

export class SignedFile {
  readonly #path: string;
  readonly #key: KeyObject;

  private constructor(path: string, key: KeyObject) {
    this.#path = path;
    this.#key = key;
  }

  /** Makes the key when there is none. @throws the system's error when the disk is ill */
  static async open(path: string, keyPath: string): Promise<SignedFile> {
    await mkdir(dirname(path), { recursive: true });
    try {
      return new SignedFile(path, createPrivateKey(await readFile(keyPath)));
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
    const { privateKey } = generateKeyPairSync('ed25519');
    await writeWhole(keyPath, privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
    return new SignedFile(path, privateKey);
  }

  /** @returns undefined when there is no file @throws RangeError for one that this node has not signed */
  async read(): Promise<unknown> {
    let text: string;
    try {
      text = await readFile(this.#path, 'utf8');
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
    const { signature, content } = readEnvelope(text);
    const isOurs = verify(
      null,
      Buffer.from(content),
      createPublicKey(this.#key),
      Buffer.from(signature, 'base64'),
    );
    if (!isOurs) throw new RangeError('the file was not signed by this node');
    return JSON.parse(content) as unknown;
  }

  /** Either the file from before is there after it, or this one. */
  async write(value: unknown): Promise<void> {
    const content = JSON.stringify(value);
    const signature = sign(null, Buffer.from(content), this.#key).toString('base64');
    await writeWhole(this.#path, JSON.stringify({ signature, content }));
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

function readEnvelope(text: string): { readonly signature: string; readonly content: string } {
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch (error) {
    throw new RangeError('the file is no JSON', { cause: error });
  }
  const { signature, content } = (read ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof signature !== 'string' || typeof content !== 'string')
    throw new RangeError('the file has no signature or no content');
  return { signature, content };
}

async function writeWhole(path: string, text: string): Promise<void> {
  const fresh = `${path}.new`;
  const file = await open(fresh, 'w', 0o600);
  try {
    await file.writeFile(text);
    await file.datasync();
  } finally {
    await file.close();
  }
  await rename(fresh, path);
  const folder = await open(dirname(path), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
