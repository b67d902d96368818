/**
 * A document that was checked carries a seal: the digest of its content under the release of the schemas. Who reads
 * an unchanged one need not check it again; one that a person has edited is checked. It guards against mistakes, not
 * against people: whoever may write the file may also seal it. Pure.
 *
 *     { "seal": "<sha256 in hex>", "document": { ... } }
 */
import { createHash } from 'node:crypto';
import type { DocumentKind } from './problems.js';

/** Raised whenever a schema changes (a test compares), so that a document of another release is checked again. */
export const SCHEMA_RELEASE = 6;

function digest(kind: DocumentKind, document: unknown): string {
  const text = `${kind} ${String(SCHEMA_RELEASE)} ${JSON.stringify(document)}`;
  return createHash('sha256').update(text).digest('hex');
}

/** @param document complete and checked, as parseSite and its like return it. @returns the text of the file */
export function sealDocument(kind: DocumentKind, document: object): string {
  return `${JSON.stringify({ seal: digest(kind, document), document }, undefined, 2)}\n`;
}

export interface OpenedDocument {
  /** Without its seal, if there was one. */
  readonly document: unknown;
  /** True: it was checked under this release and nobody has changed it. */
  readonly isSealed: boolean;
}

/** @param input the parsed JSON of a file, with or without a seal */
export function openSealed(kind: DocumentKind, input: unknown): OpenedDocument {
  if (typeof input !== 'object' || input === null || !('seal' in input) || !('document' in input)) {
    return { document: input, isSealed: false };
  }
  return { document: input.document, isSealed: input.seal === digest(kind, input.document) };
}
