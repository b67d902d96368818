/** Compares a document with its schema; every difference comes with its path and its fix. */
import type { TSchema } from 'typebox';
import { Value } from 'typebox/value';
import type { Problem } from './problems.js';

interface SchemaError {
  readonly keyword: string;
  readonly schemaPath: string;
  readonly instancePath: string;
  readonly params: object;
  readonly message: string;
}

/** `/nodes/1/id` -> `nodes[1].id` */
function fieldPath(pointer: string): string {
  return pointer
    .split('/')
    .slice(1)
    .reduce(
      (path, part) => (/^\d+$/.test(part) ? `${path}[${part}]` : path === '' ? part : `${path}.${part}`),
      '',
    );
}

function at(root: unknown, parts: readonly string[]): unknown {
  return parts.reduce<unknown>(
    (value, part) =>
      typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[part] : undefined,
    root,
  );
}

/** A field's `description` in the schema is the fix that is shown. */
function fixFor(schema: TSchema, schemaPath: string): string {
  const description = at(schema, [...schemaPath.split('/').slice(1), 'description']);
  return typeof description === 'string'
    ? description
    : 'Correct it as the documentation of the document says.';
}

/** Number of single-character changes between two words (Levenshtein), for "did you mean". */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= to.length; j += 1) {
      const swap = (row[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(swap, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}

function unknownKey(schema: TSchema, schemaPath: string, key: string): string {
  const parent = at(schema, [...schemaPath.split('/').slice(1), 'properties']);
  const known = Object.keys(typeof parent === 'object' && parent !== null ? parent : {});
  const nearest = known.toSorted((a, b) => distance(key, a) - distance(key, b))[0];
  return nearest !== undefined && distance(key, nearest) <= 3
    ? `Did you mean "${nearest}"? Otherwise remove it.`
    : `Remove it; known keys are ${known.join(', ')}.`;
}

function listOf(params: object, name: string): string[] {
  const value = (params as Record<string, unknown>)[name];
  return Array.isArray(value) ? value.map(String) : [];
}

function toProblems(schema: TSchema, error: SchemaError): Problem[] {
  const here = (key: string): string => fieldPath(`${error.instancePath}/${key}`);
  switch (error.keyword) {
    case 'boolean':
      return []; // The same finding comes again as additionalProperties, with the key's name.
    case 'additionalProperties':
      return listOf(error.params, 'additionalProperties').map((key) => ({
        path: here(key),
        problem: 'unknown key',
        fix: unknownKey(schema, error.schemaPath, key),
      }));
    case 'required':
      return listOf(error.params, 'requiredProperties').map((key) => ({
        path: here(key),
        problem: 'is missing',
        fix: fixFor(schema, `${error.schemaPath}/properties/${key}`),
      }));
    default:
      return [
        {
          path: fieldPath(error.instancePath),
          problem: error.message,
          fix: fixFor(schema, error.schemaPath),
        },
      ];
  }
}

/** Fills in defaults and checks against the schema. @returns the document, complete only when there are no problems */
export function checkAgainstSchema(
  schema: TSchema,
  input: unknown,
): { document: unknown; problems: Problem[] } {
  const document: unknown = Value.Default(schema, structuredClone(input));
  const errors = Value.Check(schema, document) ? [] : ([...Value.Errors(schema, document)] as SchemaError[]);
  return { document, problems: errors.flatMap((error) => toProblems(schema, error)) };
}
