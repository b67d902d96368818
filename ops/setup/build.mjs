/**
 * The build: when it is due, and what of an earlier one must go. A file in dist whose source is gone would still be
 * imported, tested and started.
 */
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { SetupProblem } from './problem.mjs';

const OUTPUT = 'dist';
const STAMP = 'dist/.wardline-build';
/** With this record tsc writes only what has changed, and would not write again what somebody has deleted. */
const COMPILER_RECORD = 'dist/.tsbuildinfo';
/** Besides the sources, these decide about the result. */
const SETTINGS = ['tsconfig.json', 'package-lock.json'];

/** @typedef {import('./runner.mjs').Run} Run */
/** @typedef {{ readonly path: string, readonly size: number, readonly mtimeMs: number }} SourceFile */

/**
 * @param {readonly SourceFile[]} files
 * @returns {string} changes with any of them
 */
export function fingerprint(files) {
  const lines = files.map((file) => `${file.path} ${String(file.size)} ${String(file.mtimeMs)}`).sort();
  return createHash('sha256').update(lines.join('\n')).digest('hex');
}

/**
 * @param {string} source path of a source
 * @returns {string | undefined} the program that the compiler makes of it; none for declarations
 */
export function outputOf(source) {
  if (/\.d\.m?ts$/.test(source)) return undefined;
  const match = /^(.*)\.(m?)(?:ts|js)$/.exec(source);
  return match === null ? undefined : `${match[1] ?? ''}.${match[2] ?? ''}js`;
}

/**
 * @param {readonly string[]} outputs paths of programs and source maps in dist
 * @param {readonly string[]} sources
 * @returns {string[]} the outputs without a source
 */
export function orphans(outputs, sources) {
  const expected = new Set(sources.map(outputOf));
  return outputs.filter((path) => /\.m?js(\.map)?$/.test(path) && !expected.has(path.replace(/\.map$/, '')));
}

/**
 * @param {string} folder
 * @param {string} [prefix]
 * @returns {string[]} paths of all files below, relative to folder
 */
function listFiles(folder, prefix = '') {
  if (!fs.existsSync(join(folder, prefix))) return [];
  return fs.readdirSync(join(folder, prefix), { withFileTypes: true }).flatMap((entry) => {
    const path = prefix === '' ? entry.name : `${prefix}/${entry.name}`;
    return entry.isDirectory() ? listFiles(folder, path) : [path];
  });
}

/**
 * @param {string} folder
 * @returns {string[]} what tsconfig.json includes and does not exclude
 */
function listSources(folder) {
  /** @type {unknown} */
  const parsed = JSON.parse(fs.readFileSync(join(folder, 'tsconfig.json'), 'utf8'));
  const settings = /** @type {{ include: string[], exclude?: string[] }} */ (parsed);
  const excluded = (settings.exclude ?? []).map((area) => `${area}/`);
  return settings.include
    .flatMap((area) => listFiles(folder, area))
    .filter((path) => !excluded.some((area) => path.startsWith(area)))
    .filter((path) => /\.m?(ts|js)$/.test(path));
}

/**
 * @param {string} folder
 * @param {readonly string[]} paths
 * @returns {SourceFile[]}
 */
function statFiles(folder, paths) {
  return paths.map((path) => {
    const { size, mtimeMs } = fs.statSync(join(folder, path));
    return { path, size, mtimeMs };
  });
}

/**
 * @param {string} folder
 * @returns {{ isDue: boolean, sources: string[], stamp: string }}
 */
export function planBuild(folder) {
  const sources = listSources(folder);
  const stamp = fingerprint(statFiles(folder, [...sources, ...SETTINGS]));
  const stampPath = join(folder, STAMP);
  const isDue = !fs.existsSync(stampPath) || fs.readFileSync(stampPath, 'utf8') !== stamp;
  return { isDue, sources, stamp };
}

/**
 * Brings dist in order before the compiler runs.
 * @param {string} folder
 * @param {readonly string[]} sources
 */
export function tidyOutput(folder, sources) {
  const output = join(folder, OUTPUT);
  fs.rmSync(join(folder, STAMP), { force: true });
  const outputs = listFiles(output);
  for (const path of orphans(outputs, sources)) fs.rmSync(join(output, path));
  const present = new Set(outputs);
  const isIncomplete = sources.map(outputOf).some((path) => path !== undefined && !present.has(path));
  if (isIncomplete) fs.rmSync(join(folder, COMPILER_RECORD), { force: true });
}

/**
 * @param {object} options
 * @param {Run} options.run
 * @param {string} options.folder
 * @param {ReturnType<typeof planBuild>} options.plan
 * @param {string} options.logPath
 * @param {(text: string) => void} options.show
 * @returns {Promise<void>}
 * @throws {SetupProblem} when the sources do not compile; what the compiler said has been shown
 */
export async function runBuild({ run, folder, plan, logPath, show }) {
  tidyOutput(folder, plan.sources);
  const { code, output } = await run(process.execPath, ['node_modules/typescript/bin/tsc', '-p', '.'], {
    logPath,
  });
  if (code !== 0) {
    show(output);
    throw new SetupProblem(
      'The sources do not compile: correct what the compiler names above and start again.',
      1,
    );
  }
  fs.writeFileSync(join(folder, STAMP), plan.stamp);
}
