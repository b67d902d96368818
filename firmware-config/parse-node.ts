/** Reads a node document. Pure. */
import { checkAgainstSchema } from './check-schema.js';
import { deepFreeze, invalidDocument } from './problems.js';
import { NodeDocumentSchema, type NodeDocument } from './schema/node.js';

/** @returns the complete document, frozen. @throws CONFIG_INVALID with every problem, as parseSite does */
export function parseNode(input: unknown): NodeDocument {
  const { document, problems } = checkAgainstSchema(NodeDocumentSchema, input);
  if (problems.length > 0) throw invalidDocument('node', problems);
  return deepFreeze(document as NodeDocument);
}
