/** What all checks of the tidy test share. */
import type { ProjectFiles } from '../project-files.js';

/** @returns one sentence per thing that is not tidy */
export type TidyCheck = (files: ProjectFiles) => string[];

export const PRODUCT_FOLDERS = ['appliance', 'cluster', 'firmware-config', 'ops', 'web-admin'];

export function isProductCode(path: string): boolean {
  return PRODUCT_FOLDERS.includes(path.split('/')[0] ?? '') && /\.m?ts$/.test(path);
}

export function isCode(path: string): boolean {
  return /\.([cm]?[jt]s|sh)$/.test(path);
}

export function isMarkdown(path: string): boolean {
  return path.endsWith('.md');
}

/** Entries whose path `isWanted`, in order. */
export function select(
  files: ProjectFiles,
  isWanted: (path: string) => boolean,
): [path: string, text: string][] {
  return [...files].filter(([path]) => isWanted(path));
}

/** `path:line` of an offset in a text. */
export function placeOf(path: string, text: string, offset: number): string {
  return `${path}:${String(text.slice(0, offset).split('\n').length)}`;
}
