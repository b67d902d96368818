/** Every file is imported by another one or is a place where something begins. */
import { posix } from 'node:path';
import ts from 'typescript';
import type { ProjectFiles } from '../project-files.js';
import { select } from './tidy-check.js';

const BEGINNINGS = [
  /\.test\.ts$/,
  /\.(bench|soak)\.ts$/,
  /(^|[/-])main\.m?tsx?$/,
  /\.d\.m?ts$/,
  /^test\/support\/run\.ts$/,
  // Configuration that tools read by its name.
  /^[^/]+\.[cm]?js$/,
];

function candidatesOf(importer: string, specifier: string): string[] {
  const path = posix.join(posix.dirname(importer), specifier);
  return [path, path.replace(/\.js$/, '.ts'), path.replace(/\.mjs$/, '.mts')];
}

/** The compiler's quick look at imports does not know markup. */
const IMPORT_IN_MARKUP = /(?:from|import)\s*\(?\s*'(\.[^']+)'/g;

function specifiersOf(path: string, text: string): string[] {
  if (path.endsWith('.tsx'))
    return [...text.matchAll(IMPORT_IN_MARKUP)].map(([, specifier = '']) => specifier);
  return ts.preProcessFile(text, true, true).importedFiles.map(({ fileName }) => fileName);
}

function importsOf([path, text]: [string, string]): string[] {
  return specifiersOf(path, text)
    .filter((specifier) => specifier.startsWith('.'))
    .flatMap((specifier) => candidatesOf(path, specifier));
}

/** Files that package.json, a script or a unit of the continuous integration names by their path. */
function namedInScripts(files: ProjectFiles, path: string): boolean {
  const compiled = path.replace(/\.ts$/, '.js');
  const scripts = select(files, (other) => other === 'package.json' || other.startsWith('.ci/'));
  return scripts.some(([, text]) => text.includes(path) || text.includes(compiled));
}

export function findUnusedFiles(files: ProjectFiles): string[] {
  const code = select(files, (path) => /\.[cm]?[jt]sx?$/.test(path));
  const imported = new Set(code.flatMap(importsOf));
  return code
    .map(([path]) => path)
    .filter((path) => !imported.has(path) && !BEGINNINGS.some((pattern) => pattern.test(path)))
    .filter((path) => !namedInScripts(files, path))
    .map((path) => `${path} is imported by nothing and is no test, main or script`);
}
