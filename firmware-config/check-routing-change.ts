/** A routing document that somebody proposes while the site runs, against what stays as it is. Pure, and slow to load. */
import { checkTelephony } from './check-telephony.js';
import { parseRouting } from './parse-routing.js';
import { invalidDocument } from './problems.js';
import { sealDocument } from './sealed-document.js';
import type { Telephony } from './schema/telephony.js';
import type { Site } from './site-nodes.js';

/**
 * @param input as a person wrote it
 * @returns text of the sealed document: the same for the same rules
 * @throws CONFIG_INVALID with every problem
 */
export function checkRoutingChange(input: unknown, telephony: Telephony, site: Site): string {
  const routing = parseRouting(input);
  const problems = checkTelephony(telephony, { routing, site });
  if (problems.length > 0) throw invalidDocument('routing', problems);
  return sealDocument('routing', routing);
}
