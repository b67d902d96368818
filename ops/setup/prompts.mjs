/** The prompts: spoken by espeak-ng when they are not there, or when their texts have changed since. */
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { SetupProblem } from './problem.mjs';

const OUTPUT = 'artefacts/prompts';
const PROGRAM = 'dist/ops/prompts/make-prompts-main.js';
const STAMP = `${OUTPUT}/.made`;
/** What decides about the result. */
const SOURCES = [
  'ops/prompts/prompt-catalogue.ts',
  'ops/prompts/melody.ts',
  'ops/prompts/make-prompts-main.ts',
];

/** @typedef {import('./runner.mjs').Run} Run */

/**
 * @param {object} setup
 * @param {Run} setup.run
 * @param {string} setup.folder
 * @param {string} setup.logPath
 * @returns {Promise<boolean>} whether there was anything to make
 */
export async function makePrompts({ run, folder, logPath }) {
  const hash = createHash('sha256');
  for (const path of SOURCES) hash.update(fs.readFileSync(join(folder, path)));
  const stamp = hash.digest('hex');
  const stampPath = join(folder, STAMP);
  if (fs.existsSync(stampPath) && fs.readFileSync(stampPath, 'utf8') === stamp) return false;
  fs.rmSync(join(folder, OUTPUT), { recursive: true, force: true });
  const { code } = await run(process.execPath, [PROGRAM, join(folder, OUTPUT)], { logPath });
  if (code !== 0)
    throw new SetupProblem(
      `The prompts could not be made: put right what the end of its log says and start again (log: ${logPath}).`,
    );
  fs.writeFileSync(stampPath, stamp);
  return true;
}
