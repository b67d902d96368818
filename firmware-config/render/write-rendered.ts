/** Puts rendered files where they belong, or below another folder. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { RenderedFile } from './render-node.js';

/**
 * A file that is there already keeps its group and mode: the service that reads it goes on reading it.
 * @param root folder below which they are written; default: the machine itself
 * @throws the system's error
 */
export async function writeRendered(files: readonly RenderedFile[], root = '/'): Promise<void> {
  for (const { path, content, isSecret = false } of files) {
    const target = join(root, path);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, content, { mode: isSecret ? 0o600 : 0o644 });
  }
}
