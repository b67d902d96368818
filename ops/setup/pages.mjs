/** The pages of the panel: made by Vite when they are not there, or when their sources have changed since. */
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { SetupProblem } from './problem.mjs';

const OUTPUT = 'artefacts/panel';
const STAMP = `${OUTPUT}/.made`;
/** What decides about the result: the pages import types from everywhere, and programs from these alone. */
const FOLDERS = ['web-admin/pages', 'web-admin/api', 'web-admin/identity', 'web-admin/live'];
const FILES = ['package-lock.json', 'vite.config.mjs'];

/** @typedef {import('./runner.mjs').Run} Run */

/**
 * @param {string} folder
 * @returns {string[]} paths of all files below
 */
function filesBelow(folder) {
  return fs.readdirSync(folder, { withFileTypes: true, recursive: true }).flatMap((entry) => {
    return entry.isFile() ? [join(entry.parentPath, entry.name)] : [];
  });
}

/**
 * @param {string} folder of the repository
 * @returns {string} changes with any source
 */
export function pagesFingerprint(folder) {
  const paths = [
    ...FOLDERS.flatMap((one) => filesBelow(join(folder, one))),
    ...FILES.map((one) => join(folder, one)),
  ];
  const hash = createHash('sha256');
  for (const path of paths.sort()) {
    const content = fs.readFileSync(path);
    hash.update(`${path.slice(folder.length)} ${String(content.length)}\n`).update(content);
  }
  return hash.digest('hex');
}

/**
 * @param {object} setup
 * @param {Run} setup.run
 * @param {string} setup.folder
 * @param {string} setup.logPath
 * @returns {Promise<boolean>} whether there was anything to make
 * @throws {SetupProblem}
 */
export async function makePages({ run, folder, logPath }) {
  const stamp = pagesFingerprint(folder);
  const stampPath = join(folder, STAMP);
  if (fs.existsSync(stampPath) && fs.readFileSync(stampPath, 'utf8') === stamp) return false;
  const words = ['node_modules/vite/bin/vite.js', 'build', '--config', 'vite.config.mjs'];
  const { code } = await run(process.execPath, words, { logPath });
  if (code !== 0)
    throw new SetupProblem(
      `The pages of the panel could not be made: correct what the end of its log names and start again (log: ${logPath}).`,
    );
  fs.writeFileSync(stampPath, stamp);
  return true;
}
