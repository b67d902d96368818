/** The project as its own quality tests see it: its root, and its files as text. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Path relative to the project -> text; a file that is not text has the empty text. */
export type ProjectFiles = ReadonlyMap<string, string>;

function findProjectRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) {
    const parent = dirname(folder);
    if (parent === folder) throw new Error('no package.json above the tests');
    folder = parent;
  }
  return folder;
}

/** The folder with package.json, from the sources and from the compiled tree alike. */
export const projectRoot = findProjectRoot();

/** Links to them, too. */
const SKIPPED = new Set(['node_modules', 'dist', 'artefacts', '.git']);
const TEXT_FILE = /([.]([cm]?[jt]sx?|json|md|sh|html|css|ya?ml)|(^|[/])[^.]+)$/;

function pathsBelow(folder: string, prefix: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (SKIPPED.has(entry.name)) return [];
    const path = `${prefix}${entry.name}`;
    return entry.isDirectory() ? pathsBelow(join(folder, entry.name), `${path}/`) : [path];
  });
}

/** All files of the project, without what is installed or built. */
export function readProjectFiles(root: string = projectRoot): ProjectFiles {
  return new Map(
    pathsBelow(root, '')
      .sort()
      .map((path) => [path, TEXT_FILE.test(path) ? readFileSync(join(root, path), 'utf8') : '']),
  );
}
