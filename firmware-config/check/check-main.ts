/**
 * Checks whether this machine is fit to be a node, and writes what the node needs.
 *
 *     node dist/firmware-config/check/check-main.js SITE.json NODE.json [--render DIR]
 *
 * Prints "ok" and ends with 0, or one problem per line with its fix and ends with 1; 2 for wrong arguments. With
 * --render every rendered file is written below DIR, also when there are problems: the documents are in order then.
 */
import { mkdir, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { RealClock } from '../../cluster/base/clock.js';
import { describeErrorChain, isOperatingError } from '../../cluster/base/errors.js';
import { describeProblem } from '../problems.js';
import { readDocuments, type Documents } from '../read-documents.js';
import { renderNode } from '../render/render-node.js';
import { renderSystem } from '../render/render-system.js';
import { decideWorldProblems } from './decide-world-problems.js';
import { readWorldFacts } from './read-world-facts.js';

interface CheckArguments {
  readonly site: string;
  readonly node: string;
  readonly renderFolder?: string;
}

/** @returns undefined for arguments that are not understood */
function findArguments(args: readonly string[]): CheckArguments | undefined {
  try {
    const options = { render: { type: 'string' } } as const;
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
    const [site, node, ...rest] = positionals;
    if (site === undefined || node === undefined || rest.length > 0) return undefined;
    return { site, node, ...(values.render === undefined ? {} : { renderFolder: values.render }) };
  } catch {
    return undefined;
  }
}

async function writeRendered({ site, node }: Documents, folder: string): Promise<void> {
  for (const { path, content } of [...renderNode(site, node), ...renderSystem(site, node)]) {
    const target = join(folder, path);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, content);
  }
}

async function main(): Promise<number> {
  const args = findArguments(process.argv.slice(2));
  if (args === undefined) {
    process.stderr.write('usage: check-main.js SITE.json NODE.json [--render DIR]\n');
    return 2;
  }
  const documents = await readDocuments(['--site', args.site, '--node', args.node]);
  if (args.renderFolder !== undefined) await writeRendered(documents, args.renderFolder);
  const { site, node } = documents;
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
