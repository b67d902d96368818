/** One process at a time looks for boxes that are left over, removes them and claims its own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import { opsErrors } from '../errors.js';

/** Gone after a boot, as is whoever held it. */
const LOCK_PATH = '/run/wardline-lab.lock';
const PATIENCE_SECONDS = 30;

/**
 * flock(1) locks the open file behind its descriptor 3, which is ours too: the kernel frees it when this process ends,
 * so there is never a stale lock.
 * @throws LAB_LOCKED when another start does not come to an end
 */
export async function withLabLock<T>(work: () => Promise<T>): Promise<T> {
  const file = await open(LOCK_PATH, 'w', 0o600);
  try {
    const words = ['-x', '-w', String(PATIENCE_SECONDS), '3'];
    const flock = spawn('flock', words, { stdio: ['ignore', 'ignore', 'ignore', file.fd] });
    const [code] = (await once(flock, 'exit')) as [number | null];
    if (code !== 0) throw opsErrors.LAB_LOCKED({ path: LOCK_PATH, seconds: PATIENCE_SECONDS });
    return await work();
  } finally {
    await file.close();
  }
}
