/** Fills the disk of a machine to its last block, and empties it again. */
import { rm, stat, statfs } from 'node:fs/promises';
import type { Clock } from '../../../cluster/base/clock.js';
import { run } from '../shell.js';

/** In the data folder of the node; whoever finds it there knows why. */
const FILLER = 'filled-by-the-lab';

function isFull(error: unknown): boolean {
  return error instanceof Error && error.message.includes('No space left on device');
}

/**
 * Takes every free block, those reserved for root too. Blocks are allocated and not written, so the image on the host
 * does not grow.
 * @returns bytes taken
 */
export async function fillDisk(folder: string, clock: Clock): Promise<number> {
  const path = `${folder}/${FILLER}`;
  const { bsize, bfree } = await statfs(folder);
  let size = await stat(path).then(
    (stats) => stats.size,
    () => 0,
  );
  // The file system keeps some blocks for itself and says so only by refusing: halve what is asked for.
  for (let blocks = bfree; blocks >= 1;) {
    try {
      const length = blocks * bsize;
      await run(['fallocate', '--offset', String(size), '--length', String(length), path], { clock });
      size += length;
    } catch (error) {
      if (!isFull(error)) throw error;
      blocks = Math.floor(blocks / 2);
    }
  }
  return size;
}

/** Idempotent. */
export async function freeDisk(folder: string): Promise<void> {
  await rm(`${folder}/${FILLER}`, { force: true });
}
