/** Reads a telephony document: defaults, schema, then everything that no schema can say. Pure. */
import { checkAgainstSchema } from './check-schema.js';
import { checkTelephony, type TelephonyContext } from './check-telephony.js';
import { deepFreeze, invalidDocument } from './problems.js';
import { TelephonyDocumentSchema, type Telephony } from './schema/telephony.js';

/**
 * @param context the routing and the site that it is used with
 * @returns the complete document, frozen
 * @throws CONFIG_INVALID with every problem: path, what is wrong, what to write instead
 */
export function parseTelephony(input: unknown, context: TelephonyContext): Telephony {
  const { document, problems } = checkAgainstSchema(TelephonyDocumentSchema, input);
  if (problems.length > 0) throw invalidDocument('telephony', problems);
  const telephony = document as Telephony;
  const found = checkTelephony(telephony, context);
  if (found.length > 0) throw invalidDocument('telephony', found);
  return deepFreeze(telephony);
}
