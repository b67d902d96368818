/**
 * Checks whether this machine is fit to be a node, and writes what the node needs.
 *
 *     node dist/firmware-config/check/check-main.js SITE.json NODE.json \
 *       [--telephony FILE --routing FILE] [--render DIR]
 *
 * Prints "ok" and ends with 0, or one problem per line with its fix and ends with 1; 2 for wrong arguments. With
 * --render every rendered file is written below DIR, also when there are problems: the documents are in order then. A
 * node that takes calls is rendered from four documents, a witness from two.
 */
import { stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { RealClock } from '../../cluster/base/clock.js';
import { describeErrorChain, isOperatingError } from '../../cluster/base/errors.js';
import { describeProblem } from '../problems.js';
import { readCallDocuments, readDocuments, type CallDocumentPaths } from '../read-documents.js';
import { renderNode } from '../render/render-node.js';
import { renderSystem } from '../render/render-system.js';
import { writeRendered } from '../render/write-rendered.js';
import { decideWorldProblems } from './decide-world-problems.js';
import { readWorldFacts } from './read-world-facts.js';

const USAGE =
  'usage: check-main.js SITE.json NODE.json [--telephony FILE --routing FILE] [--render DIR]\n' +
  'A full node is rendered from all four documents.\n';

interface CheckArguments {
  readonly site: string;
  readonly node: string;
  readonly calls?: CallDocumentPaths;
  readonly renderFolder?: string;
}

/** @returns undefined for arguments that are not understood */
function findArguments(args: readonly string[]): CheckArguments | undefined {
  try {
    const text = { type: 'string' } as const;
    const options = { render: text, telephony: text, routing: text };
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
    const [site, node, ...rest] = positionals;
    const { render, telephony, routing } = values;
    if (site === undefined || node === undefined || rest.length > 0) return undefined;
    const folder = render === undefined ? {} : { renderFolder: render };
    if (telephony === undefined && routing === undefined) return { site, node, ...folder };
    if (telephony === undefined || routing === undefined) return undefined;
    return { site, node, calls: { telephony, routing }, ...folder };
  } catch {
    return undefined;
  }
}

async function main(): Promise<number> {
  const args = findArguments(process.argv.slice(2));
  if (args === undefined) {
    process.stderr.write(USAGE);
    return 2;
  }
  const { site, node, own } = await readDocuments(['--site', args.site, '--node', args.node]);
  const calls = args.calls === undefined ? undefined : await readCallDocuments(args.calls, site);
  if (args.renderFolder !== undefined) {
    if (own.role === 'full' && calls === undefined) {
      process.stderr.write(USAGE);
      return 2;
    }
    await writeRendered([...renderNode(site, node, calls), ...renderSystem(site, node)], args.renderFolder);
  }
  const { mtimeMs: builtAtMs } = await stat(fileURLToPath(import.meta.url));
  const facts = await readWorldFacts({ site, node, wallMs: new RealClock().wallMs(), builtAtMs });
  const problems = decideWorldProblems(facts, site, node);
  process.stdout.write(`${problems.map(describeProblem).join('\n') || 'ok'}\n`);
  return problems.length === 0 ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  const action = isOperatingError(error) ? `\n${error.action}` : '';
  process.stderr.write(`${describeErrorChain(error)}${action}\n`);
  process.exitCode = 1;
}
