/**
 * Unix users of a machine. Packages have made some on the host; the others exist only in the machine's own copy of
 * /etc, so that the box leaves no user behind.
 */
import { readFile } from 'node:fs/promises';

interface Identity {
  readonly user: string;
  readonly group: string;
}

export interface UserTable {
  /** @throws RangeError for a user or group that the table was not opened for */
  findIds(user: string, group: string): { readonly uid: number; readonly gid: number };
}

/** Above what Debian gives to people and packages (adduser: 100-999 and 1000-59999). */
const FIRST_ID = 64_000;

function idsByName(text: string): Map<string, number> {
  return new Map(
    text.split('\n').flatMap((line) => {
      const [name, , id] = line.split(':');
      return name === undefined || id === undefined ? [] : [[name, Number(id)] as const];
    }),
  );
}

/** @param append called with /etc/passwd and /etc/group and the lines to add, for those that do not exist yet */
export async function openUserTable(
  append: (path: string, text: string) => Promise<void>,
  identities: readonly Identity[],
): Promise<UserTable> {
  const users = idsByName(await readFile('/etc/passwd', 'utf8'));
  const groups = idsByName(await readFile('/etc/group', 'utf8'));
  let nextId = FIRST_ID;
  for (const { user, group } of identities) {
    if (!groups.has(group)) {
      groups.set(group, nextId);
      await append('/etc/group', `${group}:x:${String(nextId)}:\n`);
      nextId += 1;
    }
    if (!users.has(user)) {
      users.set(user, nextId);
      const gid = String(groups.get(group) ?? 0);
      await append('/etc/passwd', `${user}:x:${String(nextId)}:${gid}::/nonexistent:/usr/sbin/nologin\n`);
      nextId += 1;
    }
  }
  return {
    findIds: (user, group) => {
      const [uid, gid] = [users.get(user), groups.get(group)];
      if (uid === undefined || gid === undefined)
        throw new RangeError(`unknown user ${user} or group ${group}`);
      return { uid, gid };
    },
  };
}
