/** Passwords of trunks, which stand in files of the node. */
import { readFile } from 'node:fs/promises';
import type { Log } from '../cluster/base/log.js';
import type { Telephony } from '../firmware-config/schema/telephony.js';
import type { Credentials } from './call/signalling-port.js';

/** A file that is missing costs its trunk the password, and the house nothing else. @returns by trunk */
export async function readTrunkSecrets(
  { trunks }: Pick<Telephony, 'trunks'>,
  log: Log,
): Promise<ReadonlyMap<string, Credentials>> {
  const secrets = new Map<string, Credentials>();
  for (const { id, user, passwordFile } of trunks) {
    if (user === undefined || passwordFile === undefined) continue;
    try {
      secrets.set(id, { username: user, password: (await readFile(passwordFile, 'utf8')).trim() });
    } catch (error) {
      log.error(
        { err: error, trunk: id, passwordFile },
        'the password of a trunk cannot be read: its carrier will refuse us',
      );
    }
  }
  return secrets;
}
