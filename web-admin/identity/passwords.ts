/** Passwords by argon2id. The only file that knows the package @node-rs/argon2. */
import { hash, verify } from '@node-rs/argon2';

/** Argon2id is the package's default. RFC 9106 section 4, second recommendation: 64 MiB, 3 passes. */
const COST = { memoryCost: 65_536, timeCost: 3, parallelism: 4 };
const AT_ONCE_MAX = 2;

/** A person and an account that is not there take the same time. Of no password. */
const NOBODY =
  '$argon2id$v=19$m=65536,t=3,p=4$cY5UKQF6C7fgjeulf1ruRw$y25ncNRDD+HOf9dpn88cVHWA6AN/wVgXxa7tMoxkS0c';

export const PASSWORD_LENGTH_MIN = 12;

let running = 0;
const waiting: (() => void)[] = [];

/** Each takes 64 MiB: a crowd at the door waits in line. */
async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  if (running >= AT_ONCE_MAX)
    await new Promise<void>((resolve) => {
      waiting.push(resolve);
    });
  running += 1;
  try {
    return await work();
  } finally {
    running -= 1;
    waiting.shift()?.();
  }
}

export interface PasswordsPort {
  hash(password: string): Promise<string>;
  /** @param stored undefined: there is no such account; it takes as long */
  verify(stored: string | undefined, password: string): Promise<boolean>;
}

export const argon2Passwords: PasswordsPort = {
  hash: (password) => inTurn(() => hash(password, COST)),
  verify: async (stored, password) => {
    const isRight = await inTurn(() => verify(stored ?? NOBODY, password));
    return stored !== undefined && isRight;
  },
};
