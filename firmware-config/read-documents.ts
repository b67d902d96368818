/**
 * Reads the two documents that every process of a node is started with. What was checked when it was rendered is not
 * checked again: the checking library costs half a second of a core at every start, and a process of the call path
 * that crashed is missed for as long.
 */
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { configErrors } from './errors.js';
import { getNode, type Site } from './site-nodes.js';
import { deepFreeze } from './problems.js';
import { openSealed } from './sealed-document.js';
import type { NodeDocument } from './schema/node.js';
import type { SiteNode } from './schema/site.js';

export interface Documents {
  readonly site: Site;
  readonly node: NodeDocument;
  /** This node as the site document has it. */
  readonly own: SiteNode;
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function parseArguments(args: readonly string[]): { readonly site: string; readonly node: string } {
  let values: { readonly site?: string | undefined; readonly node?: string | undefined };
  try {
    const options = { site: { type: 'string' }, node: { type: 'string' } } as const;
    ({ values } = parseArgs({ args: [...args], options }));
  } catch (error) {
    throw configErrors.CONFIG_BAD_ARGUMENT({ problem: reason(error) });
  }
  const { site, node } = values;
  if (site === undefined) throw configErrors.CONFIG_BAD_ARGUMENT({ problem: 'there is no --site' });
  if (node === undefined) throw configErrors.CONFIG_BAD_ARGUMENT({ problem: 'there is no --node' });
  return { site, node };
}

async function readDocument(document: 'site' | 'node', path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as unknown;
  } catch (error) {
    throw configErrors.CONFIG_UNREADABLE({ document, path, problem: reason(error) }, error);
  }
}

async function readSite(path: string): Promise<Site> {
  const input = await readDocument('site', path);
  const sealed = openSealed('site', input);
  if (sealed.isSealed) return deepFreeze(sealed.document as Site);
  const { parseSite } = await import('./parse-site.js');
  return parseSite(sealed.document);
}

async function readNode(path: string): Promise<NodeDocument> {
  const input = await readDocument('node', path);
  const sealed = openSealed('node', input);
  if (sealed.isSealed) return deepFreeze(sealed.document as NodeDocument);
  const { parseNode } = await import('./parse-node.js');
  return parseNode(sealed.document);
}

/**
 * @param args what follows the program's name: `--site FILE --node FILE`
 * @throws CONFIG_BAD_ARGUMENT, CONFIG_UNREADABLE, CONFIG_INVALID
 */
export async function readDocuments(args: readonly string[]): Promise<Documents> {
  const paths = parseArguments(args);
  const [site, node] = [await readSite(paths.site), await readNode(paths.node)];
  return { site, node, own: getNode(site, node.nodeId) };
}
