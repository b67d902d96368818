/** What SQLite says of a statement -> the error that says what to do. Pure. */
import { clusterErrors } from '../errors.js';

/** The store is new, or as an older release has left it: whoever writes first makes what is missing (migrations.ts). */
const TABLES = /no such table|no such column|has no column named/i;

/** @param statement SQL, as long as is good for a log @returns STORE_NO_TABLES or STORE_REFUSED */
export function refusalOf(statement: string, problem: string): Error {
  const make = TABLES.test(problem) ? clusterErrors.STORE_NO_TABLES : clusterErrors.STORE_REFUSED;
  return make({ statement, problem });
}
