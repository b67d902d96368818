/** The documents say what is there: decisions in order, links that lead somewhere, commands that exist. */
import { posix } from 'node:path';
import type { ProjectFiles } from '../project-files.js';
import { isCode, isMarkdown, isProductCode, placeOf, select } from './tidy-check.js';

const ADR_HEADINGS = ['Context', 'Decision', 'Consequences'];

function missingHeadings([path, text]: [string, string]): string[] {
  return ADR_HEADINGS.filter((heading) => !new RegExp(`^#+ ${heading}\\s*$`, 'm').test(text)).map(
    (heading) => `${path} has no heading "${heading}"`,
  );
}

/** docs/adr/NNNN-title.md, numbered from 0001 without gaps, each with the three headings. */
export function findDecisionProblems(files: ProjectFiles): string[] {
  const records = select(files, (path) => /^docs\/adr\/(?!README)[^/]+$/.test(path));
  const misnamed = records.filter(([path]) => !/^docs\/adr\/\d{4}-[a-z0-9-]+\.md$/.test(path));
  const numbered = records.filter((record) => !misnamed.includes(record));
  const outOfOrder = numbered.filter(([path], index) => Number(path.slice(9, 13)) !== index + 1);
  return [
    ...misnamed.map(([path]) => `${path} is not named NNNN-some-title.md`),
    ...outOfOrder.slice(0, 1).map(([path]) => `${path} leaves a gap or repeats a number`),
    ...numbered.flatMap(missingHeadings),
  ];
}

function linkTarget(path: string, link: string): string {
  const target = decodeURI(link.split('#')[0] ?? '');
  return target.startsWith('/') ? target.slice(1) : posix.join(posix.dirname(path), target);
}

function exists(files: ProjectFiles, target: string): boolean {
  const folder = target.endsWith('/') ? target : `${target}/`;
  return files.has(target) || target === '.' || [...files.keys()].some((path) => path.startsWith(folder));
}

/** What a reader sees as an example, not as a link. */
function withoutCode(text: string): string {
  return text.replaceAll(/^```[^]*?^```|`[^`\n]*`/gm, (code) => code.replaceAll(/[^\n]/g, ' '));
}

/** Relative links in markdown lead to a file or folder. */
export function findDeadLinks(files: ProjectFiles): string[] {
  return select(files, isMarkdown).flatMap(([path, text]) =>
    [...withoutCode(text).matchAll(/\]\(<?([^)\s>]+)>?[^)]*\)|^\[[^\]]+\]:\s+(\S+)/gm)]
      .map((match) => ({ link: match[1] ?? match[2] ?? '', place: placeOf(path, text, match.index) }))
      .filter(({ link }) => !/^([a-z][a-z+.-]*:|#)/i.test(link))
      .filter(({ link }) => !exists(files, linkTarget(path, link)))
      .map(({ link, place }) => `${place}: the link ${link} leads nowhere`),
  );
}

function scriptsOf(files: ProjectFiles): string[] {
  const manifest = JSON.parse(files.get('package.json') ?? '{}') as { scripts?: Record<string, string> };
  return Object.keys(manifest.scripts ?? {});
}

/** `npm run X`, `npm test` and `npm start` in documents and in what the product prints exist. */
export function findUnknownCommands(files: ProjectFiles): string[] {
  const scripts = scriptsOf(files);
  return select(files, (path) => isMarkdown(path) || isProductCode(path)).flatMap(([path, text]) =>
    [...text.matchAll(/\bnpm (?:(test|start)\b|run(?:-script)?(?: -\S+)* ([a-z][\w:-]*))/g)]
      .map((match) => ({ script: match[1] ?? match[2] ?? '', place: placeOf(path, text, match.index) }))
      .filter(({ script }) => !scripts.includes(script))
      .map(({ script, place }) => `${place}: package.json has no script "${script}"`),
  );
}

/** Work that is only noted needs a place where it is decided or tracked. */
export function findUntrackedNotes(files: ProjectFiles): string[] {
  return select(files, isCode).flatMap(([path, text]) =>
    [...text.matchAll(/\b(?:TO[D]O|FIX[M]E)\b.*/g)]
      .filter((match) => !/ADR-\d+|#\d+/.test(match[0]))
      .map(
        (match) => `${placeOf(path, text, match.index)}: "${match[0].slice(0, 60)}" names no ADR or issue`,
      ),
  );
}

/** A path that exists on one developer's machine only. */
export function findMachinePaths(files: ProjectFiles): string[] {
  return select(files, (path) => path !== 'package-lock.json').flatMap(([path, text]) =>
    [...text.matchAll(/(?<![\w.$}~-])\/(?:work|home|root|Users)\/[\w.-]+|\b[A-Z]:\\\\?\w/g)].map(
      (match) => `${placeOf(path, text, match.index)}: ${match[0]} is a path of one machine`,
    ),
  );
}
