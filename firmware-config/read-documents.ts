/**
 * Reads the documents that a process of a node is started with. What was checked when it was rendered is not checked
 * again: the checking library costs half a second of a core at every start, and a process of the call path that
 * crashed is missed for as long.
 */
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { checkTelephony, type TelephonyContext } from './check-telephony.js';
import { configErrors } from './errors.js';
import { getNode, type Site } from './site-nodes.js';
import { deepFreeze, invalidDocument, type DocumentKind } from './problems.js';
import { openSealed } from './sealed-document.js';
import type { NodeDocument } from './schema/node.js';
import type { Routing } from './schema/routing.js';
import type { SiteNode } from './schema/site.js';
import type { Telephony } from './schema/telephony.js';

export interface Documents {
  readonly site: Site;
  readonly node: NodeDocument;
  /** This node as the site document has it. */
  readonly own: SiteNode;
}

/** What call control is started with. */
export interface ApplianceDocuments extends Documents {
  readonly telephony: Telephony;
  readonly routing: Routing;
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** @returns the path of each document, by its name */
function parseArguments<Kind extends DocumentKind>(
  args: readonly string[],
  kinds: readonly Kind[],
): Readonly<Record<Kind, string>> {
  let values: Readonly<Record<string, unknown>>;
  try {
    const options = Object.fromEntries(kinds.map((kind) => [kind, { type: 'string' } as const]));
    ({ values } = parseArgs({ args: [...args], options }));
  } catch (error) {
    throw configErrors.CONFIG_BAD_ARGUMENT({ problem: reason(error) });
  }
  for (const kind of kinds)
    if (values[kind] === undefined)
      throw configErrors.CONFIG_BAD_ARGUMENT({ problem: `there is no --${kind}` });
  return values as Readonly<Record<Kind, string>>;
}

async function readJson(kind: DocumentKind, path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as unknown;
  } catch (error) {
    throw configErrors.CONFIG_UNREADABLE({ document: kind, path, problem: reason(error) }, error);
  }
}

/** @param loadParser loaded only for a document whose seal is missing or broken */
async function readDocument<T>(
  kind: DocumentKind,
  path: string,
  loadParser: () => Promise<(input: unknown) => T>,
): Promise<T> {
  const sealed = openSealed(kind, await readJson(kind, path));
  if (sealed.isSealed) return deepFreeze(sealed.document as T);
  const parse = await loadParser();
  return parse(sealed.document);
}

async function readSiteAndNode(paths: Readonly<Record<'site' | 'node', string>>): Promise<Documents> {
  const site = await readDocument(
    'site',
    paths.site,
    async () => (await import('./parse-site.js')).parseSite,
  );
  const node = await readDocument(
    'node',
    paths.node,
    async () => (await import('./parse-node.js')).parseNode,
  );
  return { site, node, own: getNode(site, node.nodeId) };
}

/**
 * @param args what follows the program's name: `--site FILE --node FILE`
 * @throws CONFIG_BAD_ARGUMENT, CONFIG_UNREADABLE, CONFIG_INVALID
 */
export async function readDocuments(args: readonly string[]): Promise<Documents> {
  return readSiteAndNode(parseArguments(args, ['site', 'node']));
}

/** The seal says that it was checked, but not with which routing and site. */
function checkFit(telephony: Telephony, context: TelephonyContext): void {
  const problems = checkTelephony(telephony, context);
  if (problems.length > 0) throw invalidDocument('telephony', problems);
}

export interface CallDocumentPaths {
  readonly telephony: string;
  readonly routing: string;
}

/** @throws CONFIG_UNREADABLE, CONFIG_INVALID */
export async function readCallDocuments(
  paths: CallDocumentPaths,
  site: Site,
): Promise<Pick<ApplianceDocuments, 'telephony' | 'routing'>> {
  const routing = await readDocument(
    'routing',
    paths.routing,
    async () => (await import('./parse-routing.js')).parseRouting,
  );
  const context = { routing, site };
  const telephony = await readDocument('telephony', paths.telephony, async () => {
    const { parseTelephony } = await import('./parse-telephony.js');
    return (input) => parseTelephony(input, context);
  });
  checkFit(telephony, context);
  return { telephony, routing };
}

/**
 * @param args `--site FILE --node FILE --telephony FILE --routing FILE`
 * @throws as readDocuments
 */
export async function readApplianceDocuments(args: readonly string[]): Promise<ApplianceDocuments> {
  const paths = parseArguments(args, ['site', 'node', 'telephony', 'routing']);
  const documents = await readSiteAndNode(paths);
  return { ...documents, ...(await readCallDocuments(paths, documents.site)) };
}
